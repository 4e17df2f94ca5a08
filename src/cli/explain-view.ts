import type { Attempt, ExplainedEvent, ShownDelivery } from "../client/index.ts";
import { parseIsoTime } from "../kernel/clock.ts";
import { cell, countOf, cut, effectLines, fact, type Palette, printable, timeText, unfiredLines } from "./view.ts";

/** How the way of an event looks: pure functions from facts to lines. */

export interface Trace {
  readonly event: ExplainedEvent;
  /** The first of its deliveries, with their attempts. */
  readonly deliveries: readonly ShownDelivery[];
}

const PROPERTIES_CHARACTERS = 64;

const msBetween = (from: string, to: string): number => (parseIsoTime(to) ?? 0) - (parseIsoTime(from) ?? 0);

function propertiesText({ properties, propertiesPurged }: ExplainedEvent): string {
  if (propertiesPurged) return "no longer kept";
  return cut(printable(JSON.stringify(properties ?? {})), PROPERTIES_CHARACTERS);
}

function headLines(palette: Palette, event: ExplainedEvent): string[] {
  const { id, type, userId, occurredAt, receivedAt, localDate, programVersion, requestId, backfill } = event;
  const lateMs = msBetween(occurredAt, receivedAt);
  const late = lateMs >= 1_000 ? `, ${timeText(lateMs)} after it happened` : "";
  const decided = programVersion === 0 ? "none was published" : `version ${programVersion} decided`;
  return [
    `  ${palette.strong(printable(type))}  ${palette.quiet(printable(id))}`,
    "",
    fact(palette, "member", printable(userId)),
    fact(palette, "happened", `${occurredAt}, ${localDate} where the member is${backfill ? ", backfilled" : ""}`),
    fact(palette, "received", `${receivedAt}${late}`),
    fact(palette, "properties", propertiesText(event)),
    fact(palette, "program", decided),
    ...(requestId === null ? [] : [fact(palette, "request", printable(requestId))]),
    "",
  ];
}

function ruleLines(palette: Palette, { effects, considered, effectsPurged, programVersion }: ExplainedEvent): string[] {
  const unfired = (considered ?? []).filter(({ fired }) => !fired);
  const lines = [
    ...effects.flatMap((effect) => effectLines(palette, effect, { balance: true })),
    ...unfired.flatMap(({ rule, reason }) => unfiredLines(palette, rule, reason)),
  ];
  const none = programVersion === 0 ? "There were no rules." : "No rule looks at this type.";
  return [
    `  ${palette.strong("Rules")}  ${palette.quiet(`${countOf(effects.length, "effect")}, ${unfired.length} did not fire`)}`,
    ...(effectsPurged ? ["     The effects are no longer kept."] : []),
    ...(lines.length === 0 && !effectsPurged ? [`     ${none}`] : lines),
    "",
  ];
}

/** What the receiver said, or why there was none. */
function answerText(palette: Palette, { verdict, response, error }: Attempt): string {
  if (response) {
    const text = `${response.status}`;
    return verdict === "delivered" ? palette.good(text) : palette.bad(text);
  }
  if (verdict === "delivered") return palette.good("acknowledged");
  if (verdict === "open") return palette.quiet("under way");
  return palette.bad(printable(error ?? verdict));
}

function attemptLine(palette: Palette, attempt: Attempt): string {
  const { number, startedAt, endedAt } = attempt;
  const took = endedAt === null ? "" : timeText(msBetween(startedAt, endedAt));
  return `       ${palette.quiet(`${String(number).padStart(2)}  ${startedAt} ${took.padStart(8)}`)}  ${answerText(palette, attempt)}`;
}

function deliveryLines(palette: Palette, delivery: ShownDelivery): string[] {
  const { id, event, status, reason, waitingFor, nextAttemptAt, subscriptionId, attempts } = delivery;
  const ended = status === "delivered" ? palette.good(status) : palette.bad(status);
  const state = status === "pending" || status === "sending" ? palette.quiet(status) : ended;
  const why = [
    ...(reason === null ? [] : [printable(reason).replaceAll("_", " ")]),
    ...(waitingFor === null
      ? []
      : [`waits for ${waitingFor === "acknowledgement" ? "its acknowledgement" : waitingFor}`]),
    ...(nextAttemptAt === null ? [] : [`next at ${nextAttemptAt}`]),
  ].join(", ");
  return [
    `     ${cell(printable(event), 21)} ${state}${why === "" ? "" : `  ${palette.quiet(why)}`}`,
    `       ${palette.quiet(`${id} to ${subscriptionId}`)}`,
    ...attempts.map((attempt) => attemptLine(palette, attempt)),
  ];
}

/** The event, every rule that looked and why, what it gave, where that went and what was answered. */
export function explainLines(palette: Palette, { event, deliveries }: Trace): string[] {
  const more = event.deliveries.length - deliveries.length;
  return [
    "",
    ...headLines(palette, event),
    ...ruleLines(palette, event),
    `  ${palette.strong("Deliveries")}  ${palette.quiet(`${event.deliveries.length}`)}`,
    ...(deliveries.length === 0 ? ["     Nothing was subscribed to what this caused."] : []),
    ...deliveries.flatMap((delivery) => deliveryLines(palette, delivery)),
    ...(more > 0 ? [`     ${palette.quiet(`and ${more} more`)}`] : []),
    "",
  ];
}
