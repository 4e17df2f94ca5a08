import type { Reader, SqlValue, Writer } from "../../../database/database.ts";
import type { Id } from "../../../kernel/ids.ts";
import type { JsonObject } from "../../../kernel/json.ts";
import type { UnixMs } from "../../../kernel/units.ts";
import type { Considered, Effect, Transfer } from "../types.ts";
import type { LoggedInput } from "./draft.ts";

const COLUMNS = [
  "sequence",
  "kind",
  "id",
  "type",
  "user_id",
  "occurred_at",
  "received_at",
  "local_date",
  "request_id",
  "traceparent",
  "backfill",
  "payload",
  "program_version",
  "effects",
  "considered",
] as const;
const COLUMN_LIST = COLUMNS.join(", ");

interface InputRow {
  readonly sequence: number;
  readonly kind: LoggedInput["kind"];
  readonly id: string;
  readonly type: string;
  readonly user_id: string;
  readonly occurred_at: UnixMs;
  readonly received_at: UnixMs;
  readonly local_date: string;
  readonly request_id: string;
  readonly traceparent: string | null;
  readonly backfill: number;
  readonly payload: string | null;
  readonly program_version: number;
  readonly effects: string | null;
  readonly considered: string | null;
}

function fromRow(row: InputRow): LoggedInput {
  return {
    sequence: row.sequence,
    kind: row.kind,
    id: row.id,
    type: row.type,
    userId: row.user_id,
    occurredAt: row.occurred_at,
    receivedAt: row.received_at,
    localDate: row.local_date,
    requestId: row.request_id,
    traceparent: row.traceparent ?? undefined,
    backfill: row.backfill === 1,
    properties: row.payload === null ? undefined : (JSON.parse(row.payload) as JsonObject),
    programVersion: row.program_version,
    effects: row.effects === null ? undefined : (JSON.parse(row.effects) as Effect[]),
    considered: row.considered === null ? undefined : (JSON.parse(row.considered) as Considered[]),
  };
}

export interface ClaimedId {
  readonly idHash: Uint8Array;
  readonly contentHash: Uint8Array;
  readonly input: LoggedInput;
}

/** Which of these ids the log has, with what it did for them. */
export async function findClaimedIds(
  reader: Reader,
  environmentId: Id<"env">,
  idHashes: readonly Uint8Array[],
): Promise<ClaimedId[]> {
  const rows = await reader.findMany<InputRow & { id_hash: Uint8Array; content_hash: Uint8Array }>({
    table: "inputs",
    columns: [...COLUMNS, "id_hash", "content_hash"],
    keyColumns: ["environment_id", "id_hash"],
    keys: idHashes.map((hash) => [environmentId, hash]),
  });
  return rows.map((row) => ({ idHash: row.id_hash, contentHash: row.content_hash, input: fromRow(row) }));
}

/** Where the log ends, and the lock under which it grows. */
export async function lockHead(writer: Writer, environmentId: Id<"env">): Promise<number> {
  const [row] = await writer.lockMany<{ sequence: number }>({
    table: "input_heads",
    columns: ["sequence"],
    keyColumns: ["environment_id"],
    keys: [[environmentId]],
  });
  return row?.sequence ?? 0;
}

export function moveHead(writer: Writer, environmentId: Id<"env">, sequence: number): Promise<void> {
  return writer.upsertMany({
    table: "input_heads",
    columns: ["environment_id", "sequence"],
    keyColumns: ["environment_id"],
    rows: [[environmentId, sequence]],
  });
}

export interface NewInput {
  readonly input: LoggedInput;
  readonly idHash: Uint8Array;
  readonly contentHash: Uint8Array;
  readonly actor: string;
}

export function insertInputs(writer: Writer, environmentId: Id<"env">, inputs: readonly NewInput[]): Promise<void> {
  return writer.insertMany({
    table: "inputs",
    columns: ["environment_id", ...COLUMNS, "id_hash", "content_hash", "actor"],
    rows: inputs.map(({ input, idHash, contentHash, actor }): SqlValue[] => [
      environmentId,
      input.sequence,
      input.kind,
      input.id,
      input.type,
      input.userId,
      input.occurredAt,
      input.receivedAt,
      input.localDate,
      input.requestId,
      input.traceparent ?? null,
      input.backfill ? 1 : 0,
      JSON.stringify(input.properties),
      input.programVersion,
      JSON.stringify(input.effects),
      input.considered === undefined || input.considered.length === 0 ? null : JSON.stringify(input.considered),
      idHash,
      contentHash,
      actor,
    ]),
  });
}

export interface NewTransfer {
  readonly inputSequence: number;
  readonly at: UnixMs;
  readonly transfer: Transfer;
}

export function insertTransfers(
  writer: Writer,
  environmentId: Id<"env">,
  transfers: readonly NewTransfer[],
): Promise<void> {
  return writer.insertMany({
    table: "ledger_transfers",
    columns: [
      "environment_id",
      "input_sequence",
      "effect_key",
      "revision",
      "id",
      "member_id",
      "currency",
      "debit",
      "credit",
      "amount",
      "at",
      "available_at",
      "expires_at",
      "reason",
    ],
    rows: transfers.map(({ inputSequence, at, transfer }): SqlValue[] => [
      environmentId,
      inputSequence,
      transfer.key,
      0,
      transfer.id,
      transfer.memberId,
      transfer.currency,
      transfer.debit,
      transfer.credit,
      transfer.amount,
      at,
      at,
      transfer.expiresAt ?? null,
      transfer.reason,
    ]),
  });
}

/** @returns by name what each counter has used; one that was never used is absent */
export async function lockCounters(
  writer: Writer,
  environmentId: Id<"env">,
  names: readonly string[],
): Promise<Map<string, number>> {
  const rows = await writer.lockMany<{ name: string; used: number }>({
    table: "shared_counters",
    columns: ["name", "used"],
    keyColumns: ["environment_id", "name"],
    keys: [...names].sort().map((name) => [environmentId, name]),
  });
  return new Map(rows.map(({ name, used }) => [name, used]));
}

export function saveCounters(
  writer: Writer,
  environmentId: Id<"env">,
  counters: ReadonlyMap<string, number>,
): Promise<void> {
  return writer.upsertMany({
    table: "shared_counters",
    columns: ["environment_id", "name", "used"],
    keyColumns: ["environment_id", "name"],
    rows: [...counters].map(([name, used]) => [environmentId, name, used]),
  });
}

export interface InputFilter {
  readonly userId?: string;
  readonly type?: string;
  readonly since?: UnixMs;
  /** Only events; commands and ticks are left out. */
  readonly eventsOnly: boolean;
}

/** Newest first, below `before`. */
export async function listInputs(
  reader: Reader,
  environmentId: Id<"env">,
  filter: InputFilter,
  page: { readonly before: number; readonly limit: number },
): Promise<LoggedInput[]> {
  const conditions = ["environment_id = ?", "sequence < ?"];
  const parameters: SqlValue[] = [environmentId, page.before];
  if (filter.userId !== undefined) {
    conditions.push("user_id = ?");
    parameters.push(filter.userId);
  }
  if (filter.type !== undefined) {
    conditions.push("type = ?");
    parameters.push(filter.type);
  }
  if (filter.since !== undefined) {
    conditions.push("received_at >= ?");
    parameters.push(filter.since);
  }
  if (filter.eventsOnly) conditions.push("kind = 'event'");
  const rows = await reader.all<InputRow>(
    `SELECT ${COLUMN_LIST} FROM inputs WHERE ${conditions.join(" AND ")} ORDER BY sequence DESC LIMIT ?`,
    [...parameters, page.limit],
  );
  return rows.map(fromRow);
}

export interface LedgerRow {
  readonly id: Id<"txn">;
  readonly input_sequence: number;
  readonly effect_key: string;
  readonly currency: string;
  readonly debit: string;
  readonly credit: string;
  readonly amount: number;
  readonly at: UnixMs;
  readonly expires_at: UnixMs | null;
  readonly reason: string;
}

/** A member's transfers, newest first, below `before` (input sequence, effect key). */
export function listTransfers(
  reader: Reader,
  environmentId: Id<"env">,
  memberId: Id<"mem">,
  page: { readonly before: readonly [number, string]; readonly limit: number },
): Promise<LedgerRow[]> {
  const [sequence, key] = page.before;
  return reader.all<LedgerRow>(
    `SELECT id, input_sequence, effect_key, currency, debit, credit, amount, at, expires_at, reason FROM ledger_transfers
     WHERE environment_id = ? AND member_id = ? AND (input_sequence < ? OR (input_sequence = ? AND effect_key < ?))
     ORDER BY input_sequence DESC, effect_key DESC LIMIT ?`,
    [environmentId, memberId, sequence, sequence, key, page.limit],
  );
}

export interface BalanceSum {
  readonly environment_id: string;
  readonly member_id: Id<"mem">;
  readonly currency: string;
  readonly amount: number;
}

/** What the ledger itself says of every member's balance, for comparing with the states. */
export function sumBalances(reader: Reader): Promise<BalanceSum[]> {
  return reader.all<BalanceSum>(
    `SELECT environment_id, member_id, currency, SUM(CASE WHEN credit = member_id THEN amount ELSE 0 - amount END) AS amount
     FROM ledger_transfers GROUP BY environment_id, member_id, currency`,
  );
}
