import type { Context } from "../../../context.ts";
import { findTokenOrigin, listKeyOrigins } from "./store.ts";

/** Origins remembered at once. */
const REMEMBERED_MAX = 1_000;

/**
 * Whether pages of an origin may call at all: of any publishable key or token in force. A preflight carries no credential,
 * so this is all that can be asked for it; whether a credential is good for the page that sends it is asked of that one.
 */
export class KnownOrigins {
  readonly #context: Pick<Context, "database" | "clock">;
  /** By origin until when it is known; 0 is one that is not. */
  readonly #until = new Map<string, number>();
  #ofKeys: ReadonlyMap<string, number> | undefined;
  #epoch = 0;

  constructor(context: Pick<Context, "database" | "clock">) {
    this.#context = context;
  }

  async isKnown(origin: string): Promise<boolean> {
    for (;;) {
      const known = this.#until.get(origin);
      if (known === 0) return false;
      if (known !== undefined && known > this.#context.clock.now()) return true;
      const epoch = this.#epoch;
      const until = await this.#read(origin);
      // Something changed meanwhile: what was read may be what was true before.
      if (this.#epoch === epoch) this.#remember(origin, until);
    }
  }

  /** A token that is bound to the origin was made. */
  add(origin: string, until: number): void {
    this.#epoch += 1;
    if (this.#until.has(origin)) this.#remember(origin, Math.max(until, this.#until.get(origin) ?? 0));
  }

  /** A key or a token with origins has changed or is over. */
  forget(): void {
    this.#epoch += 1;
    this.#until.clear();
    this.#ofKeys = undefined;
  }

  #remember(origin: string, until: number): void {
    if (!this.#until.has(origin) && this.#until.size >= REMEMBERED_MAX) {
      const [oldest] = this.#until.keys();
      if (oldest !== undefined) this.#until.delete(oldest);
    }
    this.#until.set(origin, until);
  }

  #read(origin: string): Promise<number> {
    const now = this.#context.clock.now();
    return this.#context.database.read(async (reader) => {
      const epoch = this.#epoch;
      const ofKeys = this.#ofKeys ?? (await listKeyOrigins(reader, now));
      if (this.#epoch === epoch) this.#ofKeys = ofKeys;
      const byKey = ofKeys.get(origin) ?? 0;
      return byKey > now ? byKey : ((await findTokenOrigin(reader, origin, now)) ?? 0);
    });
  }
}
