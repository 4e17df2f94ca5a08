import type { Reader, SqlValue, Writer } from "../../../database/database.ts";
import type { ErrorDetail } from "../../../kernel/errors.ts";
import type { Id } from "../../../kernel/ids.ts";
import type { UnixMs } from "../../../kernel/units.ts";

/** By which of the ways in it came. */
export type EventSource = "event" | "batch" | "cloudevents" | "segment";

/** What an event was called, as far as it could be read. */
export interface EventNames {
  readonly id?: string | undefined;
  readonly type?: string | undefined;
  readonly userId?: string | undefined;
}

/** An event that was not accepted, and why; never what it said. */
export interface RefusedEvent extends EventNames {
  /** Its place in the list. */
  readonly place: Id<"evi">;
  readonly at: UnixMs;
  readonly requestId: string;
  readonly source: EventSource;
  readonly actor: string;
  readonly code: string;
  readonly message: string;
  readonly details: readonly ErrorDetail[];
}

const COLUMNS = [
  "id",
  "at",
  "request_id",
  "source",
  "actor",
  "event_id",
  "event_type",
  "user_id",
  "code",
  "message",
  "details",
] as const;

export const insertRefusedEvents = (
  writer: Writer,
  environmentId: Id<"env">,
  refused: readonly RefusedEvent[],
): Promise<void> =>
  writer.insertMany({
    table: "refused_events",
    columns: ["environment_id", ...COLUMNS],
    rows: refused.map((one): SqlValue[] => [
      environmentId,
      one.place,
      one.at,
      one.requestId,
      one.source,
      one.actor,
      one.id ?? null,
      one.type ?? null,
      one.userId ?? null,
      one.code,
      one.message,
      one.details.length === 0 ? null : JSON.stringify(one.details),
    ]),
  });

interface RefusedEventRow {
  readonly id: Id<"evi">;
  readonly at: UnixMs;
  readonly request_id: string;
  readonly source: EventSource;
  readonly actor: string;
  readonly event_id: string | null;
  readonly event_type: string | null;
  readonly user_id: string | null;
  readonly code: string;
  readonly message: string;
  readonly details: string | null;
}

export interface RefusedEventFilter {
  readonly userId?: string | undefined;
  readonly type?: string | undefined;
}

/** Newest first, below the place `before`. */
export async function listRefusedEvents(
  reader: Reader,
  environmentId: Id<"env">,
  filter: RefusedEventFilter,
  page: { readonly before: string | undefined; readonly limit: number },
): Promise<RefusedEvent[]> {
  const conditions = ["environment_id = ?", "id < ?"];
  const parameters: SqlValue[] = [environmentId, page.before ?? "evi_~"];
  if (filter.userId !== undefined) {
    conditions.push("user_id = ?");
    parameters.push(filter.userId);
  }
  if (filter.type !== undefined) {
    conditions.push("event_type = ?");
    parameters.push(filter.type);
  }
  const rows = await reader.all<RefusedEventRow>(
    `SELECT ${COLUMNS.join(", ")} FROM refused_events WHERE ${conditions.join(" AND ")} ORDER BY id DESC LIMIT ?`,
    [...parameters, page.limit],
  );
  return rows.map((row) => ({
    place: row.id,
    at: row.at,
    requestId: row.request_id,
    source: row.source,
    actor: row.actor,
    id: row.event_id ?? undefined,
    type: row.event_type ?? undefined,
    userId: row.user_id ?? undefined,
    code: row.code,
    message: row.message,
    details: row.details === null ? [] : (JSON.parse(row.details) as ErrorDetail[]),
  }));
}

/** @returns how many were removed, at most `limit` */
export const purgeRefusedEvents = (writer: Writer, before: UnixMs, limit: number): Promise<number> =>
  writer.run(
    "DELETE FROM refused_events WHERE id IN (SELECT id FROM refused_events WHERE at < ? ORDER BY at LIMIT ?)",
    [before, limit],
  );
