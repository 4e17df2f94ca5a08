import { expect, test } from "bun:test";
import type { Effect } from "../client/index.ts";
import { unixMs } from "../kernel/units.ts";
import { headline } from "./demo-frame.ts";
import { type Arrival, isTaken, isVerified } from "./demo-receiver.ts";
import { arrivalLine, sentences, widthOf, withGains, withNote } from "./demo-view.ts";
import { COLUMNS, commandLines, effectLines, paletteFor, shellWord, shortId, unfiredLines } from "./view.ts";

const plain = paletteFor(false, undefined);
const coloured = paletteFor(true, undefined);
const YOLK = "\u001b[1;33m";

const arrival: Arrival = {
  event: "points.earned",
  eventId: "lesson-1",
  delivery: "dlv_01kav3c8xeezz9qk3h5m1x8f3q",
  attempt: 1,
  body: "{}",
  hatchSignature: true,
  standardWebhook: true,
  status: 204,
  at: unixMs(0),
};
const effect = (type: string, fields: Partial<Effect> = {}): Effect => ({
  id: "eff_1",
  userId: "ada",
  rule: "a_rule_with_quite_a_long_name",
  reason: "event.properties.score >= 60 && member.attributes.plan == 'a very long condition that goes on'",
  type,
  ...fields,
});

test("every line fits into 80 columns", () => {
  const lines = [
    ...headline(plain, "10.20.30"),
    ...effectLines(
      plain,
      effect("points.earned", { currency: "a_long_currency", amount: 1_000_000_000_000, clipped: 12_345 }),
    ),
    ...effectLines(plain, effect("level.changed", { track: "level", to: "adept" })),
    ...effectLines(plain, effect("badge.awarded", { badge: "mine", rule: "mine" })),
    ...unfiredLines(plain, "a_rule_with_quite_a_long_name", effect("x").reason),
    ...sentences("word ".repeat(60)),
    arrivalLine(plain, { ...arrival, event: "leaderboard.finalized" }, 9_999),
    arrivalLine(plain, { ...arrival, hatchSignature: false, standardWebhook: false }, undefined),
    ...withNote(coloured, coloured.strong("x".repeat(70)), "a note that is too long").split("\n"),
  ];
  expect(lines.filter((line) => widthOf(line) > COLUMNS)).toEqual([]);
});

test("colours take up no room", () => {
  expect(widthOf(coloured.yolk("level adept"))).toBe("level adept".length);
  expect(widthOf("→ ok")).toBe(4);
});

test("a note stands in its line where there is room, else below it, at the right", () => {
  expect(withNote(plain, "     a line", "a note")).toBe("     a line  a note");
  expect(withNote(plain, "     a line", "")).toBe("     a line");
  const [line, note] = withNote(plain, "x".repeat(75), "a note").split("\n");
  expect([line, note?.trim(), note?.length]).toEqual(["x".repeat(75), "a note", COLUMNS]);
});

test("what an event gave stands behind its head, and goes on below it where there is no room", () => {
  const effects = [
    effect("points.earned", { currency: "xp", amount: 1_094 }),
    effect("points.spent", { currency: "coins", amount: 5 }),
    effect("level.changed", { track: "level", to: "adept" }),
    effect("something.later", {}),
  ];
  expect(withGains(plain, "ada", effects)).toBe("ada  +1,094 xp  −5 coins  level adept  something.later");
  expect(withGains(plain, "ada", [])).toBe("ada  nothing");
  const head = coloured.quiet("Sun 23:40  ada    score 80".padEnd(50));
  const lines = withGains(coloured, head, effects).split("\n");
  expect(lines.map(widthOf)).toEqual([50 + 2 + 9 + 2 + 8, 50 + 2 + 11 + 2 + 15]);
  expect(
    withNote(plain, withGains(plain, "x".repeat(60), effects), "a note")
      .split("\n")
      .at(-1),
  ).toEndWith("  a note");
});

test("a reason that is too long goes on in a second line, at a space", () => {
  const reason = "event.properties.score >= 60 && event.properties.hard is false";
  expect(unfiredLines(plain, "lesson_xp", reason).map((line) => line.trim().replace(/ {2,}/g, " | "))).toEqual([
    "nothing | lesson_xp | event.properties.score >= 60 &&",
    "event.properties.hard is false",
  ]);
});

test("what a limit held back is told", () => {
  expect(effectLines(plain, effect("points.earned", { currency: "coins", amount: 5, clipped: 5 })).join()).toContain(
    "+5 coins (5 over limit)",
  );
});

test("a badge that comes from itself names its rule once, another one names both", () => {
  const own = effectLines(plain, effect("badge.awarded", { badge: "first", rule: "first", reason: "why" })).join();
  expect(own.match(/first/g)).toHaveLength(1);
  const given = effectLines(plain, effect("badge.awarded", { badge: "first", rule: "gift", reason: "why" })).join();
  expect(given).toMatch(/badge first +gift +why/);
});

test("yolk yellow stands only where something hatches", () => {
  expect(effectLines(coloured, effect("level.changed", { track: "level", to: "adept" })).join()).toContain(YOLK);
  expect(effectLines(coloured, effect("badge.awarded", { badge: "first_lesson" })).join()).toContain(YOLK);
  expect(withGains(coloured, "ada", [effect("badge.awarded", { badge: "first_lesson" })])).toContain(YOLK);
  expect(effectLines(coloured, effect("points.earned", { currency: "xp", amount: 3 })).join()).not.toContain(YOLK);
  expect(arrivalLine(coloured, arrival, 12)).not.toContain(YOLK);
});

test("no escape sequence is written where no person reads, or colours are not wanted", () => {
  for (const palette of [plain, paletteFor(true, "1")]) {
    expect(arrivalLine(palette, arrival, 12) + headline(palette, "1.0.0").join()).not.toContain("\u001b");
  }
  expect(paletteFor(true, "").strong("x")).toContain("\u001b");
});

test("one wrong signature is not verified, and said", () => {
  for (const wrong of [{ hatchSignature: false }, { standardWebhook: false }]) {
    expect([isVerified({ ...arrival, ...wrong }), isTaken({ ...arrival, ...wrong })]).toEqual([false, false]);
    expect(arrivalLine(plain, { ...arrival, ...wrong }, 12)).toContain("WRONG");
  }
  expect(isVerified(arrival)).toBe(true);
  expect([isTaken(arrival), isTaken({ ...arrival, status: 503 })]).toEqual([true, false]);
});

test("ids are shortened in the middle", () => {
  expect(shortId("dlv_01kav3c8xeezz9qk3h5m1x8f3q")).toBe("dlv_01kav…8f3q");
  expect(shortId("lesson-1")).toBe("lesson-1");
});

test("commands are split so that they can be pasted", () => {
  expect(commandLines(plain, "Send", ["curl http://x", "-d '{}'"])).toEqual([
    "  Send",
    "  curl http://x \\",
    "    -d '{}'",
    "",
  ]);
  expect(shellWord("/tmp/hatch-demo-x1/curl.conf")).toBe("/tmp/hatch-demo-x1/curl.conf");
  expect(shellWord("/tmp/it's mine/c")).toBe(`'/tmp/it'\\''s mine/c'`);
});
