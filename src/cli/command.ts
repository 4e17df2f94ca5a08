import { type ParseArgsConfig, parseArgs } from "node:util";
import type { Environment } from "../config/environment.ts";
import { type ConfigSources, type LoadedConfig, loadConfig } from "../config/load-config.ts";
import { SETTING_LIST } from "../config/settings.ts";
import { type ExitCode, UsageError } from "./exit.ts";
import type { Terminal } from "./terminal.ts";

export interface Option {
  /** What stands for the value in the help, e.g. `DIR`; absent for a switch. */
  readonly value?: string;
  readonly multiple?: true;
  readonly description: string;
  /** The setting that it sets. */
  readonly setting?: string;
}
export type Options = Readonly<Record<string, Option>>;

/** One command; one file. */
export interface Command {
  /** `keys create` */
  readonly name: string;
  readonly summary: string;
  readonly options: Options;
  /** The option that may also stand without its name: `keys revoke key_…`. */
  readonly positional?: string;
  /** A whole line that works, shown in the help and after every usage error. */
  readonly example: string;
  readonly run: (invocation: Invocation) => Promise<ExitCode>;
}

const COMMON: Options = {
  data: { value: "DIR", description: "The data folder (HATCH_DATA, else ./hatch-data)." },
  config: {
    value: "FILE",
    description: "The configuration (HATCH_CONFIG, else hatch.config.ts or .json in the data folder).",
  },
  database: {
    value: "URL",
    description: "A Postgres database (HATCH_DATABASE_URL, HATCH_DATABASE_URL_FILE), else the file in the data folder.",
    setting: "database.url",
  },
  "no-config-code": { description: "Refuses a configuration that is code (.ts)." },
  set: { value: "NAME=VALUE", multiple: true, description: "Any setting, e.g. --set log.level=warn; may be repeated." },
  json: { description: "Prints the result as JSON." },
  help: { description: "Shows this." },
};

export interface Surroundings {
  readonly terminal: Terminal;
  readonly environment: Environment;
  readonly workingDirectory: string;
}

type Values = Readonly<Record<string, string | boolean | readonly (string | boolean)[] | undefined>>;

/** What a command was called with. */
export class Invocation {
  readonly terminal: Terminal;
  readonly environment: Environment;
  readonly workingDirectory: string;
  readonly #options: Options;
  readonly #values: Values;

  constructor(surroundings: Surroundings, options: Options, values: Values) {
    this.terminal = surroundings.terminal;
    this.environment = surroundings.environment;
    this.workingDirectory = surroundings.workingDirectory;
    this.#options = options;
    this.#values = values;
  }

  get json(): boolean {
    return this.yes("json");
  }

  yes(name: string): boolean {
    return this.#values[name] === true;
  }

  text(name: string): string | undefined {
    const value = this.#values[name];
    return typeof value === "string" ? value : undefined;
  }

  required(name: string): string {
    const value = this.text(name);
    if (!value) throw new UsageError(`--${name} is missing.`);
    return value;
  }

  /** Of an option that may be repeated, and each of whose values may hold several, parted by commas. */
  list(name: string): readonly string[] {
    const value = this.#values[name];
    const texts = Array.isArray(value) ? value.filter((text) => typeof text === "string") : [];
    return texts.flatMap((text) => text.split(",")).map((text) => text.trim());
  }

  get sources(): ConfigSources {
    const settings: Record<string, { flag: string; text: string }> = {};
    for (const pair of this.#pairs()) {
      const split = pair.indexOf("=");
      const path = pair.slice(0, split);
      if (split < 0) throw new UsageError(`--set ${pair}: expected NAME=VALUE.`);
      if (!SETTING_LIST.some((setting) => setting.path === path)) {
        throw new UsageError(`--set ${path}: there is no such setting, see \`hatch config explain\`.`);
      }
      settings[path] = { flag: `--set ${path}`, text: pair.slice(split + 1) };
    }
    for (const [name, { setting }] of Object.entries(this.#options)) {
      const text = this.text(name);
      if (setting !== undefined && text !== undefined) settings[setting] = { flag: `--${name}`, text };
    }
    return {
      flags: {
        data: this.text("data"),
        config: this.text("config"),
        allowCode: !this.yes("no-config-code"),
        settings,
      },
      environment: this.environment,
      workingDirectory: this.workingDirectory,
    };
  }

  /** @param defaults what holds where neither a flag nor the environment says otherwise */
  loadConfig(defaults: { readonly dataDirectory?: string } = {}): Promise<LoadedConfig> {
    return loadConfig({ ...this.sources, ...defaults });
  }

  #pairs(): readonly string[] {
    const value = this.#values.set;
    return Array.isArray(value) ? value.filter((text) => typeof text === "string") : [];
  }
}

function parseStrictly(args: readonly string[], options: NonNullable<ParseArgsConfig["options"]>) {
  try {
    const { values, positionals } = parseArgs({ args: [...args], options, strict: true, allowPositionals: true });
    return { values: { ...values } as Record<string, Values[string]>, positionals };
  } catch (cause) {
    const [sentence] = (cause instanceof Error ? cause.message : String(cause)).split(". ");
    throw new UsageError(`${sentence?.replace(/\.$/, "")}.`);
  }
}

/** @throws UsageError for anything that the command does not know */
export function parseInvocation(command: Command, args: readonly string[], surroundings: Surroundings): Invocation {
  const options = { ...COMMON, ...command.options };
  const shapes = Object.entries(options).map(([name, option]) => [
    name,
    { type: option.value === undefined ? "boolean" : "string", multiple: option.multiple === true },
  ]);
  const { values, positionals } = parseStrictly(args, Object.fromEntries(shapes));
  const [word, extra] = positionals;
  if (word !== undefined && (command.positional === undefined || values[command.positional] !== undefined)) {
    throw new UsageError(`${JSON.stringify(word)} was not expected.`);
  }
  if (extra !== undefined) throw new UsageError(`${JSON.stringify(extra)} was not expected.`);
  if (word !== undefined && command.positional !== undefined) values[command.positional] = word;
  for (const [name, value] of Object.entries(values)) {
    if (value === "") throw new UsageError(`--${name} is empty.`);
  }
  return new Invocation(surroundings, options, values);
}

const line = (name: string, { value, description }: Option): string =>
  `  ${`--${name}${value === undefined ? "" : ` ${value}`}`.padEnd(26)} ${description}`;

export function helpOf(command: Command): string {
  const block = (options: Options): string =>
    Object.entries(options)
      .map(([name, option]) => line(name, option))
      .join("\n");
  const own = Object.keys(command.options).length === 0 ? "" : `\n${block(command.options)}\n`;
  const word = command.positional === undefined ? undefined : command.options[command.positional]?.value;
  const usage = `hatch ${command.name}${word === undefined ? "" : ` [${word}]`} [options]`;
  return `${command.summary}\n\nUsage: ${usage}\n${own}\n${block(COMMON)}\n\nExample:\n  ${command.example}`;
}
