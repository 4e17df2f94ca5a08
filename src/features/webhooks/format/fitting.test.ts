import { afterEach, describe, expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import { type Received, type Receiver, startReceiver } from "../../../../tests/support/receiver.ts";
import { createTestWebhooks, SECRET, type TestWebhooks, until } from "../../../../tests/support/webhooks.ts";
import { durationMs } from "../../../kernel/units.ts";

let hatch: TestWebhooks;
let receiver: Receiver;

afterEach(async () => {
  await hatch.close();
  receiver.stop();
});

const start = async (
  answer?: (request: Received, index: number) => Response | Promise<Response>,
  options?: Parameters<typeof createTestWebhooks>[0],
) => {
  receiver = startReceiver(answer);
  hatch = await createTestWebhooks(options);
};
const inStatus = (status: string) => until(() => hatch.delivery(`status = '${status}'`).catch(() => undefined));
const status = (code: number) => new Response(null, { status: code });
const filtered = async () => /hatch_webhook_filtered_total (\d+)/.exec(await hatch.context.metrics.render())?.[1];

/** Turns the clock until so many have arrived. */
const arrivedLater = (count: number): Promise<Received[]> =>
  until(async () => {
    await hatch.context.clock.advance(1_000);
    return receiver.received.length >= count && receiver.received;
  });

describe("a filter", () => {
  test("lets through what it wants; of the rest no row is written, and it is counted", async () => {
    await start();
    await hatch.subscribe({ endpoint: receiver.url, filter: "event.data.amount >= 100" });
    await hatch.announce("points.earned", { userId: "ann", amount: 10 });
    await hatch.announce("points.earned", { userId: "ann", amount: 100 });
    const [got] = (await receiver.arrived(1)) as [Received];
    expect(JSON.parse(got.body).data.amount).toBe(100);
    expect(await hatch.rows("SELECT id FROM deliveries")).toHaveLength(1);
    expect(await filtered()).toBe("1");
  });

  test("that fails skips the delivery with the reason; the others get theirs", async () => {
    await start();
    const filter = "event.data.amount >= 100";
    const failing = await hatch.subscribe({
      endpoint: receiver.url,
      events: ["level.changed", "points.earned"],
      filter,
    });
    await hatch.subscribe({ endpoint: receiver.url, events: ["level.changed"] });
    await hatch.announce("level.changed", { userId: "ann" });
    await receiver.arrived(1);
    const rows = await hatch.rows("SELECT subscription_id, status, reason FROM deliveries WHERE status = 'skipped'");
    expect(rows).toEqual([
      { subscription_id: failing, status: "skipped", reason: "the filter failed: No such key: amount" },
    ]);
  });

  test("holds in the job of an event with very many subscriptions as well", async () => {
    await start(undefined, { start: false });
    for (let at = 0; at < 102; at++) {
      await hatch.subscribe({ endpoint: receiver.url, filter: `event.data.amount > ${at}` });
    }
    await hatch.announce("points.earned", { userId: "ann", amount: 30 });
    expect(await hatch.rows("SELECT id FROM deliveries")).toHaveLength(0);
    await runJobs();
    expect(await hatch.rows("SELECT id FROM deliveries")).toHaveLength(30);
    expect(await filtered()).toBe("72");
    await runJobs();
    expect(await hatch.rows("SELECT id FROM deliveries")).toHaveLength(30);
  });

  test("that is too dear for the write lane is asked by a job", async () => {
    await start(undefined, { start: false });
    await hatch.subscribe({ endpoint: receiver.url, filter: "event.data.userId != ''" });
    await hatch.announce("points.earned", { userId: "x".repeat(100_000), amount: 1 });
    expect(await hatch.rows("SELECT id FROM deliveries")).toHaveLength(0);
    await runJobs();
    expect(await hatch.rows("SELECT status FROM deliveries")).toEqual([{ status: "pending" }]);
  });

  test("changes from the next event on, and is refused where another change makes it wrong", async () => {
    await start(undefined, { start: false });
    const id = await hatch.subscribe({ endpoint: receiver.url, filter: "event.data.amount >= 100" });
    const wrong = await hatch.call("PATCH", `/v1/webhooks/${id}`, { body: { events: ["badge.awarded"] } });
    expect(wrong.status).toBe(422);
    expect(wrong.body.error.details[0]).toMatchObject({ path: "filter" });
    expect((await hatch.call("PATCH", `/v1/webhooks/${id}`, { body: { filter: null } })).body.filter).toBeNull();
    await hatch.announce("points.earned", { userId: "ann", amount: 1 });
    expect(await hatch.rows("SELECT id FROM deliveries")).toHaveLength(1);
  });

  test("a test event is sent whatever the filter says", async () => {
    await start();
    const id = await hatch.subscribe({ endpoint: receiver.url, filter: "false" });
    await hatch.call("POST", `/v1/webhooks/${id}/test`, { body: {} });
    expect(await receiver.arrived(1)).toHaveLength(1);
  });
});

async function runJobs(): Promise<void> {
  const { context, webhooks } = hatch;
  const rows = await hatch.rows("SELECT id, kind, environment_id, payload FROM jobs WHERE kind = 'webhooks.fan_out'");
  const definition = webhooks.feature.jobs?.find(({ kind }) => kind === "webhooks.fan_out");
  for (const row of rows) {
    await definition?.run(context, {
      id: row.id,
      environmentId: row.environment_id,
      payload: JSON.parse(String(row.payload)),
      progress: undefined,
      failures: 0,
      signal: new AbortController().signal,
      checkpoint: async () => {},
    } as unknown as Parameters<typeof definition.run>[1]);
  }
}

describe("a payload", () => {
  const PAYLOAD = "{'who': event.data.userId, 'n': event.data.amount}";

  test("is what is sent and signed; the event stays as it was", async () => {
    await start();
    await hatch.subscribe({ endpoint: receiver.url, payload: PAYLOAD });
    const id = await hatch.announce();
    const [got] = (await receiver.arrived(1)) as [Received];
    expect(got.body).toBe('{"who":"user_42","n":10}');
    const content = `${got.headers.get("x-hatch-timestamp")}.${got.body}`;
    const digest = createHmac("sha256", SECRET).update(content).digest("hex");
    expect(got.headers.get("x-hatch-signature")).toBe(`sha256=${digest}`);
    expect(JSON.parse((await hatch.call("GET", `/v1/outbound-events/${id}`)).body.body).data.amount).toBe(10);
  });

  test("has the same bytes on every attempt, and another receiver's template changes nothing of them", async () => {
    await start((_, index) => status(index === 0 ? 500 : 200), { config: { retryDelays: [durationMs(1_000)] } });
    await hatch.subscribe({ endpoint: receiver.url, payload: "{'at': event.timestamp, 'e': event.data}" });
    await hatch.announce();
    await until(() => hatch.delivery("failures = 1 AND status = 'pending'").catch(() => undefined));
    const [first, second] = (await arrivedLater(2)) as [Received, Received];
    expect(second.body).toBe(first.body);
    expect(second.headers.get("x-hatch-timestamp")).not.toBe(first.headers.get("x-hatch-timestamp"));
  });

  test("that fails sends nothing, skips with the reason and is told of; the endpoint's health is left alone", async () => {
    await start();
    await hatch.subscribe({ endpoint: `${receiver.url}/told`, events: ["delivery.exhausted"] });
    const id = await hatch.subscribe({
      endpoint: receiver.url,
      events: ["points.earned", "level.changed"],
      payload: PAYLOAD,
    });
    await hatch.announce("level.changed", { userId: "ann" });
    const skipped = await inStatus("skipped");
    expect(skipped.reason).toBe("the payload failed: No such key: amount");
    const [told] = (await receiver.arrived(1)) as [Received];
    expect(JSON.parse(told.body).data).toMatchObject({ subscriptionId: id, reason: skipped.reason });
    expect(receiver.received.map(({ path }) => path)).toEqual(["/told"]);
    const { body } = await hatch.call("GET", `/v1/webhooks/${id}/health`);
    expect(body.failuresInRow).toBe(0);
    const [attempt] = (await hatch.call("GET", `/v1/deliveries/${skipped.id}`)).body.attempts;
    expect(attempt).toMatchObject({ verdict: "refused", error: skipped.reason, response: null });
  });

  test("mended, it sends what was skipped once that is asked for, and what waits by itself", async () => {
    await start((_, index) => status(index === 0 ? 500 : 200), { config: { retryDelays: [durationMs(60_000)] } });
    const events = ["points.earned", "level.changed"];
    const id = await hatch.subscribe({ endpoint: receiver.url, events, payload: "{'n': event.data.amount}" });
    await hatch.announce("points.earned", { userId: "ann", amount: 1 });
    await until(() => hatch.delivery("failures = 1 AND status = 'pending'").catch(() => undefined));
    await hatch.announce("level.changed", { userId: "ann" });
    const skipped = await inStatus("skipped");
    const payload = "{'u': event.data.userId}";
    expect((await hatch.call("PATCH", `/v1/webhooks/${id}`, { body: { payload } })).body.warnings).toBeUndefined();
    expect((await hatch.call("POST", `/v1/deliveries/${skipped.id}/replay`, { body: {} })).status).toBe(202);
    await receiver.arrived(2);
    const got = await arrivedLater(3);
    expect(got.map(({ body }) => body)).toEqual(['{"n":1}', '{"u":"ann"}', '{"u":"ann"}']);
  });

  test("is sealed in the database", async () => {
    await start(undefined, { start: false });
    await hatch.subscribe({ endpoint: receiver.url, payload: "{'routing_key': 'a-key-of-the-receiver-4711'}" });
    expect(JSON.stringify(await hatch.rows("SELECT * FROM subscriptions"))).not.toContain("a-key-of-the-receiver");
    expect(JSON.stringify(await hatch.rows("SELECT * FROM audit_entries"))).not.toContain("a-key-of");
  });

  test("tells on save for which of the wanted events it would fail", async () => {
    await start(undefined, { start: false });
    const body = { endpoint: receiver.url, events: ["points.*", "badge.awarded", "level.changed"], payload: PAYLOAD };
    const { status, body: created } = await hatch.call("POST", "/v1/webhooks", { body });
    expect(status).toBe(201);
    expect(created.warnings).toEqual([
      "The payload failed: No such key: amount (on an example of level.changed, badge.awarded).",
    ]);
  });

  test("is not for who pulls", async () => {
    await start(undefined, { start: false });
    const body = { mode: "pull", events: ["points.earned"], payload: PAYLOAD };
    expect((await hatch.call("POST", "/v1/webhooks", { body })).status).toBe(422);
  });
});

describe("a signature by template", () => {
  const sign = (secret: string, body: string) => `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;

  test("is sent in place of Hatch's own headers", async () => {
    await start();
    await hatch.subscribe({ endpoint: receiver.url, signature: "github" });
    await hatch.announce();
    const [got] = (await receiver.arrived(1)) as [Received];
    expect(got.headers.get("x-hub-signature-256")).toBe(sign(SECRET, got.body));
    expect(got.headers.get("x-github-event")).toBe("points.earned");
    expect([...got.headers.keys()].filter((name) => /^(?:x-hatch|webhook)-/.test(name))).toEqual([]);
  });

  test("a receiver that follows a rotation early is offered the new secret at once, and no retry is used up", async () => {
    let secret = "";
    await start((request) =>
      status(request.headers.get("x-hub-signature-256") === sign(secret, request.body) ? 200 : 401),
    );
    const id = await hatch.subscribe({ endpoint: receiver.url, signature: "github" });
    const rotated = await hatch.call("POST", `/v1/webhooks/${id}/rotate-secret`, { body: { overlap: "24h" } });
    secret = rotated.body.secret;
    await hatch.announce();
    expect(await inStatus("delivered")).toMatchObject({ attempts: 2, failures: 0 });
  });

  test("with several signatures in one header either secret is enough, at the first attempt", async () => {
    await start();
    const id = await hatch.subscribe({ endpoint: receiver.url, signature: "stripe" });
    const { secret } = (await hatch.call("POST", `/v1/webhooks/${id}/rotate-secret`, { body: {} })).body;
    await hatch.announce();
    const [got] = (await receiver.arrived(1)) as [Received];
    const [time, ...signatures] = (got.headers.get("stripe-signature") ?? "").split(",");
    const of = (key: string) =>
      createHmac("sha256", key)
        .update(`${time?.slice(2)}.${got.body}`)
        .digest("hex");
    expect(signatures).toEqual([`v1=${of(SECRET)}`, `v1=${of(secret)}`]);
    await hatch.call("POST", `/v1/webhooks/${id}/rotate-secret/finish`);
    await hatch.announce();
    const [, second] = (await receiver.arrived(2)) as [Received, Received];
    expect(second.headers.get("stripe-signature")?.match(/v1=/g)).toHaveLength(1);
  });

  test("is what who pulls gets too", async () => {
    await start();
    const id = await hatch.subscribe({ mode: "pull", signature: "stripe" });
    await hatch.announce();
    const { deliveries } = (await hatch.call("GET", `/v1/webhooks/${id}/pull`)).body;
    expect(Object.keys(deliveries[0].headers)).toContain("Stripe-Signature");
  });

  test("a header of one's own that the signature sets is refused, at its making and later", async () => {
    await start(undefined, { start: false });
    const headers = { "x-hub-signature-256": "mine" };
    const body = { endpoint: receiver.url, events: ["*"], signature: "github", headers };
    const refused = await hatch.call("POST", "/v1/webhooks", { body });
    expect(refused.body.error.details[0].message).toBe("x-hub-signature-256 is set by the signature.");
    const id = await hatch.subscribe({ endpoint: receiver.url, headers });
    const later = await hatch.call("PATCH", `/v1/webhooks/${id}`, { body: { signature: "github" } });
    expect(later.status).toBe(422);
  });

  test("default takes a template away", async () => {
    await start(undefined, { start: false });
    const id = await hatch.subscribe({ endpoint: receiver.url, signature: "stripe" });
    const changed = await hatch.call("PATCH", `/v1/webhooks/${id}`, { body: { signature: "default" } });
    expect(changed.body.signature).toBe("default");
    expect(await hatch.rows("SELECT signature FROM subscriptions")).toEqual([{ signature: null }]);
  });
});

describe("a prefix of one's own", () => {
  test("begins every secret that is made for the subscription", async () => {
    await start(undefined, { start: false });
    const body = { endpoint: receiver.url, events: ["*"], secretPrefix: "acme_" };
    const created = (await hatch.call("POST", "/v1/webhooks", { body })).body;
    expect(created.secret).toMatch(/^acme_[A-Za-z0-9+/]{43}=$/);
    const rotated = await hatch.call("POST", `/v1/webhooks/${created.id}/rotate-secret`, { body: {} });
    expect(rotated.body.secret).toStartWith("acme_");
    await hatch.call("PATCH", `/v1/webhooks/${created.id}`, { body: { secretPrefix: null } });
    const again = await hatch.call("POST", `/v1/webhooks/${created.id}/rotate-secret`, { body: {} });
    expect(again.body.secret).toStartWith("whsec_");
  });

  test("of the installation holds where the subscription says nothing", async () => {
    await start(undefined, { start: false, config: { secretPrefix: "school-" } });
    const created = await hatch.call("POST", "/v1/webhooks", { body: { endpoint: receiver.url, events: ["*"] } });
    expect(created.body.secret).toStartWith("school-");
    expect(created.body.secretPrefix).toBe("school-");
  });

  test.each(["", "hk_", "hpk_live_", "1a", "a b", "a\n", "é", "x".repeat(33)])("%j is none", async (secretPrefix) => {
    await start(undefined, { start: false });
    const body = { endpoint: receiver.url, events: ["*"], secretPrefix };
    expect((await hatch.call("POST", "/v1/webhooks", { body })).status).toBe(422);
  });
});

test("another setting leaves no trace of the payload in the audit log", async () => {
  await start(undefined, { start: false });
  const id = await hatch.subscribe({ endpoint: receiver.url, payload: "{'key': 'x'}" });
  await hatch.call("PATCH", `/v1/webhooks/${id}`, { body: { filter: "event.data.amount > 5" } });
  const rows = await hatch.rows("SELECT * FROM audit_entries WHERE action = 'webhook.changed'");
  expect(JSON.stringify(rows)).toContain("filter");
  expect(JSON.stringify(rows)).not.toContain("payload");
});

describe("a preview", () => {
  const preview = async (id: string, body: object = {}) =>
    (await hatch.call("POST", `/v1/webhooks/${id}/preview`, { body })).body;

  test("shows the latest event that is wanted, and sends and writes nothing", async () => {
    await start(undefined, { start: false });
    const id = await hatch.subscribe({ endpoint: receiver.url, payload: "{'n': event.data.amount}" });
    expect(await preview(id)).toMatchObject({ event: { source: "example" } });
    const event = await hatch.announce("points.earned", { userId: "ann", amount: 7 });
    const before = await hatch.rows("SELECT * FROM audit_entries");
    expect(await preview(id)).toMatchObject({
      event: { id: event, source: "sent", name: "points.earned" },
      passes: null,
      fault: null,
      request: { body: '{"n":7}', bytes: 7 },
    });
    expect(await preview(id, { event })).toMatchObject({ event: { id: event } });
    expect(await preview(id, { event: "points.earned" })).toMatchObject({ event: { id: event } });
    expect(await hatch.rows("SELECT * FROM audit_entries")).toEqual(before);
    expect(receiver.received).toEqual([]);
  });

  test("tries settings that are not kept, and says what fails in words", async () => {
    await start(undefined, { start: false });
    const id = await hatch.subscribe({ endpoint: receiver.url });
    await hatch.announce("points.earned", { userId: "ann" });
    expect(await preview(id, { filter: "event.data.amount > 5" })).toMatchObject({
      passes: null,
      fault: "the filter failed: No such key: amount",
    });
    expect(await preview(id, { filter: "event.data.userId == 'bo'" })).toMatchObject({ passes: false, fault: null });
    expect(await preview(id, { payload: "{'n': event.data.amount}" })).toMatchObject({
      fault: "the payload failed: No such key: amount",
      request: null,
    });
    expect(await preview(id, { payload: "{'n': event.dat}" })).toMatchObject({ error: { code: "validation_failed" } });
    expect((await hatch.call("GET", `/v1/webhooks/${id}`)).body).toMatchObject({ filter: null, payload: null });
  });

  test("signs nothing: with a body of one's choice that would be a delivery", async () => {
    await start(undefined, { start: false });
    const id = await hatch.subscribe({ endpoint: receiver.url, headers: { Authorization: "Bearer x-secret" } });
    for (const signature of ["default", "standard", "github", "stripe"]) {
      const { headers } = (await preview(id, { signature, payload: "{'balance': 1000000}" })).request;
      expect(Object.values(headers).join(" ")).not.toMatch(/[0-9a-f]{40}|[A-Za-z0-9+/]{40}|x-secret/);
      expect(Object.values(headers).some((value) => String(value).includes("***"))).toBe(true);
    }
  });

  test.each(["nowhere", "https://", "//x", "https://a b/", "javascript:alert(1)", "https://user:pass@x.example/"])(
    "to %s there is none, with a preset or without",
    async (endpoint) => {
      await start(undefined, { start: false });
      for (const preset of [undefined, "slack", "discord", "ntfy"]) {
        const answer = await hatch.call("POST", "/v1/webhooks/preview", { body: { events: ["*"], endpoint, preset } });
        expect(answer.status).toBe(422);
        expect(answer.body.error.details).toMatchObject([{ path: "endpoint" }]);
      }
    },
  );

  test("shows no topic of ntfy, however short", async () => {
    await start(undefined, { start: false });
    const body = { events: ["points.earned"], endpoint: "https://ntfy.sh/abc", preset: "ntfy" };
    const answer = await hatch.call("POST", "/v1/webhooks/preview", { body });
    expect(answer.body.request.body).toStartWith('{"topic":"***",');
    expect(answer.text).not.toContain("abc");
  });

  test("of another environment's subscription or event there is none", async () => {
    await start(undefined, { start: false });
    const id = await hatch.subscribe({ endpoint: receiver.url });
    const event = await hatch.announce();
    const key = hatch.server.keyFor(hatch.workspace.principal("test"));
    expect((await hatch.call("POST", `/v1/webhooks/${id}/preview`, { key, body: {} })).status).toBe(404);
    const body = { events: ["points.earned"], event };
    expect((await hatch.call("POST", "/v1/webhooks/preview", { key, body })).status).toBe(404);
    expect((await hatch.call("POST", "/v1/webhooks/preview", { body })).status).toBe(200);
    const other = { events: ["points.earned"], event: "points.earned" };
    expect((await hatch.call("POST", "/v1/webhooks/preview", { key, body: other })).body.event.source).toBe("example");
  });
});
