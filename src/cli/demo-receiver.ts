import type { Clock } from "../kernel/clock.ts";
import { equalBytes, hmacSha256 } from "../kernel/crypto.ts";

/** One delivery as it arrived, its signatures checked the way that the documentation tells receivers to. */
export interface Arrival {
  readonly event: string;
  readonly delivery: string;
  readonly hatchSignature: boolean;
  readonly standardWebhook: boolean;
}

export interface DemoReceiver {
  readonly endpoint: string;
  stop(): Promise<void>;
}

const TOLERANCE_SECONDS = 300;

const same = (left: string, right: string): boolean => equalBytes(Buffer.from(left), Buffer.from(right));

/** `X-Hatch-Signature`: hex HMAC of timestamp and raw body, with the secret as it is written. */
function checkHatchSignature(headers: Headers, body: string, secret: string): boolean {
  const timestamp = headers.get("x-hatch-timestamp") ?? "";
  const expected = Buffer.from(hmacSha256(secret, `${timestamp}.${body}`)).toString("hex");
  return same(headers.get("x-hatch-signature") ?? "", `sha256=${expected}`);
}

/** Standard Webhooks 1.0: base64 HMAC of id, timestamp and raw body, with the bytes that the secret stands for. */
function checkStandardWebhook(headers: Headers, body: string, secret: string): boolean {
  const signed = `${headers.get("webhook-id")}.${headers.get("webhook-timestamp")}.${body}`;
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  const expected = `v1,${Buffer.from(hmacSha256(key, signed)).toString("base64")}`;
  return (headers.get("webhook-signature") ?? "").split(" ").some((signature) => same(signature, expected));
}

/** A customer's endpoint: a server of its own on a loopback port, which answers 401 to what it can't verify. */
export function startDemoReceiver(options: {
  readonly clock: Clock;
  /** Known once the subscription is made; nothing arrives before. */
  readonly secret: () => string;
  readonly arrived: (arrival: Arrival) => void;
}): DemoReceiver {
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request) {
      const { headers } = request;
      const body = await request.text();
      const age = Math.abs(options.clock.now() / 1000 - Number(headers.get("x-hatch-timestamp")));
      const isFresh = age <= TOLERANCE_SECONDS;
      const arrival: Arrival = {
        event: headers.get("x-hatch-event") ?? "",
        delivery: headers.get("x-hatch-delivery") ?? "",
        hatchSignature: isFresh && checkHatchSignature(headers, body, options.secret()),
        standardWebhook: isFresh && checkStandardWebhook(headers, body, options.secret()),
      };
      options.arrived(arrival);
      return new Response(null, { status: arrival.hatchSignature && arrival.standardWebhook ? 204 : 401 });
    },
  });
  return { endpoint: `http://127.0.0.1:${server.port}/hooks`, stop: () => server.stop(true) };
}
