// Requests at a fixed rate that wait for nobody: each has its time from the start, and its latency counts from that time, so
// that what a stall holds up is counted as well. Neutral of runtime: the peers run it on Node.

export interface OpenLoop {
  /** Per second, as independent callers arrive: gaps are exponential. */
  readonly rate: number;
  readonly seconds: number;
  /** Not measured, before that. */
  readonly warmSeconds: number;
  /** Sends one and resolves when it is acknowledged. */
  readonly send: (sequence: number) => Promise<void>;
  /** Arrivals to wait for, of each. */
  readonly arrivals?: number;
}

interface Sent {
  readonly dueAt: number;
  acknowledgedAt: number;
  firstAt: number;
  lastAt: number;
  arrivals: number;
}

export interface Spread {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

export interface OpenLoopResult {
  readonly sent: number;
  readonly refused: number;
  /** Acknowledged, and never seen at the receiver. */
  readonly missing: number;
  readonly surplus: number;
  /** Milliseconds. */
  readonly toAcknowledgement: Spread;
  readonly toFirstArrival: Spread;
  readonly toLastArrival: Spread;
  readonly endToEnd: Spread;
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99), max: sorted.at(-1) ?? Number.NaN };
}

/** The same gaps in every run. */
function makeChance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
}

const PATIENCE_MS = 15_000;
const NEVER = Number.POSITIVE_INFINITY;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export class OpenLoopRun {
  readonly #options: OpenLoop;
  readonly #sent: Sent[] = [];
  #refused = 0;
  #surplus = 0;

  constructor(options: OpenLoop) {
    this.#options = options;
  }

  /** The receiver has the headers of one. */
  arrived(sequence: number): void {
    const now = performance.now();
    const sent = this.#sent[sequence];
    if (!sent) return;
    sent.arrivals++;
    if (sent.arrivals === 1) sent.firstAt = now;
    if (sent.arrivals === this.#expected) sent.lastAt = now;
    else if (sent.arrivals > this.#expected) this.#surplus++;
  }

  get #expected(): number {
    return this.#options.arrivals ?? 1;
  }

  async run(): Promise<OpenLoopResult> {
    const { rate, seconds, warmSeconds, send } = this.#options;
    const chance = makeChance(20_261_120);
    const begun = performance.now();
    const measuredFrom = begun + warmSeconds * 1_000;
    const end = measuredFrom + seconds * 1_000;
    const pending: Promise<void>[] = [];
    for (let dueAt = begun; dueAt < end; dueAt += (-Math.log(chance()) / rate) * 1_000) {
      const wait = dueAt - performance.now();
      if (wait > 0) await pause(wait);
      const sequence = this.#sent.length;
      const sent: Sent = { dueAt, acknowledgedAt: 0, firstAt: NEVER, lastAt: NEVER, arrivals: 0 };
      this.#sent.push(sent);
      pending.push(
        send(sequence).then(
          () => {
            sent.acknowledgedAt = performance.now();
          },
          () => void this.#refused++,
        ),
      );
    }
    await Promise.all(pending);
    const giveUpAt = performance.now() + PATIENCE_MS;
    const waits = (): boolean => this.#sent.some((sent) => sent.acknowledgedAt > 0 && sent.arrivals < this.#expected);
    while (waits() && performance.now() < giveUpAt) await pause(20);
    return this.#measured(measuredFrom);
  }

  #measured(from: number): OpenLoopResult {
    const all = this.#sent.filter(({ dueAt, acknowledgedAt }) => dueAt >= from && acknowledgedAt > 0);
    const arrived = all.filter(({ arrivals }) => arrivals >= this.#expected);
    const spread = (of: readonly Sent[], value: (sent: Sent) => number): Spread => spreadOf(of.map(value));
    return {
      sent: all.length,
      refused: this.#refused,
      missing: all.length - arrived.length,
      surplus: this.#surplus,
      toAcknowledgement: spread(all, (sent) => sent.acknowledgedAt - sent.dueAt),
      // One that is there before its acknowledgement has been read counts as 0, one that never came as endless.
      toFirstArrival: spread(all, ({ firstAt, acknowledgedAt }) => Math.max(0, firstAt - acknowledgedAt)),
      toLastArrival: spread(all, ({ lastAt, acknowledgedAt }) => Math.max(0, lastAt - acknowledgedAt)),
      endToEnd: spread(all, ({ firstAt, dueAt }) => firstAt - dueAt),
    };
  }
}
