import { AppError, notFound } from "../../kernel/errors.ts";
import { type Id, isId } from "../../kernel/ids.ts";
import type { Principal, Scope } from "../../kernel/principal.ts";

/** A key acts in its own environment; to it all others do not exist. */
export function assertMayActIn(principal: Principal, environmentId: Id<"env">): void {
  if (principal.kind === "key" && principal.environmentId !== environmentId) throw notFound("The environment");
}

/** Nobody gives away, or gets back by a new secret, what they have not got themselves. */
export function assertHoldsAll(principal: Principal, scopes: readonly Scope[]): void {
  if (principal.kind !== "key") return;
  const missing = scopes.filter((scope) => !principal.scopes.has(scope));
  if (missing.length > 0) {
    const noun = missing.length === 1 ? "scope" : "scopes";
    throw new AppError("forbidden", `The calling key itself lacks the ${noun} ${missing.join(", ")}.`);
  }
}

export function keyIdOf(text: string): Id<"key"> {
  if (!isId("key", text)) throw notFound("The key");
  return text;
}
