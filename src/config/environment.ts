/** The environment's variables; handed on as a value, so that tests bring their own. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The only reading of the process's environment in the product. */
export const systemEnvironment = (): Environment => ({ ...process.env });

/** The build fixes this name's value in our code; libraries read it when they run. Both have to say the same. */
export function setProductionMode(): void {
  const environment = process.env;
  const name = "NODE_ENV";
  if (environment[name] !== "test") environment[name] = "production";
}
