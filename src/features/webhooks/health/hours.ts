import type { Context } from "../../../context.ts";
import type { Writer } from "../../../database/database.ts";
import type { Id } from "../../../kernel/ids.ts";
import type { JsonObject } from "../../../kernel/json.ts";
import type { DurationMs, UnixMs } from "../../../kernel/units.ts";
import { isOfEndpoint } from "../deliver.ts";
import type { Outcome } from "../dispatch/send.ts";
import { isOperational } from "../operations-events.ts";
import { type Cause, causeOf } from "./causes.ts";
import { type HourRow, lockHours, putHours, type Subject } from "./store.ts";
import { addInto, Counting, hourOf, QUARTERS, quarterOf, readQuarters, writeQuarters, writeTally } from "./tally.ts";

/** The last attempt that failed for one cause. */
export interface LastFailure extends JsonObject {
  readonly at: number;
  readonly subscriptionId: string;
  readonly deliveryId: string;
  readonly attempt: number;
  readonly status: number | null;
  /** As the attempt tells it. */
  readonly message: string;
}

/** The slowest attempt of one subscription. */
interface Slow extends JsonObject {
  readonly ms: number;
  readonly subscriptionId: string;
  readonly deliveryId: string;
}

/** So many of an hour's subscriptions are named by their slowest attempt. */
const SLOW_MAX = 5;

/** What is worth to be named of an hour. */
export interface Notable {
  readonly failures: Readonly<Partial<Record<Cause, LastFailure>>>;
  /** The slowest first, each subscription once. */
  readonly slow: readonly Slow[];
}

export const readNotable = (text: string): Notable => JSON.parse(text) as Notable;

/** One attempt that ended, of whichever way. */
interface Ended {
  readonly subscriptionId: Id<"sub">;
  readonly environmentId: Id<"env">;
  readonly deliveryId: Id<"dlv">;
  readonly event: string;
  readonly attempt: number;
  readonly endedAt: UnixMs;
  /** Undefined where nobody was waited for: a delivery that was pulled. */
  readonly tookMs: number | undefined;
  /** Undefined where it came through. */
  readonly cause: Cause | undefined;
  readonly status: number | null;
  readonly message: string;
  /** Nothing more is tried. */
  readonly isExhausted: boolean;
}

interface Gathered {
  readonly subject: Subject;
  readonly hourAt: UnixMs;
  readonly environmentId: Id<"env">;
  readonly quarters: Map<number, Counting>;
  readonly failures: Partial<Record<Cause, LastFailure>>;
  hasFailures: boolean;
  readonly slow: Map<string, Slow>;
  exhausted: number;
}

const failureOf = ({ endedAt, subscriptionId, deliveryId, attempt, status, message }: Ended): LastFailure => ({
  at: endedAt,
  subscriptionId,
  deliveryId,
  attempt,
  status,
  message,
});

function addEnded(entry: Gathered, ended: Ended, quarter: number): void {
  let counting = entry.quarters.get(quarter);
  if (!counting) {
    counting = new Counting();
    entry.quarters.set(quarter, counting);
  }
  counting.add(ended);
  if (ended.isExhausted) entry.exhausted += 1;
  if (ended.cause === undefined) return;
  entry.failures[ended.cause] = failureOf(ended);
  entry.hasFailures = true;
}

function addSlow({ slow }: Gathered, { tookMs, subscriptionId, deliveryId }: Ended): void {
  if (tookMs === undefined || tookMs <= (slow.get(subscriptionId)?.ms ?? -1)) return;
  slow.set(subscriptionId, { ms: Math.round(tookMs), subscriptionId, deliveryId });
}

function createEntry(subject: Subject, hourAt: UnixMs, environmentId: Id<"env">): Gathered {
  const none = { quarters: new Map(), failures: {}, hasFailures: false, slow: new Map(), exhausted: 0 };
  return { subject, hourAt, environmentId, ...none };
}

/** One entry for each subscription and hour, and for each environment and hour. */
function gather(all: readonly Ended[]): Gathered[] {
  // By hour and subject: this is the hot path, and a key of both would be a text for each attempt.
  const hours = new Map<UnixMs, Map<Subject, Gathered>>();
  for (const ended of all) {
    const { subscriptionId, environmentId, endedAt } = ended;
    const hourAt = hourOf(endedAt);
    const quarter = quarterOf(endedAt);
    let entries = hours.get(hourAt);
    if (!entries) {
      entries = new Map();
      hours.set(hourAt, entries);
    }
    let own = entries.get(subscriptionId);
    if (!own) {
      own = createEntry(subscriptionId, hourAt, environmentId);
      entries.set(subscriptionId, own);
    }
    addEnded(own, ended, quarter);
    // How deliveries fare is not told of what itself tells how deliveries fare.
    if (isOperational(ended.event)) continue;
    let whole = entries.get(environmentId);
    if (!whole) {
      whole = createEntry(environmentId, hourAt, environmentId);
      entries.set(environmentId, whole);
    }
    addEnded(whole, ended, quarter);
    addSlow(whole, ended);
  }
  return [...hours.values()].flatMap((entries) => [...entries.values()]);
}

/** A row as it was last written, ready to be added to. */
interface Kept {
  delivered: number;
  failed: number;
  exhausted: number;
  readonly quarters: (Counting | undefined)[];
  /** Each quarter as it is written. */
  readonly texts: string[];
  notable: string;
}

const NOTHING_NOTABLE = '{"failures":{},"slow":[]}';

function keptOf(row: HourRow | undefined): Kept {
  const quarters: (Counting | undefined)[] = Array.from({ length: QUARTERS }, () => undefined);
  const texts = quarters.map(() => "null");
  const { delivered = 0, failed = 0, exhausted = 0, notable = NOTHING_NOTABLE } = row ?? {};
  for (const [place, tally] of readQuarters(row?.quarters ?? "[]").entries()) {
    if (tally === null) continue;
    const counting = new Counting();
    addInto(counting, tally);
    quarters[place] = counting;
    texts[place] = writeTally(counting);
  }
  return { delivered, failed, exhausted, quarters, texts, notable };
}

/** Those of the hour with those of the group; undefined where the group has none that is slower. */
function slowWith(known: readonly Slow[], slow: ReadonlyMap<string, Slow>): readonly Slow[] | undefined {
  const before = new Map(known.map((one) => [one.subscriptionId, one]));
  const least = known.length < SLOW_MAX ? -1 : (known.at(-1)?.ms ?? -1);
  const slower = [...slow.values()].filter(({ subscriptionId, ms }) => ms > (before.get(subscriptionId)?.ms ?? least));
  if (slower.length === 0) return undefined;
  for (const one of slower) before.set(one.subscriptionId, one);
  return [...before.values()].sort((left, right) => right.ms - left.ms).slice(0, SLOW_MAX);
}

function notableWith(text: string, { hasFailures, failures, slow }: Gathered): string {
  if (!hasFailures && slow.size === 0) return text;
  const known = readNotable(text);
  const slowNow = slowWith(known.slow, slow);
  if (!hasFailures && slowNow === undefined) return text;
  return JSON.stringify({
    failures: { ...known.failures, ...failures },
    slow: slowNow ?? known.slow,
  } satisfies Notable);
}

function addTo(kept: Kept, entry: Gathered): HourRow {
  for (const [quarter, counted] of entry.quarters) {
    let counting = kept.quarters[quarter];
    if (!counting) {
      counting = new Counting();
      kept.quarters[quarter] = counting;
    }
    addInto(counting, counted);
    kept.texts[quarter] = writeTally(counting);
    kept.delivered += counted.delivered;
    kept.failed += counted.failed;
  }
  kept.exhausted += entry.exhausted;
  kept.notable = notableWith(kept.notable, entry);
  return {
    subject: entry.subject,
    hour_at: entry.hourAt,
    environment_id: entry.environmentId,
    delivered: kept.delivered,
    failed: kept.failed,
    exhausted: kept.exhausted,
    quarters: writeQuarters(kept.texts),
    notable: kept.notable,
  };
}

const byKey = (left: Gathered, right: Gathered): number =>
  left.subject === right.subject ? left.hourAt - right.hourAt : left.subject < right.subject ? -1 : 1;

const keyOf = ({ subject, hourAt }: Gathered): string => `${subject} ${hourAt}`;

function endedOf(
  { claim, startedAt, endedAt, result, verdict }: Outcome,
  { exhausted, timeoutMs }: { readonly exhausted: ReadonlySet<Id<"dlv">>; readonly timeoutMs: DurationMs },
): Ended {
  const isAnswered = result.kind === "answered";
  return {
    subscriptionId: claim.target.subscriptionId,
    environmentId: claim.target.environmentId,
    deliveryId: claim.id,
    event: claim.event,
    attempt: claim.attempt,
    endedAt,
    // By the wall clock, which may be set while somebody is waited for: nobody is longer than the time-out.
    tookMs: Math.min(Math.max(0, endedAt - startedAt), timeoutMs),
    cause: verdict.kind === "delivered" ? undefined : (causeOf(result) ?? "other"),
    status: isAnswered ? result.status : null,
    message: isAnswered ? `answered ${result.status}` : result.message,
    isExhausted: exhausted.has(claim.id),
  };
}

/** What says something of the endpoint: not what we cut off ourselves, nor what there was nothing left to send of. */
const isCounted = ({ verdict }: Outcome): boolean => isOfEndpoint(verdict);

/** Rows kept ready; over it all are read anew when they are needed. */
const KEPT_MAX = 10_000;

/**
 * Counts attempts by the hour, in the transaction of their outcomes: one row for each subscription and hour, however many
 * attempts there were of it. The rows of this hour are remembered, so that nothing is read; used inside transactions of
 * the one write lane, so a rollback forgets them.
 */
export class HourBook {
  readonly #kept = new Map<string, Kept>();
  readonly #timeoutMs: DurationMs;

  constructor({ database, config }: Pick<Context, "database" | "config">) {
    this.#timeoutMs = config.webhooks.timeout;
    database.onRollback(() => this.#kept.clear());
  }

  /** @param exhausted those whose deliveries have failed for good */
  noteOutcomes(writer: Writer, outcomes: readonly Outcome[], exhausted: ReadonlySet<Id<"dlv">>): Promise<void> {
    return this.#count(
      writer,
      outcomes.filter(isCounted).map((outcome) => endedOf(outcome, { exhausted, timeoutMs: this.#timeoutMs })),
    );
  }

  /** What was pulled and acknowledged. */
  noteAcknowledged(
    writer: Writer,
    { subscriptionId, environmentId }: { readonly subscriptionId: Id<"sub">; readonly environmentId: Id<"env"> },
    deliveries: readonly { readonly id: Id<"dlv">; readonly attempts: number }[],
  ): Promise<void> {
    return this.#count(
      writer,
      deliveries.map(({ id, attempts }) => ({
        subscriptionId,
        environmentId,
        deliveryId: id,
        // A lease does not say of which event it is; what is acknowledged was wanted.
        event: "",
        attempt: attempts,
        endedAt: writer.now,
        tookMs: undefined,
        cause: undefined,
        status: null,
        message: "acknowledged",
        isExhausted: false,
      })),
    );
  }

  async #count(writer: Writer, all: readonly Ended[]): Promise<void> {
    const entries = gather(all).sort(byKey);
    if (entries.length === 0) return;
    await this.#remember(writer, entries);
    const rows = entries.flatMap((entry) => {
      const kept = this.#kept.get(keyOf(entry));
      return kept ? [addTo(kept, entry)] : [];
    });
    await putHours(writer, rows);
  }

  async #remember(writer: Writer, entries: readonly Gathered[]): Promise<void> {
    let unknown = entries.filter((entry) => !this.#kept.has(keyOf(entry)));
    if (unknown.length === 0) return;
    if (this.#kept.size + unknown.length > KEPT_MAX) {
      this.#kept.clear();
      unknown = [...entries];
    }
    const rows = await lockHours(writer, unknown);
    const found = new Map(rows.map((row) => [`${row.subject} ${row.hour_at}`, row]));
    for (const entry of unknown) this.#kept.set(keyOf(entry), keptOf(found.get(keyOf(entry))));
  }
}
