import type { Context } from "../../src/context.ts";
import { createRetentionJob, type Retained, type RetentionRule } from "../../src/jobs/retention.ts";
import { createMetrics } from "../../src/kernel/metrics.ts";

/** Takes what has had its time by these rules. @returns how many rows of each */
export async function retain(
  context: Context,
  rules: readonly RetentionRule[] | undefined,
  more: Partial<Omit<Retained, "rules">> & { readonly signal?: AbortSignal } = {},
): Promise<Record<string, number>> {
  const { signal = new AbortController().signal, forget = [], findGone = async () => undefined } = more;
  const job = createRetentionJob({ metrics: createMetrics() }, { rules: rules ?? [], forget, findGone });
  const outcome = await job.run(context, {
    id: context.ids.next("job"),
    ...{ environmentId: undefined, payload: {}, progress: undefined, failures: 0, signal },
    checkpoint: async () => {},
  });
  if (outcome.kind === "snooze" && signal.aborted) return outcome.progress?.purged as Record<string, number>;
  if (outcome.kind !== "done") throw new Error(outcome.kind);
  return outcome.progress?.purged as Record<string, number>;
}
