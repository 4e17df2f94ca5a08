import { mutate } from "../../../journal/mutate.ts";
import { parseIsoTime } from "../../../kernel/clock.ts";
import { AppError, type ErrorDetail, notFound, validationFailed } from "../../../kernel/errors.ts";
import type { Id } from "../../../kernel/ids.ts";
import { type Principal, SCOPES, type Scope } from "../../../kernel/principal.ts";
import type { UnixMs } from "../../../kernel/units.ts";
import { assertOrigins } from "../browsers/origin.ts";
import { assertHoldsAll, assertMayActIn } from "../permissions.ts";
import type { AccessRoom } from "../room.ts";
import { findEnvironment } from "../store.ts";
import type { CreateKey, IssuedKey, Key } from "../types.ts";
import { issueKey, keyCreated } from "./issue-key.ts";
import { countUsableKeys } from "./store.ts";

/** Keys in force at once. */
const KEYS_PER_ENVIRONMENT_MAX = 500;

function endOf(expiresAt: string | undefined, now: UnixMs): UnixMs | undefined {
  if (expiresAt === undefined) return undefined;
  const at = parseIsoTime(expiresAt);
  if (at === undefined) {
    throw validationFailed([{ path: "expiresAt", message: "Must be an ISO 8601 time with its offset." }]);
  }
  if (at <= now) throw validationFailed([{ path: "expiresAt", message: "Must lie in the future." }]);
  return at;
}

function scopesOf({ scopes }: CreateKey, principal: Principal): readonly Scope[] {
  if (scopes) return SCOPES.filter((scope) => scopes.includes(scope));
  const holds = principal.kind === "key" || principal.kind === "person" ? principal.scopes : undefined;
  return holds ? SCOPES.filter((scope) => holds.has(scope)) : SCOPES;
}

function faultsOf({ kind = "secret", scopes, origins, eventTypes }: CreateKey): ErrorDetail[] {
  const only = (path: string, value: unknown, message: string) => (value === undefined ? [] : [{ path, message }]);
  if (kind === "publishable") {
    return [
      ...only("scopes", scopes, "is for secret keys: what a publishable key may do is the same for all of them"),
      ...(origins === undefined ? [{ path: "origins", message: "Is required for a publishable key." }] : []),
    ];
  }
  return [
    ...only("origins", origins, "is for publishable keys: a secret key never works from a page"),
    ...only("eventTypes", eventTypes, "is for publishable keys: narrow a secret key by `scopes`"),
  ];
}

/** What holds of the key by its kind. Nobody gives away what they have not got: to send events, too. */
function rightsOf(input: CreateKey, principal: Principal): Pick<Key, "kind" | "scopes" | "origins" | "eventTypes"> {
  const faults = faultsOf(input);
  if (faults.length > 0) throw validationFailed(faults);
  const { kind = "secret", origins, eventTypes } = input;
  const scopes = kind === "secret" ? scopesOf(input, principal) : [];
  assertHoldsAll(principal, kind === "secret" ? scopes : ["events:write"]);
  return { kind, scopes, origins: unique(origins), eventTypes: unique(eventTypes) };
}

export const unique = (list: readonly string[] | undefined): readonly string[] | undefined =>
  list && [...new Set(list)];

export async function createKey(
  { context, knownOrigins }: AccessRoom,
  principal: Principal,
  input: CreateKey & { readonly environmentId: Id<"env"> },
): Promise<IssuedKey> {
  const { environmentId, name } = input;
  assertMayActIn(principal, environmentId);
  const rights = rightsOf(input, principal);
  return mutate(context, principal, async (writer) => {
    const environment = await findEnvironment(writer, environmentId);
    if (!environment) throw notFound("The environment");
    const { kind: environmentKind, workspaceId } = environment;
    assertOrigins(
      (rights.origins ?? []).map((origin, place) => [`origins.${place}`, origin]),
      environmentKind,
    );
    if ((await countUsableKeys(writer, environmentId, writer.now)) >= KEYS_PER_ENVIRONMENT_MAX) {
      throw new AppError(
        "conflict",
        `The environment has ${KEYS_PER_ENVIRONMENT_MAX} keys in force: revoke some first.`,
      );
    }
    const expiresAt = endOf(input.expiresAt, writer.now);
    const wanted = { environmentId, environmentKind, name, ...rights, expiresAt };
    const issued = await issueKey(context, writer, principal, wanted);
    if (rights.origins) writer.afterCommit(() => knownOrigins.forget());
    return { result: issued, audit: [keyCreated(issued, workspaceId)], announce: [], jobs: [] };
  });
}
