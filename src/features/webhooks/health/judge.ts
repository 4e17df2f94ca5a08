/*
 * How an endpoint stands, in one word and one sentence, and whether a person has to do something. Decisions on values
 * alone: the report, the digest and the operator's page say the same by it.
 */
import type { UnixMs } from "../../../kernel/units.ts";
import type { EndpointRow } from "./store.ts";
import type { Failure } from "./views.ts";

export type State = "disabled" | "paused" | "failing" | "losing" | "slow" | "held" | "idle" | "well";

/** So many failures in a row are no accident: the same from which `subscription.failing` is announced. */
export const FAILING_FROM = 4;
/** Half of what a receiver has: the next delay makes its deliveries fail. */
const SLOW_SHARE = 0.5;

export interface Standing {
  readonly state: State;
  readonly needsYou: boolean;
  /** One sentence. */
  readonly text: string;
  /** The next step; null where there is none to take. */
  readonly advice: string | null;
  /** What to ask of us then. */
  readonly calls: readonly Call[];
}

export type Call = "resume" | "recover";

export interface Known {
  readonly row: Pick<
    EndpointRow,
    "id" | "mode" | "status" | "reason" | "paused_until" | "failures_in_row" | "failing_since"
  >;
  readonly attempts: number;
  readonly p95Ms: number | null;
  /** The one that came last. */
  readonly lastFailure: Failure | undefined;
  /** Deliveries that have failed for good and were not recovered. */
  readonly lost: number;
  readonly timeoutMs: number;
  /** How a time is told. */
  readonly say: (at: UnixMs) => string;
}

const plural = (count: number, one: string, many = `${one}s`): string =>
  `${count.toLocaleString("en-US")} ${count === 1 ? one : many}`;

/** The first letter small: it stands after a colon. */
const small = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);

function becauseOf({ lastFailure, row }: Known): string {
  if (lastFailure) return small(lastFailure.title);
  return row.reason === null ? "it keeps failing" : small(row.reason);
}

const SEE_THAT_IT_ANSWERS = "See that the endpoint answers.";

function judgeStopped(known: Known): Standing | undefined {
  const { row, lastFailure, say } = known;
  const advice = lastFailure?.advice ?? SEE_THAT_IT_ANSWERS;
  if (row.status === "disabled") {
    const reason = row.reason === null ? "" : `: ${small(row.reason)}`;
    return { state: "disabled", needsYou: true, text: `Switched off${reason}.`, advice, calls: ["resume", "recover"] };
  }
  if (row.status !== "paused") return undefined;
  if (row.paused_until === null) {
    const text = "Paused by a person, until a person resumes it.";
    return { state: "held", needsYou: false, text, advice: null, calls: [] };
  }
  const text = `Paused until ${say(row.paused_until)}: ${becauseOf(known)}.`;
  return { state: "paused", needsYou: true, text, advice, calls: known.lost > 0 ? ["recover"] : [] };
}

export function judge(known: Known): Standing {
  const stopped = judgeStopped(known);
  if (stopped) return stopped;
  const { row, attempts, p95Ms, lastFailure, lost, timeoutMs, say } = known;
  const calls: readonly Call[] = lost > 0 ? ["recover"] : [];
  if (row.failures_in_row >= FAILING_FROM) {
    const since = row.failing_since === null ? "" : ` since ${say(row.failing_since)}`;
    const text = `Failing${since}, ${plural(row.failures_in_row, "time")} in a row: ${becauseOf(known)}.`;
    return { state: "failing", needsYou: true, text, advice: lastFailure?.advice ?? SEE_THAT_IT_ANSWERS, calls };
  }
  if (lost > 0) {
    const because = lastFailure ? `: ${small(lastFailure.title)}` : "";
    const text = `${plural(lost, "delivery has", "deliveries have")} failed for good${because}.`;
    return { state: "losing", needsYou: true, text, advice: lastFailure?.advice ?? SEE_THAT_IT_ANSWERS, calls };
  }
  if (p95Ms !== null && p95Ms >= timeoutMs * SLOW_SHARE) {
    const text = `Slow: its answers take up to ${inWords(p95Ms)}, and are given up after ${inWords(timeoutMs)}.`;
    const advice = "Answer 2xx at once and do the work afterwards.";
    return { state: "slow", needsYou: true, text, advice, calls };
  }
  const text = attempts === 0 ? "Nothing was sent to it lately." : "All well.";
  return { state: attempts === 0 ? "idle" : "well", needsYou: false, text, advice: null, calls };
}

/** A call of a subscription, as it is made. */
export const pathOfCall = (id: string, call: Call): string => `POST /v1/webhooks/${id}/${call}`;

/** The next step with the calls that it takes; null where there is none to take. */
export function fullAdvice(id: string, { advice, calls }: Standing): string | null {
  if (advice === null || calls.length === 0) return advice;
  return `${advice} Then ${calls.map((call) => pathOfCall(id, call)).join(", ")}.`;
}

/** `0.4 s`, `12 s`; milliseconds below a tenth of a second. */
export const inWords = (ms: number): string =>
  ms < 100 ? `${Math.round(ms)} ms` : `${Number((ms / 1000).toFixed(ms < 10_000 ? 1 : 0))} s`;

/** "3 of 41 endpoints need you". */
export function headlineOf(needing: number, endpoints: number): string {
  if (endpoints === 0) return "No endpoints yet";
  if (needing === 0)
    return endpoints === 1 ? "All well at the one endpoint" : `All well at ${plural(endpoints, "endpoint")}`;
  if (endpoints === 1) return "The one endpoint needs you";
  return `${needing.toLocaleString("en-US")} of ${plural(endpoints, "endpoint")} ${needing === 1 ? "needs" : "need"} you`;
}
