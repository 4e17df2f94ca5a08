import { existsSync, readFileSync, realpathSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import type { JsonObject } from "../kernel/json.ts";
import { ConfigError, type ConfigProblem } from "./errors.ts";
import { copyPlainData, isJsonObject } from "./plain-data.ts";

/** The names looked for in the data folder, in this order. Never in the working directory. */
const NAMES = ["hatch.config.ts", "hatch.config.json"] as const;

const GROUP_OR_OTHERS_WRITE = 0o022;

export interface ConfigFile {
  readonly path: string;
  readonly content: JsonObject;
}

/** @param named the file of `--config` or `HATCH_CONFIG`; it has to exist. */
export function findConfigFile(options: {
  readonly named: string | undefined;
  readonly dataDirectory: string;
  readonly workingDirectory: string;
}): string | undefined {
  if (options.named !== undefined) return resolve(options.workingDirectory, options.named);
  const found = NAMES.map((name) => join(options.dataDirectory, name)).filter((path) => existsSync(path));
  if (found.length > 1) {
    throw new ConfigError(
      [{ where: options.dataDirectory, message: `expected one of ${NAMES.join(" and ")}, found both` }],
      "Remove one of them, or name one with --config.",
    );
  }
  return found[0];
}

/** What stands in a `.ts` file runs with all that this process may do: nobody else may be able to write there. */
function checkOwner(path: string): void {
  const { uid, mode } = statSync(realpathSync(path));
  const self = process.getuid?.();
  if (self === undefined) return;
  if (uid !== self && uid !== 0) {
    throw new ConfigError(
      [{ where: path, message: "expected the owner to be the user of this process, or root: the file is code" }],
      `chown ${self} ${path}`,
    );
  }
  if ((mode & GROUP_OR_OTHERS_WRITE) !== 0) {
    throw new ConfigError(
      [{ where: path, message: "expected nobody but its owner to be able to write to it: the file is code" }],
      `chmod go-w ${path}`,
    );
  }
}

async function importCode(path: string): Promise<unknown> {
  // A file whose tools keep `import "hatch"` in place still loads; only types are there to be had.
  Bun.plugin({
    name: "hatch",
    setup: (build) => void build.module("hatch", () => ({ loader: "object", exports: {} })),
  });
  const loaded: { readonly default?: unknown } = await import(path);
  return loaded.default;
}

async function readContent(path: string, allowCode: boolean): Promise<unknown> {
  if (path.endsWith(".json")) return JSON.parse(readFileSync(path, "utf8"));
  if (!allowCode) {
    throw new ConfigError(
      [{ where: path, message: "expected no code: --no-config-code was given" }],
      "Write the configuration as hatch.config.json.",
    );
  }
  checkOwner(path);
  return importCode(path);
}

export async function readConfigFile(path: string, allowCode: boolean): Promise<ConfigFile> {
  if (!path.endsWith(".ts") && !path.endsWith(".json")) {
    throw new ConfigError([{ where: path, message: "expected a name that ends in .ts or .json" }]);
  }
  if (!existsSync(path)) throw new ConfigError([{ where: path, message: "expected a file, found nothing" }]);
  let written: unknown;
  try {
    written = await readContent(path, allowCode);
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError([{ where: path, message: `could not be loaded: ${reason}` }]);
  }
  const problems: ConfigProblem[] = [];
  const content = copyPlainData(written, "", problems);
  if (problems.length > 0) {
    throw new ConfigError(problems.map((problem) => ({ ...problem, where: `${problem.where} (${path})` })));
  }
  if (!isJsonObject(content))
    throw new ConfigError([{ where: path, message: "expected an object (`export default { … }`)" }]);
  return { path, content };
}
