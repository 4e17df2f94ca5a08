import type { WorkloadEvent } from "./workload.ts";

export interface Clients {
  /** Everything that was ever sent. */
  readonly sent: ReadonlyMap<string, WorkloadEvent>;
  /** Ids that were answered with success. */
  readonly acknowledged: ReadonlySet<string>;
  /** Answers that a client must never get for what it sent. */
  readonly refused: readonly string[];
  /** Of those, the ones told `duplicate`: a retry of what a dead server had already stored. */
  readonly repeated: number;
  /** Requests that wait for their answer. */
  readonly waiting: number;
  /** Lets them send so many events more. */
  allow(events: number): void;
  /** Sends these besides, again and again until each is acknowledged. */
  send(events: readonly WorkloadEvent[]): Promise<void>;
  /** Waits until there are so many acknowledged. */
  reached(acknowledged: number): Promise<void>;
  /** No more events; ends when every one that was sent is acknowledged. */
  finish(): Promise<void>;
}

const RETRY_AFTER_MS = 15;

interface Result {
  readonly status?: "accepted" | "duplicate" | "rejected";
  readonly error?: { readonly code: string };
}

/**
 * Customers' servers: they send the same id again until it is acknowledged, whatever happens to the connection. Two of
 * three take one event at a time, the third sends batches.
 */
export function startClients(options: {
  readonly url: string;
  readonly key: string;
  readonly eventAt: (index: number) => WorkloadEvent;
  readonly count: number;
}): Clients {
  const sent = new Map<string, WorkloadEvent>();
  const acknowledged = new Set<string>();
  const refused: string[] = [];
  let repeated = 0;
  let waiting = 0;
  let next = 0;
  let allowed = 0;
  let over = false;

  const post = async (path: string, body: unknown): Promise<Response | undefined> => {
    waiting++;
    try {
      const response = await fetch(`${options.url}${path}`, {
        method: "POST",
        headers: { authorization: `Bearer ${options.key}`, "content-type": "application/json" },
        body: JSON.stringify(body),
      });
      // Read inside: a server that dies in the middle of its answer has not answered.
      return new Response(await response.text(), { status: response.status });
    } catch {
      return undefined;
    } finally {
      waiting--;
    }
  };

  const acknowledge = (event: WorkloadEvent | undefined, result: Result): void => {
    if (event === undefined) return;
    if (result.status === "duplicate") repeated++;
    if (result.status === "rejected") refused.push(`${event.id}: ${JSON.stringify(result)}`);
    else acknowledged.add(event.id);
  };

  async function send(events: readonly WorkloadEvent[]): Promise<void> {
    for (const event of events) sent.set(event.id, event);
    const single = events.length === 1;
    for (;;) {
      const response = single
        ? await post("/v1/events", events[0])
        : await post("/v1/events/batch", { events: [...events] });
      if (response === undefined || response.status >= 500) {
        await Bun.sleep(RETRY_AFTER_MS);
        continue;
      }
      const answer = (await response.json()) as Result & { readonly results?: readonly Result[] };
      if (!response.ok) refused.push(`${events[0]?.id}: ${response.status} ${JSON.stringify(answer)}`);
      const results = answer.results ?? [answer];
      const isLater = (index: number): boolean => results[index]?.error?.code === "unavailable";
      for (const [index, result] of response.ok ? results.entries() : []) {
        if (!isLater(index)) acknowledge(events[index], result);
      }
      const later = events.filter((_, index) => isLater(index));
      if (later.length > 0) await send(later);
      return;
    }
  }

  async function work(batch: number): Promise<void> {
    while (!over) {
      const count = Math.min(batch, allowed);
      if (count === 0) {
        await Bun.sleep(2);
        continue;
      }
      allowed -= count;
      const mine = Array.from({ length: count }, () => options.eventAt(next++));
      await send(mine);
    }
  }

  const working = Array.from({ length: options.count }, (_, index) => work(index % 3 === 2 ? 20 : 1));
  return {
    sent,
    acknowledged,
    refused,
    get repeated() {
      return repeated;
    },
    get waiting() {
      return waiting;
    },
    allow(events) {
      allowed = events;
    },
    send,
    async reached(count) {
      while (acknowledged.size < count) await Bun.sleep(1);
    },
    async finish() {
      over = true;
      await Promise.all(working);
    },
  };
}
