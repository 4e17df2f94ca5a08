import type { Reader } from "../../../database/database.ts";
import type { Id } from "../../../kernel/ids.ts";
import type { UnixMs } from "../../../kernel/units.ts";
import { findStanding } from "../subscriptions/store.ts";
import { findHeld } from "./holds/held.ts";
import { findHeads, findOldestSending, findWaitingFor, type Head } from "./store.ts";

export const WAITING_CLASSES = ["slot", "rateLimit", "retry", "pause"] as const;
export type WaitingClass = (typeof WAITING_CLASSES)[number];

/** Since when the longest due one has been due; undefined where none is. */
export interface OldestDue {
  /** Whatever it waits for, and also while it is under way. */
  readonly any: UnixMs | undefined;
  readonly waiting: Readonly<Record<WaitingClass, UnixMs | undefined>>;
}

/** Of the heads of all queues, by what keeps them: held and paused ones are no exception, so that nothing is forgotten. */
export async function findOldestDue(reader: Reader, now: UnixMs): Promise<OldestDue> {
  const due = (await findHeads(reader)).filter(({ due_at }) => due_at <= now).sort((a, b) => a.due_at - b.due_at);
  const ids = due.map(({ subscription_id }) => subscription_id);
  const standing = new Map((await findStanding(reader, ids)).map((row) => [row.id, row]));
  const held = await findHeld(reader, ids, now);
  const free: Head[] = [];
  const waiting: Record<WaitingClass, UnixMs | undefined> = {
    slot: undefined,
    rateLimit: undefined,
    retry: undefined,
    pause: undefined,
  };
  for (const head of due) {
    const { subscription_id: id, due_at } = head;
    const row = standing.get(id);
    // What is pulled waits for its caller, and for none of these.
    if (row?.mode === "pull") continue;
    if (row?.status === "paused") waiting.pause ??= due_at;
    else if (held.has(id)) waiting.rateLimit ??= due_at;
    else free.push(head);
  }
  for (const { subscription_id, due_at } of free) {
    if (waiting.slot !== undefined && waiting.retry !== undefined) break;
    waiting[await classOfHead(reader, subscription_id)] ??= due_at;
  }
  const sending = await findOldestSending(reader);
  const all = [due[0]?.due_at, sending].filter((at) => at !== undefined);
  return { any: all.length === 0 ? undefined : (Math.min(...all) as UnixMs), waiting };
}

const classOfHead = async (reader: Reader, id: Id<"sub">): Promise<"retry" | "slot"> =>
  (await findWaitingFor(reader, id)) === "retry" ? "retry" : "slot";
