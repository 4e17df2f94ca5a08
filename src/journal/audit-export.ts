import type { Context } from "../context.ts";
import type { Database } from "../database/database.ts";
import { isoTime } from "../kernel/clock.ts";
import type { Id } from "../kernel/ids.ts";
import type { JsonObject } from "../kernel/json.ts";
import type { Principal } from "../kernel/principal.ts";
import type { AuditRow } from "./audit.ts";
import { type AuditEntry, type AuditFilter, findHeadSequence, lineOf, showEntry, walkEntries } from "./audit-read.ts";
import { mutate } from "./mutate.ts";

export const AUDIT_FORMATS = ["jsonl", "csv"] as const;
export type AuditFormat = (typeof AUDIT_FORMATS)[number];

const CSV_COLUMNS = [
  "sequence",
  "id",
  "at",
  "workspaceId",
  "environmentId",
  "actor",
  "asWhom",
  "action",
  "target",
  "requestId",
  "address",
  "before",
  "after",
  "details",
  "digest",
] as const satisfies readonly (keyof AuditEntry)[];

/** What a spreadsheet would take for a formula, and with it for an order to fetch or to run something. */
const FORMULA = /^[=+\-@\t\r\n]/;
const NEEDS_QUOTES = /[",\r\n]|^\s|\s$/;

/** One cell (RFC 4180). What could be a formula begins with an apostrophe, which a spreadsheet shows as text. */
export function csvCell(value: AuditEntry[keyof AuditEntry]): string {
  const text = value === null ? "" : typeof value === "object" ? JSON.stringify(value) : String(value);
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return NEEDS_QUOTES.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

const csvLine = (cells: readonly string[]): string => `${cells.join(",")}\r\n`;

export const headOf = (format: AuditFormat): string => (format === "csv" ? csvLine(CSV_COLUMNS) : "");

const linesOf = (format: AuditFormat, rows: readonly AuditRow[]): string =>
  rows
    .map(showEntry)
    .map((entry) => (format === "csv" ? csvLine(CSV_COLUMNS.map((column) => csvCell(entry[column]))) : lineOf(entry)))
    .join("");

/** The lines of one chain, oldest first, some hundred at a time; without a head. */
export async function* exportChain(
  database: Pick<Database, "read">,
  { chain, filter, format, upTo }: Exported & { readonly upTo: number },
): AsyncGenerator<string> {
  for await (const rows of walkEntries(database, chain, filter, { upTo })) yield linesOf(format, rows);
}

export interface Exported {
  readonly chain: Id<"ws"> | "";
  readonly filter: AuditFilter;
  readonly format: AuditFormat;
}

const told = ({ since, until, ...rest }: AuditFilter): JsonObject => {
  const filter = {
    ...rest,
    since: since === undefined ? undefined : isoTime(since),
    until: until === undefined ? undefined : isoTime(until),
  };
  return JSON.parse(JSON.stringify(filter)) as JsonObject;
};

/** Says in the chain itself that it is exported, before a line of it is given. @returns up to which entry that may be */
export async function noteExport(
  context: Pick<Context, "database" | "ids" | "keyring" | "log" | "fanOut">,
  principal: Principal,
  { chain, filter, format }: Exported,
): Promise<number> {
  const { environmentId } = filter;
  await mutate(context, principal, async () => ({
    result: null,
    audit: [
      {
        workspaceId: chain,
        ...(environmentId === undefined ? {} : { environmentId }),
        action: "audit.exported",
        target: chain === "" ? "installation" : chain,
        details: { format, ...told(filter) },
      },
    ],
    announce: [],
    jobs: [],
  }));
  return context.database.read((reader) => findHeadSequence(reader, chain));
}
