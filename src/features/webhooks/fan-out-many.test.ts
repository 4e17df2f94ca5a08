import { afterEach, beforeEach, expect, test } from "bun:test";
import { createTestWebhooks, type TestWebhooks } from "../../../tests/support/webhooks.ts";
import type { JobDefinition, JobRun } from "../../jobs/job.ts";
import { checkpointJob, claimJobs } from "../../jobs/store.ts";
import { seededChance } from "../../kernel/chance.ts";
import type { Id } from "../../kernel/ids.ts";

const SUBSCRIPTIONS = 10_000;
const CHUNKS = 40;

let hatch: TestWebhooks;
let ids: readonly Id<"sub">[];
beforeEach(async () => {
  hatch = await createTestWebhooks({ start: false });
  ids = await subscribeMany();
});
afterEach(() => hatch.close());

/** Copies of one that was made as it should be. */
async function subscribeMany(): Promise<readonly Id<"sub">[]> {
  const first = await hatch.subscribe({ mode: "pull", secret: undefined });
  const { context } = hatch;
  const rest = Array.from({ length: SUBSCRIPTIONS - 1 }, () => context.ids.next("sub"));
  await context.database.write(async (writer) => {
    const row = await writer.get<Record<string, string | number | null>>("SELECT * FROM subscriptions WHERE id = ?", [
      first,
    ]);
    const columns = Object.keys(row ?? {});
    const rows = rest.map((id) => columns.map((column) => (column === "id" ? id : (row?.[column] ?? null))));
    await writer.insertMany({ table: "subscriptions", columns, rows });
    hatch.webhooks.room.directory.forget(hatch.principal.environmentId, first);
  });
  return [first, ...rest].sort();
}

const definition = (): JobDefinition => {
  const found = (hatch.webhooks.feature.jobs ?? []).find(({ kind }) => kind === "webhooks.fan_out");
  if (!found) throw new Error("no such job");
  return found;
};

/** One life of the process: takes the job up where its row says. @param during called inside each chunk's transaction */
async function live(during: (chunk: number) => void): Promise<void> {
  const { database } = hatch.context;
  await database.write((writer) => writer.run("UPDATE jobs SET status = 'waiting'"));
  const [job] = await database.write((writer) =>
    claimJobs(writer, { kinds: ["webhooks.fan_out"], limit: 1, claimant: "test" }),
  );
  if (!job) throw new Error("no job waits");
  let chunk = 0;
  const checkpoint: JobRun["checkpoint"] = async (writer, progress) => {
    if (!(await checkpointJob(writer, job, progress))) throw new Error("lost");
    during(chunk++);
  };
  await definition().run(hatch.context, { ...job, signal: new AbortController().signal, checkpoint });
}

const subscribers = async (eventId: string) =>
  (await hatch.rows(`SELECT subscription_id FROM deliveries WHERE outbound_event_id = '${eventId}'`))
    .map((row) => row.subscription_id as Id<"sub">)
    .sort();

test("killed again and again, at a chunk or within one, it reaches each of 10,000 exactly once", async () => {
  const eventId = await hatch.announce();
  const chance = seededChance("fan-out");
  let lives = 0;
  let chunks = 0;
  for (let finished = false; !finished; lives++) {
    const end = Math.floor(chance.fraction() * 9);
    try {
      await live((chunk) => {
        chunks += 1;
        if (chunk === end) throw new Error("killed");
      });
      finished = true;
    } catch (error) {
      expect(String(error)).toContain("killed");
    }
  }
  expect(await subscribers(eventId as string)).toEqual([...ids]);
  expect(lives).toBeGreaterThan(4);
  // Each life goes on where the last one ended: only what it was at is done again.
  expect(chunks).toBe(CHUNKS + lives - 1);
}, 60_000);

test("between two chunks others have their turn", async () => {
  await hatch.announce();
  const order: string[] = [];
  const { database } = hatch.context;
  const other = (async () => {
    while (!order.includes("end")) {
      await database.write((writer) => writer.run("UPDATE jobs SET failures = failures"));
      order.push("other");
    }
  })();
  await live(() => order.push("chunk"));
  order.push("end");
  await other;
  expect(order.filter((what) => what === "chunk")).toHaveLength(CHUNKS);
  let longest = 0;
  let run = 0;
  for (const what of order) {
    run = what === "chunk" ? run + 1 : 0;
    longest = Math.max(longest, run);
  }
  expect(longest).toBeLessThanOrEqual(2);
}, 60_000);

test("a row that was written all the same is not written twice", async () => {
  const eventId = await hatch.announce();
  await live(() => {});
  await hatch.context.database.write((writer) => writer.run("UPDATE jobs SET progress = NULL"));
  await live(() => {});
  expect(await subscribers(eventId as string)).toEqual([...ids]);
}, 60_000);
