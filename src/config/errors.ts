/** One thing that is wrong with the configuration: where it stands, and what was expected there. */
export interface ConfigProblem {
  /** `webhooks.timeout (environment HATCH_WEBHOOKS_TIMEOUT)` */
  readonly where: string;
  /** A sentence. It never repeats a value: a variable may point to the wrong secret. */
  readonly message: string;
}

/** The configuration is not usable; nothing was started. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: readonly ConfigProblem[];
  readonly hint: string | undefined;

  constructor(problems: readonly ConfigProblem[], hint?: string) {
    super(problems.map(({ where, message }) => `${where}: ${message}`).join("\n"));
    this.problems = problems;
    this.hint = hint;
  }
}
