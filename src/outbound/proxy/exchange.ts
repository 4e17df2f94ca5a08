import { type IncomingMessage, type RequestOptions, request } from "node:http";
import type { EndpointUrl } from "../endpoint-url.ts";
import type { TunnelAgent, Way } from "./tunnel-agent.ts";

/** More than any honest answer's head has. */
const HEADERS_BYTES_MAX = 64 * 1_024;
/** Answers before the answer (100 Continue, 103 Early Hints): who sends more than this sends them without end. */
const INTERIM_MAX = 100;

/** Made for one request: what `sending.ts` knows of it. */
export interface TunnelRequest {
  readonly method: "POST" | "GET";
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What went wrong, and whether on a connection that had waited. */
export class TunnelRequestError extends Error {
  override readonly name = "TunnelRequestError";
  readonly wasKept: boolean;

  constructor(cause: unknown, wasKept: boolean) {
    super("the request failed", { cause });
    this.wasKept = wasKept;
  }
}

/** Pulled, so that an endless body is read no faster than somebody wants it. */
function streamOf(message: IncomingMessage): ReadableStream<Uint8Array> {
  message.pause();
  return new ReadableStream(
    {
      start(controller) {
        message.on("data", (data: Buffer) => {
          message.pause();
          controller.enqueue(new Uint8Array(data));
        });
        message.once("end", () => controller.close());
        message.once("error", (error) => controller.error(error));
        message.once("close", () => {
          if (!message.readableEnded) controller.error(new Error("closed"));
        });
      },
      pull: () => void message.resume(),
      cancel: () => void message.destroy(),
    },
    { highWaterMark: 0 },
  );
}

function headersOf(message: IncomingMessage): Headers {
  const headers = new Headers();
  for (let at = 0; at + 1 < message.rawHeaders.length; at += 2) {
    try {
      headers.append(message.rawHeaders[at] ?? "", message.rawHeaders[at + 1] ?? "");
    } catch {
      // Diagnostics: what is no header is left out.
    }
  }
  return headers;
}

const BODILESS: ReadonlySet<number> = new Set([204, 205, 304]);

/** The same as fetch would have given, so that one set of rules reads both. */
function responseOf(message: IncomingMessage, status: number): Response {
  // What nobody reads has to be let run out, or its connection would never be given back.
  const isBodiless = BODILESS.has(status) || message.headers["content-length"] === "0";
  if (isBodiless) message.resume();
  return new Response(isBodiless ? null : streamOf(message), { status, headers: headersOf(message) });
}

/**
 * One request through a tunnel. Of the answer's status only the number is judged here: one that HTTP does not know is
 * returned as such. @throws TunnelRequestError
 */
export function exchange(
  agent: TunnelAgent,
  endpoint: EndpointUrl,
  { method, headers, body }: TunnelRequest,
  way: Way,
): Promise<Response | { readonly unknownStatus: number }> {
  const { promise, resolve, reject } = Promise.withResolvers<Response | { readonly unknownStatus: number }>();
  const bytes = Buffer.from(method === "POST" ? body : "");
  const options: RequestOptions & { readonly way: Way } = {
    agent,
    method,
    host: endpoint.host,
    port: endpoint.port,
    path: endpoint.pathAndQuery,
    headers: { ...headers, ...(method === "POST" ? { "Content-Length": String(bytes.length) } : {}) },
    setHost: false,
    maxHeaderSize: HEADERS_BYTES_MAX,
    way,
  };
  const sent = request(options);
  const giveUp = (): void => void sent.destroy();
  way.signal.addEventListener("abort", giveUp, { once: true });
  sent.on("error", (error) => reject(new TunnelRequestError(error, sent.reusedSocket)));
  sent.once("close", () => {
    way.signal.removeEventListener("abort", giveUp);
    reject(new TunnelRequestError(Object.assign(new Error("closed"), { code: "ECONNRESET" }), sent.reusedSocket));
  });
  let interim = 0;
  sent.on("information", () => {
    interim += 1;
    if (interim > INTERIM_MAX) sent.destroy(Object.assign(new Error("too many"), { code: "InvalidHTTPResponse" }));
  });
  sent.once("upgrade", (_, socket) => {
    socket.destroy();
    reject(new TunnelRequestError(Object.assign(new Error("upgrade"), { code: "UnrequestedUpgrade" }), false));
  });
  sent.once("response", (message) => {
    message.on("error", () => {});
    const status = message.statusCode ?? 0;
    if (status >= 200 && status <= 599) return resolve(responseOf(message, status));
    message.destroy();
    return resolve({ unknownStatus: status });
  });
  sent.end(bytes);
  return promise;
}
