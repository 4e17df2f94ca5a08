import { afterEach, describe, expect, test } from "bun:test";
import { type Received, startReceiver } from "../../../../tests/support/receiver.ts";
import { createTestWebhooks, type TestWebhooks, until } from "../../../../tests/support/webhooks.ts";
import { addMs, DAY, HOUR, SECOND, type UnixMs } from "../../../kernel/units.ts";
import { HourBook } from "./hours.ts";
import { reportInstance } from "./instance.ts";
import { purgeHours } from "./store.ts";
import { hourOf } from "./tally.ts";

let room: TestWebhooks;
const receivers: { stop(): void }[] = [];
afterEach(async () => {
  await room?.close();
  for (const receiver of receivers.splice(0)) receiver.stop();
});

/** A receiver whose answer can be changed. */
function receiver(status: number) {
  const state = { status };
  const made = startReceiver((_request: Received) => new Response("", { status: state.status }));
  receivers.push(made);
  const answer = (next: number): void => {
    state.status = next;
  };
  return { url: made.url, answer };
}

const settled = (attempts: number) =>
  until(async () => {
    const [row] = await room.rows("SELECT COUNT(*) AS n FROM attempts WHERE verdict <> 'open'");
    return row?.n === attempts;
  });

async function send(count: number, done: number): Promise<void> {
  for (let index = 0; index < count; index++) await room.announce();
  await settled(done);
}

/** Without all that falls due on the way. */
const later = (ms: number): void => room.context.clock.set(room.context.clock.now() + ms);

const health = async (id: string) => (await room.call("GET", `/v1/webhooks/${id}/health`)).body;
const overview = async (query = "") => (await room.call("GET", `/v1/webhooks/health${query}`)).body;

describe("the report of a subscription", () => {
  test("where nothing was sent says so, and has no rates", async () => {
    room = await createTestWebhooks();
    const id = await room.subscribe({ endpoint: receiver(200).url });
    expect(await health(id)).toMatchObject({
      subscriptionId: id,
      state: "idle",
      needsYou: false,
      text: "Nothing was sent to it lately.",
      advice: null,
      lost: 0,
      recentFailures: [],
      waiting: { count: 0, retries: 0, oldestCreatedAt: null, oldestAge: null, nextDueAt: null },
      windows: { "1h": { attempts: 0, successRate: null, deliveryRate: null, p95Ms: null, slowestMs: null } },
    });
  });

  test("counts attempts and deliveries apart, over an hour, a day and a week", async () => {
    room = await createTestWebhooks();
    const { url, answer } = receiver(200);
    const id = await room.subscribe({ endpoint: url, retryDelays: [] });
    await send(3, 3);
    answer(503);
    await send(1, 4);
    expect((await health(id)).windows["1h"]).toMatchObject({
      since: "2026-11-20T17:00:00.000Z",
      attempts: 4,
      delivered: 3,
      failed: 1,
      successRate: 0.75,
      firstTimeRate: 0.75,
      deliveryRate: 0.75,
      exhausted: 1,
    });
    later(2 * HOUR);
    const after = await health(id);
    expect([after.windows["1h"].attempts, after.windows["24h"].attempts]).toEqual([0, 4]);
    later(2 * DAY);
    const muchLater = await health(id);
    expect([muchLater.windows["24h"].attempts, muchLater.windows["7d"].attempts]).toEqual([0, 4]);
    expect(muchLater).toMatchObject({ state: "losing", lost: 1, needsYou: true });
  });

  test("says that the receiver refuses the signature, and what to do", async () => {
    room = await createTestWebhooks();
    const id = await room.subscribe({ endpoint: receiver(401).url });
    await send(4, 4);
    const report = await health(id);
    expect(report).toMatchObject({
      state: "failing",
      needsYou: true,
      text: "Failing since 18:04 UTC, 4 times in a row: it refuses the signature (401).",
      advice: `Check that it verifies the raw body, with the current secret. Then POST /v1/webhooks/${id}/recover.`,
      lost: 4,
      failuresInRow: 4,
    });
    expect(report.recentFailures).toMatchObject([
      { cause: "signature", count: 4, status: 401, message: "answered 401", attempt: 1, subscriptionId: id },
    ]);
    const { deliveryId } = report.recentFailures[0];
    expect((await room.call("GET", `/v1/deliveries/${deliveryId}`)).body.attempts[0].response.status).toBe(401);
  });

  test("says until when it is paused and why, and what waits for what", async () => {
    room = await createTestWebhooks();
    const { url } = receiver(503);
    const id = await room.subscribe({ endpoint: url, pauseAfter: 1, pauseFor: "6h" });
    await send(1, 1);
    await room.announce();
    expect(await health(id)).toMatchObject({
      status: "paused",
      state: "paused",
      text: "Paused until 21 November, 00:04 UTC: it is not available (503).",
      advice: "Check that it runs; it is tried again by itself.",
      pausedUntil: "2026-11-21T00:04:00.000Z",
      waiting: {
        count: 2,
        retries: 1,
        byReason: { retry: 0, pause: 2, rateLimit: 0, slot: 0, proxy: 0, acknowledgement: 0 },
        oldestCreatedAt: "2026-11-20T18:04:00.000Z",
        oldestAge: 0,
        nextDueAt: null,
      },
    });
  });

  test("tells a retry from what is held, and when it is due", async () => {
    room = await createTestWebhooks();
    const id = await room.subscribe({ endpoint: receiver(500).url });
    await send(1, 1);
    await room.context.clock.advance(30 * SECOND);
    expect((await health(id)).waiting).toMatchObject({
      count: 1,
      retries: 1,
      byReason: { retry: 1, slot: 0 },
      oldestAge: 30,
      nextDueAt: "2026-11-20T18:05:00.000Z",
    });
  });

  test("a subscription that answered 410 is switched off, with the way back", async () => {
    room = await createTestWebhooks();
    const id = await room.subscribe({ endpoint: receiver(410).url });
    await send(1, 1);
    const report = await health(id);
    expect(report).toMatchObject({ state: "disabled", text: "Switched off: the endpoint answered 410 Gone." });
    expect(report.advice).toContain(`POST /v1/webhooks/${id}/resume`);
    expect(report.recentFailures).toMatchObject([{ cause: "gone", count: 1 }]);
  });

  test("one that a person paused needs nobody", async () => {
    room = await createTestWebhooks();
    const id = await room.subscribe({ endpoint: receiver(200).url });
    await room.call("PATCH", `/v1/webhooks/${id}`, { body: { active: false } });
    expect(await health(id)).toMatchObject({ state: "held", needsYou: false, pausedUntil: null });
    expect(await overview()).toMatchObject({
      headline: "All well at the one endpoint",
      endpoints: { paused: 1, held: 1 },
    });
  });

  test("what was recovered is lost no more", async () => {
    room = await createTestWebhooks();
    const { url, answer } = receiver(404);
    const id = await room.subscribe({ endpoint: url });
    await send(1, 1);
    expect(await health(id)).toMatchObject({ state: "losing", lost: 1 });
    answer(200);
    const { id: delivery } = await room.delivery("status = 'failed'");
    await room.call("POST", `/v1/deliveries/${delivery}/replay`);
    await settled(2);
    expect(await health(id)).toMatchObject({ state: "well", text: "All well.", lost: 0 });
  });

  test("what is pulled counts when it is acknowledged, and takes no time", async () => {
    room = await createTestWebhooks();
    const id = await room.subscribe({ mode: "pull", secret: undefined });
    await room.announce();
    const { body } = await room.call("GET", `/v1/webhooks/${id}/pull`);
    expect((await health(id)).waiting).toMatchObject({ count: 1, byReason: { acknowledgement: 1 } });
    await room.call("POST", `/v1/webhooks/${id}/ack`, { body: { deliveries: [body.deliveries[0].id] } });
    expect((await health(id)).windows["1h"]).toMatchObject({
      delivered: 1,
      successRate: 1,
      averageMs: null,
      p95Ms: null,
    });
  });

  test("is not there for another environment, nor for what is no id", async () => {
    room = await createTestWebhooks();
    const id = await room.subscribe({ endpoint: receiver(200).url });
    const key = room.server.keyFor(room.workspace.principal("test"));
    expect((await room.call("GET", `/v1/webhooks/${id}/health`, { key })).status).toBe(404);
    expect((await room.call("GET", "/v1/webhooks/nothing/health")).status).toBe(404);
    expect((await room.call("GET", "/v1/webhooks/health", { key })).body).toMatchObject({
      headline: "No endpoints yet",
      endpoints: { total: 0 },
      data: [],
    });
  });
});

describe("the report of an environment", () => {
  test("says who needs a person, the worst first, and pages through every endpoint", async () => {
    room = await createTestWebhooks();
    const gone = await room.subscribe({ endpoint: receiver(410).url });
    const well = await room.subscribe({ endpoint: receiver(200).url });
    const refusing = await room.subscribe({ endpoint: receiver(401).url });
    await send(1, 3);
    const report = await overview("?limit=2");
    expect(report).toMatchObject({
      headline: "2 of 3 endpoints need you",
      endpoints: { total: 3, active: 2, paused: 0, disabled: 1, held: 0, pull: 0, needingYou: 2 },
      windows: { "24h": { attempts: 3, delivered: 1, failed: 2, successRate: 0.3333 } },
      digest: { last: null, nextAt: null },
    });
    expect(report.needYou.map((one: { subscriptionId: string }) => one.subscriptionId)).toEqual([gone, refusing]);
    expect(report.recentFailures.map((one: { cause: string }) => one.cause).sort()).toEqual(["gone", "signature"]);
    expect(report.data.map((one: { subscriptionId: string }) => one.subscriptionId)).toEqual([refusing, well]);
    const rest = await overview(`?limit=2&after=${report.next}`);
    expect(rest.data.map((one: { subscriptionId: string }) => one.subscriptionId)).toEqual([gone]);
    expect(rest.next).toBeNull();
  });

  test("many that a person paused while they failed hide none that needs somebody, and all in trouble are counted", async () => {
    room = await createTestWebhooks();
    const url = receiver(200).url;
    for (let index = 0; index < 102; index++) await room.subscribe({ endpoint: url });
    const change = (sql: string) => room.context.database.write((writer) => writer.run(sql));
    const newest = "(SELECT id FROM subscriptions ORDER BY id DESC LIMIT 1)";
    await change("UPDATE subscription_health SET failures_in_row = 9, failing_since = 1");
    await change("UPDATE subscriptions SET status = 'paused'");
    await change(`UPDATE subscriptions SET status = 'disabled', reason = 'answered 410' WHERE id = ${newest}`);
    expect((await overview()).headline).toBe("1 of 102 endpoints needs you");
    expect((await reportInstance(room.webhooks.room, undefined)).troubledCount).toBe(1);
    await change("UPDATE subscriptions SET status = 'active'");
    expect((await overview()).headline).toBe("102 of 102 endpoints need you");
    const instance = await reportInstance(room.webhooks.room, undefined);
    expect([instance.troubled.length, instance.troubledCount]).toEqual([50, 102]);
  });

  test("leaves out what tells how deliveries fare, which counts for its own subscription", async () => {
    room = await createTestWebhooks();
    const told = await room.subscribe({ endpoint: receiver(200).url, events: ["delivery.exhausted"] });
    await room.subscribe({ endpoint: receiver(404).url });
    await send(1, 2);
    expect((await overview()).windows["24h"]).toMatchObject({ attempts: 1, failed: 1 });
    expect((await health(told)).windows["24h"]).toMatchObject({ attempts: 1, delivered: 1 });
  });

  test("a clock that is set forward while somebody is waited for makes no attempt longer than its time-out", async () => {
    room = await createTestWebhooks();
    const jumping = startReceiver(() => {
      room.context.clock.set(room.context.clock.now() + 3_600_000);
      return new Response();
    });
    receivers.push(jumping);
    const id = await room.subscribe({ endpoint: jumping.url });
    await send(1, 1);
    const { slowestMs, averageMs } = (await health(id)).windows["24h"];
    expect([slowestMs, averageMs]).toEqual([10_000, 10_000]);
  });

  test("an attempt that was cut off counts for nobody", async () => {
    room = await createTestWebhooks();
    const hanging = startReceiver(() => Bun.sleep(60_000).then(() => new Response()));
    receivers.push(hanging);
    const id = await room.subscribe({ endpoint: hanging.url });
    await room.announce();
    await hanging.arrived(1);
    await room.webhooks.feature.stop?.(AbortSignal.abort());
    expect((await health(id)).windows["24h"].attempts).toBe(0);
  });

  test("an answer of no credential or without the scope is a refusal", async () => {
    room = await createTestWebhooks();
    expect((await room.server.call("GET", "/v1/webhooks/health")).status).toBe(401);
    const key = room.server.keyFor(room.workspace.principal("live", { scopes: new Set(["events:write"]) }));
    expect((await room.call("GET", "/v1/webhooks/health", { key })).status).toBe(403);
    expect((await room.call("GET", "/v1/webhooks/health?limit=0")).status).toBe(422);
  });
});

test("what was taken back is not counted, and what is counted outlives the memory of it", async () => {
  room = await createTestWebhooks();
  const place = { subscriptionId: room.context.ids.next("sub"), environmentId: room.workspace.live };
  const book = new HourBook(room.context);
  const note = (own: HourBook, fails: boolean) =>
    room.context.database.write(async (writer) => {
      await own.noteAcknowledged(writer, place, [{ id: room.context.ids.next("dlv"), attempts: 1 }]);
      if (fails) throw new Error("taken back");
    });
  await note(book, false);
  await expect(note(book, true)).rejects.toThrow("taken back");
  await note(book, false);
  // Another life of the process remembers nothing and goes on.
  await note(new HourBook(room.context), false);
  expect(await room.rows("SELECT subject, delivered FROM delivery_hours ORDER BY subject")).toEqual([
    { subject: place.environmentId, delivered: 3 },
    { subject: place.subscriptionId, delivered: 3 },
  ]);
});

test("hours are taken away by their age", async () => {
  room = await createTestWebhooks();
  await room.subscribe({ endpoint: receiver(200).url });
  await send(1, 1);
  const hour = hourOf(room.context.clock.now());
  const purge = (before: UnixMs) => room.context.database.write((writer) => purgeHours(writer, before, 500));
  expect(await purge(hour)).toBe(0);
  expect(await purge(addMs(hour, 1))).toBe(2);
  expect(await room.rows("SELECT subject FROM delivery_hours")).toEqual([]);
});
