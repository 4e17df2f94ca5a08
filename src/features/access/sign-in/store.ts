import type { Reader } from "../../../database/database.ts";
import type { Id } from "../../../kernel/ids.ts";
import type { UnixMs } from "../../../kernel/units.ts";

export interface AccountRow {
  readonly id: Id<"acc">;
  readonly email: string;
  readonly name: string | null;
  /** Empty where the account has none. */
  readonly password_hash: string;
  readonly operator: number;
  readonly disabled_at: UnixMs | null;
  readonly must_change_password: number;
  readonly epoch: number;
  /** Sealed. */
  readonly totp_secret: string | null;
  readonly totp_confirmed_at: UnixMs | null;
  readonly totp_last_step: number | null;
  readonly break_glass: number;
}

const COLUMNS = `id, email, name, password_hash, operator, disabled_at, must_change_password, epoch, totp_secret,
  totp_confirmed_at, totp_last_step, break_glass`;

export const findAccount = (reader: Reader, id: Id<"acc">): Promise<AccountRow | undefined> =>
  reader.get(`SELECT ${COLUMNS} FROM accounts WHERE id = ?`, [id]);

export const findAccountOfEmail = (reader: Reader, email: string): Promise<AccountRow | undefined> =>
  reader.get(`SELECT ${COLUMNS} FROM accounts WHERE email = ?`, [email]);

/** Where the newest sessions of an account were begun or used, one for each of them. */
export async function listAddressesOf(reader: Reader, email: string, limit: number): Promise<readonly string[]> {
  const rows = await reader.all<{ readonly address: string }>(
    `SELECT sessions.address FROM sessions JOIN accounts ON accounts.id = sessions.account_id
     WHERE accounts.email = ? AND sessions.address IS NOT NULL ORDER BY sessions.id DESC LIMIT ?`,
    [email, limit],
  );
  return rows.map(({ address }) => address);
}
