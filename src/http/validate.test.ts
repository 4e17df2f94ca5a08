import { describe, expect, test } from "bun:test";
import * as v from "valibot";
import { AppError } from "../kernel/errors.ts";
import { parseInput } from "./validate.ts";

const detailsOf = (schema: v.GenericSchema, input: unknown) => {
  try {
    parseInput(schema, input);
  } catch (error) {
    if (error instanceof AppError && error.code === "validation_failed") return error.details;
    throw error;
  }
  throw new Error("nothing was refused");
};

const SENT = "what-was-sent";

describe("a refusal says what is wanted, never what was sent", () => {
  test.each<[string, v.GenericSchema, unknown, string]>([
    ["string", v.string(), 42_424_242, "Must be a string."],
    ["number", v.number(), SENT, "Must be a number."],
    ["boolean", v.boolean(), SENT, "Must be true or false."],
    ["array", v.array(v.string()), SENT, "Must be an array."],
    ["object", v.strictObject({}), SENT, "Must be an object."],
    ["record", v.record(v.string(), v.string()), SENT, "Must be an object."],
    ["whole number", v.pipe(v.number(), v.integer()), 42_424_242.5, "Must be a whole number."],
    ["lower bound", v.pipe(v.number(), v.minValue(3)), -42_424_242, "Must be at least 3."],
    ["upper bound", v.pipe(v.number(), v.maxValue(3)), 42_424_242, "Must be at most 3."],
    ["too short", v.pipe(v.string(), v.minLength(99)), SENT, "Must have at least 99 characters."],
    ["too long", v.pipe(v.string(), v.maxLength(3)), SENT, "Must have at most 3 characters."],
    ["too many", v.pipe(v.array(v.string()), v.maxLength(1)), [SENT, SENT], "Must have at most 1 item."],
    ["empty", v.pipe(v.string(), v.minLength(1)), "", "Must have at least 1 character."],
    ["no entry", v.pipe(v.record(v.string(), v.string()), v.minEntries(1)), {}, "Must have at least 1 field."],
    ["array for an object", v.strictObject({ a: v.optional(v.string()) }), [], "Must be an object."],
    ["array for an optional object", v.optional(v.object({})), [SENT], "Must be an object."],
    ["array for a record", v.record(v.string(), v.string()), [], "Must be an object."],
    ["array for the object of a pipe", v.pipe(v.strictObject({}), v.readonly()), [], "Must be an object."],
    ["pattern", v.pipe(v.string(), v.regex(/^\d$/)), SENT, "Has the wrong form."],
    ["choice", v.picklist(["live", "test"]), SENT, 'Must be "live" or "test".'],
    ["literal", v.literal("live"), SENT, 'Must be "live".'],
    ["union", v.union([v.number(), v.boolean()]), SENT, "Matches none of the allowed forms."],
    [
      "check without words",
      v.pipe(
        v.string(),
        v.check((text) => text === ""),
      ),
      SENT,
      "Is not valid.",
    ],
    [
      "check with words",
      v.pipe(
        v.string(),
        v.check((text) => text === "", "Must be empty."),
      ),
      SENT,
      "Must be empty.",
    ],
    ["nothing", v.strictObject({}), undefined, "Is required."],
  ])("%s", (_, schema, input, message) => {
    const details = detailsOf(schema, input);
    expect(details).toEqual([{ path: "", message }]);
    expect(JSON.stringify(details)).not.toMatch(/what-was-sent|42424242/);
  });
});

test("a path leads through objects and lists, without the credential that somebody used as a key", () => {
  const Events = v.object({ events: v.array(v.strictObject({ type: v.string() })) });
  expect(detailsOf(Events, { events: [{ type: "a" }, {}] })).toEqual([
    { path: "events.1.type", message: "Is required." },
  ]);
  const [detail] = detailsOf(Events, { events: [{ type: "a", hk_live_abcdefghijk: 1 }] });
  expect(detail).toEqual({ path: "events.0.hk_live_abcd…", message: "Is not a known field." });
});

test("mistakes without number are told up to fifty, and a path without end is cut", () => {
  const details = detailsOf(v.array(v.string()), Array(100_000).fill(1));
  expect(details).toHaveLength(50);
  expect(detailsOf(v.strictObject({}), { ["x".repeat(10_000)]: 1 })[0]?.path).toHaveLength(200);
});

describe("what valibot alone would read otherwise than it is meant", () => {
  const Inner = v.strictObject({ a: v.optional(v.string()) });
  const Outer = v.strictObject({
    one: v.optional(v.nullable(Inner)),
    all: v.optional(v.array(Inner)),
    names: v.optional(v.record(v.string(), Inner)),
    either: v.optional(v.union([v.array(v.string()), Inner])),
  });

  test.each([
    ['{"one":[]}', "one", "Must be an object."],
    ['{"all":[{},[]]}', "all.1", "Must be an object."],
    ['{"names":{"x":[]}}', "names.x", "Must be an object."],
    ['{"names":{"__proto__":{}}}', "names.__proto__", "Can't be used as a name."],
    ['{"names":{"constructor":{}}}', "names.constructor", "Can't be used as a name."],
    ['{"names":{"prototype":{}}}', "names.prototype", "Can't be used as a name."],
    ['{"__proto__":{}}', "__proto__", "Is not a known field."],
    ['{"one":{"toString":"x"}}', "one.toString", "Is not a known field."],
  ])("%s is refused at its place", (text, path, message) => {
    expect(detailsOf(Outer, JSON.parse(text))).toEqual([{ path, message }]);
  });

  test.each(["{}", '{"one":null,"all":[],"names":{"x":{"a":"b"}}}', '{"either":[]}', '{"either":{"a":"b"}}'])(
    "%s is good",
    (text) => expect(parseInput(Outer, JSON.parse(text))).toEqual(JSON.parse(text)),
  );
});
