import type { Reader } from "../../../database/database.ts";
import { changesBetween } from "../../../journal/audit-changes.ts";
import { mutate } from "../../../journal/mutate.ts";
import { notFound } from "../../../kernel/errors.ts";
import type { Id } from "../../../kernel/ids.ts";
import type { EnvironmentKind, PersonPrincipal } from "../../../kernel/principal.ts";
import { isRole, ROLES, type Role } from "../../../kernel/roles.ts";
import { provePasswordAgain } from "../passwords/passwords.ts";
import { findOwnRoles } from "../people/team/grants.ts";
import { listOwners } from "../people/team/store.ts";
import type { AccessRoom } from "../room.ts";
import { deleteWorkspace } from "./operate.ts";
import {
  type ContactKind,
  type ContactRow,
  type DigestMail,
  findWorkspace,
  listEnvironmentsBetween,
  listNamedContacts,
  listWorkspacesInUse,
  putDigest,
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
  /** When the daily digest of the webhooks is made, and whether it is mailed; null is as the installation has it. */
  readonly digest: DigestSettings;
}

export interface DigestSettings {
  readonly at: string | null;
  readonly zone: string | null;
  readonly mail: DigestMail | null;
}

const digestOf = ({ digest_at, digest_zone, digest_mail }: WorkspaceRow): DigestSettings => ({
  at: digest_at,
  zone: digest_zone,
  mail: digest_mail,
});

const settingsOf = (row: WorkspaceRow): Settings => ({
  id: row.id,
  name: row.name,
  factorRoles: row.factor_roles.split(",").filter(isRole),
  digest: digestOf(row),
});

/** A workspace in use, with what it says of its digest. */
export interface WorkspaceDigest {
  readonly id: Id<"ws">;
  readonly name: string;
  readonly environments: Readonly<Record<EnvironmentKind, Id<"env">>>;
  readonly digest: DigestSettings;
}

async function withEnvironments(reader: Reader, rows: readonly WorkspaceRow[]): Promise<WorkspaceDigest[]> {
  const [first] = rows;
  const last = rows.at(-1);
  if (!first || !last) return [];
  const places = Map.groupBy(await listEnvironmentsBetween(reader, first.id, last.id), (place) => place.workspace_id);
  return rows.flatMap((row) => {
    const of = (kind: EnvironmentKind) => places.get(row.id)?.find((place) => place.kind === kind)?.id;
    const [live, test] = [of("live"), of("test")];
    return live && test ? [{ id: row.id, name: row.name, environments: { live, test }, digest: digestOf(row) }] : [];
  });
}

/** By their ids: neither deleted nor suspended. */
export const listDigestSettings = async (
  reader: Reader,
  page: { readonly after: string; readonly rows: number },
): Promise<readonly WorkspaceDigest[]> => withEnvironments(reader, await listWorkspacesInUse(reader, page));

export async function findDigestSettings(reader: Reader, id: Id<"ws">): Promise<WorkspaceDigest | undefined> {
  const row = await findWorkspace(reader, id);
  return row ? (await withEnvironments(reader, [row]))[0] : undefined;
}

export async function findSettings(reader: Reader, id: Id<"ws">): Promise<Settings> {
  const workspace = await findWorkspace(reader, id);
  if (!workspace) throw notFound("The workspace");
  return settingsOf(workspace);
}

/** What is not named stays as it is; null is as the installation has it. */
const merged = (
  before: DigestSettings,
  { at, zone, mail }: { readonly [Part in keyof DigestSettings]?: DigestSettings[Part] | undefined },
): DigestSettings => ({
  at: at === undefined ? before.at : at,
  zone: zone === undefined ? before.zone : zone,
  mail: mail === undefined ? before.mail : mail,
});

/** Whoever lacks the factor that is asked for from now on sets one up before they get in again. */
export function changeSettings(
  room: AccessRoom,
  principal: PersonPrincipal,
  change: {
    readonly name?: string | undefined;
    readonly factorRoles?: readonly Role[] | undefined;
    readonly digest?: { readonly [Part in keyof DigestSettings]?: DigestSettings[Part] | undefined } | undefined;
  },
): Promise<Settings> {
  const { workspaceId } = principal;
  return mutate(room.context, principal, async (writer) => {
    await findOwnRoles(writer, principal, "settings:write");
    const before = await findSettings(writer, workspaceId);
    const wanted = change.factorRoles;
    const factorRoles = wanted ? ROLES.filter((role) => wanted.includes(role)) : before.factorRoles;
    const digest = merged(before.digest, change.digest ?? {});
    const after = { ...before, name: change.name ?? before.name, factorRoles, digest };
    await renameWorkspace(writer, workspaceId, after.name);
    await putFactorRoles(writer, workspaceId, after.factorRoles.join(","));
    await putDigest(writer, workspaceId, digest);
    writer.afterCommit(() => room.sessions.forget());
    const changes = changesBetween(before, after, ["name", "factorRoles", "digest"]);
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
