import type { Context } from "../../../context.ts";
import type { Reader } from "../../../database/database.ts";
import type { Id } from "../../../kernel/ids.ts";
import type { ProgramCache } from "./cache.ts";
import type { Checks } from "./validate.ts";

/** What other rooms know and a program is checked against; app.ts hands it over. */
export interface ProgramSurroundings extends Pick<Checks, "schemaProblem" | "isReserved"> {
  /** Names of the event types that were registered one by one in an environment. */
  readonly registeredEventTypes: (reader: Reader, environmentId: Id<"env">) => Promise<ReadonlySet<string>>;
}

export interface ProgramRoom {
  readonly context: Context;
  readonly programs: ProgramCache;
  readonly surroundings: ProgramSurroundings;
}

/** Whose program it is. */
export interface ProgramPlace {
  readonly workspaceId: Id<"ws">;
  readonly environmentId: Id<"env">;
}

export async function checksFor(room: ProgramRoom, reader: Reader, environmentId: Id<"env">): Promise<Checks> {
  const { registeredEventTypes, schemaProblem, isReserved } = room.surroundings;
  return { eventTypes: await registeredEventTypes(reader, environmentId), schemaProblem, isReserved };
}
