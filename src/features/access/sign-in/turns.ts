import type { Clock, Timer } from "../../../kernel/clock.ts";

export interface TurnRules {
  /** Tries that are let in at once; each failure takes one of them away for `memoryMs`. */
  readonly free: number;
  readonly memoryMs: number;
  /** When none is left: one try every so often, for whoever tried once; for others so much longer as they tried more … */
  readonly everyMs: number;
  /** … for those who wait, so many of them, so long. */
  readonly waitingMax: number;
  readonly patienceMs: number;
}

interface Waiter {
  readonly arrival: number;
  readonly rank: number;
  readonly settle: (isIn: boolean) => void;
}

interface Subject {
  /** When each failure is forgotten, oldest first; tries under way count as failures until they are known. */
  forgetAt: number[];
  underWay: number;
  lastTurnAt: number;
  waiting: Waiter[];
  timer: Timer | undefined;
  /** How often each asker has tried lately: who tries least waits least. */
  readonly askers: Map<string, number>;
}

/** A try that was let in. Exactly one of these is called when its outcome is known. */
export interface Turn {
  succeeded(): void;
  failed(): void;
  /** Nothing was tried after all: it counts as no failure, and makes nobody better known. */
  withdrawn(): void;
}

/** Whoever tries more often than this waits no longer for it. */
const RANK_MAX = 4;
const SUBJECTS_MAX = 50_000;
const ASKERS_MAX = 1_000;

/**
 * Tries at one subject (an account, or an address) are free at first, then one at a time and slowly. Whoever has tried
 * least goes first and soonest, so that guessers with many tries do not keep out the owner, who comes with the right
 * password once; of those who come for the first time the last one does, because places in line are easily taken.
 */
export class Turns {
  readonly #clock: Clock;
  readonly #rules: TurnRules;
  readonly #subjects = new Map<string, Subject>();
  #arrivals = 0;

  constructor(clock: Clock, rules: TurnRules) {
    this.#clock = clock;
    this.#rules = rules;
  }

  /**
   * @param isUsual the asker was right here before: goes before others who tried as often
   * @returns a turn, or the seconds after which it is worth coming back
   */
  async take(key: string, asker: string, isUsual = false): Promise<Turn | number> {
    const subject = this.#subject(key);
    const tries = this.#count(subject, asker);
    if (subject.waiting.length === 0 && this.#isFree(subject)) {
      subject.underWay += 1;
      return this.#turn(subject, asker);
    }
    const rank = Math.min(tries, RANK_MAX) - (isUsual ? 1 : 0);
    const isWorthIt = this.#waitMs(subject, rank) <= this.#rules.patienceMs || this.#isFree(subject);
    if (isWorthIt && (await this.#wait(subject, rank))) return this.#turn(subject, asker);
    return Math.ceil(Math.max(this.#waitMs(subject, rank), this.#rules.everyMs) / 1_000);
  }

  /** Whether tries at this subject have to wait for each other. */
  isSlow(key: string): boolean {
    const subject = this.#subjects.get(key);
    return subject !== undefined && !this.#isFree(subject);
  }

  forget(key: string): void {
    const subject = this.#subjects.get(key);
    if (!subject) return;
    subject.forgetAt = [];
    subject.askers.clear();
  }

  #subject(key: string): Subject {
    const known = this.#subjects.get(key);
    if (known) return known;
    if (this.#subjects.size >= SUBJECTS_MAX) this.#sweep();
    const made: Subject = {
      forgetAt: [],
      underWay: 0,
      lastTurnAt: Number.NEGATIVE_INFINITY,
      waiting: [],
      timer: undefined,
      askers: new Map(),
    };
    this.#subjects.set(key, made);
    return made;
  }

  #sweep(): void {
    const now = this.#clock.monotonic();
    for (const [key, { forgetAt, underWay, waiting }] of this.#subjects) {
      if (underWay === 0 && waiting.length === 0 && (forgetAt.at(-1) ?? 0) <= now) this.#subjects.delete(key);
    }
    // All of them busy: the oldest ones go, so that memory stays bounded.
    for (const key of this.#subjects.keys()) {
      if (this.#subjects.size < SUBJECTS_MAX) return;
      this.#subjects.delete(key);
    }
  }

  #count({ askers }: Subject, asker: string): number {
    const tries = (askers.get(asker) ?? 0) + 1;
    if (tries > 1 || askers.size < ASKERS_MAX) askers.set(asker, tries);
    return tries;
  }

  #isFree(subject: Subject): boolean {
    const now = this.#clock.monotonic();
    while (subject.forgetAt[0] !== undefined && subject.forgetAt[0] <= now) subject.forgetAt.shift();
    if (subject.forgetAt.length === 0 && subject.underWay === 0 && subject.waiting.length === 0) subject.askers.clear();
    return subject.forgetAt.length + subject.underWay < this.#rules.free;
  }

  #turn(subject: Subject, asker: string): Turn {
    return {
      succeeded: () => {
        subject.underWay -= 1;
        subject.askers.delete(asker);
        this.#next(subject);
      },
      failed: () => {
        subject.underWay -= 1;
        subject.forgetAt.push(this.#clock.monotonic() + this.#rules.memoryMs);
        this.#next(subject);
      },
      withdrawn: () => {
        subject.underWay -= 1;
        this.#next(subject);
      },
    };
  }

  #wait(subject: Subject, rank: number): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.#arrivals += 1;
    const patience = this.#clock.after(this.#rules.patienceMs, () => this.#leave(subject, waiter));
    const waiter: Waiter = {
      arrival: this.#arrivals,
      rank,
      settle: (isIn) => {
        patience.cancel();
        resolve(isIn);
      },
    };
    subject.waiting.push(waiter);
    subject.waiting.sort((left, right) => left.rank - right.rank || right.arrival - left.arrival);
    if (subject.waiting.length > this.#rules.waitingMax) subject.waiting.pop()?.settle(false);
    this.#next(subject);
    return promise;
  }

  #leave(subject: Subject, waiter: Waiter): void {
    const index = subject.waiting.indexOf(waiter);
    if (index === -1) return;
    subject.waiting.splice(index, 1);
    waiter.settle(false);
  }

  /** Until the first in line may go, if that is one who tried so often. */
  #waitMs({ lastTurnAt }: Subject, rank: number): number {
    return lastTurnAt + this.#rules.everyMs * Math.max(1, rank) - this.#clock.monotonic();
  }

  /** The first in line is let in, or a timer is set for the moment when it will be. */
  #next(subject: Subject): void {
    subject.timer?.cancel();
    subject.timer = undefined;
    const [first] = subject.waiting;
    if (!first) return;
    const waitMs = this.#isFree(subject) ? 0 : this.#waitMs(subject, first.rank);
    if (waitMs > 0) {
      subject.timer = this.#clock.after(waitMs, () => this.#next(subject));
      return;
    }
    subject.lastTurnAt = this.#clock.monotonic();
    subject.waiting.shift();
    // Before it knows: nobody else is let in on the same free turn.
    subject.underWay += 1;
    first.settle(true);
  }
}
