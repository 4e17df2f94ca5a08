import type { Reader } from "../../../database/database.ts";
import { findBodies } from "../../../journal/outbox.ts";
import { letOthersRun } from "../../../kernel/clock.ts";
import { deriveId, type Id } from "../../../kernel/ids.ts";
import { findTaken } from "../deliveries/store.ts";
import type { Sifted } from "../format/sieve.ts";
import type { Room } from "../room.ts";
import { type LoggedEvent, listTakers, type ReceiverRow } from "./store.ts";

/** Whoever would be sent what the log has. */
export interface Listener {
  readonly id: Id<"sub">;
  readonly patterns: readonly string[];
  readonly filter: string | undefined;
  /** It hears of nothing that happened before it was made. */
  readonly from: string;
}

export const listenerOf = ({ id, events, event_filter }: ReceiverRow, from: string): Listener => ({
  id,
  patterns: JSON.parse(events) as string[],
  filter: event_filter ?? undefined,
  from,
});

/** All who listen, by what they want: of ten thousand few want the type of one event. */
export class Audience {
  readonly listeners: readonly Listener[];
  readonly #catalogue: Pick<Room["catalogue"], "matches">;
  readonly #byType = new Map<string, readonly Listener[]>();

  constructor(catalogue: Pick<Room["catalogue"], "matches">, listeners: readonly Listener[]) {
    this.#catalogue = catalogue;
    this.listeners = listeners;
  }

  wanting(type: string): readonly Listener[] {
    const known = this.#byType.get(type);
    if (known) return known;
    const found = this.listeners.filter(({ patterns }) => this.#catalogue.matches(patterns, type));
    this.#byType.set(type, found);
    return found;
  }
}

/** An event that a subscription wants, and that no delivery was made of. */
export interface Missing {
  readonly event: LoggedEvent;
  readonly subscriptionId: Id<"sub">;
  /** The id that a fan-out would give it: whoever comes second finds it taken. */
  readonly deliveryId: Id<"dlv">;
  /** What the subscription's filter says by now; never `unwanted`. */
  readonly sifted: Sifted;
}

type Finding = Pick<Room, "database" | "directory">;

/** Deliveries of events looked at in one question; an event with more than these was fanned out by a job. */
const TAKERS_MAX = 2_000;
const EVENTS_AT_ONCE = 100;
/** Events with those that want them, looked at in one go; one event may have more. */
const WANTED_AT_ONCE = 10_000;
const PAIRS_AT_ONCE = 1_000;
/** Bodies held at once, for the filters. */
const BODIES_AT_ONCE = 20;

const deliveryIdOf = (event: Pick<LoggedEvent, "id" | "created_at">, subscriptionId: Id<"sub">): Id<"dlv"> =>
  deriveId("dlv", event.created_at, `${event.id}:${subscriptionId}`);

const isFor = ({ id, from }: Listener, event: LoggedEvent): boolean =>
  event.id > from &&
  event.about_subscription_id !== id &&
  (event.sole_subscription_id === null || event.sole_subscription_id === id);

/** How others have their turn meanwhile, and whether there is time left. */
interface Leave {
  readonly rest: () => Promise<void>;
  readonly mayGoOn: () => boolean;
}
const UNHURRIED: Leave = { rest: letOthersRun, mayGoOn: () => true };

/** Of the events of a page, those that somebody wants and has no delivery of; each question is short. */
export async function findMissing(
  { database, directory }: Finding,
  events: readonly LoggedEvent[],
  audience: Audience,
  { rest, mayGoOn }: Leave = UNHURRIED,
): Promise<Missing[]> {
  const missing: Missing[] = [];
  let wanted: Pair[] = [];
  let looked = 0;
  for (const [place, event] of events.entries()) {
    const own = audience.wanting(event.type).filter((one) => isFor(one, event));
    wanted = [...wanted, ...own.map(({ id }) => ({ event, subscriptionId: id }))];
    looked += 1;
    const isFull = looked === EVENTS_AT_ONCE || wanted.length >= WANTED_AT_ONCE || place === events.length - 1;
    if (!isFull) continue;
    if (wanted.length > 0) {
      const open = await withoutDelivery(database.read, wanted);
      missing.push(...(await sift(database.read, directory, open, audience.listeners)));
    }
    wanted = [];
    looked = 0;
    await rest();
    if (!mayGoOn()) return missing;
  }
  return missing;
}

/** Leaves out what the filters do not let through. */
async function sift(
  read: Read,
  { sifter }: Room["directory"],
  pairs: readonly Missing[],
  listeners: readonly Listener[],
): Promise<Missing[]> {
  const filters = new Map(listeners.map(({ id, filter }) => [id, filter]));
  if (!listeners.some(({ filter }) => filter !== undefined)) return [...pairs];
  const sifted: Missing[] = [];
  const byEvent = [...Map.groupBy(pairs, ({ event }) => event.id)];
  for (let at = 0; at < byEvent.length; at += BODIES_AT_ONCE) {
    const some = byEvent.slice(at, at + BODIES_AT_ONCE);
    const asked = some.filter(([, own]) => own.some(({ subscriptionId }) => filters.get(subscriptionId) !== undefined));
    const ids = asked.map(([id]) => id);
    const bodies = new Map((await read((reader) => findBodies(reader, ids))).map(({ id, body }) => [id, body]));
    for (const [id, own] of some) {
      const subscriptions = own.map(({ subscriptionId }) => ({
        id: subscriptionId,
        filter: filters.get(subscriptionId),
      }));
      const said = await sifter.inTurns(subscriptions, bodies.get(id) ?? undefined);
      for (const pair of own) {
        const verdict = said.get(pair.subscriptionId) ?? "wanted";
        if (verdict !== "unwanted") sifted.push({ ...pair, sifted: verdict });
      }
    }
  }
  return sifted;
}

type Pair = Omit<Missing, "deliveryId" | "sifted">;
type Read = <T>(ask: (reader: Reader) => Promise<T>) => Promise<T>;

async function withoutDelivery(read: Read, pairs: readonly Pair[]): Promise<Missing[]> {
  const ids = [...new Set(pairs.map(({ event }) => event.id))];
  const takers = await read((reader) => listTakers(reader, ids, TAKERS_MAX));
  if (takers.length < TAKERS_MAX) {
    const taken = new Set(takers.map((row) => `${row.outbound_event_id} ${row.subscription_id}`));
    return pairs.filter(({ event, subscriptionId }) => !taken.has(`${event.id} ${subscriptionId}`)).map(named);
  }
  // The answer was cut. Of one event with so many, a fan-out has given all deliveries their ids.
  if (ids.length === 1) return withoutDerived(read, pairs.map(named));
  const missing: Missing[] = [];
  for (const own of Map.groupBy(pairs, ({ event }) => event.id).values()) {
    missing.push(...(await withoutDelivery(read, own)));
  }
  return missing;
}

async function withoutDerived(read: Read, pairs: readonly Missing[]): Promise<Missing[]> {
  const missing: Missing[] = [];
  for (let at = 0; at < pairs.length; at += PAIRS_AT_ONCE) {
    const some = pairs.slice(at, at + PAIRS_AT_ONCE);
    const ids = some.map(({ deliveryId }) => deliveryId);
    const taken = await read((reader) => findTaken(reader, ids));
    missing.push(...some.filter(({ deliveryId }) => !taken.has(deliveryId)));
  }
  return missing;
}

const named = (pair: Pair): Missing => ({
  ...pair,
  deliveryId: deliveryIdOf(pair.event, pair.subscriptionId),
  sifted: "wanted",
});
