import { isoTime } from "../kernel/clock.ts";
import type { UnixMs } from "../kernel/units.ts";
import type { Lessons } from "./demo-lessons.ts";
import { SCHOOL } from "./demo-school.ts";
import type { Beat, Sent } from "./demo-telling.ts";
import { BERLIN, dateWords, NEW_YORK } from "./demo-term.ts";

/** The first morning: one event in full, the same one twice, and one that gives nothing. */
export const opening = (lessons: Lessons): Beat => ({
  at: lessons.at(0, "08:05"),
  async play() {
    const { stage, telling } = lessons;
    await telling.day();
    for (const { userId, zone } of SCHOOL) await stage.hatch.members.update(userId, { timezone: zone });
    const { data } = await stage.hatch.members.list();
    const living = (place: string): number => data.filter(({ timezone }) => timezone === place).length;
    await telling.sentence(
      `Term begins: ${living(BERLIN)} pupils in Berlin, ${living(NEW_YORK)} in New York, each on local time.`,
    );
    const first = await lessons.complete("ada", 94);
    await telling.explain(first, "ada completes a lesson, score 94");
    await sendAgain(lessons, first);
    await telling.explain(await lessons.complete("ben", 41), "ben completes one, score 41");
  },
});

/** A phone that never heard the answer sends it once more. What is said of it is compared, not assumed. */
async function sendAgain({ stage, telling }: Lessons, { id, type, userId, effects }: Sent): Promise<void> {
  const { palette } = telling;
  const look = async (): Promise<string> =>
    JSON.stringify([await stage.hatch.members.get(userId), stage.receiver.arrivals.length]);
  const before = await look();
  const { properties = {} } = await stage.hatch.events.get(id);
  const again = await telling.send({ id, type, userId, properties });
  await stage.settle();
  const isSame = (await look()) === before && JSON.stringify(again.effects) === JSON.stringify(effects);
  await telling.lines(
    "",
    `     ${palette.strong("her phone sends it once more")}  ${palette.quiet(`POST /v1/events, ${again.status}`)}`,
    `     ${isSame ? "the first answer again; nothing is given or sent twice" : palette.bad("SOMETHING CHANGED")}`,
  );
}

/** Three lessons in an afternoon: a level, the rule that follows it, a limit. */
export const limit = (lessons: Lessons): Beat => ({
  at: lessons.at(2, "16:00"),
  async play() {
    const { stage, telling } = lessons;
    await telling.day();
    await telling.sentence("ada has three lessons. A day gives 25 coins at most, 250 xp are a level.");
    await lessons.completeAndTell("ada", 88);
    await stage.advanceTo(lessons.at(2, "16:40"));
    const { effects } = await lessons.completeAndTell("ada", 72);
    const gift = effects.find(({ rule }) => rule === "level_gift");
    if (gift)
      await telling.sentence(`The level is an effect, which the rule ${gift.rule} follows: ${gift.amount} coins more.`);
    await stage.advanceTo(lessons.at(2, "17:20"));
    await lessons.completeAndTell("ada", 65);
  },
});

/** What happened on Saturday evening and arrives on Monday counts for Saturday. */
export function lateEvent(lessons: Lessons): readonly Beat[] {
  const { stage, telling } = lessons;
  const evening = (time: string): UnixMs => lessons.at(12, time, NEW_YORK);
  const silently = (score: number) => async (): Promise<void> => {
    await lessons.complete("grace", score);
  };
  const arrive = async (): Promise<void> => {
    await telling.day();
    await telling.sentence("grace had a third lesson on Saturday, in a train; it arrives today.");
    const sent = await lessons.complete("grace", 86, { occurredAt: isoTime(evening("20:10")) });
    await lessons.tell(sent, 86);
    const { localDate, considered = [] } = await stage.hatch.events.get(sent.id, { explain: true });
    const reason = considered
      .find(({ rule }) => rule === "lesson_coins")
      ?.reason.split("; ")
      .at(-1);
    await telling.sentence(`It counts for ${dateWords(localDate)}: ${reason}.`);
  };
  return [
    { at: evening("18:20"), play: silently(79) },
    { at: evening("19:05"), play: silently(74) },
    { at: lessons.at(14, "08:10", NEW_YORK), play: arrive },
  ];
}
