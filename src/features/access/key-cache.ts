import type { Credential, KeyIdentity } from "../../http/exchange.ts";
import type { Clock } from "../../kernel/clock.ts";
import type { Id } from "../../kernel/ids.ts";

/** Keys in use at once; the one unused for longest is looked up anew. */
const KEYS_MAX = 10_000;

/** A secret that was found good, and how long it stays so. Requests under way hold it and ask again. */
export class CachedKey implements Credential {
  readonly identity: KeyIdentity;
  readonly #clock: Clock;
  #expiresAt: number;

  constructor(identity: KeyIdentity, expiresAt: number | undefined, clock: Clock) {
    this.identity = identity;
    this.#expiresAt = expiresAt ?? Number.POSITIVE_INFINITY;
    this.#clock = clock;
  }

  isUsable(): boolean {
    return this.#clock.now() < this.#expiresAt;
  }

  endAt(at: number): void {
    this.#expiresAt = Math.min(this.#expiresAt, at);
  }
}

/**
 * Secrets by their hash, the most recently used last. What a verb changes of a key is told here after its commit and
 * before its caller is answered, so that no request is let in after that on what was true before.
 */
export class KeyCache {
  readonly #byHash = new Map<string, CachedKey>();
  #epoch = 0;

  /** Rises with every change: what was looked up under an older one must not be kept. */
  get epoch(): number {
    return this.#epoch;
  }

  get(hash: string): CachedKey | undefined {
    const found = this.#byHash.get(hash);
    if (!found) return undefined;
    this.#byHash.delete(hash);
    this.#byHash.set(hash, found);
    return found;
  }

  put(hash: string, key: CachedKey): void {
    if (this.#byHash.size >= KEYS_MAX) {
      const [oldest] = this.#byHash.keys();
      if (oldest !== undefined) this.#byHash.delete(oldest);
    }
    this.#byHash.set(hash, key);
  }

  /** All secrets of the key that are known by now work until `at` and no longer. */
  endAt(keyId: Id<"key">, at: number): void {
    this.#epoch += 1;
    for (const key of this.#byHash.values()) if (key.identity.keyId === keyId) key.endAt(at);
  }

  /** Not by time: the wall clock may step back. */
  endNow(keyId: Id<"key">): void {
    this.endAt(keyId, Number.NEGATIVE_INFINITY);
  }
}
