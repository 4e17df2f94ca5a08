import example from "../../hatch.config.ts";
import type { JsonObject, JsonValue } from "../kernel/json.ts";
import { LESSON } from "./demo-school.ts";

/** What a demonstration tells of: the configuration's program, and without one the example's. */
export interface Subject {
  readonly program: JsonObject;
  readonly isSchool: boolean;
}

const EXAMPLE = example.program as unknown as JsonObject;

const isObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function hasAllOf(value: JsonValue | undefined, wanted: JsonValue | undefined): boolean {
  if (Array.isArray(wanted)) {
    const isAsLong = Array.isArray(value) && value.length === wanted.length;
    return isAsLong && wanted.every((inner, place) => hasAllOf(value[place], inner));
  }
  if (!isObject(wanted)) return value === wanted;
  return isObject(value) && Object.entries(wanted).every(([key, inner]) => hasAllOf(value[key], inner));
}

/** Words for people: they let in the same events. */
const REMARKS: ReadonlySet<string> = new Set(["title", "description", "examples"]);

/** What a lesson has to look like. */
function schemaOf({ eventTypes }: JsonObject): JsonValue | undefined {
  const lesson = isObject(eventTypes) ? eventTypes[LESSON] : undefined;
  return isObject(lesson) ? withoutRemarks(lesson.schema) : undefined;
}

function withoutRemarks(schema: JsonValue | undefined): JsonValue | undefined {
  if (!isObject(schema)) return schema;
  const kept = Object.entries(schema).filter(([key]) => !REMARKS.has(key));
  return Object.fromEntries(kept.map(([key, inner]) => [key, withoutRemarks(inner) ?? null]));
}

/** The school's story leans on the example. Another program may have more than that, but it takes the same lessons. */
export function subjectOf(program: JsonObject | undefined): Subject {
  if (program === undefined) return { program: EXAMPLE, isSchool: true };
  const isSchool = hasAllOf(program, EXAMPLE) && Bun.deepEquals(schemaOf(program), schemaOf(EXAMPLE), true);
  return { program, isSchool };
}
