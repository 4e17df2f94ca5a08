import { afterEach, describe, expect, test } from "bun:test";
import { eventually } from "../../../../../tests/support/clock.ts";
import { type Received, type Receiver, startReceiver } from "../../../../../tests/support/receiver.ts";
import { createTestWebhooks, type TestWebhooks } from "../../../../../tests/support/webhooks.ts";
import type { Id } from "../../../../kernel/ids.ts";
import { createMetrics } from "../../../../kernel/metrics.ts";
import { HOUR, MINUTE, SECOND } from "../../../../kernel/units.ts";
import { createWebhooks, type Webhooks } from "../../feature.ts";

let hatch: TestWebhooks;
let receiver: Receiver;
let lives: Webhooks[] = [];
afterEach(async () => {
  for (const life of lives) await life.feature.stop?.(AbortSignal.abort());
  lives = [];
  await hatch.close();
  receiver.stop();
});

const start = async (answer?: (request: Received, index: number) => Response) => {
  receiver = startReceiver(answer);
  hatch = await createTestWebhooks();
};
const announceMany = async (count: number) => {
  for (let index = 0; index < count; index++) await hatch.announce();
};
const deliveries = async () => (await hatch.call("GET", "/v1/deliveries")).body.data as Record<string, unknown>[];
/** Until so many are delivered and nothing is under way. */
const delivered = (count: number) =>
  eventually(async () => {
    await hatch.context.clock.advance(0);
    const rows = await hatch.rows("SELECT status FROM deliveries");
    const of = (status: string) => rows.filter((row) => row.status === status).length;
    expect([of("delivered"), of("sending")]).toEqual([count, 0]);
    expect(receiver.received).toHaveLength(count);
  });
/** Until so many requests have come, letting the timers of the moment fire. */
const arrived = (count: number) =>
  eventually(async () => {
    await hatch.context.clock.advance(0);
    expect(receiver.received).toHaveLength(count);
    expect(await hatch.rows("SELECT id FROM deliveries WHERE status = 'sending'")).toEqual([]);
  });
const inMs = (ms: number): string => new Date(hatch.context.clock.now() + ms).toISOString();
/** Turns the clock on by leaps and bounds, and lets the timers of that moment fire. */
async function turnBy(ms: number): Promise<void> {
  hatch.context.clock.set(hatch.context.clock.now() + ms - 1);
  await hatch.context.clock.advance(1);
}
const metric = async (name: string): Promise<string | undefined> =>
  (await hatch.context.metrics.render()).split("\n").find((line) => line.startsWith(`hatch_${name} `));
const AGE = 'webhook_oldest_waiting_age_seconds{waiting_for="rateLimit"}';

/** Another life of the process on the same database, as after a restart. */
async function restart(): Promise<void> {
  await hatch.webhooks.feature.stop?.(AbortSignal.abort());
  const life = createWebhooks(
    { ...hatch.context, metrics: createMetrics() },
    { catalogue: hatch.webhooks.room.catalogue, claimant: `boot_${lives.length + 2}`, userAgent: "Hatch/0.0.0" },
  );
  lives.push(life);
  await life.feature.start?.();
}

describe("a rate limit", () => {
  const limited = (count: number, per = "10s"): Promise<Id<"sub">> =>
    hatch.subscribe({ endpoint: receiver.url, rateLimit: { count, per } });

  test("lets so many through and holds the others, for all to see, until they may go", async () => {
    await start();
    const id = await limited(2);
    await announceMany(5);
    await delivered(2);
    const due = inMs(10_000);
    const shown = (await deliveries()).filter(({ status }) => status === "pending");
    const held = { waitingFor: "rateLimit", nextAttemptAt: due, attemptCount: 0 };
    expect(shown).toEqual([1, 2, 3].map(() => expect.objectContaining(held)));
    await hatch.context.clock.advance(9_000);
    expect(await metric(AGE)).toBe(`hatch_${AGE} 9`);
    expect(await metric("webhook_oldest_due_age_seconds")).toBe("hatch_webhook_oldest_due_age_seconds 9");
    expect((await hatch.call("GET", `/v1/webhooks/${id}/health`)).body.waiting).toMatchObject({
      count: 3,
      byReason: { rateLimit: 3, slot: 0 },
    });
    await delivered(2);
    await hatch.context.clock.advance(1_000);
    await delivered(4);
    await hatch.context.clock.advance(10_000);
    await delivered(5);
    expect(await metric(AGE)).toBe(`hatch_${AGE} 0`);
    const failures = await hatch.rows("SELECT failures, attempts FROM deliveries");
    expect(failures).toEqual([1, 2, 3, 4, 5].map(() => ({ failures: 0, attempts: 1 })));
  });

  test("is kept over a restart: no second burst", async () => {
    await start();
    await limited(3);
    await announceMany(3);
    await delivered(3);
    await restart();
    await announceMany(3);
    for (const life of lives) life.room.dispatcher.wake([(await hatch.delivery()).subscription_id as Id<"sub">]);
    await hatch.context.clock.advance(9_999);
    await delivered(3);
    await hatch.context.clock.advance(1);
    await delivered(6);
  });

  test("holds up nobody else", async () => {
    await start();
    await limited(1, "24h");
    await announceMany(3);
    await delivered(1);
    await hatch.subscribe({ endpoint: receiver.url });
    await announceMany(3);
    await delivered(4);
  });

  test("that is raised or taken away lets go at once", async () => {
    await start();
    const id = await limited(1, "24h");
    await announceMany(4);
    await delivered(1);
    await hatch.call("PATCH", `/v1/webhooks/${id}`, { body: { rateLimit: { count: 3, per: "24h" } } });
    await delivered(3);
    await hatch.call("PATCH", `/v1/webhooks/${id}`, { body: { rateLimit: null } });
    await delivered(4);
  });

  test("counts retries too", async () => {
    await start((_, index) => new Response(null, { status: index === 0 ? 500 : 200 }));
    await limited(1, "2m");
    await hatch.announce();
    await arrived(1);
    await hatch.context.clock.advance(MINUTE + SECOND);
    expect(receiver.received).toHaveLength(1);
    const [row] = await deliveries();
    expect(row).toMatchObject({ waitingFor: "rateLimit", nextAttemptAt: inMs(59_000) });
    await hatch.context.clock.advance(MINUTE);
    await arrived(2);
  });

  test("holds on to nothing where the clock was set back", async () => {
    await start();
    await limited(1);
    await announceMany(2);
    await delivered(1);
    hatch.context.clock.set(hatch.context.clock.now() - HOUR);
    await restart();
    const now = hatch.context.clock.now();
    await eventually(async () =>
      expect(await hatch.rows("SELECT taken FROM subscription_holds")).toEqual([{ taken: `[[${now},1]]` }]),
    );
    await hatch.context.clock.advance(10_000);
    await delivered(2);
  });
});

describe("an endpoint that asks to be left alone", () => {
  const busyOnce = (seconds: string) => (_: Received, index: number) =>
    index === 0 ? new Response(null, { status: 429, headers: { "Retry-After": seconds } }) : new Response("ok");

  test("is: all that waits for it is held, over a restart too, and shown so", async () => {
    await start(busyOnce("120"));
    await hatch.subscribe({ endpoint: receiver.url });
    await hatch.announce();
    await eventually(async () => expect(await hatch.delivery()).toMatchObject({ status: "pending", failures: 1 }));
    await hatch.announce();
    const [latest] = await deliveries();
    expect(latest).toMatchObject({ status: "pending", waitingFor: "rateLimit", nextAttemptAt: inMs(120_000) });
    await restart();
    await hatch.context.clock.advance(119_000);
    expect(receiver.received).toHaveLength(1);
    await hatch.context.clock.advance(1_000);
    await arrived(3);
  });

  test("is for an hour at most; the delivery that it answered waits as long as it said", async () => {
    await start(busyOnce("7200"));
    await hatch.subscribe({ endpoint: receiver.url });
    await hatch.announce();
    await eventually(async () => expect(await hatch.delivery()).toMatchObject({ status: "pending", failures: 1 }));
    await hatch.announce();
    await turnBy(HOUR - SECOND);
    expect(receiver.received).toHaveLength(1);
    await turnBy(SECOND);
    await arrived(2);
    await turnBy(HOUR - SECOND);
    expect(receiver.received).toHaveLength(2);
    await turnBy(SECOND);
    await arrived(3);
  });

  test("is no longer, once somebody gives it another address or says that it is well", async () => {
    await start(busyOnce("600"));
    const id = await hatch.subscribe({ endpoint: receiver.url });
    await hatch.announce();
    await eventually(async () => expect(await hatch.delivery()).toMatchObject({ status: "pending", failures: 1 }));
    await hatch.announce();
    await hatch.call("PATCH", `/v1/webhooks/${id}`, { body: { description: "a word" } });
    expect((await deliveries())[0]).toMatchObject({ waitingFor: "rateLimit" });
    await hatch.call("PATCH", `/v1/webhooks/${id}`, { body: { endpoint: `${receiver.url}/other` } });
    await arrived(2);
    expect(receiver.received[1]?.path).toBe("/other");
  });
});
