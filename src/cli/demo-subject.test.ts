import { describe, expect, test } from "bun:test";
import example from "../../hatch.config.ts";
import type { JsonObject } from "../kernel/json.ts";
import { subjectOf } from "./demo-subject.ts";

const FOLDER = new URL("../../static/templates/", import.meta.url);
/** Read anew by its address: the import of the product is the text. */
const templateOf = async (name: string): Promise<JsonObject> =>
  (await import(`${FOLDER.pathname}${name}.ts?program`)).default.program as JsonObject;

const program = example.program as unknown as JsonObject;
/** The example with something else at one place. */
function changed(path: string, value: unknown): JsonObject {
  const copy = structuredClone(program) as Record<string, unknown>;
  const steps = path.split(".");
  const last = steps.pop() as string;
  const place = steps.reduce((inner, step) => inner[step] as Record<string, unknown>, copy);
  place[last] = value;
  return copy as JsonObject;
}

describe("the school's story is told", () => {
  test("of the example, and where there is no program", () => {
    expect(subjectOf(undefined)).toEqual({ program, isSchool: true });
    expect(subjectOf(program)).toEqual({ program, isSchool: true });
  });

  test("of the template for learning, and of no other", async () => {
    expect(subjectOf(await templateOf("learning")).isSchool).toBeTrue();
    for (const name of ["saas", "retail", "community"]) expect(subjectOf(await templateOf(name)).isSchool).toBeFalse();
  });

  test("of an example to which something was added", () => {
    expect(subjectOf(changed("badges.late", { title: "Late", when: "true" })).isSchool).toBeTrue();
  });

  test.each([
    ["eventTypes.lesson_completed.schema.properties.lesson", { type: "string", enum: ["music"] }],
    ["eventTypes.lesson_completed.schema.additionalProperties", false],
    ["eventTypes.lesson_completed.schema.required", ["score", "course"]],
    ["eventTypes.lesson_completed.schema", undefined],
    ["rules.lesson_coins.limits", []],
    ["tracks.level.rungs", [{ key: "novice", at: 0 }]],
    ["timezone", "UTC"],
    ["eventTypes", null],
  ])("not where %s is another", (path, value) => {
    expect(subjectOf(changed(path, value)).isSchool).toBeFalse();
  });
});
