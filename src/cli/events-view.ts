import type { CausedDelivery, ExplainedEvent, SentEvent } from "../client/index.ts";
import {
  cell,
  countOf,
  effectLines,
  type Palette,
  printable,
  shellWord,
  shortId,
  timeText,
  unfiredLines,
} from "./view.ts";

/** How an event that was sent looks: pure functions from facts to lines. */

export interface SentView {
  readonly sent: SentEvent;
  /** Undefined where the key may not look. */
  readonly followed: ExplainedEvent | undefined;
  readonly tookMs: number;
  readonly environment: string;
}

/** Lines for deliveries: the fan-out of one event may be thousands. */
const DELIVERIES_MAX = 20;

const GOOD_ENDS: ReadonlySet<string> = new Set(["delivered"]);
const BAD_ENDS: ReadonlySet<string> = new Set(["failed", "skipped", "canceled"]);

const statusText = (palette: Palette, status: string, width = 0): string => {
  const text = cell(status, Math.max(width, status.length));
  if (GOOD_ENDS.has(status)) return palette.good(text);
  return BAD_ENDS.has(status) ? palette.bad(text) : palette.quiet(text);
};

const deliveryLine = (palette: Palette, delivery: CausedDelivery): string =>
  [
    `     ${palette.quiet("→")} ${cell(printable(delivery.event), 21)}`,
    palette.quiet(cell(shortId(delivery.id), 14)),
    statusText(palette, delivery.status, 10),
    palette.quiet(`to ${shortId(delivery.subscriptionId)}`),
  ].join(" ");

/** What to do so that the same event does something. */
function adviceOf(palette: Palette, { sent, followed, environment }: SentView): readonly string[] {
  if (sent.programVersion === 0) {
    return [
      `     No program is published in ${environment}: the event is kept, nothing was decided.`,
      `     ${palette.accent("hatch init")} writes one, ${palette.accent(`hatch apply --environment ${environment}`)} publishes it.`,
    ];
  }
  if (sent.effects.length === 0) {
    return [`     ${followed?.considered?.length === 0 ? "No rule looks at this type." : "No rule fired."}`];
  }
  if (followed?.deliveries.length === 0) {
    return [`     No webhook left: nobody is subscribed. ${palette.accent("hatch listen")} shows them here.`];
  }
  return [];
}

const headOf = ({ sent, tookMs }: SentView, palette: Palette): string =>
  sent.status === "accepted"
    ? `  ${palette.good("accepted")}  ${palette.strong(printable(sent.type))} of ${printable(sent.userId)}, on the disk after ${timeText(tookMs)}`
    : `  ${palette.strong("duplicate")}  known since ${sent.receivedAt}: nothing is given twice`;

/** Its status, each effect and why, each rule that looked and did not fire, each delivery. */
export function sentLines(palette: Palette, view: SentView): string[] {
  const { sent, followed } = view;
  const unfired = (followed?.considered ?? []).filter(({ fired }) => !fired);
  const deliveries = followed?.deliveries ?? [];
  const more = deliveries.length - DELIVERIES_MAX;
  return [
    headOf(view, palette),
    ...sent.effects.flatMap((effect) => effectLines(palette, effect)),
    ...unfired.flatMap(({ rule, reason }) => unfiredLines(palette, rule, reason)),
    ...adviceOf(palette, view),
    ...(deliveries.length === 0 ? [] : [`     ${countOf(deliveries.length, "delivery", "deliveries")}`]),
    ...deliveries.slice(0, DELIVERIES_MAX).map((delivery) => deliveryLine(palette, delivery)),
    ...(more > 0 ? [`     ${palette.quiet(`and ${more} more`)}`] : []),
    `  ${palette.quiet("all of it:")} ${palette.accent(`hatch explain ${shellWord(sent.id)}`)}`,
  ];
}
