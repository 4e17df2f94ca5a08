import type { Context } from "../../context.ts";
import type { Writer } from "../../database/database.ts";
import type { AuditDraft } from "../../journal/audit.ts";
import type { Id } from "../../kernel/ids.ts";
import { actorOf, type EnvironmentKind, type Principal, type Scope } from "../../kernel/principal.ts";
import type { UnixMs } from "../../kernel/units.ts";
import { hashOfSecret, makeSecretKey, visiblePrefix } from "./secret-key.ts";
import { insertKey, insertKeySecret } from "./store.ts";
import type { IssuedKey, Key } from "./types.ts";

/** Gives a key a secret; what stands in the database can't be turned back into it. */
export async function issueSecret(
  context: Pick<Context, "chance">,
  writer: Writer,
  keyId: Id<"key">,
  kind: EnvironmentKind,
): Promise<{ readonly secretKey: string; readonly prefix: string }> {
  const secretKey = makeSecretKey(kind, context.chance);
  const prefix = visiblePrefix(secretKey);
  await insertKeySecret(writer, { keyId, hash: hashOfSecret(secretKey), prefix });
  return { secretKey, prefix };
}

/** Writes a key with its first secret, inside the transaction of whoever asked for it. */
export async function issueKey(
  context: Pick<Context, "chance" | "ids">,
  writer: Writer,
  principal: Principal,
  wanted: {
    readonly environmentId: Id<"env">;
    readonly kind: EnvironmentKind;
    readonly name: string;
    readonly scopes: readonly Scope[];
    readonly expiresAt: UnixMs | undefined;
  },
): Promise<IssuedKey> {
  const { environmentId, kind, name, scopes, expiresAt } = wanted;
  const key: Key = {
    id: context.ids.next("key"),
    environmentId,
    name,
    scopes,
    createdBy: actorOf(principal),
    createdAt: writer.now,
    expiresAt,
    revokedAt: undefined,
    lastUsedAt: undefined,
    secrets: [],
  };
  await insertKey(writer, key);
  const { secretKey, prefix } = await issueSecret(context, writer, key.id, kind);
  return { key: { ...key, secrets: [{ prefix, createdAt: writer.now, expiresAt: undefined }] }, secretKey };
}

export const keyCreated = ({ key }: IssuedKey, workspaceId: Id<"ws">): AuditDraft => ({
  workspaceId,
  environmentId: key.environmentId,
  action: "key.created",
  target: key.id,
  details: { name: key.name, scopes: [...key.scopes], expiresAt: key.expiresAt ?? null },
});
