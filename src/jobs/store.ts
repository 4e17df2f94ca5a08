import type { Context } from "../context.ts";
import type { Reader, Writer } from "../database/database.ts";
import type { Id } from "../kernel/ids.ts";
import type { JsonObject } from "../kernel/json.ts";
import type { UnixMs } from "../kernel/units.ts";
import type { JobDraft } from "./job.ts";

interface JobRow {
  readonly id: Id<"job">;
  readonly kind: string;
  readonly environment_id: Id<"env"> | null;
  readonly payload: string;
  readonly failures: number;
  readonly epoch: number;
  readonly progress: string | null;
  readonly started_at: UnixMs | null;
}

export interface ClaimedJob {
  readonly id: Id<"job">;
  readonly kind: string;
  readonly environmentId: Id<"env"> | undefined;
  readonly payload: JsonObject;
  readonly progress: JsonObject | undefined;
  readonly failures: number;
  readonly epoch: number;
}

/** Writes jobs; one whose key an unfinished job already has is left out. */
export async function enqueueJobs(
  context: Pick<Context, "ids">,
  writer: Writer,
  drafts: readonly JobDraft[],
): Promise<void> {
  for (const { id, kind, payload, environmentId, runAt, uniqueKey } of drafts) {
    if (uniqueKey !== undefined) {
      const twin = await writer.get("SELECT id FROM jobs WHERE kind = ? AND unique_key = ? AND ended_at IS NULL", [
        kind,
        uniqueKey,
      ]);
      if (twin) continue;
    }
    await writer.insertMany({
      table: "jobs",
      columns: [
        "id",
        "kind",
        "environment_id",
        "unique_key",
        "payload",
        "status",
        "run_at",
        "failures",
        "epoch",
        "created_at",
      ],
      rows: [
        [
          id ?? context.ids.next("job"),
          kind,
          environmentId ?? null,
          uniqueKey ?? null,
          JSON.stringify(payload),
          "waiting",
          runAt ?? writer.now,
          0,
          0,
          writer.now,
        ],
      ],
    });
  }
}

/** Takes jobs that are due, of the kinds that this process knows. Their epoch rises: an older claim's outcome is void. */
export async function claimJobs(
  writer: Writer,
  options: { readonly kinds: readonly string[]; readonly limit: number; readonly claimant: string },
): Promise<ClaimedJob[]> {
  if (options.kinds.length === 0) return [];
  const rows = await writer.all<JobRow>(
    `SELECT id, kind, environment_id, payload, failures, epoch, progress, started_at FROM jobs
     WHERE status = 'waiting' AND run_at <= ? AND kind IN (${options.kinds.map(() => "?").join(", ")})
     ORDER BY run_at LIMIT ?`,
    [writer.now, ...options.kinds, options.limit],
  );
  await writer.updateMany({
    table: "jobs",
    columns: ["status", "claimed_by", "epoch", "started_at"],
    keyColumns: ["id"],
    rows: rows.map((row) => ["running", options.claimant, row.epoch + 1, row.started_at ?? writer.now, row.id]),
  });
  return rows.map((row) => ({
    id: row.id,
    kind: row.kind,
    environmentId: row.environment_id ?? undefined,
    payload: JSON.parse(row.payload) as JsonObject,
    progress: row.progress === null ? undefined : (JSON.parse(row.progress) as JsonObject),
    failures: row.failures,
    epoch: row.epoch + 1,
  }));
}

/** The kinds that have an unfinished job with this key: the first calendar computation costs a start some 10 ms. */
export async function findWaitingKinds(reader: Reader, uniqueKey: string): Promise<ReadonlySet<string>> {
  const rows = await reader.all<{ kind: string }>("SELECT kind FROM jobs WHERE unique_key = ? AND ended_at IS NULL", [
    uniqueKey,
  ]);
  return new Set(rows.map(({ kind }) => kind));
}

/** What was running when another life of this process ended is due at once. @returns how many */
export function rescueJobs(writer: Writer, claimant: string): Promise<number> {
  return writer.run(
    "UPDATE jobs SET status = 'waiting', claimed_by = NULL, run_at = ? WHERE status = 'running' AND claimed_by <> ?",
    [writer.now, claimant],
  );
}

/**
 * What the rows say is running here and nobody runs: a commit whose answer never came was kept all the same.
 * @returns how many
 */
export async function rescueUnheldJobs(
  writer: Writer,
  { claimant, held }: { readonly claimant: string; readonly held: ReadonlySet<Id<"job">> },
): Promise<number> {
  const rows = await writer.all<{ id: Id<"job"> }>("SELECT id FROM jobs WHERE status = 'running' AND claimed_by = ?", [
    claimant,
  ]);
  return writer.updateMany({
    table: "jobs",
    columns: ["status", "claimed_by", "run_at"],
    keyColumns: ["id"],
    rows: rows.filter(({ id }) => !held.has(id)).map(({ id }) => ["waiting", null, writer.now, id]),
  });
}

export interface JobEnding {
  readonly status: "waiting" | "done" | "failed" | "canceled";
  readonly runAt: UnixMs;
  readonly failures: number;
  readonly reason: string | undefined;
  /** Undefined leaves it as it is. */
  readonly progress: JsonObject | undefined;
}

/** Records how a run ended. @returns false where the claim was no longer ours */
export async function settleJob(writer: Writer, job: ClaimedJob, ending: JobEnding): Promise<boolean> {
  const changed = await writer.run(
    `UPDATE jobs SET status = ?, run_at = ?, failures = ?, reason = ?, progress = COALESCE(?, progress), claimed_by = NULL, ended_at = ?
     WHERE id = ? AND epoch = ? AND status = 'running'`,
    [
      ending.status,
      ending.runAt,
      ending.failures,
      ending.reason ?? null,
      ending.progress === undefined ? null : JSON.stringify(ending.progress),
      ending.status === "waiting" ? null : writer.now,
      job.id,
      job.epoch,
    ],
  );
  return changed === 1;
}

/** How far it is. Whatever failed before, it goes on. @returns false where the claim is no longer ours */
export async function checkpointJob(
  writer: Writer,
  job: Pick<ClaimedJob, "id" | "epoch">,
  progress: JsonObject,
): Promise<boolean> {
  const changed = await writer.run(
    "UPDATE jobs SET progress = ?, failures = 0 WHERE id = ? AND epoch = ? AND status = 'running'",
    [JSON.stringify(progress), job.id, job.epoch],
  );
  return changed === 1;
}

export interface JobCount {
  readonly kind: string;
  readonly status: string;
  readonly count: number;
  /** When the first of them is, or was, due. */
  readonly first: UnixMs;
}

/** What has not ended, by kind and state. */
export const countJobs = (reader: Reader): Promise<JobCount[]> =>
  reader.all(
    "SELECT kind, status, COUNT(*) AS count, MIN(run_at) AS first FROM jobs WHERE ended_at IS NULL GROUP BY kind, status",
  );
