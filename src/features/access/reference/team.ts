import * as v from "valibot";
import { page, said, text, textOrNull, time } from "../../../http/openapi-fields.ts";
import type { RoomReference } from "../../../http/openapi-types.ts";
import { LiveRole, OneTimePassword, TestRole } from "./accounts.ts";
import { ACCOUNT_ID, PERSON_ID, WORKSPACE_ID } from "./examples.ts";
import { SIGNED_IN_EXAMPLE, SignedIn } from "./sign-in.ts";

const INVITATION_ID = "inv_01kag6w9m6q3t9w7y1a4c8e5gj";

const Teammate = v.object({
  accountId: text("`acc_…`"),
  email: v.string(),
  name: v.nullable(v.string()),
  role: TestRole,
  liveRole: LiveRole,
  secondFactor: said(
    v.nullable(v.boolean()),
    "Whether a second factor is set up; told only to those who may change the team.",
  ),
  disabled: said(v.boolean(), "Whether the operator has disabled the account."),
  joinedAt: time("When they joined."),
});

const Invitation = v.object({
  id: text("`inv_…`"),
  email: text("Whom it is for."),
  role: TestRole,
  liveRole: LiveRole,
  status: said(v.picklist(["open", "accepted", "revoked", "expired"]), "Only an open one can be accepted."),
  invitedBy: text("Who made it, as the audit log names them."),
  createdAt: time("When it was made."),
  expiresAt: time("When its link ends."),
});

export const SentInvitation = v.object({
  ...Invitation.entries,
  link: textOrNull(
    "To be handed over, where no mail server is set: shown in this answer and never again. Else `null`: it went by mail.",
  ),
});

const TEAMMATE_EXAMPLE = {
  accountId: PERSON_ID,
  email: "grace@riverside.example",
  name: "Grace",
  role: "developer",
  liveRole: "viewer",
  secondFactor: true,
  disabled: false,
  joinedAt: "2026-11-20T18:04:00.000Z",
} as const;
const OWNER_EXAMPLE = { ...TEAMMATE_EXAMPLE, role: "owner", liveRole: "owner" } as const;
const INVITATION_EXAMPLE = {
  id: INVITATION_ID,
  email: "grace@riverside.example",
  role: "developer",
  liveRole: "viewer",
  status: "open",
  invitedBy: ACCOUNT_ID,
  createdAt: "2026-11-20T18:04:00.000Z",
  expiresAt: "2026-11-27T18:04:00.000Z",
} as const;
export const SENT_EXAMPLE = { ...INVITATION_EXAMPLE, link: null };
const PERSON_PATH = { id: { description: "The person's account id.", example: PERSON_ID } };
const INVITATION_PATH = { id: { description: "The invitation's id.", example: INVITATION_ID } };
const REASON = "Why: for the audit log, and for the person.";
const PASSWORD_AGAIN = "Yours, asked for again.";
const TOKEN = "Of the link, what follows the `#`.";

const TEAM: RoomReference["operations"] = {
  listTeam: {
    answers: {
      200: {
        description: "The people of the workspace.",
        schema: page(Teammate),
        example: { data: [TEAMMATE_EXAMPLE], next: null },
      },
    },
  },
  changeRoles: {
    path: PERSON_PATH,
    body: {
      example: { role: "developer", liveRole: "developer" },
      fields: {
        role: "In `test`, and for the workspace itself.",
        liveRole: "In `live`. Left out beside `role`: `viewer` for a developer, else the same.",
      },
    },
    answers: {
      200: {
        description: "The person as they are now.",
        schema: Teammate,
        example: { ...TEAMMATE_EXAMPLE, liveRole: "developer" },
      },
    },
    errors: ["conflict"],
  },
  removeFromTeam: {
    path: PERSON_PATH,
    answers: { 204: { description: "They belong to the team no more." } },
    errors: ["conflict"],
  },
  leaveTeam: {
    answers: { 204: { description: "You belong to the team no more." } },
    errors: ["conflict", "not_found"],
  },
  handOverOwnership: {
    body: {
      example: { accountId: PERSON_ID, password: "a few words in a row" },
      fields: {
        accountId: "Somebody of the team.",
        password: PASSWORD_AGAIN,
        stay: "Whether you stay an owner beside them. Left out, you are an admin afterwards.",
      },
    },
    answers: { 200: { description: "The owner.", schema: Teammate, example: OWNER_EXAMPLE } },
    errors: ["conflict", "not_found"],
  },
  setPasswordInTeam: {
    path: PERSON_PATH,
    body: { example: { reason: "Lost her phone" }, fields: { reason: REASON } },
    answers: {
      201: { description: "The one-time password.", schema: OneTimePassword, example: { password: "Vb3…" } },
    },
    errors: ["conflict"],
  },
  listInvitations: {
    answers: {
      200: {
        description: "Invitations, without their links.",
        schema: page(Invitation),
        example: { data: [INVITATION_EXAMPLE], next: null },
      },
    },
  },
  inviteToTeam: {
    body: {
      example: { email: "grace@riverside.example", role: "developer" },
      fields: {
        email: "Whom to invite.",
        role: "What they are to be, in `test` and for the workspace itself. Not `owner`: ownership is handed over.",
        liveRole: "What they are to be in `live`. Left out: `viewer` for a developer, else the same.",
      },
    },
    answers: { 201: { description: "The invitation is on its way.", schema: SentInvitation, example: SENT_EXAMPLE } },
    errors: ["conflict", "not_configured"],
  },
  resendInvitation: {
    path: INVITATION_PATH,
    answers: {
      200: { description: "The invitation with its new end.", schema: SentInvitation, example: SENT_EXAMPLE },
    },
    errors: ["conflict", "not_configured"],
  },
  revokeInvitation: {
    path: INVITATION_PATH,
    answers: { 204: { description: "Its link is no good any more." } },
    errors: ["conflict"],
  },
  readInvitation: {
    body: { example: { token: "hit_…" }, fields: { token: TOKEN } },
    answers: {
      200: {
        description: "What is offered.",
        schema: v.object({
          email: text("Whom it is for."),
          workspaceName: text("Where to."),
          role: TestRole,
          liveRole: LiveRole,
          invitedBy: textOrNull("Who made it, by name or address."),
          hasAccount: said(v.boolean(), "Whether somebody has the address already, and signs in to accept."),
          expiresAt: time("When the link ends."),
        }),
        example: {
          email: "grace@riverside.example",
          workspaceName: "Riverside School",
          role: "developer",
          liveRole: "viewer",
          invitedBy: "Ada",
          hasAccount: false,
          expiresAt: "2026-11-27T18:04:00.000Z",
        },
      },
    },
  },
  acceptInvitation: {
    body: {
      example: { token: "hit_…", password: "a few words in a row", name: "Grace" },
      fields: { token: TOKEN, password: "At least ten characters.", name: "What the others are to call you." },
    },
    answers: {
      201: { description: "The account is made and signed in.", schema: SignedIn, example: SIGNED_IN_EXAMPLE },
    },
    errors: ["conflict", "forbidden"],
  },
  acceptInvitationAsMyself: {
    body: { example: { token: "hit_…" }, fields: { token: TOKEN } },
    answers: {
      200: {
        description: "You belong to the team.",
        schema: v.object({ workspaceId: text("`ws_…`") }),
        example: { workspaceId: WORKSPACE_ID },
      },
    },
    errors: ["conflict"],
  },
};

export const TEAM_REFERENCE: RoomReference = {
  tags: [
    {
      name: "Team",
      description:
        "The people of a workspace, by session only: `?environment=env_…` names the workspace, the role there decides. Nobody gives, takes or touches what holds more than their own role, and a workspace keeps an owner.",
    },
  ],
  schemas: { Teammate, Invitation: SentInvitation },
  operations: TEAM,
};
