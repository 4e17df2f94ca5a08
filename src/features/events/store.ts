import type { Reader, Writer } from "../../database/database.ts";
import type { Id } from "../../kernel/ids.ts";
import type { JsonObject } from "../../kernel/json.ts";
import type { UnixMs } from "../../kernel/units.ts";

/** An event type as the table keeps it. */
export interface EventType {
  readonly name: string;
  readonly origin: "registered" | "guessed";
  readonly schema: JsonObject | undefined;
  readonly description: string | undefined;
  readonly clientSafe: boolean;
  readonly forward: boolean;
  readonly createdAt: UnixMs;
  readonly updatedAt: UnixMs;
}

interface EventTypeRow {
  readonly name: string;
  readonly origin: EventType["origin"];
  readonly schema: string | null;
  readonly description: string | null;
  readonly client_safe: number;
  readonly forward: number;
  readonly created_at: UnixMs;
  readonly updated_at: UnixMs;
}

const COLUMNS = [
  "name",
  "origin",
  "schema",
  "description",
  "client_safe",
  "forward",
  "created_at",
  "updated_at",
] as const;

const fromRow = (row: EventTypeRow): EventType => ({
  name: row.name,
  origin: row.origin,
  schema: row.schema === null ? undefined : (JSON.parse(row.schema) as JsonObject),
  description: row.description ?? undefined,
  clientSafe: row.client_safe === 1,
  forward: row.forward === 1,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});

export async function listEventTypeRows(reader: Reader, environmentId: Id<"env">): Promise<EventType[]> {
  const rows = await reader.all<EventTypeRow>(
    `SELECT ${COLUMNS.join(", ")} FROM event_types WHERE environment_id = ?`,
    [environmentId],
  );
  return rows.map(fromRow);
}

/** Whether a person registered the name, so that a guess must not take its place. */
export async function isRegistered(reader: Reader, environmentId: Id<"env">, name: string): Promise<boolean> {
  const row = await reader.get(
    "SELECT name FROM event_types WHERE environment_id = ? AND name = ? AND origin = 'registered'",
    [environmentId, name],
  );
  return row !== undefined;
}

export function saveEventType(writer: Writer, environmentId: Id<"env">, type: EventType): Promise<void> {
  return writer.upsertMany({
    table: "event_types",
    columns: ["environment_id", ...COLUMNS],
    keyColumns: ["environment_id", "name"],
    rows: [
      [
        environmentId,
        type.name,
        type.origin,
        type.schema === undefined ? null : JSON.stringify(type.schema),
        type.description ?? null,
        type.clientSafe ? 1 : 0,
        type.forward ? 1 : 0,
        type.createdAt,
        type.updatedAt,
      ],
    ],
  });
}
