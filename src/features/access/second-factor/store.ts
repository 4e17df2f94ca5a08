import type { Reader, Writer } from "../../../database/database.ts";
import type { Id } from "../../../kernel/ids.ts";

/** A secret that waits for its first code. */
export const putPendingTotp = (writer: Writer, accountId: Id<"acc">, sealed: string): Promise<number> =>
  writer.run("UPDATE accounts SET totp_secret = ?, totp_last_step = NULL WHERE id = ? AND totp_confirmed_at IS NULL", [
    sealed,
    accountId,
  ]);

export const confirmTotp = (writer: Writer, accountId: Id<"acc">, step: number): Promise<number> =>
  writer.run(
    "UPDATE accounts SET totp_confirmed_at = ?, totp_last_step = ? WHERE id = ? AND totp_confirmed_at IS NULL AND totp_secret IS NOT NULL",
    [writer.now, step, accountId],
  );

/** @returns 0 where the step was used meanwhile */
export const spendTotpStep = (writer: Writer, accountId: Id<"acc">, step: number): Promise<number> =>
  writer.run("UPDATE accounts SET totp_last_step = ? WHERE id = ? AND (totp_last_step IS NULL OR totp_last_step < ?)", [
    step,
    accountId,
    step,
  ]);

export async function removeTotp(writer: Writer, accountId: Id<"acc">): Promise<number> {
  await writer.run("DELETE FROM recovery_codes WHERE account_id = ?", [accountId]);
  return writer.run(
    "UPDATE accounts SET totp_secret = NULL, totp_confirmed_at = NULL, totp_last_step = NULL WHERE id = ?",
    [accountId],
  );
}

export async function replaceRecoveryCodes(
  writer: Writer,
  accountId: Id<"acc">,
  hashes: readonly string[],
): Promise<void> {
  await writer.run("DELETE FROM recovery_codes WHERE account_id = ?", [accountId]);
  await writer.insertMany({
    table: "recovery_codes",
    columns: ["account_id", "hash", "used_at"],
    rows: hashes.map((hash) => [accountId, hash, null]),
  });
}

export const spendRecoveryCode = (writer: Writer, accountId: Id<"acc">, hash: string): Promise<number> =>
  writer.run("UPDATE recovery_codes SET used_at = ? WHERE account_id = ? AND hash = ? AND used_at IS NULL", [
    writer.now,
    accountId,
    hash,
  ]);

/** Those that were not used. */
export async function countRecoveryCodes(reader: Reader, accountId: Id<"acc">): Promise<number> {
  const row = await reader.get<{ count: number }>(
    "SELECT COUNT(*) AS count FROM recovery_codes WHERE account_id = ? AND used_at IS NULL",
    [accountId],
  );
  return row?.count ?? 0;
}
