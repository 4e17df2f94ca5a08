import type { Context } from "../../context.ts";
import type { Writer } from "../../database/database.ts";
import { AppError } from "../../kernel/errors.ts";
import type { Id } from "../../kernel/ids.ts";
import type { InputDraft, InputOutcome, Recorder } from "../progression/index.ts";

/** Inputs decided in one transaction: large enough to share its cost, small enough that nobody waits long for the first. */
const INPUTS_PER_TRANSACTION_MAX = 512;
/** What waits beyond this is refused with 503 rather than kept in memory. */
const QUEUE_MAX = 50_000;

interface Waiting {
  readonly environmentId: Id<"env">;
  readonly draft: InputDraft;
  readonly resolve: (outcome: InputOutcome) => void;
  readonly reject: (error: unknown) => void;
}

export interface Ingest {
  /** Resolves once the input is durable, with what it did. */
  submit(environmentId: Id<"env">, draft: InputDraft): Promise<InputOutcome>;
  readonly waiting: number;
}

/**
 * Many callers, one transaction. Inputs wait here until the write lane is free, and the whole queue then goes as one
 * change of the lane: the busier it is, the more callers share a commit. On a fault of the database the group is split,
 * so that at worst one input fails alone.
 */
export function createIngest(context: Pick<Context, "database">, recorder: Recorder): Ingest {
  let queue: Waiting[] = [];
  let scheduled = false;

  function schedule(): void {
    if (scheduled || queue.length === 0) return;
    scheduled = true;
    let taken: readonly Waiting[] = [];
    const work = context.database.write(async (writer) => {
      scheduled = false;
      taken = queue.slice(0, INPUTS_PER_TRANSACTION_MAX);
      queue = queue.slice(INPUTS_PER_TRANSACTION_MAX);
      return recordGroup(recorder, writer, taken);
    });
    work.then(
      (outcomes) => {
        for (const [index, item] of taken.entries()) settleOne(item, outcomes[index]);
        schedule();
      },
      (error) => {
        if (taken.length === 0) {
          taken = queue;
          queue = [];
          scheduled = false;
        }
        void retrySplit(taken, error).then(schedule);
      },
    );
  }

  async function retrySplit(group: readonly Waiting[], error: unknown): Promise<void> {
    if (group.length <= 1 || error instanceof AppError) {
      for (const item of group) item.reject(error);
      return;
    }
    const middle = Math.ceil(group.length / 2);
    for (const half of [group.slice(0, middle), group.slice(middle)]) {
      try {
        const outcomes = await context.database.write((writer) => recordGroup(recorder, writer, half));
        for (const [index, item] of half.entries()) settleOne(item, outcomes[index]);
      } catch (again) {
        await retrySplit(half, again);
      }
    }
  }

  return {
    get waiting() {
      return queue.length;
    },
    submit(environmentId, draft) {
      if (queue.length >= QUEUE_MAX) {
        return Promise.reject(
          new AppError("unavailable", "Too many events wait to be recorded.", { retryAfterSeconds: 1 }),
        );
      }
      const { promise, resolve, reject } = Promise.withResolvers<InputOutcome>();
      queue.push({ environmentId, draft, resolve, reject });
      schedule();
      return promise;
    },
  };
}

function settleOne(item: Waiting, outcome: InputOutcome | undefined): void {
  if (outcome) item.resolve(outcome);
  else item.reject(new Error("an input was left without an outcome"));
}

/** Records a mixed group environment by environment and gives the outcomes in the group's own order. */
async function recordGroup(recorder: Recorder, writer: Writer, group: readonly Waiting[]): Promise<InputOutcome[]> {
  const places = new Map<Id<"env">, number[]>();
  for (const [index, { environmentId }] of group.entries()) {
    const known = places.get(environmentId);
    if (known) known.push(index);
    else places.set(environmentId, [index]);
  }
  const outcomes: InputOutcome[] = new Array(group.length);
  for (const environmentId of [...places.keys()].sort()) {
    const indexes = places.get(environmentId) ?? [];
    const drafts = indexes.flatMap((index) => group[index]?.draft ?? []);
    const recorded = await recorder.record(writer, environmentId, drafts);
    for (const [position, index] of indexes.entries()) {
      const outcome = recorded[position];
      if (outcome) outcomes[index] = outcome;
    }
  }
  return outcomes;
}
