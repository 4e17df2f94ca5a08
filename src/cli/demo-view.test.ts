import { expect, test } from "bun:test";
import {
  arrivalLine,
  COLUMNS,
  commandLines,
  effectLines,
  headline,
  isVerified,
  paletteFor,
  shellWord,
  shortId,
  unfiredLines,
} from "./demo-view.ts";

const plain = paletteFor(false, undefined);
const coloured = paletteFor(true, undefined);
const YOLK = "\u001b[1;33m";

const arrival = {
  event: "points.earned",
  delivery: "dlv_01kav3c8xeezz9qk3h5m1x8f3q",
  afterMs: 12,
  hatchSignature: true,
  standardWebhook: true,
};
const effect = (type: string, fields: Record<string, string | number> = {}) => ({
  id: "eff_1",
  userId: "ada",
  rule: "a_rule_with_quite_a_long_name",
  reason: "event.properties.score >= 60 && member.attributes.plan == 'a very long condition that goes on'",
  type,
  ...fields,
});

test("every line fits into 80 columns", () => {
  const lines = [
    ...headline(plain, "10.20.30").split("\n"),
    ...effectLines(
      plain,
      effect("points.earned", { currency: "a_long_currency", amount: 1_000_000_000_000, clipped: 12_345 }),
    ),
    ...effectLines(plain, effect("level.changed", { track: "level", to: "adept" })),
    ...unfiredLines(plain, "a_rule_with_quite_a_long_name", effect("x").reason),
    arrivalLine(plain, { ...arrival, event: "leaderboard.finalized", afterMs: 9_999 }),
    arrivalLine(plain, { ...arrival, hatchSignature: false, standardWebhook: false }),
  ];
  expect(lines.filter((line) => line.length > COLUMNS)).toEqual([]);
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

test("yolk yellow stands only where something hatches", () => {
  expect(effectLines(coloured, effect("level.changed", { track: "level", to: "adept" })).join()).toContain(YOLK);
  expect(effectLines(coloured, effect("badge.awarded", { badge: "first_lesson" })).join()).toContain(YOLK);
  expect(effectLines(coloured, effect("points.earned", { currency: "xp", amount: 3 })).join()).not.toContain(YOLK);
  expect(arrivalLine(coloured, arrival)).not.toContain(YOLK);
});

test("no escape sequence is written where no person reads, or colours are not wanted", () => {
  for (const palette of [plain, paletteFor(true, "1")]) {
    expect(arrivalLine(palette, arrival) + headline(palette, "1.0.0")).not.toContain("\u001b");
  }
  expect(paletteFor(true, "").strong("x")).toContain("\u001b");
});

test("one wrong signature is not verified, and said", () => {
  for (const wrong of [{ hatchSignature: false }, { standardWebhook: false }]) {
    expect(isVerified({ ...arrival, ...wrong })).toBe(false);
    expect(arrivalLine(plain, { ...arrival, ...wrong })).toContain("WRONG");
  }
  expect(isVerified(arrival)).toBe(true);
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
