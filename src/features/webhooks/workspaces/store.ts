import type { Reader } from "../../../database/database.ts";
import type { Id } from "../../../kernel/ids.ts";

interface Found {
  readonly id: Id<"sub">;
  readonly environment_id: Id<"env">;
}
interface Page {
  readonly after: string;
  readonly rows: number;
}

/** Subscriptions of a workspace that are not deleted, by their ids. */
export const listOfWorkspace = (reader: Reader, workspaceId: Id<"ws">, { after, rows }: Page): Promise<Found[]> =>
  reader.all(
    "SELECT id, environment_id FROM subscriptions WHERE workspace_id = ? AND deleted_at IS NULL AND id > ? ORDER BY id LIMIT ?",
    [workspaceId, after, rows],
  );
