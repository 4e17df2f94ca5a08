import type { Reader } from "../../../database/database.ts";
import { changesBetween } from "../../../journal/audit-changes.ts";
import { mutate } from "../../../journal/mutate.ts";
import { notFound } from "../../../kernel/errors.ts";
import type { Id } from "../../../kernel/ids.ts";
import type { PersonPrincipal } from "../../../kernel/principal.ts";
import { isRole, ROLES, type Role } from "../../../kernel/roles.ts";
import { provePasswordAgain } from "../passwords/passwords.ts";
import { findOwnRoles } from "../people/team/grants.ts";
import { listOwners } from "../people/team/store.ts";
import type { AccessRoom } from "../room.ts";
import { deleteWorkspace } from "./operate.ts";
import {
  type ContactKind,
  type ContactRow,
  findWorkspace,
  listNamedContacts,
  putFactorRoles,
  renameWorkspace,
  replaceContacts,
  type WorkspaceRow,
} from "./store.ts";

export interface Settings {
  readonly id: Id<"ws">;
  readonly name: string;
  /** Who must have a second factor. */
  readonly factorRoles: readonly Role[];
}

const settingsOf = ({ id, name, factor_roles }: WorkspaceRow): Settings => ({
  id,
  name,
  factorRoles: factor_roles.split(",").filter(isRole),
});

export async function findSettings(reader: Reader, id: Id<"ws">): Promise<Settings> {
  const workspace = await findWorkspace(reader, id);
  if (!workspace) throw notFound("The workspace");
  return settingsOf(workspace);
}

/** Whoever lacks the factor that is asked for from now on sets one up before they get in again. */
export function changeSettings(
  room: AccessRoom,
  principal: PersonPrincipal,
  change: { readonly name?: string | undefined; readonly factorRoles?: readonly Role[] | undefined },
): Promise<Settings> {
  const { workspaceId } = principal;
  return mutate(room.context, principal, async (writer) => {
    await findOwnRoles(writer, principal, "settings:write");
    const before = await findSettings(writer, workspaceId);
    const wanted = change.factorRoles;
    const factorRoles = wanted ? ROLES.filter((role) => wanted.includes(role)) : before.factorRoles;
    const after = { ...before, name: change.name ?? before.name, factorRoles };
    await renameWorkspace(writer, workspaceId, after.name);
    await putFactorRoles(writer, workspaceId, after.factorRoles.join(","));
    writer.afterCommit(() => room.sessions.forget());
    const changes = changesBetween(before, after, ["name", "factorRoles"]);
    return {
      result: after,
      audit: [{ workspaceId, action: "workspace.settings_changed", target: workspaceId, ...changes }],
      announce: [],
      jobs: [],
    };
  });
}

/** By an owner, who gives their password again and writes the name out. */
export async function deleteOwnWorkspace(
  room: AccessRoom,
  principal: PersonPrincipal,
  { name, password }: { readonly name: string; readonly password: string },
): Promise<void> {
  await provePasswordAgain(room, principal.accountId, password);
  await deleteWorkspace(room, principal, { id: principal.workspaceId, confirmation: name }, (writer) =>
    findOwnRoles(writer, principal, "workspace:own"),
  );
}

export type Contact = Omit<ContactRow, "kind">;

/** Who gets the notices of one kind; where nobody was named for it, the owners. */
export async function listContacts(
  reader: Reader,
  workspaceId: Id<"ws">,
  kind: ContactKind,
): Promise<readonly Contact[]> {
  const workspace = await findWorkspace(reader, workspaceId);
  if (!workspace || workspace.deleted_at !== null) return [];
  const named = (await listNamedContacts(reader, workspaceId)).filter((contact) => contact.kind === kind);
  const contacts = named.length > 0 ? named : await listOwners(reader, workspaceId);
  return contacts.map(({ email, name }) => ({ email, name }));
}

/** All of one kind; none takes them away. */
export function putContacts(
  room: AccessRoom,
  principal: PersonPrincipal,
  { kind, contacts }: { readonly kind: ContactKind; readonly contacts: readonly Contact[] },
): Promise<void> {
  const { workspaceId } = principal;
  return mutate(room.context, principal, async (writer) => {
    await findOwnRoles(writer, principal, "settings:write");
    const all = await listNamedContacts(writer, workspaceId);
    await replaceContacts(writer, workspaceId, kind, contacts);
    const before = { [kind]: all.filter((contact) => contact.kind === kind).map(({ email }) => email) };
    const changes = changesBetween(before, { [kind]: contacts.map(({ email }) => email) }, [kind]);
    return {
      result: undefined,
      audit: [{ workspaceId, action: "workspace.contacts_changed", target: workspaceId, ...changes }],
      announce: [],
      jobs: [],
    };
  });
}
