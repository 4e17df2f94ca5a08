import { createSigner, type Signer } from "../../../kernel/crypto.ts";
import { type FamilyRules, RULES } from "./families.ts";
import { type Guess, guess, right } from "./guess.ts";
import { guessOrders, textOf } from "./guess-bodies.ts";
import { guessIds, guessJoins, guessNearTimes, guessTimes } from "./guess-contents.ts";
import { guessKeys } from "./guess-secrets.ts";
import type { SignatureMistake } from "./mistakes.ts";
import type { Presented } from "./presented.ts";
import type { SignatureQuestion, TriedSecret } from "./question.ts";
import { type GivenMac, isMac } from "./read-mac.ts";

/*
 * A signature proves what it was made of. So whatever is known to go wrong on the way of a body, a secret and the headers is
 * undone here, one by one and in pairs, until the digest fits: then this is what happened, for nobody guesses an HMAC.
 */

/** What is hashed in all for one question: some tenths of a second. */
const HASHED_BYTES_MAX = 24 * 1024 * 1024;
/** Others have their turn after as much. */
const BREATH_BYTES = 128 * 1024;
/** Longer bodies are not looked at in thousands of ways. */
const MANY_WAYS_BYTES_MAX = 16 * 1024;

type Key = string | Uint8Array;

interface Ways {
  readonly key: readonly Guess<Key>[];
  readonly join: readonly Guess<FamilyRules["join"]>[];
  readonly time: readonly Guess<string>[];
  readonly id: readonly Guess<string>[];
  readonly body: readonly Guess<string>[];
}
type Step = keyof Ways;
type Picks = { readonly [S in Step]: Ways[S][number] };

export interface Found {
  readonly mac: GivenMac;
  readonly secret: string | undefined;
  readonly time: string;
  readonly mistakes: readonly SignatureMistake[];
}

/** Counts what is hashed, and lets others have their turn. */
export class Budget {
  readonly #breathe: () => Promise<void>;
  #left = HASHED_BYTES_MAX;
  #untilBreath = BREATH_BYTES;
  tried = 0;

  constructor(breathe: () => Promise<void>) {
    this.#breathe = breathe;
  }

  get isSpent(): boolean {
    return this.#left <= 0;
  }

  async spend(bytes: number): Promise<void> {
    this.tried += 1;
    // A block of HMAC costs the same whether it is full or not.
    const cost = bytes + 256;
    this.#left -= cost;
    this.#untilBreath -= cost;
    if (this.#untilBreath > 0) return;
    this.#untilBreath = BREATH_BYTES;
    await this.#breathe();
  }
}

const PAIRS: readonly (readonly [Step, Step])[] = [
  ["key", "body"],
  ["key", "join"],
  ["join", "body"],
  ["time", "key"],
  ["time", "join"],
  ["time", "body"],
  ["id", "key"],
  ["id", "body"],
];

const bareOf = (value: unknown): string =>
  typeof value === "string" ? value : value instanceof Uint8Array ? Buffer.from(value).toString("hex") : "";

/** Two ways to the same value are one; the first is what it is called. */
function distinct<T>(guesses: readonly Guess<T>[]): readonly Guess<T>[] {
  const seen = new Set<string>();
  return guesses.filter(({ value }) => {
    if (typeof value === "function") return true;
    const bare = bareOf(value);
    return !seen.has(bare) && seen.add(bare);
  });
}

export class Search {
  readonly #question: SignatureQuestion;
  readonly #presented: Presented;
  readonly #deliveryId: string | undefined;
  readonly #budget: Budget;
  readonly #signers = new Map<Key, Signer>();
  readonly #bodies: readonly Guess<string>[];
  readonly #given: string;

  constructor(
    question: SignatureQuestion,
    presented: Presented,
    shared: {
      readonly deliveryId: string | undefined;
      readonly bodies: readonly Guess<string>[];
      readonly budget: Budget;
    },
  ) {
    this.#question = question;
    this.#presented = presented;
    this.#deliveryId = shared.deliveryId;
    this.#budget = shared.budget;
    this.#bodies = shared.bodies;
    this.#given = textOf(question.body) ?? "";
  }

  /** What the signature was made of; undefined where no known mistake gives it. */
  async run(): Promise<Found | undefined> {
    if (this.#presented.macs.length === 0) return undefined;
    const secrets = this.#question.secrets;
    for (const stage of [this.#singles, this.#otherBodies]) {
      for (const secret of secrets) {
        const found = await stage.call(this, secret);
        if (found) return found;
      }
    }
    const elsewhere = await this.#elsewhere();
    if (elsewhere) return elsewhere;
    for (const stage of [this.#pairs, this.#manyWays]) {
      for (const secret of secrets) {
        const found = await stage.call(this, secret);
        if (found) return found;
      }
    }
    return undefined;
  }

  #waysOf(secret: string): Ways {
    const { rules, time, id } = this.#presented;
    const { otherIds = [] } = this.#question;
    return {
      key: distinct(guessKeys(rules, secret)),
      join: guessJoins(rules),
      time: rules.signsTime ? distinct(guessTimes(time)) : [right(time ?? "")],
      id: rules.signsId
        ? guessIds(id, { deliveryId: this.#deliveryId, body: this.#given, otherIds })
        : [right(id ?? this.#deliveryId ?? "")],
      body: this.#bodies,
    };
  }

  async #try(picks: Picks, secret: TriedSecret): Promise<Found | undefined> {
    if (this.#budget.isSpent) return undefined;
    const { key, join, time, id, body } = picks;
    const content = join.value({ id: id.value, time: time.value, body: body.value });
    await this.#budget.spend(content.length);
    const signer = this.#signers.get(key.value) ?? createSigner(key.value, this.#presented.rules.algorithm);
    this.#signers.set(key.value, signer);
    const computed = signer.hex(content);
    const mac = this.#presented.macs.find((one) => isMac(one, computed));
    if (!mac) return undefined;
    const mistakes = Object.values(picks).flatMap(({ mistake }) => mistake ?? []);
    return { mac, secret: secret.name, time: time.value, mistakes };
  }

  #base(ways: Ways): Picks | undefined {
    const [key] = ways.key;
    const [join] = ways.join;
    const [time] = ways.time;
    const [id] = ways.id;
    const [body] = ways.body;
    return key && join && time && id && body ? { key, join, time, id, body } : undefined;
  }

  async #singles(secret: TriedSecret): Promise<Found | undefined> {
    const ways = this.#waysOf(secret.text);
    const base = this.#base(ways);
    if (!base) return undefined;
    const asItIs = await this.#try(base, secret);
    if (asItIs) return asItIs;
    for (const step of ["key", "join", "time", "id", "body"] as const) {
      for (const one of ways[step].slice(1)) {
        const found = await this.#try({ ...base, [step]: one }, secret);
        if (found) return found;
      }
    }
    return this.#swapped(base, secret);
  }

  /** The other family's signature under this one's name. */
  #swapped(base: Picks, secret: TriedSecret): Promise<Found | undefined> {
    const { rules } = this.#presented;
    if (rules.family !== "hatch" && rules.family !== "standard") return Promise.resolve(undefined);
    const other = RULES[rules.family === "hatch" ? "standard" : "hatch"];
    const message = `${rules.title} holds what belongs into ${other.title}.`;
    const id = right(this.#presented.id ?? this.#deliveryId ?? "");
    return this.#try(
      { ...base, id, key: guess("family_swapped", message, other.keyOf(secret.text)), join: right(other.join) },
      secret,
    );
  }

  async #otherBodies(secret: TriedSecret): Promise<Found | undefined> {
    const ways = this.#waysOf(secret.text);
    const base = this.#base(ways);
    if (!base) return undefined;
    for (const body of this.#knownBodies()) {
      const found = await this.#try({ ...base, body }, secret);
      if (found) return found;
      for (const key of ways.key.slice(1)) {
        const both = await this.#try({ ...base, body, key }, secret);
        if (both) return both;
      }
    }
    return undefined;
  }

  #knownBodies(): Guess<string>[] {
    const { sentBody, otherBodies = [] } = this.#question;
    return [
      ...(sentBody === undefined || sentBody === this.#given ? [] : [differenceOf(this.#given, sentBody)]),
      ...otherBodies.map(({ text, message }) => guess("body_of_other", message, text)),
    ];
  }

  async #elsewhere(): Promise<Found | undefined> {
    const { elsewhere } = this.#question;
    if (!elsewhere) return undefined;
    for await (const secret of elsewhere()) {
      const ways = this.#waysOf(secret.text);
      const base = this.#base(ways);
      if (!base || this.#budget.isSpent) return undefined;
      const key = guess(secret.code, secret.message, this.#presented.rules.keyOf(secret.text));
      for (const body of [base.body, ...this.#knownBodies()]) {
        const found = await this.#try({ ...base, key, body }, secret);
        if (found) return { ...found, secret: undefined };
      }
    }
    return undefined;
  }

  async #pairs(secret: TriedSecret): Promise<Found | undefined> {
    const ways = this.#waysOf(secret.text);
    const base = this.#base(ways);
    if (!base) return undefined;
    for (const [first, second] of PAIRS) {
      for (const one of ways[first].slice(1)) {
        for (const two of ways[second].slice(1)) {
          const found = await this.#try({ ...base, [first]: one, [second]: two }, secret);
          if (found || this.#budget.isSpent) return found;
        }
      }
    }
    return undefined;
  }

  async #manyWays(secret: TriedSecret): Promise<Found | undefined> {
    const base = this.#base(this.#waysOf(secret.text));
    if (!base || this.#question.body.length > MANY_WAYS_BYTES_MAX) return undefined;
    for (const time of this.#presented.rules.signsTime ? guessNearTimes(this.#presented.time) : []) {
      const found = await this.#try({ ...base, time }, secret);
      if (found) return found;
    }
    for (const body of guessOrders(this.#given)) {
      const found = await this.#try({ ...base, body }, secret);
      if (found || this.#budget.isSpent) return found;
    }
    return undefined;
  }
}

/** How what was handed in differs from what was sent. */
function differenceOf(given: string, sent: string): Guess<string> {
  if (given === "") return guess("body_lost", "The body is empty.", sent);
  if (sent.startsWith(given)) {
    return guess("body_truncated", `The body ends after ${given.length} of its ${sent.length} characters.`, sent);
  }
  let at = 0;
  while (given.charCodeAt(at) === sent.charCodeAt(at)) at += 1;
  const where = `It differs from what was sent from character ${at + 1} on`;
  return isSameJson(given, sent)
    ? guess("body_reserialised", `The body was parsed and written anew: the same JSON in other bytes. ${where}.`, sent)
    : guess("body_changed", `The body is not the one that was sent under this delivery. ${where}.`, sent);
}

function isSameJson(left: string, right: string): boolean {
  try {
    return Bun.deepEquals(JSON.parse(left), JSON.parse(right));
  } catch {
    return false;
  }
}
