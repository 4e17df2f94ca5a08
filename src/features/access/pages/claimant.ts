import type { Id } from "../../../kernel/ids.ts";
import type { AccessRoom } from "../room.ts";
import { originOf } from "../sign-in/routes.ts";
import { isSafeWay, startSession } from "../sign-in/sign-in.ts";

/** Who has just claimed the installation has given the password on that very page: they need not give it again. */
export async function signInClaimant(
  room: AccessRoom,
  request: Request,
  accountId: Id<"acc">,
): Promise<readonly string[]> {
  const origin = originOf(request);
  if (!isSafeWay(room, origin)) return [];
  const session = await startSession(room, origin, { id: accountId, epoch: 0 }, { method: "password", factor: false });
  return room.cookies.set(session);
}
