import type { Reader } from "../../../database/database.ts";
import type { UnixMs } from "../../../kernel/units.ts";

/** The origins of all publishable keys in force, each with the end of the key that works longest from there. */
export async function listKeyOrigins(reader: Reader, now: UnixMs): Promise<ReadonlyMap<string, number>> {
  const rows = await reader.all<{ origins: string | null; expires_at: UnixMs | null }>(
    `SELECT k.origins, k.expires_at FROM api_keys k JOIN environments e ON e.id = k.environment_id
     JOIN workspaces w ON w.id = e.workspace_id
     WHERE k.kind = 'publishable' AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > ?)
     AND w.suspended_at IS NULL AND w.deleted_at IS NULL`,
    [now],
  );
  const until = new Map<string, number>();
  for (const { origins, expires_at } of rows) {
    const end = expires_at ?? Number.POSITIVE_INFINITY;
    for (const origin of JSON.parse(origins ?? "[]") as string[]) {
      until.set(origin, Math.max(end, until.get(origin) ?? 0));
    }
  }
  return until;
}

/** The end of the token in force that is bound to this origin and lives longest; undefined where there is none. */
export async function findTokenOrigin(reader: Reader, origin: string, now: UnixMs): Promise<UnixMs | undefined> {
  const row = await reader.get<{ expires_at: UnixMs }>(
    `SELECT t.expires_at FROM widget_sessions t JOIN environments e ON e.id = t.environment_id
     JOIN workspaces w ON w.id = e.workspace_id
     WHERE t.origin = ? AND t.revoked_at IS NULL AND t.expires_at > ? AND w.suspended_at IS NULL AND w.deleted_at IS NULL
     ORDER BY t.expires_at DESC LIMIT 1`,
    [origin, now],
  );
  return row?.expires_at;
}
