import { assert } from "../kernel/assert.ts";
import type { ErrorCode } from "../kernel/errors.ts";
import { annotate } from "./openapi-annotate.ts";
import { errorsOf, type RefusalAnswers } from "./openapi-errors.ts";
import { type DocumentedRoute, propertiesOf } from "./openapi-route.ts";
import { resolveSchema, type SchemaWriter } from "./openapi-schemas.ts";
import type {
  AnswerReference,
  BodyReference,
  DocumentAnswer,
  DocumentContent,
  DocumentOperation,
  DocumentParameter,
  OperationReference,
  ParameterReference,
} from "./openapi-types.ts";

/** What all operations of a document share. */
export interface DocumentParts {
  readonly schemas: SchemaWriter;
  readonly refusals: RefusalAnswers;
}

/** One operation: what the route itself says, joined with what its room tells of it. */
export function documentOperation(
  route: DocumentedRoute,
  reference: OperationReference | undefined,
  { schemas, refusals }: DocumentParts,
): DocumentOperation {
  const parameters = documentParameters(route, reference, schemas);
  const body = route.body ?? reference?.body?.schema;
  const description = reference?.description ?? route.description;
  const errors = errorsOf({
    public: route.access === "public",
    hasBody: body !== undefined,
    hasQuery: parameters.some((parameter) => parameter.in === "query"),
    hasPathParameters: route.pathParameters.length > 0,
    errors: [...(reference?.errors ?? []), ...(route.takesIdempotencyKey ? REPEAT_ERRORS : [])],
  });
  return {
    operationId: route.operationId,
    summary: route.summary,
    ...(description === undefined ? {} : { description }),
    tags: route.tags,
    security: securityOf(route.access),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined ? {} : { requestBody: documentBody(route.body, reference?.body, schemas) }),
    responses: {
      ...documentAnswers(reference?.answers ?? { 200: { description: "Done." } }, schemas, repeatedHeaders(route)),
      ...refusals.of(errors),
    },
  };
}

/** Each entry is enough by itself. */
function securityOf(access: DocumentedRoute["access"]): readonly Readonly<Record<string, readonly string[]>>[] {
  if (access === "public") return [];
  const { scope, permission, account, widget, publishable } = access;
  const role = permission ?? scope;
  return [
    ...(scope === undefined ? [] : [{ secretKey: [scope] }]),
    ...(role === undefined ? [] : [{ session: [role] }]),
    ...(account === undefined ? [] : [{ session: account === "self" ? [] : [account] }]),
    ...(widget === undefined ? [] : [{ widgetToken: [widget] }]),
    ...(publishable ? [{ publishableKey: [] }] : []),
  ];
}

function documentParameters(
  route: DocumentedRoute,
  reference: OperationReference | undefined,
  schemas: SchemaWriter,
): readonly DocumentParameter[] {
  const own = (schema: DocumentedRoute["params"]) => (schema ? propertiesOf(schemas.input(schema)) : []);
  const inPath = own(route.params);
  const inQuery = own(route.query);
  const write = (
    place: DocumentParameter["in"],
    name: string,
    told: ParameterReference | undefined,
    found: ReturnType<typeof own>[number] | undefined,
  ): DocumentParameter => {
    const { description, ...schema } = told?.schema ?? found?.schema ?? { type: "string" };
    return {
      name,
      in: place,
      required: place === "path" || (told?.required ?? found?.required ?? false),
      description: told?.description ?? (typeof description === "string" ? description : ""),
      schema,
      ...(told?.example === undefined ? {} : { example: told.example }),
    };
  };
  const queryNames = new Set([...inQuery.map(({ name }) => name), ...Object.keys(reference?.query ?? {})]);
  return [
    ...route.pathParameters.map((name) =>
      write(
        "path",
        name,
        reference?.path?.[name],
        inPath.find((found) => found.name === name),
      ),
    ),
    ...[...queryNames].map((name) =>
      write(
        "query",
        name,
        reference?.query?.[name] ?? LIST_PARAMETERS[name],
        inQuery.find((found) => found.name === name),
      ),
    ),
    ...Object.entries({
      ...(route.takesIdempotencyKey ? { "Idempotency-Key": IDEMPOTENCY_KEY } : {}),
      ...reference?.headers,
    }).map(([name, told]) => write("header", name, told, undefined)),
  ];
}

/** Every write has it, so no room explains it again. */
const IDEMPOTENCY_KEY: ParameterReference = {
  description:
    "A name of your own for this write, kept for 24 hours. The same request under the same name is not made again: it is given the first answer, with `Idempotency-Replayed: true`.",
  schema: { type: "string", minLength: 1, maxLength: 255 },
};
const REPEAT_ERRORS: readonly ErrorCode[] = ["conflict", "idempotency_conflict"];

const repeatedHeaders = ({ takesIdempotencyKey }: DocumentedRoute): DocumentAnswer["headers"] =>
  takesIdempotencyKey ? { "Idempotency-Replayed": { $ref: "#/components/headers/IdempotencyReplayed" } } : {};

/** Every list has these two, so no room explains them again. */
const LIST_PARAMETERS: Readonly<Record<string, ParameterReference>> = {
  limit: {
    description: "How many at most.",
    schema: { type: "integer", minimum: 1, maximum: 200, default: 50 },
  },
  after: { description: "`next` of the page before: goes on behind it." },
};

function documentBody(
  own: DocumentedRoute["body"],
  reference: BodyReference | undefined,
  schemas: SchemaWriter,
): NonNullable<DocumentOperation["requestBody"]> {
  const shown = reference?.schema ?? own;
  assert(shown, "a body is documented without a schema");
  let schema = schemas.input(shown);
  const fields = Object.entries(reference?.fields ?? {});
  if (fields.length > 0) schema = resolveSchema(schema, schemas.components);
  for (const [path, note] of fields) schema = annotate(schema, path, note);
  const example = reference?.example;
  const content: DocumentContent = { "application/json": { schema, ...(example === undefined ? {} : { example }) } };
  return { required: !reference?.optional, content };
}

const documentFiles = (files: NonNullable<AnswerReference["files"]>): DocumentAnswer["content"] =>
  Object.fromEntries(Object.entries(files).map(([type, example]) => [type, { schema: { type: "string" }, example }]));

function documentAnswers(
  answers: Readonly<Record<number, AnswerReference>>,
  schemas: SchemaWriter,
  shared: DocumentAnswer["headers"],
): Readonly<Record<string, DocumentAnswer>> {
  return Object.fromEntries(
    Object.entries(answers).map(([status, { description, schema, example, files, headers }]) => [
      status,
      {
        description,
        headers: {
          "X-Request-Id": { $ref: "#/components/headers/RequestId" },
          ...shared,
          ...Object.fromEntries(
            Object.entries(headers ?? {}).map(([name, header]) => [
              name,
              { description: header.description, schema: header.schema ?? { type: "string" } },
            ]),
          ),
        },
        ...(schema === undefined
          ? {}
          : {
              content: {
                "application/json": { schema: schemas.output(schema), ...(example === undefined ? {} : { example }) },
              },
            }),
        ...(files === undefined ? {} : { content: documentFiles(files) }),
      },
    ]),
  );
}
