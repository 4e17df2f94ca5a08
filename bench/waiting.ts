import { Database } from "bun:sqlite";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { systemChance } from "../src/kernel/chance.ts";
import { systemClock } from "../src/kernel/clock.ts";
import { createIds } from "../src/kernel/ids.ts";
import { call, type Installation, type RunningHatch } from "../tests/support/hatch.ts";

// What the figures of waiting deliveries share: rows written past the product, subscriptions made through it.

const EVENTS_SHARED = 1_000;
const BATCH = 10_000;

export const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=";

/** Insists on an answer under 300. */
export async function insist(
  hatch: RunningHatch,
  key: string,
  method: string,
  path: string,
  body?: unknown,
): Promise<{ readonly id: string }> {
  const answer = await call(hatch, key, method, path, body);
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body as { readonly id: string };
}

/** Writes deliveries that are due, as ingest would have: to be done while the server is down. */
export function seedWaiting(
  { directory, environments }: Installation,
  waiting: readonly { readonly subscriptionId: string; readonly count: number }[],
): void {
  const ids = createIds(systemClock, systemChance);
  const database = new Database(join(directory, "hatch.db"));
  database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF");
  const now = Date.now();
  const environment = environments.test;
  const event = database.prepare(
    "INSERT INTO outbound_events (id, environment_id, type, body, created_at) VALUES (?, ?, 'lesson_completed', ?, ?)",
  );
  const delivery = database.prepare(
    `INSERT INTO deliveries (id, environment_id, subscription_id, outbound_event_id, event, status, due_at, attempts, failures, interruptions, prefers_newest, epoch, created_at)
     VALUES (?, ?, ?, ?, 'lesson_completed', 'pending', ?, 0, 0, 0, 0, 0, ?)`,
  );
  const events = Array.from({ length: EVENTS_SHARED }, () => ids.next("evt"));
  database.transaction(() => {
    for (const [index, id] of events.entries()) {
      const data = { properties: { seeded: index, score: index % 101 } };
      event.run(id, environment, JSON.stringify({ id, event: "lesson_completed", data }), now);
    }
  })();
  for (const { subscriptionId, count } of waiting) {
    for (let from = 0; from < count; from += BATCH) {
      database.transaction(() => {
        for (let index = from; index < Math.min(count, from + BATCH); index++) {
          const eventId = events[index % EVENTS_SHARED] as string;
          delivery.run(ids.next("dlv"), environment, subscriptionId, eventId, now, now);
        }
      })();
    }
  }
  database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  database.close();
}

/** Rows of a query on the database, while or after the server runs. */
export function ask<T>({ directory }: Installation, sql: string, ...parameters: readonly string[]): T[] {
  const database = new Database(join(directory, "hatch.db"), { readonly: true });
  try {
    return database.prepare(sql).all(...parameters) as T[];
  } finally {
    database.close();
  }
}

/** In MiB. */
export const rssOf = (pid: number): number =>
  Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024;

export const quantile = (values: readonly number[], share: number): number =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? Number.NaN;

export const say = (text: string): void => void process.stderr.write(`${text}\n`);
