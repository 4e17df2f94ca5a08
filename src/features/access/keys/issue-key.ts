import type { Context } from "../../../context.ts";
import type { Writer } from "../../../database/database.ts";
import type { AuditDraft } from "../../../journal/audit.ts";
import type { Id } from "../../../kernel/ids.ts";
import { actorOf, type EnvironmentKind, type Principal } from "../../../kernel/principal.ts";
import type { IssuedKey, Key } from "../types.ts";
import { hashOfSecret, type KeyKind, makeKeyText, visiblePrefix } from "./key-text.ts";
import { insertKey, insertKeySecret } from "./store.ts";

/** Gives a key a secret; what stands in the database can't be turned back into it. */
export async function issueSecret(
  context: Pick<Context, "chance">,
  writer: Writer,
  key: { readonly id: Id<"key">; readonly kind: KeyKind },
  environment: EnvironmentKind,
): Promise<{ readonly secretKey: string; readonly prefix: string }> {
  const secretKey = makeKeyText(key.kind, environment, context.chance);
  const prefix = visiblePrefix(secretKey);
  await insertKeySecret(writer, { keyId: key.id, hash: hashOfSecret(secretKey), prefix });
  return { secretKey, prefix };
}

export type WantedKey = Pick<
  Key,
  "environmentId" | "name" | "kind" | "scopes" | "origins" | "eventTypes" | "expiresAt"
> & { readonly environmentKind: EnvironmentKind };

/** Writes a key with its first secret, inside the transaction of whoever asked for it. */
export async function issueKey(
  context: Pick<Context, "chance" | "ids">,
  writer: Writer,
  principal: Principal,
  { environmentKind, ...wanted }: WantedKey,
): Promise<IssuedKey> {
  const key: Key = {
    ...wanted,
    id: context.ids.next("key"),
    createdBy: actorOf(principal),
    ownedBy: principal.kind === "person" ? principal.accountId : undefined,
    createdAt: writer.now,
    revokedAt: undefined,
    lastUsedAt: undefined,
    secrets: [],
  };
  await insertKey(writer, key);
  const { secretKey, prefix } = await issueSecret(context, writer, key, environmentKind);
  return { key: { ...key, secrets: [{ prefix, createdAt: writer.now, expiresAt: undefined }] }, secretKey };
}

/** What of a key stands in the audit log: everything but its secrets. */
const auditedKey = ({ name, kind, scopes, origins, eventTypes, ownedBy, expiresAt }: Key) => ({
  name,
  kind,
  scopes: [...scopes],
  ...(origins === undefined ? {} : { origins: [...origins], eventTypes: eventTypes ? [...eventTypes] : null }),
  ownedBy: ownedBy ?? null,
  expiresAt: expiresAt ?? null,
});

export const keyCreated = ({ key }: IssuedKey, workspaceId: Id<"ws">): AuditDraft => ({
  workspaceId,
  environmentId: key.environmentId,
  action: "key.created",
  target: key.id,
  after: auditedKey(key),
});
