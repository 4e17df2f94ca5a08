import { exponentialDelay } from "../kernel/backoff.ts";
import { systemClock, type Timer } from "../kernel/clock.ts";
import { AppError } from "../kernel/errors.ts";
import { durationMs, SECOND } from "../kernel/units.ts";
import { translatePostgres } from "./postgres-errors.ts";
import { leaveSeat, type Seat, takeSeat } from "./postgres-seat.ts";
import { connectionLost, type SessionOptions } from "./postgres-session.ts";

export interface ConnectionObserver {
  /** Nothing can be written from here on; each attempt to come back that fails tells again. */
  disconnected?(reason: string): void;
  reconnected?(): void;
}

const RETRY_FIRST_MS = durationMs(100);
const RETRY_MAX_MS = durationMs(2 * SECOND);
/** How long a commit that was cut off waits to be told whether it was kept. */
const OUTCOME_WITHIN_MS = 10_000;

/** What became of a commit whose answer did not come. */
export type CommitOutcome = "kept" | "not kept" | "unknown";

/** Keeps the seat: once it is lost, takes it again with growing pauses until it is there or all is closed. */
export class WritingConnection {
  readonly #options: SessionOptions;
  readonly #lockWaitMs: number;
  readonly #observer: ConnectionObserver;
  #seat: Seat;
  #attempt: Promise<Seat> | undefined;
  #pause: Timer | undefined;
  #failures = 0;
  #closed = false;
  #waiters: ((seat: Seat | undefined) => void)[] = [];

  private constructor(seat: Seat, options: SessionOptions, lockWaitMs: number, observer: ConnectionObserver) {
    this.#seat = seat;
    this.#options = options;
    this.#lockWaitMs = lockWaitMs;
    this.#observer = observer;
    this.#watch(seat);
  }

  static async open(
    options: SessionOptions,
    { lockWaitMs, observer }: { readonly lockWaitMs: number; readonly observer: ConnectionObserver },
  ): Promise<WritingConnection> {
    const seat = await takeSeat(options, { waitMs: lockWaitMs });
    return new WritingConnection(seat, options, lockWaitMs, observer);
  }

  /** Waits for an attempt that is under way, and for nothing longer. @throws AppError `unavailable` */
  async seat(): Promise<Seat> {
    if (!this.#seat.session.lost) return this.#seat;
    if (!this.#attempt) throw connectionLost();
    return this.#attempt;
  }

  /**
   * Whether the commit of this number, begun from `from`, was kept. The next seat tells: it can be had only once the old
   * session is over, and the number is a row of the same transaction. Where another node wrote in between, nobody knows.
   */
  async outcomeOf(from: Seat, commit: number): Promise<CommitOutcome> {
    const next = await this.#nextSeat(from);
    if (next?.epoch !== from.epoch + 1) return "unknown";
    return next.commitsBefore >= commit ? "kept" : "not kept";
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#pause?.cancel();
    this.#tell(undefined);
    await this.#attempt?.catch(() => {});
    await leaveSeat(this.#seat);
  }

  #watch(seat: Seat): void {
    seat.session.onLost(() => {
      if (this.#closed || seat !== this.#seat) return;
      this.#observer.disconnected?.("The connection to the database was lost.");
      this.#regain();
    });
    // It may have been lost between being taken and being watched.
    if (seat.session.lost && !this.#closed) this.#regain();
  }

  #regain(): void {
    this.#pause = undefined;
    if (this.#closed || this.#attempt) return;
    const attempt = takeSeat(this.#options, { previous: this.#seat, waitMs: this.#lockWaitMs });
    this.#attempt = attempt.then(
      (seat) => this.#regained(seat),
      (error) => this.#failed(error),
    );
    // Whoever waits for the attempt hears of it; where nobody does, the observer has.
    this.#attempt.catch(() => {});
  }

  #regained(seat: Seat): Seat {
    this.#attempt = undefined;
    this.#failures = 0;
    this.#seat = seat;
    this.#observer.reconnected?.();
    this.#watch(seat);
    this.#tell(seat);
    return seat;
  }

  #failed(error: unknown): never {
    this.#attempt = undefined;
    this.#failures += 1;
    const refusal = unavailableBecause(error);
    this.#observer.disconnected?.(refusal.message);
    if (!this.#closed) {
      const delayMs = exponentialDelay(this.#failures, RETRY_FIRST_MS, RETRY_MAX_MS);
      this.#pause = systemClock.after(delayMs, () => this.#regain());
    }
    throw refusal;
  }

  #tell(seat: Seat | undefined): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter(seat);
  }

  async #nextSeat(from: Seat): Promise<Seat | undefined> {
    if (this.#seat !== from) return this.#seat;
    if (this.#closed) return undefined;
    const { promise, resolve } = Promise.withResolvers<Seat | undefined>();
    this.#waiters.push(resolve);
    const patience = systemClock.after(OUTCOME_WITHIN_MS, () => resolve(undefined));
    try {
      return await promise;
    } finally {
      patience.cancel();
    }
  }
}

function unavailableBecause(error: unknown): AppError {
  const known = translatePostgres(error);
  const reason = known instanceof Error ? known.message : String(known);
  if (known instanceof AppError && known.code === "unavailable") return known;
  return new AppError("unavailable", reason, { retryAfterSeconds: 1, cause: error });
}
