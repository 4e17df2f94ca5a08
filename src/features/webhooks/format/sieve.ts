import type { Variables } from "../../../kernel/cel/expression.ts";
import { purseLeft, TOO_MANY_STEPS } from "../../../kernel/cel/meter.ts";
import type { Catalogue } from "../catalogue.ts";
import { compileOutbound, isRemembered, variablesOf } from "./expressions.ts";

/** What a filter says of an event. */
export type Sifted = "wanted" | "unwanted" | { readonly fault: string };

/** What all filters of one event may spend in the write lane, about two milliseconds; dearer ones are asked outside it. */
const LANE_STEPS_MAX = 20_000;
/** To take the characters of a body apart costs about a step for so many, and to compile one of a filter so many steps. */
const BODY_CHARACTERS_PER_STEP = 4;
const STEPS_PER_FILTER_CHARACTER = 20;
/** An event with more is taken apart outside the write lane too. */
const LANE_BODY_CHARACTERS_MAX = 64 * 1024;
const REASON_CHARACTERS_MAX = 500;
/** What one filter may spend outside it, about a millisecond. */
const FILTER_STEPS_MAX = 10_000;
/** So many different filters of one event are asked in the write lane. */
const LANE_FILTERS_MAX = 20;

/** What is left of the write lane's time to several events together. */
export interface Purse {
  left: number;
}

/** Asks the filters of an event's subscriptions, each text once, whoever has it. */
export class Sieve {
  readonly #catalogue: Pick<Catalogue, "find">;
  readonly #body: string;
  readonly #said = new Map<string, Sifted>();
  /** Undefined where nobody waits. */
  readonly #purse: Purse | undefined;
  #left = LANE_STEPS_MAX;
  #variables: Variables | undefined;

  /** @param inLane whether others wait for the answer; then it is paid for from the purse, if there is one */
  constructor(
    catalogue: Pick<Catalogue, "find">,
    body: string,
    { inLane, purse = { left: LANE_STEPS_MAX } }: { readonly inLane: boolean; readonly purse?: Purse },
  ) {
    this.#catalogue = catalogue;
    this.#body = body;
    this.#purse = inLane ? purse : undefined;
  }

  /** @returns undefined where the write lane has no time for it */
  ask(filter: string): Sifted | undefined {
    const said = this.#said.get(filter);
    if (said !== undefined) return said;
    if (this.#purse && !this.#payToBegin(filter)) return undefined;
    const sifted = this.#evaluate(filter);
    if (sifted !== undefined) this.#said.set(filter, sifted);
    return sifted;
  }

  /** What has to be done before a filter can be asked. @returns false where there is no time for it */
  #payToBegin(filter: string): boolean {
    if (this.#body.length > LANE_BODY_CHARACTERS_MAX || this.#said.size >= LANE_FILTERS_MAX) return false;
    const reading = this.#variables ? 0 : Math.ceil(this.#body.length / BODY_CHARACTERS_PER_STEP);
    const compiling = isRemembered("filter", filter) ? 0 : filter.length * STEPS_PER_FILTER_CHARACTER;
    return this.#pay(reading + compiling);
  }

  #stepsLeft(): number {
    return this.#purse ? Math.min(this.#left, this.#purse.left) : Number.POSITIVE_INFINITY;
  }

  /** @returns false, and nothing is paid, where there is not enough */
  #pay(steps: number): boolean {
    if (!this.#purse) return true;
    if (steps > this.#stepsLeft()) return false;
    this.#left -= steps;
    this.#purse.left -= steps;
    return true;
  }

  #evaluate(filter: string): Sifted | undefined {
    this.#variables ??= variablesOf(this.#catalogue, this.#body);
    const stepsMax = Math.min(FILTER_STEPS_MAX, this.#stepsLeft());
    const result = compileOutbound("filter", filter).evaluate(this.#variables, stepsMax);
    if (this.#purse) {
      this.#pay(stepsMax - purseLeft());
      if ("fault" in result && result.fault === TOO_MANY_STEPS) return undefined;
    }
    if ("fault" in result) return { fault: `the filter failed: ${result.fault}`.slice(0, REASON_CHARACTERS_MAX) };
    if (typeof result.value !== "boolean") return { fault: "the filter failed: it is neither true nor false" };
    return result.value ? "wanted" : "unwanted";
  }
}
