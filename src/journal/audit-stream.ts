import type { Context } from "../context.ts";
import { exponentialDelay } from "../kernel/backoff.ts";
import type { Timer } from "../kernel/clock.ts";
import { describeError } from "../kernel/log.ts";
import type { Counter } from "../kernel/metrics.ts";
import { MINUTE, SECOND } from "../kernel/units.ts";
import { countCheckpoints, walkCheckpoints } from "./audit-checkpoint.ts";
import { CHECKPOINTS, countPast, findMark, listHeadsPast, saveMarks } from "./audit-marks.ts";
import { lineOf, showEntry, walkEntries } from "./audit-read.ts";

/** Where the lines go. What it returns from is written; what it throws for may be written in part, and comes again. */
export interface AuditSink {
  /** For people: a path, or `stdout`. */
  readonly name: string;
  write(lines: string): Promise<void>;
}

const EVERY_MS = SECOND;
const RETRY_MAX_MS = MINUTE;
/** Chains that are looked at in one go; the others in the next. */
const CHAINS_AT_ONCE = 100;

/** What `/metrics` tells of the stream, also where there is none: an alert then has something to look at. */
export function observeStream({ metrics, database }: Pick<Context, "metrics" | "database">, isOn: boolean): Counter {
  metrics.gauge("audit_stream_waiting", "Audit entries that wait to be written out.", () =>
    isOn ? database.read((reader) => countPast(reader, "stream")) : 0,
  );
  return metrics.counter("audit_stream_failures_total", "Times that audit entries could not be written out.");
}

/**
 * Gives every entry and every checkpoint to a sink, after the commit, each chain in its order, at least once: how far it has
 * come is kept in the database and moved on after the lines are written. So whatever goes wrong, here or there, is made up
 * for by the next try or the next start.
 */
export class AuditStream {
  readonly #context: Context;
  readonly #sink: AuditSink;
  readonly #failed;
  #timer: Timer | undefined;
  #pumping: Promise<void> = Promise.resolve();
  #failures = 0;
  #stopped = false;

  constructor(context: Context, sink: AuditSink) {
    this.#context = context;
    this.#sink = sink;
    this.#failed = observeStream(context, true);
  }

  start(): void {
    this.#schedule(0);
  }

  /** Writes what waits without delay: after a signal, say, that a file was moved away. */
  wake(): Promise<void> {
    this.#pumping = this.#pumping.then(() => this.#pump());
    return this.#pumping;
  }

  /** What was committed before is written, if it can be. */
  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#timer?.cancel();
    await this.wake();
  }

  #schedule(delayMs: number): void {
    if (this.#stopped) return;
    this.#timer = this.#context.clock.after(delayMs, () => {
      void this.wake().then(() =>
        this.#schedule(this.#failures === 0 ? EVERY_MS : exponentialDelay(this.#failures, EVERY_MS, RETRY_MAX_MS)),
      );
    });
  }

  async #pump(): Promise<void> {
    const { log } = this.#context;
    try {
      while (await this.#writeEntries());
      await this.#writeCheckpoints();
      if (this.#failures > 0) log.info("the audit stream goes on", { to: this.#sink.name, failures: this.#failures });
      this.#failures = 0;
    } catch (error) {
      this.#failures += 1;
      this.#failed.add();
      // Every try is counted; told is the first, and from time to time that it goes on.
      if (Math.log2(this.#failures) % 1 === 0) {
        const { error: reason } = describeError(error);
        log.error("the audit stream is held up", { to: this.#sink.name, failures: this.#failures, error: reason });
      }
    }
  }

  /** @returns whether there may be more */
  async #writeEntries(): Promise<boolean> {
    const { database } = this.#context;
    const chains = await database.read((reader) => listHeadsPast(reader, "stream", CHAINS_AT_ONCE));
    for (const { chain, sequence: head, marked } of chains) {
      let reached = marked;
      for await (const rows of walkEntries(database, chain, {}, { above: marked, upTo: head })) {
        await this.#sink.write(rows.map((row) => lineOf(showEntry(row))).join(""));
        reached = rows.at(-1)?.sequence ?? head;
        await this.#move(chain, reached);
      }
      // Entries that are missing are for the verification to tell, and must not hold up the others.
      if (reached < head) await this.#move(chain, head);
    }
    return chains.length === CHAINS_AT_ONCE;
  }

  async #writeCheckpoints(): Promise<void> {
    const { database } = this.#context;
    const { last, marked } = await database.read(async (reader) => ({
      last: await countCheckpoints(reader),
      marked: await findMark(reader, "stream", CHECKPOINTS),
    }));
    if (last <= marked) return;
    const lines: string[] = [];
    await database.read(async (reader) => {
      for await (const { checkpoint } of walkCheckpoints(reader, marked))
        if (checkpoint) lines.push(lineOf(checkpoint));
    });
    await this.#sink.write(lines.join(""));
    await this.#move(CHECKPOINTS, last);
  }

  #move(chain: string, sequence: number): Promise<void> {
    return this.#context.database.write((writer) => saveMarks(writer, "stream", [{ chain, sequence }]));
  }
}
