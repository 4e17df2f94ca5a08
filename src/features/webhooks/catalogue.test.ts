import { describe, expect, test } from "bun:test";
import Ajv from "ajv/dist/2020";
import { LAUNCH_EVENTS } from "../launches/catalogue.ts";
import { PROGRESS_EVENTS } from "../progression/catalogue.ts";
import { createCatalogue, showCatalogue } from "./catalogue.ts";
import { OPERATIONS_EVENTS } from "./operations-events.ts";

const catalogue = createCatalogue([...PROGRESS_EVENTS, ...LAUNCH_EVENTS, ...OPERATIONS_EVENTS]);
const ajv = new Ajv({ strict: true, allErrors: true, allowUnionTypes: true })
  .addFormat("date-time", /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?Z$/)
  .addFormat("date", /^\d{4}-\d{2}-\d{2}$/)
  .addFormat("uuid", /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);

describe("every event of the catalogue", () => {
  const shown = showCatalogue(catalogue).data;

  test.each(catalogue.list())("$name has an example that is valid, says all, and says nothing beside", (type) => {
    const validate = ajv.compile(type.schema);
    expect(validate(type.example) ? [] : validate.errors).toEqual([]);
    const declared = Object.keys(type.schema.properties as object);
    expect(Object.keys(type.example).filter((field) => !declared.includes(field))).toEqual([]);
    for (const field of type.schema.required as string[]) {
      const { [field]: _, ...rest } = type.example;
      expect(validate(rest)).toBe(false);
    }
    expect(type.name).toMatch(/^[a-z]+\.[a-z_]+$/);
    expect(type.description).toMatch(/^[A-Z].+\.$/);
  });

  test("is listed once with schema and example", () => {
    expect(shown.map(({ name }) => name)).toEqual(catalogue.list().map(({ name }) => name));
    expect(new Set(shown.map(({ name }) => name)).size).toBe(shown.length);
    expect(shown.find(({ name }) => name === "points.earned")).toMatchObject({
      family: "progress",
      planned: false,
      schema: { $schema: "https://json-schema.org/draft/2020-12/schema", type: "object" },
      example: { currency: "coins", amount: 10 },
    });
    expect(shown.find(({ name }) => name === "streak.extended")).toMatchObject({ planned: true });
  });

  test("of the origin document has exactly its fields", () => {
    const fieldsOf = (name: string) => Object.keys(catalogue.find(name)?.example ?? {});
    expect(fieldsOf("score.created")).toEqual([
      "scoreId",
      "aggregate",
      "band",
      "hasStubs",
      "contractAddress",
      "createdAt",
    ]);
    expect(fieldsOf("enrollment.created")).toEqual([
      "enrollmentId",
      "scoreRequestId",
      "creatorAddress",
      "scheduledFor",
      "enrolledAt",
    ]);
    expect(fieldsOf("attestation.published")).toEqual([
      "attestationId",
      "scoreRequestId",
      "subject",
      "schemaId",
      "digest",
      "txHash",
      "chainId",
    ]);
    expect(fieldsOf("launch.scheduled")).toEqual(["scoreRequestId", "scheduledFor", "updatedAt"]);
    const enrolled = catalogue.find("enrollment.created");
    expect(ajv.validate(enrolled?.schema ?? false, { ...enrolled?.example, scheduledFor: null })).toBe(true);
  });

  test("stands there from the start, also where its room is still to come", () => {
    const shownAs = new Map(shown.map(({ name, family, planned }) => [name, [family, planned]]));
    for (const name of ["leaderboard.finalized", "leaderboard.corrected", "companion.hatched", "companion.evolved"]) {
      expect([name, shownAs.get(name)]).toEqual([name, ["progress", true]]);
    }
    for (const name of [
      "incident.opened",
      "incident.updated",
      "incident.resolved",
      "maintenance.scheduled",
      "ticket.created",
      "ticket.updated",
    ]) {
      expect([name, shownAs.get(name)]).toEqual([name, ["operations", true]]);
    }
  });

  test("can't come from two rooms", () => {
    expect(() => createCatalogue([...LAUNCH_EVENTS, ...LAUNCH_EVENTS])).toThrow("two rooms announce score.created");
  });
});

describe("the events of a subscription", () => {
  test.each([
    [["points.earned"], "points.earned", true],
    [["points.earned"], "points.spent", false],
    [["points.*"], "points.spent", true],
    [["points.*"], "level.changed", false],
    [["points.*", "level.changed"], "level.changed", true],
    [["*"], "points.earned", true],
    [["*"], "score.created", true],
    [["*"], "lesson_completed", true],
    [["*"], "subscription.paused", false],
    [["*"], "program.published", false],
    [["*", "program.published"], "program.published", true],
    [["subscription.*"], "subscription.paused", true],
    [["lesson_completed"], "lesson_completed", true],
    [["lesson_completed"], "Lesson_completed", false],
    [["points.*"], "points.of_interest", false],
    [["points"], "points.earned", false],
    [["point*"], "points.earned", false],
    [[], "points.earned", false],
  ])("%p want %s: %p", (patterns, type, wanted) => {
    expect(catalogue.matches(patterns, type)).toBe(wanted);
  });

  const forwarded = (name: string) => name === "lesson_completed" || name === "points.of_interest";
  const faults = (...patterns: string[]) => catalogue.check(patterns, forwarded);

  test("may be names, families, everything, and the customer's own forwarded types", () => {
    expect(faults("points.earned", "streak.*", "*", "score.created", "lesson_completed", "points.of_interest")).toEqual(
      [],
    );
  });

  test("that are misspelt are refused with the nearest name, at their place", () => {
    expect(faults("points.earned", "score.creatd")).toEqual([
      { path: "events.1", message: 'There is no event "score.creatd". Did you mean "score.created"?' },
    ]);
    expect(faults("point.*")[0]?.message).toBe('There is no family "point.*". Did you mean "points.*"?');
  });

  test.each([
    ["lesson_started", "nor an event type with forward: true"],
    ["points.sold", "nor an event type with forward: true"],
    ["com.acme.*", "Name your own event types one by one"],
    ["points.ear*", "a star stands alone"],
    ["**", "a star stands alone"],
    ["*.earned", "a star stands alone"],
    [".*", "There is no family"],
    ["incident.closed", "nor an event type with forward: true"],
    ["__proto__", "nor an event type with forward: true"],
    ["", "nor an event type with forward: true"],
  ])("%p is refused", (pattern, reason) => {
    expect(faults(pattern)).toMatchObject([{ path: "events.0", message: expect.stringContaining(reason) }]);
  });

  test("may name any type of the customer's where nobody knows them, but nothing that looks like ours", () => {
    expect(catalogue.check(["lesson_completed", "com.acme.lesson.done"])).toEqual([]);
    for (const pattern of ["score.creatd", "points.sold", "incident.closed", "lesson*", "com.acme.*"]) {
      expect(catalogue.check([pattern])).toHaveLength(1);
    }
  });
});

test("a name of ours, now or later, can't be taken for a forwarded event", () => {
  for (const name of ["points.earned", "streak.broken", "ticket.created", "leaderboard.finalized"]) {
    expect(catalogue.isReserved(name)).toBe(true);
  }
  for (const name of ["lesson_completed", "points.of_interest", "*", "toString"]) {
    expect(catalogue.isReserved(name)).toBe(false);
  }
});
