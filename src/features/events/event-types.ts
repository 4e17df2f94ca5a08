import type { Context } from "../../context.ts";
import { changesBetween } from "../../journal/audit-changes.ts";
import { mutate } from "../../journal/mutate.ts";
import { AppError, notFound, validationFailed } from "../../kernel/errors.ts";
import type { Id } from "../../kernel/ids.ts";
import type { JsonObject } from "../../kernel/json.ts";
import type { EnvironmentPrincipal } from "../../kernel/principal.ts";
import type { UnixMs } from "../../kernel/units.ts";
import type { ProgramCache } from "../progression/index.ts";
import { compileSchema, guessSchema, type SchemaCheck } from "./schema.ts";
import { type EventType, isRegistered, listEventTypeRows, saveEventType } from "./store.ts";
import type { PutEventType } from "./types.ts";

/** Of all types, guessed ones included: an application that makes up names must not fill the database. */
const EVENT_TYPES_MAX = 1_000;

/** An event type as callers see it, whoever defines it. */
export interface KnownEventType extends Omit<EventType, "origin" | "createdAt" | "updatedAt"> {
  readonly origin: EventType["origin"] | "program";
  /** Absent where the program defines it. */
  readonly createdAt: UnixMs | undefined;
  readonly check: SchemaCheck | undefined;
}

export interface EventTypes {
  find(environmentId: Id<"env">, name: string): Promise<KnownEventType | undefined>;
  list(environmentId: Id<"env">): Promise<readonly KnownEventType[]>;
  put(principal: EnvironmentPrincipal, name: string, input: PutEventType): Promise<KnownEventType>;
  /** Learns from an event of the open test environment whose type nobody registered. */
  learn(environmentId: Id<"env">, name: string, properties: JsonObject): Promise<void>;
}

export interface EventTypesOptions {
  readonly programs: ProgramCache;
  /** Names of the built-in catalogue: an event forwarded under one would pass for ours. */
  readonly isReserved: (name: string) => boolean;
}

/** Compiled when the first event asks: a thousand types must not hold up whoever needs one of them. */
const checkOf =
  (schema: JsonObject): SchemaCheck =>
  (properties) => {
    const compiled = compileSchema(schema);
    return "check" in compiled
      ? compiled.check(properties)
      : [{ path: "properties", message: `the schema ${compiled.problem}` }];
  };

const asKnown = (row: EventType): KnownEventType => ({
  ...row,
  check: row.schema === undefined || row.origin === "guessed" ? undefined : checkOf(row.schema),
});

export function createEventTypes(context: Context, { programs, isReserved }: EventTypesOptions): EventTypes {
  const rows = new Map<Id<"env">, Map<string, KnownEventType>>();
  /** Rises with every change: what was read before one must not be kept after it. */
  let epoch = 0;
  const forget = (environmentId: Id<"env">): void => {
    epoch += 1;
    rows.delete(environmentId);
  };
  /** By the program's own definition object, which lives as long as its compiled version. */
  const ofProgram = new WeakMap<object, KnownEventType>();

  async function registered(environmentId: Id<"env">): Promise<Map<string, KnownEventType>> {
    const cached = rows.get(environmentId);
    if (cached) return cached;
    const began = epoch;
    const loaded = await context.database.read((reader) => listEventTypeRows(reader, environmentId));
    const known = new Map(loaded.map((row) => [row.name, asKnown(row)]));
    if (began === epoch) rows.set(environmentId, known);
    return known;
  }

  async function defined(environmentId: Id<"env">): Promise<Map<string, KnownEventType>> {
    const program = await context.database.read((reader) => programs.active(reader, environmentId));
    const known = new Map<string, KnownEventType>();
    for (const [name, definition] of program.eventTypes) {
      let type = ofProgram.get(definition);
      if (!type) {
        type = asKnownOfProgram(name, definition);
        ofProgram.set(definition, type);
      }
      known.set(name, type);
    }
    return known;
  }

  async function find(environmentId: Id<"env">, name: string): Promise<KnownEventType | undefined> {
    const program = await context.database.read((reader) => programs.active(reader, environmentId));
    const definition = program.eventTypes.get(name);
    if (!definition) return (await registered(environmentId)).get(name);
    const known = ofProgram.get(definition) ?? asKnownOfProgram(name, definition);
    ofProgram.set(definition, known);
    return known;
  }

  return {
    find,
    async list(environmentId) {
      const all = new Map([...(await registered(environmentId)), ...(await defined(environmentId))]);
      return [...all.values()].sort(newestFirst);
    },

    async put(principal, name, input) {
      const { environmentId, workspaceId } = principal;
      if (input.schema !== undefined) {
        const compiled = compileSchema(input.schema);
        if ("problem" in compiled) throw validationFailed([{ path: "schema", message: compiled.problem }]);
      }
      if (input.forward === true && isReserved(name)) {
        throw validationFailed([
          { path: "forward", message: `${name} is a name of Hatch's own events and can't be forwarded` },
        ]);
      }
      if ((await defined(environmentId)).has(name)) {
        throw new AppError("conflict", `${name} is defined by the program: change it there.`);
      }
      const known = await registered(environmentId);
      if (!known.has(name) && known.size >= EVENT_TYPES_MAX)
        throw new AppError("conflict", `There are ${EVENT_TYPES_MAX} event types already.`);
      const before = (await context.database.read((reader) => listEventTypeRows(reader, environmentId))).find(
        (row) => row.name === name,
      );
      const row = await mutate(context, principal, async (writer) => {
        const type: EventType = {
          name,
          origin: "registered",
          schema: input.schema,
          description: input.description,
          clientSafe: input.clientSafe ?? false,
          forward: input.forward ?? false,
          createdAt: before?.createdAt ?? writer.now,
          updatedAt: writer.now,
        };
        await saveEventType(writer, environmentId, type);
        writer.afterCommit(() => forget(environmentId));
        const changes = changesBetween(before, type, ["origin", "description", "clientSafe", "forward", "schema"]);
        const action = before ? "event_type.changed" : "event_type.registered";
        return {
          result: type,
          audit: [{ workspaceId, environmentId, action, target: name, ...changes }],
          announce: [],
          jobs: [],
        };
      });
      return asKnown(row);
    },

    async learn(environmentId, name, properties) {
      const known = await registered(environmentId);
      const before = known.get(name);
      if (!before && known.size >= EVENT_TYPES_MAX) return;
      const schema = guessSchema(before?.schema, properties);
      if (before && JSON.stringify(before.schema) === JSON.stringify(schema)) return;
      await context.database.write(async (writer) => {
        if (await isRegistered(writer, environmentId, name)) return;
        const type: EventType = {
          name,
          origin: "guessed",
          schema,
          description: undefined,
          clientSafe: false,
          forward: false,
          createdAt: before?.createdAt ?? writer.now,
          updatedAt: writer.now,
        };
        await saveEventType(writer, environmentId, type);
        // In place: what others are about to learn of the type goes on from here.
        writer.afterCommit(() => known.set(name, asKnown(type)));
      });
    },
  };
}

const asKnownOfProgram = (
  name: string,
  definition: {
    readonly schema?: JsonObject;
    readonly clientSafe?: boolean;
    readonly forward?: boolean;
    readonly description?: string;
  },
): KnownEventType => {
  return {
    name,
    origin: "program",
    schema: definition.schema,
    description: definition.description,
    clientSafe: definition.clientSafe ?? false,
    forward: definition.forward ?? false,
    createdAt: undefined,
    check: definition.schema === undefined ? undefined : checkOf(definition.schema),
  };
};

/** Those of the program first, which have no date of their own; then by age, then by name. */
const newestFirst = (left: KnownEventType, right: KnownEventType): number =>
  (right.createdAt ?? Number.MAX_SAFE_INTEGER) - (left.createdAt ?? Number.MAX_SAFE_INTEGER) ||
  (left.name < right.name ? -1 : 1);

export async function findEventTypeOr404(
  types: EventTypes,
  environmentId: Id<"env">,
  name: string,
): Promise<KnownEventType> {
  const type = await types.find(environmentId, name);
  if (!type) throw notFound("The event type");
  return type;
}
