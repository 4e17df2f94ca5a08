import type { Reader, Writer } from "../../../database/database.ts";
import type { Id } from "../../../kernel/ids.ts";
import type { EnvironmentKind, WidgetScope } from "../../../kernel/principal.ts";
import type { UnixMs } from "../../../kernel/units.ts";
import type { TokenKind, WidgetSession } from "./types.ts";

// What tokens are signed with.

export interface TokenKeyRow {
  readonly id: string;
  /** Sealed. */
  readonly secret: string;
  readonly retired_at: UnixMs | null;
}

/** Newest first. */
export const listTokenKeys = (reader: Reader): Promise<TokenKeyRow[]> =>
  reader.all("SELECT id, secret, retired_at FROM token_keys ORDER BY created_at DESC, id DESC");

export const insertTokenKey = (
  writer: Writer,
  { id, secret }: { readonly id: string; readonly secret: string },
): Promise<void> =>
  writer.insertMany({
    table: "token_keys",
    columns: ["id", "secret", "created_at", "retired_at"],
    rows: [[id, secret, writer.now, null]],
  });

export const retireTokenKeys = (writer: Writer): Promise<number> =>
  writer.run("UPDATE token_keys SET retired_at = ? WHERE retired_at IS NULL", [writer.now]);

export const purgeTokenKeys = (writer: Writer, retiredBefore: UnixMs): Promise<number> =>
  writer.run("DELETE FROM token_keys WHERE retired_at < ?", [retiredBefore]);

// The sessions of members' browsers.

interface SessionRow {
  readonly id: Id<"wst">;
  readonly environment_id: Id<"env">;
  readonly kind: TokenKind;
  readonly user_id: string;
  readonly scopes: string;
  readonly origin: string | null;
  readonly created_by: string;
  readonly created_at: UnixMs;
  readonly expires_at: UnixMs;
  readonly revoked_at: UnixMs | null;
}

const COLUMNS = [
  "id",
  "environment_id",
  "kind",
  "user_id",
  "scopes",
  "origin",
  "created_by",
  "created_at",
  "expires_at",
  "revoked_at",
] as const;
const COLUMN_LIST = COLUMNS.join(", ");

const fromRow = (row: SessionRow): WidgetSession => ({
  id: row.id,
  environmentId: row.environment_id,
  kind: row.kind,
  userId: row.user_id,
  scopes: JSON.parse(row.scopes) as WidgetScope[],
  origin: row.origin ?? undefined,
  createdBy: row.created_by,
  createdAt: row.created_at,
  expiresAt: row.expires_at,
  revokedAt: row.revoked_at ?? undefined,
});

export const insertWidgetSession = (writer: Writer, session: WidgetSession): Promise<void> =>
  writer.insertMany({
    table: "widget_sessions",
    columns: COLUMNS,
    rows: [
      [
        session.id,
        session.environmentId,
        session.kind,
        session.userId,
        JSON.stringify(session.scopes),
        session.origin ?? null,
        session.createdBy,
        session.createdAt,
        session.expiresAt,
        session.revokedAt ?? null,
      ],
    ],
  });

export async function findWidgetSession(
  reader: Reader,
  environmentId: Id<"env">,
  id: Id<"wst">,
): Promise<WidgetSession | undefined> {
  const row = await reader.get<SessionRow>(
    `SELECT ${COLUMN_LIST} FROM widget_sessions WHERE environment_id = ? AND id = ?`,
    [environmentId, id],
  );
  return row && fromRow(row);
}

/** A member's, newest first; those that are over too, while they are kept. */
export async function listWidgetSessions(
  reader: Reader,
  environmentId: Id<"env">,
  userId: string,
  page: { readonly before: string | undefined; readonly limit: number },
): Promise<WidgetSession[]> {
  const rows = await reader.all<SessionRow>(
    `SELECT ${COLUMN_LIST} FROM widget_sessions WHERE environment_id = ? AND user_id = ? AND id < ? ORDER BY id DESC LIMIT ?`,
    [environmentId, userId, page.before ?? "wst_~", page.limit],
  );
  return rows.map(fromRow);
}

export interface PlacedSession {
  readonly session: WidgetSession;
  readonly environmentKind: EnvironmentKind;
  readonly workspaceId: Id<"ws">;
  readonly isWorkspaceOpen: boolean;
}

/** The session that a token names, in whatever environment it is. */
export async function findSessionOfToken(reader: Reader, id: Id<"wst">): Promise<PlacedSession | undefined> {
  const row = await reader.get<
    SessionRow & { environment_kind: EnvironmentKind; workspace_id: Id<"ws">; closed_at: UnixMs | null }
  >(
    `SELECT ${COLUMNS.map((column) => `t.${column}`).join(", ")}, e.kind AS environment_kind, e.workspace_id,
            COALESCE(w.deleted_at, w.suspended_at) AS closed_at
     FROM widget_sessions t JOIN environments e ON e.id = t.environment_id JOIN workspaces w ON w.id = e.workspace_id
     WHERE t.id = ?`,
    [id],
  );
  if (!row) return undefined;
  return {
    session: fromRow(row),
    environmentKind: row.environment_kind,
    workspaceId: row.workspace_id,
    isWorkspaceOpen: row.closed_at === null,
  };
}

/** @returns 0 where it is over already */
export const revokeWidgetSession = (writer: Writer, environmentId: Id<"env">, id: Id<"wst">): Promise<number> =>
  writer.run("UPDATE widget_sessions SET revoked_at = ? WHERE environment_id = ? AND id = ? AND revoked_at IS NULL", [
    writer.now,
    environmentId,
    id,
  ]);

/** The ids of a member's that are in force, newest first. */
export async function listLiveSessions(
  writer: Writer,
  environmentId: Id<"env">,
  userId: string,
  limit: number,
): Promise<readonly Id<"wst">[]> {
  const rows = await writer.all<{ id: Id<"wst"> }>(
    `SELECT id FROM widget_sessions
     WHERE environment_id = ? AND user_id = ? AND revoked_at IS NULL AND expires_at > ? ORDER BY id DESC LIMIT ?`,
    [environmentId, userId, writer.now, limit],
  );
  return rows.map(({ id }) => id);
}

/** All of a member's that are in force. @returns how many there were */
export const revokeSessionsOfMember = (writer: Writer, environmentId: Id<"env">, userId: string): Promise<number> =>
  writer.run(
    `UPDATE widget_sessions SET revoked_at = ?
     WHERE environment_id = ? AND user_id = ? AND revoked_at IS NULL AND expires_at > ?`,
    [writer.now, environmentId, userId, writer.now],
  );

export const purgeWidgetSessions = (writer: Writer, endedBefore: UnixMs, limit: number): Promise<number> =>
  writer.run("DELETE FROM widget_sessions WHERE id IN (SELECT id FROM widget_sessions WHERE expires_at < ? LIMIT ?)", [
    endedBefore,
    limit,
  ]);
