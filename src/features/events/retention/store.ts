import type { Forget } from "../../../jobs/retention.ts";

/** What a deleted workspace left. */
const forgetEvents: Forget = async (writer, { environmentIds }, limit) => {
  let taken = 0;
  for (const environmentId of environmentIds) {
    taken += await writer.run(
      "DELETE FROM refused_events WHERE id IN (SELECT id FROM refused_events WHERE environment_id = ? LIMIT ?)",
      [environmentId, limit - taken],
    );
    if (taken < limit) await writer.run("DELETE FROM event_types WHERE environment_id = ?", [environmentId]);
  }
  return taken;
};

export const EVENTS_FORGET: readonly Forget[] = [forgetEvents];
