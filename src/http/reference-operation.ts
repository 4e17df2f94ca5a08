import { ERROR_STATUS, type ErrorCode } from "../kernel/errors.ts";
import type { JsonObject } from "../kernel/json.ts";
import { COMMON_ERRORS, ERROR_MEANINGS } from "./openapi-errors.ts";
import type { DocumentAnswer, DocumentOperation, DocumentParameter, OpenApiDocument } from "./openapi-types.ts";
import { curlOf } from "./reference-curl.ts";
import { type FieldRow, type FieldTableOptions, fieldRows, fieldTable } from "./reference-schema.ts";
import { showInline, showText } from "./reference-text.ts";
import { showJson } from "./site-code.ts";
import { type Html, html, type Piece } from "./site-html.ts";
import { codeBlock } from "./site-layout.ts";

type Components = Readonly<Record<string, JsonObject>>;

export interface OperationParts {
  readonly url: string;
  readonly method: string;
  readonly path: string;
  readonly operation: DocumentOperation;
  readonly components: OpenApiDocument["components"];
}

/** A table longer than this begins folded: it would push the next operation out of sight. */
const ANSWER_ROWS_MAX = 10;
const BODY_ROWS_MAX = 30;

const showFields = (rows: readonly FieldRow[], options: FieldTableOptions, openRowsMax: number): Piece =>
  rows.length > 0 &&
  html`<details${rows.length <= openRowsMax && html` open`}><summary>${rows.length === 1 ? "1 field" : `${rows.length} fields`}<span class="unseen">: ${options.caption}</span></summary>${fieldTable(rows, options)}</details>`;

export const operationAnchor = ({ operationId }: Pick<DocumentOperation, "operationId">): string => operationId;

export const methodChip = (method: string): Html =>
  html`<span class="method method-${method}">${method.toUpperCase()}</span>`;

export function showOperation(parts: OperationParts): Html {
  const { operation, method, path } = parts;
  const components = parts.components.schemas;
  const answers = answersOf(operation);
  const anchor = operationAnchor(operation);
  const body = operation.requestBody?.content["application/json"];
  return html`<article class="operation" id="${anchor}" aria-labelledby="${anchor}-title">
<div class="told">
<h3 id="${anchor}-title"><a class="anchor" href="#${anchor}">${operation.summary}</a></h3>
<p class="route">${methodChip(method)} <code>${breakable(path)}</code></p>
<p class="scope">${scopeOf(operation)}</p>
${operation.description !== undefined && showText(operation.description)}
${(["path", "query", "header"] as const).map((place) => showParameters(operation, place, components))}
${body && html`<h4>Body</h4>${showFields(fieldRows(body.schema, components), { caption: `Fields of the body of: ${operation.summary}`, marksRequired: true }, BODY_ROWS_MAX)}`}
<h4>Answers</h4>${answers.map(([status, answer]) => showAnswer(status, answer, operation, components))}
${showRefusals(operation, parts.components.responses)}
</div>
<div class="shown">
${codeBlock({ caption: "Terminal", code: curlOf(parts), label: `${operation.summary}, as a command` })}
${answers.slice(0, 1).map(([status, answer]) => showExample(status, answer, operation))}
</div>
</article>`;
}

/** A long path may break after its slashes. */
const breakable = (path: string): Piece =>
  path.split(/(?<=\/)/).map((segment, index) => html`${index > 0 && html`<wbr>`}${segment}`);

function scopeOf({ security }: DocumentOperation): Html {
  const scope = security[0]?.secretKey?.[0];
  if (security.length === 0) return html`Public: no credential is asked for.`;
  return html`Secret key with the scope <code>${scope ?? "any"}</code>`;
}

const PLACES = { path: "In the path", query: "In the query", header: "Headers" } as const;

function showParameters(operation: DocumentOperation, place: DocumentParameter["in"], components: Components): Piece {
  const found = (operation.parameters ?? []).filter((parameter) => parameter.in === place);
  if (found.length === 0) return false;
  const schema: JsonObject = {
    type: "object",
    required: found.filter(({ required }) => required).map(({ name }) => name),
    properties: Object.fromEntries(found.map(({ name, schema: own, description }) => [name, { ...own, description }])),
  };
  const table = fieldTable(fieldRows(schema, components), {
    caption: `${PLACES[place]}, of: ${operation.summary}`,
    marksRequired: place !== "path",
  });
  return html`<h4>${PLACES[place]}</h4>${table}`;
}

/** The successes, which are written out where they stand: what was made comes before what was there already. */
const answersOf = ({ responses }: DocumentOperation): [string, DocumentAnswer][] =>
  Object.entries(responses)
    .flatMap(([status, answer]): [string, DocumentAnswer][] => ("$ref" in answer ? [] : [[status, answer]]))
    .sort(([left], [right]) => Number(left === "200") - Number(right === "200"));

function showAnswer(
  status: string,
  { description, content }: DocumentAnswer,
  operation: DocumentOperation,
  components: Components,
): Html {
  const schema = content?.["application/json"].schema;
  const rows = schema ? fieldRows(schema, components) : [];
  const caption = `Fields of the answer ${status} to: ${operation.summary}`;
  return html`<p class="answer"><span class="status">${status}</span> <span>${showInline(description)}</span></p>${showFields(rows, { caption, marksRequired: false }, ANSWER_ROWS_MAX)}`;
}

function showExample(status: string, { content }: DocumentAnswer, operation: DocumentOperation): Piece {
  const example = content?.["application/json"].example;
  if (example === undefined) return false;
  return codeBlock({
    caption: html`Answer <code>${status}</code>`,
    code: showJson(example),
    label: `Answer ${status} to: ${operation.summary}`,
  });
}

/** The refusals that say something about this operation; those that every route can give stand in their own chapter. */
function showRefusals({ responses }: DocumentOperation, shared: Readonly<Record<string, DocumentAnswer>>): Piece {
  const codes = Object.values(responses).flatMap((answer) => {
    const refusal = "$ref" in answer ? shared[answer.$ref.slice("#/components/responses/".length)] : undefined;
    return Object.keys(refusal?.content?.["application/json"].examples ?? {});
  }) as ErrorCode[];
  const own = codes.filter((code) => !COMMON_ERRORS.includes(code));
  if (own.length === 0) return false;
  return html`<h4>Refusals</h4><ul class="refusals">${own.map(
    (code) =>
      html`<li><a href="#error-${code}"><span class="status">${ERROR_STATUS[code]}</span> <code>${code}</code></a></li>`,
  )}</ul>`;
}

/** What the server itself answers besides the routes. */
const SERVER_ERRORS: readonly ErrorCode[] = ["method_not_allowed", "not_configured"];

/** Every code that this installation can answer, with its meaning. */
export function showErrors(refusals: OpenApiDocument["components"]["responses"]): Html {
  const given = new Set<string>(SERVER_ERRORS);
  for (const { content } of Object.values(refusals)) {
    for (const code of Object.keys(content?.["application/json"].examples ?? {})) given.add(code);
  }
  const codes = (Object.keys(ERROR_MEANINGS) as ErrorCode[]).filter((code) => given.has(code));
  return html`<table class="fields errors"><caption class="unseen">Error codes</caption><thead class="unseen"><tr><th scope="col">Code</th><th scope="col">Meaning</th></tr></thead><tbody>${codes.map(
    (code) =>
      html`<tr id="error-${code}"><th scope="row"><code>${code}</code><span class="type">${ERROR_STATUS[code]}</span></th><td>${showInline(ERROR_MEANINGS[code].meaning)}</td></tr>`,
  )}</tbody></table>`;
}
