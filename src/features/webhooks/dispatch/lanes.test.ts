import { expect, test } from "bun:test";
import type { Id } from "../../../kernel/ids.ts";
import type { Claim } from "./claim.ts";
import { Lanes } from "./lanes.ts";

const limits = { sockets: 8, socketsPerLane: 4, claimed: 40 };
const claims = (count: number): Claim[] => Array.from({ length: count }, () => ({}) as Claim);
const dueLanes = (lanes: Lanes, ...names: string[]) =>
  names.map((name) => {
    const lane = lanes.lane(`sub_${name}` as Id<"sub">);
    lanes.markDue(lane);
    return lane;
  });
const shown = (lanes: Lanes) => lanes.plan().map(({ lane, count }) => `${lane.subscriptionId.slice(4)}:${count}`);

/** Claims what was planned and opens sockets for it. */
function run(lanes: Lanes): void {
  for (const { lane, count } of lanes.plan()) lanes.enqueue(lane, claims(count));
  while (lanes.takeNext());
}

test("one endpoint has at most its own sockets, whatever waits for it", () => {
  const lanes = new Lanes(limits);
  dueLanes(lanes, "a");
  expect(shown(lanes)).toEqual(["a:4"]);
});

test("free sockets are shared evenly", () => {
  const lanes = new Lanes(limits);
  dueLanes(lanes, "a", "b", "c");
  expect(shown(lanes)).toEqual(["a:3", "b:3", "c:2"]);
});

test("with more endpoints than sockets each has its turn", () => {
  const lanes = new Lanes({ ...limits, sockets: 2 });
  dueLanes(lanes, "a", "b", "c", "d", "e");
  expect(shown(lanes)).toEqual(["a:1", "b:1"]);
  expect(shown(lanes)).toEqual(["c:1", "d:1"]);
  expect(shown(lanes)).toEqual(["e:1", "a:1"]);
});

test("no more sockets open than there are, in all and for one endpoint", () => {
  const lanes = new Lanes(limits);
  const [a, b, c] = dueLanes(lanes, "a", "b", "c");
  run(lanes);
  expect(lanes.inFlight).toBe(8);
  expect(Math.max(a!.inFlight, b!.inFlight, c!.inFlight)).toBeLessThanOrEqual(4);
  expect(lanes.plan()).toEqual([]);
});

test("only an endpoint that answers quickly is claimed ahead for", () => {
  const lanes = new Lanes(limits);
  const [a] = dueLanes(lanes, "a");
  run(lanes);
  lanes.answered(a!, { quick: false });
  expect(shown(lanes)).toEqual(["a:1"]);
  lanes.answered(a!, { quick: true });
  expect(lanes.plan()[0]!.count).toBeGreaterThan(2);
  lanes.answered(a!, { quick: false });
  expect(shown(lanes)).toEqual(["a:3"]);
});

test("what is claimed and not settled is bounded", () => {
  const lanes = new Lanes({ ...limits, claimed: 6 });
  const [a] = dueLanes(lanes, "a", "b");
  run(lanes);
  expect(lanes.claimed).toBe(6);
  lanes.answered(a!, { quick: true });
  expect(lanes.plan()).toEqual([]);
  lanes.settled(a!);
  expect(lanes.plan()).toHaveLength(1);
});

test("a blocked endpoint gets nothing until it is woken, and its due time wakes nobody", () => {
  const lanes = new Lanes(limits);
  const [a] = dueLanes(lanes, "a");
  lanes.block(a!);
  expect(lanes.plan()).toEqual([]);
  lanes.look([{ subscription_id: a!.subscriptionId, due_at: 5 }], 10);
  expect(lanes.plan()).toEqual([]);
  expect(lanes.nextDueAt()).toBe(Number.POSITIVE_INFINITY);
  lanes.unblock(a!);
  lanes.markDue(a!);
  expect(shown(lanes)).toEqual(["a:4"]);
});

test("the heads of the queues say who is due and when the next one is", () => {
  const lanes = new Lanes(limits);
  lanes.look(
    [
      { subscription_id: "sub_a", due_at: 10 },
      { subscription_id: "sub_b", due_at: 30 },
    ],
    20,
  );
  expect(shown(lanes)).toEqual(["a:4"]);
  expect(lanes.nextDueAt()).toBe(30);
  lanes.markDueAt(30);
  expect(shown(lanes)).toEqual(["a:4", "b:4"]);
});

test("an endpoint with nothing to do is forgotten", () => {
  const lanes = new Lanes(limits);
  const [a] = dueLanes(lanes, "a");
  run(lanes);
  lanes.rest(a!);
  expect([...lanes.all()]).toHaveLength(1);
  for (let answer = 0; answer < 4; answer++) lanes.answered(a!, { quick: false });
  for (let answer = 0; answer < 4; answer++) lanes.settled(a!);
  expect([...lanes.all()]).toHaveLength(0);
  expect(lanes.claimed).toBe(0);
});
