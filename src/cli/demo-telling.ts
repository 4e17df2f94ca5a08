import type { Effect, NewEvent, SentEvent } from "../client/index.ts";
import { parseIsoTime } from "../kernel/clock.ts";
import type { UnixMs } from "../kernel/units.ts";
import { isTaken } from "./demo-receiver.ts";
import type { Stage } from "./demo-stage.ts";
import {
  BERLIN,
  dateWords,
  dayOf,
  localClock,
  localDate,
  momentAt,
  NEW_YORK,
  spanWords,
  TERM_DAYS,
  type Term,
} from "./demo-term.ts";
import { arrivalLine, sentences, withGains, withNote } from "./demo-view.ts";
import { cell, countOf, effectLines, figure, type Palette, unfiredLines } from "./view.ts";

/** Milliseconds that a person is given: after a line, a sentence, a week that is summed up, and before a day begins. */
const PACE = { line: 330, sentence: 900, week: 500, day: 900 } as const;

/** A moment of the term and what happens at it. */
export interface Beat {
  readonly at: UnixMs;
  readonly play: () => Promise<void>;
}

export interface Sent extends SentEvent {
  /** From the request to the answer, in real milliseconds. */
  readonly tookMs: number;
}

/** What the members do. */
export interface Words {
  /** `lesson` */
  readonly event: string;
  /** Of the longest that is said of one, in characters. */
  readonly width: number;
}

/** A part of the term; its end is no part of it. */
interface Span {
  readonly from: UnixMs;
  readonly until: UnixMs;
}

/** Kinds of block; an empty line sets one off from another. */
type Part = "scene" | "highlight" | "week";

const timeOf = (text: string): UnixMs => parseIsoTime(text) as UnixMs;
const lies = (at: UnixMs, { from, until }: Span): boolean => at >= from && at < until;

/** How the story is told: days, lines, weeks. */
export class Telling {
  readonly stage: Stage;
  readonly term: Term;
  readonly palette: Palette;
  readonly #words: Words;
  #part: Part | undefined;
  readonly #accepted: { readonly at: UnixMs; readonly effects: readonly Effect[] }[] = [];

  constructor(stage: Stage, term: Term, words: Words) {
    this.stage = stage;
    this.term = term;
    this.palette = stage.palette;
    this.#words = words;
  }

  /** Plays every beat at its moment, and sums up each week when it is over. */
  async play(beats: readonly Beat[]): Promise<void> {
    for (const { at, play } of [...beats, ...this.#weekEnds()].sort((a, b) => a.at - b.at)) {
      await this.stage.advanceTo(at);
      await play();
    }
    await this.stage.settle();
  }

  #weekEnds(): readonly Beat[] {
    const midnight = (day: number, time = "00:00"): UnixMs =>
      momentAt({ zone: BERLIN, date: dayOf(this.term, day), time });
    const beats: Beat[] = [];
    for (let first = 0, week = 1; first < TERM_DAYS; first += 7, week += 1) {
      const next = Math.min(first + 7, TERM_DAYS);
      const name = `Week ${week}, ${spanWords(dayOf(this.term, first), dayOf(this.term, next - 1))}`;
      const span = { from: midnight(first), until: midnight(next) };
      // What is told of the night is told first; the last one ends with the term.
      const at = next < TERM_DAYS ? midnight(next, "01:00") : midnight(next - 1, "23:59");
      beats.push({ at, play: () => this.#tellWeek(name, span) });
    }
    return beats;
  }

  /** What hatched in a week stands above its sum. */
  #begin(part: Part): void {
    const goesOn = part === "week" ? this.#part !== "scene" : part === "highlight" && this.#part === "highlight";
    if (!goesOn) this.stage.say("");
    this.#part = part;
  }

  async #tellWeek(name: string, span: Span): Promise<void> {
    const accepted = this.#accepted.filter(({ at }) => lies(at, span));
    const earned = new Map<string, number>();
    for (const { type, currency = "", amount = 0 } of accepted.flatMap(({ effects }) => effects)) {
      if (type === "points.earned") earned.set(currency, (earned.get(currency) ?? 0) + amount);
    }
    const taken = this.stage.receiver.arrivals.filter((arrival) => lies(arrival.at, span) && isTaken(arrival)).length;
    const line = [
      cell(name, 21),
      countOf(accepted.length, this.#words.event).padStart(10),
      cell([...earned].map(([currency, amount]) => `+${figure(amount)} ${currency}`).join("  "), 28),
      `${figure(taken)} delivered`.padStart(13),
    ];
    this.#begin("week");
    this.stage.say(`  ${this.palette.quiet(line.join("  "))}`);
    await this.stage.pause(PACE.week);
  }

  /** `Mon 9 Feb, Berlin 08:05 · New York 02:05` */
  async day(): Promise<void> {
    const { stage, palette } = this;
    const now = stage.clock.now();
    const [here, there] = [localDate(now, BERLIN), localDate(now, NEW_YORK)];
    const other = here === there ? "" : `${dateWords(there).slice(0, 3)} `;
    const times = `Berlin ${localClock(now, BERLIN)} · New York ${other}${localClock(now, NEW_YORK)}`;
    await stage.pause(PACE.day);
    this.#begin("scene");
    stage.say(`  ${palette.strong(dateWords(here))}, ${palette.quiet(times)}`);
  }

  async sentence(text: string): Promise<void> {
    this.stage.say(...sentences(text));
    await this.stage.pause(PACE.sentence);
  }

  async lines(...lines: readonly string[]): Promise<void> {
    for (const line of lines) {
      this.stage.say(line);
      await this.stage.pause(PACE.line);
    }
  }

  async send(event: NewEvent): Promise<Sent> {
    const sent = await this.stage.send(event);
    const { status, receivedAt, effects } = sent;
    if (status === "accepted") this.#accepted.push({ at: timeOf(receivedAt), effects });
    return sent;
  }

  /** An event in full: what it gave and by which rule, which rules did not fire, and each delivery as it arrived. */
  async explain({ id, tookMs, effects }: Sent, title: string): Promise<void> {
    const { stage, palette } = this;
    await stage.settle();
    const { considered = [], deliveries } = await stage.hatch.events.get(id, { explain: true });
    await this.lines(
      "",
      `     ${palette.strong(title)}  ${palette.quiet(`POST /v1/events, on the disk after ${tookMs} ms`)}`,
      ...effects.flatMap((effect) => effectLines(palette, effect)),
      ...considered.filter(({ fired }) => !fired).flatMap(({ rule, reason }) => unfiredLines(palette, rule, reason)),
    );
    for (const { id: delivery } of deliveries) {
      const arrival = stage.receiver.arrivals.findLast((candidate) => candidate.delivery === delivery);
      const missing = `     ${palette.bad(`${delivery} has not arrived`)}`;
      await this.lines(arrival ? arrivalLine(palette, arrival, stage.afterMs(arrival)) : missing);
    }
  }

  /** `Wed 16:40  ada    score 72   +72 xp  +10 coins`, in the member's own time. */
  lineOf({ userId, effects, occurredAt }: SentEvent, zone: string, what: string, rest = ""): string {
    const at = timeOf(occurredAt);
    const when = `${dateWords(localDate(at, zone)).slice(0, 3)} ${localClock(at, zone)}`;
    return withNote(this.palette, this.#eventLine(when, userId, what, effects), rest);
  }

  /** Of an ordinary week, what hatched: `Thu 16 Apr 16:02  deniz  score 92   level master`. */
  async highlight({ userId, effects, occurredAt }: SentEvent, zone: string, what: string): Promise<void> {
    const at = timeOf(occurredAt);
    this.#begin("highlight");
    const when = `${dateWords(localDate(at, zone)).padEnd(10)} ${localClock(at, zone)}`;
    await this.lines(this.#eventLine(when, userId, what, effects));
  }

  #eventLine(when: string, userId: string, what: string, effects: readonly Effect[]): string {
    const head = `     ${this.palette.quiet(when)}  ${cell(userId, 6)} ${cell(what, this.#words.width)}`;
    return withGains(this.palette, head, effects);
  }
}
