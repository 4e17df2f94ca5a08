import { dateOf } from "../../kernel/clock.ts";
import type { JsonObject } from "../../kernel/json.ts";
import type { UnixMs } from "../../kernel/units.ts";
import { cell, countOf, fact, type Palette, printable, shellWord, shortId, timeText } from "../view.ts";
import { type Arrival, isVerified } from "./arrival.ts";
import type { Forwarded } from "./forward.ts";
import type { Listening } from "./subscription.ts";

/** How listening looks: pure functions from facts to lines. */

export interface HeadView {
  readonly url: string;
  readonly environment: string;
  readonly listening: Listening;
  readonly forwardTo: string | undefined;
  readonly secretFile: string | undefined;
}

export function headLines(palette: Palette, head: HeadView): string[] {
  const { url, environment, listening, forwardTo, secretFile } = head;
  const { id, events, secret, resumed, waiting, warnings } = listening;
  const again = resumed ? `, taken up again, ${countOf(waiting, "delivery", "deliveries")} waiting` : "";
  return [
    "",
    `  ${palette.strong("Listening")} to ${palette.accent(url)}, environment ${palette.strong(environment)}`,
    "",
    fact(palette, "events", events.map(printable).join(", ")),
    ...warnings.map((warning) => fact(palette, "", palette.bad(printable(warning)))),
    fact(palette, "by", `${id}${again}`),
    ...(forwardTo === undefined ? [] : [fact(palette, "passed to", palette.accent(forwardTo))]),
    fact(palette, "secret", secretFile === undefined ? secret : `in ${secretFile}`),
    fact(palette, "", palette.quiet("signs what comes here; what you pass it on to verifies with it")),
    "",
    `  ${palette.quiet("Ctrl-C ends it.")}`,
    "",
  ];
}

/** Where nothing decides there is little to hear. */
export const noProgramLines = (palette: Palette, environment: string): string[] => [
  `  ${palette.strong("No program is published")} in ${environment}: events have no effects, little comes.`,
  `  ${palette.accent("hatch init")} writes one, ${palette.accent(`hatch apply --environment ${environment}`)} publishes it.`,
  "",
];

/** As the clock on this desk shows it. */
const clockText = (at: UnixMs): string => dateOf(at).toTimeString().slice(0, 8);

/** The event, whom it is about, its id, how long it took to come here, whether both signatures hold. */
export function arrivalLines(palette: Palette, at: UnixMs, arrival: Arrival): string[] {
  const latency = arrival.latencyMs === undefined ? "" : timeText(arrival.latencyMs);
  const head = [
    `  ${palette.quiet(clockText(at))} ←`,
    palette.strong(cell(printable(arrival.event), 19)),
    cell(printable(arrival.userId ?? ""), 12),
    palette.quiet(cell(shortId(arrival.delivery), 14)),
    palette.quiet(latency.padStart(7)),
    isVerified(arrival) ? ` ${palette.good("verified")}` : ` ${palette.bad("REFUSED")}`,
  ].join(" ");
  return [
    head,
    ...(arrival.attempt > 1 ? [note(palette.quiet(`attempt ${arrival.attempt}`))] : []),
    ...(isVerified(arrival) ? [] : [note(palette.bad(verdictText(arrival)))]),
  ];
}

const note = (text: string): string => `           ${text}`;

const verdictText = ({ hatch, standard }: Arrival): string =>
  `X-Hatch-Signature ${hatch.replaceAll("_", " ")}, webhook-signature ${standard.replaceAll("_", " ")}`;

/** What the receiver answered, and what follows from it. */
export function forwardLine(palette: Palette, delivery: string, { status, ms, note: why, taken }: Forwarded): string {
  const answered = status === undefined ? "no answer" : `${status}`;
  const reason = why === undefined ? "" : `${printable(why)}, `;
  return [
    `           → ${taken ? palette.good(cell(answered, 9)) : palette.bad(cell(answered, 9))}`,
    palette.quiet(timeText(ms).padStart(9)),
    palette.quiet(cell(shortId(delivery), 14)),
    taken ? "" : ` ${palette.bad(`${reason}comes again in a minute`)}`,
  ]
    .join(" ")
    .trimEnd();
}

export interface Count {
  arrived: number;
  verified: number;
  taken: number;
  refused: number;
}

export function endLines(palette: Palette, count: Count, forwards: boolean, name: string | undefined): string[] {
  const parts = [
    countOf(count.arrived, "delivery", "deliveries"),
    `${count.verified} verified`,
    ...(forwards ? [`${count.taken} passed on`, `${count.refused} not taken`] : []),
  ];
  return [
    "",
    `  ${parts.join(", ")}.`,
    ...(name === undefined
      ? []
      : [`  What comes meanwhile waits: ${palette.accent(`hatch listen --name ${shellWord(name)}`)} goes on.`]),
  ];
}

/** One line of `--json`. What is not taken comes again. */
export const jsonLine = (arrival: Arrival, forwarded: Forwarded | undefined): JsonObject => ({
  event: arrival.event,
  delivery: arrival.delivery,
  outboundEvent: arrival.outboundEvent ?? null,
  userId: arrival.userId ?? null,
  attempt: arrival.attempt,
  latencyMs: arrival.latencyMs ?? null,
  signatures: { hatch: arrival.hatch, standard: arrival.standard },
  forwarded:
    forwarded === undefined
      ? null
      : { status: forwarded.status ?? null, ms: Math.round(forwarded.ms), note: forwarded.note ?? null },
  taken: forwarded?.taken ?? true,
  body: arrival.body ?? null,
});
