import { purgeRefusedRequests } from "../../../http/refused/store.ts";
import { fromTheFront, type RetentionRule } from "../../../jobs/retention.ts";
import { DAY, durationMs } from "../../../kernel/units.ts";
import { purgeLinks } from "../passwords/store.ts";
import { TOKEN_LIFE_MAX_MS } from "../tokens/signing.ts";
import { purgeTokenKeys, purgeWidgetSessions } from "../tokens/store.ts";
import { purgeInvitations, purgeKeys, purgePassingKeys, purgeSessions } from "./store.ts";

/** How long a token that is over can still be asked about. */
const TOKENS_KEPT = durationMs(7 * DAY);
const TOKEN_KEYS_KEPT = durationMs(TOKEN_LIFE_MAX_MS + TOKENS_KEPT);
const INVITATIONS_KEPT = durationMs(90 * DAY);
const SESSIONS_KEPT = durationMs(30 * DAY);

export const ACCESS_RETENTION: readonly RetentionRule[] = [
  {
    name: "refusedRequests",
    what: "Refused requests: when, by whom, which address, why; without what they held",
    tables: ["refused_requests"],
    kept: ({ retention }) => retention.refused,
    setting: "retention.refused",
    after: "they came",
    purge: fromTheFront(purgeRefusedRequests),
  },
  {
    name: "passingKeys",
    what: "Keys that were made for a day at most, as the command line makes them for one call",
    tables: ["api_keys", "api_key_secrets"],
    kept: () => DAY,
    after: "they were revoked or have ended",
    purge: fromTheFront(purgePassingKeys),
  },
  {
    name: "revokedKeys",
    what: "Other keys, as hashes",
    tables: ["api_keys", "api_key_secrets"],
    kept: ({ retention }) => retention.revokedKeys,
    setting: "retention.revokedKeys",
    after: "they were revoked or have ended",
    purge: fromTheFront(purgeKeys),
  },
  {
    name: "widgetSessions",
    what: "Tokens of members' browsers",
    tables: ["widget_sessions"],
    kept: () => TOKENS_KEPT,
    after: "they have ended",
    purge: fromTheFront(purgeWidgetSessions),
  },
  {
    name: "tokenKeys",
    what: "Keys that tokens are signed with, sealed",
    tables: ["token_keys"],
    kept: () => TOKEN_KEYS_KEPT,
    after: "another took their place",
    purge: async (writer, { before }) => ({ rows: await purgeTokenKeys(writer, before), cursor: undefined }),
  },
  {
    name: "accountLinks",
    what: "Mailed links, as hashes",
    tables: ["account_links"],
    kept: () => DAY,
    after: "they have ended",
    purge: fromTheFront(purgeLinks),
  },
  {
    name: "invitations",
    what: "Invitations, accepted or not",
    tables: ["invitations"],
    kept: () => INVITATIONS_KEPT,
    after: "they have ended",
    purge: fromTheFront(purgeInvitations),
  },
  {
    name: "sessions",
    what: "Sessions of people: device, address, when; and who acted as whom in them",
    tables: ["sessions", "oidc_sessions", "impersonations"],
    kept: () => SESSIONS_KEPT,
    after: "they could no longer be renewed",
    purge: fromTheFront(purgeSessions),
  },
  {
    name: "people",
    what: "Accounts with their second factors, teams, contacts",
    tables: ["accounts", "recovery_codes", "identities", "memberships", "contacts"],
    kept: undefined,
    after: "",
  },
  {
    name: "workspaces",
    what: "Workspaces that were deleted, with all that they held but for the audit log",
    tables: ["workspaces", "environments"],
    kept: ({ retention }) => retention.deletedWorkspaces,
    setting: "retention.deletedWorkspaces",
    after: "they were deleted",
  },
];
