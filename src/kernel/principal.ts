import type { Id } from "./ids.ts";

/** What a key or a token may be narrowed to. */
export const SCOPES = [
  "events:write",
  "events:read",
  "members:read",
  "members:write",
  "program:read",
  "program:write",
  "webhooks:read",
  "webhooks:write",
  "rewards:write",
  "launches:write",
  "keys:write",
  "audit:read",
  "status:write",
  "support:write",
] as const;
export type Scope = (typeof SCOPES)[number];

/** What a token of one member's browser may be narrowed to. */
export const WIDGET_SCOPES = [
  "progress:read",
  "events:send",
  "rewards:redeem",
  "leaderboard:optout",
  "items:equip",
] as const;
export type WidgetScope = (typeof WIDGET_SCOPES)[number];
/** Who holds an embed token looks and does no more. */
export const EMBED_SCOPES: readonly WidgetScope[] = ["progress:read"];

export type EnvironmentKind = "live" | "test";

/**
 * A request under the caller's `Idempotency-Key`. Its row is written in the transaction of the change that the request
 * makes, so that no repeat can make it again.
 */
export interface IdempotencyClaim {
  readonly environmentId: Id<"env">;
  /** Names caller and key without showing either. */
  readonly keyHash: string;
  /** Says whether two requests are the same. */
  readonly requestHash: string;
  /**
   * What became of the change that this request asks for. `recalled`: an earlier request made it, and its answer was
   * lost on the way; what it came to is taken once, in place of making it again.
   */
  change: "open" | "made" | "taken" | { readonly recalled: unknown };
  /** The transaction in which the change is being made. */
  heldBy: object | undefined;
}

/** What is known of the request in which a principal acts. */
export interface RequestInfo {
  readonly id: string;
  /** The peer's address; absent for work that came by no socket. */
  readonly address?: string;
  readonly traceparent?: string;
  readonly idempotency?: IdempotencyClaim | undefined;
}

/** A secret API key: the customer's server. */
export interface KeyPrincipal {
  readonly kind: "key";
  readonly keyId: Id<"key">;
  readonly name: string;
  readonly workspaceId: Id<"ws">;
  readonly environmentId: Id<"env">;
  readonly environmentKind: EnvironmentKind;
  readonly scopes: ReadonlySet<Scope>;
  readonly request: RequestInfo;
}

/** An operator who acts as another person, within bounds. */
export interface Impersonation {
  readonly id: string;
  readonly operatorId: Id<"acc">;
  readonly readOnly: boolean;
}

/** A person who signed in, in one environment of one workspace that they belong to. */
export interface PersonPrincipal {
  readonly kind: "person";
  readonly accountId: Id<"acc">;
  readonly sessionId: Id<"ses">;
  readonly isOperator: boolean;
  readonly workspaceId: Id<"ws">;
  readonly environmentId: Id<"env">;
  readonly environmentKind: EnvironmentKind;
  /** The role in this environment; the table of `roles.ts` says what it may. */
  readonly role: "viewer" | "support" | "developer" | "admin" | "owner";
  /** Those of the role. */
  readonly scopes: ReadonlySet<Scope>;
  readonly impersonation?: Impersonation;
  readonly request: RequestInfo;
}

/** A person who signed in, before any workspace is chosen: acts on their own account, or as operator on the instance. */
export interface AccountPrincipal {
  readonly kind: "account";
  readonly accountId: Id<"acc">;
  readonly sessionId: Id<"ses">;
  readonly isOperator: boolean;
  readonly impersonation?: Impersonation;
  readonly request: RequestInfo;
}

/** A credential that is made to be seen by a browser: a publishable key, or a token of one member. */
export interface BrowserPrincipal {
  readonly kind: "publishable" | "widget" | "embed";
  /** The key's or the token's session's id. */
  readonly credentialId: Id<"key"> | Id<"wst">;
  readonly workspaceId: Id<"ws">;
  readonly environmentId: Id<"env">;
  readonly environmentKind: EnvironmentKind;
  /** Whom it acts for; a publishable key for nobody. */
  readonly userId?: string;
  /** What a publishable key may send of what browsers may; all of it where absent. */
  readonly eventTypes?: ReadonlySet<string>;
  readonly scopes: ReadonlySet<WidgetScope>;
  readonly request: RequestInfo;
}

/** Who acts in one environment with rights of its own: what most verbs take. */
export type EnvironmentPrincipal = KeyPrincipal | PersonPrincipal;

/** The operator at a terminal of the machine, through the control socket or with the server stopped. */
export interface OperatorPrincipal {
  readonly kind: "operator";
  readonly request: RequestInfo;
}

/** The product itself: jobs, the demo, the start. */
export interface SystemPrincipal {
  readonly kind: "system";
  readonly name: string;
  readonly request: RequestInfo;
}

export type Principal =
  | KeyPrincipal
  | PersonPrincipal
  | AccountPrincipal
  | BrowserPrincipal
  | OperatorPrincipal
  | SystemPrincipal;

/** How a principal is named in the audit log: the kind and an id or a fixed name, never a person's data. */
export function actorOf(principal: Principal): string {
  switch (principal.kind) {
    case "key":
      return principal.keyId;
    case "person":
    case "account":
      // Under impersonation the row names both.
      return principal.impersonation
        ? `${principal.impersonation.operatorId} as ${principal.accountId}`
        : principal.accountId;
    case "publishable":
    case "widget":
    case "embed":
      return principal.credentialId;
    case "operator":
      return "operator";
    case "system":
      return `system:${principal.name}`;
  }
}
