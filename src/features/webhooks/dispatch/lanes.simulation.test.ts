import { describe, expect, test } from "bun:test";
import { seededChance } from "../../../kernel/chance.ts";
import type { Id } from "../../../kernel/ids.ts";
import type { Claim } from "./claim.ts";
import type { Lane } from "./lane.ts";
import { Lanes } from "./lanes.ts";
import { FRESH } from "./pace.ts";
import { sharesOf } from "./shares.ts";

/*
 * The lanes by themselves, in simulated time: deliveries come in, are claimed, hang or are answered, wait for their
 * retry. After each step the rules are checked. The seed replays a run exactly.
 */

const SLOTS = 64;
const SHARES = sharesOf(SLOTS);
const LIMITS = { sockets: SLOTS, socketsPerLane: 16, claimed: 640, timeoutMs: 10_000 };
const COMMIT_MS = 5;
const TICK_MS = 1_000;
const RETRY_MS = 60_000;

interface Endpoint {
  readonly name: string;
  /** How its requests end, and after how long. */
  readonly answer: (now: number) => { readonly kind: "good" | "trouble"; readonly tookMs: number };
  /** Waiting from the beginning. */
  readonly backlog: number;
  /** One comes in every so often; 0 for never. */
  readonly everyMs: number;
}

interface Waiting {
  readonly attempt: number;
  readonly dueAt: number;
}

/** What one endpoint met. */
interface Seen {
  readonly waits: number[];
  sent: number;
  slotsMost: number;
}

interface World {
  readonly seen: ReadonlyMap<string, Seen>;
  /** Of all slots, the share that was in use over the time. */
  readonly used: number;
}

function simulate(endpoints: readonly Endpoint[], minutes: number): World {
  const lanes = new Lanes(LIMITS);
  const events: { at: number; order: number; run: () => void }[] = [];
  const queues = new Map<Lane, Waiting[]>();
  const seen = new Map<string, Seen>();
  let [now, order, planned, usedMs, lastAt] = [0, 0, false, 0, 0];
  const later = (delayMs: number, run: () => void): void => {
    const entry = { at: now + delayMs, order: order++, run };
    let [from, to] = [0, events.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      if ((events[middle] as typeof entry).at <= entry.at) from = middle + 1;
      else to = middle;
    }
    events.splice(from, 0, entry);
  };
  const dueOf = (queue: Waiting[]): number => queue.findIndex(({ dueAt }) => dueAt > now);

  const cycle = (): void => {
    if (planned) return;
    planned = true;
    later(0, () => {
      for (const lane of lanes.unknown(1_000)) lanes.learn(lane, FRESH);
      const room = lanes.retryRoom;
      const turns = lanes.plan(now);
      planned = false;
      if (turns.length === 0) return;
      planned = true;
      later(COMMIT_MS, () => {
        planned = false;
        let retries = room;
        for (const { lane, count, wakes } of turns) {
          const queue = queues.get(lane) as Waiting[];
          const due = dueOf(queue);
          const here = queue.splice(0, Math.min(count, due === -1 ? queue.length : due));
          const going = here.filter(({ attempt }) => attempt === 1 || retries-- > 0);
          queue.unshift(...here.filter((row) => !going.includes(row)));
          lanes.enqueue(lane, going as unknown as Claim[]);
          if (going.length < count) lanes.notTried(lane, count - going.length);
          if (lane.wakes !== wakes) continue;
          if (here.length < count) lanes.rest(lane);
          else if (going.length === 0) lanes.awaitRetrySlot(lane);
        }
        fill();
        cycle();
      });
    });
  };

  const fill = (): void => {
    for (let next = lanes.takeNext(); next; next = lanes.takeNext()) send(next.lane, next.claim as unknown as Waiting);
    check();
  };

  const send = (lane: Lane, row: Waiting): void => {
    const endpoint = byId.get(lane.subscriptionId) as Endpoint;
    const own = seen.get(endpoint.name) as Seen;
    own.sent += 1;
    own.waits.push(now - row.dueAt);
    own.slotsMost = Math.max(own.slotsMost, lane.inFlight);
    expect(lane.inFlight).toBeLessThanOrEqual(Math.max(1, lane.pace?.cap ?? 1));
    if (row.attempt > 1) retriesUnderWay += 1;
    const { kind, tookMs } = endpoint.answer(now);
    const startedAt = now;
    later(tookMs, () => {
      if (row.attempt > 1) retriesUnderWay -= 1;
      lanes.answered(lane, { kind, retry: row.attempt > 1, startedAt, endedAt: now });
      lanes.settled(lane);
      if (kind === "trouble") {
        const retry = { attempt: row.attempt + 1, dueAt: now + RETRY_MS };
        (queues.get(lane) as Waiting[]).push(retry);
        (queues.get(lane) as Waiting[]).sort((left, right) => left.dueAt - right.dueAt);
        lanes.dueLater(lane, Math.min(lane.dueAt, retry.dueAt));
      }
      fill();
      cycle();
    });
  };

  let retriesUnderWay = 0;
  let troubledBefore = 0;
  const check = (): void => {
    const found = lanes.statistics();
    expect(lanes.inFlight).toBeLessThanOrEqual(SLOTS);
    expect(retriesUnderWay).toBeLessThanOrEqual(SHARES.retries);
    expect(found.trial.slots).toBeLessThanOrEqual(SHARES.trials);
    const troubled = found.failing.slots + found.slow.slots + found.silent.slots;
    // Who turns bad keeps what is under way, and gets no more: over a quarter it can only fall.
    if (troubled > SHARES.troubled) expect(troubled).toBeLessThanOrEqual(troubledBefore + LIMITS.socketsPerLane);
    troubledBefore = troubled;
  };

  const byId = new Map(endpoints.map((endpoint) => [`sub_${endpoint.name}` as Id<"sub">, endpoint]));
  for (const [id, { name, backlog, everyMs }] of byId) {
    const lane = lanes.lane(id);
    // Kept from being forgotten: the rows of the simulation hang on it.
    lane.unsettled = 1;
    queues.set(
      lane,
      Array.from({ length: backlog }, () => ({ attempt: 1, dueAt: 0 })),
    );
    seen.set(name, { waits: [], sent: 0, slotsMost: 0 });
    if (backlog > 0) lanes.markDue(lane);
    const come = (): void => {
      const queue = queues.get(lane) as Waiting[];
      const place = dueOf(queue);
      queue.splice(place === -1 ? queue.length : place, 0, { attempt: 1, dueAt: now });
      lanes.markDue(lane);
      cycle();
      later(everyMs, come);
    };
    if (everyMs > 0) later(everyMs, come);
  }
  const tick = (): void => {
    lanes.markDueAt(now);
    cycle();
    later(Math.max(1, Math.min(TICK_MS, lanes.trialWait(now))), tick);
  };
  cycle();
  tick();
  const end = minutes * 60_000;
  for (let next = events.shift(); next && next.at <= end; next = events.shift()) {
    usedMs += lanes.inFlight * (next.at - lastAt);
    lastAt = next.at;
    now = next.at;
    next.run();
  }
  return { seen, used: usedMs / (SLOTS * end) };
}

const quantile = (values: readonly number[], share: number): number =>
  values.toSorted((left, right) => left - right)[Math.floor(values.length * share)] ?? Number.NaN;
const many = (count: number, make: (index: number) => Endpoint): Endpoint[] =>
  Array.from({ length: count }, (_, index) => make(index));

const hanging = (name: string, backlog = 100): Endpoint => ({
  name,
  answer: () => ({ kind: "trouble", tookMs: 10_000 }),
  backlog,
  everyMs: 0,
});

describe.each(["a", "b", "c"])("seed %s", (seed) => {
  const chance = seededChance(`lanes ${seed}`);
  const about = (ms: number): number => Math.ceil(ms * (0.5 + chance.fraction()));
  const healthy = (name: string, everyMs: number, tookMs = 20): Endpoint => ({
    name,
    answer: () => ({ kind: "good", tookMs: about(tookMs) }),
    backlog: 0,
    everyMs,
  });

  test("300 endpoints hang, one of them with very much waiting: a healthy one does not notice", () => {
    const world = simulate(
      [hanging("heavy", 20_000), ...many(299, (index) => hanging(`h${index}`)), healthy("well", 50)],
      5,
    );
    const { waits, sent } = world.seen.get("well") as Seen;
    expect(sent).toBeGreaterThan(5_900);
    expect(quantile(waits, 0.99)).toBeLessThan(50);
    expect(Math.max(...waits)).toBeLessThan(2_000);
  });

  test("whoever waits is served: hanging, slow and failing ones too", () => {
    const slow = many(30, (index) => ({
      name: `s${index}`,
      answer: () => ({ kind: "good" as const, tookMs: about(3_000) }),
      backlog: 20,
      everyMs: 20_000,
    }));
    const failing = many(30, (index) => ({
      name: `f${index}`,
      answer: () => ({ kind: "trouble" as const, tookMs: about(20) }),
      backlog: 10,
      everyMs: 20_000,
    }));
    const busy = many(12, (index) => ({ ...healthy(`b${index}`, 0, 400), backlog: 3_000 }));
    const world = simulate([...many(40, (index) => hanging(`h${index}`)), ...slow, ...failing, ...busy], 4);
    for (const [name, { sent }] of world.seen) expect([name, sent > 2]).toEqual([name, true]);
    for (const { name } of busy) expect(world.seen.get(name)?.slotsMost).toBeLessThanOrEqual(16);
  });

  test("an endpoint that comes back is found out soon, however many hang", () => {
    const downUntil = 120_000;
    const back: Endpoint = {
      name: "back",
      answer: (now) => (now < downUntil ? { kind: "trouble", tookMs: about(20) } : { kind: "good", tookMs: about(20) }),
      backlog: 0,
      everyMs: 100,
    };
    const { waits, slotsMost } = simulate([back, ...many(300, (index) => hanging(`h${index}`))], 5).seen.get(
      "back",
    ) as Seen;
    expect(quantile(waits.slice(waits.length >> 1), 0.95)).toBeLessThan(1_500);
    expect(slotsMost).toBeGreaterThan(1);
  });

  test("healthy strangers, all at once, are through in seconds", () => {
    const world = simulate(
      many(2_000, (index) => ({ ...healthy(`n${index}`, 0), backlog: 1 })),
      1,
    );
    const waits = [...world.seen.values()].flatMap((own) => own.waits);
    expect(waits).toHaveLength(2_000);
    expect(Math.max(...waits)).toBeLessThan(5_000);
  });

  test("where nobody else wants them, the quick have three quarters of the slots and more", () => {
    const world = simulate(
      many(8, (index) => ({ ...healthy(`b${index}`, 0, 100), backlog: 2_000 })),
      0.2,
    );
    expect(world.used).toBeGreaterThan(0.7);
  });
});

test("the same seed gives the same run", () => {
  const run = (): unknown => {
    const chance = seededChance("replay");
    const endpoints = many(40, (index) => ({
      ...hanging(`h${index}`, 5),
      answer: () => ({ kind: "good" as const, tookMs: Math.ceil(chance.fraction() * 2_000) }),
    }));
    return [...simulate(endpoints, 1).seen];
  };
  expect(run()).toEqual(run());
});
