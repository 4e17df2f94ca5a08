import { afterEach, beforeEach, expect, test } from "bun:test";
import { type Receiver, startReceiver } from "../../../../tests/support/receiver.ts";
import { createTestWebhooks, type TestWebhooks, until } from "../../../../tests/support/webhooks.ts";
import { createFollowJob, type WorkspaceState } from "./follow.ts";

let hatch: TestWebhooks;
let receiver: Receiver;
let state: WorkspaceState;
beforeEach(async () => {
  receiver = startReceiver(() => new Response("thanks"));
  hatch = await createTestWebhooks();
  state = "open";
});
afterEach(async () => {
  await hatch.close();
  receiver.stop();
});

const follow = (signal = new AbortController().signal) =>
  createFollowJob(hatch.webhooks.room, async () => state).run(hatch.context, {
    id: hatch.context.ids.next("job"),
    ...{ environmentId: undefined, progress: undefined, failures: 0, signal },
    payload: { workspaceId: hatch.workspace.workspaceId },
    checkpoint: async () => {},
  });
const become = async (next: WorkspaceState) => {
  state = next;
  expect((await follow()).kind).toBe("done");
};
const standing = () => hatch.rows("SELECT status, reason, deleted_at FROM subscriptions ORDER BY id");

test("while a workspace is suspended what waits goes on waiting, and afterwards it goes out", async () => {
  await hatch.subscribe({ endpoint: receiver.url });
  const paused = await hatch.subscribe({ endpoint: receiver.url, events: ["level.changed"] });
  await hatch.call("PATCH", `/v1/webhooks/${paused}`, { body: { active: false } });
  await become("suspended");
  await hatch.announce();
  await hatch.context.clock.advance(60_000);
  expect(receiver.received).toHaveLength(0);
  expect((await hatch.delivery()).status).toBe("pending");
  expect((await standing()).map(({ status, reason }) => [status, reason])).toEqual([
    ["paused", "the workspace is suspended"],
    ["paused", "paused on request"],
  ]);
  await become("suspended");
  await become("open");
  await until(() => receiver.received.length === 1);
  // What a person had paused stays so.
  expect((await standing()).map(({ status }) => status)).toEqual(["active", "paused"]);
});

test("when a workspace is deleted what waits is canceled, and nothing more is sent", async () => {
  const id = await hatch.subscribe({ endpoint: receiver.url });
  await hatch.call("PATCH", `/v1/webhooks/${id}`, { body: { active: false } });
  await hatch.announce();
  await become("deleted");
  const row = await hatch.delivery();
  expect([row.status, row.reason]).toEqual(["canceled", "the subscription was deleted"]);
  expect((await standing())[0]?.deleted_at).not.toBeNull();
  expect(await hatch.rows("SELECT id FROM subscription_secrets")).toEqual([]);
  expect(await hatch.announce()).toBeUndefined();
  expect(receiver.received).toHaveLength(0);
});

test("a stop hands the work back, and a workspace of others is left alone", async () => {
  await hatch.subscribe({ endpoint: receiver.url });
  state = "deleted";
  expect((await follow(AbortSignal.abort())).kind).toBe("snooze");
  expect((await standing())[0]).toMatchObject({ status: "active", deleted_at: null });
  await hatch.context.database.write((writer) => writer.run("UPDATE subscriptions SET workspace_id = 'ws_other'"));
  await follow();
  expect((await standing())[0]).toMatchObject({ status: "active", deleted_at: null });
});
