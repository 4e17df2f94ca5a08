/** @jsxImportSource preact */
import type { JSX } from "preact";
import { Code } from "../../static/ui/code.tsx";
import { CodeBlock } from "../../static/ui/code-block.tsx";
import { ERROR_STATUS, type ErrorCode } from "../kernel/errors.ts";
import type { JsonObject } from "../kernel/json.ts";
import { COMMON_ERRORS } from "./openapi-errors.ts";
import type { DocumentAnswer, DocumentOperation, DocumentParameter, OpenApiDocument } from "./openapi-types.ts";
import { curlOf } from "./reference-curl.ts";
import { FieldTable, FoldedFields } from "./reference-fields.tsx";
import { fieldRows } from "./reference-schema.ts";
import { Inline, Text } from "./reference-text.tsx";
import { Json } from "./site-json.tsx";

type Components = Readonly<Record<string, JsonObject>>;

export interface OperationProps {
  readonly url: string;
  readonly method: string;
  readonly path: string;
  readonly operation: DocumentOperation;
  readonly components: OpenApiDocument["components"];
}

const ANSWER_ROWS_MAX = 10;
const BODY_ROWS_MAX = 30;

export const operationAnchor = ({ operationId }: Pick<DocumentOperation, "operationId">): string => operationId;

export const Method = ({ method }: { readonly method: string }) => (
  <span class={`method method-${method}`}>{method.toUpperCase()}</span>
);

export function Operation(props: OperationProps) {
  const { operation, method, path, components } = props;
  const anchor = operationAnchor(operation);
  const answers = answersOf(operation);
  const body = operation.requestBody?.content["application/json"];
  return (
    <article class="operation" id={anchor} aria-labelledby={`${anchor}-title`}>
      <div class="told">
        <h3 id={`${anchor}-title`}>
          <a class="anchor" href={`#${anchor}`}>
            {operation.summary}
          </a>
        </h3>
        <p class="route">
          <Method method={method} /> <code>{breakable(path)}</code>
        </p>
        <Callers {...operation} />
        {operation.description !== undefined && <Text text={operation.description} />}
        {PLACES.map(([place, title]) => (
          <Parameters key={place} {...{ operation, place, title, components: components.schemas }} />
        ))}
        {body && (
          <>
            <h4>Body</h4>
            <FoldedFields
              rows={fieldRows(body.schema, components.schemas)}
              caption={`Fields of the body of: ${operation.summary}`}
              marksRequired
              openRowsMax={BODY_ROWS_MAX}
            />
          </>
        )}
        <h4>Answers</h4>
        {answers.map(([status, answer]) => (
          <Answer key={status} {...{ status, answer, operation, components: components.schemas }} />
        ))}
        <Refusals operation={operation} shared={components.responses} />
      </div>
      <div class="shown">
        <CodeBlock caption="Terminal" id={`${anchor}-command`} label={`${operation.summary}, as a command`}>
          <Code text={curlOf(props)} language="shell" />
        </CodeBlock>
        {answers.slice(0, 1).map(([status, answer]) => (
          <Example key={status} {...{ status, answer, operation }} />
        ))}
      </div>
    </article>
  );
}

/** A long path may break after its slashes. */
const breakable = (path: string): (string | JSX.Element)[] =>
  path.split(/(?<=\/)/).flatMap((segment, index) => (index > 0 ? [<wbr key={index} />, segment] : [segment]));

const HOLDERS: Readonly<Record<string, { readonly who: string; readonly what: string }>> = {
  secretKey: { who: "a secret key", what: "the scope" },
  session: { who: "a person who signed in", what: "a role that has" },
  widgetToken: { who: "a widget token", what: "the scope" },
  publishableKey: { who: "a publishable key", what: "the scope" },
};

/** Who may call it: any one of these. */
function Callers({ security }: DocumentOperation) {
  if (security.length === 0) return <p class="scope">Public: no credential is asked for.</p>;
  const callers = security.flatMap((one) => Object.entries(one));
  return (
    <p class="scope">
      {callers.map(([name, [scope]], index) => {
        const { who, what } = HOLDERS[name] ?? { who: name, what: "the scope" };
        return (
          <>
            {index === 0 ? `${who.charAt(0).toUpperCase()}${who.slice(1)}` : `, or ${who}`}
            {scope !== undefined && (
              <>
                {" "}
                with {what} <code>{scope}</code>
              </>
            )}
          </>
        );
      })}
    </p>
  );
}

const PLACES = [
  ["path", "In the path"],
  ["query", "In the query"],
  ["header", "Headers"],
] as const;

interface ParametersProps {
  readonly operation: DocumentOperation;
  readonly place: DocumentParameter["in"];
  readonly title: string;
  readonly components: Components;
}

function Parameters({ operation, place, title, components }: ParametersProps) {
  const found = (operation.parameters ?? []).filter((parameter) => parameter.in === place);
  if (found.length === 0) return null;
  const schema: JsonObject = {
    type: "object",
    required: found.filter(({ required }) => required).map(({ name }) => name),
    properties: Object.fromEntries(found.map(({ name, schema: own, description }) => [name, { ...own, description }])),
  };
  return (
    <>
      <h4>{title}</h4>
      <FieldTable
        rows={fieldRows(schema, components)}
        caption={`${title}, of: ${operation.summary}`}
        marksRequired={place !== "path"}
      />
    </>
  );
}

/** The successes, which are written out where they stand: what was made comes before what was there already. */
const answersOf = ({ responses }: DocumentOperation): [string, DocumentAnswer][] =>
  Object.entries(responses)
    .flatMap(([status, answer]): [string, DocumentAnswer][] => ("$ref" in answer ? [] : [[status, answer]]))
    .sort(([left], [right]) => Number(left === "200") - Number(right === "200"));

interface AnswerProps {
  readonly status: string;
  readonly answer: DocumentAnswer;
  readonly operation: DocumentOperation;
}

function Answer({ status, answer, operation, components }: AnswerProps & { readonly components: Components }) {
  const schema = answer.content?.["application/json"]?.schema;
  return (
    <>
      <p class="answer">
        <span class="status">{status}</span>{" "}
        <span>
          <Inline text={answer.description} />
        </span>
      </p>
      <FoldedFields
        rows={schema ? fieldRows(schema, components) : []}
        caption={`Fields of the answer ${status} to: ${operation.summary}`}
        marksRequired={false}
        openRowsMax={ANSWER_ROWS_MAX}
      />
    </>
  );
}

function Example({ status, answer, operation }: AnswerProps) {
  const example = answer.content?.["application/json"]?.example;
  if (example === undefined) return null;
  return (
    <CodeBlock
      caption={
        <>
          Answer <code>{status}</code>
        </>
      }
      label={`Answer ${status} to: ${operation.summary}`}
    >
      <Json value={example} />
    </CodeBlock>
  );
}

interface RefusalsProps {
  readonly operation: DocumentOperation;
  readonly shared: Readonly<Record<string, DocumentAnswer>>;
}

/** The refusals that say something about this operation; those that every route can give stand in their own chapter. */
function Refusals({ operation, shared }: RefusalsProps) {
  const codes = Object.values(operation.responses).flatMap((answer) => {
    const refusal = "$ref" in answer ? shared[answer.$ref.slice("#/components/responses/".length)] : undefined;
    return Object.keys(refusal?.content?.["application/json"]?.examples ?? {});
  }) as ErrorCode[];
  const own = codes.filter((code) => !COMMON_ERRORS.includes(code));
  if (own.length === 0) return null;
  return (
    <>
      <h4>Refusals</h4>
      <ul class="refusals">
        {own.map((code) => (
          <li key={code}>
            <a href={`#error-${code}`}>
              <span class="status">{ERROR_STATUS[code]}</span> <code>{code}</code>
            </a>
          </li>
        ))}
      </ul>
    </>
  );
}
