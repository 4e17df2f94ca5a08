import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { AppError } from "../kernel/errors.ts";
import type { Command, Invocation } from "./command.ts";
import { configTypes, TYPES_FILE, TYPES_MARK } from "./config-types.ts";
import { EXIT, UsageError } from "./exit.ts";
import { findTemplate, TEMPLATE_NAMES } from "./templates.ts";

const CONFIG_FILE = "hatch.config.ts";

interface Written {
  readonly path: string;
  readonly text: string;
}

/** What stands there may be somebody's work: it is never written over. The types are ours, unless somebody made them theirs. */
function refuseWhatIsThere(directory: string, names: readonly string[]): void {
  const taken = names
    .map((name) => join(directory, name))
    .find(
      (path) => existsSync(path) && !(path.endsWith(TYPES_FILE) && readFileSync(path, "utf8").startsWith(TYPES_MARK)),
    );
  if (taken === undefined) return;
  throw new AppError("conflict", `${taken} exists already; nothing was written.`, {
    hint: taken.endsWith(TYPES_FILE)
      ? "It was not written by `hatch init`: move it away first."
      : "Name another folder with --out, or move it away first. `hatch init --types` writes only the types anew.",
  });
}

/** All of them or none. */
function write(files: readonly Written[]): void {
  const made: string[] = [];
  try {
    for (const { path, text } of files) {
      if (path.endsWith(TYPES_FILE)) {
        rmSync(path, { force: true });
      }
      writeFileSync(path, text, { flag: "wx" });
      made.push(path);
    }
  } catch (error) {
    for (const path of made) rmSync(path, { force: true });
    throw error;
  }
}

/** As a person in this folder would write it. */
function shown({ workingDirectory }: Invocation, path: string): string {
  const near = relative(workingDirectory, path);
  return near.startsWith("..") ? path : `./${near}`;
}

const nextSteps = (config: string): string =>
  [
    "",
    "Next:",
    `  hatch config check --config ${config}`,
    `  hatch serve --demo --config ${config}`,
    `  hatch apply --config ${config} --dry-run`,
  ].join("\n");

function templateOf(invocation: Invocation): NonNullable<ReturnType<typeof findTemplate>> {
  const name = invocation.text("template");
  const choices = TEMPLATE_NAMES.map((choice) => `  ${choice.padEnd(10)} ${findTemplate(choice)?.purpose}`).join("\n");
  if (name === undefined) throw new UsageError(`--template is missing: for whom is the program?\n${choices}`);
  const template = findTemplate(name);
  if (!template) throw new UsageError(`--template ${name}: expected one of these.\n${choices}`);
  return template;
}

export const command: Command = {
  name: "init",
  summary: "Writes a commented hatch.config.ts to begin with, and its types.",
  options: {
    template: { value: "NAME", description: `The trade: ${TEMPLATE_NAMES.join(", ")}.` },
    out: { value: "DIR", description: "Where to; the working directory if not given." },
    types: { description: `Writes only ${TYPES_FILE}, after an upgrade for instance.` },
  },
  example: "hatch init --template learning --out ./program",
  async run(invocation) {
    const { terminal, workingDirectory } = invocation;
    const directory = resolve(workingDirectory, invocation.text("out") ?? ".");
    const onlyTypes = invocation.yes("types");
    if (onlyTypes && invocation.text("template") !== undefined) throw new UsageError("--types writes no template.");
    const template = onlyTypes ? undefined : templateOf(invocation);
    const config = join(directory, CONFIG_FILE);
    const types = join(directory, TYPES_FILE);
    refuseWhatIsThere(directory, template ? [CONFIG_FILE, TYPES_FILE] : [TYPES_FILE]);
    mkdirSync(directory, { recursive: true });
    const files = [...(template ? [{ path: config, text: template.text }] : []), { path: types, text: configTypes() }];
    write(files);
    if (invocation.json) {
      terminal.out(JSON.stringify({ written: files.map(({ path }) => path) }));
      return EXIT.done;
    }
    if (template) terminal.out(`${shown(invocation, config)} holds a program for ${template.purpose}.`);
    terminal.out(`${shown(invocation, types)} holds the types of such a file, for your editor.`);
    if (template) terminal.out(nextSteps(shown(invocation, config)));
    return EXIT.done;
  },
};
