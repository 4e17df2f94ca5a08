import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";

/** The parts of an OpenAPI document that tests walk. */
export interface Document {
  readonly servers: readonly { readonly url: string }[];
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly webhooks: Readonly<Record<string, { readonly post: Operation }>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, Schema>>;
    readonly responses: Readonly<Record<string, Answer>>;
  };
}

export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
}

export interface Answer {
  readonly $ref?: string;
  readonly description: string;
  readonly headers?: Readonly<Record<string, unknown>>;
  /** JSON, or a file by its own media type. */
  readonly content?: Partial<Content> & Readonly<Record<string, Content["application/json"] | undefined>>;
}

export interface Content {
  readonly "application/json": {
    readonly schema: Schema;
    readonly example?: unknown;
    readonly examples?: Readonly<Record<string, { readonly value: unknown }>>;
  };
}

export interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly tags: readonly string[];
  readonly security?: readonly Readonly<Record<string, readonly string[]>>[];
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly description: string;
    readonly required: boolean;
  }[];
  readonly requestBody?: { readonly required: boolean; readonly content: Content };
  readonly responses: Readonly<Record<string, Answer>>;
}

export interface Placed {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
}

export const operationsOf = ({ paths }: Document): Placed[] =>
  Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({
      name: `${method.toUpperCase()} ${path}`,
      method: method.toUpperCase(),
      path,
      operation,
    })),
  );

export const answerOf = ({ components }: Document, answer: Answer): Answer =>
  answer.$ref === undefined ? answer : (components.responses[answer.$ref.split("/").at(-1) ?? ""] ?? answer);

/** Checks values against schemas of the document, references resolved. */
export function createChecker(document: Document): (schema: Schema, value: unknown) => readonly string[] {
  const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false });
  ajv.addSchema(document as object, "openapi");
  const compiled = new Map<Schema, ValidateFunction>();
  const absolute = (schema: unknown): unknown =>
    JSON.parse(JSON.stringify(schema).replaceAll('"#/components/', '"openapi#/components/'));
  return (schema, value) => {
    const validate = compiled.get(schema) ?? ajv.compile(absolute(schema) as object);
    compiled.set(schema, validate);
    return validate(value) ? [] : (validate.errors ?? []).map((error) => `${error.instancePath} ${error.message}`);
  };
}

/** The paths in `value` that `schema` does not speak of. */
export function undocumented(document: Document, schema: Schema, value: unknown, path = ""): string[] {
  const named = schema.$ref?.split("/").at(-1);
  const resolved = named === undefined ? schema : (document.components.schemas[named] ?? {});
  if (typeof value !== "object" || value === null) return [];
  if (resolved.anyOf) {
    const tries = resolved.anyOf.map((one) => undocumented(document, one, value, path));
    return tries.sort((left, right) => left.length - right.length)[0] ?? [];
  }
  if (Array.isArray(value)) {
    return resolved.items
      ? value.flatMap((item, at) => undocumented(document, resolved.items ?? {}, item, `${path}/${at}`))
      : [];
  }
  return Object.entries(value).flatMap(([key, item]) => {
    const own = resolved.properties?.[key];
    if (own) return undocumented(document, own, item, `${path}/${key}`);
    if (typeof resolved.additionalProperties === "object") {
      return undocumented(document, resolved.additionalProperties, item, `${path}/${key}`);
    }
    return resolved.properties ? [`${path}/${key}`] : [];
  });
}
