import type { GenericSchema } from "valibot";
import { assert } from "../kernel/assert.ts";
import type { JsonObject } from "../kernel/json.ts";
import { type Access, rulesOf } from "./guard.ts";

/** What the document needs of a route of the application, checked once: Elysia's own type leaves all of it open. */
export interface DocumentedRoute {
  readonly method: string;
  /** `/v1/events/{id}` */
  readonly path: string;
  readonly operationId: string;
  readonly summary: string;
  readonly description: string | undefined;
  readonly tags: readonly string[];
  readonly access: Access;
  readonly pathParameters: readonly string[];
  readonly body: GenericSchema | undefined;
  readonly query: GenericSchema | undefined;
  readonly params: GenericSchema | undefined;
  /** A repeat under the same `Idempotency-Key` is given the first answer. */
  readonly takesIdempotencyKey: boolean;
}

/** The part of `app.routes` that is read. */
export interface ServedRoute {
  readonly method: string;
  readonly path: string;
  readonly hooks: object;
}

interface Hooks {
  readonly body?: GenericSchema;
  readonly query?: GenericSchema;
  readonly params?: GenericSchema;
  readonly detail?: {
    readonly operationId?: string;
    readonly summary?: string;
    readonly description?: string;
    readonly tags?: readonly string[];
  };
}

/** The interface for programs lives under `/v1`; pages, health and operator surfaces are no part of the document. */
export const isDocumented = (route: ServedRoute): boolean =>
  route.path.startsWith("/v1/") && route.method !== "HEAD" && route.method !== "OPTIONS";

const PARAMETER = /:([A-Za-z][A-Za-z0-9]*)\??/g;

export function readRoute(route: ServedRoute): DocumentedRoute {
  // Elysia types a route's hooks as `any` by construction.
  const { detail, body, query, params } = route.hooks as Hooks;
  const rules = rulesOf(route.hooks);
  const access = rules?.access;
  const name = `${route.method} ${route.path}`;
  assert(detail?.operationId && detail.summary && detail.tags?.[0], `${name} has no operationId, summary or tag`);
  assert(access, `${name} does not say who may call it`);
  return {
    method: route.method.toLowerCase(),
    path: route.path.replaceAll(PARAMETER, "{$1}"),
    operationId: detail.operationId,
    summary: detail.summary,
    description: detail.description,
    tags: detail.tags,
    access,
    pathParameters: [...route.path.matchAll(PARAMETER)].map((match) => match[1] ?? ""),
    body,
    query,
    params,
    takesIdempotencyKey: route.method !== "GET" && rules?.takesIdempotencyKey === true,
  };
}

/** The properties of an object schema, with whether each is required. */
export function propertiesOf(schema: JsonObject): readonly { name: string; required: boolean; schema: JsonObject }[] {
  const required = new Set(Array.isArray(schema.required) ? schema.required : []);
  return Object.entries((schema.properties ?? {}) as Record<string, JsonObject>).map(([name, property]) => ({
    name,
    required: required.has(name),
    schema: property,
  }));
}
