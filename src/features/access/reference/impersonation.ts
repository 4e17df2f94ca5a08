import * as v from "valibot";
import { page, said, text, time, timeOrNull } from "../../../http/openapi-fields.ts";
import type { RoomReference } from "../../../http/openapi-types.ts";
import { ACCOUNT_ID, PERSON_ID } from "./examples.ts";

const Impersonation = v.object({
  id: text("`imp_…`"),
  operatorId: text("Who acted."),
  accountId: text("As whom."),
  reason: text("Why, as the operator said."),
  changes: said(v.boolean(), "Whether more than looking was allowed."),
  startedAt: time("When it began."),
  endsAt: time("When it ends by itself."),
  endedAt: timeOrNull("When it was ended; `null` while it goes on."),
});

const EXAMPLE = {
  id: "imp_01kag6w9n8r4v1x5z9c2e6g3hk",
  operatorId: ACCOUNT_ID,
  accountId: PERSON_ID,
  reason: "Ticket 881: her board is empty",
  changes: false,
  startedAt: "2026-11-20T18:04:00.000Z",
  endsAt: "2026-11-20T18:19:00.000Z",
  endedAt: null,
};

export const IMPERSONATION_REFERENCE: RoomReference = {
  tags: [],
  operations: {
    listImpersonations: {
      answers: {
        200: {
          description: "Impersonations, those that ended too.",
          schema: page(Impersonation),
          example: { data: [EXAMPLE], next: null },
        },
      },
    },
    impersonate: {
      body: {
        example: { accountId: PERSON_ID, reason: "Ticket 881: her board is empty" },
        fields: {
          accountId: "Whom to act as. Not an operator.",
          reason: "Why: for the audit log, and for the person.",
          changes: "Whether you may change what the person may. Left out, you only look.",
          minutes: "How long: 1 to 30, 15 if left out.",
        },
      },
      answers: { 201: { description: "From now on you act as them.", schema: Impersonation, example: EXAMPLE } },
      errors: ["conflict", "not_found"],
    },
    stopImpersonating: {
      answers: { 204: { description: "You are yourself again." } },
      errors: ["conflict"],
    },
  },
};
