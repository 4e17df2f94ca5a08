import type { FormatChange, ShownFormat } from "./format-types.ts";
import type { PageQuery } from "./types.ts";

/** PEM texts; in a change, what is left out stays, and `null` takes it away. */
export interface WebhookTls {
  /** With those above it. */
  readonly clientCertificate?: string | null;
  /** Without a passphrase; never shown again. */
  readonly clientKey?: string | null;
  /** Believed in place of the public authorities. */
  readonly ca?: string | null;
}

export interface Certificate {
  readonly subject: string;
  readonly issuer: string;
  /** SHA-256. */
  readonly fingerprint: string;
  readonly notBefore: string;
  readonly notAfter: string;
}

export interface RateLimit {
  readonly count: number;
  readonly per: string;
}

export interface SubscriptionChange extends FormatChange {
  readonly endpoint?: string;
  /** Names, families such as `points.*`, or `*`. */
  readonly events?: readonly string[];
  /** False pauses, true resumes. */
  readonly active?: boolean;
  readonly description?: string | null;
  readonly headers?: Readonly<Record<string, string>> | null;
  /** Who Hatch is to the receiver, and whom that has to be believed by. */
  readonly tls?: WebhookTls | null;
  readonly rateLimit?: RateLimit | null;
  readonly retryDelays?: readonly string[] | null;
  readonly pauseAfter?: number | null;
  readonly pauseFor?: string | null;
  /** What secrets that are made for it begin with. */
  readonly secretPrefix?: string | null;
}

export interface NewSubscription extends Omit<SubscriptionChange, "active" | "events"> {
  /** `push` if absent: sends to the endpoint. `pull` has none. */
  readonly mode?: "push" | "pull";
  readonly events: readonly string[];
  /** One is made where there is none. */
  readonly secret?: string;
}

export interface Subscription extends ShownFormat {
  readonly id: string;
  readonly endpoint: string | null;
  readonly events: readonly string[];
  readonly active: boolean;
  readonly status: "active" | "paused" | "disabled";
  readonly reason: string | null;
  readonly mode: "push" | "pull";
  readonly description: string | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: { readonly clientCertificate: Certificate | null; readonly ca: readonly Certificate[] | null } | null;
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

export interface RecoveryRequest {
  readonly since: string;
  readonly until?: string;
  /** `failed` and `skipped`, if not given. */
  readonly statuses?: readonly ("failed" | "skipped" | "canceled")[];
  /** Of each subscription. */
  readonly rate?: RateLimit;
  /** Only counts. */
  readonly dryRun?: boolean;
}

export interface RecoveryOfAllRequest extends RecoveryRequest {
  readonly subscriptions?: readonly string[];
}

interface RecoverySums {
  readonly total: number;
  readonly failed: number;
  readonly skipped: number;
  readonly canceled: number;
  /** Events that no delivery was made of. */
  readonly missed: number;
  /** Nothing is left to send. */
  readonly bodyPurged: number;
  /** The filter does not want them, or still fails: they stay skipped. */
  readonly unwanted: number;
}

export interface RecoveryCount extends RecoverySums {
  readonly dryRun: true;
  /** False: at least so many. */
  readonly complete: boolean;
  readonly since: string;
  readonly until: string;
  readonly subscriptions: readonly (RecoverySums & {
    readonly subscriptionId: string;
    readonly status: "active" | "paused" | "disabled";
    readonly leftOut: string | null;
  })[];
}

export type RecoveryAnswer<R extends RecoveryRequest> = R extends { readonly dryRun: true } ? RecoveryCount : Job;

/** Work that takes longer than a request. */
export interface Job {
  readonly id: string;
  readonly kind: string;
  readonly status: "queued" | "running" | "paused" | "done" | "failed" | "canceled";
  readonly progress: {
    /** Null while it is counted. */
    readonly total: number | null;
    readonly done: number;
    /** Of a recovery, these and those that follow. */
    readonly recovered?: number;
    readonly added?: number;
    /** Not sent: their bodies are gone, the filter does not want them, or somebody was quicker. */
    readonly skipped?: number;
    readonly bodyPurged?: number;
    readonly unwanted?: number;
    readonly leftAlone?: number;
    readonly subscriptions?: number | null;
    readonly subscriptionsDone?: number;
  };
  readonly details: Readonly<Record<string, unknown>>;
  readonly reason: string | null;
  readonly createdAt: string;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
}

export interface TestDelivery {
  readonly deliveryId: string;
  readonly outboundEventId: string;
  readonly event: string;
}

/** How the attempts of one span went. Rates are shares from 0 to 1; null where there was nothing to share. */
export interface HealthWindow {
  readonly since: string;
  readonly attempts: number;
  readonly delivered: number;
  readonly failed: number;
  /** Of the attempts. */
  readonly successRate: number | null;
  readonly firstTimeRate: number | null;
  /** Of the deliveries that ended. */
  readonly deliveryRate: number | null;
  readonly exhausted: number;
  readonly averageMs: number | null;
  readonly p95Ms: number | null;
  readonly slowestMs: number | null;
}
export type HealthWindows = Readonly<Record<"1h" | "24h" | "7d", HealthWindow>>;

/** The class of a failure. */
export type FailureCause =
  | "signature"
  | "forbidden"
  | "path"
  | "gone"
  | "method"
  | "too_large"
  | "rejected"
  | "rate_limited"
  | "busy"
  | "unavailable"
  | "gateway"
  | "server_error"
  | "redirect"
  | "odd_status"
  | "timeout"
  | "dns"
  | "connection_refused"
  | "unreachable"
  | "connection_closed"
  | "tls_expired"
  | "tls_not_yet"
  | "tls_self_signed"
  | "tls_other_name"
  | "tls_authority"
  | "tls_client"
  | "tls"
  | "protocol"
  | "forbidden_address"
  | "proxy"
  | "other";

/** Why attempts failed in the last 24 hours, by cause, with the last of each. */
export interface HealthFailure {
  readonly cause: FailureCause;
  readonly title: string;
  readonly advice: string;
  readonly count: number;
  readonly lastAt: string;
  readonly status: number | null;
  readonly message: string;
  readonly subscriptionId: string;
  readonly deliveryId: string;
  readonly attempt: number;
}

export interface HealthWaiting {
  /** Counted up to 10,000. */
  readonly count: number;
  readonly retries: number;
  readonly byReason: Readonly<Record<"retry" | "pause" | "rateLimit" | "slot" | "proxy" | "acknowledgement", number>>;
  readonly oldestCreatedAt: string | null;
  /** Seconds. */
  readonly oldestAge: number | null;
  readonly nextDueAt: string | null;
}

interface EndpointState {
  readonly subscriptionId: string;
  readonly endpoint: string | null;
  readonly description: string | null;
  readonly mode: "push" | "pull";
  readonly status: "active" | "paused" | "disabled";
  readonly reason: string | null;
  readonly state: "disabled" | "paused" | "failing" | "losing" | "slow" | "held" | "idle" | "well";
  readonly needsYou: boolean;
  /** The state in one sentence, and the next step. */
  readonly text: string;
  readonly advice: string | null;
  readonly pausedSince: string | null;
  readonly pausedUntil: string | null;
  readonly failuresInRow: number;
  readonly failingSince: string | null;
  readonly lastSuccessAt: string | null;
  readonly lastFailureAt: string | null;
  /** Deliveries of the last 7 days that failed for good and were not recovered. */
  readonly lost: number;
}

export interface EndpointHealth extends EndpointState {
  readonly last24h: HealthWindow;
  readonly cause: FailureCause | null;
}

export interface SubscriptionHealth extends EndpointState {
  readonly windows: HealthWindows;
  readonly recentFailures: readonly HealthFailure[];
  readonly waiting: HealthWaiting;
  readonly last24Hours: Readonly<Record<DeliveryStatus, number>>;
}

/** How all endpoints of the environment do; `data` is a page of them. */
export interface EnvironmentHealth {
  readonly headline: string;
  readonly endpoints: Readonly<
    Record<"total" | "active" | "paused" | "disabled" | "held" | "pull" | "needingYou", number>
  >;
  readonly windows: HealthWindows;
  readonly recentFailures: readonly HealthFailure[];
  readonly waiting: HealthWaiting;
  readonly needYou: readonly EndpointHealth[];
  readonly digest: {
    readonly last: { readonly date: string; readonly at: string } | null;
    readonly nextAt: string | null;
  };
  readonly data: readonly EndpointHealth[];
  readonly next: string | null;
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
  readonly waitingFor: "retry" | "pause" | "rateLimit" | "slot" | "proxy" | "acknowledgement" | null;
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
  readonly request: AttemptRequest | null;
  readonly response: AttemptResponse | null;
  readonly timings: Readonly<Record<string, unknown>> | null;
}

export interface AttemptRequest {
  readonly headers: Readonly<Record<string, unknown>>;
  /** Size and digest of a body that a payload or a preset made. */
  readonly body?: { readonly bytes: number; readonly sha256: string };
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

export interface SignatureQuestion {
  /** The text that came, or its bytes as `bodyBase64`. */
  readonly body?: string;
  readonly bodyBase64?: string;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  /** What it is held against; or the subscription, with its own secrets and template. */
  readonly secret?: string;
  readonly subscriptionId?: string;
  /** How old it may be: `5m`, if not given. */
  readonly tolerance?: string;
  /** When it came, ISO 8601; now, if not given. */
  readonly receivedAt?: string;
}

export type SignatureMistakeCode =
  | "headers_missing"
  | "header_missing"
  | "header_renamed"
  | "header_duplicated"
  | "header_joined"
  | "signature_scheme"
  | "signature_encoding"
  | "signature_truncated"
  | "signature_surrounded"
  | "signature_algorithm"
  | "secret_whitespace"
  | "secret_quoted"
  | "secret_prefix"
  | "secret_decoded"
  | "secret_not_decoded"
  | "secret_encoded"
  | "secret_unset"
  | "secret_previous"
  | "secret_of_other"
  | "body_line_break"
  | "body_whitespace"
  | "body_bom"
  | "body_charset"
  | "body_compressed"
  | "body_reserialised"
  | "body_double_encoded"
  | "body_form_encoded"
  | "body_base64"
  | "body_escaped"
  | "body_wrapped"
  | "body_lost"
  | "body_truncated"
  | "body_changed"
  | "timestamp_old"
  | "timestamp_future"
  | "timestamp_milliseconds"
  | "timestamp_format"
  | "timestamp_changed"
  | "content_separator"
  | "content_without_timestamp"
  | "content_without_id"
  | "content_parts"
  | "id_differs"
  | "body_of_other"
  | "family_swapped"
  | "unknown";

export type SignatureFamily = "hatch" | "standard" | "github" | "stripe" | "custom";

export interface SignatureMistake {
  readonly code: SignatureMistakeCode;
  readonly message: string;
  /** What to do. */
  readonly fix: string;
  /** False for what most likely explains it. */
  readonly proven: boolean;
}

export interface SignatureAnswer {
  readonly valid: boolean;
  readonly family: SignatureFamily | null;
  /** Which secret it verifies with, in words. */
  readonly secret: string | null;
  readonly ageSeconds: number | null;
  readonly mistake: SignatureMistake | null;
  readonly also: readonly SignatureMistake[];
  readonly hint: string | null;
  readonly checks: readonly {
    readonly check: "headers" | "signature" | "timestamp" | "body";
    readonly family: SignatureFamily;
    readonly ok: boolean;
    readonly message: string;
  }[];
}
