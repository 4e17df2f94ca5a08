import type { BrowserIdentity, Credential, KeyIdentity } from "../../http/exchange.ts";
import type { Clock } from "../../kernel/clock.ts";
import type { Id } from "../../kernel/ids.ts";

/** In use at once, of keys and of tokens each: the one unused for longest is looked up anew. */
const KNOWN_MAX = 10_000;

/** A key or a token that was found good, and how long it stays so. Requests under way hold it and ask again. */
export class KnownCredential implements Credential {
  /** Of the key, or of the token's session. */
  readonly id: Id<"key"> | Id<"wst">;
  readonly identity: KeyIdentity | BrowserIdentity;
  readonly origins?: readonly string[];
  readonly #clock: Clock;
  #expiresAt: number;

  constructor(
    identity: KeyIdentity | BrowserIdentity,
    lifetime: { readonly clock: Clock; readonly expiresAt: number | undefined },
    origins?: readonly string[],
  ) {
    this.id = identity.kind === "key" ? identity.keyId : identity.credentialId;
    this.identity = identity;
    if (origins !== undefined) this.origins = origins;
    this.#expiresAt = lifetime.expiresAt ?? Number.POSITIVE_INFINITY;
    this.#clock = lifetime.clock;
  }

  isUsable(): boolean {
    return this.#clock.now() < this.#expiresAt;
  }

  endAt(at: number): void {
    this.#expiresAt = Math.min(this.#expiresAt, at);
  }

  /** Not by time: the wall clock may step back. */
  endNow(): void {
    this.#expiresAt = Number.NEGATIVE_INFINITY;
  }
}

type Matches = (credential: KnownCredential) => boolean;

/**
 * Keys and tokens by the hash of their text, the most recently used last. What a verb changes of one is told here after
 * its commit and before its caller is answered, so that no request is let in after that on what was true before.
 */
export class CredentialCache {
  readonly #keys = new Map<string, KnownCredential>();
  /** Apart from the keys: however many browsers there are, they push no server's key out. */
  readonly #tokens = new Map<string, KnownCredential>();
  #epoch = 0;

  get(hash: string): KnownCredential | undefined {
    return moveLast(this.#keys, hash) ?? moveLast(this.#tokens, hash);
  }

  /** What `read` finds under this hash; whoever holds it is reached by every change that comes after. */
  async find(hash: string, read: () => Promise<KnownCredential | undefined>): Promise<KnownCredential | undefined> {
    for (;;) {
      const epoch = this.#epoch;
      const found = await read();
      // Something was revoked or changed meanwhile: what was read may be what was true before.
      if (this.#epoch !== epoch) continue;
      if (!found) return undefined;
      // Two requests may look up the same one at once; both must hold the one that a revocation will reach.
      const twin = this.get(hash);
      if (twin) return twin;
      this.#remember(hash, found);
      return found;
    }
  }

  /** All secrets of the key that are known by now work until `at` and no longer. */
  endAt(id: Id<"key">, at: number): void {
    for (const [, credential] of this.#changed((known) => known.id === id)) credential.endAt(at);
  }

  /** A key or a token is over. */
  endNow(id: Id<"key"> | Id<"wst">): void {
    for (const [, credential] of this.#changed((known) => known.id === id)) credential.endNow();
  }

  /** Whatever holds of these from now on is looked up anew; requests that they let in and that wait are refused. */
  endWhere(matches: Matches): void {
    for (const [hash, credential] of this.#changed(matches)) {
      credential.endNow();
      this.#drop(hash);
    }
  }

  endWorkspace(workspaceId: Id<"ws">): void {
    this.endWhere(({ identity }) => identity.workspaceId === workspaceId);
  }

  /** What the key may do has changed: it is looked up anew. Requests that it let in go on. */
  forget(id: Id<"key">): void {
    for (const [hash] of this.#changed((known) => known.id === id)) this.#drop(hash);
  }

  /** What was looked up before this must not be remembered. */
  #changed(matches: Matches): (readonly [string, KnownCredential])[] {
    this.#epoch += 1;
    const found: (readonly [string, KnownCredential])[] = [];
    for (const known of [this.#keys, this.#tokens]) for (const entry of known) if (matches(entry[1])) found.push(entry);
    return found;
  }

  #drop(hash: string): void {
    this.#keys.delete(hash);
    this.#tokens.delete(hash);
  }

  #remember(hash: string, credential: KnownCredential): void {
    const { kind } = credential.identity;
    const known = kind === "key" || kind === "publishable" ? this.#keys : this.#tokens;
    if (known.size >= KNOWN_MAX) {
      const [oldest] = known.keys();
      if (oldest !== undefined) known.delete(oldest);
    }
    known.set(hash, credential);
  }
}

function moveLast(known: Map<string, KnownCredential>, hash: string): KnownCredential | undefined {
  const found = known.get(hash);
  if (!found) return undefined;
  known.delete(hash);
  known.set(hash, found);
  return found;
}
