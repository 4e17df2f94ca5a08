import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { createTestWebhooks, type TestWebhooks } from "../../../tests/support/webhooks.ts";
import { type ClaimedJob, claimJobs } from "../../jobs/store.ts";
import { announce } from "../../journal/outbox.ts";
import type { Id } from "../../kernel/ids.ts";
import { EXPANDED_AT_ONCE_MAX } from "./fan-out.ts";
import { createSubscription } from "./subscriptions/create.ts";

let hatch: TestWebhooks;
beforeEach(async () => {
  hatch = await createTestWebhooks({ start: false });
});
afterEach(() => hatch.close());

const endpoint = "http://127.0.0.1:8099/";
const subscribers = async () =>
  (await hatch.rows("SELECT subscription_id FROM deliveries ORDER BY subscription_id")).map(
    (row) => row.subscription_id,
  );

async function subscribeMany(count: number): Promise<Id<"sub">[]> {
  const ids: Id<"sub">[] = [];
  for (let index = 0; index < count; index++) {
    const { room } = hatch.webhooks;
    const input = { mode: "pull" as const, events: ["points.earned"] };
    ids.push((await createSubscription(room, hatch.principal, input)).id);
  }
  return ids;
}

/** Runs what waits of the room's jobs, as the scheduler would. */
async function runJobs(signal = new AbortController().signal): Promise<readonly string[]> {
  const jobs = hatch.webhooks.feature.jobs ?? [];
  const claimed: ClaimedJob[] = await hatch.context.database.write((writer) =>
    claimJobs(writer, { kinds: jobs.map(({ kind }) => kind), limit: 10, claimant: "test" }),
  );
  const outcomes: string[] = [];
  for (const job of claimed) {
    const definition = jobs.find(({ kind }) => kind === job.kind)!;
    outcomes.push((await definition.run(hatch.context, { ...job, signal, checkpoint: async () => {} })).kind);
  }
  return outcomes;
}

describe("matching", () => {
  test("where no subscription wants a type, no row is written", async () => {
    await hatch.subscribe({ endpoint, events: ["level.changed"] });
    expect(await hatch.announce("points.earned")).toBeUndefined();
    expect(await hatch.rows("SELECT id FROM outbound_events")).toEqual([]);
  });

  test("by name, by family, by star; the operations family only by name", async () => {
    const byName = await hatch.subscribe({ endpoint, events: ["points.earned"] });
    const byFamily = await hatch.subscribe({ endpoint, events: ["points.*"] });
    const byStar = await hatch.subscribe({ endpoint, events: ["*"] });
    const operations = await hatch.subscribe({ endpoint, events: ["subscription.disabled"] });
    await hatch.announce("points.earned");
    expect(await subscribers()).toEqual([byName, byFamily, byStar].sort());
    await hatch.announce("subscription.disabled");
    expect(await hatch.rows("SELECT subscription_id FROM deliveries WHERE event = 'subscription.disabled'")).toEqual([
      { subscription_id: operations },
    ]);
  });

  test("a customer's own forwarded type by its exact name or by star", async () => {
    const exact = await hatch.subscribe({ endpoint, events: ["Lesson Completed"] });
    const star = await hatch.subscribe({ endpoint, events: ["*"] });
    await hatch.subscribe({ endpoint, events: ["lesson_completed"] });
    await hatch.announce("Lesson Completed");
    expect(await subscribers()).toEqual([exact, star].sort());
  });

  test("never across environments", async () => {
    await hatch.subscribe({ endpoint, events: ["*"] });
    const test = hatch.workspace.test;
    const written = await hatch.context.database.write((writer) =>
      announce(hatch.context, writer, [{ environmentId: test, type: "points.earned", data: {} }]),
    );
    expect(written).toEqual([]);
  });

  test("a paused one's deliveries wait, a disabled one's are written down as skipped", async () => {
    const paused = await hatch.subscribe({ endpoint });
    const disabled = await hatch.subscribe({ endpoint });
    await hatch.call("PATCH", `/v1/webhooks/${paused}`, { body: { active: false } });
    await hatch.context.database.write(async (writer) => {
      await writer.run("UPDATE subscriptions SET status = 'disabled' WHERE id = ?", [disabled]);
      hatch.webhooks.room.directory.forget(hatch.principal.environmentId, disabled);
    });
    await hatch.announce();
    expect(await hatch.rows("SELECT subscription_id, status, reason FROM deliveries ORDER BY id")).toEqual([
      { subscription_id: paused, status: "pending", reason: null },
      { subscription_id: disabled, status: "skipped", reason: "the subscription is disabled" },
    ]);
  });

  test("what a rolled-back change made is forgotten", async () => {
    const { room } = hatch.webhooks;
    const { environmentId } = hatch.principal;
    const failing = hatch.context.database.write(async (writer) => {
      await writer.run(
        "INSERT INTO subscriptions (id, workspace_id, environment_id, environment_kind, owner_key_id, mode, endpoint, events, status, probes, created_at, updated_at) SELECT 'sub_ghost', workspace_id, environment_id, environment_kind, owner_key_id, mode, endpoint, events, status, probes, created_at, updated_at FROM subscriptions",
      );
      room.directory.forget(environmentId, "sub_ghost");
      await announce(hatch.context, writer, [{ environmentId, type: "points.earned", data: {} }]);
      throw new Error("taken back");
    });
    await expect(failing).rejects.toThrow("taken back");
    await hatch.subscribe({ endpoint });
    await hatch.announce();
    expect(await subscribers()).toHaveLength(1);
    expect(await hatch.rows("SELECT id FROM outbound_events")).toHaveLength(1);
  });
});

describe("very many subscriptions", () => {
  test("up to a hundred are written with the event, more by a job, each once", async () => {
    const ids = await subscribeMany(EXPANDED_AT_ONCE_MAX);
    await hatch.announce();
    expect(await subscribers()).toEqual(ids);
    ids.push(...(await subscribeMany(1)));
    const eventId = await hatch.announce();
    expect(await subscribers()).toHaveLength(EXPANDED_AT_ONCE_MAX);
    expect(await runJobs()).toEqual(["done"]);
    const rows = await hatch.rows(
      `SELECT subscription_id, status FROM deliveries WHERE outbound_event_id = '${eventId}' ORDER BY subscription_id`,
    );
    expect(rows.map((row) => row.subscription_id)).toEqual(ids);
    expect(rows.every((row) => row.status === "pending")).toBe(true);
  });

  test("matched as of the event's commit: neither who came later nor who changed meanwhile makes a difference", async () => {
    const ids = await subscribeMany(EXPANDED_AT_ONCE_MAX + 1);
    await hatch.announce();
    await subscribeMany(1);
    await hatch.call("PATCH", `/v1/webhooks/${ids[0]}`, { body: { events: ["level.changed"] } });
    await hatch.call("DELETE", `/v1/webhooks/${ids[1]}`);
    await runJobs();
    expect(await subscribers()).toEqual(ids);
    expect(await hatch.rows(`SELECT status, reason FROM deliveries WHERE subscription_id = '${ids[1]}'`)).toEqual([
      { status: "canceled", reason: "the subscription was deleted" },
    ]);
  });

  test("a job that is cut off and run again writes no delivery twice", async () => {
    const ids = await subscribeMany(EXPANDED_AT_ONCE_MAX + 1);
    await hatch.announce();
    expect(await runJobs(AbortSignal.abort())).toEqual(["snooze"]);
    await hatch.context.database.write((writer) => writer.run("UPDATE jobs SET status = 'waiting'"));
    await runJobs();
    await hatch.context.database.write((writer) => writer.run("UPDATE jobs SET status = 'waiting'"));
    await runJobs();
    expect(await subscribers()).toEqual(ids);
  });
});
