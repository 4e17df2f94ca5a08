import type { Context } from "../../context.ts";
import type { Finding } from "../../feature.ts";
import { findBrokenWorkspaces, findSilentKeys } from "./store.ts";

const NAMED_MAX = 5;

const finding = (check: string, faulty: readonly { readonly id: string }[], well: string, ill: string): Finding => {
  if (faulty.length === 0) return { check, ok: true, message: well };
  const named = faulty.slice(0, NAMED_MAX).map(({ id }) => id);
  return { check, ok: false, message: `${ill}: ${named.join(", ")}${faulty.length > NAMED_MAX ? ", …" : ""}.` };
};

export function examineAccess({ database, clock }: Context): Promise<readonly Finding[]> {
  return database.read(async (reader) => [
    finding(
      "access.environments",
      await findBrokenWorkspaces(reader),
      "Every workspace has its two environments.",
      "Restore a backup: these workspaces lack an environment",
    ),
    finding(
      "access.keys",
      await findSilentKeys(reader, clock.now()),
      "Every key in force has a secret.",
      "Rotate or revoke these keys, no secret proves them",
    ),
  ]);
}
