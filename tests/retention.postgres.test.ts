import { afterEach, beforeEach, expect, test } from "bun:test";
import { ACCESS_RETENTION } from "../src/features/access/retention/rules.ts";
import { ACCESS_FORGET, findGoneWorkspace } from "../src/features/access/retention/store.ts";
import { EVENTS_RETENTION } from "../src/features/events/retention/rules.ts";
import { EVENTS_FORGET } from "../src/features/events/retention/store.ts";
import { JOBS_RETENTION } from "../src/features/jobs/retention.ts";
import { MAIL_RETENTION } from "../src/features/mail/retention.ts";
import { PROGRESSION_RETENTION } from "../src/features/progression/retention/rules.ts";
import { PROGRESSION_FORGET } from "../src/features/progression/retention/store.ts";
import { WEBHOOKS_RETENTION } from "../src/features/webhooks/retention/rules.ts";
import { WEBHOOKS_FORGET } from "../src/features/webhooks/retention/store.ts";
import { JOURNAL_RETENTION } from "../src/journal/retention.ts";
import { DAY, unixMs } from "../src/kernel/units.ts";
import { retain } from "./support/retention.ts";
import { createTestWebhooks, type TestWebhooks } from "./support/webhooks.ts";

const RULES = [
  ...[JOURNAL_RETENTION, ACCESS_RETENTION, PROGRESSION_RETENTION, EVENTS_RETENTION],
  ...[WEBHOOKS_RETENTION, MAIL_RETENTION, JOBS_RETENTION],
].flat();

let hatch: TestWebhooks;
beforeEach(async () => {
  hatch = await createTestWebhooks({ engine: "postgres" });
}, 60_000);
afterEach(() => hatch.close());

const pass = (durationMs: number): void => hatch.context.clock.set(unixMs(hatch.context.clock.now() + durationMs));

test("every rule is understood by Postgres, takes what has had its time, and leaves what waits", async () => {
  const id = await hatch.subscribe({ mode: "pull", events: ["points.earned"] });
  await hatch.announce();
  const [pulled] = (await hatch.call("GET", `/v1/webhooks/${id}/pull`)).body.deliveries;
  await hatch.call("POST", `/v1/webhooks/${id}/ack`, { body: { deliveries: [pulled.id] } });
  await hatch.announce();
  expect(Object.values(await retain(hatch.context, RULES)).every((rows) => rows === 0)).toBe(true);
  pass(29 * DAY);
  expect(await retain(hatch.context, RULES)).toMatchObject({ attempts: 1, outboundBodies: 0, deliveries: 0 });
  pass(2 * DAY);
  expect(await retain(hatch.context, RULES)).toMatchObject({ unpulled: 1, outboundBodies: 2 });
  pass(400 * DAY);
  expect(await retain(hatch.context, RULES)).toMatchObject({ deliveries: 2, outboundEvents: 2 });
  expect(await hatch.rows("SELECT id FROM subscriptions")).toHaveLength(1);
});

test("what a deleted workspace left is gone", async () => {
  await hatch.subscribe({ mode: "pull", events: ["points.earned"] });
  await hatch.announce();
  await hatch.context.database.write(async (writer) => {
    await writer.run("UPDATE subscriptions SET deleted_at = ?", [writer.now]);
    await writer.run("UPDATE workspaces SET deleted_at = ?", [writer.now]);
  });
  pass(31 * DAY);
  const forget = [...WEBHOOKS_FORGET, ...EVENTS_FORGET, ...PROGRESSION_FORGET, ...ACCESS_FORGET];
  await retain(hatch.context, [], { forget, findGone: findGoneWorkspace });
  for (const table of ["workspaces", "environments", "subscriptions", "deliveries", "outbound_events"]) {
    expect([table, await hatch.rows(`SELECT * FROM ${table}`)]).toEqual([table, []]);
  }
  const tables = await hatch.context.database.storage.estimateRows();
  expect(tables.map(({ table }) => table)).toContain("deliveries");
});
