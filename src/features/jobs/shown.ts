import type { Context } from "../../context.ts";
import type { JobDefinition, ShownKind } from "../../jobs/job.ts";
import type { EnvironmentPrincipal } from "../../kernel/principal.ts";

/** What the verbs of this room may use besides the context. */
export interface Room extends Context {
  readonly shown: ReadonlyMap<string, ShownKind>;
}

export const shownKinds = (definitions: readonly JobDefinition[]): ReadonlyMap<string, ShownKind> =>
  new Map(definitions.flatMap(({ kind, shown }) => (shown ? [[kind, shown] as const] : [])));

/** The kinds that a caller may see, or steer: of the others none is there. */
export const kindsFor = ({ shown }: Room, { scopes }: EnvironmentPrincipal, way: "read" | "write"): readonly string[] =>
  [...shown].filter(([, kind]) => scopes.has(kind[way])).map(([name]) => name);
