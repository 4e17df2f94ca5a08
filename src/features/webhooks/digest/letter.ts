import { isoTime } from "../../../kernel/clock.ts";
import type { JsonObject } from "../../../kernel/json.ts";
import { addMs, DAY } from "../../../kernel/units.ts";
import { namedInLetter, type WrittenLetter, writeLetter } from "../../../outbound/mail/letter.ts";
import type { LetterEntry, LetterFigure, LetterSection, LetterTone } from "../../../outbound/mail/letter-parts.ts";
import { inWords, pathOfCall, type State } from "../health/judge.ts";
import type { Endpoint } from "../health/report.ts";
import { sayTimes } from "../health/say-time.ts";
import { hostOf, shownEndpoint } from "../health/shown-endpoint.ts";
import type { Tally } from "../health/tally.ts";
import { sayDate } from "./plan.ts";
import { type Digest, type EnvironmentDigest, hasTraffic, hasTrouble } from "./report.ts";

/** A letter is read over a coffee; what is over stands in the report. */
const ENDPOINTS_MAX = 12;
const TEST_ENDPOINTS_MAX = 5;
const CAUSES_MAX = 5;
/** What failed for good is counted for a week. */
const LOST_DAYS_BEFORE = 6;
const ENDPOINT_CHARACTERS_MAX = 90;

const TONES: Readonly<Record<State, LetterTone>> = {
  disabled: "bad",
  paused: "bad",
  failing: "warn",
  losing: "warn",
  slow: "warn",
  held: "plain",
  idle: "plain",
  well: "ok",
};
const WORDS: Readonly<Partial<Record<State, string>>> = { disabled: "switched off", losing: "lost some" };

const whole = (count: number): string => count.toLocaleString("en-US");
const plural = (count: number, one: string, many = `${one}s`): string => `${whole(count)} ${count === 1 ? one : many}`;

/** Rounded down: where something failed it never says 100 %. */
function percent({ delivered, failed }: Tally): string {
  const attempts = delivered + failed;
  if (attempts === 0) return "none";
  if (failed === 0) return "100 %";
  return `${(Math.floor((delivered / attempts) * 1_000) / 10).toFixed(1)} %`;
}

const dayBeforeNote = (text: string): string => `${text} the day before`;

/** What waits, by what it waits for: "40 paused, 3 retries". */
function reasonsOf({ byReason }: EnvironmentDigest["waiting"]): string {
  const { pause, retry, rateLimit, slot, proxy, acknowledgement } = byReason;
  const words: readonly (readonly [number, string])[] = [
    [pause, "paused"],
    [retry, retry === 1 ? "retry" : "retries"],
    [rateLimit, "held by a limit"],
    [slot, "about to go"],
    [proxy, "held by the egress proxy"],
    [acknowledgement, "to be acknowledged"],
  ];
  return words.flatMap(([count, word]) => (count > 0 ? [`${whole(count)} ${word}`] : [])).join(", ");
}

/** The figures of one environment, held against the day before. */
function figuresOf({ day, before, waiting, slowest }: EnvironmentDigest): LetterFigure[] {
  const reasons = reasonsOf(waiting);
  return [
    { label: "Delivered", value: whole(day.delivered), note: dayBeforeNote(whole(before.delivered)) },
    { label: "Success rate", value: percent(day), note: dayBeforeNote(percent(before)) },
    { label: "Waiting now", value: whole(waiting.count), ...(reasons === "" ? {} : { note: reasons }) },
    ...(slowest
      ? [{ label: "Slowest", value: inWords(slowest.ms), note: namedInLetter(hostOf(slowest.row.endpoint), 40) }]
      : []),
  ];
}

const withBody = (call: string, body: JsonObject): string => `${call} ${JSON.stringify(body)}`;

/** What a call is sent with; what waits and what was lost may be as old as is looked back. */
const commandsOf = ({ row, standing }: Endpoint, since: string): string[] =>
  standing.calls.map((call) => {
    const path = pathOfCall(row.id, call);
    return call === "recover" ? withBody(path, { since }) : path;
  });

function entryOf(endpoint: Endpoint, since: string): LetterEntry {
  const { row, standing, lost } = endpoint;
  const description = row.description === null ? "" : ` · ${namedInLetter(row.description)}`;
  const commands = commandsOf(endpoint, since);
  const isTold = standing.state === "losing" || lost === 0;
  return {
    name: namedInLetter(shownEndpoint(row.endpoint), ENDPOINT_CHARACTERS_MAX),
    note: `${row.id}${description}`,
    state: { text: WORDS[standing.state] ?? standing.state, tone: TONES[standing.state] },
    lines: [
      standing.text,
      ...(standing.advice === null ? [] : [standing.advice]),
      ...(isTold ? [] : [`${plural(lost, "delivery has", "deliveries have")} failed for good.`]),
      ...(commands.length === 0 ? [] : ["Then:"]),
    ],
    ...(commands.length === 0 ? {} : { commands }),
  };
}

function endpointsSection(own: EnvironmentDigest, heading: string, most: number, since: string): LetterSection[] {
  const { needing, counts } = own.report;
  if (needing.length === 0) return [];
  const over = counts.needingYou - Math.min(needing.length, most);
  const rest = over > 0 ? { rest: `And ${whole(over)} more: GET /v1/webhooks/health lists them.` } : {};
  return [{ heading, lines: [], entries: needing.slice(0, most).map((endpoint) => entryOf(endpoint, since)), ...rest }];
}

function causesSection({ failures, day }: EnvironmentDigest, say: (at: number) => string): LetterSection[] {
  if (failures.length === 0) return [];
  const lines = failures
    .slice(0, CAUSES_MAX)
    .map(({ title, count, lastAt }) => `${title}: ${plural(count, "attempt")}, the last at ${say(lastAt)}.`);
  return [{ heading: `Why ${plural(day.failed, "attempt")} failed`, lines, entries: [] }];
}

function lostSection({ lost }: EnvironmentDigest, since: string): LetterSection[] {
  if (lost === 0) return [];
  const entry: LetterEntry = {
    name: "Send all of them again, once their endpoints answer",
    lines: ["With dryRun it only counts. Each keeps its delivery id, and gets the whole ladder of retries."],
    commands: [withBody("POST /v1/webhooks/recover", { since, dryRun: true })],
  };
  const have = lost === 1 ? "delivery of the last seven days has" : "deliveries of the last seven days have";
  return [
    {
      heading: "Failed for good",
      lines: [`${whole(lost)} ${have} failed for good. Nothing more is tried until somebody asks for it.`],
      entries: [entry],
    },
  ];
}

function testSection(test: EnvironmentDigest, since: string): LetterSection[] {
  if (!hasTraffic(test) && !hasTrouble(test)) return [];
  const [list] = endpointsSection(test, "", TEST_ENDPOINTS_MAX, since);
  const { day, before } = test;
  const rate = hasTraffic(test) ? `, ${percent(day)} of the attempts came through` : "";
  const lines = [
    `${test.report.headline}.`,
    `${whole(day.delivered)} delivered (${whole(before.delivered)} the day before)${rate}.`,
  ];
  return [
    {
      heading: "In the test environment",
      lines,
      entries: list?.entries ?? [],
      ...(list?.rest ? { rest: list.rest } : {}),
    },
  ];
}

/** What the day came to, in the words of the subject. */
export function headlineOfDigest({ live, test }: Digest): string {
  const inTest = hasTrouble(test) ? `${test.report.headline} in test` : undefined;
  if (live.report.counts.total === 0 && test.report.counts.total > 0)
    return inTest ?? `${test.report.headline} in test`;
  if (hasTrouble(live) || inTest === undefined) return live.report.headline;
  return `${live.report.headline}; ${inTest.charAt(0).toLowerCase()}${inTest.slice(1)}`;
}

export interface DigestLetter extends WrittenLetter {
  readonly subject: string;
}

/** The digest as a person reads it in the morning: what needs them first, the live environment before the other. */
export function writeDigestLetter(digest: Digest): DigestLetter {
  const { plan, day, live, test } = digest;
  const title = headlineOfDigest(digest);
  const workspace = namedInLetter(plan.workspaceName);
  const when = sayDate(day.date);
  const since = isoTime(addMs(day.from, -LOST_DAYS_BEFORE * DAY));
  const say = sayTimes(plan.zone, day.from) as (at: number) => string;
  const letter = writeLetter({
    title,
    paragraphs: [`Webhooks of ${workspace} on ${when}. Times are in ${plan.zone}.`],
    figures: figuresOf(live),
    sections: [
      ...endpointsSection(live, "What needs you", ENDPOINTS_MAX, since),
      ...lostSection(live, since),
      ...causesSection(live, say),
      ...testSection(test, since),
    ],
    footer: `You get this because you are named as a contact for technical matters of ${workspace}, or own it. When it comes, and on which days, is a setting of the workspace: PATCH /v1/workspace?environment=${plan.live} {"digest": {"at": "${plan.at}", "zone": "${plan.zone}", "mail": "trouble"}}.`,
  });
  return { subject: `${title} · ${namedInLetter(plan.workspaceName, 40)}, ${when}`, ...letter };
}
