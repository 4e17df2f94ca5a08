import { createHmac, timingSafeEqual } from "node:crypto";

/** A receiver that checks every signature and remembers every delivery. */
export interface Receiver {
  readonly url: string;
  /** By delivery: how often it came. */
  readonly seen: ReadonlyMap<string, number>;
  /** The ids of the events told of. */
  readonly events: ReadonlySet<string>;
  readonly refused: number;
  stop(): void;
}

function isGenuine(headers: Headers, body: string, secret: string): boolean {
  const timestamp = headers.get("x-hatch-timestamp") ?? "";
  const signature = Buffer.from(headers.get("x-hatch-signature") ?? "");
  const expected = Buffer.from(`sha256=${createHmac("sha256", secret).update(`${timestamp}.${body}`).digest("hex")}`);
  return signature.length === expected.length && timingSafeEqual(signature, expected);
}

export function startReceiver(secret: string): Receiver {
  const seen = new Map<string, number>();
  const events = new Set<string>();
  let refused = 0;
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      const body = await request.text();
      if (!isGenuine(request.headers, body, secret)) {
        refused++;
        return new Response(null, { status: 401 });
      }
      const delivery = request.headers.get("x-hatch-delivery") ?? "";
      seen.set(delivery, (seen.get(delivery) ?? 0) + 1);
      events.add(JSON.parse(body).data.id);
      return new Response(null, { status: 204 });
    },
  });
  return {
    url: `http://127.0.0.1:${server.port}/hook`,
    seen,
    events,
    get refused() {
      return refused;
    },
    stop: () => void server.stop(true),
  };
}
