import { type AnyElysia, Elysia, NotFoundError } from "elysia";
import type { Context } from "../context.ts";
import { assert } from "../kernel/assert.ts";
import { AppError, notFound } from "../kernel/errors.ts";
import { describeError } from "../kernel/log.ts";
import { createAddressFinder } from "./addresses.ts";
import { createCors } from "./cors.ts";
import { errorResponse, refusalOf } from "./errors.ts";
import { type Authenticate, Exchange, exchangeOf, type Listener, rememberExchange } from "./exchange.ts";
import { createFrontDoor } from "./front-door.ts";
import { createGuard, type Guard, type RouteRules, rulesOf } from "./guard.ts";
import { Idempotency } from "./idempotency.ts";
import { createProbeRoutes, type ReadinessCheck } from "./probes.ts";
import { RefusedLog } from "./refused/log.ts";
import { createRequestMetrics } from "./request-metrics.ts";
import { audienceOf, type Route, RouteTable } from "./route-table.ts";
import { answerRefusal, isBareRefusal } from "./site-refusal.ts";
import { createSockets, type FindPeer } from "./sockets.ts";
import { createDresser } from "./surfaces.ts";

/** A room, as far as the server is concerned. */
export interface Mountable {
  readonly routes?: (guard: Guard) => AnyElysia;
}

export interface ServerOptions {
  readonly context: Context;
  readonly authenticate: Authenticate;
  /** False until the installation has its first workspace: nothing but the set-up answers. */
  readonly isClaimed: () => boolean;
  readonly features: readonly Mountable[];
  /** Beside the database: the scheduler's heartbeat, whatever a room can't work without. */
  readonly readiness?: readonly ReadinessCheck[];
}

export interface HttpServer {
  /** Every route with its rules, in the order mounted. */
  readonly routes: readonly Route[];
  /** The mounted routes as one instance, for the OpenAPI document. */
  readonly app: AnyElysia;
  /** Answers one request as the socket would. `peer` is the address at the other end. */
  handle(request: Request, peer?: string): Promise<Response>;
  /** Opens the socket, and the operator's. @returns where it listens, e.g. `http://127.0.0.1:8080` */
  listen(): string;
  /** Where the operator's listener is; undefined where there is none. */
  adminUrl(): string | undefined;
  /** Reads the files of the TLS certificate again, now; does nothing where TLS is not ours. */
  renewCertificate(): void;
  /** No new requests; those under way are answered, until the deadline cuts them. Stopping twice is fine. */
  stop(deadline: AbortSignal): Promise<void>;
}

const REQUEST_ID = /^[A-Za-z0-9._-]{1,128}$/;

/** The part of the URL between host and query. */
function pathOf(url: string): string {
  const start = url.startsWith("/") ? 0 : url.indexOf("/", url.indexOf("://") + 3);
  const query = url.indexOf("?", start);
  return url.slice(start, query === -1 ? undefined : query);
}

/**
 * A route that forgot to say who may call it must not exist; nor one whose options are another's too, because Elysia takes
 * the object apart that it is given, and who comes second would get the rules of the first.
 */
function tableOf(app: AnyElysia): RouteTable {
  const known = new Set<RouteRules>();
  const routes = app.routes.map(({ method, path, hooks }): Route => {
    const rules = rulesOf(hooks);
    assert(rules, `${method} ${path} has no \`access\``);
    assert(!known.has(rules), `${method} ${path} shares its options with another route`);
    known.add(rules);
    return { method, path, rules };
  });
  return new RouteTable(routes);
}

/** What the answer says of cookies itself holds over what was renewed on the way to it. */
function keepCookies({ headers }: Response, cookies: readonly string[]): void {
  const own = headers.getSetCookie();
  headers.delete("set-cookie");
  for (const cookie of [...cookies, ...own]) headers.append("set-cookie", cookie);
  headers.set("cache-control", "no-store");
}

/** The kit that the rooms' routes hang in: door, routing, one shape for every refusal, counting. */
export function createServer({
  context,
  authenticate,
  isClaimed,
  features,
  readiness = [],
}: ServerOptions): HttpServer {
  const { clock, config, ids, log } = context;
  const refusedLog = new RefusedLog(context);
  const countRequest = createRequestMetrics(context.metrics);
  const dress = createDresser(config);
  const findAddress = createAddressFinder(config.http.trustedProxies);
  let isDraining = false;

  const refuse = (exchange: Exchange, thrown: unknown, headers?: Readonly<Record<string, string>>): Response => {
    const refusal = refusalOf(thrown);
    exchange.refusal = refusal;
    if (refusal.code === "internal") {
      const { id: requestId, route, request } = exchange;
      log.error("request failed", { requestId, method: request.method, route, ...describeError(refusal.cause) });
    }
    return errorResponse(refusal, exchange.id, headers);
  };

  const refuseUnrouted = (exchange: Exchange): Response => {
    const methods = table.methodsAt(exchange.path);
    if (methods.length === 0) return refuse(exchange, notFound("The address"));
    const allow = methods.join(", ");
    return refuse(exchange, new AppError("method_not_allowed", `This address answers ${allow}.`), { allow });
  };

  // Elysia finds the path behind a fixed number of characters: 7 is `http://`, 11 is `https://` and a host (addresses.ts).
  const app: AnyElysia = new Elysia({
    normalize: false,
    handler: { standardHostname: config.tls !== undefined },
  }).onError(({ error, request, set }) => {
    const exchange = exchangeOf(request);
    const response = error instanceof NotFoundError ? refuseUnrouted(exchange) : refuse(exchange, error);
    set.headers = {};
    set.status = response.status;
    return response;
  });
  const idempotency = new Idempotency(context);
  const guard = createGuard(idempotency);
  app.use(createProbeRoutes({ context, isDraining: () => isDraining, checks: readiness }, guard));
  for (const { routes } of features) if (routes) app.use(routes(guard));
  const table = tableOf(app);
  app.compile();

  const cors = createCors({
    routes: table.routes,
    isKnownOrigin: async (origin) => (await authenticate.isKnownOrigin?.(origin)) ?? false,
    countStranger: (exchange) => door.admitAnonymous(exchange),
  });
  const door = createFrontDoor({
    context,
    authenticate,
    isDraining: () => isDraining,
    findAccess: ({ request, path }) => table.find(request.method, path)?.rules.access,
    isPage: ({ request, path }) => table.find(request.method, path)?.rules.isPage ?? false,
    isForPeople: ({ request, path }) => {
      const route = table.find(request.method, path);
      if (route === undefined) return false;
      const audience = audienceOf(route);
      return audience === "people" || (audience === "operators" && route.rules.access !== "public");
    },
    takesWriteKey: ({ request, path }) => table.find(request.method, path)?.rules.takesWriteKey ?? false,
    isClosedTo: ({ request, path }) => !isClaimed() && table.find(request.method, path)?.rules.beforeClaim !== true,
    isPreflight: cors.isPreflight,
  });

  const begin = (request: Request, findPeer: FindPeer, listener: Listener): Exchange => {
    const asked = request.headers.get("x-request-id");
    const exchange = new Exchange(request, {
      id: asked !== null && REQUEST_ID.test(asked) ? asked : ids.next("req"),
      path: pathOf(request.url),
      startedAt: clock.monotonic(),
      listener,
      findAddress: () => findAddress(findPeer(), request.headers),
    });
    rememberExchange(exchange);
    return exchange;
  };

  const answer = async (request: Request, findPeer: FindPeer, listener: Listener): Promise<Response> => {
    const exchange = begin(request, findPeer, listener);
    let response: Response;
    try {
      const entering = door.enter(exchange);
      if (entering) await entering;
      response = cors.isPreflight(exchange) ? await cors.answerPreflight(exchange) : await app.fetch(request);
    } catch (error) {
      response = refuse(exchange, error);
    }
    if (exchange.endClaim) response = await idempotency.end(exchange, response);
    if (exchange.refusal && isMetAsPage(exchange, response)) {
      response = await answerRefusal(context, exchange, exchange.refusal, response);
    }
    if (exchange.cookies.length > 0) keepCookies(response, exchange.cookies);
    dress(response, exchange.id);
    // An answer to a server is read by no page: the hot path.
    if (exchange.principal?.kind !== "key" || exchange.refusal) await cors.dress(exchange, response);
    if (isDraining) response.headers.set("connection", "close");
    countRequest(exchange.route, response.status, clock.monotonic() - exchange.startedAt);
    if (exchange.refusal) refusedLog.add(exchange, exchange.refusal);
    return response;
  };

  /** A person who came by a browser to a page, or to nothing at all, is told in words; whatever else asks gets the shape. */
  const isMetAsPage = ({ request, path }: Exchange, response: Response): boolean =>
    isBareRefusal(response) &&
    !request.headers.has("authorization") &&
    request.headers.get("accept")?.includes("text/html") === true &&
    (table.find(request.method, path)?.rules.isPage ?? !path.startsWith("/v1/"));

  const sockets = createSockets(context, answer);
  let stopping: Promise<void> | undefined;
  const drain = async (deadline: AbortSignal): Promise<void> => {
    isDraining = true;
    await sockets.close(deadline);
    await refusedLog.flush();
  };

  return {
    routes: table.routes,
    app,
    handle: (request, peer) => answer(request, () => peer, "only"),
    listen: () => sockets.open(),
    adminUrl: () => sockets.adminUrl(),
    renewCertificate: () => sockets.renewCertificate(),
    stop(deadline) {
      stopping ??= drain(deadline);
      return stopping;
    },
  };
}
