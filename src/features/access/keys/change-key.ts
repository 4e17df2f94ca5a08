import type { Writer } from "../../../database/database.ts";
import { changesBetween } from "../../../journal/audit-changes.ts";
import { mutate } from "../../../journal/mutate.ts";
import { AppError, type ErrorDetail, notFound, validationFailed } from "../../../kernel/errors.ts";
import { type Id, isId } from "../../../kernel/ids.ts";
import type { Principal } from "../../../kernel/principal.ts";
import { assertOrigins } from "../browsers/origin.ts";
import { assertHoldsAll, assertMayActIn } from "../permissions.ts";
import type { AccessRoom } from "../room.ts";
import { findEnvironment } from "../store.ts";
import type { ChangeKey, Key } from "../types.ts";
import { unique } from "./create-key.ts";
import { findKey, handOverKeys, isOfTeam, listOwnedKeys, updateKey } from "./store.ts";

const ONLY_PUBLISHABLE = "is for publishable keys";

async function ownerOf(writer: Writer, key: Key, given: ChangeKey["ownedBy"]): Promise<Id<"acc"> | undefined> {
  if (given === undefined) return key.ownedBy;
  if (given === null) return undefined;
  if (isId("acc", given) && (await isOfTeam(writer, key.environmentId, given))) return given;
  throw validationFailed([{ path: "ownedBy", message: "must be an account of this workspace, or null" }]);
}

const CHANGEABLE = ["name", "ownedBy", "origins", "eventTypes"] as const;

function assertFits({ kind }: Key, { origins, eventTypes }: ChangeKey): void {
  if (kind === "publishable") return;
  const faults: ErrorDetail[] = [];
  if (origins !== undefined) faults.push({ path: "origins", message: ONLY_PUBLISHABLE });
  if (eventTypes !== undefined) faults.push({ path: "eventTypes", message: ONLY_PUBLISHABLE });
  if (faults.length > 0) throw validationFailed(faults);
}

/** Changes what a key is called, who answers for it, and from where and for what a publishable one works. */
export async function changeKey(
  { context, cache, knownOrigins }: AccessRoom,
  principal: Principal,
  { environmentId, keyId, ...input }: ChangeKey & { readonly environmentId: Id<"env">; readonly keyId: Id<"key"> },
): Promise<Key> {
  assertMayActIn(principal, environmentId);
  return mutate(context, principal, async (writer) => {
    const environment = await findEnvironment(writer, environmentId);
    const before = await findKey(writer, environmentId, keyId, writer.now);
    if (!environment || !before) throw notFound("The key");
    if (before.revokedAt !== undefined) throw new AppError("conflict", "The key is no longer in force.");
    const { name, origins, eventTypes } = input;
    assertFits(before, input);
    // Nobody gives away what they have not got, to more pages or for more types.
    if (origins !== undefined || eventTypes !== undefined) assertHoldsAll(principal, ["events:write"]);
    assertOrigins(
      (origins ?? []).map((origin, place) => [`origins.${place}`, origin]),
      environment.kind,
    );
    const after: Key = {
      ...before,
      name: name ?? before.name,
      ownedBy: await ownerOf(writer, before, input.ownedBy),
      origins: unique(origins) ?? before.origins,
      eventTypes: eventTypes === undefined ? before.eventTypes : unique(eventTypes ?? undefined),
    };
    const changes = changesBetween(before, after, CHANGEABLE);
    if (!changes.after) return { result: before, audit: [], announce: [], jobs: [] };
    await updateKey(writer, after);
    writer.afterCommit(() => {
      cache.forget(keyId);
      if (origins) knownOrigins.forget();
    });
    const { workspaceId } = environment;
    return {
      result: after,
      audit: [{ workspaceId, environmentId, action: "key.changed", target: keyId, ...changes }],
      announce: [],
      jobs: [],
    };
  });
}

/**
 * A person leaves, their keys stay: servers go on. Whoever is named answers for them from now on, or nobody does.
 * @returns those in force, for the audit entry of the leaving
 */
export async function reassignKeys(
  writer: Writer,
  workspaceId: Id<"ws">,
  from: Id<"acc">,
  to: Id<"acc"> | null,
): Promise<readonly Id<"key">[]> {
  const owned = await listOwnedKeys(writer, workspaceId, from);
  await handOverKeys(writer, workspaceId, { from, to });
  return owned.map(({ id }) => id);
}
