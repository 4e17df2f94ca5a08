import { expect, test } from "bun:test";
import { seededChance } from "../kernel/chance.ts";
import { unixMs } from "../kernel/units.ts";
import { abilityOf, resultOf, SCHOOL, timetable, zoneOf } from "./demo-school.ts";
import { dateWords, latestTerm, localDate, NEW_YORK } from "./demo-term.ts";

const TERMS = ["2026-11-22T04:00:00Z", "2027-05-01T00:00:00Z"].map((now) => latestTerm(unixMs(Date.parse(now))));

test("the same term has the same lessons, in the order of their time and all within it", () => {
  for (const term of TERMS) {
    const lessons = timetable(term);
    expect(timetable(term)).toEqual(lessons);
    const times = lessons.map(({ at }) => at as number);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect([times[0] ?? 0, times.at(-1) ?? 0].every((at) => at >= term.start && at < term.end)).toBe(true);
  }
});

test("the days of the scenes are free of ordinary lessons, wherever a pupil lives", () => {
  for (const term of TERMS) {
    const days = new Set(timetable(term).map(({ at, userId }) => dateWords(localDate(at, zoneOf(userId))).slice(0, 3)));
    expect([...days].sort()).toEqual(["Fri", "Mon", "Thu", "Tue"]);
  }
});

test("everybody has two lessons a week, and none of them is perfect", () => {
  for (const term of TERMS) {
    const lessons = timetable(term);
    const counts = SCHOOL.map((pupil) => lessons.filter(({ userId }) => userId === pupil.userId).length);
    expect(counts).toEqual(SCHOOL.map(() => 26));
    expect(Math.max(...lessons.map(({ score }) => score))).toBeLessThan(100);
    expect(Math.min(...lessons.map(({ score }) => score))).toBeGreaterThan(0);
  }
});

test("a pupil has a place and an ability; a stranger gets ordinary ones", () => {
  expect([zoneOf("emma"), abilityOf("ada")]).toEqual([NEW_YORK, 88]);
  expect(resultOf(abilityOf("a stranger"), seededChance("x")).score).toBeWithin(60, 91);
  expect(zoneOf("a stranger")).toBe("Europe/Berlin");
});
