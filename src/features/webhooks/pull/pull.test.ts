import { afterEach, beforeEach, expect, test } from "bun:test";
import { Webhook } from "standardwebhooks";
import { createTestWebhooks, SECRET, type TestWebhooks, until } from "../../../../tests/support/webhooks.ts";
import { MINUTE } from "../../../kernel/units.ts";

let hatch: TestWebhooks;
let id: string;
beforeEach(async () => {
  hatch = await createTestWebhooks();
  id = await hatch.subscribe({ mode: "pull" });
});
afterEach(() => hatch.close());

const pull = (query = "", key = hatch.key) => hatch.call("GET", `/v1/webhooks/${id}/pull${query}`, { key });
const acknowledge = (...deliveries: string[]) => hatch.call("POST", `/v1/webhooks/${id}/ack`, { body: { deliveries } });

test("a pulled delivery has the headers and bytes of a push, and its signatures hold", async () => {
  hatch.context.clock.set(Date.now());
  const eventId = await hatch.announce();
  const { status, body } = await pull();
  expect(status).toBe(200);
  const [one] = body.deliveries;
  expect(JSON.parse(one.body)).toMatchObject({ id: eventId, event: "points.earned" });
  expect(one.headers["X-Hatch-Delivery"]).toBe(one.id);
  expect(one.headers["X-Hatch-Attempt"]).toBe("1");
  expect(() => new Webhook(SECRET, { format: "raw" }).verify(one.body, one.headers)).not.toThrow();
});

test("an acknowledged one does not come again; acknowledging twice is fine", async () => {
  await hatch.announce();
  const [one] = (await pull()).body.deliveries;
  expect((await acknowledge(one.id)).body).toEqual({ acknowledged: [one.id], ignored: [] });
  expect((await acknowledge(one.id)).body).toEqual({ acknowledged: [one.id], ignored: [] });
  await hatch.context.clock.advance(2 * MINUTE);
  expect((await pull()).body.deliveries).toEqual([]);
  expect(await hatch.delivery()).toMatchObject({ status: "delivered", reason: "acknowledged", attempts: 1 });
  expect(await hatch.rows("SELECT verdict FROM attempts")).toEqual([{ verdict: "delivered" }]);
});

test("an unacknowledged one comes again after its lease, not before, as the next attempt with the same bytes", async () => {
  await hatch.announce();
  const [first] = (await pull()).body.deliveries;
  hatch.context.clock.set(hatch.context.clock.now() + MINUTE - 1);
  expect((await pull()).body.deliveries).toEqual([]);
  hatch.context.clock.set(hatch.context.clock.now() + 1);
  const [second] = (await pull()).body.deliveries;
  expect(second).toMatchObject({ id: first.id, body: first.body });
  expect(second.headers["X-Hatch-Attempt"]).toBe("2");
  expect(await hatch.rows("SELECT verdict FROM attempts ORDER BY number")).toEqual([
    { verdict: "expired" },
    { verdict: "open" },
  ]);
  const shown = (await hatch.call("GET", `/v1/deliveries/${first.id}`)).body;
  expect(shown).toMatchObject({ status: "pending", waitingFor: "acknowledgement" });
});

test("two callers at once never get the same delivery", async () => {
  for (let count = 0; count < 6; count++) await hatch.announce();
  const answers = await Promise.all([pull("?limit=4"), pull("?limit=4"), pull("?limit=4")]);
  const ids = answers.flatMap(({ body }) => body.deliveries.map((one: { id: string }) => one.id));
  expect(ids).toHaveLength(6);
  expect(new Set(ids).size).toBe(6);
});

test("a waiting caller is answered as soon as something commits", async () => {
  const waiting = pull("?wait=20s");
  await until(() => hatch.webhooks.room.waiters.total === 1);
  await hatch.announce();
  expect((await waiting).body.deliveries).toHaveLength(1);
  expect(hatch.webhooks.room.waiters.total).toBe(0);
});

test("a waiting caller is answered with nothing when its time is up, or when the server drains", async () => {
  const first = pull("?wait=20s");
  await until(() => hatch.webhooks.room.waiters.total === 1);
  await hatch.context.clock.advance(20_000);
  expect((await first).body.deliveries).toEqual([]);
  const second = pull("?wait=20s");
  await until(() => hatch.webhooks.room.waiters.total === 1);
  hatch.webhooks.feature.drain?.();
  expect((await second).body.deliveries).toEqual([]);
  expect((await pull("?wait=20s")).body.deliveries).toEqual([]);
});

test("a key that is revoked while it waits gets nothing, and nothing is leased to it", async () => {
  const key = hatch.server.keyFor(hatch.principal);
  const waiting = pull("?wait=20s", key);
  await until(() => hatch.webhooks.room.waiters.total === 1);
  hatch.server.revoke(key);
  await hatch.announce();
  const { status, body } = await waiting;
  expect([status, body.error.code]).toEqual([401, "unauthenticated"]);
  expect(await hatch.delivery()).toMatchObject({ status: "pending", waiting_for: null, attempts: 0 });
  expect((await pull()).body.deliveries).toHaveLength(1);
});

test("a key that is revoked while nothing comes is told so when its time is up", async () => {
  const key = hatch.server.keyFor(hatch.principal);
  const waiting = pull("?wait=20s", key);
  await until(() => hatch.webhooks.room.waiters.total === 1);
  hatch.server.revoke(key);
  await hatch.context.clock.advance(20_000);
  expect((await waiting).status).toBe(401);
});

test("a key that is revoked before its turn to write comes leases nothing", async () => {
  await hatch.announce();
  const key = hatch.server.keyFor(hatch.principal);
  const { promise, resolve } = Promise.withResolvers<void>();
  const busy = hatch.context.database.write(() => promise);
  const asked = pull("", key);
  await Bun.sleep(20);
  hatch.server.revoke(key);
  resolve();
  await busy;
  expect((await asked).status).toBe(401);
  expect(await hatch.delivery()).toMatchObject({ attempts: 0 });
});

test("a caller that waits gets what another one let lapse", async () => {
  await hatch.announce();
  await pull();
  const waiting = pull("?wait=20s");
  await until(() => hatch.webhooks.room.waiters.total === 1);
  await hatch.context.clock.advance(MINUTE);
  const again = await waiting;
  expect(again.body.deliveries).toEqual([]);
  expect((await pull()).body.deliveries).toHaveLength(1);
});

test("only what was handed out by this subscription can be acknowledged", async () => {
  const other = await hatch.subscribe({ mode: "pull" });
  await hatch.announce();
  const rows = await hatch.rows("SELECT id, subscription_id FROM deliveries");
  const mine = rows.find((row) => row.subscription_id === id)!.id as string;
  const theirs = rows.find((row) => row.subscription_id === other)!.id as string;
  expect((await acknowledge(mine, theirs, "dlv_0000000000e008000000000000")).body).toEqual({
    acknowledged: [],
    ignored: [mine, theirs, "dlv_0000000000e008000000000000"],
  });
  expect(await hatch.rows("SELECT DISTINCT status FROM deliveries")).toEqual([{ status: "pending" }]);
});

test("a paused one hands nothing out; a push subscription can't be pulled", async () => {
  await hatch.call("PATCH", `/v1/webhooks/${id}`, { body: { active: false } });
  await hatch.announce();
  expect((await pull()).body.deliveries).toEqual([]);
  const push = await hatch.subscribe({ endpoint: "http://127.0.0.1:8099/" });
  expect((await hatch.call("GET", `/v1/webhooks/${push}/pull`)).status).toBe(409);
});

test.each(["?wait=26s", "?wait=forever", "?wait=-1s", "?limit=0", "?limit=101", "?limit=many"])(
  "%s is refused",
  async (query) => {
    expect((await pull(query)).status).toBe(422);
  },
);

test.each([[{ deliveries: [] }], [{ deliveries: ["evt_0000000000e008000000000000"] }], [{}]])(
  "acknowledging %j is refused",
  async (body) => {
    expect((await hatch.call("POST", `/v1/webhooks/${id}/ack`, { body })).status).toBe(422);
  },
);

test("the dispatcher leaves pull subscriptions alone, and a restart keeps the lease", async () => {
  await hatch.announce();
  const [one] = (await pull()).body.deliveries;
  await hatch.webhooks.feature.stop?.(AbortSignal.abort());
  expect(await hatch.delivery()).toMatchObject({ status: "pending", attempts: 1 });
  expect((await acknowledge(one.id)).body.acknowledged).toEqual([one.id]);
});
