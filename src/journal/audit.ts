import type { Context } from "../context.ts";
import type { Writer } from "../database/database.ts";
import { hmacSha256, sha256Hex } from "../kernel/crypto.ts";
import type { Id } from "../kernel/ids.ts";
import type { JsonObject } from "../kernel/json.ts";
import { actorOf, type Principal } from "../kernel/principal.ts";
import type { UnixMs } from "../kernel/units.ts";
import { type Changes, canonical, detailsText } from "./audit-changes.ts";

/** One change for the audit log, never with a secret. What was and what is now comes from `changesBetween`. */
export interface AuditDraft extends Changes {
  /** `""` is the chain of the installation itself. */
  readonly workspaceId: Id<"ws"> | "";
  readonly environmentId?: Id<"env">;
  /** `webhook.created`: what was done, in the past tense. */
  readonly action: string;
  /** The id of what it was done to. */
  readonly target: string;
  /** What there is to say besides. */
  readonly details?: JsonObject;
}

interface EntryFields {
  readonly workspace_id: string;
  readonly sequence: number;
  readonly id: string;
  readonly environment_id: string | null;
  readonly at: UnixMs;
  readonly actor: string;
  /** As whom, where the actor acted for another; not there otherwise, so that earlier entries keep their digest. */
  readonly as_whom?: string;
  readonly action: string;
  readonly target: string;
  readonly request_id: string;
  readonly address: string | null;
  readonly details_digest: string;
  readonly previous: string;
}

export interface AuditRow extends Omit<EntryFields, "as_whom"> {
  readonly as_whom: string | null;
  readonly details: string | null;
  readonly digest: string;
}

/** Keyed: who can write to the database but has not got the root key can't make an entry anew. */
const digestOf = (key: Uint8Array, fields: EntryFields): string =>
  Buffer.from(hmacSha256(key, canonical(fields))).toString("hex");

/** Whether an entry is as it was written. */
export function isUnchanged(key: Uint8Array, { details: _details, digest, as_whom, ...rest }: AuditRow): boolean {
  return digestOf(key, as_whom === null ? rest : { ...rest, as_whom }) === digest;
}

export const AUDIT_COLUMNS = [
  "workspace_id",
  "sequence",
  "id",
  "environment_id",
  "at",
  "actor",
  "as_whom",
  "action",
  "target",
  "request_id",
  "address",
  "details",
  "details_digest",
  "previous",
  "digest",
] as const;

/** Who acted, and as whom: an entry of somebody who acts as another person names both. */
function actorsOf(principal: Principal): Pick<EntryFields, "actor" | "as_whom"> {
  const acting = "impersonation" in principal ? principal.impersonation : undefined;
  if (!acting || !("accountId" in principal)) return { actor: actorOf(principal) };
  return { actor: acting.operatorId, as_whom: principal.accountId };
}

/** Links the entries to the end of their workspaces' chains, in the transaction of what they tell of. */
export async function appendAudit(
  context: Pick<Context, "ids" | "keyring" | "log">,
  writer: Writer,
  principal: Principal,
  drafts: readonly AuditDraft[],
): Promise<void> {
  const key = context.keyring.keyFor("audit");
  for (const draft of drafts) {
    const [head] = await writer.lockMany<{ sequence: number; digest: string }>({
      table: "audit_heads",
      columns: ["sequence", "digest"],
      keyColumns: ["workspace_id"],
      keys: [[draft.workspaceId]],
    });
    const details = detailsText(draft);
    const fields: EntryFields = {
      workspace_id: draft.workspaceId,
      sequence: (head?.sequence ?? 0) + 1,
      id: context.ids.next("aud"),
      environment_id: draft.environmentId ?? null,
      at: writer.now,
      ...actorsOf(principal),
      action: draft.action,
      target: draft.target,
      request_id: principal.request.id,
      address: principal.request.address ?? null,
      details_digest: sha256Hex(details ?? ""),
      previous: head?.digest ?? "",
    };
    const row: AuditRow = { ...fields, as_whom: fields.as_whom ?? null, details, digest: digestOf(key, fields) };
    await writer.insertMany({
      table: "audit_entries",
      columns: AUDIT_COLUMNS,
      rows: [AUDIT_COLUMNS.map((column) => row[column])],
    });
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
