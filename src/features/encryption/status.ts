import type { RootKey } from "../../config/root-key.ts";
import type { Context } from "../../context.ts";
import { findCanaries, neededKeys } from "../../database/canary.ts";
import { keyIdOf, type SealedPlace } from "../../kernel/crypto.ts";
import type { UnixMs } from "../../kernel/units.ts";
import type { Rotation, RotationOptions } from "./rotation.ts";
import { findRotation } from "./store.ts";
import { type ColumnCount, countBy } from "./walk.ts";

/** `waiting` is begun, and nobody goes on with it at this moment; `damaged` waits for somebody to look at what does not open. */
export type RotationState = "none" | "running" | "waiting" | "damaged" | "done";

export interface RotationStatus {
  readonly state: RotationState;
  /** The key that seals. */
  readonly keyId: string;
  /** Without these something does not open, besides the one that seals. */
  readonly formerKeyIds: readonly string[];
  readonly startedAt: UnixMs | undefined;
  readonly endedAt: UnixMs | undefined;
  readonly resealed: number;
  /** Undefined where nobody has counted yet. */
  readonly left: number | undefined;
  readonly damaged: readonly SealedPlace[];
}

/** A key that is given besides the one that seals. */
interface FormerKey {
  readonly keyId: string;
  /** The file or the variable that it comes from. */
  readonly source: string;
  readonly isNeeded: boolean;
}

export interface EncryptionStatus extends RotationStatus {
  readonly counts: readonly ColumnCount[];
  readonly formerKeys: readonly FormerKey[];
}

const formerKeysOf = (found: RootKey | undefined, { keyId, formerKeyIds }: RotationStatus): readonly FormerKey[] =>
  (found?.former ?? [])
    .map(({ key, source }) => ({ keyId: keyIdOf(key), source }))
    .filter((former) => former.keyId !== keyId)
    .map((former) => ({ ...former, isNeeded: formerKeyIds.includes(former.keyId) }));

export async function showRotation({ database, keyring }: Context, rotation: Rotation): Promise<RotationStatus> {
  const { canaries, last } = await database.read(async (reader) => ({
    canaries: await findCanaries(reader),
    last: await findRotation(reader),
  }));
  const formerKeyIds = canaries ? neededKeys(canaries).slice(1) : [];
  const { running, left, resealed, damaged } = rotation.progress;
  const unfinished = (): RotationState => (running ? "running" : damaged.length > 0 ? "damaged" : "waiting");
  const finished: RotationState = last === undefined ? "none" : "done";
  const isOver = formerKeyIds.length === 0;
  return {
    state: isOver ? finished : unfinished(),
    keyId: keyring.keyId,
    formerKeyIds,
    startedAt: last?.startedAt,
    endedAt: last?.endedAt ?? undefined,
    resealed,
    left: isOver ? 0 : left,
    damaged,
  };
}

export async function findStatus(
  context: Context,
  rotation: Rotation,
  { findRootKey }: Pick<RotationOptions, "findRootKey">,
): Promise<EncryptionStatus> {
  const counts = await rotation.count();
  const shown = await showRotation(context, rotation);
  const left = countBy(counts, (id) => id !== context.keyring.keyId);
  return { ...shown, left, counts, formerKeys: formerKeysOf(findRootKey?.(), shown) };
}
