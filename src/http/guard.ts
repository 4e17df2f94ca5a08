import { Elysia } from "elysia";
import type * as v from "valibot";
import { AppError } from "../kernel/errors.ts";
import type { KeyPrincipal, RequestInfo, Scope } from "../kernel/principal.ts";
import { BATCH_BODY_BYTES_MAX, BODY_BYTES_MAX, readJsonBody } from "./body.ts";
import { type Exchange, exchangeOf } from "./exchange.ts";
import { parseInput } from "./validate.ts";

/** What a route asks of its caller. `public` routes too refuse a credential that is wrong. */
export type Access = "public" | { readonly scope: Scope };

/** What a route was declared with, kept beside its hooks. */
export interface RouteRules {
  readonly access: Access;
  readonly bodyLimit: number;
  /** Answers even before the installation is claimed. */
  readonly beforeClaim: boolean;
}

/** The caller of a guarded route. */
export function keyOf(request: Request): KeyPrincipal {
  const { principal } = exchangeOf(request);
  if (!principal) throw new Error("keyOf() on a route without `access: { scope }`");
  return principal;
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

/** Everything that the route asks of the caller, before a byte of the body is read. */
function admit(exchange: Exchange, access: Access): void {
  if (access === "public") return;
  if (!exchange.principal) throw unauthenticated("Send a secret key as `Authorization: Bearer hk_…`.");
  if (!exchange.principal.scopes.has(access.scope)) {
    throw new AppError("forbidden", `The key lacks the scope ${access.scope}.`);
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

interface Hooks {
  body?: unknown;
  bodyCredential?: BodyCredential;
  bodyLimit?: BodyLimit;
  beforeClaim?: boolean;
}

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
function guardRoute(access: Access) {
  let rules: RouteRules = { access, bodyLimit: BODY_BYTES_MAX, beforeClaim: false };
  let schema: v.GenericSchema | undefined;
  let bodyCredential: BodyCredential | undefined;
  const transform = (context: { readonly request: Request; readonly route: string; body: unknown }): void => {
    const exchange = exchangeOf(context.request);
    exchange.route = context.route;
    if (context.body === null) context.body = undefined;
    admit(exchange, access);
    assertStillAdmitted(context.request);
  };
  /** Null means "dealt with": undefined would have Elysia read the body in its own way. */
  const readChecked = async (request: Request, route: string): Promise<unknown> => {
    const exchange = exchangeOf(request);
    exchange.route = route;
    admit(exchange, access);
    if (!schema) return null;
    const body = await readJsonBody(request, rules.bodyLimit);
    await bodyCredential?.(body);
    return parseInput(schema, body, "Send a JSON body.") ?? null;
  };
  return {
    introspect(hooks: Hooks) {
      if (isSchema(hooks.body)) {
        schema = hooks.body;
        hooks.body = alreadyChecked(schema);
      }
      bodyCredential = hooks.bodyCredential;
      rules = {
        access,
        bodyLimit: hooks.bodyLimit === "batch" ? BATCH_BODY_BYTES_MAX : BODY_BYTES_MAX,
        beforeClaim: hooks.beforeClaim ?? false,
      };
      rulesByHook.set(transform, rules);
    },
    // Elysia reads the text of its hooks to see what they use: this one stays a single call, minified too.
    parse: ({ request, route }: { readonly request: Request; readonly route: string }) => readChecked(request, route),
    transform,
  };
}

export const createGuard = () =>
  new Elysia({ name: "guard" }).macro({
    access: guardRoute,
    /** How large the body may be. */
    bodyLimit: (_limit: BodyLimit) => ({}),
    /** Asked before the body is checked in any other way: a stranger learns nothing of what is wanted. */
    bodyCredential: (_find: BodyCredential) => ({}),
    /** Whether the route answers even before the installation is claimed. */
    beforeClaim: (_answers: boolean) => ({}),
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
