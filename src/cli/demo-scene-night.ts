import type { UnixMs } from "../kernel/units.ts";
import type { Lessons } from "./demo-lessons.ts";
import type { Beat } from "./demo-telling.ts";
import { BERLIN, dateWords, hoursApart, lengthWords, momentAt, NEW_YORK } from "./demo-term.ts";

const SUNDAY = 48;

/**
 * The night in which Berlin changes its clocks. A limit of a day holds from midnight to midnight of the member, whether 23
 * or 25 hours lie between, and at the same moment somebody in New York is still in the day before.
 */
export function night(lessons: Lessons): readonly Beat[] {
  const { stage, telling, term } = lessons;
  const { date, hours } = term.changes.berlin;
  const isShort = hours < 24;
  const berlin = (time: string, which: "earlier" | "later" = "earlier"): UnixMs =>
    momentAt({ zone: BERLIN, date, time, which });
  const newYork = (time: string): UnixMs => momentAt({ zone: NEW_YORK, date, time });
  const [midnight, nextMidnight] = [lessons.at(SUNDAY, "00:00"), lessons.at(SUNDAY + 1, "00:00")];
  // The hour that does not exist is leapt over; the one that comes twice is met twice.
  const [second, third] = isShort ? [berlin("01:50"), berlin("03:10")] : [berlin("02:30"), berlin("02:30", "later")];
  const later = `${lengthWords(third - second)} later`;

  const begin = async (): Promise<void> => {
    await telling.day();
    const way = isShort ? "forward" : "back";
    await telling.sentence(`Berlin's clocks go ${way}: a Sunday of ${hours} hours. ada can't sleep.`);
    await lessons.completeAndTell("ada", 84);
  };
  const emptyHanded = async (): Promise<void> => {
    const sent = await lessons.complete("ada", 80);
    const { considered = [] } = await stage.hatch.events.get(sent.id, { explain: true });
    const { reason = "" } = considered.find(({ rule, fired }) => rule === "lesson_coins" && !fired) ?? {};
    await lessons.tell(sent, 80, reason);
  };
  const newDay = async (): Promise<void> => {
    await lessons.completeAndTell("ada", 86, `a new day after ${lengthWords(stage.clock.now() - midnight)}`);
    await lessons.completeAndTell("emma", 79, "same moment");
    const length = lengthWords(nextMidnight - midnight);
    await telling.sentence(`${dateWords(date)} had ${length} in Berlin and was one day; emma is in hers still.`);
  };
  const silently = (userId: string, score: number) => async (): Promise<void> => {
    await lessons.complete(userId, score);
  };
  return [
    { at: berlin("00:10"), play: begin },
    { at: second, play: async () => void (await lessons.completeAndTell("ada", 91)) },
    { at: third, play: async () => void (await lessons.completeAndTell("ada", 77, later)) },
    { at: newYork("11:00"), play: silently("emma", 83) },
    { at: newYork("14:00"), play: silently("emma", 76) },
    { at: berlin("23:40"), play: emptyHanded },
    { at: lessons.at(SUNDAY + 1, "00:05"), play: newDay },
  ];
}

/** New York changes its clocks on another Sunday. */
export function otherNight({ stage, telling, term }: Lessons): Beat {
  const { date, hours } = term.changes.newYork;
  const play = async (): Promise<void> => {
    const apart = hoursApart(stage.clock.now(), BERLIN, NEW_YORK);
    await telling.day();
    await telling.sentence(`A Sunday of ${hours} hours in New York: Berlin is ${apart} hours ahead of it now.`);
  };
  return { at: momentAt({ zone: NEW_YORK, date, time: "12:00" }), play };
}
