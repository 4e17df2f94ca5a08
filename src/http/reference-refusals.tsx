/** @jsxImportSource preact */
import { CodeBlock } from "../../static/ui/code-block.tsx";
import { ERROR_STATUS, type ErrorCode } from "../kernel/errors.ts";
import { ERROR_MEANINGS } from "./openapi-errors.ts";
import type { OpenApiDocument } from "./openapi-types.ts";
import { Inline } from "./reference-text.tsx";
import { Json } from "./site-json.tsx";

/** What the server itself answers besides the routes. */
const SERVER_ERRORS: readonly ErrorCode[] = ["method_not_allowed", "not_configured"];

/** Every code that this installation can answer, in the order of the meanings. */
function codesOf(refusals: OpenApiDocument["components"]["responses"]): readonly ErrorCode[] {
  const given = new Set<string>(SERVER_ERRORS);
  for (const { content } of Object.values(refusals)) {
    for (const code of Object.keys(content?.["application/json"]?.examples ?? {})) given.add(code);
  }
  return (Object.keys(ERROR_MEANINGS) as ErrorCode[]).filter((code) => given.has(code));
}

const SHAPE = {
  error: {
    code: "validation_failed",
    message: "The request is not valid.",
    requestId: "req_01kag6w8yhf2ss0m8g3cnv5d7a",
    details: [{ path: "userId", message: "Is required." }],
  },
};

export const RefusalsSection = ({ refusals }: { readonly refusals: OpenApiDocument["components"]["responses"] }) => (
  <section id="errors" aria-labelledby="errors-title">
    <h2 id="errors-title">Refusals</h2>
    <p>
      Every refusal has one shape, on every route. Programs decide by <code>code</code>, which is stable;{" "}
      <code>message</code> is for people and may change.
    </p>
    <CodeBlock
      caption={
        <>
          Answer <code>422</code>
        </>
      }
      label="A refusal"
    >
      <Json value={SHAPE} />
    </CodeBlock>
    <table class="fields errors">
      <caption class="unseen">Error codes</caption>
      <thead class="unseen">
        <tr>
          <th scope="col">Code</th>
          <th scope="col">Meaning</th>
        </tr>
      </thead>
      <tbody>
        {codesOf(refusals).map((code) => (
          <tr key={code} id={`error-${code}`}>
            <th scope="row">
              <code>{code}</code>
              <span class="type">{ERROR_STATUS[code]}</span>
            </th>
            <td>
              <Inline text={ERROR_MEANINGS[code].meaning} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  </section>
);
