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

export type EnvironmentKind = "live" | "test";

/** What is known of the request in which a principal acts. */
export interface RequestInfo {
  readonly id: string;
  /** The peer's address; absent for work that came by no socket. */
  readonly address?: string;
  readonly traceparent?: string;
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

export type Principal = KeyPrincipal | OperatorPrincipal | SystemPrincipal;

/** How a principal is named in the audit log: the kind and an id or a fixed name, never a person's data. */
export function actorOf(principal: Principal): string {
  switch (principal.kind) {
    case "key":
      return principal.keyId;
    case "operator":
      return "operator";
    case "system":
      return `system:${principal.name}`;
  }
}
