import type { Id } from "../../kernel/ids.ts";
import type { EnvironmentKind } from "../../kernel/principal.ts";
import type { DurationMs, UnixMs } from "../../kernel/units.ts";
import type { ReceiverTls } from "../../outbound/outbound.ts";
import type { RateLimit } from "./dispatch/holds/rate.ts";
import type { MadeBody } from "./format/body.ts";
import type { Format } from "./format/format.ts";
import type { SigningPlan } from "./format/signature.ts";
import type { SigningSecret } from "./signing.ts";

export type SubscriptionMode = "push" | "pull";
export type SubscriptionStatus = "active" | "paused" | "disabled";

export const DELIVERY_STATUSES = ["pending", "sending", "delivered", "failed", "skipped", "canceled"] as const;
export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number];

/** What a pending delivery waits for. `acknowledgement` is the lease of a pull subscription. */
export type WaitingFor = "retry" | "pause" | "rateLimit" | "slot" | "proxy" | "acknowledgement";

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
  /** As people may see it: masked where to know it is to be let in. */
  readonly endpoint: string | undefined;
  /** Where requests go. */
  readonly address: string | undefined;
  /** Takes what is secret of the address out of an answer; absent where nothing is. */
  readonly redact: ((text: string) => string) | undefined;
  readonly format: Format;
  /** Makes the body for this receiver; absent where the event's own bytes are sent. */
  readonly makeBody: ((body: string) => MadeBody) | undefined;
  /** Absent where Hatch's own headers sign. */
  readonly signingPlan: SigningPlan | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** Who we are to its receiver; undefined where nothing is agreed upon. */
  readonly tls: ReceiverTls | undefined;
  /** Oldest first; those whose overlap is over may still be among them. */
  readonly secrets: readonly SigningSecret[];
  /** Undefined: those of the configuration. */
  readonly retryDelays: readonly DurationMs[] | undefined;
  readonly rateLimit: RateLimit | undefined;
  /** The endpoint asked to be left alone until then. */
  readonly heldUntil: UnixMs | undefined;
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
  /** How many of the valid secrets the receiver has refused: it is offered the next one. */
  readonly refusals: number;
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
