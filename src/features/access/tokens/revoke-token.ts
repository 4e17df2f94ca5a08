import { mutate } from "../../../journal/mutate.ts";
import { notFound } from "../../../kernel/errors.ts";
import type { Id } from "../../../kernel/ids.ts";
import type { EnvironmentPrincipal } from "../../../kernel/principal.ts";
import type { AccessRoom } from "../room.ts";
import { findWidgetSession, listLiveSessions, revokeSessionsOfMember, revokeWidgetSession } from "./store.ts";
import type { WidgetSession } from "./types.ts";

/** Named in the audit log; a member with more of them is a fault, and the rest are counted. */
const NAMED_MAX = 100;

/** Ends one token at once. Revoking twice is fine. */
export function revokeToken(
  { context, cache, knownOrigins }: AccessRoom,
  principal: EnvironmentPrincipal,
  id: Id<"wst">,
): Promise<WidgetSession> {
  const { environmentId, workspaceId } = principal;
  return mutate(context, principal, async (writer) => {
    const session = await findWidgetSession(writer, environmentId, id);
    if (!session) throw notFound("The session");
    if ((await revokeWidgetSession(writer, environmentId, id)) === 0) {
      return { result: session, audit: [], announce: [], jobs: [] };
    }
    writer.afterCommit(() => {
      cache.endNow(id);
      if (session.origin !== undefined) knownOrigins.forget();
    });
    return {
      result: { ...session, revokedAt: writer.now },
      audit: [{ workspaceId, environmentId, action: "token.revoked", target: id }],
      announce: [],
      jobs: [],
    };
  });
}

/** Ends all tokens of a member at once: they signed out, or are no longer let in. @returns how many there were */
export function revokeTokensOfMember(
  { context, cache, knownOrigins }: AccessRoom,
  principal: EnvironmentPrincipal,
  userId: string,
): Promise<number> {
  const { environmentId, workspaceId } = principal;
  return mutate(context, principal, async (writer) => {
    const live = await listLiveSessions(writer, environmentId, userId, NAMED_MAX);
    const revoked = await revokeSessionsOfMember(writer, environmentId, userId);
    // Also where there was none: a look-up under way may hold what another request has just made.
    writer.afterCommit(() => {
      cache.endWhere(
        ({ identity }) =>
          "userId" in identity && identity.userId === userId && identity.environmentId === environmentId,
      );
      if (revoked > 0) knownOrigins.forget();
    });
    const details = { revoked, tokens: [...live] };
    const entry = { workspaceId, environmentId, action: "token.all_revoked", target: environmentId, details };
    return { result: revoked, audit: revoked === 0 ? [] : [entry], announce: [], jobs: [] };
  });
}
