import type { Context } from "../../context.ts";
import { startStopwatch } from "../../kernel/clock.ts";
import { addMs, type UnixMs } from "../../kernel/units.ts";
import type { Dispatcher } from "./dispatch/dispatcher.ts";
import { findOldestDue, type OldestDue, WAITING_CLASSES } from "./dispatch/oldest.ts";
import { LANE_CLASSES } from "./dispatch/pace.ts";
import { countPending } from "./dispatch/store.ts";
import type { PullWaiters } from "./pull/waiters.ts";
import { ENDS_SOON_MS } from "./subscriptions/client-tls.ts";
import { countEndingCertificates } from "./subscriptions/store.ts";

/** What the room tells of itself at each scrape. By class at most: an endpoint is no label. */
export function registerMetrics(
  { metrics, database, clock }: Pick<Context, "metrics" | "database" | "clock">,
  dispatcher: Pick<Dispatcher, "inFlight" | "statistics">,
  waiters: PullWaiters,
): void {
  const ageOf = (dueAt: UnixMs | undefined): number =>
    dueAt === undefined ? 0 : Math.max(0, clock.now() - dueAt) / 1000;
  // Two gauges of one scrape share the look.
  let look: Promise<OldestDue> | undefined;
  const findOldest = (): Promise<OldestDue> => {
    look ??= database
      .read((reader) => findOldestDue(reader, clock.now()))
      .finally(() => {
        look = undefined;
      });
    return look;
  };
  metrics.gauge(
    "webhook_queue_depth",
    "Deliveries that wait, whatever for; with very many of them counted anew only now and then.",
    sparingly(clock, () => database.read(countPending)),
  );
  metrics.gauge(
    "webhook_oldest_due_age_seconds",
    "How long the longest due delivery has been due, held and paused ones included.",
    async () => ageOf((await findOldest()).any),
  );
  metrics.gauge(
    "webhook_oldest_waiting_age_seconds",
    "How long the longest due delivery of each kind has been due, by what it waits for.",
    async () => {
      const { waiting } = await findOldest();
      return WAITING_CLASSES.map((kind) => ({ labels: { waiting_for: kind }, value: ageOf(waiting[kind]) }));
    },
  );
  metrics.gauge("webhook_in_flight", "Webhook requests under way.", () => dispatcher.inFlight);
  const byClass = (figure: "slots" | "lanes") => () => {
    const found = dispatcher.statistics();
    return LANE_CLASSES.map((kind) => ({ labels: { class: kind }, value: found[kind][figure] }));
  };
  metrics.gauge("webhook_slots_in_use", "Webhook requests under way, by class of their endpoint.", byClass("slots"));
  metrics.gauge("webhook_lanes", "Endpoints with something to do, by class.", byClass("lanes"));
  metrics.gauge(
    "webhook_client_certificates_ending",
    "Subscriptions whose client certificate has ended or ends within 14 days.",
    () => database.read((reader) => countEndingCertificates(reader, addMs(clock.now(), ENDS_SOON_MS))),
  );
  metrics.gauge("webhook_pull_waiting", "Callers that wait for something to pull.", () => waiters.total);
}

/** A count that takes longer than this is kept for a while: nobody else has a turn meanwhile. */
const CHEAP_MS = 5;
/** So much longer than it took. */
const KEPT_FACTOR = 500;

/** Asks only as often as it is cheap to. */
function sparingly(clock: Context["clock"], count: () => Promise<number>): () => Promise<number> {
  let kept: { readonly value: number; readonly until: number } | undefined;
  return async () => {
    if (kept && clock.monotonic() < kept.until) return kept.value;
    const took = startStopwatch();
    const value = await count();
    const tookMs = took();
    kept = tookMs > CHEAP_MS ? { value, until: clock.monotonic() + tookMs * KEPT_FACTOR } : undefined;
    return value;
  };
}
