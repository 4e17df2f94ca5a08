import type { Context } from "../../../context.ts";
import type { Reader, Writer } from "../../../database/database.ts";
import { encodeBase62, sha256Hex } from "../../../kernel/crypto.ts";
import { AppError } from "../../../kernel/errors.ts";
import type { Id } from "../../../kernel/ids.ts";
import { addMs, type UnixMs } from "../../../kernel/units.ts";
import { deleteLinks, findLink, insertLink, type LinkRow, spendLink } from "./store.ts";

const TOKEN_BYTES = 32;
const TOKEN_WIDTH = 43;

export type LinkKind = "reset" | "email_old" | "email_new";

/** A token for a mailed link: single use, kept as a hash; an earlier one of the same kind is no good any more. */
export async function makeLink(
  { chance }: Pick<Context, "chance">,
  writer: Writer,
  link: { readonly kind: LinkKind; readonly accountId: Id<"acc">; readonly email?: string; readonly lastsMs: number },
): Promise<string> {
  const token = `hlt_${encodeBase62(chance.bytes(TOKEN_BYTES), TOKEN_WIDTH)}`;
  await deleteLinks(writer, link.accountId, link.kind);
  await insertLink(writer, {
    token_hash: sha256Hex(token),
    kind: link.kind,
    account_id: link.accountId,
    email: link.email ?? null,
    expires_at: addMs(writer.now, link.lastsMs),
  });
  return token;
}

const deadLink = (): AppError =>
  new AppError("unauthenticated", "The link was used already, or it is too old: ask for another one.");

/** @throws unauthenticated for a link that is wrong, old or used; nothing tells which */
export async function findUsableLink(
  reader: Reader,
  kind: LinkKind,
  { token, now }: { readonly token: string; readonly now: UnixMs },
): Promise<LinkRow> {
  const link = await findLink(reader, sha256Hex(token));
  if (!link || link.kind !== kind || link.used_at !== null || link.expires_at <= now) throw deadLink();
  return link;
}

/** Uses it up. @throws unauthenticated like `findUsableLink` */
export async function useLink(writer: Writer, kind: LinkKind, token: string): Promise<LinkRow> {
  const link = await findUsableLink(writer, kind, { token, now: writer.now });
  await spendLink(writer, link.token_hash);
  return link;
}
