import type { Variables } from "../../../kernel/cel/expression.ts";
import { toCelMap } from "../../../kernel/cel/values.ts";
import { dateOf } from "../../../kernel/clock.ts";
import type { CompiledProgram } from "../program/compile.ts";
import type { Effect } from "../types.ts";
import { levelOf } from "./tracks.ts";
import type { Work } from "./work.ts";

const NO_STREAK = new Map<string, unknown>([
  ["count", 0n],
  ["best", 0n],
  ["freezes", 0n],
  ["lastDate", ""],
]);

/** One thing of a member's progress as expressions see it; what was not seen yet is 0, false or empty. */
function factOf(work: Work, family: string, name: string): unknown {
  switch (family) {
    case "balances":
      return BigInt(work.balance(name).available);
    case "counts":
      return BigInt(work.count(name));
    case "levels": {
      const track = work.program.tracks.get(name);
      return (track && levelOf(work, track)) ?? "";
    }
    case "badges":
      return work.hasBadge(name);
    case "streaks":
      return NO_STREAK;
    default:
      return 0n;
  }
}

/** Only what some expression of the program reads is put together. */
function progressOf(work: Work): Map<string, Map<string, unknown>> {
  const progress = new Map<string, Map<string, unknown>>();
  for (const [family, names] of work.program.facts) {
    const values = new Map<string, unknown>();
    for (const name of names) values.set(name, factOf(work, family, name));
    progress.set(family, values);
  }
  return progress;
}

function eventOf({ input, program }: Work): object {
  const event = {
    id: input.id,
    type: input.type,
    userId: input.userId,
    localDate: input.localDate,
    localHour: BigInt(input.localHour),
    get occurredAt() {
      return dateOf(input.occurredAt);
    },
    get receivedAt() {
      return dateOf(input.receivedAt);
    },
    // Commands speak of themselves to `decide`, not to the program.
    get properties() {
      const properties = toCelMap(input.kind === "event" ? input.properties : {}, integersFor(program, input.type));
      Object.defineProperty(event, "properties", { value: properties });
      return properties;
    },
  };
  return event;
}

const integersFor = (program: CompiledProgram, type: string) => program.integers.get(type);

function memberOf({ member, program }: Work): object {
  return {
    userId: member.userId,
    timezone: member.timezone ?? program.timezone,
    segments: [],
    get attributes() {
      return toCelMap(member.attributes, undefined);
    },
    get createdAt() {
      return dateOf(member.createdAt);
    },
  };
}

/** An effect's fields by name; a level below the first rung has no name. */
const effectOf = (effect: Effect): Map<string, unknown> =>
  new Map(
    Object.entries(effect).map(([name, value]) => [
      name,
      value === null ? "" : typeof value === "number" ? BigInt(value) : value,
    ]),
  );

/**
 * What expressions read during one input. Everything is made when it is first read, and `progress` again after it changed:
 * most conditions need one property and nothing else.
 */
export class Scope {
  readonly variables: Variables;
  effect: Effect | undefined;
  #progress: Map<string, Map<string, unknown>> | undefined;

  constructor(work: Work) {
    const scope = this;
    let event: object | undefined;
    let member: object | undefined;
    this.variables = {
      get event() {
        event ??= eventOf(work);
        return event;
      },
      get effect() {
        return scope.effect && effectOf(scope.effect);
      },
      get member() {
        member ??= memberOf(work);
        return member;
      },
      get progress() {
        scope.#progress ??= progressOf(work);
        return scope.#progress;
      },
      get now() {
        return dateOf(work.now);
      },
    };
  }

  /** Progress has changed: what was put together of it no longer holds. */
  forget(): void {
    this.#progress = undefined;
  }
}
