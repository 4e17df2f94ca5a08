import type { Reader, Writer } from "../../../database/database.ts";
import type { Id } from "../../../kernel/ids.ts";
import type { UnixMs } from "../../../kernel/units.ts";

export interface LinkRow {
  readonly token_hash: string;
  readonly kind: string;
  readonly account_id: Id<"acc">;
  readonly email: string | null;
  readonly expires_at: UnixMs;
  readonly used_at: UnixMs | null;
}

export const insertLink = (writer: Writer, link: Omit<LinkRow, "used_at">): Promise<void> =>
  writer.insertMany({
    table: "account_links",
    columns: ["token_hash", "kind", "account_id", "email", "created_at", "expires_at", "used_at"],
    rows: [[link.token_hash, link.kind, link.account_id, link.email, writer.now, link.expires_at, null]],
  });

export const findLink = (reader: Reader, hash: string): Promise<LinkRow | undefined> =>
  reader.get(
    "SELECT token_hash, kind, account_id, email, expires_at, used_at FROM account_links WHERE token_hash = ?",
    [hash],
  );

/** The newest of a kind: an earlier one is no good any more. */
export const findLinkOf = (reader: Reader, accountId: Id<"acc">, kind: string): Promise<LinkRow | undefined> =>
  reader.get(
    `SELECT token_hash, kind, account_id, email, expires_at, used_at FROM account_links
     WHERE account_id = ? AND kind = ? ORDER BY created_at DESC LIMIT 1`,
    [accountId, kind],
  );

export const spendLink = (writer: Writer, hash: string): Promise<number> =>
  writer.run("UPDATE account_links SET used_at = ? WHERE token_hash = ?", [writer.now, hash]);

export const deleteLinks = (writer: Writer, accountId: Id<"acc">, kind: string): Promise<number> =>
  writer.run("DELETE FROM account_links WHERE account_id = ? AND kind = ?", [accountId, kind]);

export const purgeLinks = (writer: Writer, before: UnixMs, limit: number): Promise<number> =>
  writer.run(
    "DELETE FROM account_links WHERE token_hash IN (SELECT token_hash FROM account_links WHERE expires_at < ? ORDER BY expires_at LIMIT ?)",
    [before, limit],
  );

export const updatePassword = (
  writer: Writer,
  accountId: Id<"acc">,
  { hash, mustChange }: { readonly hash: string; readonly mustChange: boolean },
): Promise<number> =>
  writer.run("UPDATE accounts SET password_hash = ?, must_change_password = ?, password_changed_at = ? WHERE id = ?", [
    hash,
    mustChange ? 1 : 0,
    writer.now,
    accountId,
  ]);
