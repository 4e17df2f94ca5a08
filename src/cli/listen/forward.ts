import type { PulledDelivery } from "../../client/index.ts";
import { startStopwatch, systemClock } from "../../kernel/clock.ts";
import { callAddress } from "../outgoing.ts";

/** Below the minute after which an unacknowledged delivery comes again. */
const TIMEOUT_MS = 25_000;

/** What the receiver made of a delivery. */
export interface Forwarded {
  /** Undefined where no answer came. */
  readonly status: number | undefined;
  readonly ms: number;
  /** Why no answer came, or where it points to. */
  readonly note: string | undefined;
  /** 2xx. */
  readonly taken: boolean;
}

function reasonOf(error: unknown): string {
  const { name, code, message } = error as { name?: string; code?: string; message?: string };
  if (name === "TimeoutError") return `no answer within ${TIMEOUT_MS / 1000} s`;
  if (name === "AbortError") return "broken off";
  if (code === "ConnectionRefused" || code === "ECONNREFUSED") return "nobody listens there";
  return message ?? String(error);
}

/** Passes a delivery on as a push would have come: the same bytes, the same headers. */
export async function forward(to: string, { headers, body }: PulledDelivery, signal: AbortSignal): Promise<Forwarded> {
  const elapsed = startStopwatch();
  try {
    const answer = await callAddress(to, {
      method: "POST",
      headers,
      body,
      signal: AbortSignal.any([signal, systemClock.timeout(TIMEOUT_MS)]),
    });
    const { status } = answer;
    await answer.body?.cancel();
    const location = answer.headers.get("location");
    const note = status >= 300 && status < 400 && location !== null ? `it points to ${location}` : undefined;
    return { status, ms: elapsed(), note, taken: status >= 200 && status < 300 };
  } catch (error) {
    return { status: undefined, ms: elapsed(), note: reasonOf(error), taken: false };
  }
}
