import type { Reader, Writer } from "../../../database/database.ts";
import type { Id } from "../../../kernel/ids.ts";
import type { EnvironmentKind } from "../../../kernel/principal.ts";
import type { Role } from "../../../kernel/roles.ts";
import type { UnixMs } from "../../../kernel/units.ts";

export interface SessionRow {
  readonly id: Id<"ses">;
  readonly account_id: Id<"acc">;
  readonly method: "password" | "oidc" | "recovery";
  readonly factor: number;
  readonly device: string | null;
  readonly address: string | null;
  readonly created_at: UnixMs;
  readonly last_seen_at: UnixMs;
  readonly expires_at: UnixMs;
}

const COLUMNS = "id, account_id, method, factor, device, address, created_at, last_seen_at, expires_at";

export const insertSession = (
  writer: Writer,
  session: Omit<SessionRow, "created_at" | "last_seen_at"> & {
    readonly refresh_hash: string;
    readonly account_epoch: number;
  },
): Promise<void> =>
  writer.insertMany({
    table: "sessions",
    columns: [
      "id",
      "account_id",
      "refresh_hash",
      "account_epoch",
      "method",
      "factor",
      "device",
      "address",
      "created_at",
      "last_seen_at",
      "expires_at",
    ],
    rows: [
      [
        session.id,
        session.account_id,
        session.refresh_hash,
        session.account_epoch,
        session.method,
        session.factor,
        session.device,
        session.address,
        writer.now,
        writer.now,
        session.expires_at,
      ],
    ],
  });

/** A session that is in force, with its account; undefined for one that ended, by whatever. */
export const findLiveSession = (
  reader: Reader,
  id: Id<"ses">,
  now: UnixMs,
): Promise<
  | (SessionRow & { readonly email: string; readonly operator: number; readonly must_change_password: number })
  | undefined
> =>
  reader.get(
    `SELECT ${COLUMNS.split(", ")
      .map((column) => `s.${column}`)
      .join(", ")}, a.email, a.operator, a.must_change_password
     FROM sessions s JOIN accounts a ON a.id = s.account_id
     WHERE s.id = ? AND s.ended_at IS NULL AND s.expires_at > ? AND a.disabled_at IS NULL AND a.epoch = s.account_epoch`,
    [id, now],
  );

export interface RefreshRow {
  readonly id: Id<"ses">;
  readonly account_id: Id<"acc">;
  readonly refresh_hash: string;
  readonly refreshed_at: UnixMs | null;
}

/** The session whose newest refresh token, or the one before it, has this hash. */
export const findSessionOfRefresh = (reader: Reader, hash: string): Promise<RefreshRow | undefined> =>
  reader.get(
    `SELECT id, account_id, refresh_hash, refreshed_at FROM sessions
     WHERE ended_at IS NULL AND (refresh_hash = ? OR previous_refresh_hash = ?)`,
    [hash, hash],
  );

/** @returns 0 where another request was first */
export const renewSession = (
  writer: Writer,
  session: {
    readonly id: Id<"ses">;
    readonly oldHash: string;
    readonly newHash: string;
    readonly address: string | null;
    readonly expiresAt: UnixMs;
  },
): Promise<number> =>
  writer.run(
    `UPDATE sessions SET refresh_hash = ?, previous_refresh_hash = ?, refreshed_at = ?, last_seen_at = ?, address = ?, expires_at = ?
     WHERE id = ? AND refresh_hash = ?`,
    [
      session.newHash,
      session.oldHash,
      writer.now,
      writer.now,
      session.address,
      session.expiresAt,
      session.id,
      session.oldHash,
    ],
  );

/** Those in force, newest first. */
export const listSessions = (reader: Reader, accountId: Id<"acc">, now: UnixMs): Promise<SessionRow[]> =>
  reader.all(
    `SELECT ${COLUMNS} FROM sessions WHERE account_id = ? AND ended_at IS NULL AND expires_at > ?
     AND account_epoch = (SELECT epoch FROM accounts WHERE id = ?) ORDER BY id DESC LIMIT 200`,
    [accountId, now, accountId],
  );

export const endSession = (writer: Writer, accountId: Id<"acc">, id: Id<"ses">, reason: string): Promise<number> =>
  writer.run("UPDATE sessions SET ended_at = ?, end_reason = ? WHERE account_id = ? AND id = ? AND ended_at IS NULL", [
    writer.now,
    reason,
    accountId,
    id,
  ]);

/** Ends every session that began under the password, role or factor before; one may go on. */
export async function moveEpoch(
  writer: Writer,
  accountId: Id<"acc">,
  keep: Id<"ses"> | undefined,
  now: { readonly factor?: boolean } = {},
): Promise<void> {
  await writer.run("UPDATE accounts SET epoch = epoch + 1 WHERE id = ?", [accountId]);
  if (keep === undefined) return;
  await writer.run(
    "UPDATE sessions SET account_epoch = (SELECT epoch FROM accounts WHERE id = ?) WHERE account_id = ? AND id = ?",
    [accountId, accountId, keep],
  );
  if (now.factor === undefined) return;
  await writer.run("UPDATE sessions SET factor = ? WHERE account_id = ? AND id = ?", [
    now.factor ? 1 : 0,
    accountId,
    keep,
  ]);
}

/** All of an account but one that is kept. */
export const endSessions = (
  writer: Writer,
  accountId: Id<"acc">,
  reason: string,
  keep: Id<"ses"> | undefined,
): Promise<number> =>
  writer.run("UPDATE sessions SET ended_at = ?, end_reason = ? WHERE account_id = ? AND id <> ? AND ended_at IS NULL", [
    writer.now,
    reason,
    accountId,
    keep ?? "",
  ]);

export interface PlaceRow {
  readonly environment_id: Id<"env">;
  readonly kind: EnvironmentKind;
  readonly workspace_id: Id<"ws">;
  readonly workspace_name: string;
  readonly role: Role;
  readonly live_role: Role | null;
  /** The roles that must have a second factor, parted by commas. */
  readonly factor_roles: string;
  /** Why nobody enters it for now; null where they do. */
  readonly suspended_reason: string | null;
}

/** Every environment that the account belongs to, those of a suspended workspace too; none of a deleted one. */
export const listPlaces = (reader: Reader, accountId: Id<"acc">): Promise<PlaceRow[]> =>
  reader.all(
    `SELECT e.id AS environment_id, e.kind, e.workspace_id, w.name AS workspace_name, m.role, m.live_role, w.factor_roles,
            w.suspended_reason
     FROM memberships m JOIN workspaces w ON w.id = m.workspace_id JOIN environments e ON e.workspace_id = w.id
     WHERE m.account_id = ? AND w.deleted_at IS NULL`,
    [accountId],
  );

export interface ImpersonationRow {
  readonly id: string;
  readonly account_id: Id<"acc">;
  /** Of whom they act as. */
  readonly email: string;
  readonly read_only: number;
  readonly ends_at: UnixMs;
}

export const findImpersonation = (
  reader: Reader,
  sessionId: Id<"ses">,
  now: UnixMs,
): Promise<ImpersonationRow | undefined> =>
  reader.get(
    `SELECT i.id, i.account_id, a.email, i.read_only, i.ends_at FROM impersonations i JOIN accounts a ON a.id = i.account_id
     WHERE i.session_id = ? AND i.ended_at IS NULL AND i.ends_at > ? ORDER BY i.started_at DESC LIMIT 1`,
    [sessionId, now],
  );
