import type { Writer } from "../../../database/database.ts";
import type { Forget, GoneWorkspace } from "../../../jobs/retention.ts";
import type { Id } from "../../../kernel/ids.ts";
import { DAY, type UnixMs } from "../../../kernel/units.ts";

async function deleteKeys(writer: Writer, ids: readonly { readonly id: Id<"key"> }[]): Promise<number> {
  for (const { id } of ids) {
    await writer.run("DELETE FROM api_key_secrets WHERE key_id = ?", [id]);
    await writer.run("DELETE FROM api_keys WHERE id = ?", [id]);
  }
  return ids.length;
}

/** Found by two indexes, one after the other: an OR would look at every key. */
async function findEndedKeys(
  writer: Writer,
  { before, limit, condition }: { readonly before: UnixMs; readonly limit: number; readonly condition: string },
): Promise<{ readonly id: Id<"key"> }[]> {
  const revoked = await writer.all<{ id: Id<"key"> }>(
    `SELECT id FROM api_keys WHERE revoked_at IS NOT NULL AND revoked_at < ?${condition} ORDER BY revoked_at LIMIT ?`,
    [before, limit],
  );
  if (revoked.length === limit) return revoked;
  const ended = await writer.all<{ id: Id<"key"> }>(
    `SELECT id FROM api_keys WHERE expires_at IS NOT NULL AND expires_at < ? AND revoked_at IS NULL${condition} ORDER BY expires_at LIMIT ?`,
    [before, limit - revoked.length],
  );
  return [...revoked, ...ended];
}

/** Keys that are long over. What they made knows them by their ids. */
export const purgeKeys = async (writer: Writer, before: UnixMs, limit: number): Promise<number> =>
  deleteKeys(writer, await findEndedKeys(writer, { before, limit, condition: "" }));

/** Those that were made for one call of the command line. */
export const purgePassingKeys = async (writer: Writer, before: UnixMs, limit: number): Promise<number> =>
  deleteKeys(
    writer,
    await findEndedKeys(writer, {
      ...{ before, limit },
      condition: ` AND created_by = 'operator' AND expires_at - created_at <= ${DAY}`,
    }),
  );

export const purgeInvitations = (writer: Writer, before: UnixMs, limit: number): Promise<number> =>
  writer.run(
    "DELETE FROM invitations WHERE id IN (SELECT id FROM invitations WHERE expires_at < ? ORDER BY expires_at LIMIT ?)",
    [before, limit],
  );

export async function purgeSessions(writer: Writer, before: UnixMs, limit: number): Promise<number> {
  const rows = await writer.all<{ id: Id<"ses"> }>(
    "SELECT id FROM sessions WHERE expires_at < ? ORDER BY expires_at LIMIT ?",
    [before, limit],
  );
  for (const { id } of rows) {
    await writer.run("DELETE FROM oidc_sessions WHERE session_id = ?", [id]);
    await writer.run("DELETE FROM impersonations WHERE session_id = ?", [id]);
    await writer.run("DELETE FROM sessions WHERE id = ?", [id]);
  }
  return rows.length;
}

/** The workspace whose time of grace was over first. */
export async function findGoneWorkspace(writer: Writer, deletedBefore: UnixMs): Promise<GoneWorkspace | undefined> {
  const row = await writer.get<{ id: Id<"ws"> }>(
    "SELECT id FROM workspaces WHERE deleted_at IS NOT NULL AND deleted_at < ? ORDER BY deleted_at LIMIT 1",
    [deletedBefore],
  );
  if (!row) return undefined;
  const environments = await writer.all<{ id: Id<"env"> }>("SELECT id FROM environments WHERE workspace_id = ?", [
    row.id,
  ]);
  return { workspaceId: row.id, environmentIds: environments.map(({ id }) => id) };
}

const forgetKeys: Forget = async (writer, { environmentIds }, limit) => {
  let taken = 0;
  for (const environmentId of environmentIds) {
    const rows = await writer.all<{ id: Id<"key"> }>("SELECT id FROM api_keys WHERE environment_id = ? LIMIT ?", [
      environmentId,
      limit - taken,
    ]);
    taken += await deleteKeys(writer, rows);
  }
  return taken;
};

const forgetTokens: Forget = async (writer, { environmentIds }, limit) => {
  let taken = 0;
  for (const environmentId of environmentIds) {
    taken += await writer.run(
      "DELETE FROM widget_sessions WHERE id IN (SELECT id FROM widget_sessions WHERE environment_id = ? LIMIT ?)",
      [environmentId, limit - taken],
    );
  }
  return taken;
};

/** The workspace itself, when nothing refers to it any more. */
const forgetWorkspace: Forget = async (writer, { workspaceId }) => {
  for (const table of ["memberships", "invitations", "contacts", "environments"] as const) {
    await writer.run(`DELETE FROM ${table} WHERE workspace_id = ?`, [workspaceId]);
  }
  await writer.run("DELETE FROM workspaces WHERE id = ?", [workspaceId]);
  return 0;
};

export const ACCESS_FORGET: readonly Forget[] = [forgetKeys, forgetTokens, forgetWorkspace];
