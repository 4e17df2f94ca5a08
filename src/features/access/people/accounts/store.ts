import type { Reader, Writer } from "../../../../database/database.ts";
import type { Id } from "../../../../kernel/ids.ts";
import type { UnixMs } from "../../../../kernel/units.ts";

export interface ListedAccountRow {
  readonly id: Id<"acc">;
  readonly email: string;
  readonly name: string | null;
  readonly operator: number;
  readonly created_at: UnixMs;
  readonly disabled_at: UnixMs | null;
  readonly must_change_password: number;
  readonly totp_confirmed_at: UnixMs | null;
  readonly break_glass: number;
}

const ACCOUNTS =
  "SELECT id, email, name, operator, created_at, disabled_at, must_change_password, totp_confirmed_at, break_glass FROM accounts";

/** Oldest first. */
export function listAccounts(
  reader: Reader,
  page: { readonly after: string | undefined; readonly email: string | undefined; readonly limit: number },
): Promise<ListedAccountRow[]> {
  const { after = "", email, limit } = page;
  if (email === undefined) return reader.all(`${ACCOUNTS} WHERE id > ? ORDER BY id LIMIT ?`, [after, limit]);
  return reader.all(`${ACCOUNTS} WHERE email = ? AND id > ? ORDER BY id LIMIT ?`, [email, after, limit]);
}

export const findListedAccount = (reader: Reader, id: Id<"acc">): Promise<ListedAccountRow | undefined> =>
  reader.get(`${ACCOUNTS} WHERE id = ?`, [id]);

/** Fails with a ConstraintError where somebody has the address. */
export const insertAccount = (
  writer: Writer,
  account: {
    readonly id: Id<"acc">;
    readonly email: string;
    readonly name: string | null;
    readonly passwordHash: string;
  },
): Promise<void> =>
  writer.insertMany({
    table: "accounts",
    columns: ["id", "email", "name", "password_hash", "operator", "created_at"],
    rows: [[account.id, account.email, account.name, account.passwordHash, 0, writer.now]],
  });

/** Those who can sign in. They stay as they are until the commit. */
export async function lockOperators(writer: Writer): Promise<readonly Id<"acc">[]> {
  const operators = await writer.all<{ id: Id<"acc"> }>("SELECT id FROM accounts WHERE operator = 1 ORDER BY id");
  const locked = await writer.lockMany<{ id: Id<"acc">; operator: number; disabled_at: UnixMs | null }>({
    table: "accounts",
    columns: ["id", "operator", "disabled_at"],
    keyColumns: ["id"],
    keys: operators.map(({ id }) => [id]),
  });
  return locked.filter(({ operator, disabled_at }) => operator === 1 && disabled_at === null).map(({ id }) => id);
}

export const putOperator = (writer: Writer, id: Id<"acc">, isOperator: boolean): Promise<number> =>
  writer.run("UPDATE accounts SET operator = ? WHERE id = ?", [isOperator ? 1 : 0, id]);

export const putDisabled = (writer: Writer, id: Id<"acc">, at: UnixMs | null): Promise<number> =>
  writer.run("UPDATE accounts SET disabled_at = ? WHERE id = ?", [at, id]);

export const putName = (writer: Writer, id: Id<"acc">, name: string | null): Promise<number> =>
  writer.run("UPDATE accounts SET name = ? WHERE id = ?", [name, id]);

/** Fails with a ConstraintError where somebody has the address. */
export const putEmail = (writer: Writer, id: Id<"acc">, email: string): Promise<number> =>
  writer.run("UPDATE accounts SET email = ? WHERE id = ?", [email, id]);
