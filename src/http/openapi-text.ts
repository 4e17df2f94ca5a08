import type { ReferenceSection } from "./openapi-types.ts";

export const SUMMARY = "Turns what users do into progress, and tells everyone who needs to know.";

/** What holds on every route. Shown at the head of the reference and in the document's own description. */
export const GENERAL_SECTIONS: readonly ReferenceSection[] = [
  {
    id: "credentials",
    title: "Credentials",
    text: `A secret key goes in the \`Authorization\` header: \`Bearer hk_live_…\` or \`Bearer hk_test_…\`. The key chooses the environment: \`live\` and \`test\` run the same code with members, events and webhooks of their own, and nothing crosses.

A key may be narrowed to scopes; each operation names the one it asks for. Without a credential, or with a wrong, expired or revoked one, the answer is 401; with a right one that lacks the scope, 403.

Keep secret keys on your servers. A request with one that comes from a browser is refused, because anybody could read it there.`,
  },
  {
    id: "conventions",
    title: "Conventions",
    text: `Bodies are JSON in UTF-8 with \`Content-Type: application/json\`, at most 1 MiB (8 MiB for batches). A field that is not known is refused rather than ignored, so that a typing error does not go unnoticed. Answers may gain fields; let your code pass over those it does not know.

- Times are ISO 8601 in UTC. Amounts are integers. Durations are written \`"15m"\`, \`"24h"\`, \`"30d"\`.
- Ids that Hatch makes have a prefix that says what they name (\`sub_\`, \`dlv_\`, \`evt_\`) and sort by time.
- Your own ids, such as \`userId\`, are kept as they are: 1 to 255 printable characters.`,
  },
  {
    id: "lists",
    title: "Lists",
    text: `A list answers \`{"data": […], "next": "…"}\`, newest first. Pass \`next\` as \`after\` to go on; it is \`null\` at the end. \`limit\` is 1 to 200. What is added meanwhile does not shift the pages.`,
  },
  {
    id: "repeating",
    title: "Repeating a request safely",
    text: `A success is answered only after everything is on the disk. When an answer does not arrive, send the same request again:

- An event with an \`id\` counts once, for ever. The same content again answers 200 with the first effects; other content answers 409.
- Any other write takes an \`Idempotency-Key\`: a name of your own, such as a UUID, that you keep over the repeats. For 24 hours the same request under the same name (method, path and content) is not made again but given the first answer, with \`Idempotency-Replayed: true\`. Another request under it is refused with 409 \`idempotency_conflict\`; one that comes while the first is running waits for it, and after ten seconds is told 409 with \`Retry-After\`. A refusal is not remembered: the same request may succeed later.
- The name is written together with the change and what it came to: a crash neither makes it twice nor loses a secret that is shown once. Names belong to the key or person that uses them, in one environment.`,
  },
  {
    id: "request-ids",
    title: "Request ids",
    text: `Every answer carries \`X-Request-Id\`. It is found again in the logs, in errors, in the audit and beside events and deliveries, so quote it when you ask for help. Send your own (1 to 128 of \`A-Z a-z 0-9 . _ -\`) and it is kept.`,
  },
];
