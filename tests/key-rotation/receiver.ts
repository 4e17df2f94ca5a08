import { Webhook } from "standardwebhooks";

/** What a receiver knows of one subscription. */
interface Known {
  readonly secrets: { readonly text: string; readonly sinceSeconds: number }[];
  readonly events: Set<string>;
}

export interface VerifyingReceiver {
  readonly url: string;
  /** From this second on every request to the path has to verify with this secret as well. */
  knows(path: string, secret: string, sinceSeconds?: number): void;
  /** The caller's ids of the events that arrived at a path, verified. */
  events(path: string): ReadonlySet<string>;
  readonly verified: () => number;
  readonly unverifiable: readonly string[];
  stop(): void;
}

/** Takes a request only where the stock library verifies it with every secret that the receiver knows. */
export function startVerifyingReceiver(): VerifyingReceiver {
  const known = new Map<string, Known>();
  const unverifiable: string[] = [];
  let verified = 0;
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request) {
      const { pathname } = new URL(request.url);
      const body = await request.text();
      const own = known.get(pathname);
      const headers = Object.fromEntries(request.headers.entries());
      const sentAt = Number(headers["webhook-timestamp"]);
      try {
        if (!own) throw new Error("nobody was subscribed there");
        for (const { text, sinceSeconds } of own.secrets) {
          if (sentAt >= sinceSeconds) new Webhook(text).verify(body, headers);
        }
      } catch (error) {
        unverifiable.push(`${pathname} at ${sentAt}: ${error instanceof Error ? error.message : error}`);
        return new Response(null, { status: 400 });
      }
      verified += 1;
      const { data } = JSON.parse(body) as { data: { id: string } };
      own.events.add(data.id);
      return new Response("ok");
    },
  });
  return {
    url: `http://127.0.0.1:${server.port}`,
    knows(path, text, sinceSeconds = 0) {
      const own = known.get(path) ?? { secrets: [], events: new Set() };
      own.secrets.push({ text, sinceSeconds });
      known.set(path, own);
    },
    events: (path) => known.get(path)?.events ?? new Set(),
    verified: () => verified,
    unverifiable,
    stop: () => server.stop(true),
  };
}
