import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { type Received, type Receiver, startReceiver } from "../../../../tests/support/receiver.ts";
import { createTestWebhooks, SECRET, type TestWebhooks, until } from "../../../../tests/support/webhooks.ts";
import { DAY, HOUR, MINUTE, SECOND } from "../../../kernel/units.ts";

let hatch: TestWebhooks;
let receiver: Receiver;
/** What the endpoint answers now. */
let code: number;

beforeEach(async () => {
  code = 503;
  receiver = startReceiver(() => new Response(null, { status: code }));
  hatch = await createTestWebhooks();
});
afterEach(async () => {
  await hatch.close();
  receiver.stop();
});

const show = async (id: string) => (await hatch.call("GET", `/v1/webhooks/${id}`)).body;
const paused = (id: string) => until(async () => (await show(id)).status === "paused" && show(id));

/** Turns the clock to a time, and on by seconds until what is asked for has come about. */
async function goOnFrom(at: number, ask: () => Promise<boolean> | boolean): Promise<void> {
  hatch.context.clock.set(at);
  await until(async () => {
    await hatch.context.clock.advance(SECOND);
    return ask();
  });
}

const idle = async (): Promise<boolean> =>
  (await hatch.rows("SELECT 1 FROM deliveries WHERE status = 'sending'")).length === 0;

/** Goes on until the time of the probe, and until its outcome is written down. */
async function probe(id: string): Promise<void> {
  const before = receiver.received.length;
  await goOnFrom(Date.parse((await show(id)).pausedUntil), async () => receiver.received.length > before && idle());
}

/** Announces one and waits until its first attempt has been written down. */
async function fail(count = 1): Promise<void> {
  for (let made = 0; made < count; made++) {
    const before = receiver.received.length;
    await hatch.announce();
    await receiver.arrived(before + 1);
    await until(idle);
  }
}

const told = async (): Promise<string[]> =>
  (await hatch.rows("SELECT type FROM outbound_events WHERE type NOT LIKE 'points%' ORDER BY id")).map(
    ({ type }) => type as string,
  );

/** Another endpoint of the same workspace that hears how deliveries fare. */
async function listen(): Promise<Receiver> {
  const ears = startReceiver();
  const events = ["subscription.paused", "subscription.recovered", "subscription.disabled", "subscription.failing"];
  const all = [...events, "delivery.exhausted"];
  const made = await hatch.call("POST", "/v1/webhooks", { body: { endpoint: ears.url, events: all, secret: SECRET } });
  expect(made.status).toBe(201);
  return ears;
}

const namesOf = (got: readonly Received[]): string[] => got.map(({ headers }) => headers.get("x-hatch-event") ?? "");

describe("an endpoint that keeps failing", () => {
  test("is left alone, says why and until when, and loses nothing that waits", async () => {
    const id = await hatch.subscribe({ endpoint: receiver.url });
    await fail(9);
    await hatch.context.clock.advance(30 * SECOND);
    expect((await show(id)).status).toBe("active");
    await fail();
    const view = await paused(id);
    expect(view.reason).toBe("10 failures in a row, the last one: answered 503");
    expect(Date.parse(view.pausedUntil) - hatch.context.clock.now()).toBe(MINUTE);
    const before = receiver.received.length;
    await hatch.announce();
    await hatch.context.clock.advance(50 * SECOND);
    expect(receiver.received.length).toBe(before);
    const waiting = await hatch.rows("SELECT failures FROM deliveries WHERE status = 'pending'");
    expect(waiting).toHaveLength(11);
  });

  test("is asked by one delivery at a time, later and later, which costs no retry", async () => {
    const id = await hatch.subscribe({ endpoint: receiver.url, pauseAfter: 1 });
    await fail();
    await paused(id);
    for (const step of [5 * MINUTE, 30 * MINUTE, 2 * HOUR, 6 * HOUR, 6 * HOUR]) {
      const before = receiver.received.length;
      const { pausedUntil } = await show(id);
      hatch.context.clock.set(Date.parse(pausedUntil) - 3 * SECOND);
      await hatch.context.clock.advance(2 * SECOND);
      expect(receiver.received.length).toBe(before);
      await probe(id);
      const next = Date.parse((await show(id)).pausedUntil) - Date.parse(pausedUntil);
      expect(next).toBeWithin(step, step + MINUTE);
      expect((await hatch.delivery()).failures).toBe(1);
    }
    expect(receiver.received).toHaveLength(6);
  });

  test("gets all that waited when a probe comes through", async () => {
    const id = await hatch.subscribe({ endpoint: receiver.url, pauseAfter: 1 });
    await fail();
    await paused(id);
    for (let index = 0; index < 20; index++) await hatch.announce();
    const before = receiver.received.length;
    code = 200;
    await probe(id);
    await receiver.arrived(before + 21);
    await until(async () => (await hatch.rows("SELECT 1 FROM deliveries WHERE status = 'delivered'")).length === 21);
    expect(await show(id)).toMatchObject({ status: "active", reason: null, pausedUntil: null });
    expect(new Set(receiver.received.slice(before).map(({ headers }) => headers.get("x-hatch-delivery"))).size).toBe(
      21,
    );
  });

  test("by a single failure for six hours, as the origin document has it", async () => {
    const id = await hatch.subscribe({ endpoint: receiver.url, pauseAfter: 1, pauseFor: "6h" });
    code = 200;
    await fail();
    code = 500;
    await fail();
    const view = await paused(id);
    expect(Date.parse(view.pausedUntil) - hatch.context.clock.now()).toBe(6 * HOUR);
  });

  test("waits for a person where a person paused it", async () => {
    const id = await hatch.subscribe({ endpoint: receiver.url });
    await hatch.call("PATCH", `/v1/webhooks/${id}`, { body: { active: false } });
    await hatch.announce();
    hatch.context.clock.set(hatch.context.clock.now() + DAY);
    await hatch.context.clock.advance(5 * SECOND);
    expect(receiver.received).toHaveLength(0);
    code = 200;
    await hatch.call("POST", `/v1/webhooks/${id}/resume`);
    await receiver.arrived(1);
  });

  test("begins anew when a person makes it go on: the next failure does not pause it", async () => {
    const id = await hatch.subscribe({ endpoint: receiver.url, pauseAfter: 3 });
    await fail(2);
    await hatch.context.clock.advance(40 * SECOND);
    await fail();
    await paused(id);
    const before = receiver.received.length;
    await hatch.call("POST", `/v1/webhooks/${id}/resume`);
    await fail();
    expect(receiver.received.length).toBeGreaterThan(before);
    expect((await show(id)).status).toBe("active");
  });

  test("is switched off after five days of failures only", async () => {
    const id = await hatch.subscribe({ endpoint: receiver.url, pauseAfter: 1, pauseFor: "24h" });
    await fail();
    await paused(id);
    for (let day = 0; day < 6 && (await show(id)).status === "paused"; day++) await probe(id);
    expect(await show(id)).toMatchObject({
      status: "disabled",
      reason: "5 days of failures only, the last one: answered 503",
    });
    expect(await hatch.delivery()).toMatchObject({ status: "skipped" });
  });
});

describe("what becomes of an endpoint", () => {
  test("is told to whoever asked to hear it, and never to itself", async () => {
    const ears = await listen();
    const events = ["points.earned", "subscription.paused", "subscription.failing", "subscription.recovered"];
    const id = await hatch.subscribe({ endpoint: receiver.url, events, pauseAfter: 5 });
    await fail(4);
    await hatch.context.clock.advance(MINUTE - SECOND);
    await fail();
    await paused(id);
    code = 200;
    await probe(id);
    const got = await ears.arrived(3);
    expect(namesOf(got).sort()).toEqual(["subscription.failing", "subscription.paused", "subscription.recovered"]);
    expect(
      JSON.parse(got.find(({ headers }) => headers.get("x-hatch-event") === "subscription.paused")?.body ?? "").data,
    ).toMatchObject({ subscriptionId: id, endpoint: receiver.url, failuresInRow: 5, lastFailure: "answered 503" });
    expect(namesOf(receiver.received).filter((name) => name.startsWith("subscription"))).toEqual([]);
    ears.stop();
  });

  test("410 switches it off with an event, and a delivery that fails for good is told of", async () => {
    const ears = await listen();
    await hatch.subscribe({ endpoint: receiver.url });
    code = 400;
    await fail();
    code = 410;
    await fail();
    const got = await ears.arrived(2);
    expect(namesOf(got)).toEqual(["delivery.exhausted", "subscription.disabled"]);
    expect(JSON.parse(got[0]?.body ?? "").data).toMatchObject({ attemptCount: 1, reason: "answered 400: not retried" });
    expect(JSON.parse(got[1]?.body ?? "").data.reason).toBe("the endpoint answered 410 Gone");
    ears.stop();
  });

  test("writes nothing where nobody asked to hear it", async () => {
    const id = await hatch.subscribe({ endpoint: receiver.url, pauseAfter: 1 });
    await fail();
    await paused(id);
    expect(await told()).toEqual([]);
    const actions = await hatch.rows("SELECT action FROM audit_entries ORDER BY sequence");
    expect(actions.map(({ action }) => action)).toContain("webhook.paused");
  });
});
