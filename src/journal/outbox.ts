import type { Context, WrittenOutboundEvent } from "../context.ts";
import type { Reader, Writer } from "../database/database.ts";
import { isoSeconds } from "../kernel/clock.ts";
import type { Id } from "../kernel/ids.ts";
import type { JsonObject } from "../kernel/json.ts";
import type { UnixMs } from "../kernel/units.ts";

/** Something that others may want to hear of. */
export interface Announcement {
  readonly environmentId: Id<"env">;
  /** A name of the catalogue. */
  readonly type: string;
  readonly data: JsonObject;
  /** The member it is about, so that erasing a person finds it. */
  readonly userId?: string;
  /** The input that caused it. */
  readonly inputSequence?: number;
  readonly traceparent?: string;
  /** The subscription that it tells of: none is told of itself. */
  readonly about?: Id<"sub">;
  /** The only subscription that it is for, whoever else wants its type. */
  readonly sole?: Id<"sub">;
}

const WRITTEN = [
  "id",
  "environment_id",
  "type",
  "body",
  "created_at",
  "user_id",
  "input_sequence",
  "traceparent",
  "about_subscription_id",
  "sole_subscription_id",
] as const;

type Announcing = Pick<Context, "ids" | "fanOut">;

/**
 * Writes what any subscription wants, with a delivery for each, in the announcer's own transaction: cause and
 * consequence commit together. The body is made here, once; every attempt sends these bytes.
 */
export async function announce(
  context: Announcing,
  writer: Writer,
  announcements: readonly Announcement[],
): Promise<readonly Id<"evt">[]> {
  const written: WrittenOutboundEvent[] = [];
  const rows: (string | number | null)[][] = [];
  for (const { environmentId, type, data, userId, inputSequence, traceparent, about, sole } of announcements) {
    if (!(await context.fanOut.wants(writer, environmentId, type))) continue;
    const id = context.ids.next("evt");
    const body = JSON.stringify({ id, event: type, timestamp: isoSeconds(writer.now), data });
    rows.push([
      id,
      environmentId,
      type,
      body,
      writer.now,
      userId ?? null,
      inputSequence ?? null,
      traceparent ?? null,
      about ?? null,
      sole ?? null,
    ]);
    written.push({ id, environmentId, type, body, createdAt: writer.now, ...(about === undefined ? {} : { about }) });
  }
  if (written.length === 0) return [];
  await writer.insertMany({
    table: "outbound_events",
    columns: WRITTEN,
    rows,
  });
  await context.fanOut.expand(writer, written);
  return written.map(({ id }) => id);
}

export interface OutboundEventRow {
  readonly id: Id<"evt">;
  readonly type: string;
  /** Null once it was purged. */
  readonly body: string | null;
  readonly created_at: UnixMs;
  readonly user_id: string | null;
  readonly input_sequence: number | null;
  readonly traceparent: string | null;
}

const COLUMNS = "id, type, body, created_at, user_id, input_sequence, traceparent";

export function findOutboundEvent(
  reader: Reader,
  environmentId: Id<"env">,
  id: Id<"evt">,
): Promise<OutboundEventRow | undefined> {
  return reader.get<OutboundEventRow>(`SELECT ${COLUMNS} FROM outbound_events WHERE environment_id = ? AND id = ?`, [
    environmentId,
    id,
  ]);
}

/** Of what is that old or younger in the whole installation, so that nobody's look walks through everybody's rows. */
const LATEST_ROWS_MAX = 20_000;

/** The latest of an environment whose bodies are kept, newest first, for somebody who looks. */
export function listLatestTypes(
  reader: Reader,
  environmentId: Id<"env">,
  limit: number,
): Promise<{ readonly id: Id<"evt">; readonly type: string }[]> {
  return reader.all(
    `SELECT latest.id AS id, latest.type AS type FROM (
       SELECT id, environment_id, type, CASE WHEN body IS NULL THEN 0 ELSE 1 END AS has_body
       FROM outbound_events ORDER BY id DESC LIMIT ?
     ) AS latest WHERE latest.environment_id = ? AND latest.has_body = 1 ORDER BY latest.id DESC LIMIT ?`,
    [LATEST_ROWS_MAX, environmentId, limit],
  );
}

export function listOutboundEventsOfInput(
  reader: Reader,
  environmentId: Id<"env">,
  inputSequence: number,
): Promise<OutboundEventRow[]> {
  return reader.all<OutboundEventRow>(
    `SELECT ${COLUMNS} FROM outbound_events WHERE environment_id = ? AND input_sequence = ? ORDER BY id`,
    [environmentId, inputSequence],
  );
}

/** For the dispatcher, which holds ids it has claimed itself: bodies of many events at once. */
export function findBodies(
  reader: Reader,
  ids: readonly Id<"evt">[],
): Promise<
  { readonly id: Id<"evt">; readonly type: string; readonly body: string | null; readonly traceparent: string | null }[]
> {
  return reader.findMany({
    table: "outbound_events",
    columns: ["id", "type", "body", "traceparent"],
    keyColumns: ["id"],
    keys: ids.map((id) => [id]),
  });
}
