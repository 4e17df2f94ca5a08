import * as v from "valibot";
import type { App } from "../app.ts";
import type { RotationStatus } from "../features/encryption/index.ts";
import { parseInput } from "../http/validate.ts";
import { isoTime } from "../kernel/clock.ts";
import type { JsonObject } from "../kernel/json.ts";
import type { OperatorPrincipal } from "../kernel/principal.ts";
import type { UnixMs } from "../kernel/units.ts";

const RotateInput = v.object({ leaveDamaged: v.boolean() });

const timeOrNull = (at: UnixMs | undefined): string | null => (at === undefined ? null : isoTime(at));

const rotationView = (status: RotationStatus): JsonObject => ({
  state: status.state,
  keyId: status.keyId,
  formerKeyIds: status.formerKeyIds,
  startedAt: timeOrNull(status.startedAt),
  endedAt: timeOrNull(status.endedAt),
  resealed: status.resealed,
  left: status.left ?? null,
  damaged: status.damaged.map(({ table, column, row }) => ({ table, column, row })),
});

export const rotateRootKey = async (
  { encryption }: App,
  principal: OperatorPrincipal,
  input: JsonObject,
): Promise<JsonObject> => rotationView(await encryption.rotate(principal, parseInput(RotateInput, input)));

export const encryptionProgress = async ({ encryption }: App): Promise<JsonObject> =>
  rotationView(await encryption.progress());

export async function encryptionStatus({ encryption }: App): Promise<JsonObject> {
  const status = await encryption.status();
  return {
    ...rotationView(status),
    formerKeys: status.formerKeys.map((key) => ({ ...key })),
    columns: status.counts.map(({ column: { table, column }, byKey }) => ({
      table,
      column,
      valuesByKey: Object.fromEntries(byKey),
    })),
  };
}
