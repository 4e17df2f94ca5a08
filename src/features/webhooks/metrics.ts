import type { Context } from "../../context.ts";
import type { Dispatcher } from "./dispatch/dispatcher.ts";
import { countPending, findOldestDue } from "./dispatch/store.ts";
import type { PullWaiters } from "./pull/waiters.ts";

/** What the room tells of itself at each scrape. */
export function registerMetrics(
  { metrics, database, clock }: Pick<Context, "metrics" | "database" | "clock">,
  dispatcher: Dispatcher,
  waiters: PullWaiters,
): void {
  metrics.gauge("webhook_queue_depth", "Deliveries that wait, whatever for.", () => database.read(countPending));
  metrics.gauge(
    "webhook_oldest_due_age_seconds",
    "How long the longest due delivery has been due, held and paused ones included.",
    async () => {
      const dueAt = await database.read(findOldestDue);
      return dueAt === undefined ? 0 : Math.max(0, clock.now() - dueAt) / 1000;
    },
  );
  metrics.gauge("webhook_in_flight", "Webhook requests under way.", () => dispatcher.inFlight);
  metrics.gauge("webhook_pull_waiting", "Callers that wait for something to pull.", () => waiters.total);
}
