import { Elysia } from "elysia";
import type * as v from "valibot";
import { assertNever } from "../kernel/assert.ts";
import { AppError, notFound } from "../kernel/errors.ts";
import type {
  AccountPrincipal,
  BrowserPrincipal,
  EnvironmentPrincipal,
  KeyPrincipal,
  PersonPrincipal,
  RequestInfo,
  Scope,
  WidgetScope,
} from "../kernel/principal.ts";
import { NEVER_FOR_ANOTHER, type Permission, ROLE_PERMISSIONS } from "../kernel/roles.ts";
import { BATCH_BODY_BYTES_MAX, BODY_BYTES_MAX, readJsonBody } from "./body.ts";
import { type Caller, type Exchange, exchangeOf } from "./exchange.ts";
import type { Idempotency } from "./idempotency.ts";
import { parseInput } from "./validate.ts";

/**
 * What a route asks of its caller: one of these is enough, and who comes by a way that is not named is refused. `public`
 * routes too refuse a credential that is wrong.
 */
export type Access =
  | "public"
  | {
      /** Secret keys that have it; people whose role has `permission`, or the same where nothing else is said. */
      readonly scope?: Scope;
      /** People in an environment, by their role there. */
      readonly permission?: Permission;
      /** People on their own account, or the operator on the instance. */
      readonly account?: "self" | "operator";
      /** A member's browser, by its token. */
      readonly widget?: WidgetScope;
      /** Any browser, by a publishable key. */
      readonly publishable?: true;
    };

/**
 * What whoever acts as another person may do with a route. By itself: what the person may, but for what changes their own
 * account and what `NEVER_FOR_ANOTHER` names. `never`: not even look. `ends`: also where nothing may be changed.
 */
export type WhileImpersonating = "never" | "ends";

/**
 * Whom a route is made for, beside what it asks of its caller. `people`: it is for whoever signs in, or is about to, and
 * the settings may say from where. `operators`: it has a listener of its own where the settings say so.
 */
export type Audience = "everybody" | "people" | "operators";

/** What a route was declared with, kept beside its hooks. */
export interface RouteRules {
  readonly access: Access;
  /** Undefined where the path says it: see `audienceOf`. */
  readonly audience?: Audience | undefined;
  /**
   * Answers with a page: its refusals are pages too, a session is renewed on the way, and where it is `public` whoever is
   * signed in is known all the same.
   */
  readonly isPage?: boolean;
  /** What pages are made of, the same for everybody: served by every listener. */
  readonly isFile?: boolean;
  readonly impersonation?: WhileImpersonating | undefined;
  readonly bodyLimit: number;
  /** Answers even before the installation is claimed. */
  readonly beforeClaim: boolean;
  /** Its key may also come as the user name of Basic, or in the body: only where stock clients can't do otherwise. */
  readonly takesWriteKey: boolean;
  /** A write whose repeat under the same `Idempotency-Key` is given the first answer. */
  readonly takesIdempotencyKey: boolean;
}

/** The caller of a route for secret keys. */
export function keyOf(request: Request): KeyPrincipal {
  const { principal } = exchangeOf(request);
  if (principal?.kind !== "key") throw new Error("keyOf() on a route that others than keys may call");
  return principal;
}

/** The caller of a route with a `scope` or a `permission`: a key or a person, in one environment. */
export function callerOf(request: Request): EnvironmentPrincipal {
  const { principal } = exchangeOf(request);
  if (principal?.kind !== "key" && principal?.kind !== "person") {
    throw new Error("callerOf() on a route without `access: { scope }`");
  }
  return principal;
}

/** The caller of a route with a `permission` and no `scope`: a person, in one environment. */
export function personOf(request: Request): PersonPrincipal {
  const { principal } = exchangeOf(request);
  if (principal?.kind !== "person") throw new Error("personOf() on a route that others than people may call");
  return principal;
}

/** The caller of a route with `account`. */
export function accountOf(request: Request): AccountPrincipal {
  const { principal } = exchangeOf(request);
  if (principal?.kind !== "account") throw new Error("accountOf() on a route without `access: { account }`");
  return principal;
}

/** The caller of a route for browsers, where it was one. */
export function browserOf(request: Request): BrowserPrincipal | undefined {
  const { principal } = exchangeOf(request);
  const isBrowser = principal?.kind === "publishable" || principal?.kind === "widget" || principal?.kind === "embed";
  return isBrowser ? principal : undefined;
}

/** The caller of a route with `widget` alone: a token, and the member whose browser holds it. */
export function memberOf(request: Request): BrowserPrincipal & { readonly userId: string } {
  const { principal } = exchangeOf(request);
  if ((principal?.kind !== "widget" && principal?.kind !== "embed") || principal.userId === undefined) {
    throw new Error("memberOf() on a route that others than members' browsers may call");
  }
  return { ...principal, userId: principal.userId };
}

/** What is known of the request, for routes that are public. */
export const requestOf = (request: Request): RequestInfo => {
  const { id, address, traceparent } = exchangeOf(request);
  return {
    id,
    ...(address === undefined ? {} : { address }),
    ...(traceparent === undefined ? {} : { traceparent }),
  };
};

export const unauthenticated = (message: string): AppError => new AppError("unauthenticated", message);
export const WRONG_CREDENTIAL = "The credential is wrong, expired or revoked.";

const SAFE_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD"]);

const forbidden = (message: string): AppError => new AppError("forbidden", message);

type Guarded = Exclude<Access, "public">;

/** Who acts as another person looks, changes only what they asked to change, and leaves what is that person's alone. */
function assertWithinBounds(
  { impersonation }: PersonPrincipal | AccountPrincipal,
  method: string,
  { scope, permission, account }: Guarded,
  exception: WhileImpersonating | undefined,
): void {
  if (!impersonation || exception === "ends") return;
  const isChange = !SAFE_METHODS.has(method);
  const needed = permission ?? scope;
  if (exception === "never" || (account !== undefined && isChange)) {
    throw forbidden("Sign-in and security are not touched while acting as another person.");
  }
  if (needed !== undefined && NEVER_FOR_ANOTHER.has(needed)) {
    throw forbidden(`Nobody uses ${needed} while acting as another person.`);
  }
  if (impersonation.readOnly && isChange) {
    throw forbidden("You act as another person and may only look: nothing is changed.");
  }
}

function admitPerson(principal: PersonPrincipal, access: Guarded): void {
  const needed = access.permission ?? access.scope;
  if (needed === undefined) throw forbidden("This is not for people in an environment.");
  if (ROLE_PERMISSIONS[principal.role].has(needed)) return;
  throw forbidden(`The role ${principal.role} in ${principal.environmentKind} lacks ${needed}.`);
}

function admitBrowser(principal: BrowserPrincipal, access: Guarded): void {
  if (principal.kind === "publishable") {
    if (access.publishable) return;
    throw forbidden("A publishable key can't do this: call from your server, with a secret key.");
  }
  if (access.widget === undefined) throw forbidden("A token of a browser can't do this: call from your server.");
  if (principal.scopes.has(access.widget)) return;
  throw forbidden(`The token lacks the scope ${access.widget}.`);
}

/**
 * Where operators have a listener of their own, what is theirs is there and nothing else is, but for the files that pages
 * are made of. What asks for an operator's session is on the public one too: by that session.
 */
function assertRightListener({ listener }: Exchange, { audience, access, isFile }: RouteRules): void {
  if (listener === "only" || isFile === true) return;
  const isOperators = audience === "operators";
  if (listener === "operators" ? isOperators : !isOperators || access !== "public") return;
  throw notFound("The address");
}

/** What whoever brings no credential could bring. */
function wayInto({ scope, permission, account, widget }: Guarded): string {
  if (scope !== undefined) return "Send a secret key as `Authorization: Bearer hk_…`.";
  if ((permission ?? account) !== undefined) return "Sign in: this is for people.";
  return `Send a ${widget === undefined ? "publishable key" : "member's token"} as \`Authorization: Bearer …\`.`;
}

/** Everything that the route asks of the caller, before a byte of the body is read. */
function admit(exchange: Exchange, rules: RouteRules): void {
  const { principal, request } = exchange;
  assertRightListener(exchange, rules);
  // Whoever reaches their listener is one of them: it asks for no credential.
  if (exchange.listener === "operators" || rules.access === "public") return;
  if (!principal) throw unauthenticated(wayInto(rules.access));
  assertMayCall(principal, request.method, rules);
}

/** Whether a route is open to a caller, by its rules alone. Throws the refusal. */
export function assertMayCall(principal: Caller, method: string, { access, impersonation }: RouteRules): void {
  if (access === "public") return;
  switch (principal.kind) {
    case "key":
      if (access.scope === undefined) throw forbidden("A secret key can't do this.");
      if (!principal.scopes.has(access.scope)) throw forbidden(`The key lacks the scope ${access.scope}.`);
      return;
    case "person":
      admitPerson(principal, access);
      assertWithinBounds(principal, method, access, impersonation);
      return;
    case "account":
      if (access.account === undefined) throw forbidden("Name the environment: `?environment=env_…`.");
      if (access.account === "operator" && (!principal.isOperator || principal.impersonation)) {
        throw forbidden("This is for the operator of the installation.");
      }
      assertWithinBounds(principal, method, access, impersonation);
      return;
    case "publishable":
    case "widget":
    case "embed":
      admitBrowser(principal, access);
      return;
    default:
      assertNever(principal);
  }
}

/** Whether the credential that let the request in still does: for those that wait before they act. Throws if not. */
export function assertStillAdmitted(request: Request): void {
  if (exchangeOf(request).credential?.isUsable() === false) throw unauthenticated(WRONG_CREDENTIAL);
}

/** 1 MiB where nothing is said. */
export type BodyLimit = "batch";

/** Looks for a credential that stands in the body. Throws where it is missing or wrong. */
export type BodyCredential = (body: unknown) => Promise<void>;

/** Reads a body that is more than JSON by its media type. What it throws is answered. */
export type BodyReader = (request: Request) => Promise<unknown>;

/** Where in its body a request has its key; undefined where it has none. */
export type FindWriteKey = (body: unknown) => string | undefined;

interface Hooks {
  body?: unknown;
  bodyCredential?: BodyCredential;
  bodyLimit?: BodyLimit;
  bodyReader?: BodyReader;
  writeKey?: FindWriteKey;
  ownIds?: boolean;
  beforeClaim?: boolean;
  impersonation?: WhileImpersonating;
  audience?: Audience;
  page?: boolean;
  file?: boolean;
}

/** A key may write what its scope lets it; `keys:write` also lists, but a safe method is never asked. */
const isWrite = (access: Access): boolean =>
  access !== "public" && access.scope !== undefined && !access.scope.endsWith(":read");

const isSchema = (value: unknown): value is v.GenericSchema =>
  typeof value === "object" && value !== null && "~run" in value;

/**
 * The guard has checked the body when Elysia comes to it. Its own way would read the body of a caller that is not
 * admitted, and would build an error that quotes all that was sent.
 */
function alreadyChecked(schema: v.GenericSchema): unknown {
  const standard = { version: 1, vendor: "valibot", validate: (value: unknown) => ({ value }) };
  return { ...schema, "~standard": standard };
}

const rulesByHook = new WeakMap<object, RouteRules>();

/** One closure for each route, made when the route is: nothing is decided by path at request time. */
function guardRoute(access: Access, idempotency: Idempotency) {
  let rules: RouteRules = {
    access,
    impersonation: undefined,
    bodyLimit: BODY_BYTES_MAX,
    beforeClaim: false,
    takesWriteKey: false,
    takesIdempotencyKey: isWrite(access),
  };
  let schema: v.GenericSchema | undefined;
  let hooks: Hooks = {};
  const transform = (context: { readonly request: Request; readonly route: string; body: unknown }): void => {
    const exchange = exchangeOf(context.request);
    exchange.route = context.route;
    if (context.body === null) context.body = undefined;
    admit(exchange, rules);
    assertStillAdmitted(context.request);
  };
  /** Null means "dealt with": undefined would have Elysia read the body in its own way. */
  const readChecked = async (request: Request, route: string): Promise<unknown> => {
    const exchange = exchangeOf(request);
    exchange.route = route;
    if (!exchange.enterByBody) admit(exchange, rules);
    if (!schema) return null;
    const body = await (hooks.bodyReader?.(request) ?? readJsonBody(request, rules.bodyLimit));
    if (exchange.enterByBody) {
      await exchange.enterByBody(hooks.writeKey?.(body));
      admit(exchange, rules);
    }
    await hooks.bodyCredential?.(body);
    exchange.sentBody = body;
    return parseInput(schema, body, "Send a JSON body.") ?? null;
  };
  const findRepeat = (request: Request): Promise<Response | undefined> | undefined => {
    if (!rules.takesIdempotencyKey || SAFE_METHODS.has(request.method)) return undefined;
    const key = request.headers.get("idempotency-key");
    return key === null ? undefined : beginOnce(request, key);
  };
  /** A repeat may have waited for the first request, and its credential have ended meanwhile. */
  const beginOnce = async (request: Request, key: string): Promise<Response | undefined> => {
    const repeat = await idempotency.begin(exchangeOf(request), key);
    assertStillAdmitted(request);
    return repeat;
  };
  return {
    introspect(declared: Hooks) {
      if (isSchema(declared.body)) {
        schema = declared.body;
        declared.body = alreadyChecked(schema);
      }
      hooks = { ...declared };
      rules = {
        access,
        audience: hooks.audience,
        isPage: hooks.page ?? false,
        isFile: hooks.file ?? false,
        impersonation: hooks.impersonation,
        bodyLimit: hooks.bodyLimit === "batch" ? BATCH_BODY_BYTES_MAX : BODY_BYTES_MAX,
        beforeClaim: hooks.beforeClaim ?? false,
        takesWriteKey: hooks.writeKey !== undefined,
        takesIdempotencyKey: isWrite(access) && hooks.ownIds !== true,
      };
      rulesByHook.set(transform, rules);
    },
    // Elysia reads the text of its hooks to see what they use: these stay single calls, minified too.
    parse: ({ request, route }: { readonly request: Request; readonly route: string }) => readChecked(request, route),
    transform,
    beforeHandle: ({ request }: { readonly request: Request }) => findRepeat(request),
  };
}

export const createGuard = (idempotency: Idempotency) =>
  new Elysia({ name: "guard" }).macro({
    access: (access: Access) => guardRoute(access, idempotency),
    /** How large the body may be. */
    bodyLimit: (_limit: BodyLimit) => ({}),
    /** Asked before the body is checked in any other way: a stranger learns nothing of what is wanted. */
    bodyCredential: (_find: BodyCredential) => ({}),
    /** Reads the body in place of the one for JSON; it minds the limit itself. */
    bodyReader: (_read: BodyReader) => ({}),
    /** Lets the route be called as Segment's libraries do it: the key as Basic's user name, or in the body. */
    writeKey: (_find: FindWriteKey) => ({}),
    /** What it is sent has ids of its own, so that an `Idempotency-Key` is no business of the guard's. */
    ownIds: (_has: boolean) => ({}),
    /** Whether the route answers even before the installation is claimed. */
    beforeClaim: (_answers: boolean) => ({}),
    /** Where whoever acts as another person may do less, or more, than that says by itself. */
    impersonation: (_exception: WhileImpersonating) => ({}),
    /** Whom the route is made for, where its path does not say so. */
    audience: (_audience: Audience) => ({}),
    /** Whether it answers with a page, to a person in a browser. */
    page: (_is: boolean) => ({}),
    /** Whether it is a file that pages are made of. */
    file: (_is: boolean) => ({}),
  });
export type Guard = ReturnType<typeof createGuard>;

/** The rules that a mounted route was declared with; undefined for one that forgot its `access`. */
export function rulesOf(hooks: { readonly transform?: unknown }): RouteRules | undefined {
  for (const hook of [hooks.transform].flat()) {
    const own: unknown = (hook as { fn?: unknown } | undefined)?.fn ?? hook;
    const rules = typeof own === "function" ? rulesByHook.get(own) : undefined;
    if (rules) return rules;
  }
  return undefined;
}
