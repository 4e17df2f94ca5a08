import { AppError } from "../kernel/errors.ts";

export interface Socket {
  /** `http://127.0.0.1:8080` */
  readonly url: string;
  /** Takes no more connections, waits for what is under way, cuts it at the deadline. */
  close(deadline: AbortSignal): Promise<void>;
}

/** Seconds of silence before a connection is closed. */
const IDLE_TIMEOUT_SECONDS = 30;
/** Our own reader counts bytes and answers in our own shape: the socket's limit only has to be out of its way. */
const BODY_BYTES_MAX = Number.MAX_SAFE_INTEGER;

function serve(options: {
  readonly host: string;
  readonly port: number;
  readonly answer: (request: Request, findPeer: () => string | undefined) => Promise<Response>;
}) {
  const { host, port, answer } = options;
  try {
    return Bun.serve({
      hostname: host,
      port,
      // Else a second process would take half of the connections without a word.
      reusePort: false,
      idleTimeout: IDLE_TIMEOUT_SECONDS,
      maxRequestBodySize: BODY_BYTES_MAX,
      development: false,
      fetch: (request, server) => answer(request, () => server.requestIP(request)?.address),
    });
  } catch (cause) {
    if ((cause as { code?: string }).code !== "EADDRINUSE") throw cause;
    throw new AppError("unavailable", `Port ${port} of ${host} is taken by another program.`, {
      cause,
      hint: "Stop the other program, or choose another port: --port 0 picks a free one.",
    });
  }
}

const aborted = (signal: AbortSignal): Promise<void> => {
  if (signal.aborted) return Promise.resolve();
  const { promise, resolve } = Promise.withResolvers<void>();
  signal.addEventListener("abort", () => resolve(), { once: true });
  return promise;
};

export function openSocket(options: Parameters<typeof serve>[0]): Socket {
  const server = serve(options);
  const host = options.host.includes(":") ? `[${options.host}]` : options.host;
  return {
    url: `http://${host}:${server.port}`,
    async close(deadline) {
      await Promise.race([server.stop(), aborted(deadline)]);
      if (deadline.aborted) await server.stop(true);
    },
  };
}
