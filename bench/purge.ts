import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type App, createApp } from "../src/app.ts";
import type { SqlValue } from "../src/database/database.ts";
import { createRetentionJob } from "../src/jobs/retention.ts";
import { spaceJob } from "../src/jobs/space.ts";
import { systemClock } from "../src/kernel/clock.ts";
import { deriveId } from "../src/kernel/ids.ts";
import { createLog } from "../src/kernel/log.ts";
import { createMetrics } from "../src/kernel/metrics.ts";
import { DAY, formatBytes, unixMs } from "../src/kernel/units.ts";
import { TEST_CONFIG } from "../tests/support/context.ts";

// What events that come in notice of a purge of very many rows: the time to an answer, with and without, on one file in the
// same process, and the sizes of the file. `bun bench/purge.ts [rows in thousands] [events a second]`.

const ROWS = Number(process.argv[2] ?? 1_000) * 1_000;
const RATE = Number(process.argv[3] ?? 200);
const CALM_SECONDS = 15;
/** Each event of the past is four: a body, an attempt, a delivery, the event itself. */
const EVENTS = Math.round(ROWS / 4);
const FILL = 5_000;
const BODY = JSON.stringify({ event: "points.earned", data: { userId: "user_42", text: "x".repeat(300) } });

const directory = mkdtempSync(join(tmpdir(), "hatch-bench-purge-"));
const sizeOf = (name: string): number => statSync(join(directory, name), { throwIfNoEntry: false })?.size ?? 0;
const sizes = (): string => `${formatBytes(sizeOf("hatch.db"))}, log ${formatBytes(sizeOf("hatch.db-wal"))}`;

async function fill({ context }: App, environmentId: string): Promise<void> {
  const now = Date.now();
  for (let from = 0; from < EVENTS; from += FILL) {
    const count = Math.min(FILL, EVENTS - from);
    const events: SqlValue[][] = [];
    const deliveries: SqlValue[][] = [];
    const attempts: SqlValue[][] = [];
    for (let n = from; n < from + count; n += 1) {
      const at = unixMs(now - 401 * DAY - (EVENTS - n) * 10);
      const event = deriveId("evt", at, `e${n}`);
      const delivery = deriveId("dlv", at, `d${n}`);
      events.push([event, environmentId, "points.earned", BODY, at]);
      deliveries.push([
        delivery,
        environmentId,
        "sub_old",
        event,
        "points.earned",
        "delivered",
        at,
        1,
        0,
        0,
        0,
        1,
        at,
        at,
      ]);
      attempts.push([delivery, 1, at, at, "delivered", '{"X-Hatch-Signature":"sha256=…"}', 200, '{"server":"x"}']);
    }
    await context.database.write(async (writer) => {
      await writer.insertMany({
        table: "outbound_events",
        columns: ["id", "environment_id", "type", "body", "created_at"],
        rows: events,
      });
      await writer.insertMany({
        table: "deliveries",
        columns: [
          "id",
          "environment_id",
          "subscription_id",
          "outbound_event_id",
          "event",
          "status",
          "due_at",
          "attempts",
          "failures",
          "interruptions",
          "prefers_newest",
          "epoch",
          "created_at",
          "ended_at",
        ],
        rows: deliveries,
      });
      await writer.insertMany({
        table: "attempts",
        columns: [
          "delivery_id",
          "number",
          "started_at",
          "ended_at",
          "verdict",
          "request_headers",
          "response_status",
          "response_headers",
        ],
        rows: attempts,
      });
    });
  }
}

/** Sends at a steady rate, however long an answer takes, until it is told to end. @returns milliseconds to each answer */
async function send(app: App, key: string, until: () => boolean): Promise<number[]> {
  const took: number[] = [];
  const open = new Set<Promise<void>>();
  const start = performance.now();
  for (let n = 0; !until(); n += 1) {
    const due = start + (n * 1000) / RATE;
    const wait = due - performance.now();
    if (wait > 0) await Bun.sleep(wait);
    const one = (async () => {
      const request = new Request("http://localhost/v1/events", {
        method: "POST",
        headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
        body: JSON.stringify({ type: "lesson", userId: `user_${n % 500}`, properties: { score: 7 } }),
      });
      const { status } = await app.fetch(request);
      if (status !== 201) throw new Error(`${status}`);
      took.push(performance.now() - due);
    })();
    open.add(one);
    void one.finally(() => open.delete(one));
  }
  await Promise.all(open);
  return took;
}

const share = (values: readonly number[], part: number): number =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * part))] ?? Number.NaN;
const told = (took: readonly number[]): string =>
  [0.5, 0.95, 0.99].map((part) => `p${part * 100} ${share(took, part).toFixed(1)} ms`).join(", ");

const app = await createApp({
  config: { ...TEST_CONFIG, dataDirectory: directory },
  log: createLog({ clock: systemClock, level: "error", write: console.error }),
  clock: systemClock,
  findRootKey: () => undefined,
  onClaimed: () => {},
});
try {
  const operator = { kind: "operator", request: { id: "bench" } } as const;
  const { environments } = await app.access.setUp(operator, {
    ...{ email: "ada@example.com", password: "correct horse battery", workspace: "Bench" },
  });
  await fill(app, environments.live.id);
  const key = environments.test.secretKey;
  console.log(`filled: ${sizes()}`);
  let end = performance.now() + 3_000;
  await send(app, key, () => performance.now() > end);
  end = performance.now() + CALM_SECONDS * 1_000;
  const calm = await send(app, key, () => performance.now() > end);
  console.log(`without: ${calm.length} events, ${told(calm)}`);

  const job = createRetentionJob({ metrics: createMetrics() }, { rules: app.retention, ...app.forgetting });
  const run = {
    id: app.context.ids.next("job"),
    ...{ environmentId: undefined, payload: {}, failures: 0, signal: new AbortController().signal },
    checkpoint: async () => {},
  };
  let isDone = false;
  const start = performance.now();
  const purge = async (): Promise<unknown> => {
    let progress: Awaited<ReturnType<typeof job.run>> | undefined;
    do {
      const before = progress !== undefined && "progress" in progress ? progress.progress : undefined;
      progress = await job.run(app.context, { ...run, progress: before });
    } while (progress.kind === "snooze");
    isDone = true;
    return "progress" in progress ? progress.progress : undefined;
  };
  const [during, purged] = await Promise.all([send(app, key, () => isDone), purge()]);
  const seconds = (performance.now() - start) / 1_000;
  console.log(
    `purging: ${during.length} events, ${told(during)}; took ${seconds.toFixed(0)} s, ${JSON.stringify(purged)}`,
  );
  console.log(`purged: ${sizes()}, free ${formatBytes(app.context.database.storage.measure()?.freeBytes ?? 0)}`);
  console.log(`ratio of p99: ${(share(during, 0.99) / share(calm, 0.99)).toFixed(2)}`);

  isDone = false;
  const giving = async (): Promise<unknown> => {
    const given = await spaceJob.run(app.context, { ...run, progress: undefined });
    isDone = true;
    return given;
  };
  const [back, given] = await Promise.all([send(app, key, () => isDone), giving()]);
  console.log(`giving back: ${back.length} events, ${told(back)}; ${JSON.stringify(given)}`);
  await app.context.database.write((writer) => writer.run("UPDATE instance SET value = value WHERE name = 'probe'"));
} finally {
  await app.stop(AbortSignal.timeout(10_000));
  console.log(`after: ${sizes()}`);
  rmSync(directory, { recursive: true, force: true });
}
