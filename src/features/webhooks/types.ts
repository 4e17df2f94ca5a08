import type { Id } from "../../kernel/ids.ts";
import type { EnvironmentKind } from "../../kernel/principal.ts";
import type { DurationMs, UnixMs } from "../../kernel/units.ts";
import type { SigningSecret } from "./signing.ts";

export type SubscriptionMode = "push" | "pull";
export type SubscriptionStatus = "active" | "paused" | "disabled";

export const DELIVERY_STATUSES = ["pending", "sending", "delivered", "failed", "skipped", "canceled"] as const;
export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number];

/** What a pending delivery waits for. `acknowledgement` is the lease of a pull subscription. */
export type WaitingFor = "retry" | "pause" | "rateLimit" | "slot" | "acknowledgement";

/** How one request ended; `open` until it has. */
export type AttemptVerdict = "open" | "delivered" | "retry" | "refused" | "gone" | "interrupted" | "expired";

/** Those of a subscription that has none of its own: compared by identity. */
export const NO_HEADERS: Readonly<Record<string, string>> = {};

/** All that a request to a subscription needs, opened and parsed once. */
export interface Target {
  readonly subscriptionId: Id<"sub">;
  readonly environmentId: Id<"env">;
  readonly environmentKind: EnvironmentKind;
  readonly mode: SubscriptionMode;
  readonly status: SubscriptionStatus;
  readonly endpoint: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** Oldest first; those whose overlap is over may still be among them. */
  readonly secrets: readonly SigningSecret[];
  /** Undefined: those of the configuration. */
  readonly retryDelays: readonly DurationMs[] | undefined;
  readonly pause: {
    readonly pauseAfter: number | null;
    readonly pauseFor: DurationMs | null;
    /** When it is probed next; undefined where it is not paused, or waits for a person. */
    readonly until: UnixMs | undefined;
    readonly probes: number;
  };
}

/** A delivery's way so far, as the verdict on its next attempt needs it. */
export interface DeliveryProgress {
  readonly attempts: number;
  readonly failures: number;
  readonly interruptions: number;
  readonly prefersNewest: boolean;
  readonly replayFrom: ReplayOrigin | undefined;
  readonly cancelRequested: boolean;
  /** When it was due before it was claimed. */
  readonly dueAt: UnixMs;
}

/** What a delivery was before somebody asked to send it again. */
export interface ReplayOrigin {
  readonly status: DeliveryStatus;
  readonly reason: string | null;
  readonly waitingFor: WaitingFor | null;
  readonly dueAt: UnixMs;
  readonly endedAt: UnixMs | null;
}
