import { beforeEach, describe, expect, test } from "bun:test";
import { FakeClock } from "../../../../tests/support/clock.ts";
import { type Turn, Turns } from "./turns.ts";

const RULES = { free: 3, memoryMs: 60_000, everyMs: 4_000, waitingMax: 2, patienceMs: 5_000 };

let clock: FakeClock;
let turns: Turns;
beforeEach(() => {
  clock = new FakeClock();
  turns = new Turns(clock, RULES);
});

const fail = async (asker: string): Promise<boolean> => {
  const turn = await turns.take("ada", asker);
  if (typeof turn === "number") return false;
  turn.failed();
  return true;
};

const isTurn = (turn: Turn | number): turn is Turn => typeof turn !== "number";

describe("tries at one account", () => {
  test("are free at first", async () => {
    expect([await fail("a"), await fail("a"), await fail("b")]).toEqual([true, true, true]);
    expect(turns.isSlow("ada")).toBe(true);
    expect(turns.isSlow("ben")).toBe(false);
  });

  test("that are under way count: a burst does not get in before the first has failed", async () => {
    const burst = Array.from({ length: 20 }, () => turns.take("ada", "a"));
    await clock.advance(0);
    await clock.advance(RULES.patienceMs);
    const answers = await Promise.all(burst);
    // Three are free, then one at once; whoever tried that often is not kept waiting for the next.
    expect(answers.filter(isTurn)).toHaveLength(4);
  });

  test("become free again when the failures are forgotten", async () => {
    for (const asker of ["a", "a", "a"]) await fail(asker);
    await clock.advance(RULES.memoryMs);
    expect(turns.isSlow("ada")).toBe(false);
    expect(await fail("a")).toBe(true);
  });

  test("a success costs nothing", async () => {
    for (let index = 0; index < 10; index++) {
      const turn = await turns.take("ada", "a");
      if (isTurn(turn)) turn.succeeded();
    }
    expect(turns.isSlow("ada")).toBe(false);
  });

  test("when they are slow, whoever tried least goes first, and within one interval", async () => {
    for (let index = 0; index < 3; index++) await fail("guesser");
    // The first who waits takes the turn that is due at once.
    const guesses = Array.from({ length: 3 }, () => turns.take("ada", "guesser"));
    await clock.advance(1);
    const owner = turns.take("ada", "owner");
    await clock.advance(RULES.everyMs);
    expect(isTurn(await owner)).toBe(true);
    await clock.advance(RULES.patienceMs);
    const got = (await Promise.all(guesses)).filter(isTurn);
    expect(got.length).toBeLessThan(3);
  });

  test("whoever is turned away is told when to come back", async () => {
    for (let index = 0; index < 3; index++) await fail("a");
    const waiting = Array.from({ length: 5 }, () => turns.take("ada", "a"));
    await clock.advance(RULES.patienceMs);
    expect((await Promise.all(waiting)).map((answer) => isTurn(answer) || answer)).toEqual([true, 16, 16, 16, 16]);
    await clock.advance(3_000);
    expect(await turns.take("ada", "a")).toBe(8);
    // Who comes back when they were told to is let in.
    await clock.advance(8_000);
    expect(isTurn(await turns.take("ada", "a"))).toBe(true);
  });

  test("a line full of strangers who come for the first time keeps out neither the next, nor the owner", async () => {
    for (let index = 0; index < 4; index++) await fail("guesser");
    const strangers = Array.from({ length: 10 }, (_, index) => turns.take("ada", `stranger ${index}`));
    const owner = turns.take("ada", "owner");
    await clock.advance(RULES.everyMs);
    expect(isTurn(await owner)).toBe(true);
    await clock.advance(RULES.patienceMs);
    expect((await Promise.all(strangers)).filter(isTurn).length).toBeLessThan(3);
  });

  test("whoever was right there before goes before all strangers, whenever they come; not if they guess as well", async () => {
    for (let index = 0; index < 4; index++) await fail("guesser");
    const usual = turns.take("ada", "owner", true);
    const strangers = Array.from({ length: 10 }, (_, index) => turns.take("ada", `stranger ${index}`));
    await clock.advance(RULES.everyMs);
    expect(isTurn(await usual)).toBe(true);
    await clock.advance(RULES.patienceMs);
    await Promise.all(strangers);
    for (let index = 0; index < 3; index++) void turns.take("ada", "owner", true);
    const newcomer = turns.take("ada", "elsewhere");
    await clock.advance(RULES.everyMs);
    expect(isTurn(await newcomer)).toBe(true);
  });

  test("what was not tried after all is no failure, and makes nobody a stranger again", async () => {
    for (let index = 0; index < 10; index++) {
      const turn = await turns.take("ada", "a");
      if (isTurn(turn)) turn.withdrawn();
    }
    expect(turns.isSlow("ada")).toBe(false);
    await fail("b");
    for (let index = 0; index < 4; index++) {
      const turn = await turns.take("ada", "a");
      if (isTurn(turn)) turn.withdrawn();
    }
    for (let index = 0; index < 3; index++) await fail("b");
    const stranger = turns.take("ada", "c");
    expect(await turns.take("ada", "a")).toBe(16);
    await clock.advance(RULES.everyMs);
    expect(isTurn(await stranger)).toBe(true);
  });

  test("one account does not slow another", async () => {
    for (let index = 0; index < 9; index++) void turns.take("ada", "a");
    expect(isTurn(await turns.take("ben", "a"))).toBe(true);
  });
});
