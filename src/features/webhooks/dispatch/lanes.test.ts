import { expect, test } from "bun:test";
import type { Id } from "../../../kernel/ids.ts";
import type { Claim } from "./claim.ts";
import type { Lane } from "./lane.ts";
import { Lanes } from "./lanes.ts";
import { FRESH, type Pace } from "./pace.ts";

const limits = { sockets: 8, socketsPerLane: 4, claimed: 40, timeoutMs: 10_000 };
const QUICK: Pace = { ...FRESH, proven: true, cap: 4 };
const SLOW: Pace = { ...QUICK, slow: true };
const FAILING: Pace = { ...QUICK, troubles: 3, cap: 1 };
const SILENT: Pace = { ...FRESH, slow: true, troubles: 1 };

const claims = (count: number, attempt = 1): Claim[] =>
  Array.from({ length: count }, (_, index) => ({ attempt, dueAt: index }) as Claim);
const dueLanes = (lanes: Lanes, pace: Pace, ...names: string[]) =>
  names.map((name) => {
    const lane = lanes.lane(`sub_${name}` as Id<"sub">);
    lanes.learn(lane, pace);
    lanes.markDue(lane);
    return lane;
  });
const shown = (lanes: Lanes, now = 0) =>
  lanes.plan(now).map(({ lane, count }) => `${lane.subscriptionId.slice(4)}:${count}`);

/** Claims what was planned and opens sockets for it. */
function run(lanes: Lanes, now = 0, attempt = 1): void {
  for (const { lane, count } of lanes.plan(now)) lanes.enqueue(lane, claims(count, attempt));
  while (lanes.takeNext());
}

const answer = (lanes: Lanes, lane: Lane, kind: "good" | "trouble" | "none", tookMs = 0, retry = false) =>
  lanes.answered(lane, { kind, retry, startedAt: 0, endedAt: tookMs });

test("one endpoint has at most its own slots, whatever waits for it", () => {
  const lanes = new Lanes(limits);
  dueLanes(lanes, QUICK, "a");
  expect(shown(lanes)).toEqual(["a:4"]);
});

test("free slots are shared evenly; the last quarter is for endpoints that have few", () => {
  const lanes = new Lanes(limits);
  dueLanes(lanes, QUICK, "a", "b", "c");
  expect(shown(lanes)).toEqual(["a:2", "b:2", "c:2"]);
  run(lanes);
  dueLanes(lanes, QUICK, "d");
  expect(shown(lanes)).toEqual(["d:1"]);
});

test("with more endpoints than slots each has its turn", () => {
  const lanes = new Lanes({ ...limits, sockets: 2 });
  dueLanes(lanes, QUICK, "a", "b", "c", "d", "e");
  expect(shown(lanes)).toEqual(["a:1", "b:1"]);
  expect(shown(lanes)).toEqual(["c:1", "d:1"]);
  expect(shown(lanes)).toEqual(["e:1", "a:1"]);
});

test("no more slots are taken than there are, in all and for one endpoint", () => {
  const lanes = new Lanes(limits);
  const all = dueLanes(lanes, QUICK, "a", "b", "c", "d", "e", "f", "g", "h", "i");
  run(lanes);
  expect(lanes.inFlight).toBe(8);
  expect(Math.max(...all.map(({ inFlight }) => inFlight))).toBe(1);
  expect(lanes.plan(0)).toEqual([]);
});

test("a full queue of one endpoint leaves the free slots to the others", () => {
  const lanes = new Lanes({ ...limits, claimed: 400 });
  const [a] = dueLanes(lanes, QUICK, "a");
  run(lanes);
  answer(lanes, a!, "good");
  run(lanes);
  expect(lanes.queued).toBeGreaterThan(8);
  dueLanes(lanes, QUICK, "b");
  expect(lanes.plan(0).find(({ lane }) => lane.subscriptionId === "sub_b")?.count).toBeGreaterThan(0);
});

test("only an endpoint that answers quickly and has no rate limit is claimed ahead for", () => {
  const lanes = new Lanes(limits);
  const [a] = dueLanes(lanes, QUICK, "a");
  run(lanes);
  answer(lanes, a!, "good", 500);
  expect(shown(lanes)).toEqual(["a:1"]);
  answer(lanes, a!, "good", 5);
  expect(lanes.plan(0)[0]!.count).toBeGreaterThan(2);
  a!.limited = true;
  expect(shown(lanes)).toEqual(["a:2"]);
});

test("what is claimed and not settled is bounded", () => {
  const lanes = new Lanes({ ...limits, claimed: 5 });
  const [a] = dueLanes(lanes, QUICK, "a", "b");
  run(lanes);
  expect(lanes.claimed).toBe(5);
  answer(lanes, a!, "good");
  expect(lanes.plan(0)).toEqual([]);
  lanes.settled(a!);
  expect(lanes.plan(0)).toHaveLength(1);
});

test("failing, slow and silent endpoints share a quarter, however many there are", () => {
  const lanes = new Lanes({ ...limits, sockets: 64, socketsPerLane: 16, claimed: 640 });
  const names = (prefix: string) => Array.from({ length: 100 }, (_, index) => `${prefix}${index}`);
  dueLanes(lanes, SILENT, ...names("silent"));
  run(lanes);
  expect(lanes.inFlight).toBe(8);
  dueLanes(lanes, SLOW, ...names("slow"));
  run(lanes);
  expect(lanes.inFlight).toBe(12);
  dueLanes(lanes, FAILING, ...names("failing"));
  run(lanes);
  expect(lanes.inFlight).toBe(16);
  const [quick] = dueLanes(lanes, { ...QUICK, cap: 16 }, "quick");
  run(lanes);
  expect(quick!.inFlight).toBe(16);
});

test("endpoints that nothing is known of begin with one request, some at once, then one after another", () => {
  const lanes = new Lanes({ ...limits, sockets: 64, socketsPerLane: 16, claimed: 640 });
  const trials = dueLanes(lanes, FRESH, ...Array.from({ length: 300 }, (_, index) => `t${index}`));
  run(lanes);
  expect(lanes.inFlight).toBe(16);
  expect(Math.max(...trials.map(({ inFlight }) => inFlight))).toBe(1);
  run(lanes, 600);
  expect(lanes.inFlight).toBe(16);
  expect(lanes.trialWait(600)).toBe(25);
  run(lanes, 625);
  expect(lanes.inFlight).toBe(17);
  for (let now = 1_250; now <= 60_000; now += 625) run(lanes, now);
  expect(lanes.inFlight).toBe(32);
});

test("trials that go well make room for more of them at once", () => {
  const lanes = new Lanes({ ...limits, sockets: 64, socketsPerLane: 16, claimed: 640 });
  const trials = dueLanes(lanes, FRESH, ...Array.from({ length: 300 }, (_, index) => `t${index}`));
  run(lanes);
  for (const lane of trials.filter(({ inFlight }) => inFlight > 0)) {
    lanes.rest(lane);
    answer(lanes, lane, "good");
  }
  run(lanes);
  expect(lanes.inFlight).toBe(32);
});

test("of those that nothing is known of, the newest and the one that waits longest take turns", () => {
  const lanes = new Lanes({ ...limits, sockets: 4 });
  dueLanes(lanes, FRESH, "a", "b", "c", "d");
  const order: string[] = [];
  for (let now = 0; order.length < 4; now += 10_000) {
    for (const { lane } of lanes.plan(now)) {
      order.push(lane.subscriptionId.slice(4));
      lanes.rest(lane);
    }
  }
  expect(order).toEqual(["d", "a", "b", "c"]);
});

test("a trial for which nothing could be sent is not counted", () => {
  const lanes = new Lanes({ ...limits, sockets: 4 });
  const [a] = dueLanes(lanes, FRESH, "a", "b");
  expect(shown(lanes)).toEqual(["b:1"]);
  expect(shown(lanes)).toEqual([]);
  lanes.notTried(a!, 1);
  expect(shown(lanes)).toEqual(["a:1"]);
});

test("retries never take the last quarter, nor keep first attempts of the same endpoint from it", () => {
  const lanes = new Lanes({ ...limits, socketsPerLane: 8 });
  const names = ["a", "b", "c", "d", "e", "f", "g", "h"];
  const [a] = dueLanes(lanes, QUICK, ...names);
  run(lanes, 0, 2);
  expect(lanes.inFlight).toBe(6);
  expect(lanes.retryRoom).toBe(30 - 8);
  const [fresh] = claims(1);
  lanes.enqueue(a!, [fresh!]);
  expect(lanes.plan(0).reduce((sum, { count }) => sum + count, 0)).toBeGreaterThan(0);
  const busy = [...lanes.all()].find((lane) => lane.inFlight > 0 && lane.retries.length === 0)!;
  answer(lanes, busy, "good", 0, true);
  expect(lanes.takeNext()).toBeDefined();
});

test("an endpoint of which only retries wait comes again when one of their slots is free", () => {
  const lanes = new Lanes(limits);
  const [a, b] = dueLanes(lanes, QUICK, "a", "b");
  lanes.enqueue(a!, claims(1, 2));
  expect(lanes.takeNext()?.lane).toBe(a!);
  lanes.rest(a!);
  lanes.awaitRetrySlot(b!);
  expect(shown(lanes)).toEqual([]);
  answer(lanes, a!, "good", 0, true);
  expect(shown(lanes)).toEqual(["b:4"]);
});

test("a held endpoint gets nothing before its time, woken or not", () => {
  const lanes = new Lanes(limits);
  const [a] = dueLanes(lanes, QUICK, "a");
  lanes.hold(a!, 50);
  lanes.markDue(a!);
  expect(lanes.plan(0)).toEqual([]);
  expect(lanes.nextDueAt()).toBe(50);
  lanes.markDueAt(49);
  expect(lanes.plan(0)).toEqual([]);
  lanes.markDueAt(50);
  expect(shown(lanes)).toEqual(["a:4"]);
});

test("a blocked endpoint gets nothing until it is woken, and its due time wakes nobody", () => {
  const lanes = new Lanes(limits);
  const [a] = dueLanes(lanes, QUICK, "a");
  lanes.block(a!);
  expect(lanes.plan(0)).toEqual([]);
  lanes.look([{ subscription_id: a!.subscriptionId, due_at: 5 }], 10);
  expect(lanes.plan(0)).toEqual([]);
  expect(lanes.nextDueAt()).toBe(Number.POSITIVE_INFINITY);
  lanes.unblock(a!);
  lanes.markDue(a!);
  expect(shown(lanes)).toEqual(["a:4"]);
});

test("the heads of the queues say who is due and when the next one is; who is not known yet is to be looked up", () => {
  const lanes = new Lanes(limits);
  lanes.look(
    [
      { subscription_id: "sub_a", due_at: 10 },
      { subscription_id: "sub_b", due_at: 30 },
    ],
    20,
  );
  expect(shown(lanes)).toEqual([]);
  for (const lane of lanes.unknown(10)) lanes.learn(lane, QUICK);
  expect(shown(lanes)).toEqual(["a:4"]);
  expect(lanes.nextDueAt()).toBe(30);
  lanes.markDueAt(30);
  for (const lane of lanes.unknown(10)) lanes.learn(lane, QUICK);
  expect(shown(lanes)).toEqual(["a:3", "b:3"]);
});

test("an endpoint that turns bad is told of, once; one that somebody changed is tried anew", () => {
  const lanes = new Lanes(limits);
  const [a] = dueLanes(lanes, QUICK, "a");
  run(lanes);
  const told = [answer(lanes, a!, "trouble", 10_000), answer(lanes, a!, "trouble", 10_000)];
  expect(told).toEqual([true, false]);
  expect(a!.class).toBe("slow");
  lanes.forgive(a!);
  expect(a!.class).toBe("trial");
});

test("an endpoint with nothing to do is forgotten, how it answers is not", () => {
  const lanes = new Lanes(limits);
  const [a] = dueLanes(lanes, QUICK, "a");
  run(lanes);
  lanes.rest(a!);
  expect([...lanes.all()]).toHaveLength(1);
  for (let index = 0; index < 4; index++) answer(lanes, a!, "trouble", 10_000);
  for (let index = 0; index < 4; index++) lanes.settled(a!);
  expect([...lanes.all()]).toHaveLength(0);
  expect(lanes.claimed).toBe(0);
  expect(lanes.lane(a!.subscriptionId).class).toBe("slow");
});
