import { mutate } from "../../../journal/mutate.ts";
import { AppError, notFound } from "../../../kernel/errors.ts";
import type { Id } from "../../../kernel/ids.ts";
import type { AccountPrincipal } from "../../../kernel/principal.ts";
import type { AccessRoom } from "../room.ts";
import { endSession, endSessions } from "./store.ts";

const ENDED = "ended by the person";

/** Who acts as another person ends their own acting, not that person's sessions. */
function assertOwn({ impersonation }: AccountPrincipal): void {
  if (impersonation) throw new AppError("forbidden", "Sessions are not touched while acting as another person.");
}

/** @throws not_found for a session of somebody else, and for one that ended already */
export function endOneSession(room: AccessRoom, principal: AccountPrincipal, sessionId: Id<"ses">): Promise<void> {
  assertOwn(principal);
  const { accountId } = principal;
  return mutate(room.context, principal, async (writer) => {
    if ((await endSession(writer, accountId, sessionId, ENDED)) === 0) throw notFound("The session");
    writer.afterCommit(() => room.sessions.forget());
    return {
      result: undefined,
      audit: [{ workspaceId: "", action: "session.ended", target: sessionId, details: { accountId } }],
      announce: [],
      jobs: [],
    };
  });
}

/** @returns how many were ended */
export function endOtherSessions(room: AccessRoom, principal: AccountPrincipal): Promise<number> {
  assertOwn(principal);
  const { accountId, sessionId } = principal;
  return mutate(room.context, principal, async (writer) => {
    const ended = await endSessions(writer, accountId, ENDED, sessionId);
    writer.afterCommit(() => room.sessions.forget());
    const details = { accountId, ended };
    return {
      result: ended,
      audit: [{ workspaceId: "", action: "session.others_ended", target: sessionId, details }],
      announce: [],
      jobs: [],
    };
  });
}
