import { mutate } from "../../../journal/mutate.ts";
import { validationFailed } from "../../../kernel/errors.ts";
import { actorOf, EMBED_SCOPES, type EnvironmentPrincipal, WIDGET_SCOPES } from "../../../kernel/principal.ts";
import type { UnixMs } from "../../../kernel/units.ts";
import {
  addMs,
  DAY,
  type DurationMs,
  formatDuration,
  HOUR,
  MINUTE,
  parseDuration,
  SECOND,
} from "../../../kernel/units.ts";
import { assertOrigins } from "../browsers/origin.ts";
import type { AccessRoom } from "../room.ts";
import { insertWidgetSession } from "./store.ts";
import type { CreateEmbedToken, CreateWidgetSession, IssuedToken, TokenKind, WidgetSession } from "./types.ts";

interface Life {
  readonly usual: DurationMs;
  readonly longest: DurationMs;
}

const LIVES: Readonly<Record<TokenKind, Life>> = {
  widget: { usual: (15 * MINUTE) as DurationMs, longest: HOUR },
  embed: { usual: HOUR, longest: DAY },
};

function lifeOf(kind: TokenKind, ttl: string | undefined): DurationMs {
  const { usual, longest } = LIVES[kind];
  if (ttl === undefined) return usual;
  const duration = parseDuration(ttl);
  if (duration !== undefined && duration >= SECOND && duration <= longest) return duration;
  throw validationFailed([
    { path: "ttl", message: `Must be a duration from 1s to ${formatDuration(longest)}, such as "15m".` },
  ]);
}

export const createWidgetSession = (
  room: AccessRoom,
  principal: EnvironmentPrincipal,
  { scopes, ...wanted }: CreateWidgetSession,
): Promise<IssuedToken> =>
  createToken(room, principal, {
    ...wanted,
    kind: "widget",
    scopes: WIDGET_SCOPES.filter((one) => scopes.includes(one)),
  });

export const createEmbedToken = (
  room: AccessRoom,
  principal: EnvironmentPrincipal,
  wanted: CreateEmbedToken,
): Promise<IssuedToken> => createToken(room, principal, { ...wanted, kind: "embed", scopes: EMBED_SCOPES });

/**
 * A token for one member's browser, with the row that is asked on its every use. The row itself says who made it and
 * when, so what a server does for each of its visitors is no entry in the audit log; what a person does by hand is one.
 */
async function createToken(
  { context, signing, knownOrigins, tokensMade }: AccessRoom,
  principal: EnvironmentPrincipal,
  wanted: CreateEmbedToken & Pick<WidgetSession, "kind" | "scopes">,
): Promise<IssuedToken> {
  const { environmentId, environmentKind, workspaceId } = principal;
  const { kind, userId, scopes, origin, ttl } = wanted;
  const life = lifeOf(kind, ttl);
  if (origin !== undefined) assertOrigins([["origin", origin]], environmentKind);
  const now = context.clock.now();
  const id = context.ids.next("wst");
  // A token ends with a whole second, and its row with it: never later than was said.
  const expiresAt = (Math.floor(addMs(now, life) / 1_000) * 1_000) as UnixMs;
  const token = await signing.sign(kind, { sid: id, sub: userId }, expiresAt);
  return mutate(context, principal, async (writer) => {
    const session: WidgetSession = {
      id,
      environmentId,
      kind,
      userId,
      scopes,
      origin,
      createdBy: actorOf(principal),
      createdAt: writer.now,
      expiresAt,
      revokedAt: undefined,
    };
    await insertWidgetSession(writer, session);
    writer.afterCommit(() => {
      tokensMade.add(1, { kind });
      if (origin !== undefined) knownOrigins.add(origin, expiresAt);
    });
    const after = { kind, scopes: [...scopes], origin: origin ?? null, expiresAt };
    const entry = { workspaceId, environmentId, action: "token.created", target: id, after };
    return {
      result: { session, token },
      audit: principal.kind === "person" ? [entry] : [],
      announce: [],
      jobs: [],
    };
  });
}
