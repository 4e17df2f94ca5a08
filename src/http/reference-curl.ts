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

const SAFE_METHODS = new Set(["get", "head"]);

/** How the caller shows who it is: by a key where one is enough, else by what else is taken. */
function credentialOf({ security }: DocumentOperation, method: string): readonly string[] {
  const has = (name: string): boolean => security.some((one) => name in one);
  if (security.length === 0) return [];
  if (has("secretKey")) return ['-H "Authorization: Bearer $HATCH_KEY"'];
  if (!has("session")) return ['-H "Authorization: Bearer $HATCH_TOKEN"'];
  const cookie = '-b "hatch_session=$HATCH_SESSION"';
  return SAFE_METHODS.has(method) ? [cookie] : [cookie, '-H "X-Hatch-Csrf: $HATCH_CSRF"'];
}

/** A command that can be pasted: the reader only has to put a credential into the variables that it names. */
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
    ...credentialOf(operation, method),
    ...(body === undefined ? [] : ['-H "Content-Type: application/json"', `-d ${shellQuote(formatJson(body, "  "))}`]),
  ].join(" \\\n  ");
}
