import type { Database, Reader, SqlValue } from "../database/database.ts";
import { isoTime, letOthersRun } from "../kernel/clock.ts";
import type { Id } from "../kernel/ids.ts";
import type { JsonObject } from "../kernel/json.ts";
import type { UnixMs } from "../kernel/units.ts";
import { AUDIT_COLUMNS, type AuditRow } from "./audit.ts";
import { readDetails } from "./audit-changes.ts";

/** Which entries of a chain; every part of it narrows. */
export interface AuditFilter {
  /** Those of this environment and of the workspace itself; all of the chain if absent. */
  readonly environmentId?: Id<"env"> | undefined;
  /** Who did it, or as whom it was done. */
  readonly actor?: string | undefined;
  /** `key.created`, or `key.*` for all that begin so. */
  readonly action?: string | undefined;
  readonly target?: string | undefined;
  readonly requestId?: string | undefined;
  readonly since?: UnixMs | undefined;
  readonly until?: UnixMs | undefined;
}

/**
 * Entries looked at with one question. A chain has no gaps, so that a span of numbers bounds the work whatever is asked
 * for, and others get their turn in between.
 */
const SPAN = 1_000;
/** Spans looked at for one page; a page may be short, the next one goes on. */
const SPANS_PER_PAGE_MAX = 100;
/** Entries held in memory at once while a chain is walked: each may have 32 KB of details. */
const WALKED_AT_ONCE = 250;

interface Condition {
  readonly sql: string;
  readonly values: readonly SqlValue[];
}

function conditionsOf(filter: AuditFilter): Condition {
  const { environmentId, actor, action, target, requestId, since, until } = filter;
  const parts: (readonly [string, readonly SqlValue[]])[] = [];
  if (environmentId !== undefined) parts.push(["(environment_id = ? OR environment_id IS NULL)", [environmentId]]);
  if (actor !== undefined) parts.push(["(actor = ? OR as_whom = ?)", [actor, actor]]);
  if (action?.endsWith("*")) {
    const beginning = action.slice(0, -1);
    parts.push(["SUBSTR(action, 1, LENGTH(?)) = ?", [beginning, beginning]]);
  } else if (action !== undefined) parts.push(["action = ?", [action]]);
  if (target !== undefined) parts.push(["target = ?", [target]]);
  if (requestId !== undefined) parts.push(["request_id = ?", [requestId]]);
  if (since !== undefined) parts.push(["at >= ?", [since]]);
  if (until !== undefined) parts.push(["at < ?", [until]]);
  return { sql: parts.map(([sql]) => ` AND ${sql}`).join(""), values: parts.flatMap(([, values]) => values) };
}

const IN_SPAN = `SELECT ${AUDIT_COLUMNS.join(", ")} FROM audit_entries
  WHERE workspace_id = ? AND sequence > ? AND sequence <= ?`;

/** The number of the newest entry of a chain; 0 where there is none. */
export async function findHeadSequence(reader: Reader, chain: string): Promise<number> {
  const head = await reader.get<{ sequence: number }>("SELECT sequence FROM audit_heads WHERE workspace_id = ?", [
    chain,
  ]);
  return head?.sequence ?? 0;
}

export interface AuditPage {
  /** Newest first. */
  readonly rows: readonly AuditRow[];
  /** Goes on below this number; undefined at the end of the chain. */
  readonly next: number | undefined;
}

/** The newest entries below a number. Where few fit, a page may have fewer than asked for though there are more. */
export async function listEntries(
  reader: Reader,
  chain: string,
  filter: AuditFilter,
  { below, limit }: { readonly below: number | undefined; readonly limit: number },
): Promise<AuditPage> {
  const condition = conditionsOf(filter);
  // What these two narrow is found by an index, however long the chain is.
  const span = filter.target === undefined && filter.requestId === undefined ? SPAN : Number.MAX_SAFE_INTEGER;
  const rows: AuditRow[] = [];
  let top = Math.min(below === undefined ? Number.MAX_SAFE_INTEGER : below - 1, await findHeadSequence(reader, chain));
  for (let spans = 0; top > 0 && spans < SPANS_PER_PAGE_MAX; spans += 1) {
    const bottom = Math.max(0, top - span);
    const wanted = limit + 1 - rows.length;
    const parameters: SqlValue[] = [chain, bottom, top, ...condition.values, wanted];
    const sql = `${IN_SPAN}${condition.sql} ORDER BY sequence DESC LIMIT ?`;
    rows.push(...(await reader.all<AuditRow>(sql, parameters)));
    // The one over tells that there is more.
    if (rows.length > limit) return { rows: rows.slice(0, limit), next: rows[limit - 1]?.sequence };
    top = bottom;
    await letOthersRun();
  }
  return { rows, next: top > 0 ? top + 1 : undefined };
}

/** A chain from `above` to `upTo`, oldest first, a few hundred at a time: however long it is, little of it is held. */
export async function* walkEntries(
  database: Pick<Database, "read">,
  chain: string,
  filter: AuditFilter,
  { above = 0, upTo }: { readonly above?: number; readonly upTo: number },
): AsyncGenerator<readonly AuditRow[]> {
  const condition = conditionsOf(filter);
  let bottom = above;
  while (bottom < upTo) {
    const top = Math.min(bottom + SPAN, upTo);
    const parameters: SqlValue[] = [chain, bottom, top, ...condition.values, WALKED_AT_ONCE];
    const rows = await database.read((reader) =>
      reader.all<AuditRow>(`${IN_SPAN}${condition.sql} ORDER BY sequence LIMIT ?`, parameters),
    );
    if (rows.length > 0) yield rows;
    bottom = rows.length === WALKED_AT_ONCE ? (rows.at(-1)?.sequence ?? top) : top;
    await letOthersRun();
  }
}

/** An entry as everybody is shown it: by the API, in exports and in the stream. */
export interface AuditEntry {
  readonly id: string;
  /** Null in the chain of the installation. */
  readonly workspaceId: string | null;
  readonly sequence: number;
  readonly at: string;
  readonly environmentId: string | null;
  readonly actor: string;
  readonly asWhom: string | null;
  readonly action: string;
  readonly target: string;
  readonly requestId: string;
  readonly address: string | null;
  readonly before: JsonObject | null;
  readonly after: JsonObject | null;
  readonly details: JsonObject | null;
  /** Names this entry and all before it: who keeps it can prove a change later. */
  readonly digest: string;
}

export const showEntry = (row: AuditRow): AuditEntry => ({
  id: row.id,
  workspaceId: row.workspace_id === "" ? null : row.workspace_id,
  sequence: row.sequence,
  at: isoTime(row.at),
  environmentId: row.environment_id,
  actor: row.actor,
  asWhom: row.as_whom,
  action: row.action,
  target: row.target,
  requestId: row.request_id,
  address: row.address,
  ...readDetails(row.details),
  digest: row.digest,
});

/** One line of JSON, with its end. */
export const lineOf = (value: object): string => `${JSON.stringify(value)}\n`;
