import canonicalize from "canonicalize";
import type { Context } from "../context.ts";
import { findKeptClaim, type KeptClaim, keepAnswer, lostAnswer, otherRequest } from "../journal/idempotency.ts";
import { createSigner } from "../kernel/crypto.ts";
import { AppError, validationFailed } from "../kernel/errors.ts";
import { describeError } from "../kernel/log.ts";
import type { IdempotencyClaim } from "../kernel/principal.ts";
import { isCallerId } from "../kernel/text.ts";
import { SECOND } from "../kernel/units.ts";
import { errorResponse } from "./errors.ts";
import type { Exchange } from "./exchange.ts";

/** How long a repeat waits for the first request to end; after that it is told to come again. */
const WAIT_MAX_MS = 10 * SECOND;
const REPLAYED = "idempotency-replayed";

interface Running {
  readonly requestHash: string;
  readonly ended: Promise<void>;
}

/** An answer as it is kept: what of it depends on the result of the change, and nothing of the single request. */
interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}

const responseOf = (kept: string): Response => {
  const { status, headers, body } = JSON.parse(kept) as Answer;
  return new Response(body, { status, headers: { ...headers, [REPLAYED]: "true" } });
};

const runningStill = (): AppError =>
  new AppError("conflict", "The first request with this Idempotency-Key is still running.", { retryAfterSeconds: 1 });

/**
 * `Idempotency-Key`: the first request makes the change, every repeat is given its answer again. What makes this safe is
 * the claim in the change's own transaction (journal/idempotency.ts); here repeats that come while the first one runs
 * are held back, and answers are kept and given again.
 */
export class Idempotency {
  readonly #context: Context;
  readonly #signer;
  readonly #replayed;
  readonly #running = new Map<string, Running>();

  constructor(context: Context) {
    this.#context = context;
    this.#signer = createSigner(context.keyring.keyFor("idempotency"));
    this.#replayed = context.metrics.counter(
      "idempotent_replays_total",
      "Requests that were given the answer of an earlier one under the same Idempotency-Key.",
    );
  }

  /**
   * Before the handler runs. @returns the first answer, where there is one; else the exchange holds a claim and must be
   * given back to {@link end}
   */
  async begin(exchange: Exchange, key: string): Promise<Response | undefined> {
    const claim = this.#claimOf(exchange, key);
    if (!claim) return undefined;
    const until = this.#context.clock.monotonic() + WAIT_MAX_MS;
    for (;;) {
      const running = this.#running.get(claim.keyHash);
      // Nothing is awaited between this and the entry below: of twins that were woken together one goes on.
      if (!running) break;
      if (running.requestHash !== claim.requestHash) throw otherRequest();
      await this.#waitForEnd(running, until);
    }
    const { promise: ended, resolve } = Promise.withResolvers<void>();
    this.#running.set(claim.keyHash, { requestHash: claim.requestHash, ended });
    exchange.endClaim = () => {
      this.#running.delete(claim.keyHash);
      resolve();
    };
    const kept = await this.#context.database.read((reader) => findKeptClaim(this.#context, reader, claim));
    const answer = kept && this.#answerOf(claim, kept);
    if (!answer) exchange.idempotency = claim;
    return answer;
  }

  /** After the answer was made, whatever it is: what was changed keeps it. Never throws. */
  async end(exchange: Exchange, response: Response): Promise<Response> {
    try {
      return exchange.idempotency ? await this.#keep(exchange, exchange.idempotency, response) : response;
    } finally {
      exchange.endClaim?.();
    }
  }

  /** Undefined where the answer was lost: the handler makes it again, of what the change came to. */
  #answerOf(claim: IdempotencyClaim, { requestHash, answer, result }: KeptClaim): Response | undefined {
    if (requestHash !== claim.requestHash) throw otherRequest();
    if (answer === undefined) {
      claim.change = { recalled: result };
      return undefined;
    }
    this.#replayed.add();
    return responseOf(answer);
  }

  async #waitForEnd({ ended }: Running, until: number): Promise<void> {
    const { clock } = this.#context;
    const { promise: tooLong, resolve } = Promise.withResolvers<void>();
    const timer = clock.after(until - clock.monotonic(), resolve);
    await Promise.race([ended, tooLong]);
    timer.cancel();
    if (clock.monotonic() >= until) throw runningStill();
  }

  #claimOf(exchange: Exchange, key: string): IdempotencyClaim | undefined {
    const { principal, request } = exchange;
    if (principal?.kind !== "key" && principal?.kind !== "person") return undefined;
    if (!isCallerId(key)) {
      throw validationFailed([{ path: "Idempotency-Key", message: "must be 1–255 printable characters" }]);
    }
    const { environmentId } = principal;
    // By whom the key was made up: the same words of two callers are two keys.
    const subject = principal.kind === "key" ? principal.keyId : principal.accountId;
    const { pathname, search } = new URL(request.url, "http://localhost");
    const asked = `${request.method}\n${pathname}${search}\n${canonicalBody(exchange.sentBody)}`;
    return {
      environmentId,
      keyHash: this.#signer.hex(`key\n${environmentId}\n${subject}\n${key}`),
      requestHash: this.#signer.hex(`request\n${asked}`),
      change: "open",
      heldBy: undefined,
    };
  }

  #tellLost(exchange: Exchange): Response {
    exchange.refusal = lostAnswer();
    return errorResponse(exchange.refusal, exchange.id);
  }

  /** Only where something was changed: a refusal that changed nothing is no answer to keep. */
  async #keep(exchange: Exchange, claim: IdempotencyClaim, response: Response): Promise<Response> {
    const isRepeat = claim.change !== "open" && claim.change !== "made";
    // What stood in the way of the change now did not when it was made.
    if (isRepeat && !response.ok && response.status < 500) return this.#tellLost(exchange);
    if (claim.change === "open" || !response.ok) return response;
    const body = response.body === null ? null : await response.text();
    const { status } = response;
    const headers = [...response.headers];
    // A session that was renewed on the way is nothing to give again.
    const kept = Object.fromEntries(headers.filter(([name]) => name !== "set-cookie"));
    const answer = JSON.stringify({ status, headers: kept, body } satisfies Answer);
    try {
      await this.#context.database.write((writer) => keepAnswer(this.#context, claim, writer, answer));
    } catch (error) {
      this.#context.log.warn("the answer to a change under an Idempotency-Key could not be kept", describeError(error));
    }
    if (isRepeat) this.#replayed.add();
    return isRepeat ? responseOf(answer) : new Response(body, { status, headers });
  }
}

function canonicalBody(body: unknown): string {
  if (body === undefined) return "";
  try {
    return canonicalize(body) ?? "";
  } catch {
    throw validationFailed([
      { path: "", message: "holds text that is not valid Unicode, or a number too large for JSON" },
    ]);
  }
}
