import { afterEach, expect, test } from "bun:test";
import { FakeClock } from "../../tests/support/clock.ts";
import { createSigningSecret, signatureHeaders } from "../features/webhooks/signing.ts";
import { unixMs } from "../kernel/units.ts";
import { type DemoReceiver, kindly, startDemoReceiver } from "./demo-receiver.ts";

const SECRET = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
const OTHER = `whsec_${Buffer.alloc(32, 8).toString("base64")}`;
const clock = new FakeClock();
const NOW = Math.floor(clock.now() / 1000);

let receiver: DemoReceiver | undefined;
afterEach(() => receiver?.stop());

function start(): DemoReceiver {
  receiver = startDemoReceiver(clock);
  receiver.trust(SECRET);
  return receiver;
}

const bodyOf = (data: object): string => JSON.stringify({ id: "evt_1", event: "points.earned", data });

interface Given {
  readonly body?: string;
  readonly sent?: string;
  readonly secret?: string;
  readonly timestamp?: number;
  readonly without?: RegExp;
}

/** As the product signs; `sent` in place of what was signed. */
function post({ endpoint }: DemoReceiver, given: Given = {}): Promise<Response> {
  const { body = bodyOf({ eventId: "lesson-1" }), secret = SECRET, timestamp = NOW, without = /^$/ } = given;
  const secrets = [createSigningSecret(secret, { createdAt: unixMs(0), expiresAt: undefined })];
  const signed = { event: "points.earned", deliveryId: "dlv_1", attempt: 2, timestamp, body, secrets } as const;
  const headers = Object.entries(signatureHeaders({ ...signed, refusals: 0 }));
  return fetch(endpoint, {
    method: "POST",
    headers: Object.fromEntries(headers.filter(([name]) => !without.test(name))),
    body: given.sent ?? body,
  });
}

test("what is signed rightly and now is taken, and told of with the event that caused it", async () => {
  const told: string[] = [];
  const demo = start();
  demo.listen(({ eventId }) => told.push(eventId));
  expect((await post(demo)).status).toBe(204);
  expect((await post(demo, { body: bodyOf({ id: "lesson-2", userId: "ada" }) })).status).toBe(204);
  expect(told).toEqual(["lesson-1", "lesson-2"]);
  const facts = { delivery: "dlv_1", attempt: 2, event: "points.earned", status: 204, at: clock.now() };
  expect(demo.arrivals[0]).toMatchObject({ ...facts, hatchSignature: true, standardWebhook: true });
  expect(demo.open).toBe(0);
});

test.each<[string, Given, { hatchSignature: boolean; standardWebhook: boolean }]>([
  ["by another secret", { secret: OTHER }, { hatchSignature: false, standardWebhook: false }],
  ["over another body", { sent: bodyOf({ eventId: "lesson-9" }) }, { hatchSignature: false, standardWebhook: false }],
  ["too long ago", { timestamp: NOW - 301 }, { hatchSignature: false, standardWebhook: false }],
  ["in the future", { timestamp: NOW + 302 }, { hatchSignature: false, standardWebhook: false }],
  ["by one family only", { without: /^webhook-signature$/ }, { hatchSignature: true, standardWebhook: false }],
  ["by the other only", { without: /^x-hatch-signature$/i }, { hatchSignature: false, standardWebhook: true }],
  ["by nobody", { without: /signature$/i }, { hatchSignature: false, standardWebhook: false }],
])("what is signed %s is answered 401, however it behaves", async (_, given, verdict) => {
  const demo = start();
  demo.behave(() => 503);
  expect((await post(demo, given)).status).toBe(401);
  expect(demo.arrivals).toHaveLength(1);
  expect(demo.arrivals[0]).toMatchObject({ ...verdict, status: 401 });
});

test("before it knows its secret it takes nothing, and what is no event is read by nobody", async () => {
  receiver = startDemoReceiver(clock);
  expect((await post(receiver)).status).toBe(401);
  const answer = await fetch(receiver.endpoint, { method: "POST", body: "not json" });
  expect(answer.status).toBe(401);
  expect(receiver.arrivals.map(({ eventId }) => eventId)).toEqual(["", ""]);
});

test("it answers as it is told to, and kindly again", async () => {
  const demo = start();
  demo.behave(({ body }) => (body.includes("lesson-1") ? 422 : 204));
  expect((await post(demo)).status).toBe(422);
  demo.behave(kindly);
  expect((await post(demo)).status).toBe(204);
  expect(demo.arrivals.map(({ status }) => status)).toEqual([422, 204]);
});
