import { expect, test } from "bun:test";
import { FakeClock } from "../../tests/support/clock.ts";
import { addMs, DAY, HOUR, MINUTE, SECOND, unixMs } from "../kernel/units.ts";
import { createDemoClock } from "./demo-clock.ts";

const START = unixMs(Date.UTC(2026, 1, 9, 7));
const make = () => {
  const real = new FakeClock();
  return { real, clock: createDemoClock(START, real) };
};

test("the wall stands still however long a person reads, and moves only by a leap", async () => {
  const { real, clock } = make();
  await real.advance(10 * MINUTE);
  expect(clock.now()).toBe(START);
  clock.leapTo(addMs(START, DAY));
  expect(clock.now()).toBe(addMs(START, DAY));
});

test("time never goes backwards", () => {
  const { clock } = make();
  clock.leapTo(addMs(START, 1));
  expect(() => clock.leapTo(START)).toThrow("time never goes backwards");
  expect(clock.now()).toBe(addMs(START, 1));
  clock.leapTo(addMs(START, 1));
});

test("durations are real, and no leap lengthens them", async () => {
  const { real, clock } = make();
  const before = clock.monotonic();
  clock.leapTo(addMs(START, DAY));
  expect(clock.monotonic() - before).toBe(0);
  await real.advance(30);
  expect(clock.monotonic() - before).toBe(30);
});

test("a leap alone wakes nobody: who looks around does so at its own time", async () => {
  const { real, clock } = make();
  let looks = 0;
  clock.after(SECOND, () => {
    looks += 1;
  });
  clock.leapTo(addMs(START, DAY));
  expect(looks).toBe(0);
  await real.advance(999);
  expect(looks).toBe(0);
  await real.advance(1);
  expect(looks).toBe(1);
});

test("who looks around can be woken, once, and in the order of asking", async () => {
  const { real, clock } = make();
  const fired: string[] = [];
  clock.after(SECOND, () => fired.push("first"));
  clock.after(250, () => fired.push("second"));
  clock.wake();
  expect(fired).toEqual(["first", "second"]);
  clock.wake();
  await real.advance(HOUR);
  expect(fired).toHaveLength(2);
});

test("what asks anew while it is woken is not woken twice", () => {
  const { clock } = make();
  let rounds = 0;
  const arm = (): void => {
    clock.after(SECOND, () => {
      rounds += 1;
      arm();
    });
  };
  arm();
  clock.wake();
  expect(rounds).toBe(1);
  clock.wake();
  expect(rounds).toBe(2);
});

test("a deadline is cut short neither by a leap nor by waking: it ends by the real clock alone", async () => {
  const { real, clock } = make();
  let ended = 0;
  clock.after(SECOND + 1, () => {
    ended += 1;
  });
  const signal = clock.timeout(SECOND + 1);
  clock.leapTo(addMs(START, 90 * DAY));
  clock.wake();
  clock.follow();
  await real.advance(SECOND);
  expect([ended, signal.aborted]).toEqual([0, false]);
  await real.advance(1);
  expect([ended, signal.aborted]).toEqual([1, true]);
});

test("what was cancelled is not woken, also where a callback cancels it", () => {
  const { clock } = make();
  let fired = 0;
  clock.after(100, () => later.cancel());
  const later = clock.after(200, () => {
    fired += 1;
  });
  const never = clock.after(300, () => {
    fired += 1;
  });
  never.cancel();
  clock.wake();
  expect(fired).toBe(0);
});

test("at the end it leaps to the real time, wakes everybody and goes with the real time", async () => {
  const { real, clock } = make();
  let fired = 0;
  clock.after(SECOND, () => {
    fired += 1;
  });
  clock.follow();
  expect(fired).toBe(1);
  expect(clock.now()).toBe(real.now());
  await real.advance(MINUTE);
  expect(clock.now()).toBe(real.now());
  expect(() => clock.leapTo(START)).toThrow("time never goes backwards");
});

test("where the machine's own clock is behind the story, the story waits for it", async () => {
  const real = new FakeClock();
  const ahead = addMs(real.now(), MINUTE);
  const clock = createDemoClock(ahead, real);
  clock.follow();
  expect(clock.now()).toBe(ahead);
  await real.advance(2 * MINUTE);
  expect(clock.now()).toBe(real.now());
});

test("a machine whose clock is set back later does not take the story back", () => {
  const { real, clock } = make();
  clock.follow();
  const reached = clock.now();
  real.set(reached - HOUR);
  expect(clock.now()).toBe(reached);
});

test("a short sleep can be woken too", async () => {
  const { clock } = make();
  let woke = false;
  const slept = clock.sleep(SECOND).then(() => {
    woke = true;
  });
  await Promise.resolve();
  expect(woke).toBe(false);
  clock.wake();
  await slept;
  expect(woke).toBe(true);
});
