import { createHmac, randomUUID } from "node:crypto";
import { Agent, request } from "undici";
import { CONCURRENCY, type Job } from "./queue.ts";

const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=";
const STANDARD_KEY = Buffer.from(SECRET.slice("whsec_".length), "base64");
const TIMEOUT_MS = 10_000;

/** Kept alive, as many connections as jobs at once: undici without `fetch` is what Node has that is quickest. */
const dispatcher = new Agent({
  connections: CONCURRENCY,
  keepAliveTimeout: 30_000,
  headersTimeout: TIMEOUT_MS,
  bodyTimeout: TIMEOUT_MS,
});

/** The headers that Hatch sends, both signatures among them; anything but 2xx is a failure. */
export async function deliver({ id, url, body }: Job): Promise<void> {
  const timestamp = String(Math.floor(Date.now() / 1_000));
  const plain = `${timestamp}.${body}`;
  const answer = await request(url, {
    method: "POST",
    dispatcher,
    headers: {
      "content-type": "application/json",
      "user-agent": "peer/1",
      "x-hatch-event": "lesson_completed",
      "x-hatch-delivery": id,
      "x-hatch-timestamp": timestamp,
      "x-hatch-attempt": "1",
      "x-hatch-signature": `sha256=${createHmac("sha256", SECRET).update(plain).digest("hex")}`,
      "webhook-id": id,
      "webhook-timestamp": timestamp,
      "webhook-signature": `v1,${createHmac("sha256", STANDARD_KEY).update(`${id}.${plain}`).digest("base64")}`,
    },
    body,
  });
  await answer.body.dump();
  if (answer.statusCode < 200 || answer.statusCode > 299) throw new Error(`answered ${answer.statusCode}`);
}

/** The bytes that Hatch sends for the same event. */
export function jobOf(prefix: string, sequence: number, url: string): Job {
  const data = {
    id: `${prefix}-${sequence}`,
    type: "lesson_completed",
    userId: `user_${(sequence * 7919) % 5_000}`,
    occurredAt: "2026-11-20T18:04:00.000Z",
    properties: { lesson: `algebra-${sequence % 40}`, score: (sequence * 31) % 101 },
  };
  const event = { id: `evt_${randomUUID()}`, event: "lesson_completed", timestamp: "2026-11-20T18:04:00Z", data };
  return { id: `dlv_${prefix}-${sequence}`, url, body: JSON.stringify(event) };
}
