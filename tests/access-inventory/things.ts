import type { SqlValue } from "../../src/database/database.ts";
import { bearer, bySession, type Person, type Tenant, type World } from "./world.ts";

type Row = Readonly<Record<string, SqlValue>>;

/** Stands in everything that is ours: whoever is answered with it has seen what is not theirs. */
export const MARK = "seen-by-nobody-else";

/** One real thing of ours for each parameter of a route, by the path up to it. */
export type Things = Readonly<Record<string, string>>;

/** Names that callers make up: the same one in another environment is another thing. */
export const OWN_NAMES: ReadonlySet<string> = new Set([
  "/v1/members/:userId",
  "/v1/events/:id",
  "/v1/event-types/:name",
  "/v1/contacts/:kind",
]);

export async function createThings({ ask, ours }: World, owner: Person, operator: Person): Promise<Things> {
  const key = bearer(ours.keys.test);
  const session = bySession(owner);
  const at = `?environment=${ours.environments.test}`;
  await ask("PUT", "/v1/event-types/lesson_completed", key, { description: MARK, forward: true });
  const pushed = await ask("POST", "/v1/webhooks", key, {
    endpoint: "https://hatch-test.invalid/hook",
    events: ["*"],
    description: MARK,
  });
  await ask("PUT", "/v1/members/user_42", key, { attributes: { mark: MARK } });
  const lesson = { id: "lesson-1", type: "lesson_completed", userId: "user_42", properties: { mark: MARK } };
  await ask("POST", "/v1/events", key, lesson);
  await ask("PATCH", `/v1/webhooks/${pushed.id}`, key, { active: false });
  const sent = await ask("POST", `/v1/webhooks/${pushed.id}/test`, key, { event: "level.changed" });
  // Paused, so that nothing of it moves by itself.
  const job = await ask("POST", `/v1/webhooks/${pushed.id}/recover`, key, { since: "2026-01-01T00:00:00Z" });
  await ask("POST", `/v1/jobs/${job.id}/pause`, key);
  const made = await ask("POST", "/v1/keys", key, { name: MARK });
  const token = await ask("POST", "/v1/widget-sessions", key, { userId: "user_42", scopes: ["progress:read"] });
  const invited = await ask("POST", `/v1/invitations${at}`, session, { email: `${MARK}@example.com`, role: "viewer" });
  await ask("PUT", `/v1/contacts/technical${at}`, session, {
    contacts: [{ email: `${MARK}@example.com`, name: MARK }],
  });
  return {
    "/v1/me/sessions/:id": owner.sessionId,
    "/v1/team/:id": owner.id,
    "/v1/invitations/:id": invited.id,
    "/v1/contacts/:kind": "technical",
    "/v1/widget-sessions/:id": token.id,
    "/v1/keys/:id": made.id,
    "/v1/members/:userId": "user_42",
    "/v1/events/:id": "lesson-1",
    "/v1/event-types/:name": "lesson_completed",
    "/v1/webhooks/:id": pushed.id,
    "/v1/deliveries/:id": sent.deliveryId,
    "/v1/outbound-events/:id": sent.outboundEventId,
    "/v1/jobs/:id": job.id,
    "/v1/accounts/:id": operator.id,
    "/v1/workspaces/:id": ours.workspaceId,
  };
}

/** Every row that says it belongs to the tenant, of every table. */
export async function dumpOf(
  { app }: World,
  { workspaceId, environments }: Tenant,
): Promise<Readonly<Record<string, readonly Row[]>>> {
  const places = [workspaceId, environments.live, environments.test];
  return app.context.database.read(async (reader) => {
    const tables = await reader.all<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table'");
    const rows: Record<string, readonly Row[]> = {};
    for (const { name } of tables) {
      const columns = await reader.all<{ name: string }>(`SELECT name FROM pragma_table_info('${name}')`);
      const place = columns
        .map((column) => column.name)
        .find((column) => /^(?:environment|workspace)_id$/.test(column));
      if (place === undefined) continue;
      rows[name] = await reader.all<Row>(`SELECT * FROM ${name} WHERE ${place} IN (?, ?, ?) ORDER BY rowid`, places);
    }
    return rows;
  });
}
