import type { RouteRules } from "./guard.ts";

export interface Route {
  readonly method: string;
  /** `/v1/keys/:id` */
  readonly path: string;
  readonly rules: RouteRules;
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
