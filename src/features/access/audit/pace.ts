import { gatherFor, startStopwatch } from "../../../kernel/clock.ts";

/**
 * Exports of long chains are much work, and nobody waits for them as for an answer: they take turns, one piece at a time,
 * and after each everybody else has as long as it took.
 */
export class Pace {
  #last: Promise<unknown> = Promise.resolve();

  run<T>(piece: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(async () => {
      const elapsedMs = startStopwatch();
      const made = await piece().then(
        (value) => ({ value }),
        (error: unknown) => ({ error }),
      );
      return { made, tookMs: elapsedMs() };
    });
    this.#last = turn.then(({ tookMs }) => gatherFor(tookMs));
    return turn.then(({ made }) => {
      if ("error" in made) throw made.error;
      return made.value;
    });
  }
}
