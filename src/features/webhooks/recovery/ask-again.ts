import type { Database } from "../../../database/database.ts";
import { findBodies } from "../../../journal/outbox.ts";
import type { Id } from "../../../kernel/ids.ts";
import type { Sifted } from "../format/sieve.ts";
import type { Sifter } from "../format/sifter.ts";
import type { EndedRow, ReceiverRow } from "./store.ts";

/** Deliveries whose filter is asked at once: their bodies are held. */
export const ASKED_AT_ONCE = 10;

/** What stays skipped, and why: its filter does not want it, or fails. */
const REASON_UNWANTED = "the subscription's filter does not want it";

interface Asking {
  readonly database: Pick<Database, "read">;
  readonly directory: { readonly sifter: Pick<Sifter, "inTurns"> };
}

/**
 * A delivery that was skipped before anything was sent may never have been wanted: its filter failed, or the subscription
 * was disabled by then. The filter is asked as it is now.
 * @returns why what stays skipped does; all others may go
 */
export async function askAgain(
  { database, directory: { sifter } }: Asking,
  { id, event_filter }: Pick<ReceiverRow, "id" | "event_filter">,
  rows: readonly EndedRow[],
): Promise<ReadonlyMap<Id<"dlv">, string>> {
  const staying = new Map<Id<"dlv">, string>();
  if (event_filter === null) return staying;
  const unasked = rows.filter((row) => row.status === "skipped" && row.attempts === 0 && row.has_body === 1);
  if (unasked.length === 0) return staying;
  const found = await database.read((reader) =>
    findBodies(
      reader,
      unasked.map((row) => row.outbound_event_id),
    ),
  );
  const bodies = new Map(found.map((event) => [event.id, event.body]));
  for (const row of unasked) {
    const body = bodies.get(row.outbound_event_id) ?? undefined;
    const said = (await sifter.inTurns([{ id, filter: event_filter }], body)).get(id);
    const reason = reasonOf(said);
    if (reason !== undefined) staying.set(row.id, reason);
  }
  return staying;
}

const reasonOf = (said: Sifted | undefined): string | undefined => {
  if (said === undefined || said === "wanted") return undefined;
  return said === "unwanted" ? REASON_UNWANTED : said.fault;
};
