import type { Context } from "../../context.ts";
import type { Timer } from "../../kernel/clock.ts";
import type { AppError } from "../../kernel/errors.ts";
import { describeError, maskCredentials } from "../../kernel/log.ts";
import { actorOf } from "../../kernel/principal.ts";
import type { Exchange } from "../exchange.ts";
import { RateLimit } from "../rate-limit.ts";
import { insertRefusedRequests, type RefusedRequest } from "./store.ts";

const KEPT_STATUSES: ReadonlySet<number> = new Set([401, 403, 409, 422, 429]);
const isKept = (status: number): boolean => KEPT_STATUSES.has(status) || status >= 500;

/** Waiting to be written; over it they are only counted. */
const WAITING_MAX = 1_000;
const FLUSH_AFTER_MS = 1_000;
const PATH_CHARACTERS_MAX = 300;
const MESSAGE_CHARACTERS_MAX = 500;
/**
 * What an attacker without a key can make us keep in a week stays under a few hundred megabytes, and does not crowd out
 * what a customer's own requests met.
 */
const ANONYMOUS_PER_MINUTE_MAX = 120;
const PER_KEY_PER_MINUTE_MAX = 300;

/** Keeps what was refused for the tracer. It never slows a request down and never fails one. */
export class RefusedLog {
  readonly #context: Context;
  readonly #anonymous: RateLimit;
  readonly #perKey: RateLimit;
  readonly #dropped;
  #waiting: RefusedRequest[] = [];
  #timer: Timer | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(context: Context) {
    this.#context = context;
    this.#anonymous = new RateLimit(context.clock, ANONYMOUS_PER_MINUTE_MAX);
    this.#perKey = new RateLimit(context.clock, PER_KEY_PER_MINUTE_MAX);
    this.#dropped = context.metrics.counter(
      "refused_requests_dropped_total",
      "Refused requests that were not kept for the tracer.",
    );
  }

  add(exchange: Exchange, refusal: AppError): void {
    const { status, code } = refusal;
    if (!isKept(status)) return;
    if (this.#waiting.length >= WAITING_MAX || !this.#hasRoomFor(exchange)) {
      this.#dropped.add();
      return;
    }
    const { id: requestId, request, principal } = exchange;
    const path = maskCredentials(exchange.path).slice(0, PATH_CHARACTERS_MAX);
    this.#waiting.push({
      id: this.#context.ids.next("req"),
      at: this.#context.clock.now(),
      requestId,
      environmentId: principal && "environmentId" in principal ? principal.environmentId : null,
      actor: principal ? actorOf(principal) : null,
      method: request.method,
      path,
      status,
      code,
      message: maskCredentials(refusal.message).slice(0, MESSAGE_CHARACTERS_MAX),
    });
    if (status < 500)
      this.#context.log.info("request refused", { requestId, status, code, method: request.method, path });
    this.#timer ??= this.#context.clock.after(FLUSH_AFTER_MS, () => void this.flush());
  }

  /** Writes what waits. Called at the end, too. */
  flush(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    const batch = this.#waiting;
    this.#waiting = [];
    if (batch.length > 0) this.#writing = this.#writing.then(() => this.#write(batch));
    return this.#writing;
  }

  async #write(batch: readonly RefusedRequest[]): Promise<void> {
    try {
      await this.#context.database.write((writer) => insertRefusedRequests(writer, batch));
    } catch (error) {
      this.#dropped.add(batch.length);
      this.#context.log.warn("refused requests could not be kept", { count: batch.length, ...describeError(error) });
    }
  }

  #hasRoomFor({ principal }: Exchange): boolean {
    return (principal ? this.#perKey.take(actorOf(principal)) : this.#anonymous.take("")) === 0;
  }
}
