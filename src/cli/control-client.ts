import { request } from "node:http";
import { AppError } from "../kernel/errors.ts";
import type { JsonObject } from "../kernel/json.ts";
import type { WrittenError } from "./control.ts";
import { findSocket } from "./control-socket.ts";

/** No server was there to be asked: its socket is gone, or nobody listens at it any more. */
const NOBODY: ReadonlySet<string> = new Set(["ENOENT", "ECONNREFUSED", "FailedToOpenSocket", "ConnectionRefused"]);

function send(socketPath: string, operation: string, input: JsonObject): Promise<string | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<string | undefined>();
  const outgoing = request(
    {
      socketPath,
      path: `/${operation}`,
      method: "POST",
      headers: { "content-type": "application/json" },
      agent: false,
    },
    (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
      incoming.on("end", () => resolve(Buffer.concat(chunks).toString("utf8")));
      incoming.on("error", reject);
    },
  );
  outgoing.on("error", (error: NodeJS.ErrnoException) =>
    NOBODY.has(error.code ?? "") ? resolve(undefined) : reject(error),
  );
  outgoing.end(JSON.stringify(input));
  return promise;
}

/** @returns what the running server answered; undefined where none runs */
export async function askRunningServer(
  dataDirectory: string,
  operation: string,
  input: JsonObject,
): Promise<JsonObject | undefined> {
  const socketPath = findSocket(dataDirectory);
  const text = socketPath === undefined ? undefined : await send(socketPath, operation, input);
  if (text === undefined) return undefined;
  const answer = JSON.parse(text) as { readonly result?: JsonObject; readonly error?: WrittenError };
  if (answer.result) return answer.result;
  const { code, message, hint, details } = answer.error ?? { code: "internal", message: "No answer.", details: [] };
  throw new AppError(code, message, hint === undefined ? { details } : { details, hint });
}
