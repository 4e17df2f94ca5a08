import type { Context } from "../../context.ts";
import { countJobs } from "../../jobs/store.ts";
import { isoTime } from "../../kernel/clock.ts";
import type { EnvironmentKind } from "../../kernel/principal.ts";
import type { UnixMs } from "../../kernel/units.ts";

/** Attempts that came through and that failed, since the begin of an hour, of a day and of a week ago. */
interface Sums {
  readonly hour_delivered: number;
  readonly hour_failed: number;
  readonly day_delivered: number;
  readonly day_failed: number;
  readonly day_exhausted: number;
  readonly week_delivered: number;
  readonly week_failed: number;
}

interface Failure {
  readonly cause: string;
  readonly title: string;
  readonly advice: string;
  readonly count: number;
  readonly lastAt: string;
  readonly message: string;
  readonly deliveryId: string;
}

interface Endpoint {
  readonly subscriptionId: string;
  readonly environmentId: string;
  readonly endpoint: string;
  readonly status: "active" | "paused" | "disabled";
  readonly state: "disabled" | "paused" | "failing" | "losing" | "slow" | "held" | "idle" | "well";
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
  readonly failures: readonly Failure[];
  readonly waiting: {
    readonly count: number;
    readonly retries: number;
    readonly byReason: Readonly<Record<string, number>>;
    readonly oldestAge: number | null;
    readonly nextDueAt: string | null;
  } | null;
}

/** What the rooms tell; app.ts hands it in, because no room knows another. */
export interface StatsSources {
  readonly version: string;
  readonly schema: number;
  /** How webhooks do. @param query an id or a part of a host to look for */
  readonly webhooks: (query: string | undefined) => Promise<{
    readonly environments: readonly {
      readonly environmentId: string;
      readonly active: number;
      readonly paused: number;
      readonly disabled: number;
      readonly sums: Sums;
    }[];
    /** Some of them, and how many there are. */
    readonly troubled: readonly Endpoint[];
    readonly troubledCount: number;
    readonly found: readonly Endpoint[] | undefined;
    readonly failures: readonly Failure[];
    readonly queue: {
      readonly pending: number;
      readonly oldestDueAt: UnixMs | undefined;
      readonly inFlight: number;
    };
  }>;
  readonly environments: () => Promise<
    readonly {
      readonly id: string;
      readonly kind: EnvironmentKind;
      readonly workspaceId: string;
      readonly workspaceName: string;
    }[]
  >;
  readonly mails: () => Promise<{
    readonly waiting: number;
    readonly failed: number;
    readonly oldest: UnixMs | undefined;
  }>;
  /** The kind of job that goes on with a fan-out. */
  readonly fanOutKind: string;
}

/** The share of the attempts that came through; null where there was none. Never 1 where something failed. */
const rateOf = (delivered: number, failed: number): number | null => {
  if (delivered + failed === 0) return null;
  return failed === 0 ? 1 : Math.floor((delivered / (delivered + failed)) * 10_000) / 10_000;
};

const timeOf = (at: UnixMs | null | undefined): string | null => (at == null ? null : isoTime(at));
const ageOf = (at: UnixMs | undefined, now: UnixMs): number | null =>
  at === undefined ? null : Math.max(0, Math.round((now - at) / 1000));

const windowsOf = (sums: Sums) => ({
  "1h": {
    attempts: sums.hour_delivered + sums.hour_failed,
    successRate: rateOf(sums.hour_delivered, sums.hour_failed),
  },
  "24h": {
    attempts: sums.day_delivered + sums.day_failed,
    successRate: rateOf(sums.day_delivered, sums.day_failed),
    exhausted: sums.day_exhausted,
  },
  "7d": {
    attempts: sums.week_delivered + sums.week_failed,
    successRate: rateOf(sums.week_delivered, sums.week_failed),
  },
});

const NONE: Sums = {
  hour_delivered: 0,
  hour_failed: 0,
  day_delivered: 0,
  day_failed: 0,
  day_exhausted: 0,
  week_delivered: 0,
  week_failed: 0,
};

const added = (left: Sums, right: Sums): Sums =>
  Object.fromEntries(
    Object.keys(NONE).map((key) => [key, left[key as keyof Sums] + right[key as keyof Sums]]),
  ) as unknown as Sums;

function headlineOf(troubled: number, endpoints: number): string {
  if (endpoints === 0) return "No endpoints yet";
  if (troubled === 0)
    return endpoints === 1
      ? "The one endpoint does well"
      : `All ${endpoints.toLocaleString("en-US")} endpoints do well`;
  const of =
    endpoints === 1
      ? "The one endpoint"
      : `${troubled.toLocaleString("en-US")} of ${endpoints.toLocaleString("en-US")} endpoints`;
  return `${of} ${troubled === 1 ? "needs" : "need"} a look`;
}

/** The delivery status of the whole installation: what `/admin/stats` shows, and says as JSON. */
export async function readStats(context: Context, sources: StatsSources, query: string | undefined) {
  const now = context.clock.now();
  const [webhooks, environments, mails, jobs] = await Promise.all([
    sources.webhooks(query),
    sources.environments(),
    sources.mails(),
    context.database.read(countJobs),
  ]);
  const places = new Map(environments.map((environment) => [environment.id, environment]));
  const placeOf = (id: string) => ({
    workspaceId: places.get(id)?.workspaceId ?? null,
    workspace: places.get(id)?.workspaceName ?? "a deleted workspace",
    environment: places.get(id)?.kind ?? null,
    environmentId: id,
  });
  const endpointView = (endpoint: Endpoint) => ({
    ...endpoint,
    ...placeOf(endpoint.environmentId),
    pausedUntil: timeOf(endpoint.pausedUntil),
    lastSuccessAt: timeOf(endpoint.lastSuccessAt),
    lastFailureAt: timeOf(endpoint.lastFailureAt),
  });
  const sum = (of: "active" | "paused" | "disabled"): number =>
    webhooks.environments.reduce((total, environment) => total + environment[of], 0);
  const endpoints = { active: sum("active"), paused: sum("paused"), disabled: sum("disabled") };
  const total = endpoints.active + endpoints.paused + endpoints.disabled;
  const jobsWhere = (of: (job: (typeof jobs)[number]) => boolean): number =>
    jobs.filter(of).reduce((count, job) => count + job.count, 0);
  const overdue = jobs.filter(({ status, first }) => status === "waiting" && first < now);
  return {
    at: isoTime(now),
    headline: headlineOf(webhooks.troubledCount, total),
    endpoints: { total, ...endpoints },
    windows: windowsOf(webhooks.environments.reduce((all, { sums }) => added(all, sums), NONE)),
    queue: {
      waiting: webhooks.queue.pending,
      inFlight: webhooks.queue.inFlight,
      oldestDueAge: ageOf(webhooks.queue.oldestDueAt, now),
      fanOuts: jobsWhere(({ kind }) => kind === sources.fanOutKind),
    },
    needALook: webhooks.troubled.map(endpointView),
    recentFailures: webhooks.failures,
    environments: webhooks.environments
      .map(({ environmentId, active, paused, disabled, sums }) => ({
        ...placeOf(environmentId),
        endpoints: { active, paused, disabled },
        windows: windowsOf(sums),
      }))
      .sort((left, right) => right.windows["24h"].exhausted - left.windows["24h"].exhausted || byPlace(left, right)),
    jobs: {
      waiting: jobsWhere(({ status }) => status === "waiting"),
      running: jobsWhere(({ status }) => status === "running"),
      overdue: overdue.reduce((count, job) => count + job.count, 0),
      byKind: jobs.map(({ kind, status, count, first }) => ({ kind, status, count, first: isoTime(first) })),
    },
    mails: { waiting: mails.waiting, failed: mails.failed, oldestAge: ageOf(mails.oldest, now) },
    installation: {
      version: sources.version,
      schema: sources.schema,
      engine: context.database.capabilities.engine,
      databaseBytes: context.database.statistics().bytes,
    },
    ...(webhooks.found === undefined ? {} : { query, found: webhooks.found.map(endpointView) }),
  };
}

/** Newest workspaces last, `live` before `test`: ids sort by time. */
const byPlace = (
  left: { readonly workspaceId: string | null; readonly environment: string | null },
  right: { readonly workspaceId: string | null; readonly environment: string | null },
): number =>
  (left.workspaceId ?? "").localeCompare(right.workspaceId ?? "") ||
  (left.environment ?? "").localeCompare(right.environment ?? "");

export type Stats = Awaited<ReturnType<typeof readStats>>;
