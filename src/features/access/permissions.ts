import { AppError, notFound } from "../../kernel/errors.ts";
import { type Id, isId } from "../../kernel/ids.ts";
import type { Principal, Scope } from "../../kernel/principal.ts";

const isAbove = (principal: Principal): boolean => principal.kind === "operator" || principal.kind === "system";

/** Who acts in an environment acts in no other; to them all others do not exist. */
export function assertMayActIn(principal: Principal, environmentId: Id<"env">): void {
  if (isAbove(principal)) return;
  if (!("environmentId" in principal) || principal.environmentId !== environmentId) throw notFound("The environment");
}

/** Nobody gives away, or gets back by a new secret, what they have not got themselves. */
export function assertHoldsAll(principal: Principal, scopes: readonly Scope[]): void {
  if (isAbove(principal)) return;
  const held: ReadonlySet<string> = "scopes" in principal ? principal.scopes : new Set();
  const missing = scopes.filter((scope) => !held.has(scope));
  if (missing.length > 0) {
    const noun = missing.length === 1 ? "scope" : "scopes";
    throw new AppError(
      "forbidden",
      `${principal.kind === "key" ? "The calling key itself lacks" : "Your role here lacks"} the ${noun} ${missing.join(", ")}.`,
    );
  }
}

export function keyIdOf(text: string): Id<"key"> {
  if (!isId("key", text)) throw notFound("The key");
  return text;
}
