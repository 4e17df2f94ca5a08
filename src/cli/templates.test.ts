import { describe, expect, test } from "bun:test";
import { effectsOf, programOf, reasonsOf, TestLog } from "../../tests/support/progress.ts";
import type { JsonObject } from "../kernel/json.ts";
import { TYPES_FILE } from "./config-types.ts";
import { checkProgram } from "./program-check.ts";
import { findTemplate, TEMPLATE_NAMES } from "./templates.ts";

const FOLDER = new URL("../../static/templates/", import.meta.url);

/** Read anew by its address: the import of the product is the text. */
const contentOf = async (name: string): Promise<JsonObject> =>
  (await import(`${FOLDER.pathname}${name}.ts?program`)).default.program as JsonObject;
const logOf = async (name: string): Promise<TestLog> => new TestLog(programOf(await contentOf(name)));

const sizeOf = (section: unknown): number => Object.keys(section as object).length;

describe.each(TEMPLATE_NAMES.map((name) => [name]))("the template %s", (name) => {
  test("can be published as it stands, and leans on nothing that is not decided yet", async () => {
    const program = await contentOf(name);
    expect(checkProgram(program, name)).toEqual([]);
    expect([program.streaks, program.leaderboards, program.rewards]).toEqual([undefined, undefined, undefined]);
    expect(sizeOf(program.rules)).toBeGreaterThanOrEqual(6);
    expect(sizeOf(program.rules)).toBeLessThanOrEqual(11);
    for (const section of ["tracks", "badges"]) expect(sizeOf(program[section])).toBeGreaterThan(0);
  });

  test("names its types where they are written, and nothing of this repository", () => {
    const text = findTemplate(name)?.text ?? "";
    expect(text.startsWith(`import type { HatchConfig } from "./${TYPES_FILE}";`)).toBeTrue();
    expect(text).not.toContain("src/");
  });
});

test("there is no template of another name, inherited ones included", () => {
  for (const name of ["", "Learning", "constructor", "../learning"]) expect(findTemplate(name)).toBeUndefined();
});

describe("what the templates say of themselves is so", () => {
  test("learning: limits clip, hints cost coins, levels and badges give presents", async () => {
    const log = await logOf("learning");
    const lesson = (score: number, at?: string) =>
      log.event({ type: "lesson_completed", properties: { score }, ...(at === undefined ? {} : { at }) });
    expect(effectsOf(lesson(100))).toEqual([
      "points.earned xp 100",
      "points.earned coins 10",
      "points.earned xp 20",
      "points.earned xp 25",
      "badge.awarded first_lesson",
    ]);
    expect(effectsOf(lesson(60))).toEqual(["points.earned xp 60", "points.earned coins 10"]);
    expect(effectsOf(lesson(60))).toEqual([
      "points.earned xp 60",
      "points.earned coins 5 clipped 5",
      "level.changed level novice>adept",
      "points.earned coins 100",
    ]);
    expect(effectsOf(lesson(59))).toEqual([]);
    expect(effectsOf(lesson(40, "2026-11-21T05:30:00Z"))).toEqual(["points.earned xp 20", "points.earned coins 5"]);
    expect(effectsOf(log.event({ type: "hint_requested" }))).toEqual(["points.spent coins 5"]);
    const poor = log.event({ type: "hint_requested", userId: "ben" });
    expect([effectsOf(poor), reasonsOf(poor).hint]).toEqual([[], expect.stringMatching(/^not: coins: /)]);
    for (let lessons = 6; lessons < 20; lessons++) lesson(10);
    expect(effectsOf(lesson(10))).toEqual(["badge.awarded persistent", "points.earned coins 30"]);
    expect(effectsOf(log.event({ type: "course_completed", properties: { course: "algebra" } }))).toEqual([
      "points.earned xp 200",
      "points.earned coins 50",
      "badge.awarded graduate",
    ]);
  });

  test("saas: the first project counts, budgets hold, plans and usage move credits", async () => {
    const log = await logOf("saas");
    const send = (type: string, properties: JsonObject = {}, userId = "ada") =>
      effectsOf(log.event({ type, properties, userId }));
    expect(send("project_created")).toEqual(["points.earned adoption 50"]);
    expect(send("project_created")).toEqual(["points.earned adoption 5"]);
    expect(send("integration_connected", { integration: "crm" })).toEqual(["points.earned adoption 40"]);
    expect(send("teammate_joined")).toEqual([
      "points.earned adoption 30",
      "points.earned credits 100",
      "level.changed stage trying>activated",
      "badge.awarded set_up",
    ]);
    expect(send("feature_used", { feature: "api" })).toEqual(["points.earned adoption 2", "points.earned adoption 10"]);
    expect(send("feature_used", { feature: "search" })).toEqual(["points.earned adoption 2"]);
    expect(send("feedback_given", { words: 19 })).toEqual([]);
    for (let customers = 0; customers < 200; customers++) {
      expect(send("feedback_given", { words: 20 }, `u${customers}`)).toEqual(["points.earned credits 50"]);
    }
    expect(send("feedback_given", { words: 20 })).toEqual([]);
    expect(send("plan_upgraded", { plan: "team" })).toEqual(["points.earned credits 500"]);
    expect(send("plan_upgraded", { plan: "business" })).toEqual(["points.earned credits 2000"]);
    expect(send("credits_used", { credits: 2_601 })).toEqual([]);
    expect(send("credits_used", { credits: 2_600 })).toEqual(["points.spent credits 2600"]);
    log.member("staff", { attributes: { staff: true } });
    log.member("eve", { attributes: { staff: false } });
    for (const userId of ["staff", "eve"]) log.adjust("adoption", 399, userId);
    expect(send("feature_used", { feature: "search" }, "staff")).toEqual([
      "points.earned adoption 2",
      "level.changed stage activated>adopted",
    ]);
    expect(send("feature_used", { feature: "search" }, "eve")).toContain("points.earned credits 250");
  });

  test("retail: whole pounds count, the tier before the order earns, what came back takes its points along", async () => {
    const log = await logOf("retail");
    const send = (type: string, properties: JsonObject = {}) => effectsOf(log.event({ type, properties }));
    expect(send("order_paid", { total: 1_999, channel: "app" })).toEqual([
      "points.earned points 19",
      "points.earned status 19",
      "points.earned points 100",
      "points.earned points 20",
      "badge.awarded first_order",
    ]);
    // The order that makes gold earns as silver did; the next one half as much again.
    expect(send("order_paid", { total: 100_000 })).toEqual([
      "points.earned points 1000",
      "points.earned status 1000",
      "level.changed tier member>gold",
      "points.earned points 250",
    ]);
    expect(send("order_paid", { total: 2_000 })).toEqual([
      "points.earned points 20",
      "points.earned status 20",
      "points.earned points 10",
    ]);
    expect(send("review_published", { characters: 80, photos: 2 })).toEqual(["points.earned points 40"]);
    expect(send("review_published", { characters: 80 })).toEqual(["points.earned points 25"]);
    expect(send("review_published", { characters: 80, photos: 1 })).toEqual(["points.earned points 35 clipped 5"]);
    expect(send("review_published", { characters: 79 })).toEqual([]);
    expect(send("friend_ordered")).toEqual(["points.earned points 200"]);
    expect(send("points_redeemed", { points: 1_719 })).toEqual(["points.spent points 1719"]);
    expect(send("points_redeemed", { points: 1 })).toEqual([]);
    expect(send("order_paid", { total: 100 })).toEqual(["points.earned points 1", "points.earned status 1"]);
    expect(send("order_returned", { total: 2_000 })).toEqual(["points.spent points 1"]);
    expect(log.state().levels.tier).toBe("gold");
  });

  test("community: nobody lifts themselves, kudos are there to be given, mentors are made by the moment", async () => {
    const log = await logOf("community");
    const send = (type: string, properties: JsonObject = {}) => effectsOf(log.event({ type, properties }));
    expect(send("post_published", { words: 3 })).toEqual([
      "points.earned reputation 10",
      "points.earned kudos 5",
      "badge.awarded first_post",
    ]);
    expect(send("post_published", { words: 40 })).toEqual(["points.earned reputation 5"]);
    expect(send("reaction_received", { from: "ada" })).toEqual([]);
    expect(send("reaction_received", { from: "ben" })).toEqual(["points.earned reputation 1"]);
    expect(send("visited")).toEqual(["points.earned kudos 3"]);
    expect(send("visited")).toEqual([]);
    expect(send("kudos_given", { to: "ada" })).toEqual([]);
    for (let given = 0; given < 8; given++)
      expect(send("kudos_given", { to: "ben" })).toEqual(["points.spent kudos 1"]);
    expect(send("kudos_given", { to: "ben" })).toEqual([]);
    expect(send("answer_accepted", { minutes: 61 })).toEqual(["points.earned reputation 15"]);
    for (let answers = 2; answers < 25; answers++) send("answer_accepted", { minutes: 60 });
    expect(send("answer_accepted", { minutes: 60 })).toEqual(["points.earned reputation 20", "badge.awarded mentor"]);
    expect(log.state().badges).toMatchObject({ helper: {}, mentor: {} });
    log.member("staff", { attributes: { staff: true } });
    const [welcome, ...rest] = effectsOf(
      log.event({ type: "post_published", properties: { words: 400 }, userId: "staff" }),
    );
    expect([welcome, rest]).toEqual([
      "points.earned reputation 10",
      ["points.earned kudos 5", "badge.awarded first_post"],
    ]);
  });
});
