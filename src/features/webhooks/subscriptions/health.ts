import { isoTime } from "../../../kernel/clock.ts";
import { notFound } from "../../../kernel/errors.ts";
import type { Id } from "../../../kernel/ids.ts";
import type { EnvironmentPrincipal } from "../../../kernel/principal.ts";
import { addMs, DAY, type UnixMs } from "../../../kernel/units.ts";
import { countRecent, findWaiting } from "../deliveries/store.ts";
import type { Room } from "../room.ts";
import { DELIVERY_STATUSES, type DeliveryStatus, type SubscriptionStatus } from "../types.ts";
import { findHealth, findSubscription } from "./store.ts";

/** So many of the latest deliveries are counted at most, so that the question stays cheap with a million of them. */
const COUNTED_MAX = 10_000;

export interface SubscriptionHealth {
  readonly status: SubscriptionStatus;
  readonly reason: string | null;
  readonly failuresInRow: number;
  readonly failingSince: string | null;
  readonly lastSuccessAt: string | null;
  readonly lastFailureAt: string | null;
  readonly waiting: {
    /** Counted up to 10,000. */
    readonly count: number;
    readonly oldestCreatedAt: string | null;
    readonly nextDueAt: string | null;
  };
  /** Of the deliveries made in the last 24 hours, the latest 10,000 at most. */
  readonly last24Hours: Readonly<Record<DeliveryStatus, number>>;
}

const timeOf = (at: UnixMs | null | undefined): string | null => (at == null ? null : isoTime(at));

export async function findSubscriptionHealth(
  room: Room,
  principal: EnvironmentPrincipal,
  id: Id<"sub">,
): Promise<SubscriptionHealth> {
  return room.database.read(async (reader) => {
    const row = await findSubscription(reader, principal.environmentId, id);
    if (!row) throw notFound("The subscription");
    const [health] = await findHealth(reader, [id]);
    const waiting = await findWaiting(reader, id, COUNTED_MAX);
    const recent = await countRecent(reader, id, addMs(room.clock.now(), -DAY), COUNTED_MAX);
    const counts = new Map(recent.map(({ status, count }) => [status, count]));
    return {
      status: row.status,
      reason: row.reason,
      failuresInRow: health?.failures_in_row ?? 0,
      failingSince: timeOf(health?.failing_since),
      lastSuccessAt: timeOf(health?.last_success_at),
      lastFailureAt: timeOf(health?.last_failure_at),
      waiting: {
        count: waiting.count,
        oldestCreatedAt: timeOf(waiting.oldestCreatedAt),
        nextDueAt: timeOf(waiting.nextDueAt),
      },
      last24Hours: Object.fromEntries(DELIVERY_STATUSES.map((status) => [status, counts.get(status) ?? 0])) as Record<
        DeliveryStatus,
        number
      >,
    };
  });
}
