import type { Context } from "../../context.ts";
import { countMails } from "./store.ts";

/** What the room tells of itself at each scrape. */
export function registerMetrics({ metrics, database, clock }: Pick<Context, "metrics" | "database" | "clock">): void {
  const count = () => database.read(countMails);
  metrics.gauge("mail_waiting", "Mails that wait to be sent.", async () => (await count()).waiting);
  metrics.gauge("mail_failed", "Mails of the last 30 days that were given up.", async () => (await count()).failed);
  metrics.gauge("mail_oldest_waiting_age_seconds", "How long the oldest mail has been waiting.", async () => {
    const { oldest } = await count();
    return oldest === undefined ? 0 : Math.max(0, clock.now() - oldest) / 1000;
  });
}
