import type { Context } from "../../../context.ts";
import type { Writer } from "../../../database/database.ts";
import { letOthersRun } from "../../../kernel/clock.ts";
import type { Id } from "../../../kernel/ids.ts";
import type { Counter } from "../../../kernel/metrics.ts";
import type { Catalogue } from "../catalogue.ts";
import { type Purse, Sieve, type Sifted } from "./sieve.ts";

interface Filtered {
  readonly id: Id<"sub">;
  readonly filter: string | undefined;
}

/** So many filters are asked before others have their turn: some ten milliseconds, if they are as dear as can be. */
const ASKED_AT_ONCE = 10;

/** What the filters of one environment may spend in one transaction, some ten milliseconds: a batch has a thousand events. */
const TRANSACTION_STEPS_MAX = 100_000;

/** Where in the write lane they are asked. */
interface Turn {
  readonly writer: Pick<Writer, "afterCommit">;
  readonly environmentId: Id<"env">;
}

/** Who of those that want a type of event wants this one too. */
export class Sifter {
  readonly #catalogue: Pick<Catalogue, "find">;
  readonly #filtered: Counter;
  /** Of the environments whose filters were asked in the transaction that is open. */
  readonly #purses = new Map<Id<"env">, Purse>();

  constructor({ metrics }: Pick<Context, "metrics">, catalogue: Pick<Catalogue, "find">) {
    this.#catalogue = catalogue;
    this.#filtered = metrics.counter(
      "webhook_filtered_total",
      "Events that a subscription's filter did not let through: no delivery was written.",
    );
  }

  /** In the write lane. @returns what each says; undefined where that takes longer than others can wait */
  atOnce(subscriptions: readonly Filtered[], body: string, turn: Turn): readonly Sifted[] | undefined {
    if (!subscriptions.some(({ filter }) => filter !== undefined)) return subscriptions.map(() => "wanted");
    const sieve = new Sieve(this.#catalogue, body, { inLane: true, purse: this.#purseOf(turn) });
    const all: Sifted[] = [];
    for (const { filter } of subscriptions) {
      const sifted = filter === undefined ? "wanted" : sieve.ask(filter);
      if (sifted === undefined) return undefined;
      all.push(sifted);
    }
    return all;
  }

  #purseOf({ writer, environmentId }: Turn): Purse {
    const known = this.#purses.get(environmentId);
    if (known) return known;
    const purse = { left: TRANSACTION_STEPS_MAX };
    this.#purses.set(environmentId, purse);
    writer.afterCommit(() => this.#purses.delete(environmentId));
    return purse;
  }

  /** The transaction came to nothing. */
  forget(): void {
    this.#purses.clear();
  }

  /** Outside the write lane, with pauses. @param body undefined once it is no longer kept: then nothing is held back */
  async inTurns(subscriptions: readonly Filtered[], body: string | undefined): Promise<ReadonlyMap<Id<"sub">, Sifted>> {
    const said = new Map<Id<"sub">, Sifted>();
    if (body === undefined || !subscriptions.some(({ filter }) => filter !== undefined)) return said;
    const sieve = new Sieve(this.#catalogue, body, { inLane: false });
    let asked = 0;
    for (const { id, filter } of subscriptions) {
      if (filter === undefined) continue;
      said.set(id, sieve.ask(filter) ?? "wanted");
      asked += 1;
      if (asked % ASKED_AT_ONCE === 0) await letOthersRun();
    }
    return said;
  }

  /** Called once what it let through is written. */
  countUnwanted(count: number): void {
    if (count > 0) this.#filtered.add(count);
  }
}
