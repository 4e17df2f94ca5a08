import type { RootKey } from "../../config/root-key.ts";
import type { Context } from "../../context.ts";
import { type Canaries, dropFormerCanaries, findCanaries } from "../../database/canary.ts";
import type { JobOutcome } from "../../jobs/job.ts";
import { mutate } from "../../journal/mutate.ts";
import { type SealedColumn, type SealedPlace, sealedBy } from "../../kernel/crypto.ts";
import type { Principal } from "../../kernel/principal.ts";
import { addMs, HOUR, type MonotonicMs, SECOND } from "../../kernel/units.ts";
import { findRotation, putRotation, type RotationRow } from "./store.ts";
import { turnRootKey } from "./turn.ts";
import { type ColumnCount, countBy, countValues, type Pass, reseal } from "./walk.ts";

export const RESEAL_JOB = "encryption.reseal";
/** After another key took over in a running process, what was sealed a moment before is on its way to the disk. */
const ON_THEIR_WAY_MS = SECOND;
const DAMAGED_NAMED_MAX = 20;

/** How far it is; undefined figures are not known yet. */
export interface Progress {
  readonly running: boolean;
  readonly left: number | undefined;
  readonly resealed: number;
  /** Values that open with no key, as the last walk met them. */
  readonly damaged: readonly SealedPlace[];
}

export interface RotationOptions {
  readonly columns: readonly SealedColumn[];
  /** Looks again where the key lies; absent where nothing can be begun. */
  readonly findRootKey?: (() => RootKey | undefined) | undefined;
}

/**
 * The exchange of the root key while everything goes on: the other key seals from one commit on, both open, and what the
 * former one sealed is sealed anew, in small batches. Which key sealed a value stands in the value: so it goes on after
 * any interruption, and ends when nothing of the former key is left.
 */
export class Rotation {
  readonly #context: Context;
  readonly #options: RotationOptions;
  #running: Promise<JobOutcome> | undefined;
  #stopping = new AbortController();
  #beginning: Promise<void> = Promise.resolve();
  #turnedAt: MonotonicMs | undefined;
  #left: number | undefined;
  #resealed = 0;
  #damaged: readonly SealedPlace[] = [];
  #counts: readonly ColumnCount[] = [];

  constructor(context: Context, options: RotationOptions) {
    this.#context = context;
    this.#options = options;
  }

  get progress(): Progress {
    return {
      running: this.#running !== undefined,
      left: this.#left,
      resealed: this.#resealed,
      damaged: this.#damaged,
    };
  }

  /** As they were last counted; none before the first time. */
  get counts(): readonly ColumnCount[] {
    return this.#counts;
  }

  /** The rotation that is not finished, if one is not. */
  async findUnfinished(): Promise<Canaries | undefined> {
    const canaries = await this.#context.database.read(findCanaries);
    return canaries && canaries.former.size > 0 ? canaries : undefined;
  }

  /** Has another key seal, or where that has begun already sees to it that it goes on. One after the other. */
  begin(principal: Principal, { leaveDamaged }: { readonly leaveDamaged: boolean }): Promise<void> {
    const { clock, keyring } = this.#context;
    const begun = this.#beginning.then(async () => {
      const unfinished = await this.findUnfinished();
      if (!unfinished || sealedBy(unfinished.canary) !== keyring.keyId) {
        const isTurned = await turnRootKey(this.#context, this.#options.findRootKey?.());
        if (isTurned) this.#turnedAt = clock.monotonic();
      }
      await this.note(principal, { leaveDamaged });
    });
    this.#beginning = begun.catch(() => {});
    return begun;
  }

  /** Writes down that a rotation is under way, once, and has the job go on with it. */
  async note(principal: Principal, { leaveDamaged = false } = {}): Promise<void> {
    const canaries = await this.findUnfinished();
    if (!canaries) return;
    const to = sealedBy(canaries.canary);
    const from = [...canaries.former.keys()];
    await mutate(this.#context, principal, async (writer) => {
      const known = await findRotation(writer);
      const isKnown = known !== undefined && known.endedAt === null && known.to === to;
      const leavesDamaged = leaveDamaged || (isKnown && known.leavesDamaged);
      const startedAt = isKnown ? known.startedAt : writer.now;
      await putRotation(writer, { from, to, startedAt, endedAt: null, leavesDamaged });
      return {
        result: undefined,
        audit: isKnown
          ? []
          : [{ workspaceId: "", action: "encryption.rotation_started", target: to, details: { from } }],
        announce: [],
        jobs: [{ kind: RESEAL_JOB, payload: {}, uniqueKey: "reseal" }],
      };
    });
  }

  /** One at a time: whoever comes second gets what comes of the first. Whoever stops, stops it for all. */
  run(principal: Principal, signal: AbortSignal): Promise<JobOutcome> {
    if (!this.#running) {
      this.#stopping = new AbortController();
      this.#running = this.#run(principal, this.#stopping.signal).finally(() => {
        this.#running = undefined;
      });
    }
    const stopping = this.#stopping;
    if (signal.aborted) stopping.abort();
    else signal.addEventListener("abort", () => stopping.abort(), { once: true });
    return this.#running;
  }

  /** Whatever came of what ran. */
  async ended(): Promise<void> {
    await this.#running?.catch(() => {});
  }

  async #run(principal: Principal, signal: AbortSignal): Promise<JobOutcome> {
    const { clock, log } = this.#context;
    if (!(await this.findUnfinished())) return { kind: "done" };
    this.#resealed = 0;
    this.#left = countBy(await this.count(), (id) => id !== this.#context.keyring.keyId);
    log.info("values are sealed anew", { key: this.#context.keyring.keyId, left: this.#left });
    for (;;) {
      await this.#waitForWrites();
      const pass = await this.#pass(signal);
      if (pass === undefined) return { kind: "snooze", until: clock.now(), progress: { ...this.#figures() } };
      if (pass.stale > pass.damaged.length) continue;
      const rotation = await this.#context.database.read(findRotation);
      if (pass.damaged.length > 0 && !rotation?.leavesDamaged) return this.#tellDamaged(pass);
      await this.#finish(principal, pass);
      await this.count();
      return { kind: "done", progress: { ...this.#figures() } };
    }
  }

  /** What was sealed before the other key took over is on the disk, or will never be. */
  async #waitForWrites(): Promise<void> {
    if (this.#turnedAt === undefined) return;
    const { clock, database } = this.#context;
    const waitMs = this.#turnedAt + ON_THEIR_WAY_MS - clock.monotonic();
    if (waitMs > 0) await clock.sleep(waitMs);
    await database.write(async () => {});
    this.#turnedAt = undefined;
  }

  /** Goes through every mark of every column, and remembers what it found. */
  async count(): Promise<readonly ColumnCount[]> {
    this.#counts = await countValues(this.#context, this.#options.columns);
    return this.#counts;
  }

  async #pass(signal: AbortSignal): Promise<Pass | undefined> {
    const pass = await reseal(this.#context, {
      columns: this.#options.columns,
      signal,
      resealed: (rows) => {
        this.#resealed += rows;
        this.#left = Math.max(0, (this.#left ?? 0) - rows);
      },
    });
    if (pass) {
      this.#damaged = pass.damaged.slice(0, DAMAGED_NAMED_MAX);
      this.#left = pass.damaged.length;
    }
    return pass;
  }

  #figures = () => ({ resealed: this.#resealed, left: this.#left ?? 0, damaged: this.#damaged.length });

  #tellDamaged({ damaged }: Pass): JobOutcome {
    const { clock, log } = this.#context;
    log.warn("values open with no key, and hold up the end of the rotation", {
      values: damaged.length,
      named: this.#damaged.map(({ table, column, row }) => `${table}.${column} ${row}`),
    });
    return { kind: "snooze", until: addMs(clock.now(), HOUR), progress: { ...this.#figures() } };
  }

  async #finish(principal: Principal, { damaged }: Pass): Promise<void> {
    const { keyring, log } = this.#context;
    await mutate(this.#context, principal, async (writer) => {
      const rotation = await findRotation(writer);
      const ended: RotationRow | undefined = rotation && { ...rotation, endedAt: writer.now };
      await dropFormerCanaries(writer);
      if (ended) await putRotation(writer, ended);
      const details = { from: [...(ended?.from ?? [])], resealed: this.#resealed, damaged: damaged.length };
      return {
        result: undefined,
        audit: [{ workspaceId: "", action: "encryption.rotation_finished", target: keyring.keyId, details }],
        announce: [],
        jobs: [],
      };
    });
    log.info("the former root key is no longer needed", { key: keyring.keyId, resealed: this.#resealed });
  }
}
