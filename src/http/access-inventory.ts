import { EMBED_SCOPES, type Scope, type WidgetScope } from "../kernel/principal.ts";
import { NEVER_FOR_ANOTHER, type Permission, ROLE_PERMISSIONS, ROLES, type Role } from "../kernel/roles.ts";
import type { Access, Audience } from "./guard.ts";
import { audienceOf, type Route } from "./route-table.ts";

/** What a person may do with a route while an operator acts as them; `changing` is by an operator who asked to. */
export type AsAnother = "never" | "changing" | "always";

/** Who may call one route. Whoever is not named is refused. */
export interface InventoryEntry {
  readonly method: string;
  readonly path: string;
  readonly audience: Audience;
  /** Nothing has to be proven; a credential that is wrong is refused all the same. */
  readonly isPublic: boolean;
  /** What a secret key needs. */
  readonly scope: Scope | undefined;
  /** What a person needs in the environment … */
  readonly permission: Permission | Scope | undefined;
  /** … and which roles there hold it. */
  readonly roles: readonly Role[];
  /** Whoever is signed in, on what is their own; or the operator of the installation. */
  readonly account: "self" | "operator" | undefined;
  readonly publishable: boolean;
  /** What a token of a member's browser needs. */
  readonly widget: WidgetScope | undefined;
  /** Whether a token that only shows is enough. */
  readonly embed: boolean;
  /** Undefined where people may not call it anyway. */
  readonly asAnother: AsAnother | undefined;
}

const SAFE_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD"]);

function asAnother({ method, rules: { access, impersonation } }: Route): AsAnother | undefined {
  if (access === "public") return undefined;
  const needed = access.permission ?? access.scope;
  if (needed === undefined && access.account === undefined) return undefined;
  if (impersonation === "ends") return "always";
  const isChange = !SAFE_METHODS.has(method);
  const isOwn = access.account !== undefined && (isChange || access.account === "operator");
  if (impersonation === "never" || isOwn || (needed !== undefined && NEVER_FOR_ANOTHER.has(needed))) return "never";
  return isChange ? "changing" : "always";
}

const NOBODY: Exclude<Access, "public"> = {};

function entryOf(route: Route): InventoryEntry {
  const { method, path, rules } = route;
  const {
    scope,
    permission = scope,
    account,
    publishable = false,
    widget,
  } = rules.access === "public" ? NOBODY : rules.access;
  return {
    method,
    path,
    audience: audienceOf(route),
    isPublic: rules.access === "public",
    scope,
    permission,
    roles: permission === undefined ? [] : ROLES.filter((role) => ROLE_PERMISSIONS[role].has(permission)),
    account,
    publishable,
    widget,
    embed: widget !== undefined && EMBED_SCOPES.includes(widget),
    asAnother: asAnother(route),
  };
}

const byAddress = (left: InventoryEntry, right: InventoryEntry): number => {
  if (left.path !== right.path) return left.path < right.path ? -1 : 1;
  return left.method < right.method ? -1 : 1;
};

/** Who may call what: one entry for each route that is mounted, from the same tables that the guard reads. */
export const accessInventory = (routes: readonly Route[]): readonly InventoryEntry[] =>
  routes.map(entryOf).sort(byAddress);
