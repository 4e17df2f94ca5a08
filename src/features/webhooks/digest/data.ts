import { isoTime } from "../../../kernel/clock.ts";
import type { JsonObject } from "../../../kernel/json.ts";
import { fullAdvice } from "../health/judge.ts";
import { shownEndpoint } from "../health/shown-endpoint.ts";
import { windowView } from "../health/views.ts";
import type { Digest, EnvironmentDigest } from "./report.ts";

const NEEDING_MAX = 50;

const figuresOf = (tally: EnvironmentDigest["day"], from: Parameters<typeof windowView>[1]): JsonObject => {
  const { since: _, ...figures } = windowView(tally, from);
  return { ...figures };
};

/** `data` of the event: one environment of the workspace, because nothing crosses from one to the other. */
export function digestData({ plan, day, madeAt }: Digest, own: EnvironmentDigest): JsonObject {
  const { counts, headline, needing } = own.report;
  return {
    date: day.date,
    zone: plan.zone,
    from: isoTime(day.from),
    until: isoTime(day.until),
    madeAt: isoTime(madeAt),
    workspaceId: plan.workspaceId,
    environment: own.kind,
    headline,
    delivered: own.day.delivered,
    failed: own.day.exhausted,
    waiting: own.waiting.count,
    lost: own.lost,
    endpoints: { ...counts },
    figures: figuresOf(own.day, day.from),
    dayBefore: figuresOf(own.before, day.from),
    needYou: needing.slice(0, NEEDING_MAX).map(({ row, standing, failures, lost }) => ({
      subscriptionId: row.id,
      endpoint: shownEndpoint(row.endpoint),
      state: standing.state,
      cause: failures[0]?.cause ?? null,
      text: standing.text,
      advice: fullAdvice(row.id, standing),
      pausedUntil: row.status === "paused" && row.paused_until !== null ? isoTime(row.paused_until) : null,
      lost,
    })),
    slowest: own.slowest
      ? { subscriptionId: own.slowest.row.id, endpoint: shownEndpoint(own.slowest.row.endpoint), ms: own.slowest.ms }
      : null,
  };
}
