import { mutate } from "../../../journal/mutate.ts";
import { isoTime } from "../../../kernel/clock.ts";
import { AppError, notFound, validationFailed } from "../../../kernel/errors.ts";
import type { Id } from "../../../kernel/ids.ts";
import type { Principal } from "../../../kernel/principal.ts";
import { addMs, DAY, type DurationMs, durationMs, parseDuration } from "../../../kernel/units.ts";
import { assertHoldsAll, assertMayActIn } from "../permissions.ts";
import type { AccessRoom } from "../room.ts";
import { findEnvironment } from "../store.ts";
import type { IssuedKey, RotateKey } from "../types.ts";
import { issueSecret } from "./issue-key.ts";
import { endSecrets, findKey } from "./store.ts";

const OVERLAP = DAY;
const OVERLAP_MAX = durationMs(30 * DAY);
/** Secrets of one key that work side by side. */
const SECRETS_PER_KEY_MAX = 5;

function overlapOf({ overlap }: RotateKey): DurationMs {
  if (overlap === undefined) return OVERLAP;
  const duration = overlap === "0" ? durationMs(0) : parseDuration(overlap);
  if (duration === undefined || duration > OVERLAP_MAX) {
    const message = 'Must be a duration of at most 30 days, such as "24h"; "0" ends the old secret at once.';
    throw validationFailed([{ path: "overlap", message }]);
  }
  return duration;
}

/** A new secret under the same id; those before it work until the overlap ends, or their own end if that is sooner. */
export async function rotateKey(
  { context, cache }: AccessRoom,
  principal: Principal,
  input: RotateKey & { readonly environmentId: Id<"env">; readonly keyId: Id<"key"> },
): Promise<IssuedKey> {
  const { environmentId, keyId } = input;
  assertMayActIn(principal, environmentId);
  const overlap = overlapOf(input);
  return mutate(context, principal, async (writer) => {
    const environment = await findEnvironment(writer, environmentId);
    const key = await findKey(writer, environmentId, keyId, writer.now);
    if (!environment || !key) throw notFound("The key");
    assertHoldsAll(principal, key.kind === "secret" ? key.scopes : ["events:write"]);
    if (key.revokedAt !== undefined || (key.expiresAt !== undefined && key.expiresAt <= writer.now)) {
      throw new AppError("conflict", "The key is no longer in force: create another one.");
    }
    if (overlap > 0 && key.secrets.length >= SECRETS_PER_KEY_MAX) {
      throw new AppError(
        "conflict",
        `The key has ${SECRETS_PER_KEY_MAX} secrets that still work: rotate with overlap "0".`,
      );
    }
    const oldEndsAt = addMs(writer.now, overlap);
    await endSecrets(writer, keyId, oldEndsAt);
    const { secretKey } = await issueSecret(context, writer, key, environment.kind);
    const rotated = await findKey(writer, environmentId, keyId, writer.now);
    if (!rotated) throw notFound("The key");
    writer.afterCommit(() => (overlap === 0 ? cache.endNow(keyId) : cache.endAt(keyId, oldEndsAt)));
    return {
      result: { key: rotated, secretKey },
      audit: [
        {
          workspaceId: environment.workspaceId,
          environmentId,
          action: "key.rotated",
          target: keyId,
          details: { overlapMs: overlap },
        },
      ],
      announce: [
        {
          environmentId,
          type: "key.rotated",
          data: { keyId, name: key.name, oldSecretEndsAt: isoTime(oldEndsAt) },
        },
      ],
      jobs: [],
    };
  });
}
