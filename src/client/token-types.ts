import type { Scope } from "./types.ts";

export type WidgetScope = "progress:read" | "events:send" | "rewards:redeem" | "leaderboard:optout" | "items:equip";

export interface NewWidgetSession {
  readonly userId: string;
  readonly scopes: readonly WidgetScope[];
  /** `"15m"` if absent, `"1h"` at most. */
  readonly ttl?: string;
  /** The page that it works from, such as `https://app.example.com`. */
  readonly origin?: string;
}

export interface NewEmbedToken {
  readonly userId: string;
  /** `"1h"` if absent, `"1d"` at most. */
  readonly ttl?: string;
  readonly origin?: string;
}

export interface IssuedToken {
  readonly id: string;
  /** For the page; shown this once. */
  readonly token: string;
  readonly userId: string;
  readonly scopes: readonly WidgetScope[];
  readonly origin: string | null;
  readonly expiresAt: string;
}

export interface WidgetSession {
  readonly id: string;
  readonly kind: "widget" | "embed";
  readonly userId: string;
  readonly scopes: readonly WidgetScope[];
  readonly origin: string | null;
  readonly createdBy: string;
  readonly createdAt: string;
  readonly expiresAt: string;
  readonly revokedAt: string | null;
}

/** A credential, and if it is to be told why it is refused somewhere, the request that it comes with. */
export interface InspectedRequest {
  readonly credential: string;
  readonly method?: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path?: string;
  readonly origin?: string;
}

export interface Inspection {
  readonly kind:
    | "secret_key"
    | "publishable_key"
    | "widget_token"
    | "embed_token"
    | "session_token"
    | "webhook_secret"
    | "one_time_link"
    | "setup_token"
    | "unknown";
  readonly inForce: boolean;
  /** Null where it is unknown to this environment. */
  readonly credential: {
    readonly id: string;
    readonly name: string | null;
    readonly workspaceId: string;
    readonly environment: { readonly id: string; readonly kind: "live" | "test" };
    readonly userId: string | null;
    readonly scopes: readonly (Scope | WidgetScope)[];
    readonly eventTypes: readonly string[] | null;
    readonly origins: readonly string[] | null;
    readonly createdBy: string;
    readonly ownedBy: string | null;
    readonly createdAt: string;
    readonly lastUsedAt: string | null;
    readonly expiresAt: string | null;
    readonly revokedAt: string | null;
  } | null;
  readonly problems: readonly { readonly code: string; readonly message: string }[];
}
