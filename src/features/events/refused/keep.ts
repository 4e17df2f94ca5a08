import type { Context } from "../../../context.ts";
import { RateLimit } from "../../../http/rate-limit.ts";
import type { AppError, ErrorCode, ErrorDetail } from "../../../kernel/errors.ts";
import { maskCredentials } from "../../../kernel/log.ts";
import type { Counter } from "../../../kernel/metrics.ts";
import { actorOf } from "../../../kernel/principal.ts";
import { isCallerId, looksPersonal } from "../../../kernel/text.ts";
import { isBrowser, type Sender } from "../sender.ts";
import { type EventNames, type EventSource, insertRefusedEvents, type RefusedEvent } from "./store.ts";

/** No fault of the event's: the same one is accepted when it comes again. */
const PASSING: ReadonlySet<ErrorCode> = new Set(["unavailable", "internal", "rate_limited"]);
/** What one environment can make us keep in a week stays bounded; beyond it refusals are only counted. */
const KEPT_PER_MINUTE_MAX = 1_000;
const DETAILS_MAX = 10;
const TEXT_CHARACTERS_MAX = 500;

export interface Refusal {
  readonly source: EventSource;
  readonly names: EventNames;
  readonly error: AppError;
}

/** Keeps which events were refused, and why, for whoever asks where theirs have gone. */
export class RefusedEvents {
  readonly #context: Context;
  readonly #perEnvironment: RateLimit;
  readonly #total: Counter;
  readonly #dropped: Counter;

  constructor(context: Context) {
    this.#context = context;
    this.#perEnvironment = new RateLimit(context.clock, KEPT_PER_MINUTE_MAX);
    this.#total = context.metrics.counter("events_refused_total", "Events that were refused, by way in and reason.");
    this.#dropped = context.metrics.counter("events_refused_dropped_total", "Refused events that were not kept.");
  }

  /** Resolves once they are on the disk. @throws where they can't be written */
  async keep(principal: Sender, refusals: readonly Refusal[]): Promise<void> {
    const own = refusals.filter(({ error }) => !PASSING.has(error.code));
    for (const { source, error } of own) this.#total.add(1, { source, code: error.code });
    const { environmentId } = principal;
    // Pages have their own: whatever they send crowds out nothing of what a server was refused.
    const subject = isBrowser(principal) ? `browsers ${environmentId}` : environmentId;
    const kept = own.filter(() => this.#perEnvironment.take(subject) === 0);
    if (kept.length < own.length) this.#dropped.add(own.length - kept.length);
    if (kept.length === 0) return;
    const rows = kept.map((refusal) => this.#rowOf(principal, refusal));
    await this.#context.database.write((writer) => insertRefusedEvents(writer, environmentId, rows));
  }

  #rowOf(principal: Sender, { source, names, error }: Refusal): RefusedEvent {
    const { ids, clock, config } = this.#context;
    const hidesUser =
      names.userId !== undefined && config.events.personalUserIds === "refuse" && looksPersonal(names.userId);
    return {
      place: ids.next("evi"),
      at: clock.now(),
      requestId: principal.request.id,
      source,
      actor: actorOf(principal),
      id: tellable(names.id),
      type: tellable(names.type),
      userId: hidesUser ? undefined : tellable(names.userId),
      code: error.code,
      message: cut(error.message),
      details: error.details.slice(0, DETAILS_MAX).map(toldDetail),
    };
  }
}

const cut = (text: string): string => maskCredentials(text).slice(0, TEXT_CHARACTERS_MAX);
const toldDetail = ({ path, message }: ErrorDetail): ErrorDetail => ({ path: cut(path), message: cut(message) });

/** A name only where it could have been one. */
const tellable = (text: string | undefined): string | undefined =>
  text !== undefined && isCallerId(text) ? maskCredentials(text) : undefined;

/** The names of something that may be an event: what stands where they belong, if it is text. */
export function namesIn(value: unknown, at: Readonly<Record<keyof EventNames, string>>): EventNames {
  if (typeof value !== "object" || value === null) return {};
  const text = (key: string): string | undefined => {
    const found: unknown = Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
    return typeof found === "string" ? found : undefined;
  };
  return { id: text(at.id), type: text(at.type), userId: text(at.userId) };
}
