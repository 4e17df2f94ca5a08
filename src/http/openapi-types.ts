import type { GenericSchema } from "valibot";
import type { ErrorCode } from "../kernel/errors.ts";
import type { JsonObject, JsonValue } from "../kernel/json.ts";

/** One path, query or header parameter, as the reference explains it. */
export interface ParameterReference {
  /** One or two sentences. */
  readonly description: string;
  /** JSON Schema 2020-12; what the route's own schema says, else a string, where it is left out. */
  readonly schema?: JsonObject;
  readonly example?: JsonValue;
  /** Path parameters always are. */
  readonly required?: boolean;
}

type FileType = `text/${string}` | `application/x-${string}`;

export interface AnswerReference {
  /** One sentence: what this status means here. */
  readonly description: string;
  /** Left out where the answer has no body. */
  readonly schema?: GenericSchema;
  readonly example?: JsonValue;
  /** A file in place of JSON: the beginning of one, by its media type. */
  readonly files?: Readonly<Record<FileType, string>>;
  readonly headers?: Readonly<Record<string, ParameterReference>>;
}

export interface BodyReference {
  readonly example: JsonValue;
  /** Only where the route's own schema says too little, because it reads parts of its body itself. */
  readonly schema?: GenericSchema;
  readonly optional?: boolean;
  /** By path (`properties`, `events.*.id`): a sentence, or what the schema says besides. The path must exist. */
  readonly fields?: Readonly<Record<string, string | JsonObject>>;
}

/** What a route's own schemas don't say. Texts are the small part of CommonMark that reference-text.ts reads. */
export interface OperationReference {
  readonly description?: string;
  readonly path?: Readonly<Record<string, ParameterReference>>;
  readonly query?: Readonly<Record<string, ParameterReference>>;
  readonly headers?: Readonly<Record<string, ParameterReference>>;
  readonly body?: BodyReference;
  /** By status; at least one below 400. */
  readonly answers: Readonly<Record<number, AnswerReference>>;
  /** Refusals besides those that openapi-errors.ts gives by the route's shape. */
  readonly errors?: readonly ErrorCode[];
}

/** A chapter of prose that stands before the operations. */
export interface ReferenceSection {
  readonly id: string;
  readonly title: string;
  readonly text: string;
}

/** What a room says of its routes; operations by their `operationId`. */
export interface RoomReference {
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly sections?: readonly ReferenceSection[];
  /** Schemas that get a name of their own in the document, wherever they are used. */
  readonly schemas?: Readonly<Record<string, GenericSchema>>;
  /** By name of such a schema and path in it: what its fields mean. */
  readonly notes?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly operations: Readonly<Record<string, OperationReference>>;
}

export interface DocumentParameter {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly required: boolean;
  readonly description: string;
  readonly schema: JsonObject;
  readonly example?: JsonValue;
}

export interface DocumentContent {
  readonly "application/json": {
    readonly schema: JsonObject;
    readonly example?: JsonValue;
    readonly examples?: Readonly<Record<string, { readonly value: JsonValue }>>;
  };
}

export interface DocumentAnswer {
  readonly description: string;
  readonly headers?: Readonly<Record<string, JsonObject>>;
  readonly content?: Partial<DocumentContent> & {
    readonly [file: FileType]: { readonly schema: JsonObject; readonly example: string };
  };
}

export interface DocumentOperation {
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly tags: readonly string[];
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
  readonly parameters?: readonly DocumentParameter[];
  readonly requestBody?: { readonly required: boolean; readonly content: DocumentContent };
  /** Refusals are references: many routes give the same. */
  readonly responses: Readonly<Record<string, DocumentAnswer | DocumentReference>>;
}

export interface DocumentReference {
  readonly $ref: string;
}

/** One outbound event, as the receiver of a webhook meets it. */
export interface DocumentWebhook {
  readonly post: Omit<DocumentOperation, "security" | "parameters"> & {
    readonly parameters: readonly DocumentReference[];
  };
}

/** The part of OpenAPI 3.1 that the document uses. */
export interface OpenApiDocument {
  readonly openapi: "3.1.1";
  readonly info: JsonObject;
  readonly servers: readonly { readonly url: string; readonly description: string }[];
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly security: readonly JsonObject[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, DocumentOperation>>>>;
  readonly webhooks: Readonly<Record<string, DocumentWebhook>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, JsonObject>>;
    readonly headers: Readonly<Record<string, JsonObject>>;
    readonly parameters: Readonly<Record<string, DocumentParameter>>;
    readonly responses: Readonly<Record<string, DocumentAnswer>>;
    readonly securitySchemes: Readonly<Record<string, JsonObject>>;
  };
}
