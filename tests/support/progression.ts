import type { Context } from "../../src/context.ts";
import { eventTypeChecks } from "../../src/features/events/index.ts";
import {
  applyProgram,
  createProgramCache,
  createProgression,
  type Progression,
} from "../../src/features/progression/index.ts";
import type { JsonObject } from "../../src/kernel/json.ts";
import type { KeyPrincipal } from "../../src/kernel/principal.ts";

/** The room over a test context, with nothing reserved. */
export const createTestProgression = (context: Context): Progression =>
  createProgression(context, createProgramCache(context), { ...eventTypeChecks, isReserved: () => false });

/** One event type, one currency, one rule that gives the score as xp. */
export const SMALL_PROGRAM: JsonObject = {
  timezone: "UTC",
  eventTypes: { lesson: { schema: { type: "object", properties: { score: { type: "integer" } } }, forward: true } },
  currencies: { xp: { kind: "progress" } },
  rules: { score: { on: "lesson", then: [{ credit: "xp", amount: "event.properties.score" }] } },
};

export const publishProgram = (
  progression: Progression,
  principal: KeyPrincipal,
  content: JsonObject = SMALL_PROGRAM,
) =>
  applyProgram(progression.room, principal, {
    workspaceId: principal.workspaceId,
    environmentId: principal.environmentId,
    content,
  });
