import { describe, expect, test } from "bun:test";
import type { JsonObject, JsonValue } from "../../../kernel/json.ts";
import { programChecksum } from "./checksum.ts";
import { type FieldChange, programDifference } from "./difference.ts";

const BASE = {
  timezone: "UTC",
  eventTypes: {
    lesson: { schema: { type: "object", required: ["score"], properties: { score: { type: "number" } } } },
  },
  currencies: { xp: { kind: "progress" }, coins: { kind: "spendable" } },
  rules: {
    points: {
      on: "lesson",
      when: "event.properties.score >= 60",
      then: [
        { credit: "xp", amount: 5 },
        { credit: "coins", amount: 2 },
      ],
      limits: [{ per: "member", every: "day", credits: 25, currency: "coins" }],
    },
    gift: { on: "level.changed", then: [{ credit: "coins", amount: 100 }] },
  },
  tracks: {
    level: {
      over: "xp",
      rungs: [
        { key: "novice", at: 0 },
        { key: "adept", at: 250 },
        { key: "master", at: 2_000 },
      ],
    },
  },
} satisfies JsonObject;

const value = (of: JsonValue | undefined): string => (of === undefined ? "none" : JSON.stringify(of));
const shown = ({ path, before, after }: FieldChange): string => `${path}: ${value(before)} > ${value(after)}`;

/** `rules.points changed when: "a" > "b"`, a line for each field. */
const differenceOf = (before: JsonObject, after: JsonObject): string[] =>
  programDifference(before, after).flatMap(({ section, key, change, fields }) => {
    const head = `${section}.${key} ${change}`;
    return fields.length === 0 ? [head] : fields.map((field) => `${head} ${shown(field)}`);
  });

const withRule = (changed: JsonObject): JsonObject => ({
  ...BASE,
  rules: { ...BASE.rules, points: { ...BASE.rules.points, ...changed } },
});
const withRungs = (rungs: readonly JsonObject[]): JsonObject => ({ ...BASE, tracks: { level: { over: "xp", rungs } } });

describe("the difference of two programs", () => {
  test("of one and itself is nothing, however its names are ordered inside an entry", () => {
    expect(differenceOf(BASE, structuredClone(BASE))).toEqual([]);
    const { on, when, ...rest } = BASE.rules.points;
    expect(differenceOf(BASE, withRule({ ...rest, when, on }))).toEqual([]);
  });

  test("names what was added, what was removed and what was changed, the removed ones last", () => {
    const after = {
      ...BASE,
      currencies: { gems: { kind: "spendable" }, xp: { kind: "progress", title: "Experience" } },
      tracks: {},
    };
    expect(differenceOf(BASE, after)).toEqual([
      "currencies.gems added",
      'currencies.xp changed title: none > "Experience"',
      "currencies.coins removed",
      "tracks.level removed",
    ]);
  });

  test("from nothing is all of it, and to nothing too", () => {
    const names = (before: JsonObject, after: JsonObject): string[] =>
      programDifference(before, after).map(({ section, key, change }) => `${section}.${key} ${change}`);
    expect(names({}, BASE)).toEqual([
      ".timezone added",
      "eventTypes.lesson added",
      "currencies.xp added",
      "currencies.coins added",
      "rules.points added",
      "rules.gift added",
      "tracks.level added",
    ]);
    expect(names(BASE, {}).every((line) => line.endsWith(" removed"))).toBeTrue();
  });

  test("tells what stands at the top by its value", () => {
    expect(differenceOf(BASE, { ...BASE, timezone: "Europe/Berlin", weekStartsOn: "sunday" })).toEqual([
      '.timezone changed : "UTC" > "Europe/Berlin"',
      '.weekStartsOn added : none > "sunday"',
    ]);
  });

  test.each<[string, JsonObject, readonly string[]]>([
    ["a condition", { when: "true" }, ['when: "event.properties.score >= 60" > "true"']],
    [
      "a limit, by its place",
      { limits: [{ ...BASE.rules.points.limits[0], credits: 30 }] },
      ["limits.0.credits: 25 > 30"],
    ],
    ["no limits any more", { limits: [] }, [`limits.0: ${JSON.stringify(BASE.rules.points.limits[0])} > none`]],
    [
      "an action, by what it moves",
      { then: [{ credit: "xp", amount: 6 }, BASE.rules.points.then[1] ?? {}] },
      ["then.xp.amount: 5 > 6"],
    ],
    [
      "an action before the others, of which none is told",
      { then: [{ award: "first" }, ...BASE.rules.points.then] },
      ['then.first: none > {"award":"first"}'],
    ],
    ["the order of actions", { then: BASE.rules.points.then.toReversed() }, ['then: ["xp","coins"] > ["coins","xp"]']],
    [
      "a credit that became a debit",
      { then: [BASE.rules.points.then[0] ?? {}, { debit: "coins", amount: 2 }] },
      ['then.coins.debit: none > "coins"', 'then.coins.credit: "coins" > none'],
    ],
  ])("tells of a rule %s", (_what, changed, expected) => {
    expect(differenceOf(BASE, withRule(changed))).toEqual(expected.map((line) => `rules.points changed ${line}`));
  });

  test("knows a rung by its key, wherever it stands", () => {
    const [novice, adept, master] = BASE.tracks.level.rungs;
    const rungs = [novice, { key: "pupil", at: 100 }, { ...adept, at: 300 }, master] as JsonObject[];
    expect(differenceOf(BASE, withRungs(rungs))).toEqual([
      'tracks.level changed rungs.pupil: none > {"key":"pupil","at":100}',
      "tracks.level changed rungs.adept.at: 250 > 300",
    ]);
  });

  test("takes a list whole where its entries have no names", () => {
    const schema = { ...BASE.eventTypes.lesson.schema, required: ["score", "lesson"] };
    expect(differenceOf(BASE, { ...BASE, eventTypes: { lesson: { schema } } })).toEqual([
      'eventTypes.lesson changed schema.required: ["score"] > ["score","lesson"]',
    ]);
    const twice = [
      { key: "a", at: 0 },
      { key: "a", at: 1 },
    ];
    expect(differenceOf(withRungs(twice), withRungs([{ key: "a", at: 0 }]))).toEqual([
      'tracks.level changed rungs.1: {"key":"a","at":1} > none',
    ]);
  });

  test("tells the order of rules, by which they are tried, and not the order of currencies, which means nothing", () => {
    const { points, gift } = BASE.rules;
    const reordered = { ...BASE, rules: { gift, points } };
    expect(differenceOf(BASE, reordered)).toEqual(['rules. reordered : ["points","gift"] > ["gift","points"]']);
    expect(programChecksum(reordered)).not.toBe(programChecksum(BASE));
    const { xp, coins } = BASE.currencies;
    const same = { ...BASE, currencies: { coins, xp } };
    expect(differenceOf(BASE, same)).toEqual([]);
    expect(programChecksum(same)).toBe(programChecksum(BASE));
  });

  test("a rule put between others is no other order of them", () => {
    const { points, gift } = BASE.rules;
    const between = { ...BASE, rules: { points, extra: points, gift } };
    expect(differenceOf(BASE, between)).toEqual(["rules.extra added"]);
  });

  test("is there wherever the checksum is another, but for what is only written differently", () => {
    const empty = { ...BASE, badges: {} };
    expect(programChecksum(empty)).not.toBe(programChecksum(BASE));
    expect(differenceOf(BASE, empty)).toEqual([]);
  });

  test("takes programs that no release would accept as they are", () => {
    const odd = { timezone: 5, rules: [], tracks: { level: "high" }, constructor: { a: 1 }, "": { b: null } };
    expect(differenceOf(odd, BASE)).toContain('.timezone changed : 5 > "UTC"');
    expect(differenceOf(BASE, odd)).toContain("constructor.a added");
    expect(differenceOf(BASE, odd).filter((line) => line.startsWith("tracks"))).toEqual([
      expect.stringMatching(/^tracks\.level changed : \{.*\} > "high"$/),
    ]);
  });
});
