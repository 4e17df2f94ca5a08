import type { Id } from "../../../kernel/ids.ts";
import type { Claim } from "./claim.ts";

/** Claims of a quick endpoint that may wait in memory for a socket, so that no socket waits for a commit. */
const AHEAD_MAX = 256;
const AHEAD_FIRST = 16;

/** One subscription's place at the dispatcher. */
export interface Lane {
  readonly subscriptionId: Id<"sub">;
  /** Something may be due now. */
  due: boolean;
  /** When the next of what waits falls due; Infinity where nothing is known. */
  dueAt: number;
  /** Not to be sent to: paused, disabled, deleted, pulled. Until somebody wakes it. */
  blocked: boolean;
  /** Claimed and written down, waiting for a socket. */
  readonly queue: Claim[];
  inFlight: number;
  /** Answered, the outcome not yet on the disk. */
  unsettled: number;
  /** Rises whenever something may have become due: tells whether that happened during a claim. */
  wakes: number;
  /** How many may be claimed beyond its sockets; 0 for one that is slow or fails. */
  ahead: number;
}

/** How many to claim for a lane, and its wakes when that was decided. */
export interface Turn {
  readonly lane: Lane;
  readonly count: number;
  readonly wakes: number;
}

export interface LaneLimits {
  /** Sockets in all, and per lane. */
  readonly sockets: number;
  readonly socketsPerLane: number;
  /** Claimed and not settled, in all: what a crash may cause to be sent twice. */
  readonly claimed: number;
}

/**
 * Whose turn it is. The walk goes over subscriptions, never over deliveries, so a million rows behind one endpoint are
 * one place in the ring: each lane gets its share of what is free, then goes to the end.
 */
export class Lanes {
  readonly #limits: LaneLimits;
  readonly #all = new Map<Id<"sub">, Lane>();
  /** Lanes that may have something due, in turn; a Set keeps the order of arrival. */
  readonly #due = new Set<Lane>();
  /** Lanes with claims that wait for a socket, in turn. */
  readonly #queued = new Set<Lane>();
  #inFlight = 0;
  #queuedClaims = 0;
  #unsettled = 0;

  constructor(limits: LaneLimits) {
    this.#limits = limits;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  get claimed(): number {
    return this.#inFlight + this.#queuedClaims + this.#unsettled;
  }

  /** Claims that wait for a socket. */
  get queued(): number {
    return this.#queuedClaims;
  }

  lane(subscriptionId: Id<"sub">): Lane {
    const known = this.#all.get(subscriptionId);
    if (known) return known;
    const lane: Lane = {
      subscriptionId,
      due: false,
      dueAt: Number.POSITIVE_INFINITY,
      blocked: false,
      queue: [],
      inFlight: 0,
      unsettled: 0,
      wakes: 0,
      ahead: 0,
    };
    this.#all.set(subscriptionId, lane);
    return lane;
  }

  markDue(lane: Lane): void {
    lane.due = true;
    lane.wakes += 1;
    lane.dueAt = Number.POSITIVE_INFINITY;
    if (!lane.blocked) this.#due.add(lane);
  }

  block(lane: Lane): void {
    lane.blocked = true;
    this.#due.delete(lane);
  }

  unblock(lane: Lane): void {
    lane.blocked = false;
  }

  /** Nothing more is due now; perhaps later. */
  rest(lane: Lane): void {
    lane.due = false;
    this.#due.delete(lane);
    this.#forgetIdle(lane);
  }

  /** Marks all whose time has come. */
  markDueAt(now: number): void {
    for (const lane of this.#all.values()) if (!lane.blocked && lane.dueAt <= now) this.markDue(lane);
  }

  nextDueAt(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const { dueAt, blocked } of this.#all.values()) if (!blocked && dueAt < next) next = dueAt;
    return next;
  }

  /** Takes over what the heads of all queues say. */
  look(heads: readonly { readonly subscription_id: Id<"sub">; readonly due_at: number }[], now: number): void {
    const waiting = new Set<Id<"sub">>();
    for (const { subscription_id, due_at } of heads) {
      waiting.add(subscription_id);
      const lane = this.lane(subscription_id);
      if (due_at > now) lane.dueAt = due_at;
      else if (!lane.due) this.markDue(lane);
    }
    for (const lane of [...this.#all.values()]) {
      if (!lane.blocked || waiting.has(lane.subscriptionId)) continue;
      lane.blocked = false;
      this.rest(lane);
    }
  }

  /**
   * How many to claim for whom: free sockets in even shares first, then what quick endpoints may have ahead.
   * @param settling how many claims end with the transaction that the plan is for
   */
  plan(settling = 0): Turn[] {
    const { sockets, socketsPerLane, claimed } = this.#limits;
    const plan = new Map<Lane, number>();
    const room = claimed - this.claimed + settling;
    const free = Math.min(room, sockets - this.#inFlight - this.#queuedClaims);
    const given = this.#share(plan, free, (lane) => socketsPerLane - lane.inFlight - lane.queue.length);
    this.#share(plan, room - given, (lane) => {
      const held = lane.inFlight + lane.queue.length + (plan.get(lane) ?? 0);
      return lane.ahead === 0 ? 0 : socketsPerLane + lane.ahead - held;
    });
    for (const lane of plan.keys()) {
      this.#due.delete(lane);
      this.#due.add(lane);
    }
    return [...plan].map(([lane, count]) => ({ lane, count, wakes: lane.wakes }));
  }

  #share(plan: Map<Lane, number>, free: number, wants: (lane: Lane) => number): number {
    let left = Math.max(0, free);
    let wanting: { lane: Lane; want: number }[] = [];
    for (const lane of this.#due) {
      if (wanting.length >= left) break;
      const want = wants(lane);
      if (want > 0) wanting.push({ lane, want });
    }
    let given = 0;
    while (left > 0 && wanting.length > 0) {
      const share = Math.max(1, Math.floor(left / wanting.length));
      for (const entry of wanting) {
        const count = Math.min(share, entry.want, left);
        plan.set(entry.lane, (plan.get(entry.lane) ?? 0) + count);
        entry.want -= count;
        left -= count;
        given += count;
      }
      wanting = wanting.filter(({ want }) => want > 0);
    }
    return given;
  }

  enqueue(lane: Lane, claims: readonly Claim[]): void {
    if (claims.length === 0) return;
    lane.queue.push(...claims);
    this.#queuedClaims += claims.length;
    this.#queued.add(lane);
  }

  /** The next claim that may have a socket; lanes take turns. */
  takeNext(): { readonly lane: Lane; readonly claim: Claim } | undefined {
    if (this.#inFlight >= this.#limits.sockets) return undefined;
    for (const lane of this.#queued) {
      if (lane.inFlight >= this.#limits.socketsPerLane) continue;
      const claim = lane.queue.shift();
      this.#queued.delete(lane);
      if (!claim) continue;
      if (lane.queue.length > 0) this.#queued.add(lane);
      this.#queuedClaims -= 1;
      lane.inFlight += 1;
      this.#inFlight += 1;
      return { lane, claim };
    }
    return undefined;
  }

  answered(lane: Lane, { quick }: { readonly quick: boolean }): void {
    lane.inFlight -= 1;
    this.#inFlight -= 1;
    lane.unsettled += 1;
    this.#unsettled += 1;
    lane.ahead = quick ? Math.min(AHEAD_MAX, Math.max(AHEAD_FIRST, lane.ahead * 2)) : 0;
  }

  settled(lane: Lane): void {
    lane.unsettled -= 1;
    this.#unsettled -= 1;
    this.#forgetIdle(lane);
  }

  /** Takes back claims that have no socket yet; they count as unsettled until their rows say so. */
  takeBack(lane: Lane): Claim[] {
    const claims = lane.queue.splice(0);
    this.#queued.delete(lane);
    this.#queuedClaims -= claims.length;
    lane.unsettled += claims.length;
    this.#unsettled += claims.length;
    return claims;
  }

  all(): IterableIterator<Lane> {
    return this.#all.values();
  }

  #forgetIdle(lane: Lane): void {
    const idle = !lane.due && !lane.blocked && lane.inFlight === 0 && lane.unsettled === 0 && lane.queue.length === 0;
    if (idle && lane.dueAt === Number.POSITIVE_INFINITY) this.#all.delete(lane.subscriptionId);
  }
}
