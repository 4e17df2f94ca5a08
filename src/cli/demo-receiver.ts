import { checkFamilies } from "../client/verify-webhook.ts";
import type { Clock } from "../kernel/clock.ts";
import type { UnixMs } from "../kernel/units.ts";

/** One request as it arrived, its signatures checked the way that the documentation tells receivers to. */
export interface Arrival {
  /** What it is called: `points.earned`. */
  readonly event: string;
  /** The id of the event that caused it. */
  readonly eventId: string;
  readonly delivery: string;
  readonly attempt: number;
  readonly body: string;
  readonly hatchSignature: boolean;
  readonly standardWebhook: boolean;
  /** What it was answered. */
  readonly status: number;
  /** When it came, by the clock that it is checked with. */
  readonly at: UnixMs;
}

/** Taken: its signatures were right, and it was answered so. */
export const isTaken = (arrival: Arrival): boolean => isVerified(arrival) && arrival.status < 300;

export const isVerified = ({ hatchSignature, standardWebhook }: Arrival): boolean => hatchSignature && standardWebhook;

type Unanswered = Omit<Arrival, "status">;

/** What it answers to a request whose signatures are right. */
type Manners = (arrival: Unanswered) => number;

export interface DemoReceiver {
  readonly endpoint: string;
  /** Requests that are being answered. */
  readonly open: number;
  /** Every request, in the order of its coming. */
  readonly arrivals: readonly Arrival[];
  /** The secret that its subscription has; nothing arrives before it is known. */
  trust(secret: string): void;
  behave(manners: Manners): void;
  /** Told of every request from now on. */
  listen(arrived: (arrival: Arrival) => void): void;
  stop(): Promise<void>;
}

const TOLERANCE_SECONDS = 300;

export const kindly: Manners = () => 204;

/** The event itself is forwarded under its own id; what followed from it names it. */
function eventIdOf(body: string): string {
  const { data } = JSON.parse(body) as { readonly data: { readonly id?: string; readonly eventId?: string } };
  return data.eventId ?? data.id ?? "";
}

/**
 * A customer's endpoint: a server of its own on a loopback port, which answers 401 to what it can't verify. How old a
 * request is, it tells by the clock.
 */
export function startDemoReceiver(clock: Pick<Clock, "now">): DemoReceiver {
  const arrivals: Arrival[] = [];
  // Nothing is verified by it.
  let secret = "none is known yet";
  let open = 0;
  let manners = kindly;
  let arrived: (arrival: Arrival) => void = () => {};

  /** The client tells the age by its machine's clock; here it is told by the story's. */
  const isFresh = (timestamp: string | null): boolean =>
    timestamp !== null && Math.abs(clock.now() / 1_000 - Number(timestamp)) <= TOLERANCE_SECONDS;

  const read = async (request: Request): Promise<Unanswered> => {
    const { headers } = request;
    const body = await request.text();
    const { hatch, standard } = await checkFamilies(body, headers, secret, { toleranceSeconds: Number.MAX_VALUE });
    const hatchSignature = hatch === "ok" && isFresh(headers.get("x-hatch-timestamp"));
    return {
      event: headers.get("x-hatch-event") ?? "",
      // What was not signed is not read.
      eventId: hatchSignature ? eventIdOf(body) : "",
      delivery: headers.get("x-hatch-delivery") ?? "",
      attempt: Number(headers.get("x-hatch-attempt")),
      body,
      hatchSignature,
      standardWebhook: standard === "ok" && isFresh(headers.get("webhook-timestamp")),
      at: clock.now(),
    };
  };

  const answer = async (request: Request): Promise<Response> => {
    const seen = await read(request);
    const status = seen.hatchSignature && seen.standardWebhook ? manners(seen) : 401;
    const arrival = { ...seen, status };
    arrivals.push(arrival);
    arrived(arrival);
    return new Response(null, { status });
  };

  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch(request) {
      open += 1;
      return answer(request).finally(() => {
        open -= 1;
      });
    },
  });
  return {
    endpoint: `http://127.0.0.1:${server.port}/hooks`,
    get open() {
      return open;
    },
    arrivals,
    trust(given) {
      secret = given;
    },
    behave(next) {
      manners = next;
    },
    listen(next) {
      arrived = next;
    },
    stop: () => server.stop(true),
  };
}
