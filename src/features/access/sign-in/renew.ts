import { requestOf } from "../../../http/guard.ts";
import { recheck } from "../oidc/oidc.ts";
import type { AccessRoom } from "../room.ts";
import { type Renewed, refreshSession } from "../sessions/session.ts";

/**
 * By the cookie that renews a session; whom an identity provider vouched for has to be vouched for still. Undefined where
 * the session is over.
 */
export async function renewSession(room: AccessRoom, request: Request): Promise<Renewed | undefined> {
  const { refresh } = room.cookies.read(request.headers.get("cookie"));
  if (!refresh) return undefined;
  const info = requestOf(request);
  const provider = await room.findProvider();
  if (provider) await recheck(room, provider, refresh, info);
  return refreshSession(room, refresh, info.address ?? null);
}
