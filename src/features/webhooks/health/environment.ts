import type { Id } from "../../../kernel/ids.ts";
import type { UnixMs } from "../../../kernel/units.ts";
import type { Ask } from "../long-reads.ts";
import { readNotable } from "./hours.ts";
import { FAILING_FROM, headlineOf } from "./judge.ts";
import { type Endpoint, findLost, type Judging, judgeEndpoints } from "./report.ts";
import { countEndpoints, findEndpoints, type HourRow, listHours, listTroubled } from "./store.ts";
import { hourOf } from "./tally.ts";

/** Endpoints that are looked at one by one: of those in trouble the ones whose trouble is the oldest. */
const LOOKED_AT_MAX = 100;

export interface EndpointCounts {
  readonly total: number;
  readonly active: number;
  readonly paused: number;
  readonly disabled: number;
  /** Of the paused ones, those that a person paused. */
  readonly held: number;
  readonly pull: number;
  readonly needingYou: number;
}

/** How the endpoints of one environment do. */
export interface EnvironmentReport {
  readonly headline: string;
  readonly counts: EndpointCounts;
  /** The hours of the environment as a whole, since `from`. */
  readonly hours: readonly HourRow[];
  /** Those that need a person, the worst first. */
  readonly needing: readonly Endpoint[];
  /** By subscription, what was lost. */
  readonly lost: ReadonlyMap<string, number>;
}

const WEIGHT = { disabled: 0, paused: 1, failing: 2, losing: 3, slow: 4, held: 5, idle: 6, well: 7 } as const;

const byWeight = (left: Endpoint, right: Endpoint): number =>
  WEIGHT[left.standing.state] - WEIGHT[right.standing.state] ||
  right.lost - left.lost ||
  (left.row.failing_since ?? 0) - (right.row.failing_since ?? 0);

/** The subscriptions with the slowest attempts of any hour, the slowest first. */
export const slowestOf = (
  hours: readonly HourRow[],
): readonly { readonly subscriptionId: string; readonly ms: number }[] => {
  const slowest = new Map<string, number>();
  for (const { notable } of hours) {
    for (const { subscriptionId, ms } of readNotable(notable).slow) {
      slowest.set(subscriptionId, Math.max(ms, slowest.get(subscriptionId) ?? 0));
    }
  }
  return [...slowest].map(([subscriptionId, ms]) => ({ subscriptionId, ms })).sort((left, right) => right.ms - left.ms);
};

export async function reportEnvironment(
  ask: Ask,
  environmentId: Id<"env">,
  judging: Judging,
  since: UnixMs = judging.from,
): Promise<EnvironmentReport> {
  const groups = await ask((reader) => countEndpoints(reader, environmentId, FAILING_FROM));
  const sum = (of: (group: (typeof groups)[number]) => number): number =>
    groups.reduce((total, group) => total + of(group), 0);
  const withStatus = (status: string) => sum((group) => (group.status === status ? group.count : 0));
  const hours = await ask((reader) => listHours(reader, environmentId, [environmentId], hourOf(since)));
  const lost = await findLost(ask, environmentId, judging.now);
  const limits = { failuresFrom: FAILING_FROM, rows: LOOKED_AT_MAX };
  const troubled = await ask((reader) => listTroubled(reader, environmentId, limits));
  const known = new Set<string>(troubled.map(({ id }) => id));
  const inSpan = hours.filter(({ hour_at }) => hour_at >= hourOf(judging.from) && hour_at < judging.until);
  const others = [...lost.keys(), ...slowestOf(inSpan).map(({ subscriptionId }) => subscriptionId)]
    .filter((id) => !known.has(id))
    .slice(0, LOOKED_AT_MAX);
  const more = await ask((reader) => findEndpoints(reader, environmentId, [...new Set(others)]));
  const judged = await judgeEndpoints(ask, environmentId, [...troubled, ...more], { ...judging, lost });
  const needing = judged.filter(({ standing }) => standing.needsYou).sort(byWeight);
  // Beyond what was looked at one by one they are only counted.
  const uncounted =
    troubled.length < LOOKED_AT_MAX
      ? 0
      : sum(({ status, count, held, failing }) => (status === "active" ? failing : count - held)) - troubled.length;
  const total = sum(({ count }) => count);
  const needingYou = needing.length + Math.max(0, uncounted);
  return {
    headline: headlineOf(needingYou, total),
    counts: {
      total,
      active: withStatus("active"),
      paused: withStatus("paused"),
      disabled: withStatus("disabled"),
      held: sum(({ held }) => held),
      pull: sum(({ mode, count }) => (mode === "pull" ? count : 0)),
      needingYou,
    },
    hours,
    needing,
    lost,
  };
}
