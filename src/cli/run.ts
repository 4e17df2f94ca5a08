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
  init: {
    summary: "Writes a commented hatch.config.ts to begin with, and its types.",
    load: () => import("./init.ts"),
  },
  apply: {
    summary: "Shows what the program of the configuration file would change, and publishes it.",
    load: () => import("./apply.ts"),
  },
  "keys create": { summary: "Makes a secret API key and shows it once.", load: () => import("./keys-create.ts") },
  "keys list": { summary: "Lists API keys, without their secrets.", load: () => import("./keys-list.ts") },
  "keys rotate": {
    summary: "Gives a key a new secret; the old one works a while longer.",
    load: () => import("./keys-rotate.ts"),
  },
  "keys revoke": { summary: "Ends a key at once.", load: () => import("./keys-revoke.ts") },
  "credentials inspect": {
    summary: "Tells what a key or a token is, whose, and why it is refused.",
    load: () => import("./credentials-inspect.ts"),
  },
  "tokens rotate": {
    summary: "Has tokens and sessions signed with a new key from now on.",
    load: () => import("./tokens-rotate.ts"),
  },
  "encryption rotate": {
    summary: "Exchanges the root key while the server runs.",
    load: () => import("./encryption-rotate.ts"),
  },
  "encryption status": {
    summary: "Shows which root key seals how much, and which is still needed.",
    load: () => import("./encryption-status.ts"),
  },
  "accounts list": { summary: "Lists who can sign in, and as what.", load: () => import("./accounts-list.ts") },
  "accounts unlock": {
    summary: "Forgets the failed tries at an account.",
    load: () => import("./accounts-unlock.ts"),
  },
  "accounts reset-password": {
    summary: "Sets a one-time password for an account.",
    load: () => import("./accounts-reset-password.ts"),
  },
  "workspaces list": { summary: "Lists workspaces.", load: () => import("./workspaces-list.ts") },
  "workspaces create": {
    summary: "Makes a workspace and invites its owner.",
    load: () => import("./workspaces-create.ts"),
  },
  "mail test": {
    summary: "Sends a test mail now and tells how it went.",
    load: () => import("./mail-test.ts"),
  },
  "mail list": { summary: "Lists mails, without what they say.", load: () => import("./mail-list.ts") },
  "mail show": { summary: "Shows what a mail says.", load: () => import("./mail-show.ts") },
  "mail retry": { summary: "Has failed mails tried again.", load: () => import("./mail-retry.ts") },
  "audit list": { summary: "Lists who changed what, newest first.", load: () => import("./audit-list.ts") },
  "audit export": {
    summary: "Prints audit entries as JSON Lines or CSV.",
    load: () => import("./audit-export.ts"),
  },
  "audit verify": {
    summary: "Finds audit entries that were changed, taken out or cut off.",
    load: () => import("./audit-verify.ts"),
  },
  "audit checkpoint": {
    summary: "Prints a signed note of where the audit log ends.",
    load: () => import("./audit-checkpoint.ts"),
  },
  "config check": {
    summary: "Checks the configuration and its program, and starts nothing.",
    load: () => import("./config-check.ts"),
  },
  "config explain": {
    summary: "Shows every setting and where its value came from.",
    load: () => import("./config-explain.ts"),
  },
  "database compact": {
    summary: "Writes the database's file anew without its free space.",
    load: () => import("./database-compact.ts"),
  },
  "migrate-to": {
    summary: "Moves a stopped installation from its file to an empty Postgres database.",
    load: () => import("./migrate-to.ts"),
  },
  "events send": { summary: "Sends one event and shows what follows.", load: () => import("./events-send.ts") },
  explain: {
    summary: "Tells the whole way of an event: rules, effects, deliveries, answers.",
    load: () => import("./explain.ts"),
  },
  listen: {
    summary: "Shows webhooks as they come, and passes them on to this machine.",
    load: () => import("./listen.ts"),
  },
  "check-receiver": {
    summary: "Examines an endpoint that receives webhooks, and names each mistake.",
    load: () => import("./check-receiver.ts"),
  },
  "check-signature": {
    summary: "Tells why the signature of a webhook does not verify.",
    load: () => import("./check-signature.ts"),
  },
  "access inventory": { summary: "Shows who may call each route.", load: () => import("./access-inventory.ts") },
  doctor: { summary: "Examines an installation, running or not.", load: () => import("./doctor.ts") },
  version: { summary: "Shows the version and what it was built from.", load: () => import("./version.ts") },
};

const NAME_COLUMNS = Math.max(...Object.keys(COMMANDS).map((name) => name.length));

const overview = (): string =>
  [
    "Usage: hatch <command> [options]",
    "",
    ...Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(NAME_COLUMNS)}  ${summary}`),
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
