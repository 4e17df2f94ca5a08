import { AppError } from "../kernel/errors.ts";

/** Who is believed to be us, where we speak https ourselves. */
export interface SocketTls {
  readonly cert: string;
  readonly key: string;
  readonly secureOptions?: number;
}

export interface SocketOptions {
  readonly host: string;
  readonly port: number;
  /** Absent: plain http. */
  readonly tls?: SocketTls | undefined;
  readonly answer: (request: Request, findPeer: () => string | undefined) => Promise<Response>;
}

export interface Socket {
  /** `http://127.0.0.1:8080` */
  readonly url: string;
  /** Every connection from now on is made with this; those that are open go on with what they were made with. */
  renew(tls: SocketTls): void;
  /** Takes no more connections, waits for what is under way, cuts it at the deadline. */
  close(deadline: AbortSignal): Promise<void>;
}

/** Seconds of silence before a connection is closed. */
const IDLE_TIMEOUT_SECONDS = 30;
/** Our own reader counts bytes and answers in our own shape: the socket's limit only has to be out of its way. */
const BODY_BYTES_MAX = Number.MAX_SAFE_INTEGER;

function serve({ host, port, tls, answer }: SocketOptions) {
  try {
    return Bun.serve({
      hostname: host,
      port,
      // Else a second process would take half of the connections without a word.
      reusePort: false,
      idleTimeout: IDLE_TIMEOUT_SECONDS,
      maxRequestBodySize: BODY_BYTES_MAX,
      development: false,
      ...(tls === undefined ? {} : { tls }),
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

type Listener = ReturnType<typeof serve>;

/** Beyond it the oldest are cut: whoever holds a connection since three certificates ago never ends it. */
const RETIRED_MAX = 3;

export function openSocket(options: SocketOptions): Socket {
  let listener = serve(options);
  const { port = options.port } = listener;
  const host = options.host.includes(":") ? `[${options.host}]` : options.host;
  let tls = options.tls;
  /** Those before the last renewals, while requests of theirs are under way. */
  const retired = new Set<Listener>();

  const retire = (old: Listener): void => {
    retired.add(old);
    const [oldest] = retired;
    if (retired.size > RETIRED_MAX) void oldest?.stop(true);
    void old.stop().finally(() => retired.delete(old));
  };

  return {
    url: `${tls === undefined ? "http" : "https"}://${host}:${port}`,
    renew(next) {
      // `reload()` of the listener keeps its first certificate, so another one takes its place on the port, at once.
      retire(listener);
      try {
        listener = serve({ ...options, port, tls: next });
        tls = next;
      } catch (error) {
        listener = serve({ ...options, port, tls });
        throw error;
      }
    },
    async close(deadline) {
      const all = [listener, ...retired];
      await Promise.race([Promise.all(all.map((one) => one.stop())), aborted(deadline)]);
      if (deadline.aborted) await Promise.all(all.map((one) => one.stop(true)));
    },
  };
}
