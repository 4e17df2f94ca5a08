import { mutate } from "../../journal/mutate.ts";
import { parseIsoTime } from "../../kernel/clock.ts";
import { AppError, notFound, validationFailed } from "../../kernel/errors.ts";
import type { Id } from "../../kernel/ids.ts";
import { type Principal, SCOPES, type Scope } from "../../kernel/principal.ts";
import type { UnixMs } from "../../kernel/units.ts";
import { issueKey, keyCreated } from "./issue-key.ts";
import { assertHoldsAll, assertMayActIn } from "./permissions.ts";
import type { AccessRoom } from "./room.ts";
import { countUsableKeys, findEnvironment } from "./store.ts";
import type { CreateKey, IssuedKey } from "./types.ts";

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
  return principal.kind === "key" ? SCOPES.filter((scope) => principal.scopes.has(scope)) : SCOPES;
}

export async function createKey(
  { context }: AccessRoom,
  principal: Principal,
  input: CreateKey & { readonly environmentId: Id<"env"> },
): Promise<IssuedKey> {
  const { environmentId, name } = input;
  assertMayActIn(principal, environmentId);
  const scopes = scopesOf(input, principal);
  assertHoldsAll(principal, scopes);
  return mutate(context, principal, async (writer) => {
    const environment = await findEnvironment(writer, environmentId);
    if (!environment) throw notFound("The environment");
    if ((await countUsableKeys(writer, environmentId, writer.now)) >= KEYS_PER_ENVIRONMENT_MAX) {
      throw new AppError(
        "conflict",
        `The environment has ${KEYS_PER_ENVIRONMENT_MAX} keys in force: revoke some first.`,
      );
    }
    const expiresAt = endOf(input.expiresAt, writer.now);
    const { kind, workspaceId } = environment;
    const issued = await issueKey(context, writer, principal, { environmentId, kind, name, scopes, expiresAt });
    return { result: issued, audit: [keyCreated(issued, workspaceId)], announce: [], jobs: [] };
  });
}
