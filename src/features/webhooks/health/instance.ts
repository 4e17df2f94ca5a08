import type { Id } from "../../../kernel/ids.ts";
import { isId } from "../../../kernel/ids.ts";
import { addMs, DAY, durationMs, HOUR, type UnixMs } from "../../../kernel/units.ts";
import { findOldestDue } from "../dispatch/oldest.ts";
import { countPending } from "../dispatch/store.ts";
import { FAN_OUT_JOB } from "../fan-out.ts";
import { type Ask, inTurns } from "../long-reads.ts";
import type { Room } from "../room.ts";
import { FAILING_FROM } from "./judge.ts";
import { type Endpoint, findLost, findWaiting, judgeEndpoints, sinceOf } from "./report.ts";
import { sayUtc } from "./say-time.ts";
import { hostOf, shownEndpoint } from "./shown-endpoint.ts";
import {
  countEveryEndpoint,
  countEveryTroubled,
  type EndpointRow,
  findEndpointAnywhere,
  listEveryTroubled,
  listHours,
  type SpanSums,
  sumEnvironments,
  walkEndpoints,
} from "./store.ts";
import { hourOf } from "./tally.ts";
import {
  type FailureView,
  failuresOf,
  failureView,
  tallyBetween,
  type WaitingView,
  waitingView,
  windowView,
} from "./views.ts";

/** What is shown one by one; the rest is only counted. */
const TROUBLED_MAX = 50;
const FOUND_MAX = 20;
/** Endpoints that are looked at for a host. */
const WALKED_MAX = 20_000;
const WALKED_AT_ONCE = 1_000;
const SUMMED_AT_ONCE = 500;
/** Environments whose failures are told by cause: those with the most. */
const CAUSES_OF_MAX = 50;

/** An endpoint as who operates the installation may see it: where it is and how it does, nothing of what is sent. */
export interface InstanceEndpoint {
  readonly subscriptionId: Id<"sub">;
  readonly environmentId: Id<"env">;
  /** Host and path, without what may be a secret. */
  readonly endpoint: string;
  readonly status: EndpointRow["status"];
  readonly state: Endpoint["standing"]["state"];
  readonly text: string;
  readonly advice: string | null;
  readonly pausedUntil: UnixMs | null;
  readonly failuresInRow: number;
  readonly lastSuccessAt: UnixMs | null;
  readonly lastFailureAt: UnixMs | null;
  readonly lost: number;
  readonly attempts: number;
  readonly successRate: number | null;
  readonly p95Ms: number | null;
  readonly slowestMs: number | null;
  readonly failures: readonly FailureView[];
  /** Only of what was searched for. */
  readonly waiting: WaitingView | null;
}

export interface InstanceEnvironment {
  readonly environmentId: Id<"env">;
  readonly active: number;
  readonly paused: number;
  readonly disabled: number;
  readonly sums: Omit<SpanSums, "environment_id">;
}

export interface InstanceReport {
  readonly environments: readonly InstanceEnvironment[];
  readonly troubled: readonly InstanceEndpoint[];
  /** How many there are in all. */
  readonly troubledCount: number;
  /** Undefined where nothing was searched for. */
  readonly found: readonly InstanceEndpoint[] | undefined;
  readonly failures: readonly FailureView[];
  readonly queue: {
    readonly pending: number;
    readonly oldestDueAt: UnixMs | undefined;
    readonly inFlight: number;
  };
}

/** The kind of job that goes on writing the deliveries of an event with very many subscriptions. */
export const FAN_OUT = FAN_OUT_JOB;

const NO_SUMS: Omit<SpanSums, "environment_id"> = {
  hour_delivered: 0,
  hour_failed: 0,
  day_delivered: 0,
  day_failed: 0,
  day_exhausted: 0,
  week_delivered: 0,
  week_failed: 0,
};

/** By its id, or by a part of its host. */
async function search(ask: Ask, query: string): Promise<readonly EndpointRow[]> {
  if (isId("sub", query)) {
    const found = await ask((reader) => findEndpointAnywhere(reader, query));
    return found ? [found] : [];
  }
  const wanted = query.toLowerCase();
  const found: EndpointRow[] = [];
  let after = "";
  for (let walked = 0; walked < WALKED_MAX && found.length < FOUND_MAX; walked += WALKED_AT_ONCE) {
    const start = after;
    const rows = await ask((reader) => walkEndpoints(reader, start, WALKED_AT_ONCE));
    found.push(...rows.filter(({ endpoint }) => hostOf(endpoint).toLowerCase().includes(wanted)));
    after = rows.at(-1)?.id ?? after;
    if (rows.length < WALKED_AT_ONCE) break;
  }
  return found.slice(0, FOUND_MAX);
}

function viewOf({ row, standing, tally, failures, lost }: Endpoint, waiting: WaitingView | null): InstanceEndpoint {
  const { attempts, successRate, p95Ms, slowestMs } = windowView(tally, row.created_at);
  return {
    subscriptionId: row.id,
    environmentId: row.environment_id,
    endpoint: shownEndpoint(row.endpoint),
    status: row.status,
    state: standing.state,
    text: standing.text,
    advice: standing.advice,
    pausedUntil: row.status === "paused" ? row.paused_until : null,
    failuresInRow: row.failures_in_row,
    lastSuccessAt: row.last_success_at,
    lastFailureAt: row.last_failure_at,
    lost,
    attempts,
    successRate,
    p95Ms,
    slowestMs,
    failures: failures.map(failureView),
    waiting,
  };
}

async function judgeAnywhere(
  room: Room,
  ask: Ask,
  rows: readonly EndpointRow[],
  now: UnixMs,
): Promise<readonly Endpoint[]> {
  const judging = {
    from: sinceOf(now, DAY),
    until: addMs(now, 1),
    now,
    timeoutMs: room.config.webhooks.timeout,
    say: sayUtc(now),
  };
  const judged = new Map<Id<"sub">, Endpoint>();
  for (const [environmentId, own] of Map.groupBy(rows, (row) => row.environment_id)) {
    const lost = await findLost(ask, environmentId, now);
    for (const one of await judgeEndpoints(ask, environmentId, own, { ...judging, lost })) judged.set(one.row.id, one);
  }
  return rows.flatMap(({ id }) => judged.get(id) ?? []);
}

async function failuresAnywhere(ask: Ask, sums: readonly SpanSums[], now: UnixMs): Promise<readonly FailureView[]> {
  const from = sinceOf(now, DAY);
  const worst = sums
    .filter(({ day_failed }) => day_failed > 0)
    .sort((left, right) => right.day_failed - left.day_failed)
    .slice(0, CAUSES_OF_MAX);
  const hours = [];
  for (const { environment_id } of worst) {
    hours.push(...(await ask((reader) => listHours(reader, environment_id, [environment_id], hourOf(from)))));
  }
  const span = { from, until: addMs(now, 1) };
  return failuresOf(hours, tallyBetween(hours, span.from, span.until), span).map(failureView);
}

/** All endpoints of the installation, for who operates it. */
export async function reportInstance(room: Room, query: string | undefined): Promise<InstanceReport> {
  const now = room.clock.now();
  const hour = hourOf(now);
  const since = { hour: addMs(hour, -HOUR), day: addMs(hour, -DAY), week: addMs(hour, -durationMs(7 * DAY)) };
  return inTurns(room.database, async (ask) => {
    const counts = Map.groupBy(await ask(countEveryEndpoint), (row) => row.environment_id);
    const ids = [...counts.keys()];
    const sums: SpanSums[] = [];
    for (let at = 0; at < ids.length; at += SUMMED_AT_ONCE) {
      sums.push(...(await ask((reader) => sumEnvironments(reader, ids.slice(at, at + SUMMED_AT_ONCE), since))));
    }
    const byId = new Map(sums.map(({ environment_id, ...own }) => [environment_id, own]));
    const limits = { failuresFrom: FAILING_FROM, rows: TROUBLED_MAX };
    const troubled = await ask((reader) => listEveryTroubled(reader, limits));
    const found = query === undefined ? undefined : await judgeAnywhere(room, ask, await search(ask, query), now);
    const foundViews: InstanceEndpoint[] = [];
    for (const one of found ?? []) {
      const waiting = await findWaiting(ask, one.row.environment_id, now, one.row.id);
      foundViews.push(viewOf(one, waitingView(waiting, now)));
    }
    const countOf = (id: Id<"env">, status: string) => counts.get(id)?.find((row) => row.status === status)?.count ?? 0;
    return {
      environments: ids.map((environmentId) => ({
        environmentId,
        active: countOf(environmentId, "active"),
        paused: countOf(environmentId, "paused"),
        disabled: countOf(environmentId, "disabled"),
        sums: byId.get(environmentId) ?? NO_SUMS,
      })),
      troubled: (await judgeAnywhere(room, ask, troubled, now)).map((one) => viewOf(one, null)),
      troubledCount: await ask((reader) => countEveryTroubled(reader, FAILING_FROM)),
      found: found && foundViews,
      failures: await failuresAnywhere(ask, sums, now),
      queue: {
        pending: await ask(countPending),
        oldestDueAt: (await ask((reader) => findOldestDue(reader, now))).any,
        inFlight: room.dispatcher.inFlight,
      },
    };
  });
}
