import type { Audience, RouteRules } from "./guard.ts";

export interface Route {
  readonly method: string;
  /** `/v1/keys/:id` */
  readonly path: string;
  readonly rules: RouteRules;
}

/**
 * Whom a route is made for. Signing in is for people, and what nobody else may call; so is every page that does not say
 * otherwise, so that a page which was forgotten is closed rather than open.
 */
export function audienceOf({ path, rules: { access, audience } }: Route): Audience {
  if (audience) return audience;
  if (!path.startsWith("/v1/") || path.startsWith("/v1/auth/")) return "people";
  if (access === "public") return "everybody";
  return access.scope === undefined && access.widget === undefined && !access.publishable ? "people" : "everybody";
}

const segmentsOf = (path: string): string[] => path.replace(/(?<=.)\/$/, "").split("/");

function matches(pattern: readonly string[], path: readonly string[]): boolean {
  for (const [index, segment] of pattern.entries()) {
    if (segment === "*") return path.length > index;
    const given = path[index];
    if (given === undefined || (segment.startsWith(":") ? given === "" : segment !== given)) return false;
  }
  return path.length === pattern.length;
}

/** Answers what the router can't: which methods a path has. Walked only where a request found no route. */
export class RouteTable {
  readonly routes: readonly Route[];
  readonly #patterns: readonly (readonly string[])[];

  constructor(routes: readonly Route[]) {
    this.routes = routes;
    this.#patterns = routes.map(({ path }) => segmentsOf(path));
  }

  at(path: string): Route[] {
    const segments = segmentsOf(path);
    return this.routes.filter((_, index) => matches(this.#patterns[index] ?? [], segments));
  }

  find(method: string, path: string): Route | undefined {
    const asked = method === "HEAD" ? "GET" : method;
    return this.at(path).find((route) => route.method === asked || route.method === "ALL");
  }

  /** For `Allow`: empty where nothing lives at this path. */
  methodsAt(path: string): string[] {
    const methods = new Set(this.at(path).map(({ method }) => method));
    if (methods.has("GET")) methods.add("HEAD");
    return [...methods].sort();
  }
}
