import { afterEach, beforeEach, expect, test } from "bun:test";
import { type Receiver, startReceiver } from "../../../tests/support/receiver.ts";
import { retain } from "../../../tests/support/retention.ts";
import { createTestWebhooks, type TestWebhooks, until } from "../../../tests/support/webhooks.ts";
import { DAY, HOUR } from "../../kernel/units.ts";

let hatch: TestWebhooks;
let receiver: Receiver;
beforeEach(async () => {
  receiver = startReceiver((_, index) => new Response("thanks", { status: index === 0 ? 200 : 500 }));
  hatch = await createTestWebhooks();
  await hatch.subscribe({ endpoint: receiver.url });
});
afterEach(async () => {
  await hatch.close();
  receiver.stop();
});

const retained = () => retain(hatch.context, hatch.webhooks.feature.retention);

/** One delivered and one that waits on the ladder. */
async function twoDeliveries() {
  await hatch.announce();
  const delivered = await until(() => hatch.delivery("status = 'delivered'").catch(() => undefined));
  await hatch.announce();
  const waiting = await until(() => hatch.delivery("failures = 1").catch(() => undefined));
  return { delivered, waiting };
}

const pass = (durationMs: number) => hatch.context.clock.set(hatch.context.clock.now() + durationMs);

test("attempts go 24 hours after the end of their delivery, not before, and never those of one that has not ended", async () => {
  const { delivered, waiting } = await twoDeliveries();
  pass(23 * HOUR);
  expect((await retained()).attempts).toBe(0);
  pass(2 * HOUR);
  expect((await retained()).attempts).toBe(1);
  expect(await hatch.rows("SELECT delivery_id FROM attempts")).toEqual([{ delivery_id: waiting.id }]);
  const shown = (await hatch.call("GET", `/v1/deliveries/${delivered.id}`)).body;
  expect(shown).toMatchObject({ status: "delivered", attemptCount: 1, attempts: [] });
});

test("bodies go after 30 days, unless something still waits to send them", async () => {
  const { delivered, waiting } = await twoDeliveries();
  pass(29 * DAY);
  expect((await retained()).outboundBodies).toBe(0);
  pass(2 * DAY);
  expect((await retained()).outboundBodies).toBe(1);
  const bodyOf = async (row: Record<string, unknown>) =>
    (await hatch.call("GET", `/v1/outbound-events/${row.outbound_event_id}`)).body.body;
  expect(await bodyOf(delivered)).toBeNull();
  expect(await bodyOf(waiting)).toContain("points.earned");
  const replay = await hatch.call("POST", `/v1/deliveries/${delivered.id}/replay`);
  expect([replay.status, replay.body.error.message]).toEqual([409, "The body of this event is no longer kept."]);
});

test("correlation rows go after 400 days, with the events that nothing is left of", async () => {
  const { waiting } = await twoDeliveries();
  pass(399 * DAY);
  expect(await retained()).toMatchObject({ deliveries: 0, outboundEvents: 0 });
  pass(2 * DAY);
  expect(await retained()).toMatchObject({ deliveries: 1, outboundEvents: 1 });
  expect(await hatch.rows("SELECT id FROM deliveries")).toEqual([{ id: waiting.id }]);
  expect(await hatch.rows("SELECT id FROM outbound_events")).toEqual([{ id: waiting.outbound_event_id }]);
});

test("what nobody pulls for 30 days has failed, with the reason", async () => {
  const id = await hatch.subscribe({ mode: "pull", events: ["level.changed"] });
  await hatch.announce("level.changed");
  pass(30 * DAY);
  expect((await retained()).unpulled).toBe(0);
  pass(1);
  expect((await retained()).unpulled).toBe(1);
  const row = await hatch.delivery(`subscription_id = '${id}'`);
  expect([row.status, row.reason]).toEqual(["failed", "not pulled within 30 days"]);
});

test("a secret goes a day after its overlap is over", async () => {
  const [{ id }] = (await hatch.call("GET", "/v1/webhooks")).body.data;
  await hatch.call("POST", `/v1/webhooks/${id}/rotate-secret`, { body: { overlap: "1h" } });
  expect((await retained()).subscriptionSecrets).toBe(0);
  pass(25 * HOUR);
  expect((await retained()).subscriptionSecrets).toBe(0);
  pass(1);
  expect((await retained()).subscriptionSecrets).toBe(1);
  expect(await hatch.rows("SELECT expires_at FROM subscription_secrets")).toEqual([{ expires_at: null }]);
});

test("the answer of a receiver is shown with the attempt", async () => {
  const { waiting } = await twoDeliveries();
  const { attempts } = (await hatch.call("GET", `/v1/deliveries/${waiting.id}`)).body;
  expect(attempts).toHaveLength(1);
  expect(attempts[0]).toMatchObject({
    number: 1,
    verdict: "retry",
    error: null,
    response: { status: 500, body: "thanks" },
  });
  expect(attempts[0].request.headers["X-Hatch-Signature"]).toStartWith("sha256=");
});
