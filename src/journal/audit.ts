import canonicalize from "canonicalize";
import type { Context } from "../context.ts";
import type { Reader, Writer } from "../database/database.ts";
import { assert } from "../kernel/assert.ts";
import { hmacSha256, sha256Hex } from "../kernel/crypto.ts";
import type { Id } from "../kernel/ids.ts";
import type { JsonObject } from "../kernel/json.ts";
import { actorOf, type Principal } from "../kernel/principal.ts";

/** One change for the audit log. Details hold before and after, never a secret. */
export interface AuditDraft {
  /** `""` is the chain of the installation itself. */
  readonly workspaceId: Id<"ws"> | "";
  readonly environmentId?: Id<"env">;
  /** `webhook.created`: what was done, in the past tense. */
  readonly action: string;
  /** The id of what it was done to. */
  readonly target: string;
  readonly details?: JsonObject;
}

interface EntryFields {
  readonly workspace_id: string;
  readonly sequence: number;
  readonly id: string;
  readonly environment_id: string | null;
  readonly at: number;
  readonly actor: string;
  readonly action: string;
  readonly target: string;
  readonly request_id: string;
  readonly address: string | null;
  readonly details_digest: string;
  readonly previous: string;
}

export interface AuditRow extends EntryFields {
  readonly details: string | null;
  readonly digest: string;
}

const canonical = (value: unknown): string => {
  const text = canonicalize(value);
  assert(text !== undefined, "audit values are JSON");
  return text;
};

const digestOf = (key: Uint8Array, fields: EntryFields): string =>
  Buffer.from(hmacSha256(key, canonical(fields))).toString("hex");

const COLUMNS = [
  "workspace_id",
  "sequence",
  "id",
  "environment_id",
  "at",
  "actor",
  "action",
  "target",
  "request_id",
  "address",
  "details",
  "details_digest",
  "previous",
  "digest",
] as const;

/** Links the entries to the end of their workspaces' chains, in the transaction of what they tell of. */
export async function appendAudit(
  context: Pick<Context, "ids" | "keyring" | "log">,
  writer: Writer,
  principal: Principal,
  drafts: readonly AuditDraft[],
): Promise<void> {
  const key = context.keyring.derive("audit");
  for (const draft of drafts) {
    const [head] = await writer.lockMany<{ sequence: number; digest: string }>({
      table: "audit_heads",
      columns: ["sequence", "digest"],
      keyColumns: ["workspace_id"],
      keys: [[draft.workspaceId]],
    });
    const details = draft.details === undefined ? null : canonical(draft.details);
    const fields: EntryFields = {
      workspace_id: draft.workspaceId,
      sequence: (head?.sequence ?? 0) + 1,
      id: context.ids.next("aud"),
      environment_id: draft.environmentId ?? null,
      at: writer.now,
      actor: actorOf(principal),
      action: draft.action,
      target: draft.target,
      request_id: principal.request.id,
      address: principal.request.address ?? null,
      details_digest: sha256Hex(details ?? ""),
      previous: head?.digest ?? "",
    };
    const row: AuditRow = { ...fields, details, digest: digestOf(key, fields) };
    await writer.insertMany({ table: "audit_entries", columns: COLUMNS, rows: [COLUMNS.map((column) => row[column])] });
    await writer.upsertMany({
      table: "audit_heads",
      columns: ["workspace_id", "sequence", "digest"],
      keyColumns: ["workspace_id"],
      rows: [[draft.workspaceId, fields.sequence, row.digest]],
    });
    // A chain that was cut back together with its head is found by whoever kept the log.
    writer.afterCommit(() =>
      context.log.info("audit head", {
        workspaceId: draft.workspaceId,
        sequence: fields.sequence,
        digest: row.digest,
        action: draft.action,
        requestId: fields.request_id,
      }),
    );
  }
}

export interface AuditVerdict {
  readonly workspaceId: string;
  readonly entries: number;
  /** What is wrong, in words, with the sequence number; undefined where the chain holds. */
  readonly fault: string | undefined;
}

const PAGE = 500;

async function verifyChain(
  reader: Reader,
  key: Uint8Array,
  workspaceId: string,
  last: number,
  head: string,
): Promise<string | undefined> {
  let previous = "";
  let sequence = 0;
  for (;;) {
    const rows = await reader.all<AuditRow>(
      `SELECT ${COLUMNS.join(", ")} FROM audit_entries WHERE workspace_id = ? AND sequence > ? ORDER BY sequence LIMIT ${PAGE}`,
      [workspaceId, sequence],
    );
    for (const { details, digest, ...fields } of rows) {
      if (fields.sequence !== sequence + 1) return `entry ${sequence + 1} is missing`;
      sequence = fields.sequence;
      if (fields.previous !== previous || digestOf(key, fields) !== digest) return `entry ${sequence} was changed`;
      if (details !== null && sha256Hex(details) !== fields.details_digest)
        return `the details of entry ${sequence} were changed`;
      previous = digest;
    }
    if (rows.length < PAGE) break;
  }
  if (sequence !== last) return `the chain ends at entry ${sequence}, its head says ${last}`;
  return previous === head ? undefined : "the head does not match the last entry";
}

/** Walks every chain from its first entry. Entries whose details were dropped still hold. */
export async function verifyAudit(context: Pick<Context, "keyring">, reader: Reader): Promise<AuditVerdict[]> {
  const key = context.keyring.derive("audit");
  const heads = await reader.all<{ workspace_id: string; sequence: number; digest: string }>(
    "SELECT workspace_id, sequence, digest FROM audit_heads ORDER BY workspace_id",
  );
  const verdicts: AuditVerdict[] = [];
  for (const { workspace_id, sequence, digest } of heads) {
    const fault = await verifyChain(reader, key, workspace_id, sequence, digest);
    verdicts.push({ workspaceId: workspace_id, entries: sequence, fault });
  }
  const orphans = await reader.all<{ workspace_id: string }>(
    "SELECT DISTINCT workspace_id FROM audit_entries WHERE workspace_id NOT IN (SELECT workspace_id FROM audit_heads)",
  );
  for (const { workspace_id } of orphans)
    verdicts.push({ workspaceId: workspace_id, entries: 0, fault: "the chain has no head" });
  return verdicts;
}
