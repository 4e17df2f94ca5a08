import { parse } from "valibot";
import type { JsonObject } from "../../../kernel/json.ts";
import { type CompiledProgram, compileProgram } from "./compile.ts";
import { Program } from "./schema.ts";

/** Where nothing was published nobody has named a zone: days are UTC's, and nothing is decided by them. */
const CONTENT: JsonObject = { timezone: "UTC" };

/** Holds until a first program is published: events are accepted and counted, and have no effects. */
export const EMPTY_PROGRAM: CompiledProgram = compileProgram(parse(Program, CONTENT), CONTENT, {
  version: 0,
  id: undefined,
});
