import { afterEach, describe, expect, test } from "bun:test";
import { createHmac, timingSafeEqual } from "node:crypto";
import { Webhook } from "standardwebhooks";
import { withFaults } from "../../../../tests/support/faults.ts";
import { type Received, type Receiver, startReceiver } from "../../../../tests/support/receiver.ts";
import { createTestWebhooks, SECRET, type TestWebhooks, until } from "../../../../tests/support/webhooks.ts";
import { announce } from "../../../journal/outbox.ts";
import { createMetrics } from "../../../kernel/metrics.ts";
import { durationMs, HOUR, MINUTE, SECOND, unixMs } from "../../../kernel/units.ts";
import { createOutbound } from "../../../outbound/create-outbound.ts";
import { createWebhooks } from "../feature.ts";

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
/** The delivery once it waits after `failures` failures. */
const waitingAfter = (failures: number) =>
  until(() => hatch.delivery(`status = 'pending' AND failures = ${failures}`).catch(() => undefined));
const status = (code: number, headers?: Record<string, string>) =>
  new Response(null, { status: code, ...(headers === undefined ? {} : { headers }) });

/** Turns the clock to a time and lets the timers of that moment fire. */
async function turnTo(at: number): Promise<void> {
  hatch.context.clock.set(at - 1);
  await hatch.context.clock.advance(1);
}

/** The receiver of the origin document, made async, with the clock it runs on as a parameter. */
function verify(request: Received, secret: string, now: number): boolean {
  const ts = request.headers.get("X-Hatch-Timestamp");
  const signature = request.headers.get("X-Hatch-Signature");
  if (!ts || !signature) return false;
  if (Math.abs(now / 1000 - Number(ts)) > 300) return false;
  const expected = `sha256=${createHmac("sha256", secret).update(`${ts}.${request.body}`).digest("hex")}`;
  return timingSafeEqual(Buffer.from(expected), Buffer.from(signature));
}

describe("a delivery", () => {
  test("arrives with the documented headers and body", async () => {
    await start();
    await hatch.subscribe({ endpoint: `${receiver.url}/hook`, headers: { Authorization: "Bearer abc" } });
    const id = await hatch.announce();
    const [got] = (await receiver.arrived(1)) as [Received];
    expect(got.path).toBe("/hook");
    expect(JSON.parse(got.body)).toEqual({
      id,
      event: "points.earned",
      timestamp: "2026-11-20T18:04:00Z",
      data: { userId: "user_42", amount: 10 },
    });
    const row = await inStatus("delivered");
    expect(row).toMatchObject({ reason: "answered 200", attempts: 1, failures: 0, claimed_by: null });
    expect(got.headers.get("x-hatch-delivery")).toBe(row.id as string);
    expect(got.headers.get("x-hatch-event")).toBe("points.earned");
    expect(got.headers.get("x-hatch-attempt")).toBe("1");
    expect(got.headers.get("x-hatch-timestamp")).toBe(String(Math.floor(hatch.context.clock.now() / 1000)));
    expect(got.headers.get("content-type")).toBe("application/json");
    expect(got.headers.get("user-agent")).toBe("Hatch/0.0.0");
    expect(got.headers.get("authorization")).toBe("Bearer abc");
    expect(got.headers.get("x-hatch-signature-next")).toBeNull();
  });

  test("is accepted by the origin document's verify function and by the stock library", async () => {
    await start();
    hatch.context.clock.set(Date.now());
    await hatch.subscribe({ endpoint: receiver.url });
    await hatch.announce();
    const [got] = (await receiver.arrived(1)) as [Received];
    expect(verify(got, SECRET, hatch.context.clock.now())).toBe(true);
    expect(verify(got, `${SECRET}x`, hatch.context.clock.now())).toBe(false);
    expect(verify({ ...got, body: `${got.body}\n` }, SECRET, hatch.context.clock.now())).toBe(false);
    const verifier = new Webhook(SECRET, { format: "raw" });
    expect(() => verifier.verify(got.body, Object.fromEntries(got.headers.entries()))).not.toThrow();
  });

  test("500, 500, 200: the same delivery and bytes, a fresh timestamp and a rising attempt", async () => {
    await start((_, index) => status(index < 2 ? 500 : 200));
    await hatch.subscribe({ endpoint: receiver.url });
    await hatch.announce();
    for (const failures of [1, 2]) await turnTo((await waitingAfter(failures)).due_at as number);
    const got = await receiver.arrived(3);
    await inStatus("delivered");
    expect(new Set(got.map(({ headers }) => headers.get("x-hatch-delivery"))).size).toBe(1);
    expect(new Set(got.map(({ headers }) => headers.get("webhook-id"))).size).toBe(1);
    expect(new Set(got.map(({ body }) => body)).size).toBe(1);
    expect(got.map(({ headers }) => headers.get("x-hatch-attempt"))).toEqual(["1", "2", "3"]);
    const seconds = got.map(({ headers }) => Number(headers.get("x-hatch-timestamp")));
    expect(seconds[1]! - seconds[0]!).toBe(60);
    expect(seconds[2]! - seconds[1]!).toBe(300);
    expect(new Set(got.map(({ headers }) => headers.get("x-hatch-signature"))).size).toBe(3);
    expect(verify(got[2]!, SECRET, hatch.context.clock.now())).toBe(true);
  });

  test("walks the whole ladder, never a millisecond early, and then has failed", async () => {
    await start(() => status(500));
    await hatch.subscribe({ endpoint: receiver.url });
    await hatch.announce();
    const ladder = [MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 6 * HOUR];
    for (const [index, delay] of ladder.entries()) {
      const row = await waitingAfter(index + 1);
      const now = hatch.context.clock.now();
      expect((row.due_at as number) - now).toBe(delay);
      hatch.context.clock.set(now + delay - 2);
      await hatch.context.clock.advance(1);
      expect(receiver.received).toHaveLength(index + 1);
      await hatch.context.clock.advance(1);
      await receiver.arrived(index + 2);
    }
    const row = await inStatus("failed");
    expect(row).toMatchObject({ attempts: 6, failures: 6, reason: "answered 500: the last of 6 failures" });
    expect(receiver.received).toHaveLength(6);
    expect(await hatch.rows("SELECT number, verdict FROM attempts ORDER BY number")).toEqual(
      [1, 2, 3, 4, 5, 6].map((number) => ({ number, verdict: "retry" })),
    );
  });

  test("waits as long as Retry-After asks", async () => {
    await start((_, index) => (index === 0 ? status(429, { "retry-after": "3600" }) : status(204)));
    await hatch.subscribe({ endpoint: receiver.url });
    await hatch.announce();
    const row = await waitingAfter(1);
    expect((row.due_at as number) - hatch.context.clock.now()).toBe(HOUR);
    await turnTo(row.due_at as number);
    await inStatus("delivered");
  });

  test("is not retried on 404, and says so", async () => {
    await start(() => status(404));
    await hatch.subscribe({ endpoint: receiver.url });
    await hatch.announce();
    expect(await inStatus("failed")).toMatchObject({ attempts: 1, reason: "answered 404: not retried" });
    await hatch.context.clock.advance(2_000);
    expect(receiver.received).toHaveLength(1);
  });

  test("does not follow a redirect", async () => {
    await start((_, index) => (index === 0 ? status(302, { location: `${receiver.url}/elsewhere` }) : status(200)));
    await hatch.subscribe({ endpoint: receiver.url });
    await hatch.announce();
    expect(await waitingAfter(1)).toMatchObject({ reason: "answered 302: redirects are not followed" });
    expect(receiver.received).toHaveLength(1);
    expect(await hatch.rows("SELECT response_headers FROM attempts")).toEqual([
      { response_headers: expect.stringContaining("/elsewhere") },
    ]);
  });

  test("is retried where nobody answers", async () => {
    await start();
    receiver.stop();
    await hatch.subscribe({ endpoint: receiver.url });
    await hatch.announce();
    expect(await waitingAfter(1)).toMatchObject({ waiting_for: "retry" });
    const [attempt] = await hatch.rows("SELECT error, response_status FROM attempts");
    expect(attempt).toMatchObject({ response_status: null, error: expect.any(String) });
  });

  test("follows the subscription's own ladder, and passes the trace on", async () => {
    await start((_, index) => status(index === 0 ? 503 : 200));
    await hatch.subscribe({ endpoint: receiver.url, retryDelays: ["7s"] });
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const { environmentId } = hatch.principal;
    await hatch.context.database.write((writer) =>
      announce(hatch.context, writer, [{ environmentId, type: "points.earned", data: {}, traceparent }]),
    );
    const row = await waitingAfter(1);
    expect((row.due_at as number) - hatch.context.clock.now()).toBe(7_000);
    await turnTo(row.due_at as number);
    const got = await receiver.arrived(2);
    expect(got.map(({ headers }) => headers.get("traceparent"))).toEqual([traceparent, traceparent]);
  });
});

describe("410 Gone", () => {
  test("disables the subscription, skips what waits, records what comes after, and can be resumed", async () => {
    await start((_, index) => status(index === 0 ? 410 : 200), { config: { concurrencyPerEndpoint: 1 } });
    const id = await hatch.subscribe({ endpoint: receiver.url });
    await hatch.context.database.write(async (writer) => {
      const { environmentId } = hatch.principal;
      const one = { environmentId, type: "points.earned", data: {} };
      await announce(hatch.context, writer, [one, one, one]);
    });
    await until(async () => (await hatch.rows("SELECT id FROM deliveries WHERE status = 'skipped'")).length === 3);
    await hatch.announce();
    const deliveries = await hatch.rows("SELECT status, reason, attempts, ended_at FROM deliveries ORDER BY id");
    expect(deliveries.map((row) => row.status)).toEqual(["skipped", "skipped", "skipped", "skipped"]);
    expect(deliveries.every(({ reason, ended_at }) => reason && ended_at)).toBe(true);
    expect(receiver.received).toHaveLength(1);
    const shown = await hatch.call("GET", `/v1/webhooks/${id}`);
    expect(shown.body).toMatchObject({ active: false, status: "disabled", reason: "the endpoint answered 410 Gone" });
    expect(await hatch.rows("SELECT action, actor FROM audit_entries ORDER BY sequence")).toEqual([
      { action: "webhook.created", actor: hatch.principal.keyId },
      { action: "webhook.disabled", actor: "system:webhooks" },
    ]);

    const skipped = await hatch.delivery("status = 'skipped'");
    expect((await hatch.call("POST", `/v1/deliveries/${skipped.id}/replay`)).status).toBe(409);
    expect((await hatch.call("POST", `/v1/webhooks/${id}/resume`)).body).toMatchObject({ active: true, reason: null });
    expect((await hatch.call("POST", `/v1/deliveries/${skipped.id}/replay`)).status).toBe(202);
    await receiver.arrived(2);
    expect(await inStatus("delivered")).toMatchObject({ id: skipped.id });
  });
});

describe("rotating a secret", () => {
  const NEW = `whsec_${Buffer.alloc(32, 9).toString("base64")}`;

  test("breaks no receiver: neither one that knows the old secret nor one that knows the new", async () => {
    await start();
    hatch.context.clock.set(Date.now());
    const id = await hatch.subscribe({ endpoint: receiver.url });
    await hatch.call("POST", `/v1/webhooks/${id}/rotate-secret`, { body: { overlap: "1h", secret: NEW } });
    await hatch.announce();
    const [got] = (await receiver.arrived(1)) as [Received];
    const headers = Object.fromEntries(got.headers.entries());
    expect(verify(got, SECRET, hatch.context.clock.now())).toBe(true);
    const next = got.headers.get("x-hatch-signature-next") ?? "";
    expect(verify({ ...got, headers: new Headers({ ...headers, "x-hatch-signature": next }) }, NEW, Date.now())).toBe(
      true,
    );
    expect(() => new Webhook(SECRET, { format: "raw" }).verify(got.body, headers)).not.toThrow();
    expect(() => new Webhook(NEW).verify(got.body, headers)).not.toThrow();

    hatch.context.clock.set(hatch.context.clock.now() + HOUR);
    await hatch.announce();
    const later = (await receiver.arrived(2))[1]!;
    expect(verify(later, NEW, hatch.context.clock.now())).toBe(true);
    expect(later.headers.get("x-hatch-signature-next")).toBeNull();
    expect(later.headers.get("webhook-signature")).not.toContain(" ");
  });

  test("a receiver that knows only the new one refuses once, and gets it at once, without a retry used up", async () => {
    await start((request) => status(verify(request, NEW, hatch.context.clock.now()) ? 200 : 401));
    const id = await hatch.subscribe({ endpoint: receiver.url });
    await hatch.call("POST", `/v1/webhooks/${id}/rotate-secret`, { body: { secret: NEW } });
    await hatch.announce();
    expect(await inStatus("delivered")).toMatchObject({ attempts: 2, failures: 0 });
    expect(await hatch.rows("SELECT verdict, response_status FROM attempts ORDER BY number")).toEqual([
      { verdict: "refused", response_status: 401 },
      { verdict: "delivered", response_status: 200 },
    ]);
  });

  test("a receiver that refuses both has failed after two requests", async () => {
    await start(() => status(403));
    const id = await hatch.subscribe({ endpoint: receiver.url });
    await hatch.call("POST", `/v1/webhooks/${id}/rotate-secret`, { body: {} });
    await hatch.announce();
    expect(await inStatus("failed")).toMatchObject({ attempts: 2, failures: 1, reason: "answered 403: not retried" });
  });

  test("finishing it ends the overlap at once", async () => {
    await start();
    const id = await hatch.subscribe({ endpoint: receiver.url });
    await hatch.call("POST", `/v1/webhooks/${id}/rotate-secret`, { body: { secret: NEW } });
    expect((await hatch.call("POST", `/v1/webhooks/${id}/rotate-secret/finish`)).status).toBe(200);
    await hatch.announce();
    const [got] = (await receiver.arrived(1)) as [Received];
    expect(verify(got, NEW, hatch.context.clock.now())).toBe(true);
    expect(await hatch.rows("SELECT id FROM subscription_secrets")).toHaveLength(1);
  });
});

describe("pausing", () => {
  test("holds what comes, shows what it waits for, and lets it go when resumed", async () => {
    await start();
    const id = await hatch.subscribe({ endpoint: receiver.url });
    expect((await hatch.call("PATCH", `/v1/webhooks/${id}`, { body: { active: false } })).body).toMatchObject({
      active: false,
      status: "paused",
      reason: "paused on request",
    });
    await hatch.announce();
    await hatch.context.clock.advance(3_000);
    expect(receiver.received).toHaveLength(0);
    const { data } = (await hatch.call("GET", "/v1/deliveries")).body;
    expect(data).toEqual([expect.objectContaining({ status: "pending", waitingFor: "pause", nextAttemptAt: null })]);
    expect(await hatch.context.metrics.render()).toContain("hatch_webhook_oldest_due_age_seconds 3\n");
    await hatch.call("PATCH", `/v1/webhooks/${id}`, { body: { active: true } });
    await receiver.arrived(1);
    await inStatus("delivered");
    expect(await hatch.context.metrics.render()).toContain("hatch_webhook_oldest_due_age_seconds 0\n");
  });
});

describe("replay and cancel", () => {
  test("a failed replay leaves what was delivered delivered, also while it is under way", async () => {
    const held = Promise.withResolvers<void>();
    await start(async (_, index) => {
      if (index === 1) await held.promise;
      return status(index === 0 ? 200 : 500);
    });
    await hatch.subscribe({ endpoint: receiver.url });
    await hatch.announce();
    const { id } = await inStatus("delivered");
    const asked = await hatch.call("POST", `/v1/deliveries/${id}/replay`);
    expect(asked).toMatchObject({ status: 202, body: { id, status: "delivered", replaying: true } });
    const got = await receiver.arrived(2);
    expect((await hatch.call("GET", `/v1/deliveries/${id}`)).body).toMatchObject({
      status: "delivered",
      replaying: true,
    });
    held.resolve();
    const row = await until(() => hatch.delivery("attempts = 2 AND replay_from IS NULL").catch(() => undefined));
    expect(row).toMatchObject({ status: "delivered", failures: 0, reason: "answered 200" });
    expect(got[1]!.headers.get("x-hatch-delivery")).toBe(id as string);
    expect(got[1]!.body).toBe(got[0]!.body);
  });

  test("a replay while the ladder waits leaves the next step where it is", async () => {
    await start(() => status(500));
    await hatch.subscribe({ endpoint: receiver.url });
    await hatch.announce();
    const before = await waitingAfter(1);
    await hatch.context.clock.advance(SECOND);
    await hatch.call("POST", `/v1/deliveries/${before.id}/replay`);
    await receiver.arrived(2);
    const after = await until(() => hatch.delivery("attempts = 2 AND status = 'pending'").catch(() => undefined));
    expect(after).toMatchObject({ failures: 1, due_at: before.due_at, waiting_for: "retry", replay_from: null });
  });

  test("asNew makes a delivery of its own for the same event and bytes", async () => {
    await start();
    await hatch.subscribe({ endpoint: receiver.url });
    await hatch.announce();
    const first = await inStatus("delivered");
    const asked = await hatch.call("POST", `/v1/deliveries/${first.id}/replay`, { body: { asNew: true } });
    expect(asked.status).toBe(202);
    expect(asked.body.id).not.toBe(first.id);
    const [one, two] = await receiver.arrived(2);
    expect(two!.headers.get("x-hatch-delivery")).toBe(asked.body.id);
    expect(two!.headers.get("x-hatch-attempt")).toBe("1");
    expect(two!.body).toBe(one!.body);
  });

  test("what waits is canceled for good; what has ended can't be", async () => {
    await start(() => status(500));
    await hatch.subscribe({ endpoint: receiver.url });
    await hatch.announce();
    const row = await waitingAfter(1);
    expect((await hatch.call("POST", `/v1/deliveries/${row.id}/cancel`)).body).toMatchObject({
      status: "canceled",
      reason: "canceled on request",
    });
    await turnTo((row.due_at as number) + HOUR);
    expect(receiver.received).toHaveLength(1);
    expect((await hatch.call("POST", `/v1/deliveries/${row.id}/cancel`)).status).toBe(409);
  });

  test("canceling one under way lets its request end and retries nothing", async () => {
    const held = Promise.withResolvers<void>();
    await start(async () => {
      await held.promise;
      return status(500);
    });
    await hatch.subscribe({ endpoint: receiver.url });
    await hatch.announce();
    await receiver.arrived(1);
    const { id } = await inStatus("sending");
    expect((await hatch.call("POST", `/v1/deliveries/${id}/cancel`)).body).toMatchObject({ status: "sending" });
    held.resolve();
    expect(await inStatus("canceled")).toMatchObject({ attempts: 1 });
  });
});

describe("a crash", () => {
  /** What is on the disk when the process was killed with a request under way. */
  async function killedUnderWay(attempts: number, interruptions: number) {
    await start(undefined, { start: false });
    await hatch.subscribe({ endpoint: receiver.url });
    await hatch.announce();
    const { id } = await hatch.delivery();
    await hatch.context.database.write(async (writer) => {
      await writer.run(
        "UPDATE deliveries SET status = 'sending', claimed_by = 'boot_0', epoch = 1, attempts = ?, interruptions = ? WHERE id = ?",
        [attempts, interruptions, id as string],
      );
      await writer.insertMany({
        table: "attempts",
        columns: ["delivery_id", "number", "started_at", "verdict"],
        rows: [[id as string, attempts, writer.now, "open"]],
      });
    });
    return id as string;
  }

  test("leaves a delivery that the next start sends at once, its attempt marked, no retry used", async () => {
    const id = await killedUnderWay(1, 0);
    const examine = hatch.webhooks.feature.examine!;
    expect((await examine(hatch.context)).filter(({ ok }) => !ok).map(({ check }) => check)).toEqual([
      "webhooks.claims",
    ]);
    await hatch.webhooks.feature.start?.();
    const [got] = (await receiver.arrived(1)) as [Received];
    expect(got.headers.get("x-hatch-attempt")).toBe("2");
    expect(await inStatus("delivered")).toMatchObject({ id, failures: 0, attempts: 2, interruptions: 0 });
    expect(await hatch.rows("SELECT verdict FROM attempts ORDER BY number")).toEqual([
      { verdict: "interrupted" },
      { verdict: "delivered" },
    ]);
    expect((await examine(hatch.context)).every(({ ok }) => ok)).toBe(true);
  });

  test("that strikes three times in a row counts as a failure", async () => {
    await killedUnderWay(3, 2);
    await hatch.webhooks.feature.start?.();
    const row = await waitingAfter(1);
    expect((row.due_at as number) - hatch.context.clock.now()).toBe(MINUTE);
    expect(receiver.received).toHaveLength(0);
  });

  test("a late outcome of the process before changes nothing", async () => {
    const held = Promise.withResolvers<void>();
    await start(async (_, index) => {
      if (index === 0) await held.promise;
      return status(index === 0 ? 404 : 200);
    });
    await hatch.subscribe({ endpoint: receiver.url });
    await hatch.announce();
    await receiver.arrived(1);
    const second = createWebhooks(
      { ...hatch.context, metrics: createMetrics() },
      { catalogue: hatch.webhooks.room.catalogue, claimant: "boot_2", userAgent: "Hatch/0.0.0" },
    );
    await second.feature.start?.();
    await receiver.arrived(2);
    await inStatus("delivered");
    held.resolve();
    await Bun.sleep(100);
    expect(await hatch.delivery()).toMatchObject({ status: "delivered", attempts: 2, failures: 0, epoch: 2 });
    expect(await hatch.rows("SELECT verdict FROM attempts ORDER BY number")).toEqual([
      { verdict: "interrupted" },
      { verdict: "delivered" },
    ]);
    expect(await hatch.rows("SELECT failures_in_row FROM subscription_health")).toEqual([{ failures_in_row: 0 }]);
    await second.feature.stop?.(AbortSignal.abort());
  });
});

describe("stopping", () => {
  test("waits for the requests under way", async () => {
    const held = Promise.withResolvers<void>();
    await start(async () => {
      await held.promise;
      return status(200);
    });
    await hatch.subscribe({ endpoint: receiver.url });
    await hatch.announce();
    await receiver.arrived(1);
    const stopped = hatch.webhooks.feature.stop?.(new AbortController().signal);
    held.resolve();
    await stopped;
    expect(await hatch.delivery()).toMatchObject({ status: "delivered", attempts: 1 });
  });

  test("hands back what is not done by the deadline, and what had no socket yet, as if never taken", async () => {
    await start(() => new Promise<Response>(() => {}), { config: { concurrency: 1, concurrencyPerEndpoint: 1 } });
    await hatch.subscribe({ endpoint: receiver.url });
    await hatch.announce();
    await hatch.announce();
    await receiver.arrived(1);
    const deadline = new AbortController();
    const stopped = hatch.webhooks.feature.stop?.(deadline.signal);
    deadline.abort();
    await stopped;
    const rows = await hatch.rows(
      "SELECT status, attempts, failures, interruptions, claimed_by FROM deliveries ORDER BY id",
    );
    const rest = { status: "pending", failures: 0, interruptions: 0, claimed_by: null };
    expect(rows).toEqual([
      { ...rest, attempts: 1 },
      { ...rest, attempts: 0 },
    ]);
    expect(await hatch.rows("SELECT verdict FROM attempts")).toEqual([{ verdict: "interrupted" }]);
  });

  test("twice is fine, and nothing is sent afterwards", async () => {
    await start();
    await hatch.subscribe({ endpoint: receiver.url });
    await hatch.webhooks.feature.stop?.(AbortSignal.abort());
    await hatch.webhooks.feature.stop?.(AbortSignal.abort());
    await hatch.announce();
    await hatch.context.clock.advance(5_000);
    expect(receiver.received).toHaveLength(0);
    expect(await hatch.delivery()).toMatchObject({ status: "pending", attempts: 0 });
  });
});

describe("the clock", () => {
  test("set back strands nothing: what waits is moved by as much", async () => {
    await start((_, index) => status(index === 0 ? 500 : 200));
    await hatch.subscribe({ endpoint: receiver.url });
    await hatch.announce();
    await waitingAfter(1);
    const { clock } = hatch.context;
    const real = clock.now.bind(clock);
    clock.now = () => unixMs(real() - 3 * HOUR);
    await clock.advance(2_000);
    const row = await until(() => hatch.delivery(`due_at < ${real() - 2 * HOUR}`).catch(() => undefined));
    expect((row.due_at as number) - clock.now()).toBeLessThanOrEqual(MINUTE);
    await clock.advance(MINUTE);
    await inStatus("delivered");
  });

  test("set back while the process was down is seen at the start", async () => {
    await start(undefined, { start: false });
    await hatch.subscribe({ endpoint: receiver.url });
    await hatch.announce();
    const { clock } = hatch.context;
    clock.set(clock.now() - 6 * HOUR);
    await hatch.webhooks.feature.start?.();
    await inStatus("delivered");
  });
});

describe("what the network may not reach", () => {
  test("is not connected to at send time though it was allowed when it was subscribed", async () => {
    receiver = startReceiver();
    hatch = await createTestWebhooks();
    await hatch.subscribe({ endpoint: receiver.url });
    const config = { ...hatch.context.config, webhooks: { ...hatch.context.config.webhooks, allowNetworks: [] } };
    await hatch.webhooks.feature.stop?.(AbortSignal.abort());
    const strict = createWebhooks(
      {
        ...hatch.context,
        config,
        outbound: createOutbound({ clock: hatch.context.clock, config }),
        metrics: createMetrics(),
      },
      { catalogue: hatch.webhooks.room.catalogue, claimant: "boot_2", userAgent: "Hatch/0.0.0" },
    );
    await hatch.announce();
    await strict.feature.start?.();
    await waitingAfter(1);
    expect(receiver.received).toHaveLength(0);
    await strict.feature.stop?.(AbortSignal.abort());
  });
});

describe("many at once", () => {
  test("each arrives exactly once, and no endpoint has more connections than it may", async () => {
    const under = { now: 0, most: 0 };
    await start(
      async () => {
        under.most = Math.max(under.most, ++under.now);
        await Bun.sleep(1);
        under.now -= 1;
        return new Response("ok");
      },
      { config: { concurrency: 12, concurrencyPerEndpoint: 5 } },
    );
    await hatch.subscribe({ endpoint: receiver.url });
    const { environmentId } = hatch.principal;
    for (let batch = 0; batch < 8; batch++) {
      await hatch.context.database.write((writer) =>
        announce(
          hatch.context,
          writer,
          Array.from({ length: 100 }, () => ({ environmentId, type: "points.earned", data: {} })),
        ),
      );
    }
    const got = await receiver.arrived(800);
    await until(async () => (await hatch.rows("SELECT id FROM deliveries WHERE status <> 'delivered'")).length === 0);
    expect(receiver.received).toHaveLength(800);
    expect(new Set(got.map(({ headers }) => headers.get("x-hatch-delivery"))).size).toBe(800);
    expect(under.most).toBeLessThanOrEqual(5);
    expect(await hatch.rows("SELECT COUNT(*) AS n FROM attempts WHERE verdict = 'delivered'")).toEqual([{ n: 800 }]);
    expect(await hatch.context.metrics.render()).toContain('hatch_webhook_attempts_total{verdict="delivered"} 800');
  });

  test("a subscription whose secret does not open holds up nothing but itself", async () => {
    await start(undefined, { start: false });
    const shut = await hatch.subscribe({ endpoint: `${receiver.url}/shut` });
    await hatch.subscribe({ endpoint: `${receiver.url}/open` });
    await hatch.context.database.write((writer) =>
      writer.run("UPDATE subscription_secrets SET sealed = ? WHERE subscription_id = ?", ["00000000.AAAA", shut]),
    );
    await hatch.announce();
    await hatch.webhooks.feature.start?.();
    const [got] = (await receiver.arrived(1)) as [Received];
    expect(got.path).toBe("/open");
    expect(await hatch.rows(`SELECT status FROM deliveries WHERE subscription_id = '${shut}'`)).toEqual([
      { status: "pending" },
    ]);
    const findings = await hatch.webhooks.feature.examine!(hatch.context);
    expect(findings.filter(({ ok }) => !ok).map(({ check }) => check)).toEqual(["webhooks.secrets"]);
  });
});

describe("a database that fails", () => {
  test("at any statement of a cycle loses no delivery and no outcome", async () => {
    for (let statement = 1; ; statement++) {
      receiver = startReceiver((_, index) => status(index === 0 ? 500 : 200));
      hatch = await createTestWebhooks({ start: false });
      await hatch.subscribe({ endpoint: receiver.url });
      await hatch.announce();
      const faulty = withFaults(hatch.context.database);
      const floors = { ...hatch.context, database: faulty, metrics: createMetrics() };
      const { feature, room } = createWebhooks(floors, {
        catalogue: hatch.webhooks.room.catalogue,
        claimant: "boot_2",
        userAgent: "Hatch/0.0.0",
      });
      await feature.start?.();
      faulty.strikeAt(statement);
      await hatch.announce();
      const delivered = async () => {
        // While a request is under way the clock stands still: its time-out runs on it.
        if (room.dispatcher.inFlight > 0) return false;
        await turnTo(hatch.context.clock.now() + 10 * SECOND);
        return (await hatch.rows("SELECT id FROM deliveries WHERE status = 'delivered'")).length === 2;
      };
      await until(delivered, 20_000);
      const { length } = receiver.received;
      expect([statement, length]).toEqual([statement, 3]);
      const struck = faulty.struck();
      await feature.stop?.(AbortSignal.abort());
      if (!struck) return;
      await hatch.close();
      receiver.stop();
    }
  }, 60_000);
});

test("a transaction that was kept though its answer was lost neither loses a delivery nor sends one twice", async () => {
  for (let write = 1; ; write++) {
    receiver = startReceiver((_, index) => new Response(null, { status: index === 0 ? 500 : 200 }));
    hatch = await createTestWebhooks({ start: false });
    await hatch.subscribe({ endpoint: receiver.url });
    await hatch.announce();
    const faulty = withFaults(hatch.context.database);
    const { feature, room } = createWebhooks(
      { ...hatch.context, database: faulty, metrics: createMetrics() },
      { catalogue: hatch.webhooks.room.catalogue, claimant: "boot_2", userAgent: "Hatch/0.0.0" },
    );
    await feature.start?.();
    await hatch.announce();
    faulty.loseAnswer(write);
    await until(async () => {
      if (room.dispatcher.inFlight > 0) return false;
      await turnTo(hatch.context.clock.now() + 10 * SECOND);
      return (await hatch.rows("SELECT id FROM deliveries WHERE status = 'delivered'")).length === 2;
    }, 20_000);
    await feature.stop?.(AbortSignal.abort());
    expect([write, receiver.received.length]).toEqual([write, 3]);
    expect(await hatch.rows("SELECT delivery_id FROM attempts WHERE verdict = 'open'")).toEqual([]);
    if (!faulty.struck()) return;
    await hatch.close();
    receiver.stop();
  }
}, 60_000);

test("a hanging endpoint does not keep another one waiting", async () => {
  await start(undefined, { config: { concurrency: 8, concurrencyPerEndpoint: 4, timeout: durationMs(10_000) } });
  const hanging = startReceiver(() => new Promise<Response>(() => {}));
  await hatch.subscribe({ endpoint: hanging.url });
  await hatch.subscribe({ endpoint: receiver.url });
  for (let index = 0; index < 30; index++) await hatch.announce();
  await receiver.arrived(30, 5_000);
  expect(hanging.received.length).toBeLessThanOrEqual(4);
  hanging.stop();
});
