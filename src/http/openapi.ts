import type { OutboundEventType } from "../kernel/catalogue.ts";
import type { JsonObject } from "../kernel/json.ts";
import { annotate } from "./openapi-annotate.ts";
import { ERROR_SCHEMA, RefusalAnswers } from "./openapi-errors.ts";
import { type DocumentParts, documentOperation } from "./openapi-operation.ts";
import { isDocumented, readRoute, type ServedRoute } from "./openapi-route.ts";
import { createSchemaWriter } from "./openapi-schemas.ts";
import { GENERAL_SECTIONS, SUMMARY } from "./openapi-text.ts";
import type { DocumentOperation, OpenApiDocument, ReferenceSection, RoomReference } from "./openapi-types.ts";
import { DELIVERY_HEADERS, documentWebhooks } from "./openapi-webhooks.ts";

export interface OpenApiInput {
  /** `app.routes`: what is served is what is documented. */
  readonly routes: readonly ServedRoute[];
  readonly rooms: readonly RoomReference[];
  readonly catalogue: readonly OutboundEventType[];
  /** Undefined where no public URL is configured: then paths are relative to wherever the document was read. */
  readonly publicUrl: string | undefined;
  readonly version: string;
}

/** The chapters that stand before the operations, the general ones first. */
export const sectionsOf = (rooms: readonly RoomReference[]): readonly ReferenceSection[] => [
  ...GENERAL_SECTIONS,
  ...rooms.flatMap((room) => room.sections ?? []),
];

/** Builds the OpenAPI 3.1 document from the routes that are really served and what their rooms say of them. */
export function buildOpenApi(input: OpenApiInput): OpenApiDocument {
  const references = new Map(input.rooms.flatMap((room) => Object.entries(room.operations)));
  const named = Object.assign({}, ...input.rooms.map((room) => room.schemas ?? {}));
  const parts: DocumentParts = { schemas: createSchemaWriter(named), refusals: new RefusalAnswers() };
  const paths: Record<string, Record<string, DocumentOperation>> = {};
  for (const served of input.routes.filter(isDocumented)) {
    const route = readRoute(served);
    const operation = documentOperation(route, references.get(route.operationId), parts);
    paths[route.path] = { ...paths[route.path], [route.method]: operation };
  }
  const used = new Set(Object.values(paths).flatMap((path) => Object.values(path).flatMap(({ tags }) => tags)));
  const description = sectionsOf(input.rooms).map(({ title, text }) => `## ${title}\n\n${text}`);
  return {
    openapi: "3.1.1",
    info: {
      title: "Hatch",
      version: input.version,
      summary: SUMMARY,
      description: description.join("\n\n"),
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: input.publicUrl ?? "/", description: "This installation" }],
    tags: input.rooms.flatMap((room) => room.tags).filter((tag) => used.has(tag.name)),
    security: [{ secretKey: [] }],
    paths,
    webhooks: documentWebhooks(input.catalogue),
    components: {
      schemas: { Error: ERROR_SCHEMA, ...explained(parts.schemas.components, input.rooms) },
      headers: HEADERS,
      parameters: DELIVERY_HEADERS,
      responses: parts.refusals.components,
      securitySchemes: {
        secretKey: {
          type: "http",
          scheme: "bearer",
          bearerFormat: "hk_live_… or hk_test_…",
          description: "A secret key, held by your server. It chooses the environment and may be narrowed to scopes.",
        },
        session: {
          type: "apiKey",
          in: "cookie",
          name: "hatch_session",
          description:
            "A person who signed in, in the environment that `?environment=env_…` names. The role there decides; every change carries `X-Hatch-Csrf`.",
        },
        publishableKey: {
          type: "http",
          scheme: "bearer",
          bearerFormat: "hpk_live_… or hpk_test_…",
          description: "A key that a browser may hold, from its listed origins only.",
        },
        widgetToken: {
          type: "http",
          scheme: "bearer",
          bearerFormat: "JWT",
          description: "A short-lived token of one member's browser, made by your server.",
        },
      },
    },
  };
}

/** The named schemas with what the rooms say of their fields. */
function explained(
  components: Readonly<Record<string, JsonObject>>,
  rooms: readonly RoomReference[],
): Readonly<Record<string, JsonObject>> {
  const notes = Object.assign({}, ...rooms.map((room) => room.notes ?? {})) as NonNullable<RoomReference["notes"]>;
  const explain = (name: string, schema: JsonObject): JsonObject =>
    Object.entries(notes[name] ?? {}).reduce((at, [path, note]) => annotate(at, path, note), schema);
  return Object.fromEntries(Object.entries(components).map(([name, schema]) => [name, explain(name, schema)]));
}

const HEADERS: Readonly<Record<string, JsonObject>> = {
  RequestId: {
    description: "Names this request in logs, errors and audit; your own is kept if you sent one.",
    schema: { type: "string", pattern: "^[A-Za-z0-9._-]{1,128}$" },
  },
  IdempotencyReplayed: {
    description: "`true` where this is the answer to an earlier request under the same `Idempotency-Key`.",
    schema: { type: "string", enum: ["true"] },
  },
  RetryAfter: { description: "Seconds after which a repeat is answered.", schema: { type: "integer", minimum: 1 } },
  WwwAuthenticate: { description: "How to authenticate: `Bearer`.", schema: { type: "string" } },
};
