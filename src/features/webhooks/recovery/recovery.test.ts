import { afterEach, beforeEach, describe, expect, spyOn, test } from "bun:test";
import { createRecovering, type Recovering } from "../../../../tests/support/recovering.ts";
import type { Reader } from "../../../database/database.ts";
import type { Id } from "../../../kernel/ids.ts";
import { DAY, HOUR, SECOND } from "../../../kernel/units.ts";

const ENDPOINT = "https://127.0.0.1:9443/";

let hatch: Recovering;
let id: Id<"sub">;
beforeEach(async () => {
  hatch = await createRecovering();
  id = await hatch.subscribe({ endpoint: ENDPOINT });
});
afterEach(() => hatch.close());

const announceMany = (count: number) => hatch.announceMany(count);
const statuses = async () => (await hatch.deliveries()).map(({ status }) => status);
const iso = (at: number): string => new Date(at).toISOString();
const now = (): number => hatch.context.clock.now();
const actions = async () =>
  (await hatch.rows("SELECT action FROM audit_entries ORDER BY sequence")).map((row) => row.action);

describe("a recovery", () => {
  test("brings what failed back under its ids, with the whole ladder before it, and says how many", async () => {
    await announceMany(5);
    const before = (await hatch.deliveries()).map((row) => row.id);
    await hatch.endAll("failed");
    const answer = await hatch.recover(id);
    expect(answer.status).toBe(202);
    expect(answer.headers.get("location")).toBe(`/v1/jobs/${answer.body.id}`);
    expect(answer.body).toMatchObject({
      kind: "webhooks.recover",
      status: "queued",
      progress: { total: null, done: 0 },
      details: { statuses: ["failed", "skipped"], rate: null, subscriptions: [id], leftOut: [] },
    });
    const job = await hatch.ended(answer.body.id);
    expect(job).toMatchObject({ status: "done", progress: { total: 5, done: 5, recovered: 5, added: 0, skipped: 0 } });
    const rows = await hatch.deliveries();
    expect(rows.map((row) => row.id)).toEqual(before);
    for (const row of rows) {
      expect(row).toMatchObject({ status: "pending", failures: 0, attempts: 6, reason: null, ended_at: null });
    }
    expect(await actions()).toContain("webhook.recovery_started");
    expect(await hatch.context.metrics.render()).toContain("hatch_webhook_recovered_total 5");
    expect(hatch.context.logged.filter((line) => line.includes("a recovery has ended"))).toHaveLength(1);
  });

  test("touches nothing that was delivered, waits or is being sent, and canceled ones only where they are named", async () => {
    await announceMany(6);
    const states = ["failed", "skipped", "canceled", "delivered", "pending", "sending"];
    const ids = (await hatch.deliveries()).map((row) => row.id);
    for (const [n, status] of states.entries())
      if (status !== "pending") await hatch.endAll(status, `id = '${ids[n]}'`);
    await hatch.context.database.write((writer) =>
      writer.run("UPDATE deliveries SET ended_at = NULL WHERE status = 'sending'"),
    );
    const untouched = async () =>
      (await hatch.deliveries("status IN ('delivered', 'sending')")).map((row) => ({ ...row }));
    const before = await untouched();
    const first = await hatch.ended((await hatch.recover(id)).body.id);
    expect(first.progress).toMatchObject({ total: 2, recovered: 2 });
    expect(await statuses()).toEqual(["pending", "pending", "canceled", "delivered", "pending", "sending"]);
    const second = await hatch.ended((await hatch.recover(id, { statuses: ["canceled"] })).body.id);
    expect(second.progress).toMatchObject({ total: 1, recovered: 1 });
    expect(await untouched()).toEqual(before);
  });

  test("takes what ended between its times, both included, and nothing that ends after it was asked for", async () => {
    const ends: number[] = [];
    for (let n = 0; n < 5; n++) {
      await hatch.announce();
      const [last] = (await hatch.deliveries()).slice(-1);
      await hatch.endAll("failed", `id = '${last?.id}'`);
      ends.push(now());
      await hatch.pass(3);
    }
    const job = (await hatch.recover(id, { since: iso(ends[1] ?? 0), until: iso(ends[3] ?? 0) })).body;
    expect((await hatch.ended(job.id)).progress.recovered).toBe(3);
    expect(await statuses()).toEqual(["failed", "pending", "pending", "pending", "failed"]);
    const later = (await hatch.recover(id, { until: iso(now() + DAY) })).body;
    expect(Date.parse(later.details.until)).toBe(now());
  });

  test("gives events that a widened subscription wants now their delivery, since it was made and no twice", async () => {
    const other = await hatch.subscribe({ endpoint: ENDPOINT, events: ["level.changed", "points.earned"] });
    await hatch.context.clock.advance(SECOND);
    const early = await hatch.subscribe({ endpoint: ENDPOINT, events: ["badge.awarded"] });
    await hatch.announce("level.changed");
    await hatch.announce("badge.awarded");
    await hatch.call("PATCH", `/v1/webhooks/${early}`, { body: { events: ["badge.awarded", "level.changed"] } });
    await hatch.announce("level.changed");
    const first = await hatch.ended((await hatch.recover(early)).body.id);
    expect(first.progress).toMatchObject({ total: 1, done: 1, recovered: 0, added: 1 });
    expect(await hatch.deliveries(`subscription_id = '${early}'`)).toHaveLength(3);
    expect(await hatch.deliveries(`subscription_id = '${other}'`)).toHaveLength(2);
    const again = await hatch.ended((await hatch.recover("all")).body.id);
    expect(again.progress).toMatchObject({ total: 0, added: 0 });
  });

  test("asks the filter of a subscription about what was missed, as it is by now", async () => {
    const big = await hatch.subscribe({ endpoint: ENDPOINT, events: ["badge.awarded"] });
    for (const amount of [3, 7, 9]) await hatch.announce("points.earned", { userId: "user_42", amount });
    const change = { events: ["points.earned"], filter: "event.data.amount > 5" };
    expect((await hatch.call("PATCH", `/v1/webhooks/${big}`, { body: change })).status).toBe(200);
    const job = await hatch.ended((await hatch.recover(big)).body.id);
    expect(job.progress).toMatchObject({ total: 2, done: 2, added: 2 });
  });

  test("sends nobody what happened before they subscribed, a test made for another, or what tells of themselves", async () => {
    await hatch.announce();
    await hatch.context.clock.advance(SECOND);
    const late = await hatch.subscribe({ endpoint: ENDPOINT });
    await hatch.call("POST", `/v1/webhooks/${id}/test`, { body: { event: "points.earned" } });
    const { announce } = await import("../../../journal/outbox.ts");
    await hatch.context.database.write((writer) =>
      announce(hatch.context, writer, [
        { environmentId: hatch.principal.environmentId, type: "points.earned", data: {}, about: late },
      ]),
    );
    const job = await hatch.ended((await hatch.recover(late)).body.id);
    expect(job.progress).toMatchObject({ total: 0, done: 0 });
    expect(await hatch.deliveries(`subscription_id = '${late}'`)).toHaveLength(0);
  });

  test("leaves what has no body any more, and says so", async () => {
    await announceMany(3);
    await hatch.endAll("failed");
    await hatch.context.database.write((writer) =>
      writer.run("UPDATE outbound_events SET body = NULL WHERE id = (SELECT MIN(id) FROM outbound_events)"),
    );
    const job = await hatch.ended((await hatch.recover(id)).body.id);
    expect(job.progress).toMatchObject({ total: 3, done: 3, recovered: 2, skipped: 1, bodyPurged: 1 });
    expect(await statuses()).toEqual(["failed", "pending", "pending"]);
  });

  test("over all subscriptions leaves the disabled ones out, with the reason; for one alone it is refused", async () => {
    const off = await hatch.subscribe({ endpoint: ENDPOINT });
    await announceMany(2);
    await hatch.endAll("skipped");
    await hatch.context.database.write((writer) =>
      writer.run("UPDATE subscriptions SET status = 'disabled', reason = 'answered 410' WHERE id = ?", [off]),
    );
    const refused = await hatch.recover(off);
    expect([refused.status, refused.body.error.code]).toEqual([409, "conflict"]);
    expect(refused.body.error.message).toContain("resume it first");
    const job = await hatch.ended((await hatch.recover("all")).body.id);
    expect(job).toMatchObject({
      status: "done",
      progress: { recovered: 2, subscriptions: 1, subscriptionsDone: 1 },
      details: { leftOut: [{ subscriptionId: off, reason: "the subscription is disabled" }] },
    });
    await hatch.call("POST", `/v1/webhooks/${off}/resume`);
    const then = await hatch.ended((await hatch.recover(off)).body.id);
    expect(then.progress.recovered).toBe(2);
  });

  test("of a subscription that is deleted meanwhile fails with the reason, and leaves nothing waiting", async () => {
    await announceMany(400);
    await hatch.endAll("failed");
    const { body } = await hatch.recover(id, { rate: { count: 10, per: "1s" } });
    await hatch.pass(3);
    await hatch.call("DELETE", `/v1/webhooks/${id}`);
    const job = await hatch.ended(body.id);
    expect(job).toMatchObject({ status: "failed", reason: "the subscription was deleted" });
    expect(job.progress.done).toBe(400);
    expect(job.progress.recovered + job.progress.leftAlone).toBe(400);
    expect(await hatch.deliveries("status = 'pending'")).toHaveLength(0);
  });

  test("keeps its rate, evenly spread, and never runs further ahead than two seconds", async () => {
    await announceMany(60);
    await hatch.endAll("failed");
    const { body } = await hatch.recover(id, { rate: { count: 5, per: "1s" } });
    const begun = now();
    const seen: number[] = [];
    for (let second = 1; second <= 16; second++) {
      await hatch.pass(1);
      const pending = await hatch.deliveries("status = 'pending'");
      seen.push(pending.length);
      for (const row of pending) expect(Number(row.due_at)).toBeLessThanOrEqual(now() + 2 * SECOND);
    }
    expect(seen[1]).toBeLessThanOrEqual(21);
    expect(seen.at(-1)).toBe(60);
    const due = (await hatch.deliveries()).map((row) => Number(row.due_at)).sort((a, b) => a - b);
    for (const [n, at] of due.entries()) {
      const within = due.filter((other) => other >= at && other < at + SECOND).length;
      expect([n, within <= 6]).toEqual([n, true]);
    }
    expect((due.at(-1) ?? 0) - begun).toBeGreaterThanOrEqual(11 * SECOND);
    expect((await hatch.ended(body.id)).status).toBe("done");
  });

  test("without a rate keeps half of the subscription's own for what happens meanwhile", async () => {
    const slow = await hatch.subscribe({ endpoint: ENDPOINT, rateLimit: { count: 4, per: "1s" } });
    await announceMany(20);
    await hatch.endAll("failed");
    await hatch.recover(slow);
    await hatch.pass(4);
    const due = (await hatch.deliveries(`subscription_id = '${slow}' AND status = 'pending'`)).map((row) =>
      Number(row.due_at),
    );
    expect(due.length).toBeGreaterThan(3);
    for (const at of due)
      expect(due.filter((other) => other >= at && other < at + SECOND).length).toBeLessThanOrEqual(3);
  });

  test("gives a paused endpoint something to be asked with, and waits with the rest until it goes on", async () => {
    await announceMany(300);
    await hatch.endAll("failed");
    await hatch.call("PATCH", `/v1/webhooks/${id}`, { body: { active: false } });
    const { body } = await hatch.recover(id);
    await hatch.pass(20);
    const waiting = await hatch.deliveries("status = 'pending'");
    expect(waiting.length).toBeGreaterThan(0);
    expect(waiting.length).toBeLessThan(300);
    expect((await hatch.job("GET", `/v1/jobs/${body.id}`)).body.status).toBe("running");
    await hatch.call("POST", `/v1/webhooks/${id}/resume`);
    // Nobody sends here: what waits is taken away as if it had been.
    for (let n = 0; n < 12; n++) {
      await hatch.endAll("delivered", "status = 'pending'");
      await hatch.pass(1);
    }
    expect((await hatch.ended(body.id)).progress).toMatchObject({ total: 300, recovered: 300 });
  });

  test("waits while more is due than the endpoint takes", async () => {
    await announceMany(1_000);
    const old = await hatch.deliveries();
    await announceMany(20);
    await hatch.endAll("failed", `id > '${old.at(-1)?.id}'`);
    const { body } = await hatch.recover(id);
    await hatch.pass(1);
    const { commits } = hatch.context.database.statistics();
    await hatch.pass(5);
    expect(await hatch.deliveries("status = 'pending'")).toHaveLength(1_000);
    // It looks again once a second, and not as often as it can.
    expect(hatch.context.database.statistics().commits - commits).toBeLessThan(40);
    await hatch.endAll("delivered", "status = 'pending'");
    expect((await hatch.ended(body.id)).progress.recovered).toBe(20);
  }, 20_000);

  test("a second one of the same subscription waits for the first, and finds only what has ended since", async () => {
    await announceMany(60);
    await hatch.endAll("failed");
    const first = (await hatch.recover(id, { rate: { count: 20, per: "1s" } })).body;
    const second = (await hatch.recover(id, { rate: { count: 1_000, per: "1s" } })).body;
    await hatch.pass(1);
    expect((await hatch.deliveries("status = 'pending'")).length).toBeLessThan(60);
    const one = await hatch.ended(first.id);
    const two = await hatch.ended(second.id);
    expect(one.progress.recovered).toBe(60);
    expect(two.progress.recovered).toBe(0);
    expect([two.progress.done, two.progress.leftAlone]).toEqual([two.progress.total, two.progress.total]);
  }, 30_000);
});

describe("a count", () => {
  test("tells what would be sent, by status and by subscription, and changes nothing", async () => {
    const other = await hatch.subscribe({ endpoint: ENDPOINT, events: ["level.changed"] });
    await announceMany(3);
    await hatch.announce("level.changed");
    const ids = (await hatch.deliveries(`subscription_id = '${id}'`)).map((row) => row.id);
    await hatch.endAll("failed", `id = '${ids[0]}'`);
    await hatch.endAll("skipped", `id = '${ids[1]}'`);
    await hatch.endAll("canceled", `id = '${ids[2]}'`);
    await hatch.endAll("failed", `subscription_id = '${other}'`);
    await hatch.context.database.write((writer) =>
      writer.run("UPDATE outbound_events SET body = NULL WHERE type = 'level.changed'"),
    );
    const before = await hatch.deliveries();
    const { status, body } = await hatch.recover("all", { dryRun: true });
    expect(status).toBe(200);
    const none = { skipped: 0, canceled: 0, missed: 0, unwanted: 0, leftOut: null, status: "active" };
    expect(body).toMatchObject({
      dryRun: true,
      total: 2,
      failed: 1,
      skipped: 1,
      canceled: 0,
      missed: 0,
      bodyPurged: 1,
      complete: true,
    });
    expect(body.subscriptions).toEqual([
      { subscriptionId: id, ...none, total: 2, failed: 1, skipped: 1, bodyPurged: 0 },
      { subscriptionId: other, ...none, total: 0, failed: 0, bodyPurged: 1 },
    ]);
    const named = await hatch.recover(id, { dryRun: true, statuses: ["canceled"] });
    expect(named.body).toMatchObject({ total: 1, canceled: 1, failed: 0 });
    expect(await hatch.deliveries()).toEqual(before);
    expect(await hatch.rows("SELECT id FROM jobs WHERE kind = 'webhooks.recover'")).toEqual([]);
    expect(await actions()).not.toContain("webhook.recovery_started");
  });
});

describe("who and what is refused", () => {
  test("an unknown, foreign or deleted subscription, times and rates that make no sense", async () => {
    const wrong: readonly [object, string][] = [
      [{ since: "yesterday" }, "since"],
      [{ since: undefined }, "since"],
      [{ until: iso(now() - DAY) }, "until"],
      [{ statuses: [] }, "statuses"],
      [{ statuses: ["delivered"] }, "statuses.0"],
      [{ rate: { count: 0, per: "1s" } }, "rate.count"],
      [{ rate: { count: 1, per: "10ms" } }, "rate.per"],
      [{ rate: { count: 5_000, per: "1s" } }, "rate"],
      [{ subscriptions: [id] }, "subscriptions"],
    ];
    for (const [body, path] of wrong) {
      const answer = await hatch.recover(id, body);
      expect([body, answer.status, answer.body.error.details?.[0]?.path]).toEqual([body, 422, path]);
    }
    const unknown = hatch.context.ids.next("sub");
    expect((await hatch.recover(unknown)).status).toBe(404);
    const named = await hatch.recover("all", { subscriptions: [id, unknown, "x"] });
    expect([named.status, named.body.error.details.map(({ path }: { path: string }) => path)]).toEqual([
      422,
      ["subscriptions.1", "subscriptions.2"],
    ]);
    const foreign = hatch.server.keyFor(hatch.workspace.principal("test"));
    expect(
      (await hatch.call("POST", `/v1/webhooks/${id}/recover`, { body: { since: iso(now()) }, key: foreign })).status,
    ).toBe(404);
    const reader = hatch.server.keyFor({ ...hatch.principal, scopes: new Set(["webhooks:read"]) });
    expect(
      (await hatch.call("POST", "/v1/webhooks/recover", { body: { since: iso(now()) }, key: reader })).status,
    ).toBe(403);
    await hatch.call("DELETE", `/v1/webhooks/${id}`);
    expect((await hatch.recover(id)).status).toBe(404);
    expect(await hatch.rows("SELECT id FROM jobs WHERE kind = 'webhooks.recover'")).toEqual([]);
  });

  test("a hundred that have not ended are enough", async () => {
    const answers = await Promise.all(Array.from({ length: 101 }, () => hatch.recover(id)));
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(100);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(1);
  });

  test("asked again under the same Idempotency-Key it is the same job", async () => {
    await announceMany(2);
    await hatch.endAll("failed");
    const ask = () =>
      hatch.call("POST", `/v1/webhooks/${id}/recover`, {
        body: { since: iso(now() - HOUR) },
        headers: { "idempotency-key": "once" },
      });
    const first = await ask();
    const again = await ask();
    expect([again.status, again.body.id, again.headers.get("location")]).toEqual([
      202,
      first.body.id,
      `/v1/jobs/${first.body.id}`,
    ]);
    expect(await hatch.rows("SELECT id FROM jobs WHERE kind = 'webhooks.recover'")).toHaveLength(1);
  });
});

describe("what was skipped because its filter failed", () => {
  const FAILING = "event.data.amount / (event.data.amount - event.data.amount) > 0";
  const MENDED = "event.data.amount > 5";
  const mend = (filter: string) => hatch.call("PATCH", `/v1/webhooks/${id}`, { body: { filter } });
  const skipThree = async () => {
    expect((await mend(FAILING)).status).toBe(200);
    for (const amount of [3, 7, 9]) await hatch.announce("points.earned", { userId: "user_42", amount });
    expect(await statuses()).toEqual(["skipped", "skipped", "skipped"]);
  };

  test("is sent where the mended filter wants it; the rest stays skipped with a plain reason", async () => {
    await skipThree();
    expect((await mend(MENDED)).status).toBe(200);
    const counted = await hatch.recover(id, { dryRun: true });
    expect(counted.body).toMatchObject({ total: 2, skipped: 2, unwanted: 1, complete: true });
    const job = await hatch.ended((await hatch.recover(id)).body.id);
    expect(job).toMatchObject({
      status: "done",
      progress: { total: 3, done: 3, recovered: 2, unwanted: 1, skipped: 1, leftAlone: 0 },
    });
    const [small, ...others] = await hatch.deliveries();
    expect(small).toMatchObject({ status: "skipped", reason: "the subscription's filter does not want it" });
    expect(others.map(({ status, reason }) => [status, reason])).toEqual([
      ["pending", null],
      ["pending", null],
    ]);
  });

  test("stays skipped while the filter fails still, also where the subscription was disabled when it came", async () => {
    await skipThree();
    await hatch.context.database.write((writer) =>
      writer.run("UPDATE deliveries SET reason = 'the subscription is disabled'"),
    );
    const job = await hatch.ended((await hatch.recover(id)).body.id);
    expect(job.progress).toMatchObject({ total: 3, done: 3, recovered: 0, unwanted: 3 });
    for (const row of await hatch.deliveries()) {
      expect(row.status).toBe("skipped");
      expect(String(row.reason)).toStartWith("the filter failed: ");
    }
  });

  test("what was tried already is not asked about: it was wanted when it came", async () => {
    await announceMany(2);
    await hatch.endAll("skipped");
    expect((await mend("event.data.amount > 1000")).status).toBe(200);
    const job = await hatch.ended((await hatch.recover(id)).body.id);
    expect(job.progress).toMatchObject({ recovered: 2, unwanted: 0 });
  });
});

describe("what a count or a recovery costs others", () => {
  test("others have their turn while much is counted", async () => {
    await announceMany(1_000);
    await hatch.endAll("failed");
    // Each question as slow as over a long list.
    const { database } = hatch.context;
    const { read } = database;
    const slow = spyOn(database, "read").mockImplementation((<T>(ask: (reader: Reader) => Promise<T>) => {
      const until = performance.now() + 3;
      while (performance.now() < until);
      return read.call(database, ask);
    }) as typeof read);
    let turns = 0;
    let on = true;
    const others = (async () => {
      while (on) {
        await new Promise((resolve) => setTimeout(resolve, 0));
        turns += 1;
      }
    })();
    const answers = await Promise.all(Array.from({ length: 4 }, () => hatch.recover(id, { dryRun: true })));
    on = false;
    await others;
    slow.mockRestore();
    expect(answers.map(({ body }) => body.total)).toEqual([1_000, 1_000, 1_000, 1_000]);
    expect(turns).toBeGreaterThan(4);
  });

  test("four counts of an environment at once are enough; the next is told to wait", async () => {
    const answers = await Promise.all(Array.from({ length: 6 }, () => hatch.recover("all", { dryRun: true })));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 200, 200, 429, 429]);
    const refused = answers.find(({ status }) => status === 429);
    expect([refused?.body.error.code, refused?.headers.get("retry-after")]).toEqual(["rate_limited", "15"]);
    expect((await hatch.recover("all", { dryRun: true })).status).toBe(200);
  });

  test("many that are held by an earlier recovery are put off together, not with a commit for each", async () => {
    for (let n = 0; n < 40; n++) await hatch.subscribe({ endpoint: ENDPOINT });
    await announceMany(30);
    await hatch.endAll("failed");
    await hatch.recover("all", { rate: { count: 1, per: "24h" } });
    await hatch.pass(3);
    const { commits } = hatch.context.database.statistics();
    const { body } = await hatch.recover("all");
    await hatch.pass(2);
    expect(hatch.context.database.statistics().commits - commits).toBeLessThan(15);
    const held = await hatch.rows(
      `SELECT next_at FROM recovery_parts WHERE job_id = '${body.id}' AND next_at > ${now()} AND done = 0`,
    );
    expect(held).toHaveLength(41);
  });
});
