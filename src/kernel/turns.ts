import { gatherFor, startStopwatch } from "./clock.ts";

/** What others may have to wait for. */
const PIECE_MS = 5;

interface Turn {
  readonly tookMs: () => number;
  readonly end: () => void;
}

/**
 * Long work that never waits by itself and would keep everybody out until it is done. It takes turns with its like, one
 * piece at a time whoever's it is, and after each piece everybody else has as long as it took.
 */
export class Turns {
  #last: Promise<void> = Promise.resolve();

  /** @param work calls `rest` wherever it can stand still; what it runs inside of one takes no other turn of the same */
  async run<T>(work: (rest: () => Promise<void>) => Promise<T>): Promise<T> {
    let turn = await this.#take();
    const rest = async (): Promise<void> => {
      if (turn.tookMs() < PIECE_MS) return;
      await gatherFor(turn.tookMs());
      turn.end();
      turn = await this.#take();
    };
    try {
      return await work(rest);
    } finally {
      void gatherFor(Math.min(PIECE_MS, turn.tookMs())).then(turn.end);
    }
  }

  async #take(): Promise<Turn> {
    const before = this.#last;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#last = promise;
    await before;
    return { tookMs: startStopwatch(), end: resolve };
  }
}
