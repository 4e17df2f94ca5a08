import { BUILD } from "../config/build.ts";
import { seededChance } from "../kernel/chance.ts";
import { unixMs } from "../kernel/units.ts";
import type { SendableType } from "./demo-any-program.ts";
import type { DemoPlace } from "./demo-place.ts";
import { sampleProperties } from "./demo-sample.ts";
import type { Stage } from "./demo-stage.ts";
import { BERLIN, dateWords, localClock, localDate, type Term, yearOf } from "./demo-term.ts";
import { COLUMNS, commandLines, fact, type Palette, shellWord } from "./view.ts";

/** What stands before the story and after it. */

export const headline = (palette: Palette, version: string): readonly string[] => [
  "",
  `  ${palette.strong(`Hatch ${version}`)}  demonstration`,
  "",
  "  Ninety days in about a minute, on a clock of their own. All else is real: HTTP",
  "  on both sides, a database on the disk, rules that decide, and a receiver that",
  "  knows nothing but its secret and checks every signature.",
  "",
];

export interface Head {
  readonly url: string;
  readonly place: DemoPlace;
  /** `version 1, of the configuration` */
  readonly program: string;
  readonly term: Term;
}

export function tellHead(stage: Stage, { url, place, program, term }: Head): void {
  const { palette, receiver } = stage;
  const passing = palette.quiet("made for this run, removed at its end; --data DIR keeps it");
  const [first, last] = [localDate(term.start, BERLIN), localDate(unixMs(term.end - 1), BERLIN)];
  const ninetyDays = `${dateWords(first)} to ${dateWords(last)} ${yearOf(term.start, BERLIN)}`;
  stage.say(
    ...headline(palette, BUILD.version),
    fact(palette, "server", `${palette.accent(url)}  this machine only`),
    fact(palette, "data", place.config.dataDirectory),
    ...(place.temporary ? [fact(palette, "", passing)] : []),
    fact(palette, "program", program),
    fact(palette, "receiver", `${receiver.endpoint}  subscribed by POST /v1/webhooks`),
    fact(palette, "", palette.quiet("checks X-Hatch-Signature (sha256) and webhook-signature (v1)")),
    fact(palette, "term", place.isToldAlready ? "begun in this folder by an earlier run; today goes on" : ninetyDays),
  );
}

export interface End {
  readonly url: string;
  readonly place: DemoPlace;
  readonly keyFile: string;
  /** Undefined in a folder whose account an earlier run made. */
  readonly signIn: { readonly email: string; readonly passwordFile: string } | undefined;
  readonly isSchool: boolean;
  /** What an event of one's own can be. */
  readonly type: SendableType | undefined;
}

/** How this program is called from anywhere. */
function self(): string {
  if (Bun.which("hatch") === process.execPath) return "hatch";
  const isCompiled = Bun.main.startsWith("/$bunfs/");
  return [process.execPath, ...(isCompiled ? [] : [Bun.main])].map(shellWord).join(" ");
}

/** In one line where there is room. */
function inLines(...parts: readonly string[]): readonly string[] {
  const whole = parts.join(" ");
  return whole.length + 2 <= COLUMNS ? [whole] : parts;
}

/** Where the key is, and what to try: every command works when it is pasted. */
export function tellEnd(stage: Stage, { url, place, keyFile, signIn, isSchool, type }: End): void {
  const { palette, clock } = stage;
  const now = clock.now();
  const today = `${palette.strong(dateWords(localDate(now, BERLIN)))}, ${palette.quiet(`Berlin ${localClock(now, BERLIN)}`)}`;
  const properties = isSchool ? { score: 97 } : sampleProperties(type?.schema, seededChance("yours"));
  const event = JSON.stringify({ type: type?.name ?? "something_done", userId: "you", properties });
  const folder = `--data ${shellWord(place.config.dataDirectory)}`;
  const [id, question] = isSchool
    ? ["lesson-2", "what ben's first lesson was worth, and why"]
    : ["demo-1", "what the first event came to, and why"];
  stage.say(
    "",
    `  Now it is today: ${today}`,
    "",
    ...(signIn
      ? [
          fact(palette, "sign in", `${palette.accent(`${url}/sign-in`)}  as ${signIn.email}`),
          fact(palette, "", palette.quiet(`its password is in ${signIn.passwordFile}`)),
        ]
      : []),
    fact(palette, "key", palette.quiet(`this run's is in ${keyFile}; only you can read it`)),
    "",
    `  ${palette.strong("Try next")}, in another terminal`,
    "",
    ...commandLines(palette, "Send an event of your own, and watch it arrive here", [
      `curl -sK ${shellWord(keyFile)} ${url}/v1/events`,
      `-d ${shellWord(event)}`,
    ]),
    ...commandLines(palette, `Ask ${question}`, inLines(self(), `explain ${id} ${folder}`)),
    ...commandLines(palette, "Have what goes out come to that terminal too", inLines(self(), `listen ${folder}`)),
    `  All calls: ${palette.accent(`${url}/docs`)}   Ctrl-C ends it.`,
    "",
  );
}
