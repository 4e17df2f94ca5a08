import { type AnyElysia, Elysia, NotFoundError } from "elysia";
import type { Context } from "../context.ts";
import { assert } from "../kernel/assert.ts";
import { AppError, notFound } from "../kernel/errors.ts";
import { describeError } from "../kernel/log.ts";
import { createAddressFinder } from "./addresses.ts";
import { errorResponse, refusalOf } from "./errors.ts";
import { type Authenticate, Exchange, exchangeOf, rememberExchange } from "./exchange.ts";
import { createFrontDoor } from "./front-door.ts";
import { createGuard, type Guard, rulesOf } from "./guard.ts";
import { createProbeRoutes, type ReadinessCheck } from "./probes.ts";
import { RefusedLog } from "./refused/log.ts";
import { createRequestMetrics } from "./request-metrics.ts";
import { type Route, RouteTable } from "./route-table.ts";
import { openSocket, type Socket } from "./socket.ts";

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
  /** Opens the socket. @returns where it listens, e.g. `http://127.0.0.1:8080` */
  listen(): string;
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

/** A route that forgot to say who may call it must not exist. */
function tableOf(app: AnyElysia): RouteTable {
  const routes = app.routes.map(({ method, path, hooks }): Route => {
    const rules = rulesOf(hooks);
    assert(rules, `${method} ${path} has no \`access\``);
    return { method, path, rules };
  });
  return new RouteTable(routes);
}

/** What every answer carries, whoever made it. */
function dress(response: Response, requestId: string): Response {
  const { headers } = response;
  headers.set("x-request-id", requestId);
  headers.set("x-content-type-options", "nosniff");
  if (!headers.has("referrer-policy")) headers.set("referrer-policy", "no-referrer");
  if (!headers.has("cache-control")) headers.set("cache-control", "no-store");
  return response;
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

  const app: AnyElysia = new Elysia({ normalize: false, handler: { standardHostname: false } }).onError(
    ({ error, request, set }) => {
      const exchange = exchangeOf(request);
      const response = error instanceof NotFoundError ? refuseUnrouted(exchange) : refuse(exchange, error);
      set.headers = {};
      set.status = response.status;
      return response;
    },
  );
  const guard = createGuard();
  app.use(createProbeRoutes({ context, isDraining: () => isDraining, checks: readiness }, guard));
  for (const { routes } of features) if (routes) app.use(routes(guard));
  const table = tableOf(app);
  app.compile();

  const enter = createFrontDoor({
    context,
    authenticate,
    isDraining: () => isDraining,
    isClosedTo: ({ request, path }) => !isClaimed() && table.find(request.method, path)?.rules.beforeClaim !== true,
  });

  const begin = (request: Request, findPeer: () => string | undefined): Exchange => {
    const asked = request.headers.get("x-request-id");
    const exchange = new Exchange(request, {
      id: asked !== null && REQUEST_ID.test(asked) ? asked : ids.next("req"),
      path: pathOf(request.url),
      startedAt: clock.monotonic(),
      findAddress: () => findAddress(findPeer(), request.headers),
    });
    rememberExchange(exchange);
    return exchange;
  };

  const answer = async (request: Request, findPeer: () => string | undefined): Promise<Response> => {
    const exchange = begin(request, findPeer);
    let response: Response;
    try {
      const entering = enter(exchange);
      if (entering) await entering;
      response = await app.fetch(request);
    } catch (error) {
      response = refuse(exchange, error);
    }
    dress(response, exchange.id);
    if (isDraining) response.headers.set("connection", "close");
    countRequest(exchange.route, response.status, clock.monotonic() - exchange.startedAt);
    if (exchange.refusal) refusedLog.add(exchange, exchange.refusal);
    return response;
  };

  let socket: Socket | undefined;
  let stopping: Promise<void> | undefined;
  const drain = async (deadline: AbortSignal): Promise<void> => {
    isDraining = true;
    await socket?.close(deadline);
    await refusedLog.flush();
  };

  return {
    routes: table.routes,
    app,
    handle: (request, peer) => answer(request, () => peer),
    listen() {
      socket = openSocket({ host: config.server.host, port: config.server.port, answer });
      return socket.url;
    },
    stop(deadline) {
      stopping ??= drain(deadline);
      return stopping;
    },
  };
}
