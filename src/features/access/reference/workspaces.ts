import * as v from "valibot";
import { page, said, text, textOrNull, time, whole } from "../../../http/openapi-fields.ts";
import type { RoomReference } from "../../../http/openapi-types.ts";
import { ROLES } from "../../../kernel/roles.ts";
import { WORKSPACE_ID } from "./examples.ts";
import { SENT_EXAMPLE, SentInvitation } from "./team.ts";

const Workspace = v.object({
  id: text("`ws_…`"),
  name: v.string(),
  status: said(v.picklist(["active", "suspended", "deleted"]), "Whether it lets anybody in."),
  reason: textOrNull("Why it was suspended, if it is."),
  environments: v.object({ live: textOrNull("`env_…`"), test: textOrNull("`env_…`") }),
  people: whole("How many belong to its team."),
  owners: whole("How many of them own it and can sign in."),
  createdAt: time("When it was made."),
});
const Settings = v.object({
  id: text("`ws_…`"),
  name: v.string(),
  factorRoles: said(v.array(v.picklist(ROLES)), "The roles that get in with a second factor only."),
  digest: said(
    v.object({
      at: textOrNull('When it is made, in the zone below: `"08:00"`.'),
      zone: textOrNull("An IANA time zone."),
      mail: said(
        v.nullable(v.picklist(["always", "traffic", "trouble", "never"])),
        "Whether it is mailed: `traffic` on days with deliveries or trouble.",
      ),
    }),
    "Of the daily digest of the webhooks; `null` is as the installation has it.",
  ),
});
const Contacts = v.array(v.object({ email: v.string(), name: v.nullable(v.string()) }));

const WORKSPACE_EXAMPLE = {
  id: WORKSPACE_ID,
  name: "Riverside School",
  status: "active",
  reason: null,
  environments: { live: "env_01kag6w8y6xz4d1q8b5n9t3r2p", test: "env_01kag6w8y7h6s2f0m3v9w5k1ya" },
  people: 4,
  owners: 1,
  createdAt: "2026-11-20T18:04:00.000Z",
} as const;
const CONTACT_EXAMPLE = { email: "oncall@riverside.example", name: "On call" };
const DIGEST_EXAMPLE = { at: "07:30", zone: "Europe/Berlin", mail: null };
const SETTINGS_EXAMPLE = {
  id: WORKSPACE_ID,
  name: "Riverside School",
  factorRoles: ["admin", "owner"],
  digest: DIGEST_EXAMPLE,
};
const PATH = { id: { description: "The workspace's id.", example: WORKSPACE_ID } };
const KIND_PATH = {
  kind: {
    description: "`technical`, `security`, `billing` or `on_call`.",
    schema: { type: "string", enum: ["technical", "security", "billing", "on_call"] },
    example: "on_call",
  },
};
const NAME_AGAIN = "The workspace's name, letter by letter.";

const workspace = (example: { readonly [name: string]: string | null } = {}) => ({
  200: {
    description: "The workspace as it is now.",
    schema: Workspace,
    example: { ...WORKSPACE_EXAMPLE, ...example },
  },
});

export const WORKSPACES_REFERENCE: RoomReference = {
  tags: [
    {
      name: "Installation",
      description:
        "For the operator, by session only: workspaces and accounts, but not what they hold. Into a workspace the operator looks as one of its people, in the open.",
    },
  ],
  schemas: { Workspace },
  operations: {
    listWorkspaces: {
      answers: {
        200: {
          description: "Workspaces, those that were deleted too.",
          schema: page(Workspace),
          example: { data: [WORKSPACE_EXAMPLE], next: null },
        },
      },
    },
    openWorkspace: {
      body: {
        example: { name: "Riverside School", ownerEmail: "ada@riverside.example" },
        fields: {
          name: "The company or application whose events come in.",
          ownerEmail: "Who is invited to own it. Left out, it is you.",
        },
      },
      answers: {
        201: {
          description: "The workspace, and the invitation of its owner.",
          schema: v.object({ ...Workspace.entries, invitation: v.nullable(SentInvitation) }),
          example: {
            ...WORKSPACE_EXAMPLE,
            people: 0,
            owners: 0,
            invitation: { ...SENT_EXAMPLE, email: "ada@riverside.example", role: "owner", liveRole: "owner" },
          },
        },
      },
      errors: ["not_configured"],
    },
    readWorkspace: { path: PATH, answers: workspace() },
    renameWorkspace: {
      path: PATH,
      body: { example: { name: "Riverside Schools" }, fields: { name: "The new name." } },
      answers: workspace({ name: "Riverside Schools" }),
    },
    suspendWorkspace: {
      path: PATH,
      body: { example: { reason: "Unpaid since May" }, fields: { reason: "Why: its people and owners are told." } },
      answers: workspace({ status: "suspended", reason: "Unpaid since May" }),
    },
    resumeWorkspace: { path: PATH, answers: workspace() },
    inviteOwner: {
      path: PATH,
      body: { example: { email: "ada@riverside.example" }, fields: { email: "Whom to invite." } },
      answers: {
        201: {
          description: "The invitation is on its way.",
          schema: SentInvitation,
          example: { ...SENT_EXAMPLE, email: "ada@riverside.example", role: "owner", liveRole: "owner" },
        },
      },
      errors: ["conflict", "not_configured"],
    },
    deleteWorkspace: {
      path: PATH,
      body: { example: { name: "Riverside School" }, fields: { name: NAME_AGAIN } },
      answers: workspace({ status: "deleted" }),
    },
    readSettings: {
      answers: { 200: { description: "The workspace.", schema: Settings, example: SETTINGS_EXAMPLE } },
    },
    changeSettings: {
      body: {
        example: { factorRoles: ["admin", "owner"], digest: { at: "07:30", zone: "Europe/Berlin" } },
        fields: {
          name: "Its name.",
          factorRoles: "The roles that get in with a second factor only.",
          digest: "When the daily digest of the webhooks is made; what it leaves out stays as it is.",
          "digest.at": 'Hour and minute of the day: `"08:00"`. `null` is as the installation has it.',
          "digest.zone": "An IANA time zone such as `Europe/Berlin`.",
          "digest.mail": "`always`, `traffic` (deliveries or trouble), `trouble` or `never`.",
        },
      },
      answers: { 200: { description: "The settings as they are now.", schema: Settings, example: SETTINGS_EXAMPLE } },
    },
    deleteOwnWorkspace: {
      body: {
        example: { name: "Riverside School", password: "a few words in a row" },
        fields: { name: NAME_AGAIN, password: "Yours, asked for again." },
      },
      answers: { 204: { description: "Nobody gets in any more." } },
    },
    listContacts: {
      answers: {
        200: {
          description: "Who was named, by kind of notice.",
          schema: v.object({ technical: Contacts, security: Contacts, billing: Contacts, on_call: Contacts }),
          example: { technical: [], security: [], billing: [], on_call: [CONTACT_EXAMPLE] },
        },
      },
    },
    putContacts: {
      path: KIND_PATH,
      body: {
        example: { contacts: [CONTACT_EXAMPLE] },
        fields: {
          contacts: "At most twenty.",
          "contacts.*.email": "Where notices go.",
          "contacts.*.name": "Whose it is.",
        },
      },
      answers: {
        200: {
          description: "Those who are named now.",
          schema: v.object({ contacts: Contacts }),
          example: { contacts: [CONTACT_EXAMPLE] },
        },
      },
    },
    deleteContacts: { path: KIND_PATH, answers: { 204: { description: "The owners get these notices." } } },
  },
};
