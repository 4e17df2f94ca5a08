import type { Id } from "../../../kernel/ids.ts";
import { addMs, DAY, durationMs, HOUR, type UnixMs } from "../../../kernel/units.ts";
import { findHeld } from "../dispatch/holds/held.ts";
import type { Ask } from "../long-reads.ts";
import { judge, type Standing } from "./judge.ts";
import {
  countLost,
  countWaitingIn,
  countWaitingOf,
  type EndpointRow,
  findNextDue,
  type HourRow,
  listHours,
} from "./store.ts";
import { hourOf, QUARTER, quantileMs, type Tally } from "./tally.ts";
import { type Failure, failuresOf, tallyBetween, type Waiting } from "./views.ts";

/** So much is looked at to count what waits or was lost, so that the question stays cheap with a million of them. */
export const COUNTED_MAX = 10_000;
/** How far back what has failed for good is still to be recovered by somebody. */
const LOST_WITHIN = durationMs(7 * DAY);

export const WINDOWS = { "1h": HOUR, "24h": DAY, "7d": durationMs(7 * DAY) } as const;
export type WindowName = keyof typeof WINDOWS;

/** The start of a span that ends now, at a quarter of an hour. */
export const sinceOf = (now: UnixMs, length: number): UnixMs => {
  const at = addMs(now, -length);
  return addMs(at, -(at % QUARTER));
};

/** An endpoint with how it stands. */
export interface Endpoint {
  readonly row: EndpointRow;
  readonly standing: Standing;
  /** Of the span that was asked for. */
  readonly tally: Tally;
  readonly failures: readonly Failure[];
  readonly lost: number;
}

export interface Judging {
  readonly from: UnixMs;
  readonly until: UnixMs;
  readonly now: UnixMs;
  readonly timeoutMs: number;
  readonly say: (at: UnixMs) => string;
}

const latest = (failures: readonly Failure[]): Failure | undefined =>
  failures.reduce<Failure | undefined>((last, one) => (last && last.lastAt >= one.lastAt ? last : one), undefined);

function endpointOf(row: EndpointRow, hours: readonly HourRow[], lost: number, judging: Judging): Endpoint {
  const { from, until, timeoutMs, say } = judging;
  const tally = tallyBetween(hours, from, until);
  // How it stands is told as of now, also where the figures are those of a day that is over.
  const failures = failuresOf(hours, tally, { from, until: addMs(judging.now, 1) });
  const standing = judge({
    row,
    attempts: tally.delivered + tally.failed,
    p95Ms: quantileMs(tally, 0.95) ?? null,
    lastFailure: latest(failures),
    lost,
    timeoutMs,
    say,
  });
  return { row, standing, tally, failures, lost };
}

/** Endpoints judged before others have their turn: each has a row for each hour. */
const JUDGED_AT_ONCE = 20;

/** Judges endpoints of one environment by what they did in a span. @param lost by subscription, of `findLost` */
export async function judgeEndpoints(
  ask: Ask,
  environmentId: Id<"env">,
  rows: readonly EndpointRow[],
  judging: Judging & { readonly lost: ReadonlyMap<string, number> },
): Promise<readonly Endpoint[]> {
  const judged: Endpoint[] = [];
  for (let at = 0; at < rows.length; at += JUDGED_AT_ONCE) {
    const some = rows.slice(at, at + JUDGED_AT_ONCE);
    const ids = some.map(({ id }) => id);
    const listed = await ask((reader) => listHours(reader, environmentId, ids, hourOf(judging.from)));
    const hours = Map.groupBy(listed, ({ subject }) => subject);
    for (const row of some) {
      judged.push(endpointOf(row, hours.get(row.id) ?? [], judging.lost.get(row.id) ?? 0, judging));
    }
  }
  return judged;
}

/** What has failed for good and was not recovered since, by subscription; the most first. */
export async function findLost(ask: Ask, environmentId: Id<"env">, now: UnixMs): Promise<ReadonlyMap<string, number>> {
  const rows = await ask((reader) => countLost(reader, environmentId, addMs(now, -LOST_WITHIN), COUNTED_MAX));
  return new Map(rows.map(({ subscription_id, count }) => [subscription_id, count]));
}

/** What waits in an environment, or for one subscription of it. */
export async function findWaiting(ask: Ask, environmentId: Id<"env">, now: UnixMs, id?: Id<"sub">): Promise<Waiting> {
  const rows = await ask((reader) =>
    id === undefined
      ? countWaitingIn(reader, environmentId, COUNTED_MAX)
      : countWaitingOf(reader, environmentId, id, COUNTED_MAX),
  );
  const ids = [...new Set(rows.map(({ subscription_id }) => subscription_id))];
  const held = await ask((reader) => findHeld(reader, ids, now));
  const nextDueAt = await ask((reader) => findNextDue(reader, environmentId, id));
  return { rows, held: new Set<string>(held.keys()), nextDueAt };
}
