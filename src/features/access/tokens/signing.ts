import { jwt } from "@elysiajs/jwt";
import type { Context } from "../../../context.ts";
import type { Writer } from "../../../database/database.ts";
import { dateOf } from "../../../kernel/clock.ts";
import { sha256Hex } from "../../../kernel/crypto.ts";
import { addMs, DAY, type UnixMs } from "../../../kernel/units.ts";
import { insertTokenKey, listTokenKeys, retireTokenKeys } from "./store.ts";

/** What a token is for: one that was made for another purpose is as wrong as a forged one. */
export type TokenUse = "session" | "factor" | "widget" | "embed";

export interface TokenClaims {
  /** The id of the row that is asked on every use. */
  readonly sid: string;
  readonly sub: string;
}

type Verdict =
  | { readonly kind: "good"; readonly claims: TokenClaims; readonly expiresAt: UnixMs }
  | {
      readonly kind: "bad";
      readonly reason: "malformed" | "unknown_key" | "wrong_signature" | "expired" | "wrong_use";
    };

/** No token lasts longer: a key that was retired before that has nothing to verify any more. */
export const TOKEN_LIFE_MAX_MS = DAY;

const SECRET_BYTES = 32;
const ISSUER = "hatch";
const CACHED_MAX = 10_000;

/**
 * One instance of the library per key: it holds one fixed key and does not choose by `kid`. It would date tokens by a
 * clock of its own; nothing asks when one was made.
 */
const library = (kid: string, secret: string) =>
  jwt({ name: "jwt", secret, alg: "HS256", kid, typ: "JWT", iss: ISSUER, iat: false }).decorator.jwt;

interface LoadedKey {
  readonly id: string;
  readonly library: ReturnType<typeof library>;
  readonly retiredAt: UnixMs | null;
}

const place = (row: string) => ({ table: "token_keys", column: "secret", row });

/** The `kid` and claims of a token as they stand there, nothing of it checked; undefined for what is no token. */
export function readUnchecked(
  token: string,
): { readonly kid: string | undefined; readonly claims: Readonly<Record<string, unknown>> } | undefined {
  const [header, payload, signature, more] = token.split(".");
  if (!header || !payload || !signature || more !== undefined) return undefined;
  try {
    const head = JSON.parse(Buffer.from(header, "base64url").toString("utf8")) as { readonly kid?: unknown };
    const claims = JSON.parse(Buffer.from(payload, "base64url").toString("utf8")) as Readonly<Record<string, unknown>>;
    if (typeof claims !== "object" || claims === null) return undefined;
    return { kid: typeof head.kid === "string" ? head.kid : undefined, claims };
  } catch {
    return undefined;
  }
}

/** Signs tokens with the newest of our keys, and tells why one is wrong. What was found good is remembered. */
export class TokenSigning {
  readonly #context: Pick<Context, "database" | "keyring" | "chance" | "clock">;
  readonly #good = new Map<string, { readonly claims: TokenClaims; readonly expiresAt: UnixMs }>();
  #keys: Promise<readonly LoadedKey[]> | undefined;

  constructor(context: Pick<Context, "database" | "keyring" | "chance" | "clock">) {
    this.#context = context;
  }

  async sign(use: TokenUse, claims: TokenClaims, expiresAt: UnixMs): Promise<string> {
    const newest = (await this.#load()).find(({ retiredAt }) => retiredAt === null) ?? (await this.#make());
    return newest.library.sign({ ...claims, use, exp: Math.floor(expiresAt / 1_000) } as never);
  }

  async verify(use: TokenUse, token: string): Promise<Verdict> {
    const hash = sha256Hex(`${use}.${token}`);
    const known = this.#good.get(hash);
    const now = this.#context.clock.now();
    if (known) return known.expiresAt > now ? { kind: "good", ...known } : { kind: "bad", reason: "expired" };
    const read = readUnchecked(token);
    if (!read) return { kind: "bad", reason: "malformed" };
    const key = (await this.#load()).find(({ id }) => id === read.kid);
    if (!key || (key.retiredAt !== null && addMs(key.retiredAt, TOKEN_LIFE_MAX_MS) <= now))
      return { kind: "bad", reason: "unknown_key" };
    const { sid, sub, exp, use: made } = read.claims;
    if (typeof sid !== "string" || typeof sub !== "string" || typeof exp !== "number") {
      return { kind: "bad", reason: "malformed" };
    }
    // Asked as of the token's own last moment: whether it is over is told apart from whether it is ours.
    const checked = await key.library.verify(token, {
      currentDate: dateOf(((exp - 1) * 1_000) as UnixMs),
      issuer: ISSUER,
      algorithms: ["HS256"],
    });
    if (!checked) return { kind: "bad", reason: "wrong_signature" };
    if (made !== use) return { kind: "bad", reason: "wrong_use" };
    const expiresAt = (exp * 1_000) as UnixMs;
    if (expiresAt <= now) return { kind: "bad", reason: "expired" };
    const good = { claims: { sid, sub }, expiresAt };
    this.#remember(hash, good);
    return { kind: "good", ...good };
  }

  #remember(hash: string, good: { readonly claims: TokenClaims; readonly expiresAt: UnixMs }): void {
    if (this.#good.size >= CACHED_MAX) {
      const [oldest] = this.#good.keys();
      if (oldest !== undefined) this.#good.delete(oldest);
    }
    this.#good.set(hash, good);
  }

  /** A new key signs as soon as this is on the disk; tokens of the others stay good until they run out. */
  async addKey(writer: Writer): Promise<string> {
    const { keyring, chance } = this.#context;
    const secret = Buffer.from(chance.bytes(SECRET_BYTES)).toString("base64url");
    const id = `tk_${Buffer.from(chance.bytes(8)).toString("hex")}`;
    await retireTokenKeys(writer);
    await insertTokenKey(writer, { id, secret: keyring.seal(place(id), secret) });
    writer.afterCommit(() => {
      this.#keys = undefined;
    });
    return id;
  }

  async #make(): Promise<LoadedKey> {
    const id = await this.#context.database.write((writer) => this.addKey(writer));
    const made = (await this.#load()).find((key) => key.id === id);
    if (!made) throw new Error("the token key that was just made is not there");
    return made;
  }

  #load(): Promise<readonly LoadedKey[]> {
    this.#keys ??= this.#read().catch((error) => {
      this.#keys = undefined;
      throw error;
    });
    return this.#keys;
  }

  async #read(): Promise<readonly LoadedKey[]> {
    const { database, keyring } = this.#context;
    const rows = await database.read(listTokenKeys);
    return rows.map(({ id, secret, retired_at }) => ({
      id,
      library: library(id, keyring.open(place(id), secret)),
      retiredAt: retired_at,
    }));
  }
}
