import type { RoomReference } from "../../http/openapi-types.ts";
import { ACCOUNTS_REFERENCE } from "./reference/accounts.ts";
import { AUDIT_REFERENCE } from "./reference/audit.ts";
import { IMPERSONATION_REFERENCE } from "./reference/impersonation.ts";
import { KEYS_REFERENCE } from "./reference/keys.ts";
import { SET_UP_REFERENCE } from "./reference/set-up.ts";
import { SIGN_IN_REFERENCE } from "./reference/sign-in.ts";
import { TEAM_REFERENCE } from "./reference/team.ts";
import { TOKENS_REFERENCE } from "./reference/tokens.ts";
import { WORKSPACES_REFERENCE } from "./reference/workspaces.ts";

/** One file for each folder of this room; their order is that of the document's chapters. */
const PARTS: readonly RoomReference[] = [
  KEYS_REFERENCE,
  TOKENS_REFERENCE,
  TEAM_REFERENCE,
  ACCOUNTS_REFERENCE,
  SIGN_IN_REFERENCE,
  WORKSPACES_REFERENCE,
  IMPERSONATION_REFERENCE,
  AUDIT_REFERENCE,
  SET_UP_REFERENCE,
];

export const ACCESS_REFERENCE: RoomReference = {
  tags: PARTS.flatMap(({ tags }) => tags),
  sections: PARTS.flatMap(({ sections = [] }) => sections),
  schemas: Object.assign({}, ...PARTS.map(({ schemas }) => schemas)),
  notes: Object.assign({}, ...PARTS.map(({ notes }) => notes)),
  operations: Object.assign({}, ...PARTS.map(({ operations }) => operations)),
};
