import { SECRET_SHOWN } from "../config/kinds.ts";
import type { LoadedConfig } from "../config/load-config.ts";
import { findRootKey } from "../config/root-key.ts";
import type { JsonValue } from "../kernel/json.ts";
import type { Command, Invocation } from "./command.ts";
import { EXIT } from "./exit.ts";

interface Row {
  readonly path: string;
  readonly value: JsonValue;
  readonly source: string;
  readonly variable: string;
  readonly description: string;
}

const MADE = "made on the first start, as root.key in the data folder";

/** The key is told of by where it comes from, never by itself. */
function rootKeyRow(
  { environment, workingDirectory }: Invocation,
  { config: { dataDirectory }, databaseUrl }: LoadedConfig,
): Row {
  const found = findRootKey({ environment, workingDirectory, dataDirectory });
  return {
    path: "rootKey",
    value: found ? SECRET_SHOWN : null,
    source: found?.source ?? (databaseUrl === undefined ? MADE : "missing: none is made beside a database on a server"),
    variable: "WEBHOOK_ENCRYPTION_KEY",
    description: "What secrets at rest are sealed with.",
  };
}

/** Keys that sealed before, where any are given: the variable and what a rotation left in the data folder. */
function formerKeyRows(
  { environment, workingDirectory }: Invocation,
  { config: { dataDirectory } }: LoadedConfig,
): readonly Row[] {
  const former = findRootKey({ environment, workingDirectory, dataDirectory })?.former ?? [];
  return former.map(({ source }) => ({
    path: "rootKeyPrevious",
    value: SECRET_SHOWN,
    source,
    variable: "WEBHOOK_ENCRYPTION_KEY_PREVIOUS",
    description: "What secrets at rest were sealed with before.",
  }));
}

function dataRow({ sources, environment }: Invocation, dataDirectory: string): Row {
  const source = sources.flags.data ? "flag --data" : environment.HATCH_DATA ? "environment HATCH_DATA" : "default";
  return {
    path: "dataDirectory",
    value: dataDirectory,
    source,
    variable: "HATCH_DATA",
    description: "The data folder.",
  };
}

function table(rows: readonly Row[]): string {
  const cells = rows.map(({ path, value, source }) => [
    path,
    typeof value === "string" ? value : JSON.stringify(value),
    source,
  ]);
  const width = (column: number): number => Math.min(48, Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  return cells
    .map(([path = "", value = "", source = ""]) => `${path.padEnd(width(0))}  ${value.padEnd(width(1))}  ${source}`)
    .join("\n");
}

export const command: Command = {
  name: "config explain",
  summary: "Shows every setting and where its value came from.",
  options: {},
  example: "hatch config explain --data ./hatch-data",
  async run(invocation) {
    const loaded = await invocation.loadConfig();
    const { config, explained, file } = loaded;
    const keys = [rootKeyRow(invocation, loaded), ...formerKeyRows(invocation, loaded)];
    const rows = [dataRow(invocation, config.dataDirectory), ...keys, ...explained];
    if (invocation.json) {
      invocation.terminal.out(
        JSON.stringify({ file: file ?? null, settings: rows, program: config.program !== undefined }),
      );
      return EXIT.done;
    }
    invocation.terminal.out(table(rows));
    invocation.terminal.out(`\nConfiguration file: ${file ?? "none"}${config.program ? " (with a program)" : ""}`);
    return EXIT.done;
  },
};
