import { AppError } from "../kernel/errors.ts";
import type { Exchange } from "./exchange.ts";
import { type Route, RouteTable } from "./route-table.ts";

export interface CorsOptions {
  readonly routes: readonly Route[];
  /** Whether any credential in force is for pages of this origin: a preflight carries none that could be asked. */
  readonly isKnownOrigin: (origin: string) => Promise<boolean>;
  /** Called for a preflight of an origin that nobody has named. Throws where its address asks too often. */
  readonly countStranger: (exchange: Exchange) => void;
}

/** What pages of other origins may read of our answers; on all routes that are not for browsers there is none of it. */
export interface Cors {
  /** Whether a browser asks if a page may call a route that is for browsers. */
  isPreflight(exchange: Exchange): boolean;
  /** The answer to it. Throws a refusal. */
  answerPreflight(exchange: Exchange): Promise<Response>;
  /** Adds to any other answer what lets a page of a known origin read it. */
  dress(exchange: Exchange, response: Response): Promise<void>;
}

/** What a page may send beside the headers that it always may. */
const SENT_HEADERS = "authorization, content-type, idempotency-key, if-none-match, traceparent, x-request-id";
/** What it may read. */
const SHOWN_HEADERS = "ETag, Hatch-Warning, Retry-After, X-Request-Id";
/** Browsers remember the answer so long; what a credential may do is asked of each request itself. */
const REMEMBERED_SECONDS = "7200";

const isForBrowsers = ({ rules: { access } }: Route): boolean =>
  access !== "public" && (access.publishable === true || access.widget !== undefined);

export function createCors({ routes, isKnownOrigin, countStranger }: CorsOptions): Cors {
  const table = new RouteTable(routes.filter(isForBrowsers));

  const isPreflight = ({ request, path }: Exchange): boolean => {
    if (request.method !== "OPTIONS" || !request.headers.has("origin")) return false;
    const asked = request.headers.get("access-control-request-method");
    return asked !== null && table.find(asked, path) !== undefined;
  };

  const answerPreflight = async (exchange: Exchange): Promise<Response> => {
    const { path, request } = exchange;
    const origin = request.headers.get("origin") ?? "";
    if (!(await isKnownOrigin(origin))) {
      countStranger(exchange);
      throw new AppError("forbidden", "No publishable key and no token in force is for pages of this origin.");
    }
    return new Response(null, {
      status: 204,
      headers: {
        "access-control-allow-origin": origin,
        "access-control-allow-methods": table.methodsAt(path).join(", "),
        "access-control-allow-headers": SENT_HEADERS,
        "access-control-max-age": REMEMBERED_SECONDS,
        vary: "Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
      },
    });
  };

  const dress = async ({ path, request }: Exchange, { headers }: Response): Promise<void> => {
    if (!table.find(request.method, path)) return;
    headers.append("vary", "Origin");
    const origin = request.headers.get("origin");
    // Where it can't be asked the answer is given all the same, and the page can't read it.
    if (origin === null || !(await isKnownOrigin(origin).catch(() => false))) return;
    headers.set("access-control-allow-origin", origin);
    headers.set("access-control-expose-headers", SHOWN_HEADERS);
  };

  return { isPreflight, answerPreflight, dress };
}
