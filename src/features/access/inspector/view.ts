import { isoTime } from "../../../kernel/clock.ts";
import type { JsonObject } from "../../../kernel/json.ts";
import type { UnixMs } from "../../../kernel/units.ts";
import type { Inspection, KnownFacts } from "./types.ts";

const timeOrNull = (at: UnixMs | undefined): string | null => (at === undefined ? null : isoTime(at));

function factsView({ identity, ...facts }: KnownFacts): JsonObject {
  const eventTypes = identity.kind === "publishable" ? identity.eventTypes : undefined;
  return {
    id: facts.id,
    name: facts.name ?? null,
    workspaceId: identity.workspaceId,
    environment: { id: identity.environmentId, kind: identity.environmentKind },
    userId: ("userId" in identity ? identity.userId : undefined) ?? null,
    scopes: [...identity.scopes],
    eventTypes: eventTypes ? [...eventTypes] : null,
    origins: facts.origins ? [...facts.origins] : null,
    createdBy: facts.createdBy,
    ownedBy: facts.ownedBy ?? null,
    createdAt: isoTime(facts.createdAt),
    lastUsedAt: timeOrNull(facts.lastUsedAt),
    expiresAt: timeOrNull(facts.expiresAt),
    revokedAt: timeOrNull(facts.revokedAt),
  };
}

export const inspectionView = ({ kind, inForce, facts, problems }: Inspection): JsonObject => ({
  kind,
  inForce,
  credential: facts ? factsView(facts) : null,
  problems: problems.map(({ code, message }) => ({ code, message })),
});
