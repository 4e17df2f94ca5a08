import { afterAll, beforeAll, expect, test } from "bun:test";
import { createHatch, type Hatch, type Job } from "../src/client/index.ts";
import { freePort } from "./support/free-port.ts";
import { type Installation, type RunningHatch, setUpHatch, startHatch } from "./support/hatch.ts";
import { type Receiver, startReceiver } from "./support/receiver.ts";

const FAILED = 2_000;
const BATCH = 1_000;
const KILLS = 3;
const PATIENCE_MS = 60_000;

let installation: Installation;
let receiver: Receiver;
let server: RunningHatch;
let hatch: Hatch;
const port = freePort();
let code = 400;

const start = async (): Promise<void> => {
  server = await startHatch(installation.directory, { env: installation.env, port });
};

beforeAll(async () => {
  installation = await setUpHatch();
  receiver = startReceiver(() => new Response(null, { status: code }));
  await start();
  hatch = createHatch({ url: server.url, key: installation.keys.test });
}, 30_000);
afterAll(async () => {
  await server.kill("SIGKILL");
  receiver.stop();
  installation.remove();
});

async function until<T>(ask: () => Promise<T | undefined | false>): Promise<T> {
  const giveUpAt = performance.now() + PATIENCE_MS;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() > giveUpAt) throw new Error(`waited in vain:\n${server.log().slice(-2_000)}`);
    await Bun.sleep(20);
  }
}

const idsReceived = (from: number): Set<string> =>
  new Set(receiver.received.slice(from).map(({ headers }) => headers.get("x-hatch-delivery") ?? ""));

test("what failed arrives after all though the server is killed again and again while it is brought back", async () => {
  await hatch.eventTypes.put("thing.done", { forward: true });
  const { id } = await hatch.webhooks.create({ endpoint: receiver.url, events: ["thing.done"], pauseAfter: 1_000 });
  for (let from = 0; from < FAILED; from += BATCH) {
    const events = Array.from({ length: BATCH }, (_, n) => ({
      id: `thing-${from + n}`,
      type: "thing.done",
      userId: "u",
    }));
    await hatch.events.sendBatch(events);
  }
  const since = new Date(Date.now() - 3_600_000).toISOString();
  const counted = await until(async () => {
    const count = await hatch.webhooks.recover(id, { since, dryRun: true });
    return count.total === FAILED && count;
  });
  expect(counted).toMatchObject({ failed: FAILED, missed: 0, complete: true });
  const before = receiver.received.length;
  const refused = idsReceived(0);
  code = 200;

  const { id: job } = await hatch.webhooks.recover(id, { since, rate: { count: 600, per: "1s" } });
  let done = 0;
  const look = async (): Promise<Job> => {
    const view = await hatch.jobs.get(job);
    expect(view.progress.done).toBeGreaterThanOrEqual(done);
    done = view.progress.done;
    return view;
  };
  for (let kill = 1; kill <= KILLS; kill++) {
    await until(async () => (await look()).progress.done >= (kill * FAILED) / (KILLS + 2));
    await server.kill("SIGKILL");
    await start();
  }
  const ended = await until(async () => {
    const view = await look();
    return view.endedAt !== null && view;
  });
  expect(ended).toMatchObject({
    status: "done",
    progress: { total: FAILED, done: FAILED, recovered: FAILED, skipped: 0 },
  });
  await until(async () => idsReceived(before).size === FAILED);
  expect(idsReceived(before)).toEqual(refused);
  await until(async () => (await hatch.webhooks.health(id)).waiting.count === 0);
  expect((await hatch.webhooks.recover(id, { since, dryRun: true })).total).toBe(0);
}, 120_000);
