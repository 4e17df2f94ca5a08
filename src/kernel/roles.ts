import { SCOPES, type Scope } from "./principal.ts";

/** What a person may be in a workspace. `support` and `developer` stand beside each other; `admin` holds both. */
export const ROLES = ["viewer", "support", "developer", "admin", "owner"] as const;
export type Role = (typeof ROLES)[number];

/** What a person may do beyond what a key can be narrowed to. */
const PERMISSIONS = [
  ...SCOPES,
  /** Adjustments, redemptions and badges by hand, each with a reason. */
  "progress:adjust",
  "deliveries:replay",
  /** Tokens for browsers, and the inspector of credentials. */
  "tokens:write",
  "team:read",
  "team:write",
  "settings:write",
  "exports:read",
  "members:erase",
  /** Ownership, deletion and billing of the workspace. */
  "workspace:own",
] as const;
export type Permission = (typeof PERMISSIONS)[number];

const VIEWER = ["events:read", "members:read", "program:read", "webhooks:read", "team:read"] as const;
const SUPPORT = [...VIEWER, "progress:adjust", "rewards:write", "deliveries:replay", "support:write"] as const;
const DEVELOPER = [
  ...VIEWER,
  "events:write",
  "program:write",
  "webhooks:write",
  "deliveries:replay",
  "keys:write",
  "tokens:write",
  "launches:write",
] as const;
const ADMIN = PERMISSIONS.filter((permission) => permission !== "workspace:own");

/** The one table that the guard, the pages and the access inventory read. */
export const ROLE_PERMISSIONS: Readonly<Record<Role, ReadonlySet<Permission>>> = {
  viewer: new Set(VIEWER),
  support: new Set(SUPPORT),
  developer: new Set(DEVELOPER),
  admin: new Set(ADMIN),
  owner: new Set(PERMISSIONS),
};

/** What nobody does in another person's name, however they came to act for them. */
export const NEVER_FOR_ANOTHER: ReadonlySet<Permission> = new Set([
  "keys:write",
  "tokens:write",
  "team:write",
  "settings:write",
  "exports:read",
  "members:erase",
  "audit:read",
  "workspace:own",
]);

/** Where nothing else is said, a developer only looks at `live`. */
export const usualLiveRole = (role: Role): Role => (role === "developer" ? "viewer" : role);

/** Nobody gives a role that holds more than their own. */
export const mayGrant = (own: Role, given: Role): boolean =>
  [...ROLE_PERMISSIONS[given]].every((permission) => ROLE_PERMISSIONS[own].has(permission));

export const isRole = (text: string): text is Role => (ROLES as readonly string[]).includes(text);

/** The scopes of the API that a role holds. */
export const scopesOfRole = (role: Role): ReadonlySet<Scope> =>
  new Set(SCOPES.filter((scope) => ROLE_PERMISSIONS[role].has(scope)));
