import { HatchError } from "../client/index.ts";
import { type Chance, seededChance } from "../kernel/chance.ts";
import { systemClock } from "../kernel/clock.ts";
import type { JsonObject } from "../kernel/json.ts";
import { SECOND } from "../kernel/units.ts";
import { isTaken } from "./demo-receiver.ts";
import { SCHOOL } from "./demo-school.ts";
import type { Stage } from "./demo-stage.ts";
import type { Telling } from "./demo-telling.ts";
import { arrivalLine } from "./demo-view.ts";
import { countOf } from "./view.ts";

const EVERY_MS = 12 * SECOND;

/** What a member does next, and in how few words that is told; undefined where there is nothing to do. */
export type NextDoing = (
  userId: string,
  chance: Chance,
) => { readonly type: string; readonly properties: JsonObject; readonly what: string } | undefined;

/**
 * Goes on calmly on the real clock, until it is told to stop. What arrives for an event that somebody else sent is told at
 * once, each request in a line of its own.
 */
export async function trickle(telling: Telling, nextDoing: NextDoing, stopping: AbortSignal): Promise<void> {
  const { stage } = telling;
  const chance = seededChance(String(stage.clock.now()));
  let own = "";
  stage.receiver.listen((arrival) => {
    if (arrival.eventId !== own) stage.say(arrivalLine(stage.palette, arrival, undefined));
  });
  while (await passes(EVERY_MS, stopping)) {
    const member = SCHOOL[Math.floor(chance.fraction() * SCHOOL.length)];
    const doing = member && nextDoing(member.userId, chance);
    if (!doing) continue;
    const { what, ...event } = doing;
    own = `now-${stage.clock.now()}`;
    try {
      const sent = await telling.send({ id: own, userId: member.userId, ...event });
      await stage.settle();
      stage.say(telling.lineOf(sent, member.zone, what, takenOf(stage, own)));
    } catch (error) {
      // Whoever plays with the running demonstration may take away what it stands on; the server stays up for them.
      if (!(error instanceof HatchError)) throw error;
      stage.say(`     ${stage.palette.quiet(`not sent: ${error.message}`)}`);
    }
  }
}

function takenOf({ receiver }: Stage, eventId: string): string {
  const arrived = receiver.arrivals.filter((arrival) => arrival.eventId === eventId);
  const taken = arrived.filter(isTaken).length;
  return taken === arrived.length ? `${countOf(taken, "delivery", "deliveries")} verified` : "NOT VERIFIED";
}

/** @returns false where it was asked to stop meanwhile */
async function passes(lengthMs: number, stopping: AbortSignal): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = systemClock.after(lengthMs, resolve);
  stopping.addEventListener("abort", () => resolve(), { once: true });
  if (stopping.aborted) resolve();
  await promise;
  timer.cancel();
  return !stopping.aborted;
}
