/*
 * Gets due deliveries out.
 *
 * One cycle after another: a transaction writes the outcomes that have come in and claims what is due next, then the
 * claims get sockets as they become free. So an outcome, the next due time and the next claim share a commit, and no
 * delivery costs a commit of its own. Cycles run while there is something to write; otherwise one timer waits for the
 * next due time, a second at most, and looks again at the head of every queue: whatever a wake missed is found there.
 *
 * A claim is only ours while the row says so (`sending`, our name, our epoch). The rows are the queue; all that stands
 * here in memory can be lost at any time.
 */
import type { Context } from "../../../context.ts";
import { gatherFor, type Timer } from "../../../kernel/clock.ts";
import type { Id } from "../../../kernel/ids.ts";
import { describeError } from "../../../kernel/log.ts";
import type { Counter, Histogram } from "../../../kernel/metrics.ts";
import type { Directory } from "../directory.ts";
import { findHealth, listProbes } from "../subscriptions/store.ts";
import { type Claim, type Claimed, claimDue } from "./claim.ts";
import { ClockSteps } from "./clock-steps.ts";
import type { Lane } from "./lane.ts";
import { Lanes, type Turn } from "./lanes.ts";
import { answerKindOf, paceOf } from "./pace.ts";
import { abandoned, type Outcome, sendClaim } from "./send.ts";
import { type Report, rescueOrphans, rescueUnheld, returnClaims, type Settling, settleOutcomes } from "./settle.ts";
import { findHeads } from "./store.ts";

/** Claimed and not settled, as a multiple of the sockets: what a crash may cause to be sent again. */
const CLAIMED_PER_SOCKET = 10;
const TICK_MS = 1_000;
/** So many endpoints are looked up at once to learn how they have answered before. */
const LEARNED_AT_ONCE = 1_000;
const OUTCOMES_PER_CYCLE_MAX = 512;
/** From so many outcomes in a cycle on we are busy, and gather more before the next: a commit costs what it costs. */
const BUSY_OUTCOMES = 32;
/** Gathering ends when nearly all that was claimed has its socket, or after this. */
const GATHER_MAX_MS = 50;
const GATHER_UNTIL_QUEUED = 16;
/** After a database error: the outcomes are kept and written again. */
const ERROR_PAUSE_MS = 1_000;
/** A request that is this long past its time-out has been lost below us: its slot is taken back. */
const LOST_AFTER_MS = 20_000;

export interface DispatcherOptions {
  /** Names this life of the process: what another one has claimed is not ours. */
  readonly claimant: string;
  readonly userAgent: string;
}

type Dispatching = Settling & Pick<Context, "database" | "outbound" | "log" | "metrics">;

interface Flight {
  readonly lane: Lane;
  readonly claim: Claim;
  readonly startedAt: number;
}

interface Written {
  readonly report: Report;
  readonly claimed: readonly Claimed[];
}

export class Dispatcher {
  readonly #context: Dispatching;
  readonly #directory: Directory;
  readonly #options: DispatcherOptions;
  readonly #lanes: Lanes;
  readonly #clockSteps: ClockSteps;
  readonly #flights = new Set<Flight>();
  readonly #abort = new AbortController();
  readonly #attempts: Counter;
  readonly #seconds: Histogram;
  /** Counted here and told to the metrics once per cycle. */
  readonly #verdicts = new Map<string, number>();
  /** When paused subscriptions are asked again. */
  readonly #probes = new Map<Id<"sub">, number>();
  #outcomes: Outcome[] = [];
  #returned: Claim[] = [];
  /** Outcomes written at once; falls when a group can't be written, so that one bad row does not hold up the others. */
  #groupMax = OUTCOMES_PER_CYCLE_MAX;
  #cycling: Promise<void> | undefined;
  /** Something came in while a cycle was about to end. */
  #again = false;
  #timer: Timer | undefined;
  #errorUntil = 0;
  /** A cycle's transaction failed: what it claimed may have been kept all the same. */
  #inDoubt = false;
  #lastScan: number | undefined;
  #started = false;
  #stopping: Promise<void> | undefined;
  #drained: (() => void) | undefined;
  #gathered: (() => void) | undefined;

  constructor(context: Dispatching, directory: Directory, options: DispatcherOptions) {
    this.#context = context;
    this.#directory = directory;
    this.#options = options;
    this.#clockSteps = new ClockSteps(context);
    const { concurrency, concurrencyPerEndpoint } = context.config.webhooks;
    this.#lanes = new Lanes({
      sockets: concurrency,
      socketsPerLane: Math.min(concurrency, concurrencyPerEndpoint),
      claimed: concurrency * CLAIMED_PER_SOCKET,
      timeoutMs: context.config.webhooks.timeout,
    });
    this.#attempts = context.metrics.counter("webhook_attempts_total", "Webhook requests, by what their answer meant.");
    this.#seconds = context.metrics.histogram(
      "webhook_attempt_seconds",
      "How long webhook requests took, from the start to the end of the answer.",
      [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    );
  }

  get inFlight(): number {
    return this.#flights.size;
  }

  /** Slots in use, and endpoints with something to do. */
  statistics(): ReturnType<Lanes["statistics"]> {
    return this.#lanes.statistics();
  }

  /** Takes up what another life left, and begins. */
  async start(): Promise<void> {
    const { database, log } = this.#context;
    let rescued = 0;
    for (;;) {
      const count = await database.write((writer) =>
        rescueOrphans(this.#context, this.#directory, writer, this.#options.claimant),
      );
      rescued += count;
      if (count === 0) break;
    }
    if (rescued > 0) log.info("deliveries that were cut off are due again", { deliveries: rescued });
    this.#started = true;
    await this.#tick();
  }

  /** Something may be due for these; also lifts what kept them from being sent to. */
  wake(subscriptionIds: Iterable<Id<"sub">>): void {
    for (const id of subscriptionIds) {
      const lane = this.#lanes.lane(id);
      this.#lanes.unblock(lane);
      this.#lanes.markDue(lane);
    }
    this.#run();
  }

  /** Takes back what was claimed for a subscription that changed, and looks again. */
  reconsider(subscriptionId: Id<"sub">): void {
    const lane = this.#lanes.lane(subscriptionId);
    this.#returned.push(...this.#lanes.takeBack(lane));
    this.#lanes.forgive(lane);
    this.#lanes.release(lane);
    this.wake([subscriptionId]);
  }

  /** No new claims; waits for the requests under way until the deadline, then hands them back. */
  stop(deadline: AbortSignal): Promise<void> {
    this.#stopping ??= this.#drain(deadline);
    return this.#stopping;
  }

  async #drain(deadline: AbortSignal): Promise<void> {
    this.#timer?.cancel();
    this.#gathered?.();
    for (const lane of this.#lanes.all()) this.#returned.push(...this.#lanes.takeBack(lane));
    if (this.#flights.size > 0) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#drained = resolve;
      if (deadline.aborted) resolve();
      else deadline.addEventListener("abort", () => resolve(), { once: true });
      this.#run();
      await promise;
    }
    this.#abort.abort();
    const now = this.#context.clock.now();
    for (const flight of [...this.#flights]) {
      this.#finish(flight, abandoned(flight.claim, now, "aborted", "The server was stopped."));
    }
    this.#errorUntil = 0;
    this.#run();
    // What came in while a cycle was ending has one of its own.
    while (this.#cycling) await this.#cycling;
  }

  #run(): void {
    this.#again = true;
    if (!this.#started || this.#cycling) return;
    this.#cycling = this.#cycles().finally(() => {
      this.#cycling = undefined;
      if (this.#again) this.#run();
      else this.#arm();
    });
  }

  async #cycles(): Promise<void> {
    const { clock } = this.#context;
    for (;;) {
      this.#again = false;
      if (clock.now() < this.#errorUntil) return;
      if (this.#inDoubt && !(await this.#clearUp())) return;
      if (!this.#stopping && !(await this.#learn())) return;
      const outcomes = this.#outcomes.splice(0, this.#groupMax);
      const returned = this.#returned.splice(0);
      const plan = this.#stopping ? [] : this.#lanes.plan(clock.monotonic(), outcomes.length + returned.length);
      if (outcomes.length === 0 && returned.length === 0 && plan.length === 0) return;
      try {
        const written = await this.#write(outcomes, returned, plan);
        this.#groupMax = OUTCOMES_PER_CYCLE_MAX;
        this.#apply(outcomes, returned, plan, written);
        if (outcomes.length >= BUSY_OUTCOMES) await this.#gather();
      } catch (error) {
        this.#keep(outcomes, returned, error);
      }
    }
  }

  /** How endpoints answered before this process knew them. @returns whether it could be read */
  async #learn(): Promise<boolean> {
    const lanes = this.#lanes.unknown(LEARNED_AT_ONCE);
    if (lanes.length === 0) return true;
    try {
      const ids = lanes.map(({ subscriptionId }) => subscriptionId);
      const rows = await this.#context.database.read((reader) => findHealth(reader, ids));
      const health = new Map(rows.map((row) => [row.subscription_id, row]));
      for (const lane of lanes) this.#lanes.learn(lane, paceOf(health.get(lane.subscriptionId)));
      if (lanes.length === LEARNED_AT_ONCE) this.#again = true;
      return true;
    } catch (error) {
      this.#pause(error, "how endpoints have answered could not be read");
      return false;
    }
  }

  /** Finds the claims that were kept although their transaction failed. Between two cycles: none is on its way to memory. */
  async #clearUp(): Promise<boolean> {
    const held = new Set(
      [
        ...[...this.#flights].map(({ claim }) => claim),
        ...[...this.#lanes.all()].flatMap(({ firsts, retries }) => [...firsts, ...retries]),
        ...this.#outcomes.map(({ claim }) => claim),
        ...this.#returned,
      ].map(({ id, epoch }) => `${id} ${epoch}`),
    );
    const { claimant } = this.#options;
    const isHeld = ({ id, epoch }: Pick<Claim, "id" | "epoch">): boolean => held.has(`${id} ${epoch}`);
    try {
      const rescued = await this.#context.database.write((writer) =>
        rescueUnheld(this.#context, this.#directory, writer, { claimant, isHeld }),
      );
      if (rescued > 0) this.#context.log.warn("claims in doubt are due again", { deliveries: rescued });
      this.#inDoubt = false;
    } catch (error) {
      this.#pause(error);
    }
    return !this.#inDoubt;
  }

  /** Lets answers come in, as long as there are claims to send meanwhile. */
  async #gather(): Promise<void> {
    if (this.#isGathered()) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#gathered = resolve;
    await Promise.race([promise, gatherFor(GATHER_MAX_MS)]);
    this.#gathered = undefined;
  }

  #isGathered(): boolean {
    return (
      this.#stopping !== undefined ||
      this.#lanes.queued <= GATHER_UNTIL_QUEUED ||
      this.#outcomes.length >= OUTCOMES_PER_CYCLE_MAX
    );
  }

  #write(outcomes: readonly Outcome[], returned: readonly Claim[], plan: readonly Turn[]): Promise<Written> {
    const { claimant } = this.#options;
    const wanted = {
      turns: plan.map(({ lane, count }) => ({ subscriptionId: lane.subscriptionId, count, sentAt: lane.sentAt })),
      retries: this.#lanes.retryRoom,
      holdOf: this.#context.outbound.holdOf,
    };
    return this.#context.database.write(async (writer) => {
      const settled = await settleOutcomes(this.#context, this.#directory, writer, outcomes, claimant);
      const back = await returnClaims(this.#context, writer, returned, claimant);
      const claimed = await claimDue(this.#directory, writer, wanted, claimant);
      return { report: { ...settled, settled: [...settled.settled, ...back.settled] }, claimed };
    });
  }

  #apply(
    outcomes: readonly Outcome[],
    returned: readonly Claim[],
    plan: readonly Turn[],
    { report, claimed }: Written,
  ): void {
    for (const [verdict, count] of this.#verdicts) this.#attempts.add(count, { verdict });
    this.#verdicts.clear();
    for (const { claim } of outcomes) this.#lanes.settled(this.#lanes.lane(claim.target.subscriptionId));
    for (const { target } of returned) this.#lanes.settled(this.#lanes.lane(target.subscriptionId));
    const now = this.#context.clock.now();
    for (const [index, { claims, exhausted, probeAt, limited, heldUntil, awaitsRetrySlot }] of claimed.entries()) {
      const turn = plan[index];
      if (!turn) continue;
      const { lane } = turn;
      if (claims) this.#lanes.enqueue(lane, claims);
      if (!claims || claims.length < turn.count) this.#lanes.notTried(lane, turn.count - (claims?.length ?? 0));
      this.#noteProbe(lane.subscriptionId, probeAt);
      lane.limited = limited;
      // Woken since the plan was made: what the transaction did not see yet is looked for once more.
      if (lane.wakes !== turn.wakes) continue;
      if (heldUntil !== undefined) this.#lanes.hold(lane, heldUntil);
      if (!claims || probeAt !== undefined) this.#lanes.block(lane);
      if (exhausted) this.#lanes.rest(lane);
      else if (awaitsRetrySlot) this.#lanes.awaitRetrySlot(lane);
    }
    for (const { subscriptionId, settled } of report.settled) {
      if (settled.status !== "pending") continue;
      const lane = this.#lanes.lane(subscriptionId);
      if (settled.dueAt <= now) this.#lanes.markDue(lane);
      else this.#lanes.dueLater(lane, Math.min(lane.dueAt, settled.dueAt));
    }
    for (const id of [...report.stopped, ...report.held]) {
      const lane = this.#lanes.lane(id);
      this.#returned.push(...this.#lanes.takeBack(lane));
      // Looked at once more, to learn until when.
      this.#lanes.markDue(lane);
    }
    for (const id of report.recovered) {
      const lane = this.#lanes.lane(id);
      this.#lanes.unblock(lane);
      this.#lanes.markDue(lane);
    }
    this.#fill();
  }

  /** Nothing was written: the outcomes stay, to be written again, in smaller groups. */
  #keep(outcomes: readonly Outcome[], returned: readonly Claim[], error: unknown): void {
    this.#groupMax = Math.max(1, outcomes.length >> 1);
    this.#outcomes.push(...outcomes);
    this.#returned.push(...returned);
    this.#inDoubt = true;
    this.#pause(error);
  }

  #pause(error: unknown, what = "outcomes of deliveries could not be written"): void {
    this.#context.log.error(what, {
      outcomes: this.#outcomes.length,
      ...describeError(error),
    });
    this.#errorUntil = this.#context.clock.now() + ERROR_PAUSE_MS;
  }

  #noteProbe(id: Id<"sub">, at: number | undefined): void {
    if (at === undefined) this.#probes.delete(id);
    else this.#probes.set(id, at);
  }

  /** Paused ones whose time has come are looked at again; without anything that waits they stay as they are. */
  #wakeProbes(now: number): void {
    for (const [id, at] of this.#probes) {
      if (at > now) continue;
      this.#probes.delete(id);
      const lane = this.#lanes.lane(id);
      this.#lanes.unblock(lane);
      this.#lanes.markDue(lane);
    }
  }

  /** Gives free sockets to claims, lane by lane. */
  #fill(): void {
    if (this.#stopping) {
      for (const lane of this.#lanes.all()) this.#returned.push(...this.#lanes.takeBack(lane));
      return;
    }
    for (;;) {
      const next = this.#lanes.takeNext();
      if (!next) return;
      this.#send(next.lane, next.claim);
    }
  }

  #send(lane: Lane, claim: Claim): void {
    const flight: Flight = { lane, claim, startedAt: this.#context.clock.monotonic() };
    this.#flights.add(flight);
    lane.sentAt = this.#context.clock.now();
    void sendClaim(this.#context, claim, {
      userAgent: this.#options.userAgent,
      signal: this.#abort.signal,
    }).then((outcome) => this.#finish(flight, outcome));
  }

  #finish(flight: Flight, outcome: Outcome): void {
    if (!this.#flights.delete(flight)) return;
    const { lane, claim, startedAt } = flight;
    const endedAt = this.#context.clock.monotonic();
    const verdict = outcome.verdict.kind;
    this.#verdicts.set(verdict, (this.#verdicts.get(verdict) ?? 0) + 1);
    this.#seconds.observe((endedAt - startedAt) / 1000);
    const answer = { kind: answerKindOf(outcome), retry: claim.attempt > 1, startedAt, endedAt };
    if (this.#lanes.answered(lane, answer)) this.#returned.push(...this.#lanes.takeBack(lane));
    this.#outcomes.push(outcome);
    this.#fill();
    if (this.#stopping && this.#flights.size === 0) this.#drained?.();
    if (this.#gathered && this.#isGathered()) this.#gathered();
    this.#run();
  }

  /** One timer: for the next due time, and for the look around that no wake is needed for. */
  #arm(): void {
    this.#timer?.cancel();
    if (this.#stopping) return;
    const { clock, log } = this.#context;
    const trial = this.#lanes.trialWait(clock.monotonic());
    const wait = Math.max(0, Math.min(TICK_MS, trial, this.#lanes.nextDueAt() - clock.now()));
    this.#timer = clock.after(wait, () => {
      void this.#tick().catch((error) => {
        log.error("the look at what is due failed", describeError(error));
        this.#arm();
      });
    });
  }

  async #tick(): Promise<void> {
    const { clock } = this.#context;
    this.#takeBackLost();
    const monotonic = clock.monotonic();
    if (this.#lastScan === undefined || monotonic - this.#lastScan >= TICK_MS) {
      this.#lastScan = monotonic;
      await this.#scan();
    }
    this.#lanes.markDueAt(clock.now());
    this.#wakeProbes(clock.now());
    this.#run();
  }

  /** The head of every queue, whatever was or was not woken. */
  async #scan(): Promise<void> {
    const { clock, database } = this.#context;
    await this.#clockSteps.follow();
    const { heads, probes } = await database.read(async (reader) => ({
      heads: await findHeads(reader),
      probes: await listProbes(reader),
    }));
    const waiting = new Set(heads.map(({ subscription_id }) => subscription_id));
    for (const { id, paused_until } of probes) if (waiting.has(id)) this.#probes.set(id, paused_until);
    this.#lanes.look(heads, clock.now());
  }

  #takeBackLost(): void {
    const { clock, config } = this.#context;
    const oldest = clock.monotonic() - config.webhooks.timeout - LOST_AFTER_MS;
    for (const flight of [...this.#flights]) {
      if (flight.startedAt >= oldest) continue;
      const message = "No answer, not even of our own socket.";
      this.#finish(flight, abandoned(flight.claim, clock.now(), "timeout", message));
    }
  }
}
