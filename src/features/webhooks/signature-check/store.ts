import type { Reader } from "../../../database/database.ts";
import type { Id } from "../../../kernel/ids.ts";
import type { EnvironmentKind } from "../../../kernel/principal.ts";
import type { UnixMs } from "../../../kernel/units.ts";

export interface HeldSecretRow {
  readonly id: string;
  readonly subscription_id: Id<"sub">;
  readonly environment_kind: EnvironmentKind;
  readonly sealed: string;
  readonly created_at: UnixMs;
  readonly expires_at: UnixMs | null;
}

/** The secrets of an environment, subscription by subscription, page by page. */
export function listHeldSecrets(
  reader: Reader,
  environmentId: Id<"env">,
  page: { readonly after: Pick<HeldSecretRow, "subscription_id" | "id"> | undefined; readonly rows: number },
): Promise<HeldSecretRow[]> {
  const subscription = page.after?.subscription_id ?? "";
  return reader.all<HeldSecretRow>(
    `SELECT k.id AS id, k.subscription_id AS subscription_id, u.environment_kind AS environment_kind, k.sealed AS sealed,
       k.created_at AS created_at, k.expires_at AS expires_at
     FROM subscriptions u, subscription_secrets k
     WHERE u.environment_id = ? AND u.deleted_at IS NULL AND k.subscription_id = u.id
       AND u.id >= ? AND (u.id > ? OR k.id > ?)
     ORDER BY u.id, k.id LIMIT ?`,
    [environmentId, subscription, subscription, page.after?.id ?? "", page.rows],
  );
}

/** The other half of the workspace, if anything subscribes there. */
export async function findOtherHalf(
  reader: Reader,
  workspaceId: Id<"ws">,
  kind: EnvironmentKind,
): Promise<Id<"env"> | undefined> {
  const row = await reader.get<{ environment_id: Id<"env"> }>(
    "SELECT environment_id FROM subscriptions WHERE workspace_id = ? AND environment_kind <> ? AND deleted_at IS NULL LIMIT 1",
    [workspaceId, kind],
  );
  return row?.environment_id;
}
