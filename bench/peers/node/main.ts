import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createInterface } from "node:readline";
import { type OpenLoop, OpenLoopRun } from "../../open-loop.ts";
import type { Ask } from "../protocol.ts";
import { openBullmq } from "./bullmq.ts";
import { deliver, jobOf } from "./deliver.ts";
import { openGraphileWorker } from "./graphile-worker.ts";
import { openPgBoss } from "./pg-boss.ts";
import type { Library } from "./queue.ts";

// One process of a peer: a producer or a worker. Takes a line of JSON, does it, answers with a line of JSON.

const [kind, url] = [process.argv[2] as string, process.argv[3] as string];
const KINDS: Readonly<Record<string, () => Library>> = {
  bullmq: () => openBullmq(url),
  "pg-boss": () => openPgBoss(url),
  "pg-boss-grouped": () => openPgBoss(url, { grouped: true }),
  "graphile-worker": () => openGraphileWorker(url),
  "graphile-worker-grouped": () => openGraphileWorker(url, { grouped: true }),
};
const library = KINDS[kind]?.();
if (!library) throw new Error(`no peer ${kind}`);

async function enqueue(ask: Extract<Ask, { do: "enqueue" }>): Promise<number> {
  const { prefix, count, batch, callers } = ask;
  let next = 0;
  const call = async (): Promise<void> => {
    while (next < count) {
      const from = next;
      next += batch;
      const jobs = Array.from({ length: Math.min(batch, count - from) }, (_, index) =>
        jobOf(prefix, from + index, ask.url),
      );
      await (batch === 1 && jobs[0] ? library?.add(jobs[0]) : library?.addMany(jobs));
    }
  };
  const begun = performance.now();
  await Promise.all(Array.from({ length: callers }, call));
  return (performance.now() - begun) / 1_000;
}

/** The receiver is in this process: one clock sees the acknowledgement and the arrival. */
async function withReceiver<T>(onArrival: (sequence: number) => void, use: (origin: string) => Promise<T>): Promise<T> {
  const hanging: ServerResponse[] = [];
  const server = createServer((incoming, outgoing) => {
    if (incoming.url?.startsWith("/hang")) {
      hanging.push(outgoing);
      return;
    }
    const sequence = /-(\d+)$/.exec(String(incoming.headers["x-hatch-delivery"]))?.[1];
    onArrival(Number(sequence));
    incoming.resume();
    outgoing.writeHead(204).end();
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    return await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    for (const outgoing of hanging) outgoing.destroy();
    server.closeAllConnections();
    server.close();
  }
}

async function measureOpenLoop(ask: Extract<Ask, { do: "open-loop" }>): Promise<unknown> {
  const { prefix, rate, seconds, warmSeconds, hanging, hangingJobs } = ask;
  let run: OpenLoopRun | undefined;
  return withReceiver(
    (sequence) => run?.arrived(sequence),
    async (origin) => {
      for (let round = 0; round < hangingJobs; round++) {
        const from = round * hanging;
        await library?.addMany(
          Array.from({ length: hanging }, (_, index) => jobOf(`${prefix}h`, from + index, `${origin}/hang/${index}`)),
        );
      }
      const options: OpenLoop = {
        rate,
        seconds,
        warmSeconds,
        send: async (sequence) => library?.add(jobOf(prefix, sequence, `${origin}/healthy`)),
      };
      run = new OpenLoopRun(options);
      return run.run();
    },
  );
}

let works = false;

async function answer(ask: Ask): Promise<unknown> {
  switch (ask.do) {
    case "work":
      if (!works) await library?.work(deliver);
      works = true;
      return;
    case "rest":
      if (works) await library?.rest();
      works = false;
      return;
    case "enqueue":
      return enqueue(ask);
    case "open-loop":
      return measureOpenLoop(ask);
  }
}

const say = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value)}\n`);
await library.open();
say({ ok: true });
for await (const line of createInterface({ input: process.stdin })) {
  try {
    say({ ok: true, value: await answer(JSON.parse(line) as Ask) });
  } catch (error) {
    say({ ok: false, error: error instanceof Error ? error.stack : String(error) });
  }
}
process.exit(0);
