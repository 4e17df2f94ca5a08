import { isoTime } from "../../../kernel/clock.ts";
import { notFound } from "../../../kernel/errors.ts";
import type { Id } from "../../../kernel/ids.ts";
import type { EnvironmentPrincipal } from "../../../kernel/principal.ts";
import { addMs, DAY, type UnixMs } from "../../../kernel/units.ts";
import { countRecent } from "../deliveries/store.ts";
import { findDigestTimes } from "../digest/due.ts";
import { inTurns } from "../long-reads.ts";
import type { Room } from "../room.ts";
import { DELIVERY_STATUSES, type DeliveryStatus } from "../types.ts";
import { type EndpointCounts, reportEnvironment } from "./environment.ts";
import { fullAdvice } from "./judge.ts";
import {
  COUNTED_MAX,
  type Endpoint,
  findLost,
  findWaiting,
  judgeEndpoints,
  sinceOf,
  WINDOWS,
  type WindowName,
} from "./report.ts";
import { sayUtc } from "./say-time.ts";
import { findEndpoints, type HourRow, listEndpoints, listHours } from "./store.ts";
import { hourOf } from "./tally.ts";
import {
  type FailureView,
  failuresOf,
  failureView,
  tallyBetween,
  type WaitingView,
  type WindowView,
  waitingView,
  windowView,
} from "./views.ts";

const timeOf = (at: UnixMs | null | undefined): string | null => (at == null ? null : isoTime(at));

type Windows = Readonly<Record<WindowName, WindowView>>;

function windowsOf(hours: readonly HourRow[], now: UnixMs): Windows {
  const of = (name: WindowName): WindowView => {
    const since = sinceOf(now, WINDOWS[name]);
    return windowView(tallyBetween(hours, since, addMs(now, 1)), since);
  };
  return { "1h": of("1h"), "24h": of("24h"), "7d": of("7d") };
}

const judgingNow = (room: Room, now: UnixMs) => ({
  from: sinceOf(now, DAY),
  until: addMs(now, 1),
  now,
  timeoutMs: room.config.webhooks.timeout,
  say: sayUtc(now),
});

/** What every answer says of an endpoint. */
function summaryOf({ row, standing, tally, failures, lost }: Endpoint, since: UnixMs) {
  return {
    subscriptionId: row.id,
    endpoint: row.endpoint,
    description: row.description,
    mode: row.mode,
    status: row.status,
    reason: row.reason,
    state: standing.state,
    needsYou: standing.needsYou,
    text: standing.text,
    advice: fullAdvice(row.id, standing),
    pausedSince: timeOf(row.paused_since),
    pausedUntil: timeOf(row.paused_until),
    failuresInRow: row.failures_in_row,
    failingSince: timeOf(row.failing_since),
    lastSuccessAt: timeOf(row.last_success_at),
    lastFailureAt: timeOf(row.last_failure_at),
    lost,
    last24h: windowView(tally, since),
    cause: failures[0]?.cause ?? null,
  };
}
export type EndpointSummary = ReturnType<typeof summaryOf>;

export type SubscriptionHealth = Omit<EndpointSummary, "last24h" | "cause"> & {
  readonly windows: Windows;
  /** Of the last 24 hours, by cause; the most frequent first. */
  readonly recentFailures: readonly FailureView[];
  readonly waiting: WaitingView;
  /** Of the deliveries made in the last 24 hours, the latest 10,000 at most. */
  readonly last24Hours: Readonly<Record<DeliveryStatus, number>>;
};

export async function findSubscriptionHealth(
  room: Room,
  { environmentId }: EnvironmentPrincipal,
  id: Id<"sub">,
): Promise<SubscriptionHealth> {
  const now = room.clock.now();
  return inTurns(room.database, async (ask) => {
    const rows = await ask((reader) => findEndpoints(reader, environmentId, [id]));
    if (rows.length === 0) throw notFound("The subscription");
    const judging = judgingNow(room, now);
    const lost = await findLost(ask, environmentId, now);
    const [endpoint] = await judgeEndpoints(ask, environmentId, rows, { ...judging, lost });
    if (!endpoint) throw notFound("The subscription");
    const since = hourOf(sinceOf(now, WINDOWS["7d"]));
    const hours = await ask((reader) => listHours(reader, environmentId, [id], since));
    const recent = await ask((reader) => countRecent(reader, id, addMs(now, -DAY), COUNTED_MAX));
    const counts = new Map(recent.map(({ status, count }) => [status, count]));
    const { last24h: _, cause: __, ...summary } = summaryOf(endpoint, judging.from);
    return {
      ...summary,
      windows: windowsOf(hours, now),
      recentFailures: endpoint.failures.map(failureView),
      waiting: waitingView(await findWaiting(ask, environmentId, now, id), now),
      last24Hours: Object.fromEntries(DELIVERY_STATUSES.map((status) => [status, counts.get(status) ?? 0])) as Record<
        DeliveryStatus,
        number
      >,
    };
  });
}

export interface EnvironmentHealth {
  /** "3 of 41 endpoints need you". */
  readonly headline: string;
  readonly endpoints: EndpointCounts;
  readonly windows: Windows;
  readonly recentFailures: readonly FailureView[];
  readonly waiting: WaitingView;
  /** The worst first, 20 at most. */
  readonly needYou: readonly EndpointSummary[];
  readonly digest: {
    readonly last: { readonly date: string; readonly at: string } | null;
    readonly nextAt: string | null;
  };
  /** Every endpoint, newest first, a page of them. */
  readonly data: readonly EndpointSummary[];
}

const NEEDING_SHOWN_MAX = 20;

/** @returns one row more than asked for, where there is a next page */
export async function findEnvironmentHealth(
  room: Room,
  { environmentId, workspaceId }: EnvironmentPrincipal,
  page: { readonly after: string | undefined; readonly limit: number },
): Promise<EnvironmentHealth> {
  const now = room.clock.now();
  const judging = judgingNow(room, now);
  return inTurns(room.database, async (ask) => {
    const report = await reportEnvironment(ask, environmentId, judging, sinceOf(now, WINDOWS["7d"]));
    const { lost } = report;
    const listed = { after: page.after, rows: page.limit + 1 };
    const rows = await ask((reader) => listEndpoints(reader, environmentId, listed));
    const endpoints = await judgeEndpoints(ask, environmentId, rows, { ...judging, lost });
    const day = tallyBetween(report.hours, judging.from, judging.until);
    const summary = (endpoint: Endpoint) => summaryOf(endpoint, judging.from);
    return {
      headline: report.headline,
      endpoints: report.counts,
      windows: windowsOf(report.hours, now),
      recentFailures: failuresOf(report.hours, day, judging).map(failureView),
      waiting: waitingView(await findWaiting(ask, environmentId, now), now),
      needYou: report.needing.slice(0, NEEDING_SHOWN_MAX).map(summary),
      digest: await ask((reader) => findDigestTimes(room.digestPlans, reader, workspaceId, now)),
      data: endpoints.map(summary),
    };
  });
}
