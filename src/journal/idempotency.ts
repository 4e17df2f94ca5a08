import type { Context } from "../context.ts";
import type { Reader, Writer } from "../database/database.ts";
import type { SealedColumn } from "../kernel/crypto.ts";
import { AppError } from "../kernel/errors.ts";
import type { IdempotencyClaim } from "../kernel/principal.ts";
import { addMs, DAY, type UnixMs } from "../kernel/units.ts";

/*
 * A change under an `Idempotency-Key` writes its claim in its own transaction, with what it came to: whoever finds the
 * row knows that the change was made, whatever became of the process. The answer takes the result's place as soon as it
 * is made. Where a crash came between the two, the next request under the key makes the answer of the result: its verb
 * runs up to `mutate`, which gives what the change came to and changes nothing. So the result of a change must be JSON,
 * and hold whatever of the answer can't be made twice.
 */

const KEPT_MS = DAY;

type Sealing = Pick<Context, "keyring">;
type Named = Pick<IdempotencyClaim, "environmentId" | "keyHash">;
type Sealed = "result_sealed" | "answer_sealed";

interface ClaimRow {
  readonly request_hash: string;
  readonly result_sealed: string | null;
  readonly answer_sealed: string | null;
  readonly created_at: UnixMs;
}

/** What is kept of a request that made its change: the answer, else what it is made of. */
export interface KeptClaim {
  readonly requestHash: string;
  /** As it was given to {@link keepAnswer}. */
  readonly answer: string | undefined;
  readonly result: unknown;
}

export const CLAIMS_SEALED: readonly SealedColumn[] = [
  { table: "idempotency_claims", column: "result_sealed", key: "key_hash" },
  { table: "idempotency_claims", column: "answer_sealed", key: "key_hash" },
];
const placeOf = ({ keyHash }: Named, column: Sealed) => ({ table: "idempotency_claims", column, row: keyHash });

async function findRow(reader: Reader, { environmentId, keyHash }: Named, now: UnixMs): Promise<ClaimRow | undefined> {
  const row = await reader.get<ClaimRow>(
    "SELECT request_hash, result_sealed, answer_sealed, created_at FROM idempotency_claims WHERE environment_id = ? AND key_hash = ?",
    [environmentId, keyHash],
  );
  return row && row.created_at > addMs(now, -KEPT_MS) ? row : undefined;
}

/** The earlier request under the same key, for a day. */
export async function findKeptClaim(
  { keyring, clock }: Sealing & Pick<Context, "clock">,
  reader: Reader,
  named: Named,
): Promise<KeptClaim | undefined> {
  const row = await findRow(reader, named, clock.now());
  if (!row) return undefined;
  const open = (column: Sealed): string | undefined => {
    const sealed = row[column];
    return sealed === null ? undefined : keyring.open(placeOf(named, column), sealed);
  };
  const result = open("result_sealed");
  return {
    requestHash: row.request_hash,
    answer: open("answer_sealed"),
    result: result === undefined ? undefined : JSON.parse(result),
  };
}

export const otherRequest = (): AppError =>
  new AppError("idempotency_conflict", "The Idempotency-Key was used before with another request.");

/** The change can't be made again, and what it came to can't be shown. */
export const lostAnswer = (): AppError =>
  new AppError(
    "conflict",
    "The change was made under this Idempotency-Key, but its answer was lost. Look how things stand now; a fresh key makes the change again.",
  );

/** What the change of this request came to when an earlier one made it; undefined where it is still to be made. */
export function recall(claim: IdempotencyClaim | undefined): { readonly result: unknown } | undefined {
  if (claim === undefined) return undefined;
  // Whether a second change of the request was made before the crash, nobody knows.
  if (claim.change === "taken") throw lostAnswer();
  if (typeof claim.change !== "object") return undefined;
  const { recalled } = claim.change;
  claim.change = "taken";
  return { result: recalled };
}

/** Whether the claim is to be written by the change that runs in this transaction. */
const isFirst = (claim: IdempotencyClaim | undefined, writer: Writer): claim is IdempotencyClaim =>
  claim !== undefined && claim.change === "open" && claim.heldBy !== writer;

/**
 * Runs the change of a request inside its transaction and writes the request's claim beside it. A request that changes
 * several things makes one claim, with the first of them.
 */
export async function claimed<T>(
  context: Sealing,
  writer: Writer,
  claim: IdempotencyClaim | undefined,
  change: () => Promise<T>,
): Promise<T> {
  if (!isFirst(claim, writer)) return change();
  const earlier = await findRow(writer, claim, writer.now);
  if (earlier) throw earlier.request_hash === claim.requestHash ? lostAnswer() : otherRequest();
  claim.heldBy = writer;
  const result = await change();
  const sealed = context.keyring.seal(placeOf(claim, "result_sealed"), JSON.stringify(result ?? null));
  await writer.upsertMany({
    table: "idempotency_claims",
    columns: ["key_hash", "environment_id", "request_hash", "result_sealed", "answer_sealed", "created_at"],
    keyColumns: ["key_hash"],
    rows: [[claim.keyHash, claim.environmentId, claim.requestHash, sealed, null, writer.now]],
  });
  writer.afterCommit(() => {
    claim.change = "made";
  });
  return result;
}

/** Puts the answer in the place of the result that it was made of. */
export async function keepAnswer(context: Sealing, claim: IdempotencyClaim, writer: Writer, answer: string) {
  await writer.run(
    "UPDATE idempotency_claims SET answer_sealed = ?, result_sealed = NULL WHERE environment_id = ? AND key_hash = ?",
    [context.keyring.seal(placeOf(claim, "answer_sealed"), answer), claim.environmentId, claim.keyHash],
  );
}

/** @returns how many were removed, at most `limit` */
export const purgeClaims = (writer: Writer, before: UnixMs, limit: number): Promise<number> =>
  writer.run(
    "DELETE FROM idempotency_claims WHERE key_hash IN (SELECT key_hash FROM idempotency_claims WHERE created_at <= ? ORDER BY created_at LIMIT ?)",
    [before, limit],
  );
