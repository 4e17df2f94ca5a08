import { AppError } from "../kernel/errors.ts";
import type { JsonObject } from "../kernel/json.ts";
import type { Invocation, Options } from "./command.ts";
import { UsageError } from "./exit.ts";
import type { OperationName } from "./operations.ts";
import { perform } from "./perform.ts";

/** How the commands on accounts name one. */
export const ACCOUNT_OPTIONS: Options = { email: { value: "EMAIL", description: "The account's address." } };

/** Fields of the operations whose flag has another name. */
const FLAGS: Readonly<Record<string, string>> = { ownerEmail: "owner" };

/** Performs an operation; what it finds wrong with its input is told of the flags that the caller wrote. */
export async function performOnPeople(
  invocation: Invocation,
  name: OperationName,
  input: JsonObject,
): Promise<JsonObject> {
  try {
    return await perform(invocation, name, input);
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== "validation_failed" || error.details.length === 0) throw error;
    throw new UsageError(error.details.map(({ path, message }) => `--${FLAGS[path] ?? path}: ${message}`).join("\n"));
  }
}
