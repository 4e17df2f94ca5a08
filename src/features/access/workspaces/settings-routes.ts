import { Elysia } from "elysia";
import * as v from "valibot";
import { type Guard, personOf } from "../../../http/guard.ts";
import { notFound } from "../../../kernel/errors.ts";
import { ROLES } from "../../../kernel/roles.ts";
import { isTimeOfDay, isTimeZone, TIME_ZONE_EXPECTED } from "../../../kernel/time-zone.ts";
import { MailAddress } from "../people/fields.ts";
import type { AccessRoom } from "../room.ts";
import { GivenPassword, Name } from "../types.ts";
import { type Contact, changeSettings, deleteOwnWorkspace, findSettings, putContacts } from "./settings.ts";
import { CONTACT_KINDS, type ContactKind, DIGEST_MAILS, listNamedContacts } from "./store.ts";

const TAGS = ["Team"];
const READ = { permission: "team:read" } as const;
const WRITE = { permission: "settings:write" } as const;
const CONTACTS_MAX = 20;

const Contacts = v.pipe(
  v.array(v.strictObject({ email: MailAddress, name: v.optional(v.nullable(Name)) })),
  v.maxLength(CONTACTS_MAX),
  v.check((list) => new Set(list.map(({ email }) => email)).size === list.length, "Names an address twice."),
);

const Digest = v.strictObject({
  at: v.optional(v.nullable(v.pipe(v.string(), v.check(isTimeOfDay, 'Must be a time such as "08:00".')))),
  zone: v.optional(v.nullable(v.pipe(v.string(), v.check(isTimeZone, `Must be ${TIME_ZONE_EXPECTED}.`)))),
  mail: v.optional(v.nullable(v.picklist(DIGEST_MAILS))),
});

function kindOf(text: string): ContactKind {
  const kind = CONTACT_KINDS.find((known) => known === text);
  if (!kind) throw notFound("The kind of contact");
  return kind;
}

const contactView = ({ email, name }: Contact) => ({ email, name });

export const createSettingsRoutes = (room: AccessRoom, guard: Guard) =>
  new Elysia({ name: "workspace-settings" })
    .use(guard)
    .get(
      "/v1/workspace",
      async ({ request }) => {
        const { workspaceId } = personOf(request);
        return room.context.database.read((reader) => findSettings(reader, workspaceId));
      },
      {
        access: READ,
        detail: { operationId: "readSettings", summary: "The workspace of the environment", tags: TAGS },
      },
    )
    .patch("/v1/workspace", async ({ request, body }) => changeSettings(room, personOf(request), body), {
      access: WRITE,
      body: v.strictObject({
        name: v.optional(Name),
        factorRoles: v.optional(v.array(v.picklist(ROLES))),
        digest: v.optional(Digest),
      }),
      detail: {
        operationId: "changeSettings",
        summary: "Change the workspace's settings",
        description:
          "Whoever has one of `factorRoles` gets in with a second factor only, from the next request on: without one they set it up first. `digest` says when the daily digest of the webhooks is made; of what it leaves out nothing changes, `null` is as the installation has it.",
        tags: TAGS,
      },
    })
    .delete(
      "/v1/workspace",
      async ({ request, body, set }) => {
        await deleteOwnWorkspace(room, personOf(request), body);
        set.status = 204;
      },
      {
        access: { permission: "workspace:own" },
        body: v.strictObject({ name: Name, password: GivenPassword }),
        detail: {
          operationId: "deleteOwnWorkspace",
          summary: "Delete your workspace",
          description: "Asks for its name and your password. All of its keys end at once, and nobody gets in any more.",
          tags: TAGS,
        },
      },
    )
    .get(
      "/v1/contacts",
      async ({ request }) => {
        const { workspaceId } = personOf(request);
        const all = await room.context.database.read((reader) => listNamedContacts(reader, workspaceId));
        const of = (kind: ContactKind) => all.filter((contact) => contact.kind === kind).map(contactView);
        return { technical: of("technical"), security: of("security"), billing: of("billing"), on_call: of("on_call") };
      },
      {
        access: READ,
        detail: {
          operationId: "listContacts",
          summary: "Who gets the workspace's notices",
          description: "Where nobody is named for a kind, its notices go to the owners.",
          tags: TAGS,
        },
      },
    )
    .put(
      "/v1/contacts/:kind",
      async ({ request, params, body }) => {
        const kind = kindOf(params.kind);
        const contacts = body.contacts.map(({ email, name = null }) => ({ email, name }));
        await putContacts(room, personOf(request), { kind, contacts });
        return { contacts: contacts.map(contactView) };
      },
      {
        access: WRITE,
        body: v.strictObject({ contacts: Contacts }),
        detail: {
          operationId: "putContacts",
          summary: "Name who gets the notices of one kind",
          description: "`technical`, `security`, `billing` or `on_call`. The list takes the place of the one before.",
          tags: TAGS,
        },
      },
    )
    .delete(
      "/v1/contacts/:kind",
      async ({ request, params, set }) => {
        await putContacts(room, personOf(request), { kind: kindOf(params.kind), contacts: [] });
        set.status = 204;
      },
      {
        access: WRITE,
        detail: { operationId: "deleteContacts", summary: "Name nobody for the notices of one kind", tags: TAGS },
      },
    );
