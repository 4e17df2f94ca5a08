import { HatchError } from "../client/index.ts";
import { type Chance, seededChance } from "../kernel/chance.ts";
import type { JsonObject } from "../kernel/json.ts";
import { sampleProperties } from "./demo-sample.ts";
import { SCHOOL, timetable, zoneOf } from "./demo-school.ts";
import type { Beat, Sent, Telling, Words } from "./demo-telling.ts";
import { BERLIN, NEW_YORK } from "./demo-term.ts";
import type { NextDoing } from "./demo-trickle.ts";
import { sentences } from "./demo-view.ts";

/** Of an event type, as much as is needed to send one. */
export interface SendableType {
  readonly name: string;
  readonly schema: unknown;
}

export const eventTypesOf = (program: JsonObject): readonly SendableType[] =>
  Object.entries((program.eventTypes ?? {}) as Readonly<Record<string, { readonly schema?: unknown }>>).map(
    ([name, { schema }]) => ({ name, schema }),
  );

const WIDTH_MAX = 24;

export const eventsOf = (types: readonly SendableType[]): Words => ({
  event: "event",
  width: Math.min(WIDTH_MAX, Math.max(0, ...types.map(({ name }) => name.length))),
});

/** After the ninety days. */
export const nextOf =
  (types: readonly SendableType[]): NextDoing =>
  (_userId, chance) => {
    const type = types[Math.floor(chance.fraction() * types.length)];
    return type && { type: type.name, properties: sampleProperties(type.schema, chance), what: type.name };
  };

/** What one member does, of any program: one of its types, with properties that fit the schema. */
class Doings {
  readonly #telling: Telling;
  readonly #chance: Chance = seededChance("any program");
  readonly #refused = new Map<string, string>();
  #types: readonly SendableType[];
  #sent = 0;

  constructor(telling: Telling, types: readonly SendableType[]) {
    this.#telling = telling;
    this.#types = types;
  }

  get types(): readonly SendableType[] {
    return this.#types;
  }

  /** Types that want something which their schema does not say in plain words, and why their event was refused. */
  get refused(): ReadonlyMap<string, string> {
    return this.#refused;
  }

  /** @returns undefined where no type is left */
  async next(userId: string, types = this.#types): Promise<Sent | undefined> {
    for (;;) {
      const doing = nextOf(types)(userId, this.#chance);
      if (!doing) return undefined;
      const { type, properties } = doing;
      try {
        const sent = await this.#telling.send({ id: `demo-${this.#sent + 1}`, type, userId, properties });
        this.#sent += 1;
        return sent;
      } catch (error) {
        if (!(error instanceof HatchError) || error.code !== "validation_failed") throw error;
        this.#types = this.#types.filter(({ name }) => name !== type);
        types = this.#types;
        this.#refused.set(type, error.details.map(({ path, message }) => `${path} ${message}`).join(", "));
      }
    }
  }
}

/** Everybody moves in, and the first event is told in full. */
async function open(telling: Telling, doings: Doings, userId: string): Promise<void> {
  const { stage } = telling;
  await telling.day();
  for (const { userId: member, zone } of SCHOOL) await stage.hatch.members.update(member, { timezone: zone });
  const living = (place: string): number => SCHOOL.filter(({ zone }) => zone === place).length;
  await telling.sentence(`${living(BERLIN)} members in Berlin and ${living(NEW_YORK)} in New York begin.`);
  await telling.sentence("What they do is made up after the schemas of the program's event types.");
  // What the program names first is what it is about.
  const sent = await doings.next(userId, doings.types.slice(0, 1));
  if (sent) await telling.explain(sent, `${sent.userId}: ${sent.type}`);
}

/** What hatches is told, all else is summed up. */
async function pass(telling: Telling, doings: Doings, userId: string): Promise<void> {
  const sent = await doings.next(userId);
  const effects = sent?.effects.filter(({ type }) => type === "level.changed" || type === "badge.awarded") ?? [];
  if (sent && effects.length > 0) await telling.highlight({ ...sent, effects }, zoneOf(userId), sent.type);
}

/**
 * Ninety days of eight members who do what the program's own event types name.
 * @returns the types whose events the server took
 */
export async function tellOfProgram(
  telling: Telling,
  types: readonly SendableType[],
): Promise<readonly SendableType[]> {
  const { stage, term } = telling;
  const doings = new Doings(telling, types);
  const [first, ...others] = timetable(term);
  if (!first || types.length === 0) {
    stage.say("", ...sentences("This program names no event types: there is nothing to send, and nothing to tell."));
    return types;
  }
  await telling.play([
    { at: first.at, play: () => open(telling, doings, first.userId) },
    ...others.map(({ at, userId }): Beat => ({ at, play: () => pass(telling, doings, userId) })),
  ]);
  for (const [name, why] of doings.refused) stage.say("", ...sentences(`${name} could not be made up: ${why}`));
  return doings.types;
}
