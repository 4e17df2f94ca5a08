import { beforeEach, describe, expect, test } from "bun:test";
import { FakeClock } from "../../../tests/support/clock.ts";
import { SECOND } from "../../kernel/units.ts";
import { ProxyFault, type ProxyFaultKind } from "./faults.ts";
import { type Passage, Standing } from "./standing.ts";

let clock: FakeClock;
let told: string[];
let standing: Standing;
beforeEach(() => {
  clock = new FakeClock();
  told = [];
  standing = new Standing({
    clock,
    onOutage: (message) => void told.push(message),
    onRecovery: (tookMs) => void told.push(`back after ${tookMs / SECOND} s`),
    onFault() {},
  });
});

const enter = (host: string): Passage => {
  const passage = standing.enter(host);
  if ("until" in passage) throw new Error(`held until ${passage.until - clock.now()} ms from now`);
  return passage;
};
const fail = (host: string, kind: ProxyFaultKind) => {
  const passage = enter(host);
  const charged = passage.failed(new ProxyFault(kind, kind));
  passage.leave();
  return charged;
};
const open = (host: string): void => {
  const passage = enter(host);
  passage.opened();
  passage.leave();
};
const heldFor = (host: string): number | undefined => {
  const hold = standing.holdOf(host);
  return hold && hold.until - clock.now();
};

describe("a fault of the proxy's own", () => {
  test.each(["unreachable", "credentials"] as const)("(%s) holds everybody back, longer each time", async (kind) => {
    const delays: (number | undefined)[] = [];
    for (let count = 0; count < 9; count++) {
      expect(fail("a:443", kind)).toBe("proxy");
      const delay = heldFor("b:443") ?? 0;
      delays.push(delay / SECOND);
      expect(standing.enter("b:443")).toMatchObject({ of: "proxy" });
      await clock.advance(delay);
    }
    expect(delays).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
    expect(told).toEqual([kind]);
    open("b:443");
    expect(heldFor("a:443")).toBeUndefined();
    expect(told).toEqual([kind, "back after 243 s"]);
  });

  test("that strikes many at once is one, and one alone sees whether it is over", async () => {
    const many = ["a", "b", "c", "d"].map((name) => enter(`${name}:443`));
    for (const passage of many) passage.failed(new ProxyFault("unreachable", "away"));
    expect(heldFor("a:443")).toBe(SECOND);
    await clock.advance(SECOND);
    const looking = enter("a:443");
    expect(standing.enter("b:443")).toMatchObject({ of: "proxy" });
    expect(heldFor("b:443")).toBe(SECOND);
    // Whoever gave up without an answer does not keep the others out for ever.
    looking.leave();
    enter("b:443").leave();
  });
});

describe("a fault that may be the proxy's or the host's", () => {
  test("holds that host back, and nobody else", async () => {
    expect(fail("a:443", "status")).toBe("proxy");
    expect(heldFor("a:443")).toBe(SECOND);
    expect(heldFor("b:443")).toBeUndefined();
    await clock.advance(SECOND);
    expect(fail("a:443", "unanswered")).toBe("proxy");
    expect(heldFor("a:443")).toBe(2 * SECOND);
    expect(told).toEqual([]);
  });

  test("is the host's where others have been led to since, each time anew", async () => {
    fail("a:443", "status");
    open("b:443");
    await clock.advance(SECOND);
    open("b:443");
    expect(fail("a:443", "status")).toBe("host");
    expect(heldFor("a:443")).toBeUndefined();
    await clock.advance(SECOND);
    // Nobody else was led to in that second.
    expect(fail("a:443", "status")).toBe("proxy");
    await clock.advance(SECOND);
    enter("b:443").worked();
    expect(fail("a:443", "status")).toBe("host");
  });

  test("is never the host's for what it did itself", async () => {
    fail("a:443", "status");
    await clock.advance(SECOND);
    // A kept tunnel to the same host goes on.
    const kept = enter("a:443");
    kept.worked();
    kept.leave();
    expect(fail("a:443", "status")).toBe("proxy");
  });

  test("is told as an outage where three hosts have it and nobody gets through, or one for a minute", async () => {
    for (const host of ["a", "b", "c"]) fail(`${host}:443`, "status");
    expect(told).toEqual(["status"]);
    open("d:443");
    expect(told).toEqual(["status", "back after 0 s"]);

    told.length = 0;
    await clock.advance(60 * SECOND);
    for (let seconds = 0; seconds <= 64; seconds++) {
      if ((heldFor("a:443") ?? 0) === 0) fail("a:443", "unanswered");
      await clock.advance(SECOND);
    }
    expect(told).toEqual(["unanswered"]);
  });

  test("of very many hosts is forgotten of the oldest", () => {
    for (let count = 0; count < 2_100; count++) fail(`h${count}:443`, "status");
    expect(heldFor("h0:443")).toBeUndefined();
    expect(heldFor("h2099:443")).toBe(SECOND);
  });
});
