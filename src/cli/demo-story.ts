import { Lessons } from "./demo-lessons.ts";
import { lateEvent, limit, opening } from "./demo-scene-first-weeks.ts";
import { night, otherNight } from "./demo-scene-night.ts";
import { outage } from "./demo-scene-outage.ts";
import { replay } from "./demo-scene-replay.ts";
import { abilityOf, LESSON, type Lesson, resultOf, timetable, zoneOf } from "./demo-school.ts";
import type { Beat, Telling, Words } from "./demo-telling.ts";
import type { NextDoing } from "./demo-trickle.ts";

export const LESSONS: Words = { event: "lesson", width: "score 100".length };

/** Ninety days of a small school, on the learning program. */
export async function tellOfSchool(telling: Telling): Promise<void> {
  const lessons = new Lessons(telling);
  // Of ada's first week every lesson is told.
  const ordinary = timetable(telling.term).filter(({ userId, at }) => userId !== "ada" || at >= lessons.at(7, "00:00"));
  await lessons.telling.play([
    opening(lessons),
    limit(lessons),
    ...lateEvent(lessons),
    outage(lessons),
    ...night(lessons),
    otherNight(lessons),
    replay(lessons),
    ...ordinary.map((lesson): Beat => ({ at: lesson.at, play: () => pass(lessons, lesson) })),
  ]);
}

/** After the term. */
export const nextLesson: NextDoing = (userId, chance) => {
  const properties = resultOf(abilityOf(userId), chance);
  return { type: LESSON, properties, what: `score ${properties.score}` };
};

/** An ordinary lesson is told only where something hatches. */
async function pass(lessons: Lessons, { userId, lesson, score }: Lesson): Promise<void> {
  const sent = await lessons.complete(userId, score, { lesson });
  const effects = sent.effects.filter(({ type, rule }) => type === "level.changed" || rule === "level_gift");
  if (effects.length > 0) await lessons.telling.highlight({ ...sent, effects }, zoneOf(userId), `score ${score}`);
}
