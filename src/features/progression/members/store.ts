import type { Reader, SqlValue, Writer } from "../../../database/database.ts";
import type { Id } from "../../../kernel/ids.ts";
import type { JsonObject } from "../../../kernel/json.ts";
import type { UnixMs } from "../../../kernel/units.ts";
import type { MemberFacts, MemberState } from "../types.ts";

/** A member as the table keeps it. */
export interface Member extends MemberFacts {
  readonly locale: string | undefined;
  readonly updatedAt: UnixMs;
}

interface MemberRow {
  readonly id: Id<"mem">;
  readonly user_id: string;
  readonly attributes: string;
  readonly timezone: string | null;
  readonly locale: string | null;
  readonly state: string;
  readonly created_at: UnixMs;
  readonly updated_at: UnixMs;
}

const COLUMNS = ["id", "user_id", "attributes", "timezone", "locale", "state", "created_at", "updated_at"] as const;

const fromRow = (row: MemberRow): Member => ({
  id: row.id,
  userId: row.user_id,
  attributes: JSON.parse(row.attributes) as JsonObject,
  timezone: row.timezone ?? undefined,
  locale: row.locale ?? undefined,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
  state: JSON.parse(row.state) as MemberState,
});

const texts = new WeakMap<object, string>();

/** Neither is ever changed in place, so each text is made once. */
function textOf(value: MemberState | JsonObject): string {
  const known = texts.get(value);
  if (known !== undefined) return known;
  const text = JSON.stringify(value);
  texts.set(value, text);
  return text;
}

/** A state as it is stored. */
export const stateText: (state: MemberState) => string = textOf;
export const attributesText: (attributes: JsonObject) => string = textOf;

/** The members of these user ids, kept as they are until the commit. */
export async function lockMembers(
  writer: Writer,
  environmentId: Id<"env">,
  userIds: Iterable<string>,
): Promise<Member[]> {
  const rows = await writer.lockMany<MemberRow>({
    table: "members",
    columns: COLUMNS,
    keyColumns: ["environment_id", "user_id"],
    keys: [...new Set(userIds)].sort().map((userId) => [environmentId, userId]),
  });
  return rows.map(fromRow);
}

export function insertMembers(writer: Writer, environmentId: Id<"env">, members: readonly Member[]): Promise<void> {
  return writer.insertMany({
    table: "members",
    columns: ["environment_id", "id", "user_id", "created_at", ...CHANGING],
    rows: members.map((member) => [environmentId, member.id, member.userId, member.createdAt, ...changingOf(member)]),
  });
}

/** Writes what may change of members that are there already: no index is touched. */
export async function updateMembers(writer: Writer, members: readonly Member[]): Promise<void> {
  await writer.updateMany({
    table: "members",
    columns: CHANGING,
    keyColumns: ["id"],
    rows: members.map((member) => [...changingOf(member), member.id]),
  });
}

const CHANGING = ["attributes", "timezone", "locale", "state", "updated_at"] as const;

const changingOf = (member: Member): SqlValue[] => [
  attributesText(member.attributes),
  member.timezone ?? null,
  member.locale ?? null,
  stateText(member.state),
  member.updatedAt,
];

export async function findMember(
  reader: Reader,
  environmentId: Id<"env">,
  userId: string,
): Promise<Member | undefined> {
  const row = await reader.get<MemberRow>(
    `SELECT ${COLUMNS.join(", ")} FROM members WHERE environment_id = ? AND user_id = ?`,
    [environmentId, userId],
  );
  return row && fromRow(row);
}

/** Newest first, below the id `before`. */
export async function listMembers(
  reader: Reader,
  environmentId: Id<"env">,
  page: { readonly before: string | undefined; readonly limit: number },
): Promise<Member[]> {
  const rows = await reader.all<MemberRow>(
    `SELECT ${COLUMNS.join(", ")} FROM members WHERE environment_id = ? AND id < ? ORDER BY id DESC LIMIT ?`,
    [environmentId, page.before ?? "mem_~", page.limit],
  );
  return rows.map(fromRow);
}

/** Every member of the installation in slices, for comparing states with the ledger. */
export async function walkStates(
  reader: Reader,
  after: string,
  limit: number,
): Promise<{ readonly id: Id<"mem">; readonly state: MemberState }[]> {
  const rows = await reader.all<{ id: Id<"mem">; state: string }>(
    "SELECT id, state FROM members WHERE id > ? ORDER BY id LIMIT ?",
    [after, limit],
  );
  return rows.map(({ id, state }) => ({ id, state: JSON.parse(state) as MemberState }));
}

/** Those of one environment in slices. */
export async function walkStatesOf(
  reader: Reader,
  environmentId: Id<"env">,
  after: string,
  limit: number,
): Promise<{ readonly id: Id<"mem">; readonly state: MemberState }[]> {
  const rows = await reader.all<{ id: Id<"mem">; state: string }>(
    "SELECT id, state FROM members WHERE environment_id = ? AND id > ? ORDER BY id LIMIT ?",
    [environmentId, after, limit],
  );
  return rows.map(({ id, state }) => ({ id, state: JSON.parse(state) as MemberState }));
}
