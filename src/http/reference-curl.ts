import type { JsonValue } from "../kernel/json.ts";
import type { DocumentOperation, DocumentParameter } from "./openapi-types.ts";
import { formatJson, shellQuote } from "./site-code.ts";

export interface CurlParts {
  readonly url: string;
  readonly method: string;
  /** `/v1/events/{id}` */
  readonly path: string;
  readonly operation: DocumentOperation;
}

const exampleOf = ({ example, name }: DocumentParameter): string =>
  example === undefined ? `{${name}}` : typeof example === "string" ? example : JSON.stringify(example);

/** A command that can be pasted: the reader only has to put a key into HATCH_KEY. */
export function curlOf({ url, method, path, operation }: CurlParts): string {
  const parameters = operation.parameters ?? [];
  const filled = path.replaceAll(/\{(\w+)\}/g, (whole, name: string) => {
    const parameter = parameters.find((one) => one.in === "path" && one.name === name);
    return parameter?.example === undefined ? whole : encodeURIComponent(exampleOf(parameter));
  });
  const query = parameters.filter((one) => one.in === "query" && one.example !== undefined);
  const search = query.map((one) => `${one.name}=${encodeURIComponent(exampleOf(one))}`).join("&");
  const target = `${url}${filled}${search === "" ? "" : `?${search}`}`;
  const body: JsonValue | undefined = operation.requestBody?.content["application/json"].example;
  return [
    `curl ${method === "get" || (method === "post" && body !== undefined) ? "" : `-X ${method.toUpperCase()} `}${/[?&{}*]/.test(target) ? shellQuote(target) : target}`,
    ...(operation.security.length > 0 ? ['-H "Authorization: Bearer $HATCH_KEY"'] : []),
    ...(body === undefined ? [] : ['-H "Content-Type: application/json"', `-d ${shellQuote(formatJson(body, "  "))}`]),
  ].join(" \\\n  ");
}
