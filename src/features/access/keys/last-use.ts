import type { Context } from "../../../context.ts";
import type { Timer } from "../../../kernel/clock.ts";
import type { Id } from "../../../kernel/ids.ts";
import { describeError } from "../../../kernel/log.ts";
import type { UnixMs } from "../../../kernel/units.ts";
import { updateLastUse } from "./store.ts";

const FLUSH_AFTER_MS = 60_000;

/** When each key was last used, written once a minute at most: a row for each request would double the ingest's writes. */
export class LastUse {
  readonly #context: Context;
  #usedAt = new Map<Id<"key">, UnixMs>();
  #timer: Timer | undefined;

  constructor(context: Context) {
    this.#context = context;
  }

  note(keyId: Id<"key">): void {
    this.#usedAt.set(keyId, this.#context.clock.now());
    this.#timer ??= this.#context.clock.after(FLUSH_AFTER_MS, () => void this.flush());
  }

  /** Never fails: a missing time of use is no harm. */
  async flush(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    const used = [...this.#usedAt];
    if (used.length === 0) return;
    this.#usedAt = new Map();
    try {
      await this.#context.database.write((writer) => updateLastUse(writer, used));
    } catch (error) {
      this.#context.log.warn("the last use of keys could not be kept", describeError(error));
    }
  }
}
