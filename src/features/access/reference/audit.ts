import * as v from "valibot";
import { page, said, text, textOrNull, time, whole } from "../../../http/openapi-fields.ts";
import type { OperationReference, ParameterReference, RoomReference } from "../../../http/openapi-types.ts";

const objectOrNull = (sentence: string) => said(v.nullable(v.record(v.string(), v.unknown())), sentence);

const AuditEntry = v.object({
  id: text("`aud_…`"),
  workspaceId: textOrNull("`null` for what was done to the installation itself."),
  sequence: whole("Its place in the chain: counted from 1 without a gap, for the whole workspace."),
  at: time("When it was done."),
  environmentId: textOrNull("`null` for what concerns the workspace as a whole."),
  actor: text("Who did it: an id of a person or a key, `operator` at the machine's command line, or `system:…`."),
  asWhom: textOrNull("The person in whose name an operator acted; `actor` is the operator then."),
  action: text("What was done, in the past tense: `key.created`, `webhook.changed`."),
  target: text("The id or the name of what it was done to."),
  requestId: text("The `X-Request-Id` of the request that did it."),
  address: textOrNull("Where the request came from."),
  before: objectOrNull("What it was before: only what changed, never a secret."),
  after: objectOrNull("What it is since."),
  details: objectOrNull(
    "What there is to say besides. Gone with the two above after `audit.keepDetails`, three years.",
  ),
  digest: text(
    "A keyed digest of this entry and, by the one before it, of all before. Keep one to prove a change later.",
  ),
});

const WORKSPACE = "ws_01kag6w8ya0c2m7d5fs9w4h1ve";
const ENTRY = {
  id: "aud_01kag6w8yj4e8n6r3tq1p0z9xb",
  workspaceId: WORKSPACE,
  sequence: 42,
  at: "2026-11-20T18:04:00.000Z",
  environmentId: "env_01kag6w8ya0c2m7d5fs9w4h1vf",
  actor: "acc_01kag6w8ya0c2m7d5fs9w4h1vg",
  asWhom: null,
  action: "webhook.changed",
  target: "sub_01kag6w8yhf2ss0m8g3cnv5d7a",
  requestId: "req_01kag6w8yhf2ss0m8g3cnv5d7b",
  address: "203.0.113.7",
  before: { events: ["points.earned"] },
  after: { events: ["points.earned", "level.changed"] },
  details: { fields: ["events"] },
  digest: "5f2b0c1de8a94730b6f1c2d3e4f5061728394a5b6c7d8e9fa0b1c2d3e4f50617",
};
const SIGN_IN = {
  ...ENTRY,
  id: "aud_01kag6w8yj4e8n6r3tq1p0z9xc",
  workspaceId: null,
  sequence: 7,
  environmentId: null,
  actor: "system:sign-in",
  action: "account.signed_in",
  target: "acc_01kag6w8ya0c2m7d5fs9w4h1vg",
  before: null,
  after: null,
  details: { method: "password", factor: true },
};

const FILTERS: Readonly<Record<string, ParameterReference>> = {
  actor: { description: "Only what this person, key or name did, or what was done in this person's name." },
  action: {
    description: "Only this action; with `*` at the end, all that begin so.",
    example: "key.*",
  },
  target: { description: "Only what was done to this." },
  requestId: { description: "Only what this request did." },
  since: { description: "Only entries from this time on.", example: "2026-11-01T00:00:00Z" },
  until: { description: "Only entries before this time." },
};
const FORMAT: ParameterReference = {
  description: "`jsonl`: a line of JSON for each entry. `csv`: with a line of names, for spreadsheets.",
  schema: { type: "string", enum: ["jsonl", "csv"], default: "jsonl" },
};

const CSV_HEAD =
  "sequence,id,at,workspaceId,environmentId,actor,asWhom,action,target,requestId,address,before,after,details,digest";

const list = (description: string, example: typeof ENTRY | typeof SIGN_IN): OperationReference => ({
  description,
  query: FILTERS,
  answers: {
    200: {
      description:
        "Entries. A page may hold fewer than `limit` where few fit the filters: go on while there is a `next`.",
      schema: page(AuditEntry),
      example: { data: [example], next: null },
    },
  },
});

const file = (description: string, example: typeof ENTRY | typeof SIGN_IN): OperationReference => ({
  description,
  query: { format: FORMAT, ...FILTERS },
  answers: {
    200: {
      description: "The whole range as a file, written as it is read.",
      files: {
        "application/x-ndjson": `${JSON.stringify(example)}\n`,
        "text/csv": `${CSV_HEAD}\r\n${example.sequence},${example.id},${example.at},…\r\n`,
      },
      headers: { "Content-Disposition": { description: "A name for the file." } },
    },
  },
});

const NEUTRAL =
  "In CSV a cell that a spreadsheet would take for a formula (it begins with `=`, `+`, `-`, `@`, a tab or a line break) begins with an apostrophe; `before`, `after` and `details` are JSON. The export itself leaves an entry, `audit.exported`.";

export const AUDIT_REFERENCE: RoomReference = {
  tags: [
    {
      name: "Audit",
      description:
        "Who changed what, as whom, from where, in which request, and what it was before. Each workspace has a chain of its own in which nothing can be changed or taken out unseen: `hatch audit verify`.",
    },
  ],
  schemas: { AuditEntry },
  operations: {
    listAudit: list(
      "The entries of the caller's environment and of the workspace as a whole; those of the other environment are seen from there.",
      ENTRY,
    ),
    exportAudit: file(`The same as a file. People need \`exports:read\`. ${NEUTRAL}`, ENTRY),
    listInstanceAudit: list(
      "Sign-ins, accounts, workspaces and settings of the installation; for its operator. What happens inside a workspace is in that workspace's chain.",
      SIGN_IN,
    ),
    exportInstanceAudit: file(NEUTRAL, SIGN_IN),
  },
};
