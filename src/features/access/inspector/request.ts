import { assertMayCall } from "../../../http/guard.ts";
import type { RouteTable } from "../../../http/route-table.ts";
import { AppError } from "../../../kernel/errors.ts";
import type { InspectCredential, KnownFacts, Problem } from "./types.ts";

type Described = Omit<InspectCredential, "credential">;

/** Why a request with a good credential would be refused all the same. */
export function problemsOfRequest(routes: RouteTable, facts: KnownFacts, request: Described): Problem[] {
  return [...problemsOfOrigin(facts, request), ...problemsOfRoute(routes, facts, request)];
}

function problemsOfOrigin({ identity, origins }: KnownFacts, { origin }: Described): Problem[] {
  if (identity.kind === "key") {
    if (origin === undefined) return [];
    const message = "A secret key is refused wherever a browser sends it: call from your server.";
    return [{ code: "secret_key_in_browser", message }];
  }
  if (origins === undefined) return [];
  const listed = origins.join(", ");
  if (origin === undefined) {
    const message = `It works from pages of ${listed} only. Name the page's \`origin\`, and it is looked at.`;
    return [{ code: "origin_missing", message }];
  }
  if (origins.includes(origin)) return [];
  return [
    { code: "origin_not_listed", message: `It works from pages of ${listed} only; scheme, name and port count.` },
  ];
}

function problemsOfRoute(routes: RouteTable, { identity }: KnownFacts, { method, path }: Described): Problem[] {
  if (method === undefined || path === undefined) return [];
  const plain = path.split("?")[0] ?? path;
  const route = routes.find(method, plain);
  if (!route) {
    const methods = routes.methodsAt(plain);
    const message =
      methods.length === 0 ? "Nothing lives at this address." : `This address answers ${methods.join(", ")}.`;
    return [{ code: "no_such_route", message }];
  }
  try {
    assertMayCall({ ...identity, request: { id: "" } }, method, route.rules);
    return [];
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return [{ code: "not_allowed", message: `${route.method} ${route.path}: ${error.message}` }];
  }
}
