import type { Reader, Writer } from "../database/database.ts";
import type { JobDefinition } from "../jobs/job.ts";
import { isoTime, parseIsoTime } from "../kernel/clock.ts";
import { addMs, MINUTE, type UnixMs } from "../kernel/units.ts";
import { readDetails } from "./audit-changes.ts";
import { mutate } from "./mutate.ts";

const DROPPED = "audit.details_dropped";
/** Rows of one transaction: others wait for it. */
const DROPPED_AT_ONCE = 500;

const hasOldDetails = async (reader: Reader, before: UnixMs): Promise<boolean> =>
  (await reader.get("SELECT id FROM audit_entries WHERE details IS NOT NULL AND at < ? LIMIT 1", [before])) !==
  undefined;

/** The digest of what is dropped stays in the entry, so that its chain holds. */
const dropDetails = (writer: Writer, before: UnixMs): Promise<number> =>
  writer.run(
    `UPDATE audit_entries SET details = NULL WHERE id IN
       (SELECT id FROM audit_entries WHERE details IS NOT NULL AND at < ? ORDER BY at LIMIT ?)`,
    [before, DROPPED_AT_ONCE],
  );

/**
 * Drops what old entries say of their changes; the entries stay for ever. The chain of the installation says before that it
 * is done, so that details which somebody else took away are told from these.
 */
export const dropAuditDetailsJob: JobDefinition = {
  kind: "journal.drop_audit_details",
  schedule: { cron: "10 4 * * *", timezone: "UTC" },
  async run(context, { id, signal }) {
    const { clock, config, database } = context;
    const before = addMs(clock.now(), -config.audit.keepDetails);
    if (!(await database.read((reader) => hasOldDetails(reader, before)))) return { kind: "done" };
    await mutate(context, { kind: "system", name: "retention", request: { id } }, async () => ({
      result: undefined,
      audit: [{ workspaceId: "", action: DROPPED, target: "audit", details: { writtenBefore: isoTime(before) } }],
      announce: [],
      jobs: [],
    }));
    let dropped = 0;
    for (;;) {
      if (signal.aborted) return { kind: "snooze", until: addMs(clock.now(), MINUTE) };
      const count = await database.write((writer) => dropDetails(writer, before));
      dropped += count;
      if (count < DROPPED_AT_ONCE) return { kind: "done", progress: { dropped } };
    }
  },
};

/** Entries from before this may rightly have no details any more. */
export async function findDroppedUntil(reader: Reader): Promise<number> {
  const rows = await reader.all<{ details: string | null }>(
    "SELECT details FROM audit_entries WHERE workspace_id = '' AND action = ? AND details IS NOT NULL",
    [DROPPED],
  );
  const times = rows.map(({ details }) => parseIsoTime(String(readDetails(details).details?.writtenBefore)) ?? 0);
  return times.reduce<number>((latest, at) => Math.max(latest, at), 0);
}
