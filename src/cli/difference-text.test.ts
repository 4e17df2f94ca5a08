import { describe, expect, test } from "bun:test";
import type { ProgramChange } from "../client/index.ts";
import { countText, differenceLines, summaryText } from "./difference-text.ts";
import { paletteFor } from "./view.ts";

const PLAIN = paletteFor(false, undefined);

const CHANGES: readonly ProgramChange[] = [
  { section: "", key: "timezone", change: "changed", fields: [{ path: "", before: "UTC", after: "Europe/Berlin" }] },
  { section: "", key: "weekStartsOn", change: "added", fields: [{ path: "", after: "sunday" }] },
  { section: "rules", key: "bonus", change: "added", fields: [] },
  {
    section: "rules",
    key: "points",
    change: "changed",
    fields: [
      { path: "when", after: "true" },
      { path: "limits.0.credits", before: 20, after: 25 },
    ],
    members: 1_204,
  },
  { section: "rules", key: "", change: "reordered", fields: [{ path: "", before: ["a", "b"], after: ["b", "a"] }] },
  { section: "badges", key: "first", change: "removed", fields: [], members: 1 },
  { section: "tracks", key: "level", change: "removed", fields: [], members: 0 },
];

describe("a difference", () => {
  test("is told section by section, field by field, with whom it concerns", () => {
    expect(differenceLines(PLAIN, CHANGES)).toEqual([
      "program",
      '  changed    timezone      "UTC" → "Europe/Berlin"',
      '  added      weekStartsOn  (none) → "sunday"',
      "rules",
      "  added      bonus",
      "  changed    points        1,204 members have sent its event",
      '             when  (none) → "true"',
      "             limits.0.credits  20 → 25",
      "  reordered  their order",
      '             ["a","b"] → ["b","a"]',
      "badges",
      "  removed    first         1 member has it",
      "tracks",
      "  removed    level         nobody stands on it",
    ]);
    expect(countText(CHANGES)).toBe("2 added, 2 changed, 2 removed, 1 reordered");
  });

  test("in one line names the first of what it is about", () => {
    expect(summaryText(CHANGES)).toBe(
      "2 added, 2 changed, 2 removed, 1 reordered: timezone, weekStartsOn, rules.bonus, rules.points, the order of rules, and 2 more",
    );
    expect(summaryText(CHANGES.slice(2, 3))).toBe("1 added: rules.bonus");
  });

  test("of programs that are only written differently says just that", () => {
    expect([differenceLines(PLAIN, []), countText([]), summaryText([])]).toEqual([
      [],
      "written differently, decides the same",
      "written differently, decides the same",
    ]);
  });

  test("cuts what is long, and can't be made to draw on the terminal", () => {
    const [, , line = ""] = differenceLines(PLAIN, [
      {
        section: "rules",
        key: "points",
        change: "changed",
        fields: [{ path: "when", before: "\u001b[2J\n", after: "x".repeat(1_000) }],
      },
    ]);
    expect(line).toContain('"\\u001b[2J\\n" → "xxx');
    expect(line.length).toBeLessThan(250);
  });
});
