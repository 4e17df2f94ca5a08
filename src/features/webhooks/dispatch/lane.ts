import type { Id } from "../../../kernel/ids.ts";
import type { Claim } from "./claim.ts";
import type { LaneClass, Pace } from "./pace.ts";

/** One subscription's place at the dispatcher. */
export interface Lane {
  readonly subscriptionId: Id<"sub">;
  /** Something may be due now. */
  due: boolean;
  /** When the next of what waits falls due; Infinity where nothing is known. */
  dueAt: number;
  /** Not to be sent to: paused, disabled, deleted, pulled. Until somebody wakes it. */
  blocked: boolean;
  /** Not before: a rate limit, or the endpoint's own wish. 0 where nothing holds it. */
  heldUntil: number;
  /** Only retries are due, and those have all the slots that they may have. */
  awaitsRetrySlot: boolean;
  /** Undefined until it is known what is on record. */
  pace: Pace | undefined;
  class: LaneClass;
  /** Has a rate limit: nothing is claimed before it can go. */
  limited: boolean;
  /** Claimed and written down, waiting for a socket. */
  readonly firsts: Claim[];
  readonly retries: Claim[];
  inFlight: number;
  /** Answered, the outcome not yet on the disk. */
  unsettled: number;
  /** Rises whenever something may have become due: tells whether that happened during a claim. */
  wakes: number;
  /** How many may be claimed beyond its sockets; 0 for one that is not quick. */
  ahead: number;
  /** When its latest request began, on the wall clock. */
  sentAt: number;
}

export function createLane(subscriptionId: Id<"sub">, pace: Pace | undefined, kind: LaneClass): Lane {
  return {
    subscriptionId,
    due: false,
    dueAt: Number.POSITIVE_INFINITY,
    blocked: false,
    heldUntil: 0,
    awaitsRetrySlot: false,
    pace,
    class: kind,
    limited: false,
    firsts: [],
    retries: [],
    inFlight: 0,
    unsettled: 0,
    wakes: 0,
    ahead: 0,
    sentAt: 0,
  };
}

export const queuedOf = ({ firsts, retries }: Lane): number => firsts.length + retries.length;

export const capOf = ({ pace }: Lane): number => pace?.cap ?? 0;

/** Has nothing that would be lost with it. */
export const isIdle = (lane: Lane): boolean =>
  !lane.due &&
  !lane.blocked &&
  lane.inFlight === 0 &&
  lane.unsettled === 0 &&
  queuedOf(lane) === 0 &&
  lane.dueAt === Number.POSITIVE_INFINITY;

/** Whether it may be claimed for. */
export const isWaiting = (lane: Lane): boolean =>
  lane.due && !lane.blocked && lane.heldUntil === 0 && !lane.awaitsRetrySlot;
