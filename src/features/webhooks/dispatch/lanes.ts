import type { Id } from "../../../kernel/ids.ts";
import type { Claim } from "./claim.ts";
import { capOf, createLane, isIdle, isWaiting, type Lane, queuedOf } from "./lane.ts";
import {
  type AnswerKind,
  afterAnswer,
  classOf,
  FRESH,
  LANE_CLASSES,
  type LaneClass,
  type Pace,
  QUICK_MS,
} from "./pace.ts";
import { roomOf, type Shares, sharesOf, Trials } from "./shares.ts";

/** Claims of a quick endpoint that may wait in memory for a socket, so that no socket waits for a commit. */
const AHEAD_MAX = 256;
const AHEAD_FIRST = 16;
/** How endpoints answered is remembered while nothing waits for them; of so many at most. */
const PACES_MAX = 20_000;
/** Who comes first when a slot is free: the worst, whose shares are the smallest; what all leave is for the quick ones. */
const TURNS: readonly LaneClass[] = ["trial", "silent", "slow", "failing", "quick"];

/** How many to claim for a lane, and its wakes when that was decided. */
export interface Turn {
  readonly lane: Lane;
  readonly count: number;
  readonly wakes: number;
}

export interface LaneLimits {
  /** Slots in all, and per lane: requests under way. */
  readonly sockets: number;
  readonly socketsPerLane: number;
  /** Claimed and not settled, in all: what a crash may cause to be sent twice. */
  readonly claimed: number;
  /** How long a request may hang. */
  readonly timeoutMs: number;
}

const perClass = <T>(make: () => T): Record<LaneClass, T> => ({
  trial: make(),
  quick: make(),
  failing: make(),
  slow: make(),
  silent: make(),
});

/**
 * Whose turn it is. The walk goes over subscriptions, never over deliveries, so a million rows behind one endpoint are
 * one place in the ring: each lane gets its share of what is free for its class, then goes to the end. What an endpoint
 * may have is in `pace.ts`, what a class may have in `shares.ts`.
 */
export class Lanes {
  readonly #limits: LaneLimits;
  readonly #shares: Shares;
  readonly #trials: Trials;
  readonly #all = new Map<Id<"sub">, Lane>();
  /** Of lanes that are forgotten, the latest last. */
  readonly #paces = new Map<Id<"sub">, Pace>();
  /** Lanes that may have something due, in turn; a Set keeps the order of arrival. */
  readonly #due = perClass(() => new Set<Lane>());
  /** Due, and not known yet how they answer. */
  readonly #unknown = new Set<Lane>();
  /** Lanes with claims that wait for a socket, in turn. */
  readonly #queued = new Set<Lane>();
  readonly #awaitRetrySlot = new Set<Lane>();
  readonly #inFlightOf = perClass(() => 0);
  readonly #queuedOf = perClass(() => 0);
  #inFlight = 0;
  #retriesInFlight = 0;
  #queuedClaims = 0;
  #queuedRetries = 0;
  #unsettled = 0;
  /** No lane falls due before this; it may be earlier than any. */
  #nextDueAt = Number.POSITIVE_INFINITY;
  /** Of the trials the latest one to come: it and the longest waiting one take turns. */
  #newestTrial: Lane | undefined;
  #newestFirst = true;

  constructor(limits: LaneLimits) {
    this.#limits = limits;
    this.#shares = sharesOf(limits.sockets);
    this.#trials = new Trials(this.#shares, limits.timeoutMs);
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

  /** How many retries may be claimed: three quarters of the slots are theirs at most, and of the claims. */
  get retryRoom(): number {
    const share = this.#shares.retries / this.#limits.sockets;
    return Math.floor(this.#limits.claimed * share) - this.#retriesInFlight - this.#queuedRetries;
  }

  /** Slots in use and lanes with something to do, by class. */
  statistics(): Readonly<Record<LaneClass, { readonly slots: number; readonly lanes: number }>> {
    const found = perClass(() => ({ slots: 0, lanes: 0 }));
    for (const lane of this.#all.values()) found[lane.class].lanes += 1;
    for (const kind of LANE_CLASSES) found[kind].slots = this.#inFlightOf[kind];
    return found;
  }

  lane(subscriptionId: Id<"sub">): Lane {
    const known = this.#all.get(subscriptionId);
    if (known) return known;
    const pace = this.#paces.get(subscriptionId);
    const lane = createLane(subscriptionId, pace, pace ? classOf(pace) : "trial");
    this.#all.set(subscriptionId, lane);
    return lane;
  }

  markDue(lane: Lane): void {
    lane.due = true;
    lane.wakes += 1;
    lane.dueAt = Number.POSITIVE_INFINITY;
    lane.awaitsRetrySlot = false;
    this.#place(lane);
  }

  /** Something of it falls due then. */
  dueLater(lane: Lane, at: number): void {
    lane.dueAt = at;
    this.#nextDueAt = Math.min(this.#nextDueAt, at);
  }

  block(lane: Lane): void {
    lane.blocked = true;
    this.#place(lane);
  }

  unblock(lane: Lane): void {
    lane.blocked = false;
    this.#place(lane);
  }

  /** Nothing of it goes out before. */
  hold(lane: Lane, until: number): void {
    lane.heldUntil = until;
    this.#nextDueAt = Math.min(this.#nextDueAt, until);
    this.#place(lane);
  }

  /** What held it may be gone: whoever claims next sees. */
  release(lane: Lane): void {
    lane.heldUntil = 0;
    this.#place(lane);
  }

  /** Only retries of it are due, and they have all their slots: it waits until one of these is free. */
  awaitRetrySlot(lane: Lane): void {
    lane.awaitsRetrySlot = true;
    this.#awaitRetrySlot.add(lane);
    this.#place(lane);
  }

  /** Nothing more is due now; perhaps later. */
  rest(lane: Lane): void {
    lane.due = false;
    this.#place(lane);
    this.#forgetIdle(lane);
  }

  /** Marks all whose time has come. */
  markDueAt(now: number): void {
    if (now < this.#nextDueAt) return;
    let next = Number.POSITIVE_INFINITY;
    for (const lane of this.#all.values()) {
      if (lane.heldUntil !== 0 && lane.heldUntil <= now) this.release(lane);
      if (!lane.blocked && lane.dueAt <= now) this.markDue(lane);
      next = Math.min(next, lane.blocked ? Number.POSITIVE_INFINITY : lane.dueAt, lane.heldUntil || next);
    }
    this.#nextDueAt = next;
  }

  /** @param now monotonic. @returns milliseconds until a trial that waits may begin; Infinity where none waits */
  trialWait(now: number): number {
    return this.#due.trial.size === 0 ? Number.POSITIVE_INFINITY : this.#trials.wait(now) || Number.POSITIVE_INFINITY;
  }

  /** Not later than the first time at which one falls due. */
  nextDueAt(): number {
    return this.#nextDueAt;
  }

  /** Takes over what the heads of all queues say. */
  look(heads: readonly { readonly subscription_id: Id<"sub">; readonly due_at: number }[], now: number): void {
    const waiting = new Set<Id<"sub">>();
    for (const { subscription_id, due_at } of heads) {
      waiting.add(subscription_id);
      const lane = this.lane(subscription_id);
      if (due_at > now) this.dueLater(lane, due_at);
      else if (!lane.due) this.markDue(lane);
    }
    for (const lane of [...this.#all.values()]) {
      if (!lane.blocked || waiting.has(lane.subscriptionId)) continue;
      lane.blocked = false;
      this.rest(lane);
    }
  }

  /** Lanes that are due and of which it is not known how they answer. */
  unknown(limit: number): Lane[] {
    return [...this.#unknown.values().take(limit)];
  }

  learn(lane: Lane, pace: Pace): void {
    lane.pace ??= pace;
    this.#reclass(lane);
    this.#place(lane);
  }

  /** Somebody changed it: what is known of it may no longer be so. */
  forgive(lane: Lane): void {
    if (!lane.pace || lane.class === "quick") return;
    lane.pace = FRESH;
    this.#reclass(lane);
    this.#place(lane);
  }

  /**
   * How many to claim for whom: free slots first, class by class, then what quick endpoints may have ahead.
   * @param now monotonic
   * @param settling how many claims end with the transaction that the plan is for
   */
  plan(now: number, settling = 0): Turn[] {
    const plan = new Map<Lane, number>();
    let room = this.#limits.claimed - this.claimed + settling;
    let slots = this.#limits.sockets - this.#inFlight - this.#ready();
    const has = perClass(() => 0);
    for (const kind of LANE_CLASSES) has[kind] = this.#inFlightOf[kind] + this.#queuedOf[kind];
    for (const kind of TURNS) {
      const most = Math.min(room, slots, roomOf(this.#shares, kind, has));
      const count = this.#shareOut(plan, kind, { most, slots, now });
      has[kind] += count;
      slots -= count;
      room -= count;
    }
    this.#share(plan, this.#due.quick, room, (lane) => {
      if (lane.ahead === 0 || lane.limited) return 0;
      return capOf(lane) + lane.ahead - lane.inFlight - queuedOf(lane) - (plan.get(lane) ?? 0);
    });
    for (const lane of plan.keys()) {
      this.#due[lane.class].delete(lane);
      this.#due[lane.class].add(lane);
    }
    return [...plan].map(([lane, count]) => ({ lane, count, wakes: lane.wakes }));
  }

  #shareOut(
    plan: Map<Lane, number>,
    kind: LaneClass,
    { most, slots, now }: { readonly most: number; readonly slots: number; readonly now: number },
  ): number {
    const wants = (lane: Lane): number => capOf(lane) - lane.inFlight - queuedOf(lane);
    if (kind === "trial") {
      const count = this.#share(plan, this.#trialsInTurn(), Math.min(most, this.#trials.free(now)), wants);
      this.#trials.take(count);
      if (count > 0) this.#newestFirst = !this.#newestFirst;
      return count;
    }
    if (kind !== "quick") return this.#share(plan, this.#due[kind], most, wants);
    const { kept, few } = this.#shares;
    const open = this.#share(plan, this.#due.quick, Math.min(most, slots - kept), wants);
    const rest = this.#share(plan, this.#due.quick, most - open, (lane) => {
      const more = plan.get(lane) ?? 0;
      return Math.min(wants(lane) - more, few - lane.inFlight - lane.firsts.length - more);
    });
    return open + rest;
  }

  /** The newest and the longest waiting one by turns: neither who comes now nor who came first waits for all others. */
  *#trialsInTurn(): Iterable<Lane> {
    const newest = this.#newestTrial;
    if (newest && this.#newestFirst && this.#due.trial.has(newest)) yield newest;
    for (const lane of this.#due.trial) if (lane !== newest || !this.#newestFirst) yield lane;
  }

  #share(plan: Map<Lane, number>, lanes: Iterable<Lane>, free: number, wants: (lane: Lane) => number): number {
    let left = Math.max(0, free);
    if (left === 0) return 0;
    let wanting: { lane: Lane; want: number }[] = [];
    for (const lane of lanes) {
      if (wanting.length >= left) break;
      const want = wants(lane);
      if (want > 0) wanting.push({ lane, want });
    }
    let given = 0;
    while (left > 0 && wanting.length > 0) {
      const share = Math.max(1, Math.floor(left / wanting.length));
      for (const entry of wanting) {
        const count = Math.min(share, entry.want, left);
        if (count === 0) break;
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
    for (const claim of claims) (claim.attempt > 1 ? lane.retries : lane.firsts).push(claim);
    this.#countQueued(lane, claims.length, claims.filter(({ attempt }) => attempt > 1).length);
    this.#queued.add(lane);
  }

  /** The next claim that may have a slot; lanes take turns. */
  takeNext(): { readonly lane: Lane; readonly claim: Claim } | undefined {
    if (this.#inFlight >= this.#limits.sockets) return undefined;
    for (const lane of this.#queued) {
      if (this.#mayTake(lane) <= 0) continue;
      const claim = this.#next(lane);
      if (!claim) continue;
      this.#queued.delete(lane);
      if (queuedOf(lane) > 0) this.#queued.add(lane);
      const retry = claim.attempt > 1 ? 1 : 0;
      this.#countQueued(lane, -1, -retry);
      this.#retriesInFlight += retry;
      lane.inFlight += 1;
      this.#inFlight += 1;
      this.#inFlightOf[lane.class] += 1;
      return { lane, claim };
    }
    return undefined;
  }

  /** The longest due one, unless it is a retry and these have all that they may have. */
  #next({ firsts, retries }: Lane): Claim | undefined {
    const [first] = firsts;
    const [retry] = this.#retriesInFlight < this.#shares.retries ? retries : [];
    if (!first || (retry && retry.dueAt <= first.dueAt)) return retry && retries.shift();
    return firsts.shift();
  }

  /** How many more slots it may have now, of those that are free. */
  #mayTake(lane: Lane): number {
    const { kept, few } = this.#shares;
    const own = capOf(lane) - lane.inFlight;
    if (lane.class !== "quick") return Math.min(own, roomOf(this.#shares, lane.class, this.#inFlightOf));
    return this.#inFlight < this.#limits.sockets - kept ? own : Math.min(own, few - lane.inFlight);
  }

  /** How many of the free slots are for claims that wait. */
  #ready(): number {
    let ready = 0;
    for (const lane of this.#queued) {
      const retries = Math.min(lane.retries.length, Math.max(0, this.#shares.retries - this.#retriesInFlight));
      ready += Math.max(0, Math.min(this.#mayTake(lane), lane.firsts.length + retries));
    }
    return ready;
  }

  /**
   * Its request has ended.
   * @returns whether it is worse than it was: what is claimed ahead for it is better given back
   */
  answered(
    lane: Lane,
    answer: {
      readonly kind: AnswerKind;
      readonly retry: boolean;
      readonly startedAt: number;
      readonly endedAt: number;
    },
  ): boolean {
    const was = lane.class;
    lane.inFlight -= 1;
    this.#inFlight -= 1;
    this.#inFlightOf[was] -= 1;
    lane.unsettled += 1;
    this.#unsettled += 1;
    if (answer.retry) this.#retrySlotFreed();
    if (lane.pace) lane.pace = afterAnswer(lane.pace, answer, this.#limits.socketsPerLane);
    this.#reclass(lane);
    this.#place(lane);
    const quick = answer.kind === "good" && answer.endedAt - answer.startedAt <= QUICK_MS && lane.class === "quick";
    lane.ahead = quick ? Math.min(AHEAD_MAX, Math.max(AHEAD_FIRST, lane.ahead * 2)) : 0;
    if (was === "trial" && answer.kind !== "trouble") this.#trials.giveBack(answer.kind === "good" ? 2 : 1);
    return was === "quick" && lane.class !== "quick";
  }

  /** A trial was planned for it, and there was nothing that could be sent. */
  notTried(lane: Lane, count: number): void {
    if (lane.class === "trial") this.#trials.giveBack(count);
  }

  settled(lane: Lane): void {
    lane.unsettled -= 1;
    this.#unsettled -= 1;
    this.#forgetIdle(lane);
  }

  /** Takes back claims that have no socket yet; they count as unsettled until their rows say so. */
  takeBack(lane: Lane): Claim[] {
    const retries = lane.retries.splice(0);
    const claims = [...lane.firsts.splice(0), ...retries];
    this.#queued.delete(lane);
    this.#countQueued(lane, -claims.length, -retries.length);
    lane.unsettled += claims.length;
    this.#unsettled += claims.length;
    return claims;
  }

  all(): IterableIterator<Lane> {
    return this.#all.values();
  }

  #countQueued(lane: Lane, claims: number, retries: number): void {
    this.#queuedClaims += claims;
    this.#queuedOf[lane.class] += claims;
    this.#queuedRetries += retries;
  }

  #retrySlotFreed(): void {
    this.#retriesInFlight -= 1;
    for (const lane of this.#awaitRetrySlot) {
      lane.awaitsRetrySlot = false;
      this.#place(lane);
    }
    this.#awaitRetrySlot.clear();
  }

  #reclass(lane: Lane): void {
    const kind = lane.pace ? classOf(lane.pace) : "trial";
    if (kind === lane.class) return;
    const queued = queuedOf(lane);
    this.#due[lane.class].delete(lane);
    this.#inFlightOf[lane.class] -= lane.inFlight;
    this.#queuedOf[lane.class] -= queued;
    lane.class = kind;
    this.#inFlightOf[kind] += lane.inFlight;
    this.#queuedOf[kind] += queued;
  }

  /** Where it stands if something is due; who stands there already keeps the place. */
  #place(lane: Lane): void {
    const ring = isWaiting(lane) ? (lane.pace ? this.#due[lane.class] : this.#unknown) : undefined;
    if (ring !== this.#unknown) this.#unknown.delete(lane);
    if (ring === undefined) this.#due[lane.class].delete(lane);
    if (ring === this.#due.trial && !ring.has(lane)) this.#newestTrial = lane;
    ring?.add(lane);
  }

  #forgetIdle(lane: Lane): void {
    if (!isIdle(lane)) return;
    const { subscriptionId, pace } = lane;
    this.#all.delete(subscriptionId);
    this.#paces.delete(subscriptionId);
    if (!pace) return;
    this.#paces.set(subscriptionId, pace);
    const [oldest] = this.#paces.keys();
    if (this.#paces.size > PACES_MAX && oldest !== undefined) this.#paces.delete(oldest);
  }
}
