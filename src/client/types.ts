import type { HatchErrorDetail } from "./error.ts";

type Properties = Readonly<Record<string, unknown>>;

/** Newest first; `next` goes into `after` of the next call, and is null at the end. */
export interface Page<Item> {
  readonly data: readonly Item[];
  readonly next: string | null;
}

export interface PageQuery {
  /** 1 to 200. */
  readonly limit?: number;
  readonly after?: string;
}

export interface NewEvent {
  /** Yours; the same one counts once, for ever. One is made where there is none. */
  readonly id?: string;
  readonly type: string;
  readonly userId: string;
  /** ISO 8601; now, if absent. */
  readonly occurredAt?: string;
  readonly properties?: Properties;
  readonly backfill?: boolean;
}

/** One consequence of an event, with the rule that gave it and why. */
export interface Effect {
  readonly id: string;
  readonly type: string;
  readonly userId: string;
  readonly rule: string;
  readonly reason: string;
  readonly currency?: string;
  readonly amount?: number;
  readonly balance?: number;
  readonly clipped?: number;
  readonly track?: string;
  readonly from?: string | null;
  readonly to?: string | null;
  readonly badge?: string;
  readonly awardId?: string;
}

interface EventFacts {
  readonly id: string;
  readonly type: string;
  readonly userId: string;
  readonly occurredAt: string;
  readonly receivedAt: string;
  /** 0 where none is published. */
  readonly programVersion: number;
  readonly effects: readonly Effect[];
  readonly effectsPurged?: true;
}

/** A duplicate has the effects of the first time: nothing was given twice. */
export interface SentEvent extends EventFacts {
  readonly status: "accepted" | "duplicate";
}

export interface EventFault {
  readonly code: string;
  readonly message: string;
  readonly details?: readonly HatchErrorDetail[];
}

export interface RejectedEvent {
  readonly status: "rejected";
  readonly error: EventFault;
}

export interface SentBatch {
  /** In the order of what was sent. */
  readonly results: readonly (SentEvent | RejectedEvent)[];
}

export interface StoredEvent extends EventFacts {
  readonly localDate: string;
  readonly requestId: string | null;
  readonly backfill?: true;
  readonly properties?: Properties;
  readonly propertiesPurged?: true;
}

/** A rule that looked at an event, and why it fired or did not. */
export interface ConsideredRule {
  readonly rule: string;
  readonly fired: boolean;
  readonly reason: string;
}

export interface CausedDelivery {
  readonly id: string;
  readonly subscriptionId: string;
  readonly outboundEventId: string;
  readonly event: string;
  readonly status: string;
  readonly reason: string | null;
  readonly attemptCount: number;
  readonly createdAt: string;
  readonly endedAt: string | null;
}

export interface ExplainedEvent extends StoredEvent {
  /** With `explain` only. */
  readonly considered?: readonly ConsideredRule[];
  readonly deliveries: readonly CausedDelivery[];
}

export interface EventQuery extends PageQuery {
  readonly userId?: string;
  readonly type?: string;
  /** ISO 8601. */
  readonly since?: string;
}

export interface RefusedQuery extends PageQuery {
  readonly userId?: string;
  readonly type?: string;
}

/** An event that was not accepted: kept for a week, so that it can be found. */
export interface RefusedEvent {
  readonly refusedAt: string;
  readonly requestId: string;
  readonly source: "event" | "batch" | "cloudevents" | "segment";
  readonly id: string | null;
  readonly type: string | null;
  readonly userId: string | null;
  readonly error: EventFault;
}

export interface EventTypeDefinition {
  /** JSON Schema 2020-12 of `properties`. */
  readonly schema?: Properties;
  readonly description?: string;
  /** Whether browsers may send it. */
  readonly clientSafe?: boolean;
  /** Whether the event itself goes out to webhooks. */
  readonly forward?: boolean;
}

export interface EventType {
  readonly name: string;
  readonly origin: "registered" | "program" | "guessed";
  readonly schema?: Properties;
  readonly description?: string;
  readonly clientSafe: boolean;
  readonly forward: boolean;
}

export interface MemberChange {
  /** Merged into what is known; null deletes one. */
  readonly attributes?: Properties;
  readonly timezone?: string | null;
  readonly locale?: string | null;
}

export interface Member {
  readonly userId: string;
  readonly timezone: string | null;
  readonly locale: string | null;
  readonly attributes: Properties;
  readonly createdAt: string;
  readonly balances: Readonly<
    Record<string, { readonly available: number; readonly pending: number; readonly owed: number }>
  >;
  readonly levels: Readonly<Record<string, Level>>;
  readonly badges: readonly { readonly key: string; readonly awardId: string; readonly awardedAt: string }[];
  readonly streaks: Properties;
  readonly quests: Properties;
}

export interface Level {
  readonly key: string | null;
  readonly value: number;
  readonly next: { readonly key: string; readonly at: number } | null;
}

export interface LedgerEntry {
  readonly id: string;
  readonly currency: string;
  readonly amount: number;
  readonly debit: string;
  readonly credit: string;
  readonly at: string;
  readonly reason: string;
}

/** A line of a member's log. */
export interface MemberInput {
  readonly id: string;
  readonly kind: "event" | "command" | "tick";
  readonly type: string;
  readonly occurredAt: string;
  readonly receivedAt: string;
  readonly localDate: string;
  readonly programVersion: number;
  readonly effects: readonly Effect[];
}

export interface Adjustment {
  readonly currency: string;
  /** Below zero to take. */
  readonly amount: number;
  readonly reason: string;
}

export interface Adjusted {
  readonly id: string;
  readonly userId: string;
  readonly receivedAt: string;
  readonly effects: readonly Effect[];
}

export type Scope =
  | "events:write"
  | "events:read"
  | "members:read"
  | "members:write"
  | "program:read"
  | "program:write"
  | "webhooks:read"
  | "webhooks:write"
  | "rewards:write"
  | "launches:write"
  | "keys:write"
  | "audit:read"
  | "status:write"
  | "support:write";

export interface NewKey {
  readonly name: string;
  /** For servers if absent. */
  readonly kind?: "secret" | "publishable";
  /** Of a secret key: all that the calling key has, if absent. */
  readonly scopes?: readonly Scope[];
  /** Of a publishable key: the pages that it works from. */
  readonly origins?: readonly string[];
  /** Of a publishable key: what it may send; whatever browsers may, if absent. */
  readonly eventTypes?: readonly string[];
  readonly expiresAt?: string;
}

export interface KeyChange {
  readonly name?: string;
  /** An account of the workspace; null is nobody. */
  readonly ownedBy?: string | null;
  readonly origins?: readonly string[];
  readonly eventTypes?: readonly string[] | null;
}

export interface Key {
  readonly id: string;
  readonly name: string;
  readonly kind: "secret" | "publishable";
  readonly scopes: readonly Scope[];
  readonly origins?: readonly string[];
  readonly eventTypes?: readonly string[] | null;
  readonly createdBy: string;
  readonly ownedBy: string | null;
  readonly createdAt: string;
  readonly expiresAt: string | null;
  readonly revokedAt: string | null;
  readonly lastUsedAt: string | null;
  readonly secrets: readonly {
    readonly prefix: string;
    readonly createdAt: string;
    readonly expiresAt: string | null;
  }[];
}

export interface IssuedKey extends Key {
  /** Shown this once. */
  readonly secretKey: string;
}

export interface AuditQuery extends PageQuery {
  /** Who did it, or in whose name it was done. */
  readonly actor?: string;
  /** Such as `key.created`; `key.*` is all that begin so. */
  readonly action?: string;
  readonly target?: string;
  readonly requestId?: string;
  /** ISO 8601. */
  readonly since?: string;
  readonly until?: string;
}

export interface AuditEntry {
  readonly id: string;
  readonly workspaceId: string | null;
  readonly sequence: number;
  readonly at: string;
  /** Null for what concerns the workspace as a whole. */
  readonly environmentId: string | null;
  readonly actor: string;
  /** In whose name an operator acted. */
  readonly asWhom: string | null;
  readonly action: string;
  readonly target: string;
  readonly requestId: string;
  readonly address: string | null;
  /** Only what changed. */
  readonly before: Properties | null;
  readonly after: Properties | null;
  readonly details: Properties | null;
  readonly digest: string;
}
