import type { PageQuery } from "./types.ts";

export interface RateLimit {
  readonly count: number;
  readonly per: string;
}

export interface SubscriptionChange {
  readonly endpoint?: string;
  /** Names, families such as `points.*`, or `*`. */
  readonly events?: readonly string[];
  /** False pauses, true resumes. */
  readonly active?: boolean;
  readonly description?: string | null;
  readonly headers?: Readonly<Record<string, string>> | null;
  readonly rateLimit?: RateLimit | null;
  readonly retryDelays?: readonly string[] | null;
  readonly pauseAfter?: number | null;
  readonly pauseFor?: string | null;
}

export interface NewSubscription extends Omit<SubscriptionChange, "active" | "events"> {
  /** `push` if absent: sends to the endpoint. `pull` has none. */
  readonly mode?: "push" | "pull";
  readonly events: readonly string[];
  /** One is made where there is none. */
  readonly secret?: string;
}

export interface Subscription {
  readonly id: string;
  readonly endpoint: string | null;
  readonly events: readonly string[];
  readonly active: boolean;
  readonly status: "active" | "paused" | "disabled";
  readonly reason: string | null;
  readonly mode: "push" | "pull";
  readonly description: string | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly rateLimit: RateLimit | null;
  readonly retryDelays: readonly string[];
  readonly pauseAfter: number | null;
  readonly pauseFor: string | null;
  readonly pausedUntil: string | null;
  readonly createdBy: string;
  readonly createdAt: string;
  readonly updatedAt: string;
}

export interface ChangedSubscription extends Subscription {
  readonly warnings?: readonly string[];
}

export interface CreatedSubscription extends ChangedSubscription {
  /** Shown this once, where it was made by the server. */
  readonly secret?: string;
}

export interface SubscriptionQuery extends PageQuery {
  /** Those of other keys too. */
  readonly all?: boolean;
}

export interface SecretRotation {
  /** How long the old one stays valid, such as `24h`; `0s` ends it at once. */
  readonly overlap?: string;
  readonly secret?: string;
}

export interface RotatedSecret {
  readonly id: string;
  readonly secret?: string;
  readonly overlapEndsAt: string | null;
}

export interface TestDelivery {
  readonly deliveryId: string;
  readonly outboundEventId: string;
  readonly event: string;
}

export interface SubscriptionHealth {
  readonly status: "active" | "paused" | "disabled";
  readonly reason: string | null;
  readonly failuresInRow: number;
  readonly failingSince: string | null;
  readonly lastSuccessAt: string | null;
  readonly lastFailureAt: string | null;
  readonly waiting: {
    readonly count: number;
    readonly oldestCreatedAt: string | null;
    readonly nextDueAt: string | null;
  };
  readonly last24Hours: Readonly<Record<DeliveryStatus, number>>;
}

export interface PullQuery {
  /** How long to wait for something to come, in milliseconds; 25,000 at most. */
  readonly waitMs?: number;
  /** 1 to 100. */
  readonly limit?: number;
}

/** As a push would have sent it. */
export interface PulledDelivery {
  readonly id: string;
  readonly leasedUntil: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface Acknowledged {
  readonly acknowledged: readonly string[];
  readonly ignored: readonly string[];
}

/** One kind of outbound event. */
export interface OutboundEventType {
  readonly name: string;
  readonly family: "progress" | "launch" | "operations" | "forwarded";
  readonly description: string;
  readonly schema: Readonly<Record<string, unknown>>;
  readonly example: Readonly<Record<string, unknown>>;
  readonly planned: boolean;
}

export type DeliveryStatus = "pending" | "sending" | "delivered" | "failed" | "skipped" | "canceled";

export interface DeliveryFacts {
  readonly id: string;
  readonly subscriptionId: string;
  readonly outboundEventId: string;
  readonly event: string;
  readonly status: DeliveryStatus;
  readonly reason: string | null;
  readonly attemptCount: number;
  readonly createdAt: string;
  readonly endedAt: string | null;
}

export interface Delivery extends DeliveryFacts {
  readonly waitingFor: "retry" | "pause" | "rateLimit" | "slot" | "acknowledgement" | null;
  readonly nextAttemptAt: string | null;
  readonly replaying: boolean;
}

export interface Attempt {
  readonly id: string;
  readonly number: number;
  readonly verdict: "open" | "delivered" | "retry" | "refused" | "gone" | "interrupted" | "expired";
  readonly startedAt: string;
  readonly endedAt: string | null;
  readonly error: string | null;
  readonly request: { readonly headers: Readonly<Record<string, unknown>> } | null;
  readonly response: AttemptResponse | null;
  readonly timings: Readonly<Record<string, unknown>> | null;
}

export interface AttemptResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body?: string;
  readonly bodyBase64?: string;
}

export interface ShownDelivery extends Delivery {
  readonly failures: number;
  readonly attempts: readonly Attempt[];
}

export interface DeliveryQuery extends PageQuery {
  readonly subscription?: string;
  readonly status?: DeliveryStatus;
  readonly event?: string;
  /** ISO 8601. */
  readonly since?: string;
}

export interface OutboundEvent {
  readonly id: string;
  readonly event: string;
  readonly userId: string | null;
  readonly createdAt: string;
  /** The text that was signed and sent; null once it is no longer kept. */
  readonly body: string | null;
  readonly deliveries: readonly DeliveryFacts[];
}
