import type { Writer } from "../../../database/database.ts";
import { mutate } from "../../../journal/mutate.ts";
import { isoTime } from "../../../kernel/clock.ts";
import { AppError, notFound, validationFailed } from "../../../kernel/errors.ts";
import type { Id } from "../../../kernel/ids.ts";
import type { EnvironmentPrincipal } from "../../../kernel/principal.ts";
import { addMs, type UnixMs } from "../../../kernel/units.ts";
import type { Room } from "../room.ts";
import type { RotateSecretInput } from "./schema.ts";
import { makeSecret, secretFaults, storeSecret } from "./secrets.ts";
import { deleteSecret, expireSecrets, findSubscription, listSecrets, type SubscriptionRow } from "./store.ts";

/** Valid at once, the newest among them. Each request carries a signature for every one. */
const SECRETS_MAX = 5;

export interface RotatedSecret {
  readonly id: Id<"sub">;
  /** Only where it was made here: shown this once. */
  readonly secret?: string;
  /** Until then the plain signature stays with the old one; null where that has ended. */
  readonly overlapEndsAt: string | null;
}

async function findOwn(writer: Writer, principal: EnvironmentPrincipal, id: Id<"sub">): Promise<SubscriptionRow> {
  const row = await findSubscription(writer, principal.environmentId, id);
  if (!row) throw notFound("The subscription");
  return row;
}

/** Gives the subscription another secret. The old one stays valid for the overlap, so that no receiver breaks. */
export async function rotateSecret(
  room: Room,
  principal: EnvironmentPrincipal,
  id: Id<"sub">,
  input: RotateSecretInput,
): Promise<RotatedSecret> {
  const faults = input.secret === undefined ? [] : secretFaults(input.secret);
  if (faults.length > 0) throw validationFailed(faults);
  return mutate(room, principal, async (writer) => {
    const { secret_prefix } = await findOwn(writer, principal, id);
    const secret = input.secret ?? makeSecret(room, secret_prefix);
    const until = addMs(writer.now, input.overlap);
    await expireSecrets(writer, id, until);
    await dropExpired(writer, id, writer.now);
    if ((await listSecrets(writer, id)).length >= SECRETS_MAX) {
      throw new AppError("conflict", `At most ${SECRETS_MAX} secrets are valid at once: finish the rotation first.`);
    }
    await storeSecret(room, writer, id, secret);
    room.directory.forget(principal.environmentId, id);
    return {
      result: {
        id,
        ...(input.secret === undefined ? { secret } : {}),
        overlapEndsAt: input.overlap === 0 ? null : isoTime(until),
      },
      audit: [audited(principal, id, "webhook.secret_rotated", { overlapEndsAt: isoTime(until) })],
      announce: [],
      jobs: [],
    };
  });
}

/** Ends the overlap now: from here on only the newest secret signs. */
export async function finishRotation(
  room: Room,
  principal: EnvironmentPrincipal,
  id: Id<"sub">,
): Promise<RotatedSecret> {
  return mutate(room, principal, async (writer) => {
    await findOwn(writer, principal, id);
    const old = (await listSecrets(writer, id)).filter(({ expires_at }) => expires_at !== null);
    for (const secret of old) await deleteSecret(writer, secret.id);
    room.directory.forget(principal.environmentId, id);
    return {
      result: { id, overlapEndsAt: null },
      audit: old.length === 0 ? [] : [audited(principal, id, "webhook.rotation_finished", { ended: old.length })],
      announce: [],
      jobs: [],
    };
  });
}

async function dropExpired(writer: Writer, id: Id<"sub">, now: UnixMs): Promise<void> {
  for (const { id: secretId, expires_at } of await listSecrets(writer, id)) {
    if (expires_at !== null && expires_at <= now) await deleteSecret(writer, secretId);
  }
}

const audited = (
  principal: EnvironmentPrincipal,
  target: Id<"sub">,
  action: string,
  details: Record<string, string | number>,
) => ({
  workspaceId: principal.workspaceId,
  environmentId: principal.environmentId,
  action,
  target,
  details,
});
