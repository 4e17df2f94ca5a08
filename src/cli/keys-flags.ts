import { AppError } from "../kernel/errors.ts";
import { isId } from "../kernel/ids.ts";
import type { JsonObject } from "../kernel/json.ts";
import { SCOPES } from "../kernel/principal.ts";
import type { Invocation, Options } from "./command.ts";
import { UsageError } from "./exit.ts";
import type { OperationName } from "./operations.ts";
import { perform } from "./perform.ts";

/** How the commands on keys name an environment. */
export const ENVIRONMENT_OPTIONS: Options = {
  environment: { value: "ENV", description: "live, test, or an env_… id." },
  workspace: { value: "WORKSPACE", description: "Its ws_… id or its name; needed where there are several." },
};

/** What `--environment` says, if it can be one at all. */
export function environmentOf(invocation: Invocation): string | undefined {
  const text = invocation.text("environment");
  if (text === undefined || text === "live" || text === "test" || isId("env", text)) return text;
  throw new UsageError(
    `--environment ${text}: expected live, test or an env_… id, such as env_01jd8m3v6zf5q8r1n2b3c4d5e6.`,
  );
}

export function scopesOf(invocation: Invocation): readonly string[] {
  const scopes = invocation.list("scope");
  const known: readonly string[] = SCOPES;
  const unknown = scopes.find((scope) => !known.includes(scope));
  if (unknown !== undefined) throw new UsageError(`--scope ${unknown}: expected some of ${SCOPES.join(", ")}.`);
  return scopes;
}

export function keyOf(invocation: Invocation): string {
  const key = invocation.required("key");
  if (!isId("key", key)) throw new UsageError(`--key ${key}: expected a key_… id; \`hatch keys list\` shows them.`);
  return key;
}

/** Fields of the operations whose flag has another name. */
const FLAGS: Readonly<Record<string, string>> = { scopes: "scope", expiresAt: "expires" };

/** Performs an operation; what it finds wrong with its input is told of the flags that the caller wrote. */
export async function performOnKeys(
  invocation: Invocation,
  name: OperationName,
  input: JsonObject,
): Promise<JsonObject> {
  try {
    return await perform(invocation, name, input);
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== "validation_failed") throw error;
    const lines = error.details.map(({ path, message }) => {
      const [field = ""] = path.split(".");
      return `--${FLAGS[field] ?? field}: ${message}`;
    });
    throw lines.length === 0 ? error : new UsageError(lines.join("\n"));
  }
}
