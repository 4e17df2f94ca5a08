import type { RoleOfGroup } from "../../../config/kinds.ts";
import type { Id } from "../../../kernel/ids.ts";
import { ROLE_PERMISSIONS, type Role, usualLiveRole } from "../../../kernel/roles.ts";
import type { OwnMembership } from "./store.ts";

const weight = (role: Role): number => ROLE_PERMISSIONS[role].size;

/**
 * The memberships that a person's groups ask for: of several, the role that holds most. A role without a workspace is for
 * the only one there is; where there are several, it says nothing.
 */
export function wantedMemberships(
  groups: readonly string[],
  roles: readonly RoleOfGroup[],
  workspaces: readonly Id<"ws">[],
): readonly OwnMembership[] {
  const [only, another] = workspaces;
  const wanted = new Map<Id<"ws">, Role>();
  for (const { group, role, workspaceId } of roles) {
    if (!groups.includes(group)) continue;
    const place =
      workspaceId === undefined && another === undefined ? only : workspaces.find((id) => id === workspaceId);
    if (place === undefined) continue;
    const known = wanted.get(place);
    if (known === undefined || weight(role) > weight(known)) wanted.set(place, role);
  }
  return [...wanted].map(([workspace_id, role]) => {
    const live = usualLiveRole(role);
    return { workspace_id, role, live_role: live === role ? null : live };
  });
}

export interface MembershipChanges {
  readonly put: readonly OwnMembership[];
  readonly remove: readonly Id<"ws">[];
}

/** What has to change so that a person is where their groups say, and nowhere else. */
export function changesTo(current: readonly OwnMembership[], wanted: readonly OwnMembership[]): MembershipChanges {
  const roles = new Map(current.map((one) => [one.workspace_id, one.role]));
  const kept = new Set(wanted.map(({ workspace_id }) => workspace_id));
  return {
    // What the role in `live` is was perhaps set by hand: only another role sets it anew.
    put: wanted.filter((one) => roles.get(one.workspace_id) !== one.role),
    remove: current.map(({ workspace_id }) => workspace_id).filter((id) => !kept.has(id)),
  };
}
