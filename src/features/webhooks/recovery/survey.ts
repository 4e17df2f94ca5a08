import { firstIdAt, type Id } from "../../../kernel/ids.ts";
import { addMs, DAY, type UnixMs } from "../../../kernel/units.ts";
import { longReads } from "../long-reads.ts";
import type { Room } from "../room.ts";
import { ASKED_AT_ONCE, askAgain } from "./ask-again.ts";
import { Audience, findMissing, listenerOf } from "./missing.ts";
import type { Recoverable } from "./schema.ts";
import { type EndedRow, listEnded, listLogged, type ReceiverRow } from "./store.ts";
import type { Wanted } from "./types.ts";

/** How long the bodies of outbound events are kept: nothing older can be sent. */
const LOG_KEPT = 30 * DAY;
/** Rows looked at in one question: some milliseconds. */
const PAGE_ROWS = 500;

type Surveying = Pick<Room, "database" | "clock" | "catalogue" | "directory">;

/** What there is to bring back at one subscription. */
export interface Survey {
  readonly ended: Record<Recoverable, number>;
  /** Events that no delivery was made of. */
  missed: number;
  /** Ended, but nothing is left to send. */
  bodyPurged: number;
  /** Skipped, and the subscription's filter does not want them, or still fails. */
  unwanted: number;
  /** Between which events some were missed. */
  eventsFrom: string | null;
  eventsTo: string | null;
}

export interface Surveyed {
  readonly bySubscription: ReadonlyMap<Id<"sub">, Survey>;
  /** False where the bound was reached, or the work was cut off. */
  readonly complete: boolean;
}

export interface SurveyBounds {
  /** Rows looked at in all. */
  readonly rowsMax: number;
  /** Asked again and again. */
  readonly mayGoOn: () => boolean;
}

/** Whether it is one of those that were asked for. */
export const isWanted = (wanted: Wanted, row: { readonly status: string; readonly ended_at: UnixMs | null }): boolean =>
  row.ended_at !== null &&
  row.ended_at >= wanted.since &&
  row.ended_at <= wanted.until &&
  (wanted.statuses as readonly string[]).includes(row.status);

/** The last outbound event that is too early for a subscription, and the last one that is not too late. */
export function logBounds(wanted: Wanted, now: UnixMs, { created_at }: Pick<ReceiverRow, "created_at">) {
  const from = Math.max(wanted.since, created_at, addMs(now, -LOG_KEPT)) as UnixMs;
  return { from: firstIdAt("evt", from), to: firstIdAt("evt", addMs(wanted.until, 1)) };
}

/** Counts, page by page and in turns with its like, and changes nothing. */
export function survey(
  room: Surveying,
  environmentId: Id<"env">,
  receivers: readonly ReceiverRow[],
  wanted: Wanted,
  bounds: SurveyBounds,
): Promise<Surveyed> {
  const bySubscription = new Map<Id<"sub">, Survey>();
  const budget = { left: bounds.rowsMax };
  const mayGoOn = (): boolean => budget.left > 0 && bounds.mayGoOn();
  return longReads.run(async (rest) => {
    const walk = { wanted, bySubscription, budget, mayGoOn, rest };
    let complete = true;
    for (const receiver of receivers) complete = (await surveyEnded(room, receiver, walk)) && complete;
    const isLogWhole = await surveyLog(room, environmentId, receivers, walk);
    return { bySubscription, complete: complete && isLogWhole };
  });
}

interface Walk {
  readonly wanted: Wanted;
  readonly bySubscription: Map<Id<"sub">, Survey>;
  readonly budget: { left: number };
  readonly mayGoOn: () => boolean;
  readonly rest: () => Promise<void>;
}

/** What ended at one of them: @returns whether all of it was looked at */
async function surveyEnded(
  room: Surveying,
  receiver: ReceiverRow,
  { wanted, bySubscription, budget, mayGoOn, rest }: Walk,
): Promise<boolean> {
  const own = nothingYet();
  bySubscription.set(receiver.id, own);
  let after = firstIdAt("dlv", 0 as UnixMs) as string;
  while (mayGoOn()) {
    await rest();
    const start = after;
    const rows = await room.database.read((reader) => listEnded(reader, receiver.id, start, PAGE_ROWS));
    const asked = rows.filter((row) => isWanted(wanted, row));
    const atOnce = receiver.event_filter === null ? PAGE_ROWS : ASKED_AT_ONCE;
    for (let at = 0; at < asked.length; at += atOnce) {
      if (!mayGoOn()) return false;
      const some = asked.slice(at, at + atOnce);
      const staying = await askAgain(room, receiver, some);
      for (const row of some) count(own, row, staying.has(row.id));
      await rest();
    }
    budget.left -= rows.length;
    after = rows.at(-1)?.id ?? after;
    if (rows.length < PAGE_ROWS) return true;
  }
  return false;
}

const nothingYet = (): Survey => ({
  ended: { failed: 0, skipped: 0, canceled: 0 },
  missed: 0,
  bodyPurged: 0,
  unwanted: 0,
  eventsFrom: null,
  eventsTo: null,
});

function count(own: Survey, row: EndedRow, isStaying: boolean): void {
  if (row.has_body === 0) own.bodyPurged += 1;
  else if (isStaying) own.unwanted += 1;
  else own.ended[row.status as Recoverable] += 1;
}

/** The log once for all of them: @returns whether it was walked to its end */
async function surveyLog(
  room: Surveying,
  environmentId: Id<"env">,
  receivers: readonly ReceiverRow[],
  { wanted, bySubscription, budget, mayGoOn, rest }: Walk,
): Promise<boolean> {
  const now = room.clock.now();
  const listeners = receivers.map((row) => listenerOf(row, logBounds(wanted, now, row).from));
  const { to } = logBounds(wanted, now, { created_at: 0 as UnixMs });
  const audience = new Audience(room.catalogue, listeners);
  let after: string = listeners.map(({ from }) => from).sort()[0] ?? to;
  while (after < to) {
    if (!mayGoOn()) return false;
    await rest();
    const start = after;
    const page = await room.database.read((reader) =>
      listLogged(reader, environmentId, { after: start, to, stretch: PAGE_ROWS }),
    );
    const events = page.events.filter(({ has_body }) => has_body === 1);
    for (const { event, subscriptionId } of await findMissing(room, events, audience, { rest, mayGoOn })) {
      const own = bySubscription.get(subscriptionId);
      if (!own) continue;
      own.missed += 1;
      own.eventsFrom ??= event.id;
      own.eventsTo = event.id;
    }
    budget.left -= PAGE_ROWS;
    if (!mayGoOn()) return false;
    if (page.walked === undefined) return true;
    after = page.walked;
  }
  return true;
}

/** How many would be sent. */
export const toSend = ({ ended, missed }: Survey): number => ended.failed + ended.skipped + ended.canceled + missed;

/** How many a recovery looks after, those that it leaves as they are included. */
export const toDo = (own: Survey): number => toSend(own) + own.bodyPurged + own.unwanted;
