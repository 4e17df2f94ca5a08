import { createHmac, timingSafeEqual } from "node:crypto";

/** Checks every signature and remembers every request. */
export interface Receiver {
  /** Takes everything. */
  readonly hook: string;
  /** Refuses for good (404) whatever comes, until it is told to take it. */
  readonly desk: string;
  takesAtDesk: boolean;
  /** Deliveries that were answered with success, and how often. */
  readonly taken: ReadonlyMap<string, number>;
  /** Deliveries that were refused for good, and the ids of their events. */
  readonly turnedAway: ReadonlyMap<string, string>;
  /** Every request that was answered: `delivery attempt`. */
  readonly answered: ReadonlySet<string>;
  /** The ids of the events whose delivery was taken. */
  readonly events: ReadonlySet<string>;
  /** With a signature that is not genuine. */
  readonly forged: number;
  stop(): void;
}

function isGenuine(headers: Headers, body: string, secret: string): boolean {
  const timestamp = headers.get("x-hatch-timestamp") ?? "";
  const signature = Buffer.from(headers.get("x-hatch-signature") ?? "");
  const expected = Buffer.from(`sha256=${createHmac("sha256", secret).update(`${timestamp}.${body}`).digest("hex")}`);
  return signature.length === expected.length && timingSafeEqual(signature, expected);
}

export function startReceiver(secret: string): Receiver {
  const taken = new Map<string, number>();
  const turnedAway = new Map<string, string>();
  const answered = new Set<string>();
  const events = new Set<string>();
  const state = { takesAtDesk: false, forged: 0 };
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      const body = await request.text();
      if (!isGenuine(request.headers, body, secret)) {
        state.forged++;
        return new Response(null, { status: 401 });
      }
      const delivery = request.headers.get("x-hatch-delivery") ?? "";
      const eventId = JSON.parse(body).data.id as string;
      answered.add(`${delivery} ${request.headers.get("x-hatch-attempt")}`);
      if (new URL(request.url).pathname === "/desk" && !state.takesAtDesk) {
        turnedAway.set(delivery, eventId);
        return new Response(null, { status: 404 });
      }
      taken.set(delivery, (taken.get(delivery) ?? 0) + 1);
      events.add(eventId);
      return new Response(null, { status: 204 });
    },
  });
  return {
    hook: `http://127.0.0.1:${server.port}/hook`,
    desk: `http://127.0.0.1:${server.port}/desk`,
    get takesAtDesk() {
      return state.takesAtDesk;
    },
    set takesAtDesk(takes: boolean) {
      state.takesAtDesk = takes;
    },
    taken,
    turnedAway,
    answered,
    events,
    get forged() {
      return state.forged;
    },
    stop: () => void server.stop(true),
  };
}
