import { createHmac } from "node:crypto";

// The baseline of delivering: signs and sends with `fetch` in a loop, 64 under way, nothing kept. Prints sends per second.

const [url, count] = [process.argv[2] as string, Number(process.argv[3])];
const IN_FLIGHT = 64;
const TIMEOUT_MS = 10_000;
const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=";
const standardKey = Buffer.from(secret.slice("whsec_".length), "base64");

let next = 0;
async function work(): Promise<void> {
  while (next < count) {
    const sequence = next++;
    const id = `dlv_${String(sequence).padStart(26, "0")}`;
    const body = `{"id":"evt_${sequence}","event":"lesson_completed","timestamp":"2026-11-20T18:04:00Z","data":{"id":"x-${sequence}","type":"lesson_completed","userId":"user_${sequence % 5000}","occurredAt":"2026-11-20T18:04:00.000Z","properties":{"lesson":"algebra-1","score":94}}}`;
    const timestamp = Math.floor(Date.now() / 1000);
    const response = await fetch(url, {
      method: "POST",
      redirect: "manual",
      signal: AbortSignal.timeout(TIMEOUT_MS),
      headers: {
        "content-type": "application/json",
        "x-hatch-event": "lesson_completed",
        "x-hatch-delivery": id,
        "x-hatch-timestamp": `${timestamp}`,
        "x-hatch-signature": `sha256=${createHmac("sha256", secret).update(`${timestamp}.${body}`).digest("hex")}`,
        "webhook-id": id,
        "webhook-timestamp": `${timestamp}`,
        "webhook-signature": `v1,${createHmac("sha256", standardKey).update(`${id}.${timestamp}.${body}`).digest("base64")}`,
      },
      body,
    });
    await response.arrayBuffer();
  }
}

const begun = performance.now();
await Promise.all(Array.from({ length: IN_FLIGHT }, work));
process.stdout.write(`${count / ((performance.now() - begun) / 1000)}\n`);
