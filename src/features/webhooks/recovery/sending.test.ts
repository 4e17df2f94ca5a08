import { afterEach, beforeEach, expect, test } from "bun:test";
import { type Receiver, startReceiver } from "../../../../tests/support/receiver.ts";
import { createRecovering, type Recovering } from "../../../../tests/support/recovering.ts";
import { until } from "../../../../tests/support/webhooks.ts";
import { MINUTE, SECOND } from "../../../kernel/units.ts";

let hatch: Recovering;
let receiver: Receiver;
/** What the endpoint answers now. */
let code: number;

beforeEach(async () => {
  code = 400;
  receiver = startReceiver(() => new Response(null, { status: code }));
  hatch = await createRecovering({});
});
afterEach(async () => {
  await hatch.close();
  receiver.stop();
});

/** Goes on by seconds until what is asked for has come about. */
const passUntil = <T>(ask: () => Promise<T | undefined | false>): Promise<T> =>
  until(async () => {
    await hatch.context.clock.advance(SECOND);
    return ask();
  });
const settled = (status: string, count = 1) =>
  passUntil(async () => {
    const rows = await hatch.deliveries();
    return rows.filter((row) => row.status === status).length === count && rows;
  });

test("what fails again after it was brought back walks the whole ladder anew, and then has failed", async () => {
  await hatch.subscribe({ endpoint: receiver.url });
  await hatch.announce();
  const [before] = await settled("failed");
  expect(before?.reason).toContain("answered 400");
  code = 503;
  const job = (await hatch.recover("all")).body.id;
  await hatch.ended(job);
  await receiver.arrived(2);
  const waits: number[] = [];
  for (let step = 0; step < 6; step++) {
    const last = await until(async () => {
      const [row] = await hatch.deliveries();
      return row?.status !== "sending" && Number(row?.failures) === step + 1 && row;
    });
    if (last.status === "failed") break;
    waits.push(Math.round((Number(last.due_at) - hatch.context.clock.now()) / MINUTE));
    const before = receiver.received.length;
    hatch.context.clock.set(Number(last.due_at));
    await passUntil(async () => receiver.received.length > before);
  }
  expect(waits).toEqual([1, 5, 30, 120, 360]);
  const [after] = await hatch.deliveries();
  expect(after).toMatchObject({ id: before?.id, status: "failed", failures: 6, attempts: 7 });
  const names = receiver.received.map(({ headers }) => headers.get("x-hatch-delivery"));
  expect(new Set(names)).toEqual(new Set([String(before?.id)]));
  expect(receiver.received.map(({ headers }) => headers.get("x-hatch-attempt"))).toEqual([
    "1",
    "2",
    "3",
    "4",
    "5",
    "6",
    "7",
  ]);
});

test("what a 410 had skipped, and what came while it was off, arrives once somebody makes it active and asks", async () => {
  code = 410;
  const id = await hatch.subscribe({ endpoint: receiver.url });
  await hatch.announce();
  await settled("skipped");
  await hatch.announceMany(3);
  const skipped = await settled("skipped", 4);
  expect((await hatch.recover(id)).status).toBe(409);
  code = 200;
  await hatch.call("POST", `/v1/webhooks/${id}/resume`);
  const job = await hatch.ended((await hatch.recover(id)).body.id);
  expect(job.progress).toMatchObject({ total: 4, recovered: 4 });
  await settled("delivered", 4);
  const arrived = receiver.received.slice(1).map(({ headers }) => headers.get("x-hatch-delivery"));
  expect(arrived.sort()).toEqual(skipped.map((row) => String(row.id)));
});

test("replays, cancels, a new secret and a deletion in the middle of it leave one outcome for each", async () => {
  const id = await hatch.subscribe({ endpoint: receiver.url });
  const gone = await hatch.subscribe({ endpoint: receiver.url });
  await hatch.announceMany(40);
  const rows = await settled("failed", 80);
  code = 200;
  const own = rows.filter((row) => row.subscription_id === id).map((row) => String(row.id));
  const job = (await hatch.recover("all", { rate: { count: 10, per: "1s" } })).body.id;
  await hatch.context.clock.advance(SECOND);
  await Promise.all([
    ...own.slice(20, 30).map((delivery) => hatch.call("POST", `/v1/deliveries/${delivery}/replay`, { body: {} })),
    ...own.slice(0, 10).map((delivery) => hatch.call("POST", `/v1/deliveries/${delivery}/cancel`)),
    hatch.call("POST", `/v1/webhooks/${id}/rotate-secret`, { body: { overlap: "1h" } }),
    hatch.call("DELETE", `/v1/webhooks/${gone}`),
  ]);
  const done = await hatch.ended(job);
  expect(done).toMatchObject({ status: "done", progress: { total: 80, done: 80 } });
  expect(done.details.leftOut).toEqual([{ subscriptionId: gone, reason: "the subscription was deleted" }]);
  const after = await passUntil(async () => {
    const all = await hatch.deliveries(`subscription_id = '${id}'`);
    return all.every((row) => row.status === "delivered" || row.status === "canceled") && all;
  });
  expect(after).toHaveLength(40);
  expect(await hatch.deliveries("status IN ('pending', 'sending')")).toEqual([]);
});
