import { createJobsFeature } from "../../src/features/jobs/index.ts";
import { createJobRunner, JOB_LANES, type JobRunner } from "../../src/jobs/runner.ts";
import { announce } from "../../src/journal/outbox.ts";
import type { Id } from "../../src/kernel/ids.ts";
import type { KeyPrincipal } from "../../src/kernel/principal.ts";
import { SECOND } from "../../src/kernel/units.ts";
import { eventually } from "./clock.ts";
import type { TestContext } from "./context.ts";
import { type Answer, createTestServer } from "./http.ts";
import { createTestWebhooks, type TestWebhooks, until } from "./webhooks.ts";

export interface Recovering extends TestWebhooks {
  /** Asks the room that shows jobs, with the same key. */
  job(method: string, path: string, key?: string): Promise<Answer>;
  keyForJobs(principal: KeyPrincipal): string;
  /** Begins a recovery of what ended in the last days. */
  recover(whose: Id<"sub"> | "all", body?: object): Promise<Answer>;
  /** Ends deliveries as the dispatcher would have. */
  endAll(status: string, where?: string): Promise<void>;
  /** So many events of a type at once. */
  announceMany(count: number, name?: string): Promise<void>;
  deliveries(where?: string): Promise<Record<string, unknown>[]>;
  /** Lets seconds pass, each until what it began has come to rest. */
  pass(seconds: number): Promise<void>;
  /** Lets seconds pass until the job has ended. */
  ended(id: string): Promise<Answer["body"]>;
  /** Another life on the same database; the one before is forgotten as it stands. */
  reborn(): Promise<void>;
  stopRunner(): Promise<void>;
}

/** The room of webhooks with a runner of its jobs, and the room that shows them; nothing is sent unless it is started. */
export async function createRecovering(
  options: Parameters<typeof createTestWebhooks>[0] = { start: false },
): Promise<Recovering> {
  const hatch = await createTestWebhooks(options);
  const { context, webhooks, principal } = hatch;
  const definitions = webhooks.feature.jobs ?? [];
  const server = createTestServer({ ...context, metrics: silent }, [createJobsFeature(context, definitions)]);
  const ownKey = server.keyFor(principal);
  let lives = 0;
  let runner: JobRunner | undefined;
  const reborn = async (): Promise<void> => {
    const before = runner;
    lives += 1;
    runner = createJobRunner(context, definitions, `life_${lives}`);
    void before?.stop(AbortSignal.abort());
    await runner.start();
  };
  await reborn();
  const pass = async (seconds: number): Promise<void> => {
    for (let second = 0; second < seconds; second += 1) {
      const before = runner?.lastTickAt();
      await context.clock.advance(SECOND);
      await until(() => runner?.lastTickAt() !== before);
      await until(() => JOB_LANES.every((lane) => runner?.running(lane) === 0));
    }
  };
  const job: Recovering["job"] = (method, path, key = ownKey) => server.call(method, path, { key });
  return {
    ...hatch,
    job,
    keyForJobs: (one) => server.keyFor(one),
    reborn,
    recover: (whose, body = {}) => {
      const since = new Date(context.clock.now() - 3_600_000).toISOString();
      const path = whose === "all" ? "/v1/webhooks/recover" : `/v1/webhooks/${whose}/recover`;
      return hatch.call("POST", path, { body: { since, ...body } });
    },
    async endAll(status, where = "1 = 1") {
      const sql = `UPDATE deliveries SET status = ?, reason = 'answered 400', failures = 6, attempts = 6, ended_at = ? WHERE ${where}`;
      await context.database.write((writer) => writer.run(sql, [status, writer.now]));
    },
    async announceMany(count, type = "points.earned") {
      const { environmentId } = principal;
      const data = { userId: "user_42", amount: 10 };
      const drafts = Array.from({ length: count }, () => ({ environmentId, type, data }));
      await context.database.write((writer) => announce(context, writer, drafts));
    },
    deliveries: (where = "1 = 1") => hatch.rows(`SELECT * FROM deliveries WHERE ${where} ORDER BY id`),
    pass,
    ended: (id) =>
      eventually(async () => {
        await pass(1);
        const { body } = await job("GET", `/v1/jobs/${id}`);
        if (body.endedAt === null) throw new Error(`${id} is ${body.status}: ${JSON.stringify(body.progress)}`);
        return body;
      }),
    stopRunner: async () => runner?.stop(AbortSignal.abort()),
    async close() {
      await runner?.stop(AbortSignal.abort());
      await hatch.close();
    },
  };
}

/** A second server on the same context counts nothing. */
const silent: TestContext["metrics"] = {
  counter: () => ({ add: () => {}, with: () => ({ add: () => {} }) }),
  histogram: () => ({ observe: () => {}, with: () => ({ observe: () => {} }) }),
  gauge: () => {},
  render: async () => "",
};
