const LOG_OF_ITS_OWN = "an input: the log of events has who sent it, in which request, and what followed";
const OWN_ROW =
  "the token's row says who made it and when, for each visitor of a site; by a person's hand it is an entry";
const NO_CHANGE = "changes nothing";

/** Operations that are no reads and yet leave no audit entry, and why. */
export const UNAUDITED: Readonly<Record<string, string>> = {
  "POST /v1/events": LOG_OF_ITS_OWN,
  "POST /v1/events/batch": LOG_OF_ITS_OWN,
  "POST /v1/batch": LOG_OF_ITS_OWN,
  "POST /v1/import": LOG_OF_ITS_OWN,
  "POST /v1/track": LOG_OF_ITS_OWN,
  "POST /v1/identify": LOG_OF_ITS_OWN,
  "POST /v1/page": LOG_OF_ITS_OWN,
  "POST /v1/screen": LOG_OF_ITS_OWN,
  "POST /v1/group": LOG_OF_ITS_OWN,
  "POST /v1/alias": LOG_OF_ITS_OWN,
  "PUT /v1/members/{userId}": LOG_OF_ITS_OWN,
  "POST /v1/webhooks/{id}/ack": "what was received stands in the attempts of its deliveries",
  "POST /v1/widget-sessions": OWN_ROW,
  "POST /v1/embed-tokens": OWN_ROW,
  "POST /v1/credentials/inspect": NO_CHANGE,
  "POST /v1/webhooks/check-signature": NO_CHANGE,
  "POST /v1/webhooks/preview": NO_CHANGE,
  "POST /v1/webhooks/{id}/preview": NO_CHANGE,
  "POST /v1/program/validate": NO_CHANGE,
  "POST /v1/auth/invitations/read": NO_CHANGE,
  "POST /v1/auth/refresh": "a session goes on that was begun with an entry; its row has when it was last seen",
};

/** Reads that hand out so much that they leave an entry all the same. */
export const AUDITED_READS: readonly string[] = ["GET /v1/audit/export", "GET /v1/instance/audit/export"];
