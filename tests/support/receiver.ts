/** One request as it arrived. */
export interface Received {
  readonly at: number;
  readonly path: string;
  readonly headers: Headers;
  readonly body: string;
}

export interface Receiver {
  readonly url: string;
  readonly received: Received[];
  /** Resolves when this many requests have arrived. */
  arrived(count: number, patienceMs?: number): Promise<Received[]>;
  stop(): void;
}

/** A real HTTP server that keeps what it gets and answers what it is told to. */
export function startReceiver(
  answer: (request: Received, index: number) => Response | Promise<Response> = () => new Response("ok"),
): Receiver {
  const received: Received[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request) {
      const url = new URL(request.url);
      const one = { at: Date.now(), path: url.pathname, headers: request.headers, body: await request.text() };
      received.push(one);
      return answer(one, received.length - 1);
    },
  });
  return {
    url: `http://127.0.0.1:${server.port}`,
    received,
    async arrived(count, patienceMs = 15_000) {
      const giveUpAt = Date.now() + patienceMs;
      while (received.length < count) {
        if (Date.now() > giveUpAt) throw new Error(`${received.length} of ${count} requests arrived`);
        await Bun.sleep(5);
      }
      return received.slice(0, count);
    },
    stop: () => server.stop(true),
  };
}
