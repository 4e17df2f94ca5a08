import type { EnvironmentKind } from "../../../kernel/principal.ts";
import type { UnixMs } from "../../../kernel/units.ts";
import { type EnvironmentReport, reportEnvironment, slowestOf } from "../health/environment.ts";
import { findWaiting } from "../health/report.ts";
import { sayTimes } from "../health/say-time.ts";
import { type EndpointRow, findEndpoints } from "../health/store.ts";
import { hourOf, type Tally } from "../health/tally.ts";
import { type Failure, failuresOf, tallyBetween, type WaitingView, waitingView } from "../health/views.ts";
import type { Ask } from "../long-reads.ts";
import { type DigestDay, type DigestPlan, dayBefore } from "./plan.ts";

/** How one environment did on the day. */
export interface EnvironmentDigest {
  readonly kind: EnvironmentKind;
  readonly report: EnvironmentReport;
  readonly day: Tally;
  readonly before: Tally;
  readonly failures: readonly Failure[];
  readonly waiting: WaitingView;
  /** Undefined where nothing was sent. */
  readonly slowest: { readonly row: EndpointRow; readonly ms: number } | undefined;
  /** Deliveries that have failed for good and were not recovered, of the last seven days. */
  readonly lost: number;
}

export interface Digest {
  readonly plan: DigestPlan;
  readonly day: DigestDay;
  readonly madeAt: UnixMs;
  readonly live: EnvironmentDigest;
  readonly test: EnvironmentDigest;
}

export const hasTraffic = ({ day }: EnvironmentDigest): boolean => day.delivered + day.failed > 0;
export const hasTrouble = ({ report }: EnvironmentDigest): boolean => report.counts.needingYou > 0;

async function digestEnvironment(
  ask: Ask,
  kind: EnvironmentKind,
  plan: DigestPlan,
  day: DigestDay,
  given: { readonly now: UnixMs; readonly timeoutMs: number },
): Promise<EnvironmentDigest> {
  const { now, timeoutMs } = given;
  const environmentId = plan[kind];
  const before = dayBefore(day, plan.zone);
  // The reader has the day in mind, not the hour at which it is told: what is of another day has its date.
  const judging = { from: day.from, until: day.until, now, timeoutMs, say: sayTimes(plan.zone, day.from) };
  const report = await reportEnvironment(ask, environmentId, judging, before.from);
  const tally = tallyBetween(report.hours, day.from, day.until);
  // Where the zone is apart by half an hour, the first and the last hour belong to two days.
  const inDay = report.hours.filter(({ hour_at }) => hour_at >= hourOf(day.from) && hour_at < day.until);
  const [slowest] = slowestOf(inDay).filter(({ ms }) => ms <= tally.slowestMs);
  const [row] = slowest ? await ask((reader) => findEndpoints(reader, environmentId, [slowest.subscriptionId])) : [];
  return {
    kind,
    report,
    day: tally,
    before: tallyBetween(report.hours, before.from, before.until),
    failures: failuresOf(inDay, tally, day),
    waiting: waitingView(await findWaiting(ask, environmentId, now), now),
    slowest: row && slowest ? { row, ms: slowest.ms } : undefined,
    lost: [...report.lost.values()].reduce((sum, count) => sum + count, 0),
  };
}

/** What a digest says, read and not yet told. */
export async function readDigest(
  ask: Ask,
  plan: DigestPlan,
  day: DigestDay,
  given: { readonly now: UnixMs; readonly timeoutMs: number },
): Promise<Digest> {
  const live = await digestEnvironment(ask, "live", plan, day, given);
  const test = await digestEnvironment(ask, "test", plan, day, given);
  return { plan, day, madeAt: given.now, live, test };
}
