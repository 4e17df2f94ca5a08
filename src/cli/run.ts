import { setProductionMode, systemEnvironment } from "../config/environment.ts";
import { maskCredentials } from "../kernel/log.ts";
import { type Command, helpOf, parseInvocation, type Surroundings } from "./command.ts";
import { EXIT, type ExitCode, failureOf, UsageError } from "./exit.ts";
import { systemTerminal } from "./terminal.ts";

interface Listed {
  readonly summary: string;
  readonly load: () => Promise<{ readonly command: Command }>;
}

/** A command's file is loaded when it is called: what `version` prints needs no server. */
const COMMANDS: Readonly<Record<string, Listed>> = {
  serve: { summary: "Starts the server.", load: () => import("./serve.ts") },
  setup: { summary: "Makes the first account, a workspace and its keys.", load: () => import("./setup.ts") },
  "keys create": { summary: "Makes a secret API key and shows it once.", load: () => import("./keys-create.ts") },
  "keys list": { summary: "Lists API keys, without their secrets.", load: () => import("./keys-list.ts") },
  "keys rotate": {
    summary: "Gives a key a new secret; the old one works a while longer.",
    load: () => import("./keys-rotate.ts"),
  },
  "keys revoke": { summary: "Ends a key at once.", load: () => import("./keys-revoke.ts") },
  "config check": { summary: "Checks the configuration and starts nothing.", load: () => import("./config-check.ts") },
  "config explain": {
    summary: "Shows every setting and where its value came from.",
    load: () => import("./config-explain.ts"),
  },
  "migrate-to": {
    summary: "Moves a stopped installation from its file to an empty Postgres database.",
    load: () => import("./migrate-to.ts"),
  },
  doctor: { summary: "Examines an installation, running or not.", load: () => import("./doctor.ts") },
  version: { summary: "Shows the version and what it was built from.", load: () => import("./version.ts") },
};

const overview = (): string =>
  [
    "Usage: hatch <command> [options]",
    "",
    ...Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(16)} ${summary}`),
    "",
    "`hatch <command> --help` shows a command's options.",
    "",
    "Example:",
    "  hatch serve --data ./hatch-data",
  ].join("\n");

interface Chosen {
  readonly name: string;
  readonly listed: Listed;
  readonly args: readonly string[];
}

function choose(args: readonly string[]): Chosen | undefined {
  for (const words of [2, 1]) {
    const name = args.slice(0, words).join(" ");
    const listed = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
    if (listed) return { name, listed, args: args.slice(words) };
  }
  return undefined;
}

function withoutCommand(args: readonly string[], { terminal }: Surroundings): ExitCode {
  const [first] = args;
  if (first === "--help" || first === "-h" || first === "help") {
    terminal.out(overview());
    return EXIT.done;
  }
  if (first !== undefined)
    terminal.error(`hatch: there is no command ${JSON.stringify(args.slice(0, 2).join(" "))}.\n`);
  terminal.error(overview());
  return EXIT.usage;
}

function report(error: unknown, command: Command | undefined, json: boolean, { terminal }: Surroundings): ExitCode {
  const { exit, code, message, hint, stack } = failureOf(error);
  if (json) {
    const example = error instanceof UsageError ? command?.example : undefined;
    terminal.error(maskCredentials(JSON.stringify({ error: { code, message, hint, example } })));
    return exit;
  }
  terminal.error(maskCredentials(`hatch: ${message}`));
  if (hint !== undefined) terminal.error(hint);
  if (stack !== undefined) terminal.error(maskCredentials(stack));
  if (error instanceof UsageError && command) {
    terminal.error(`\nExample:\n  ${command.example}\n\`hatch ${command.name} --help\` shows all options.`);
  }
  return exit;
}

/** @returns the exit code; nothing is thrown */
export async function runCommandLine(args: readonly string[], surroundings: Surroundings): Promise<ExitCode> {
  const chosen = choose(args[0] === "--version" ? ["version", ...args.slice(1)] : args);
  if (!chosen) return withoutCommand(args, surroundings);
  const json = chosen.args.includes("--json");
  let command: Command | undefined;
  try {
    command = (await chosen.listed.load()).command;
    if (chosen.args.includes("--help") || chosen.args.includes("-h")) {
      surroundings.terminal.out(helpOf(command));
      return EXIT.done;
    }
    return await command.run(parseInvocation(command, chosen.args, surroundings));
  } catch (error) {
    return report(error, command, json, surroundings);
  }
}

/** Everything that this process writes is for its owner only. */
const OWNER_ONLY = 0o077;

export async function main(args: readonly string[]): Promise<never> {
  process.umask(OWNER_ONLY);
  setProductionMode();
  const exit = await runCommandLine(args, {
    terminal: systemTerminal,
    environment: systemEnvironment(),
    workingDirectory: process.cwd(),
  });
  process.exit(exit);
}
