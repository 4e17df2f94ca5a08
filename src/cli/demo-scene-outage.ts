import type { UnixMs } from "../kernel/units.ts";
import type { Lessons } from "./demo-lessons.ts";
import { type Arrival, isVerified, kindly } from "./demo-receiver.ts";
import type { Beat } from "./demo-telling.ts";
import { BERLIN, lengthWords, localClock } from "./demo-term.ts";
import { countOf } from "./view.ts";

/** A Wednesday. */
const DAY = 30;

/**
 * The receiver is away for hours. What is sent meanwhile is on the disk and decided at once, only its deliveries wait: each
 * failed attempt puts the next one further off. When the receiver is back, each arrives at its own time, once.
 */
export const outage = (lessons: Lessons): Beat => ({ at: lessons.at(DAY, "10:40"), play: () => play(lessons) });

async function play(lessons: Lessons): Promise<void> {
  const { stage, telling } = lessons;
  const { receiver } = stage;
  const begin = receiver.arrivals.length;
  await telling.day();
  await telling.sentence("The receiver breaks and answers 503. Lessons count, deliveries wait.");
  receiver.behave(() => 503);
  await stage.advanceTo(lessons.at(DAY, "10:45"));
  await tellAttempts(lessons, () => lessons.completeAndTell("ben", 81));
  await watch(lessons, lessons.at(DAY, "14:05"));
  await tellAttempts(lessons, () => lessons.completeAndTell("carla", 90));
  await watch(lessons, lessons.at(DAY, "14:10"));

  receiver.behave(kindly);
  const { quiet, good } = telling.palette;
  await telling.lines(`     ${quiet(nowOf(lessons))}  ${good("the receiver answers again")}`);
  await watch(lessons, lessons.at(DAY, "21:00"));
  await conclude(lessons, receiver.arrivals.slice(begin));
}

async function conclude({ telling }: Lessons, since: readonly Arrival[]): Promise<void> {
  const refused = since.filter(({ status }) => status === 503);
  const taken = since.filter(({ status }) => status === 204).map(({ delivery }) => delivery);
  const areAll = refused.every(({ delivery }) => taken.includes(delivery));
  const once = areAll && new Set(taken).size === taken.length ? "none lost, none twice" : "NOT EACH ONCE";
  const requests = countOf(refused.length, "request");
  await telling.sentence(`${requests} refused, ${countDeliveries(taken.length)} made: ${once}.`);
}

/** Until that moment, stopping at every attempt. */
async function watch(lessons: Lessons, until: UnixMs): Promise<void> {
  for (;;) {
    const next = await lessons.stage.nextAttempt();
    if (next === undefined || next > until) break;
    await tellAttempts(lessons, () => lessons.stage.advanceTo(next));
  }
  await lessons.stage.advanceTo(until);
}

/** What the receiver was asked while this happened, and when it will be asked next. */
async function tellAttempts(lessons: Lessons, happens: () => Promise<unknown>): Promise<void> {
  const { stage, telling } = lessons;
  const before = stage.receiver.arrivals.length;
  await happens();
  await stage.settle();
  const made = stage.receiver.arrivals.slice(before);
  if (made.length === 0) return;
  const next = await stage.nextAttempt();
  const line = made.every(({ status }) => status === 204) ? takenLine(lessons, made) : refusedLine(lessons, made, next);
  await telling.lines(`     ${telling.palette.quiet(nowOf(lessons))}  ${line}`);
}

const nowOf = ({ stage }: Lessons): string => `Wed ${localClock(stage.clock.now(), BERLIN)}`;
const countDeliveries = (count: number): string => countOf(count, "delivery", "deliveries");

function refusedLine({ stage, telling }: Lessons, made: readonly Arrival[], next: UnixMs | undefined): string {
  const { palette } = telling;
  const [{ attempt, status } = { attempt: 0, status: 0 }] = made;
  const wait = next === undefined ? "nothing waits" : `the next in ${lengthWords(next - stage.clock.now())}`;
  return `${palette.bad(String(status))}  ${countDeliveries(made.length)}, attempt ${attempt}, ${palette.quiet(wait)}`;
}

function takenLine({ telling }: Lessons, made: readonly Arrival[]): string {
  const { palette } = telling;
  const [{ attempt } = { attempt: 0 }] = made;
  const signatures = made.every(isVerified) ? palette.good("signatures ok") : palette.bad("signatures WRONG");
  return `${palette.good("204")}  ${countDeliveries(made.length)}, attempt ${attempt}, ${signatures}`;
}
