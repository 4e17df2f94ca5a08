import { describe, expect, test } from "bun:test";
import { cpuMs, problemsOf, programOf } from "../../../../tests/support/progress.ts";
import type { JsonObject } from "../../../kernel/json.ts";
import { programChecksum } from "./checksum.ts";
import { compileProgram } from "./compile.ts";
import { NO_CHECKS, validateProgram } from "./validate.ts";

/** The example of the HTTP contract. */
const EXAMPLE = {
  timezone: "Europe/Berlin",
  weekStartsOn: "monday",
  eventTypes: {
    lesson_completed: {
      schema: { type: "object", required: ["score"], properties: { score: { type: "number" } } },
      clientSafe: false,
      forward: true,
    },
  },
  currencies: { coins: { kind: "spendable", expiresAfter: "365d" }, xp: { kind: "progress" } },
  rules: {
    lesson_xp: {
      on: "lesson_completed",
      when: "event.properties.score >= 60",
      then: [
        { credit: "xp", amount: "int(event.properties.score)" },
        { credit: "coins", amount: 10 },
      ],
      limits: [{ per: "member", every: "day", credits: 50, currency: "coins" }],
    },
    level_gift: {
      on: "level.changed",
      when: "effect.track == 'level' && effect.to == 'adept'",
      then: [{ credit: "coins", amount: 100 }],
    },
  },
  tracks: {
    level: {
      over: "xp",
      rungs: [
        { key: "novice", at: 0 },
        { key: "adept", at: 500 },
        { key: "master", at: 2000 },
      ],
    },
  },
  streaks: {
    daily_lesson: {
      on: "lesson_completed",
      every: "day",
      milestones: [7, 30, 100],
      freezes: { max: 2, earnEvery: 7 },
      grace: "0m",
    },
  },
  badges: {
    first_lesson: { title: "First lesson", when: "progress.counts['lesson_completed'] >= 1" },
    week: { title: "Seven in a row", when: "progress.streaks.daily_lesson.count >= 7", award: "manual" },
  },
  leaderboards: { weekly_xp: { over: "xp", window: "week", ties: "shared" } },
  rewards: { mug: { title: "Mug", price: { coins: 500 }, stock: 20, perMember: 1 } },
};

type Path = readonly (string | number)[];

/** A copy of the example in which the value at `path` is another; undefined takes it away. */
function changed(path: Path, value: unknown): unknown {
  const copy = structuredClone(EXAMPLE) as unknown as Record<string | number, unknown>;
  let at = copy;
  for (const step of path.slice(0, -1)) at = at[step] as Record<string | number, unknown>;
  const last = path.at(-1) ?? "";
  if (value === undefined) delete at[last];
  else at[last] = value;
  return copy;
}

const RULE: Path = ["rules", "lesson_xp"];

describe("a program", () => {
  test("as the contract shows it is valid", () => {
    expect(problemsOf(EXAMPLE)).toEqual([]);
    const program = programOf(EXAMPLE);
    expect(program).toMatchObject({ version: 0, id: undefined, timezone: "Europe/Berlin", weekStartsOn: "monday" });
    expect([...program.rules.keys()]).toEqual(["lesson_completed", "level.changed"]);
    expect(program.automaticBadges.map(({ key }) => key)).toEqual(["first_lesson"]);
  });

  test("needs no more than a time zone; weeks start on Monday unless it says otherwise", () => {
    expect(problemsOf({ timezone: "UTC" })).toEqual([]);
    expect(programOf({}).weekStartsOn).toBe("monday");
    expect(problemsOf({})).toEqual(["timezone: is required"]);
  });

  const cases: readonly (readonly [Path, unknown, string | RegExp])[] = [
    [["timezone"], "Mars/Olympus", "timezone: must be an IANA time zone in its own spelling, such as Europe/Berlin"],
    [["timezone"], 5, "timezone: must be an IANA time zone in its own spelling, such as Europe/Berlin"],
    [["weekStartsOn"], "Montag", /^weekStartsOn: must be one of monday/],
    [["colour"], "red", "colour: is not a known setting"],
    [[...RULE, "unless"], "true", "rules.lesson_xp.unless: is not a known setting"],
    [[...RULE, "on"], undefined, "rules.lesson_xp.on: is required"],
    [
      [...RULE, "on"],
      "lesson_complete",
      /^rules\.lesson_xp\.on: lesson_complete is neither an event type nor one of the effects level\.changed/,
    ],
    [[...RULE, "on"], "points.earned", /^rules\.lesson_xp\.on: points\.earned is neither/],
    [[...RULE, "when"], "", "rules.lesson_xp.when: must not be empty"],
    [[...RULE, "when"], "x".repeat(2_001), "rules.lesson_xp.when: must not exceed 2000 characters"],
    [
      [...RULE, "when"],
      "event.properties.score >= 'a'",
      "rules.lesson_xp.when: no such overload: double >= string (at character 1)",
    ],
    [[...RULE, "when"], "effect.to == 'adept'", "rules.lesson_xp.when: unknown name: effect (at character 1)"],
    [
      ["rules", "level_gift", "when"],
      "effect.badge == 'x'",
      "rules.level_gift.when: No such key: badge (at character 8)",
    ],
    [[...RULE, "then"], [], "rules.lesson_xp.then: must do at least one thing"],
    [[...RULE, "then"], {}, "rules.lesson_xp.then: must be a list"],
    [[...RULE, "then", 0], { give: "xp" }, "rules.lesson_xp.then.0: must have credit, debit or award"],
    [[...RULE, "then", 0], null, "rules.lesson_xp.then.0: must have credit, debit or award"],
    [[...RULE, "then", 0, "credit"], "gold", "rules.lesson_xp.then.0.credit: gold is not a currency of this program"],
    [
      [...RULE, "then", 0, "amount"],
      "event.properties.score",
      /^rules\.lesson_xp\.then\.0\.amount: must be a whole number, but comes to a double/,
    ],
    [[...RULE, "then", 0, "amount"], 0, /^rules\.lesson_xp\.then\.0\.amount: must be a whole number from 1/],
    [[...RULE, "then", 0, "amount"], 1.5, /^rules\.lesson_xp\.then\.0\.amount: must be a whole number from 1/],
    [[...RULE, "then", 0, "amount"], 1e13, /^rules\.lesson_xp\.then\.0\.amount: must be a whole number from 1/],
    [[...RULE, "then", 0, "amount"], -5, /^rules\.lesson_xp\.then\.0\.amount: must be a whole number from 1/],
    [[...RULE, "then", 0, "amont"], 5, "rules.lesson_xp.then.0.amont: is not a known setting"],
    [
      [...RULE, "then", 0],
      { debit: "xp", amount: 1 },
      "rules.lesson_xp.then.0.debit: xp is earned only: it can't be spent",
    ],
    [[...RULE, "then", 0], { award: "hero" }, "rules.lesson_xp.then.0.award: hero is not a badge of this program"],
    [[...RULE, "then", 0, "credit"], "coins", /^rules\.lesson_xp\.then\.1\.key: coins is the key of another action/],
    [[...RULE, "limits", 0, "per"], "person", "rules.lesson_xp.limits.0.per: must be one of member, everyone"],
    [[...RULE, "limits", 0, "every"], "hour", "rules.lesson_xp.limits.0.every: must be one of day, week, month, ever"],
    [[...RULE, "limits", 0, "times"], 3, "rules.lesson_xp.limits.0.times: is not a known setting"],
    [
      [...RULE, "limits", 0],
      { per: "member", every: "day" },
      "rules.lesson_xp.limits.0: must have times, or credits and a currency",
    ],
    [
      [...RULE, "limits", 0, "currency"],
      "gold",
      "rules.lesson_xp.limits.0.currency: gold is not credited by this rule",
    ],
    [[...RULE, "limits", 0, "currency"], undefined, /^rules\.lesson_xp\.limits\.0\.currency: is needed/],
    [["currencies", "coins", "kind"], "real", "currencies.coins.kind: must be one of spendable, progress"],
    [["currencies", "coins", "expiresAfter"], "a year", /^currencies\.coins\.expiresAfter: must be a length of time/],
    [["currencies", "Coins"], { kind: "spendable" }, /^currencies\.Coins: must be 1–63 of a–z/],
    [["currencies", "c".repeat(64)], { kind: "spendable" }, /must be 1–63 of a–z/],
    [["tracks", "level", "over"], "gold", "tracks.level.over: gold is not a currency of this program"],
    [["tracks", "level", "rungs"], [], "tracks.level.rungs: must hold at least one rung"],
    [["tracks", "level", "rungs", 1, "at"], 0, "tracks.level.rungs: must ascend by `at`"],
    [["tracks", "level", "rungs", 2, "at"], -1, /^tracks\.level\.rungs\.2\.at: must be a whole number from 0/],
    [
      ["tracks", "level", "rungs", 1, "key"],
      "novice",
      "tracks.level.rungs.1.key: novice is the key of another rung of this track",
    ],
    [
      ["badges", "week", "when"],
      "progress.streaks.weekly.count >= 7",
      "badges.week.when: progress.streaks: weekly is not a streak of this program",
    ],
    [["badges", "week", "when"], "event.type == 'x'", "badges.week.when: unknown name: event (at character 1)"],
    [["badges", "week", "title"], undefined, "badges.week.title: is required"],
    [
      ["badges", "first_lesson"],
      { title: "x", award: "automatic" },
      "badges.first_lesson.when: is needed: a condition awards it",
    ],
    [["streaks", "daily_lesson", "on"], "level.changed", "streaks.daily_lesson.on: level.changed is not an event type"],
    [["streaks", "daily_lesson", "milestones"], [7, 3], "streaks.daily_lesson.milestones: must ascend"],
    [["streaks", "daily_lesson", "grace"], "soon", /^streaks\.daily_lesson\.grace: must be a length of time/],
    [["streaks", "daily_lesson", "when"], "1", "streaks.daily_lesson.when: must be true or false, but comes to int"],
    [["leaderboards", "weekly_xp", "over"], "gold", /^leaderboards\.weekly_xp\.over: gold is not/],
    [["leaderboards", "weekly_xp", "window"], "year", /^leaderboards\.weekly_xp\.window: must be one of/],
    [["rewards", "mug", "price"], { xp: 5 }, "rewards.mug.price.xp: xp is earned only: it can't be spent"],
    [["rewards", "mug", "price"], {}, "rewards.mug.price: must name a currency"],
    [["rewards", "mug", "stock"], -1, /^rewards\.mug\.stock: must be a whole number/],
    [["eventTypes", "level.changed"], {}, "eventTypes.level.changed: level.changed is the name of an effect"],
    [["eventTypes", "lesson_completed", "schema"], [], /^eventTypes\.lesson_completed\.schema: must be a JSON Schema/],
    [["eventTypes", "a\nb"], {}, /must be 1–128 printable characters/],
  ];
  test.each(cases)("with %j set to %j is refused by path", (path, value, expected) => {
    const problems = problemsOf(changed(path, value));
    expect(problems).toEqual([typeof expected === "string" ? expected : expect.stringMatching(expected)]);
  });

  test("tells of many mistakes at once, each with its path", () => {
    const problems = problemsOf({ ...EXAMPLE, currencies: {} });
    expect(problems.length).toBeGreaterThan(4);
    expect(problems.every((problem) => /^(rules|tracks|leaderboards|rewards)\./.test(problem))).toBe(true);
  });

  test("may use event types that were registered elsewhere, and is checked by what other rooms know", () => {
    const content = {
      timezone: "UTC",
      currencies: { c: { kind: "spendable" } },
      rules: { r: { on: "order paid", when: "event.properties.sum > 5", then: [{ credit: "c", amount: 1 }] } },
    };
    expect(problemsOf(content)).toHaveLength(1);
    expect(validateProgram(content, { ...NO_CHECKS, eventTypes: new Set(["order paid"]) })).toHaveProperty("ok");
    const strict = {
      ...NO_CHECKS,
      schemaProblem: () => "is no JSON Schema",
      isReserved: (name: string) => name === "lesson_completed",
    };
    expect(validateProgram(EXAMPLE, strict)).toEqual({
      problems: [
        { path: "eventTypes.lesson_completed.schema", message: "is no JSON Schema" },
        {
          path: "eventTypes.lesson_completed.forward",
          message: "lesson_completed is a name of Hatch's own events and can't be forwarded",
        },
      ],
    });
  });
});

describe("a hostile program is refused quickly", () => {
  const cyclic: Record<string, unknown> = { timezone: "UTC" };
  cyclic.rules = cyclic;
  const nest = (depth: number): unknown => {
    let value: unknown = {};
    for (let n = 0; n < depth; n += 1) value = { a: value };
    return value;
  };
  let doubling: unknown[] = [1];
  for (let n = 0; n < 30; n += 1) doubling = [doubling, doubling];
  const rules = (count: number) =>
    Object.fromEntries(
      Array.from({ length: count }, (_, n) => [`r${n}`, { on: "a", then: [{ credit: "c", amount: 1 }] }]),
    );

  test.each([
    ["a cycle", cyclic, "must not be nested deeper than 32 levels"],
    ["depth", { timezone: "UTC", rules: nest(10_000) }, "must not be nested deeper than 32 levels"],
    ["references that multiply", { timezone: "UTC", rules: doubling }, "must not hold more than 50000 values"],
    ["size", { timezone: "UTC", badges: { b: { title: "x".repeat(300_000) } } }, "must not exceed 262144 characters"],
    [
      "many values",
      { timezone: "UTC", rules: Array.from({ length: 60_000 }, () => 1) },
      "must not hold more than 50000 values",
    ],
    ["a function", { timezone: "UTC", rules: () => 1 }, "must be plain JSON"],
    ["a class", { timezone: "UTC", rules: new Map() }, "must be plain JSON"],
    ["a date", { timezone: new Date() }, "must be plain JSON"],
    ["infinity", { timezone: "UTC", rewards: { a: Number.POSITIVE_INFINITY } }, "must be a finite number"],
    [
      "a lone surrogate",
      { timezone: "UTC", badges: { b: { title: "\ud800" } } },
      "holds text that is not valid Unicode",
    ],
    ["NUL", { timezone: "UTC", badges: { b: { title: "a\0b" } } }, "holds text that is not valid Unicode"],
    [
      "a reserved name",
      JSON.parse('{"timezone":"UTC","currencies":{"constructor":{"kind":"spendable"}}}'),
      "constructor is a reserved name",
    ],
    ["a prototype", JSON.parse('{"timezone":"UTC","__proto__":{"rules":{}}}'), "__proto__ is a reserved name"],
    [
      "too many rules",
      { timezone: "UTC", eventTypes: { a: {} }, currencies: { c: { kind: "spendable" } }, rules: rules(201) },
      "must hold at most 200",
    ],
    ["nothing", null, "must be an object"],
    ["a list", [], "must be an object"],
    ["text", "{}", "must be an object"],
  ])("%s", (_, content, message) => {
    const spent = cpuMs(() => {
      const verdict = validateProgram(content);
      expect("problems" in verdict && verdict.problems[0]?.message).toBe(message);
    });
    expect(spent).toBeLessThan(500);
  });

  test("two hundred rules with the longest of conditions are checked in a moment", () => {
    const when = Array.from({ length: 50 }, (_, n) => `event.properties.p${n} == ${n}`).join(" && ");
    const many = Object.fromEntries(
      Array.from({ length: 120 }, (_, n) => [
        `r${n}`,
        { on: "a", when, then: [{ credit: "c", amount: "event.properties.x" }] },
      ]),
    );
    const spent = cpuMs(() =>
      expect(
        problemsOf({ timezone: "UTC", eventTypes: { a: {} }, currencies: { c: { kind: "spendable" } }, rules: many }),
      ).toEqual([]),
    );
    expect(spent).toBeLessThan(5_000);
  });

  test("a schema of thousands of properties is no burden on many expressions", () => {
    const properties = Object.fromEntries(Array.from({ length: 4_000 }, (_, n) => [`p${n}`, { type: "integer" }]));
    const many = Object.fromEntries(
      Array.from({ length: 150 }, (_, n) => [
        `r${n}`,
        { on: "a", when: `event.properties.p${n} > 1`, then: [{ credit: "c", amount: `event.properties.p${n}` }] },
      ]),
    );
    const content = { timezone: "UTC", currencies: { c: { kind: "spendable" } }, rules: many };
    const spent = cpuMs(() =>
      expect(problemsOf({ ...content, eventTypes: { a: { schema: { type: "object", properties } } } })).toEqual([]),
    );
    expect(spent).toBeLessThan(2_000);
    const typed = {
      ...content,
      rules: { r: { on: "a", when: "event.properties.p7 == 'x'", then: [{ credit: "c", amount: 1 }] } },
    };
    expect(problemsOf({ ...typed, eventTypes: { a: { schema: { type: "object", properties } } } })).toEqual([
      "rules.r.when: no such overload: int == string (at character 1)",
    ]);
  });

  test("limits per member are bounded together: they share the room of one state", () => {
    const limits = Array.from({ length: 5 }, () => ({ per: "member", every: "day", times: 1 }));
    const many = Object.fromEntries(
      Array.from({ length: 17 }, (_, n) => [`r${n}`, { on: "a", then: [{ credit: "c", amount: 1 }], limits }]),
    );
    expect(
      problemsOf({ timezone: "UTC", eventTypes: { a: {} }, currencies: { c: { kind: "spendable" } }, rules: many }),
    ).toEqual(["rules: must hold at most 80 limits per member together"]);
  });
});

describe("the checksum", () => {
  const rules = { a: { on: "x" }, b: { on: "y" } };

  test("is the same for the same content however its keys stand, but for those whose order decides", () => {
    const base: JsonObject = {
      timezone: "UTC",
      rules,
      currencies: { x: { kind: "spendable" }, y: { kind: "progress" } },
    };
    const sorted: JsonObject = {
      currencies: { y: { kind: "progress" }, x: { kind: "spendable" } },
      rules,
      timezone: "UTC",
    };
    expect(programChecksum(sorted)).toBe(programChecksum(base));
    expect(programChecksum({ ...base, rules: { b: rules.b, a: rules.a } })).not.toBe(programChecksum(base));
    expect(programChecksum({ ...base, timezone: "Europe/Berlin" })).not.toBe(programChecksum(base));
  });

  test("finds what was compiled before; the number and id are each version's own", () => {
    const [first, second] = [programOf(EXAMPLE), programOf(structuredClone(EXAMPLE) as JsonObject)];
    expect(second.rules).toBe(first.rules);
    const third = compileProgram(undefined as never, first.content, { version: 7, id: "prg_x" });
    expect([third.rules, third.version, third.id, first.version]).toEqual([first.rules, 7, "prg_x", 0]);
  });
});
