import type { Delivery, Effect, Member, Page, StoredEvent } from "../client/index.ts";
import type { Finding } from "../feature.ts";
import { isTaken, isVerified } from "./demo-receiver.ts";
import type { Stage } from "./demo-stage.ts";
import type { Telling } from "./demo-telling.ts";
import { COLUMNS, countOf, cut, fact, figure, wrap } from "./view.ts";

const PAGE = 200;
const ROW_MS = 150;
const FACT_MS = 450;
/** What is left of a line beside its label. */
const TEXT = COLUMNS - 14;

/** Everything of a list, page by page. */
async function all<Item>(list: (after: string | undefined) => Promise<Page<Item>>): Promise<readonly Item[]> {
  const items: Item[] = [];
  let after: string | undefined;
  for (;;) {
    const { data, next } = await list(after);
    items.push(...data);
    if (next === null) return items;
    after = next;
  }
}

const place = (timezone: string | null): string => timezone?.split("/").at(-1)?.replace("_", " ") ?? "";

/** What stands in one line of the table of members. */
const cellsOf = ({ userId, timezone, levels, balances, badges }: Member): readonly string[] => [
  userId,
  place(timezone),
  Object.values(levels)
    .map(({ key }) => key ?? "–")
    .join(" "),
  ...Object.entries(balances).map(([currency, { available }]) => `${figure(available)} ${currency}`),
  badges.map(({ key }) => key).join(" "),
];

/** Columns as wide as what stands in them; figures to the right. */
function tableOf(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = rows.reduce<number[]>((most, row) => row.map((text, at) => Math.max(text.length, most[at] ?? 0)), []);
  const padded = (text: string, at: number): string =>
    /^\d/.test(text) ? text.padStart(widths[at] ?? 0) : text.padEnd(widths[at] ?? 0);
  return rows.map((row) => cut(`     ${row.map(padded).join("   ")}`.trimEnd(), COLUMNS));
}

/** `417 points.earned, 9 level.changed`, the most frequent first. */
function kindsOf(names: readonly string[]): string {
  const kinds = [...Map.groupBy(names, (name) => name)].map(([name, { length }]) => ({ name, length }));
  return kinds
    .sort((a, b) => b.length - a.length)
    .map(({ name, length }) => `${figure(length)} ${name}`)
    .join(", ");
}

/** What every member has in the end. */
export async function tellMembers(telling: Telling): Promise<void> {
  const { stage } = telling;
  const members = await all<Member>((after) => stage.hatch.members.list({ limit: PAGE, ...(after && { after }) }));
  await telling.day();
  await telling.sentence("The ninety days are over. What each has now, from GET /v1/members:");
  for (const line of tableOf(members.map(cellsOf).toReversed())) {
    stage.say(line);
    await stage.pause(ROW_MS);
  }
}

/** What the ninety days came to: read by the public API, counted by the receiver, and examined as `hatch doctor` does. */
export async function tellSums(
  stage: Stage,
  examine: () => Promise<readonly Finding[]>,
  tookSeconds: number,
): Promise<void> {
  const { hatch, palette, receiver } = stage;
  const page = (after: string | undefined) => ({ limit: PAGE, ...(after && { after }) });
  const events = await all<StoredEvent>((after) => hatch.events.list(page(after)));
  const deliveries = await all<Delivery>((after) => hatch.deliveries.list(page(after)));
  const effects: readonly Effect[] = events.flatMap((event) => event.effects);
  const requests = receiver.arrivals;
  const refused = requests.filter((arrival) => !isTaken(arrival)).map(({ status }) => `answered ${status}`);
  const signed = requests.every(isVerified) ? palette.good("every signature right") : palette.bad("SIGNATURES WRONG");
  const findings = await examine();
  const faults = findings.filter(({ ok }) => !ok);
  const ledger = findings.find(({ check }) => check === "ledger")?.message ?? "";
  const checks = `${countOf(findings.length, "check")} of ${"`hatch doctor`"}, ${faults.length === 0 ? "all is well" : `${faults.length} faults`}`;
  const facts: readonly (readonly [string, string])[] = [
    ["events", `${figure(events.length)} accepted`],
    ...wrap(kindsOf(effects.map(({ type }) => type)), TEXT).map(
      (line, at) => [at === 0 ? "effects" : "", line] as const,
    ),
    ["deliveries", kindsOf(deliveries.map(({ status }) => status))],
    ["requests", `${figure(requests.length)}, ${[signed, kindsOf(refused)].filter((text) => text !== "").join(", ")}`],
    ["ledger", ledger],
    ["examined", faults.length === 0 ? palette.good(checks) : palette.bad(checks)],
  ];
  stage.say("", `  ${palette.strong("Ninety days")}, ${palette.quiet(`told in ${tookSeconds} s`)}`);
  for (const [label, text] of facts) {
    stage.say(fact(palette, label, text));
    await stage.pause(FACT_MS);
  }
}
