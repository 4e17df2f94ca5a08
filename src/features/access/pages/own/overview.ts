import { hasPassword } from "../../passwords/hashing.ts";
import { readOwnEmail } from "../../people/accounts/own-account.ts";
import type { AccessRoom } from "../../room.ts";
import { countRecoveryCodes } from "../../second-factor/store.ts";
import { listSessions } from "../../sessions/store.ts";
import { show, type Visit } from "../visit.ts";
import type { OwnAccount } from "./own.tsx";
import { findOwn } from "./send.ts";

async function readOwn(room: AccessRoom, visit: Visit): Promise<OwnAccount> {
  const { accountId } = visit.principal;
  const { context } = room;
  const account = await findOwn(room, visit);
  const shown = {
    email: account.email,
    name: account.name,
    hasPassword: hasPassword(account.password_hash),
    hasFactor: account.totp_confirmed_at !== null,
  };
  if (visit.session.acting) return { ...shown, recoveryCodes: 0, pending: undefined, sessions: [] };
  const { pending } = await readOwnEmail(room, visit.principal);
  return context.database.read(async (reader) => ({
    ...shown,
    pending,
    recoveryCodes: await countRecoveryCodes(reader, accountId),
    sessions: await listSessions(reader, accountId, context.clock.now()),
  }));
}

export async function showOwn(room: AccessRoom, visit: Visit): Promise<Response> {
  const { renderOwn } = await import("./own.tsx");
  const { oidc } = room.context.config;
  const account = await readOwn(room, visit);
  const text = await renderOwn({ visit, account, providerName: oidc?.name, now: room.context.clock.now() });
  return show(room, visit.request, text);
}
