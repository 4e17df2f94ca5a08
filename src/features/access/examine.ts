import type { Context } from "../../context.ts";
import type { Finding } from "../../feature.ts";
import { findPagelessKeys, findSilentKeys } from "./keys/store.ts";
import { findBrokenWorkspaces } from "./store.ts";
import { findOwnerless, hasOperator } from "./workspaces/store.ts";

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
      [...(await findSilentKeys(reader, clock.now())), ...(await findPagelessKeys(reader, clock.now()))],
      "Every key in force has a secret, and every publishable one its pages.",
      "Rotate, change or revoke these keys, they let nobody in",
    ),
    finding(
      "access.owners",
      await findOwnerless(reader),
      "Every team has an owner who can sign in.",
      "Invite an owner into these workspaces, nobody there can sign in as one",
    ),
    (await hasOperator(reader))
      ? { check: "access.operators", ok: true, message: "The installation has an operator who can sign in." }
      : { check: "access.operators", ok: false, message: "No operator can sign in any more: restore a backup." },
  ]);
}
