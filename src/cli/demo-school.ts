import { type Chance, seededChance } from "../kernel/chance.ts";
import type { UnixMs } from "../kernel/units.ts";
import { BERLIN, dayOf, momentAt, NEW_YORK, TERM_DAYS, type Term } from "./demo-term.ts";

/** A small school in two cities, and its lessons of an ordinary week. */

export interface Pupil {
  readonly userId: string;
  readonly zone: string;
  /** The mean of its scores. */
  readonly ability: number;
}

export const SCHOOL: readonly Pupil[] = [
  { userId: "ada", zone: BERLIN, ability: 88 },
  { userId: "ben", zone: BERLIN, ability: 66 },
  { userId: "carla", zone: BERLIN, ability: 79 },
  { userId: "deniz", zone: BERLIN, ability: 84 },
  { userId: "emma", zone: NEW_YORK, ability: 81 },
  { userId: "finn", zone: NEW_YORK, ability: 62 },
  { userId: "grace", zone: NEW_YORK, ability: 77 },
  { userId: "henry", zone: NEW_YORK, ability: 72 },
];

const MEAN_ABILITY = 75;
const find = (userId: string): Pupil | undefined => SCHOOL.find((pupil) => pupil.userId === userId);
export const zoneOf = (userId: string): string => find(userId)?.zone ?? BERLIN;
export const abilityOf = (userId: string): number => find(userId)?.ability ?? MEAN_ABILITY;

export const SUBJECTS = ["algebra", "geometry", "grammar", "history", "music", "physics"] as const;

/** What the learning program calls it. */
export const LESSON = "lesson_completed";

export interface Lesson {
  readonly at: UnixMs;
  readonly userId: string;
  readonly lesson: string;
  readonly score: number;
}

/** Monday, Tuesday, Thursday, Friday: all else is left to the scenes of the story. */
const SCHOOL_DAYS = [0, 1, 3, 4];
const PER_WEEK = 2;
const FIRST_HOUR = 15;
const HOURS = 5;
const SPREAD = 30;
/** A perfect score is a scene of its own. */
const SCORE_MAX = 99;

const twoDigits = (value: number): string => String(value).padStart(2, "0");

/** How a lesson may end. */
export function resultOf(ability: number, chance: Chance): { readonly lesson: string; readonly score: number } {
  const score = Math.min(SCORE_MAX, Math.round(ability + (chance.fraction() - 0.5) * SPREAD));
  return { lesson: SUBJECTS[Math.floor(chance.fraction() * SUBJECTS.length)] ?? SUBJECTS[0], score };
}

/** The same term has the same lessons, whenever it is told. */
export function timetable(term: Term): readonly Lesson[] {
  const chance = seededChance("a small school");
  const below = (count: number): number => Math.floor(chance.fraction() * count);
  const lessonOf = (pupil: Pupil, day: number): Lesson => {
    const time = `${FIRST_HOUR + below(HOURS)}:${twoDigits(below(60))}`;
    const at = momentAt({ zone: pupil.zone, date: dayOf(term, day), time });
    return { at, userId: pupil.userId, ...resultOf(pupil.ability, chance) };
  };
  const lessons: Lesson[] = [];
  for (let monday = 0; monday < TERM_DAYS; monday += 7) {
    for (const pupil of SCHOOL) {
      const days = new Set<number>();
      while (days.size < PER_WEEK) days.add(SCHOOL_DAYS[below(SCHOOL_DAYS.length)] ?? 0);
      for (const day of days) if (monday + day < TERM_DAYS) lessons.push(lessonOf(pupil, monday + day));
    }
  }
  return lessons.sort((a, b) => a.at - b.at);
}
