import { chmodSync } from "node:fs";
import { AppError, ERROR_STATUS, type ErrorCode, type ErrorDetail } from "../kernel/errors.ts";
import type { JsonObject } from "../kernel/json.ts";
import { describeError, type Log } from "../kernel/log.ts";
import { placeSocket } from "./control-socket.ts";

/** Runs one operation by its name, e.g. `keys.create`. */
export type Answer = (operation: string, input: JsonObject) => Promise<JsonObject>;

export interface WrittenError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string;
  readonly details: readonly ErrorDetail[];
}

/** A program is the largest thing that is said here: four bytes for each character that it may have. */
const BODY_BYTES_MAX = 2 * 1024 * 1024;

async function respond(incoming: Request, answer: Answer, log: Log): Promise<Response> {
  try {
    const operation = new URL(incoming.url).pathname.slice(1);
    return Response.json({ result: await answer(operation, (await incoming.json()) as JsonObject) });
  } catch (thrown) {
    const error =
      thrown instanceof AppError ? thrown : new AppError("internal", "The server failed; its log says why.");
    if (error !== thrown) log.error("a command failed", describeError(thrown));
    const { code, message, hint, details } = error;
    return Response.json({ error: { code, message, hint, details } }, { status: ERROR_STATUS[code] });
  }
}

export interface ControlServer {
  stop(): Promise<void>;
}

/** Where commands reach the running server: a socket file in the data folder, for the folder's owner only. */
export function serveControl(options: {
  readonly dataDirectory: string;
  readonly answer: Answer;
  readonly log: Log;
}): ControlServer {
  const place = placeSocket(options.dataDirectory);
  const server = Bun.serve({
    unix: place.path,
    maxRequestBodySize: BODY_BYTES_MAX,
    fetch: (incoming) => respond(incoming, options.answer, options.log),
  });
  chmodSync(place.path, 0o600);
  return {
    async stop() {
      await server.stop();
      place.remove();
    },
  };
}
