import { afterEach, beforeEach, expect, test } from "bun:test";
import { createTestWebhooks, type TestWebhooks } from "../../../../tests/support/webhooks.ts";
import type { Id } from "../../../kernel/ids.ts";
import { HOUR } from "../../../kernel/units.ts";
import { listDeliveriesOfEvents } from "./show.ts";

let hatch: TestWebhooks;
let one: string;
let two: string;
const events: Id<"evt">[] = [];
let later: string;

beforeEach(async () => {
  hatch = await createTestWebhooks({ start: false });
  events.length = 0;
  one = await hatch.subscribe({ mode: "pull", events: ["points.*", "level.changed"] });
  two = await hatch.subscribe({ mode: "pull", events: ["points.earned"] });
  events.push((await hatch.announce("points.earned"))!);
  hatch.context.clock.set(hatch.context.clock.now() + HOUR);
  later = new Date(hatch.context.clock.now()).toISOString();
  events.push((await hatch.announce("level.changed"))!);
});
afterEach(() => hatch.close());

const list = async (query: string) => {
  const { status, body } = await hatch.call("GET", `/v1/deliveries${query}`);
  expect(status).toBe(200);
  return body as { data: { id: string; subscriptionId: string; event: string; status: string }[]; next: string | null };
};
const shown = async (query: string) =>
  (await list(query)).data.map(({ event, subscriptionId }) => [event, subscriptionId]);

test("lists deliveries newest first, by subscription, status, event and time", async () => {
  const all = [
    ["level.changed", one],
    ["points.earned", two],
    ["points.earned", one],
  ];
  expect((await shown("")).sort()).toEqual([...all].sort());
  expect((await list("")).data[0]!.event).toBe("level.changed");
  expect(await shown(`?subscription=${two}`)).toEqual([["points.earned", two]]);
  expect(await shown("?event=level.changed")).toEqual([["level.changed", one]]);
  expect(await shown(`?since=${later}`)).toEqual([["level.changed", one]]);
  expect(await shown("?status=pending")).toHaveLength(3);
  expect(await shown("?status=failed")).toEqual([]);
  const { id } = (await list(`?subscription=${two}`)).data[0]!;
  await hatch.call("POST", `/v1/deliveries/${id}/cancel`);
  expect(await shown("?status=canceled")).toEqual([["points.earned", two]]);
  expect(await shown(`?subscription=${one}&event=points.earned&status=pending`)).toEqual([["points.earned", one]]);
});

test("pages are stable while more come", async () => {
  const first = await list("?limit=2");
  expect(first.data).toHaveLength(2);
  await hatch.announce("level.changed");
  const second = await list(`?limit=2&after=${first.next}`);
  expect(second.next).toBeNull();
  expect(second.data).toHaveLength(1);
  expect(new Set([...first.data, ...second.data].map(({ id }) => id)).size).toBe(3);
});

test.each(["?status=lost", "?since=yesterday", "?limit=0", "?limit=201", "?after=%25"])(
  "%s is refused",
  async (query) => {
    expect((await hatch.call("GET", `/v1/deliveries${query}`)).status).toBe(422);
  },
);

test("an outbound event is shown with its exact bytes and its deliveries", async () => {
  const { body } = await hatch.call("GET", `/v1/outbound-events/${events[0]}`);
  const [row] = await hatch.rows(`SELECT body FROM outbound_events WHERE id = '${events[0]}'`);
  expect(body.body).toBe(row!.body);
  expect(body.deliveries.map((delivery: { subscriptionId: string }) => delivery.subscriptionId).sort()).toEqual(
    [one, two].sort(),
  );
});

test("the door for other rooms gives the deliveries of some events of the environment", async () => {
  const { environmentId } = hatch.principal;
  const ask = (environment: Id<"env">, ids: readonly Id<"evt">[]) =>
    hatch.context.database.read((reader) => listDeliveriesOfEvents(reader, environment, ids));
  expect(await ask(environmentId, events)).toHaveLength(3);
  expect(await ask(environmentId, [])).toEqual([]);
  expect(await ask(hatch.workspace.test, events)).toEqual([]);
});

test("one delivery has its attempts as a list; their number stands beside it, and alone wherever there are many", async () => {
  const pulled = (await hatch.call("GET", `/v1/webhooks/${two}/pull`)).body.deliveries[0];
  const { body } = await hatch.call("GET", `/v1/deliveries/${pulled.id}`);
  expect([body.attemptCount, body.attempts]).toEqual([1, [expect.objectContaining({ number: 1, verdict: "open" })]]);
  const listed = (await list(`?subscription=${two}`)).data[0];
  const ofEvent = (await hatch.call("GET", `/v1/outbound-events/${body.outboundEventId}`)).body.deliveries;
  const shownThere = ofEvent.find(({ id }: { id: string }) => id === pulled.id);
  for (const shorter of [listed, shownThere]) {
    expect(shorter).toMatchObject({ attemptCount: 1 });
    expect(shorter).not.toHaveProperty("attempts");
  }
});

test("a waiting replay can be called off: what was there before is there again", async () => {
  const pulled = (await hatch.call("GET", `/v1/webhooks/${two}/pull`)).body.deliveries[0];
  await hatch.call("POST", `/v1/webhooks/${two}/ack`, { body: { deliveries: [pulled.id] } });
  const replay = await hatch.call("POST", `/v1/deliveries/${pulled.id}/replay`);
  expect([replay.body.status, replay.body.replaying]).toEqual(["delivered", true]);
  const canceled = await hatch.call("POST", `/v1/deliveries/${pulled.id}/cancel`);
  expect([canceled.body.status, canceled.body.replaying, canceled.body.reason]).toEqual([
    "delivered",
    false,
    "acknowledged",
  ]);
});
