import type { Context } from "../../../context.ts";
import type { UnixMs } from "../../../kernel/units.ts";
import { findHeads, findLatestTime, moveForward } from "./store.ts";

/** Less than this is the ordinary work of a time service. */
const STEP_MS = 5_000;

/**
 * Sees whether the wall clock was set back: since the last look, or, at the first one, since the rows were written. Then
 * what waits for a time that would come that much too late is moved forward by as much, so that nothing is stranded.
 */
export class ClockSteps {
  readonly #context: Pick<Context, "clock" | "database" | "log">;
  #latest: UnixMs | undefined;

  constructor(context: Pick<Context, "clock" | "database" | "log">) {
    this.#context = context;
  }

  async follow(): Promise<void> {
    const { clock, database, log } = this.#context;
    const now = clock.now();
    const before = this.#latest ?? (await database.read(findLatestTime));
    this.#latest = now;
    if (before === undefined || before - now < STEP_MS) return;
    const byMs = before - now;
    const heads = await database.read(findHeads);
    let deliveries = 0;
    for (const { subscription_id } of heads) {
      deliveries += await database.write((writer) => moveForward(writer, subscription_id, byMs));
    }
    log.warn("the wall clock was set back: waiting deliveries were moved with it", { byMs, deliveries });
  }
}
