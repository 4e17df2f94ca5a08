import { createHmac, timingSafeEqual } from "node:crypto";
import { Webhook } from "standardwebhooks";

/** What a receiver's author has to look at. */
export interface Got {
  readonly headers: Headers;
  /** The raw body. */
  readonly body: string;
}

/** Answers a status; what it throws becomes a 500, as in most frameworks. */
export type Receive = (got: Got) => number | Response | Promise<number | Response>;

export interface RunningReceiver {
  readonly url: string;
  /** Every request, in order. */
  readonly got: Got[];
  stop(): Promise<void>;
}

export function startReceive(receive: Receive): RunningReceiver {
  const got: Got[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request) {
      const one = { headers: request.headers, body: await request.text() };
      got.push(one);
      const answer = await receive(one);
      return typeof answer === "number" ? new Response(null, { status: answer }) : answer;
    },
    error: () => new Response("Internal Server Error", { status: 500 }),
  });
  return { url: `http://127.0.0.1:${server.port}/hooks`, got, stop: () => server.stop(true) };
}

const TOLERANCE_SECONDS = 300;

export const isFresh = (timestamp: string | null): boolean =>
  timestamp !== null && Math.abs(Date.now() / 1000 - Number(timestamp)) <= TOLERANCE_SECONDS;

export const equalTexts = (left: string, right: string): boolean =>
  left.length === right.length && timingSafeEqual(Buffer.from(left), Buffer.from(right));

export const hexOf = (secret: string | Buffer, content: string): string =>
  createHmac("sha256", secret).update(content).digest("hex");

const base64Of = (key: string | Buffer, content: string): string =>
  createHmac("sha256", key).update(content).digest("base64");

/** The steps of a right receiver of X-Hatch-Signature; each wrong one replaces some. */
interface Steps {
  readonly isFresh: (timestamp: string | null) => boolean;
  readonly content: (timestamp: string, body: string) => string;
  readonly mac: (content: string) => string;
  readonly equal: (expected: string, given: string) => boolean;
  readonly signatures: (headers: Headers) => readonly (string | null)[];
  readonly accept: (headers: Headers) => number | Promise<number>;
  readonly refuse: number;
}

export function hatchReceiver(secret: string, steps: Partial<Steps> = {}): Receive {
  const right: Steps = {
    isFresh,
    content: (timestamp, body) => `${timestamp}.${body}`,
    mac: (content) => `sha256=${hexOf(secret, content)}`,
    equal: equalTexts,
    signatures: (headers) => [headers.get("x-hatch-signature"), headers.get("x-hatch-signature-next")],
    accept: () => 204,
    refuse: 401,
  };
  const { content, mac, equal, signatures, accept, refuse, isFresh: fresh } = { ...right, ...steps };
  return ({ headers, body }) => {
    const timestamp = headers.get("x-hatch-timestamp");
    if (!fresh(timestamp)) return refuse;
    const expected = mac(content(timestamp ?? "", body));
    const isRight = signatures(headers).some((given) => given !== null && equal(expected, given));
    return isRight ? accept(headers) : refuse;
  };
}

/** A right receiver of Standard Webhooks, its steps replaceable. */
export function standardReceiver(
  secret: string,
  steps: {
    readonly key?: string | Buffer;
    readonly given?: (list: string) => readonly string[];
    readonly content?: (id: string, timestamp: string, body: string) => string;
    readonly isFresh?: (timestamp: string | null) => boolean;
  } = {},
): Receive {
  const {
    key = Buffer.from(secret.replace("whsec_", ""), "base64"),
    given = (list) => list.split(" "),
    content = (id, timestamp, body) => `${id}.${timestamp}.${body}`,
    isFresh: fresh = isFresh,
  } = steps;
  return ({ headers, body }) => {
    const timestamp = headers.get("webhook-timestamp");
    if (!fresh(timestamp)) return 401;
    const expected = `v1,${base64Of(key, content(headers.get("webhook-id") ?? "", timestamp ?? "", body))}`;
    return given(headers.get("webhook-signature") ?? "").some((one) => equalTexts(one, expected)) ? 204 : 401;
  };
}

/** The npm package, with the status that its documentation answers. */
export function libraryReceiver(secret: string): Receive {
  const webhook = new Webhook(secret);
  return ({ headers, body }) => {
    try {
      webhook.verify(body, Object.fromEntries(headers));
      return 204;
    } catch {
      return 400;
    }
  };
}
