import { AppError } from "./errors.ts";

/** Work that takes the processor for itself, one after another whoever asks: beyond so many in the line it is refused. */
export class Desk {
  readonly #waitingMax: number;
  readonly #refusal: string;
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  /** @param refusal one sentence for those who are told to come again */
  constructor(options: { readonly waitingMax: number; readonly refusal: string }) {
    this.#waitingMax = options.waitingMax;
    this.#refusal = options.refusal;
  }

  /** @throws AppError `rate_limited` where too many wait */
  async ask<T>(work: () => Promise<T>): Promise<T> {
    if (this.#waiting >= this.#waitingMax) {
      throw new AppError("rate_limited", this.#refusal, { retryAfterSeconds: 1 });
    }
    this.#waiting += 1;
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => {});
    try {
      return await turn;
    } finally {
      this.#waiting -= 1;
    }
  }
}
