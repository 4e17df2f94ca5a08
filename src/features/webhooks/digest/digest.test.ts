import { afterEach, describe, expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import Ajv from "ajv/dist/2020";
import { withFaults } from "../../../../tests/support/faults.ts";
import { startReceiver } from "../../../../tests/support/receiver.ts";
import { createTestWebhooks, SECRET, type TestWebhooks, until } from "../../../../tests/support/webhooks.ts";
import { mailPlace } from "../../../journal/mail.ts";
import { parseIsoTime } from "../../../kernel/clock.ts";
import type { Id } from "../../../kernel/ids.ts";
import { HOUR, type UnixMs } from "../../../kernel/units.ts";
import { DIGEST_EVENT_TYPE } from "./event-type.ts";
import { examineDigests } from "./examine.ts";
import { createDigestJob } from "./job.ts";
import type { DigestPlan } from "./plan.ts";

let room: TestWebhooks;
const receivers: { stop(): void }[] = [];
afterEach(async () => {
  await room?.close();
  for (const receiver of receivers.splice(0)) receiver.stop();
});

const shape = new Ajv({ strict: true, allErrors: true, allowUnionTypes: true })
  .addFormat("date-time", true)
  .addFormat("date", true)
  .compile(DIGEST_EVENT_TYPE.schema);

const at = (text: string): UnixMs => parseIsoTime(text) as UnixMs;

function endpoint(status: number) {
  const made = startReceiver(() => new Response("", { status }));
  receivers.push(made);
  return made;
}

interface Told {
  readonly subject: string;
  readonly recipient: string;
  readonly text: string;
  readonly html: string;
}

/** The job over the test's room, for one workspace with these settings. */
async function open(settings: Partial<DigestPlan> = {}, options: Parameters<typeof createTestWebhooks>[0] = {}) {
  room = await createTestWebhooks(options);
  let plan: DigestPlan = {
    workspaceId: room.workspace.workspaceId,
    workspaceName: "Riverside School",
    live: room.workspace.live,
    test: room.workspace.test,
    at: "08:00",
    zone: "UTC",
    mail: "traffic",
    ...settings,
  };
  const plans = { list: async () => [plan], find: async () => plan };
  const made = room.context.metrics.counter("tested_digests_total", "Of this test.");
  const findContacts = async () => [
    { email: "ada@riverside.example", name: "Ada" },
    { email: "ops@riverside.example", name: null },
  ];
  const run = (database = room.context.database, signal = new AbortController().signal) => {
    const context = { ...room.webhooks.room, database, digestPlans: plans };
    const job = createDigestJob(context, { findContacts, made });
    return job.run(context, {
      id: room.context.ids.next("job"),
      environmentId: undefined,
      payload: {},
      progress: undefined,
      failures: 0,
      signal,
      checkpoint: async () => {},
    });
  };
  return {
    run,
    plans,
    change: (changes: Partial<DigestPlan>) => {
      plan = { ...plan, ...changes };
    },
    digests: () => room.rows("SELECT covered, headline, mails FROM digests ORDER BY covered"),
    async mails(): Promise<readonly Told[]> {
      const rows = await room.rows("SELECT id, subject, recipient, content_sealed FROM mails ORDER BY id");
      return rows.map(({ id, subject, recipient, content_sealed }) => ({
        subject: String(subject),
        recipient: String(recipient),
        ...JSON.parse(room.context.keyring.open(mailPlace(id as Id<"mail">), String(content_sealed))),
      }));
    },
    events: () => room.rows("SELECT body FROM outbound_events WHERE type = 'digest.daily' ORDER BY id"),
    later: (time: string) => room.context.clock.set(at(time)),
  };
}

const settled = (attempts: number) =>
  until(async () => {
    const [row] = await room.rows("SELECT COUNT(*) AS n FROM attempts WHERE verdict <> 'open'");
    return row?.n === attempts;
  });

describe("the daily digest", () => {
  test("begins with the day after the first look, and comes once a day", async () => {
    const digest = await open({ mail: "always" });
    await digest.run();
    expect(await digest.digests()).toEqual([{ covered: "2026-11-19", headline: null, mails: 0 }]);
    digest.later("2026-11-21T07:59:59Z");
    await digest.run();
    expect(await digest.digests()).toHaveLength(1);
    digest.later("2026-11-21T08:00:00Z");
    await digest.run();
    await digest.run();
    expect(await digest.digests()).toEqual([
      { covered: "2026-11-19", headline: null, mails: 0 },
      { covered: "2026-11-20", headline: "No endpoints yet", mails: 2 },
    ]);
    expect((await digest.mails()).map(({ recipient }) => recipient)).toEqual([
      "ada@riverside.example",
      "ops@riverside.example",
    ]);
  });

  test("of days that were missed tells the newest only, and says which it is", async () => {
    const digest = await open({ mail: "always" });
    await digest.run();
    digest.later("2026-11-28T03:00:00Z");
    await digest.run();
    expect((await digest.digests()).map(({ covered }) => covered)).toEqual(["2026-11-19", "2026-11-26"]);
    expect((await digest.mails())[0]?.subject).toBe("No endpoints yet · Riverside School, Thursday 26 November");
    digest.later("2026-11-28T08:00:00Z");
    await digest.run();
    expect((await digest.digests()).map(({ covered }) => covered)).toEqual(["2026-11-19", "2026-11-26", "2026-11-27"]);
  });

  test("no clock that is set back, and none that was wrong, makes a day twice or leaves one out", async () => {
    const digest = await open({ mail: "always" });
    await digest.run();
    digest.later("2026-11-21T08:00:00Z");
    await digest.run();
    for (const time of ["2026-11-21T07:00:00Z", "2026-11-20T09:00:00Z", "2026-11-21T08:00:01Z"]) {
      digest.later(time);
      await digest.run();
    }
    expect((await digest.digests()).map(({ covered }) => covered)).toEqual(["2026-11-19", "2026-11-20"]);
    digest.later("2030-01-01T08:00:00Z");
    await digest.run();
    digest.later("2026-11-22T08:00:00Z");
    await digest.run();
    await digest.run();
    expect((await digest.digests()).map(({ covered }) => covered)).toEqual([
      "2026-11-19",
      "2026-11-20",
      "2026-11-21",
      "2029-12-31",
    ]);
  });

  test("a workspace that moves to another zone gets no date twice", async () => {
    const digest = await open({ mail: "always", zone: "Pacific/Auckland" });
    await digest.run();
    digest.later("2026-11-20T19:00:00Z");
    await digest.run();
    digest.change({ zone: "America/Los_Angeles" });
    for (let hour = 0; hour < 48; hour++) {
      room.context.clock.set(room.context.clock.now() + HOUR);
      await digest.run();
    }
    expect((await digest.digests()).map(({ covered }) => covered)).toEqual(["2026-11-19", "2026-11-20", "2026-11-21"]);
    expect(room.context.logged.filter((line) => line.includes("could not be made"))).toEqual([]);
  });

  test("is whole or not there, at whichever statement the disk fails, and comes with the next look", async () => {
    const digest = await open({ mail: "always" });
    const url = endpoint(200).url;
    await room.subscribe({ endpoint: url, events: ["digest.daily"] });
    await digest.run();
    digest.later("2026-11-21T08:00:00Z");
    const faulty = withFaults(room.context.database);
    for (let statement = 1; ; statement++) {
      faulty.strikeAt(statement);
      await digest.run(faulty);
      if (!faulty.struck()) break;
      expect([statement, (await digest.digests()).length]).toEqual([statement, 1]);
      expect([await digest.mails(), await digest.events()]).toEqual([[], []]);
    }
    expect([(await digest.mails()).length, (await digest.events()).length]).toEqual([2, 1]);
    await digest.run();
    expect([(await digest.mails()).length, (await digest.events()).length]).toEqual([2, 1]);
  });

  test("a commit whose answer was lost is not made again", async () => {
    const digest = await open({ mail: "always" });
    await digest.run();
    digest.later("2026-11-21T08:00:00Z");
    const faulty = withFaults(room.context.database);
    faulty.loseAnswer(1);
    await digest.run(faulty);
    await digest.run(faulty);
    expect((await digest.mails()).length).toBe(2);
  });

  test("is missed by the doctor, once it is an hour late", async () => {
    const digest = await open({ mail: "always" });
    const late = async () => (await examineDigests(room.context, digest.plans))[0]?.ok === false;
    expect(await late()).toBe(false);
    await digest.run();
    digest.later("2026-11-21T08:30:00Z");
    expect(await late()).toBe(false);
    digest.later("2026-11-21T09:00:01Z");
    // The server may not have run at all.
    expect(await late()).toBe(false);
    const ranAt = (time: string) =>
      room.context.database.write((writer) =>
        writer.insertMany({
          table: "jobs",
          columns: ["id", "kind", "payload", "status", "run_at", "failures", "epoch", "created_at", "started_at"],
          rows: [[room.context.ids.next("job"), "webhooks.digest", "{}", "done", at(time), 0, 1, at(time), at(time)]],
        }),
      );
    await ranAt("2026-11-21T07:55:00Z");
    expect(await late()).toBe(false);
    await ranAt("2026-11-21T08:05:00Z");
    expect(await late()).toBe(true);
    await digest.run();
    expect(await late()).toBe(false);
  });

  test("stops between two workspaces when the server does", async () => {
    const digest = await open({ mail: "always" });
    expect(await digest.run(room.context.database, AbortSignal.abort())).toMatchObject({ kind: "snooze" });
    expect(await digest.digests()).toEqual([]);
  });
});

describe("whether it is mailed", () => {
  test.each([
    ["always", 2, 2, 2],
    ["traffic", 0, 2, 2],
    ["trouble", 0, 0, 2],
    ["never", 0, 0, 0],
  ] as const)("%s: on a quiet day %d, on a good day %d, on a bad day %d", async (mail, quiet, good, bad) => {
    const digest = await open({ mail });
    let sent = 0;
    const mailed = async (): Promise<number> => {
      const count = (await digest.mails()).length - sent;
      sent += count;
      return count;
    };
    await digest.run();
    digest.later("2026-11-21T08:00:00Z");
    await digest.run();
    expect(await mailed()).toBe(quiet);
    await room.subscribe({ endpoint: endpoint(200).url, events: ["points.earned"] });
    await room.announce();
    await settled(1);
    digest.later("2026-11-22T08:00:00Z");
    await digest.run();
    expect(await mailed()).toBe(good);
    await room.subscribe({ endpoint: endpoint(410).url, events: ["points.spent"] });
    await room.announce("points.spent");
    await settled(2);
    digest.later("2026-11-23T08:00:00Z");
    await digest.run();
    expect(await mailed()).toBe(bad);
    expect(await digest.digests()).toHaveLength(4);
  });
});

describe("what it says", () => {
  test("a bad day: who needs a person and why, what was lost and how to send it again", async () => {
    const digest = await open({ zone: "Europe/Berlin" });
    await digest.run();
    const well = await room.subscribe({ endpoint: `${endpoint(200).url}/hook?token=s3cret` });
    const refusing = await room.subscribe({
      endpoint: `${endpoint(401).url}/<b>crm</b>`,
      description: "The <i>CRM</i> at https://evil.example",
    });
    const gone = await room.subscribe({ endpoint: endpoint(410).url });
    const paused = await room.subscribe({ endpoint: endpoint(503).url, pauseAfter: 1, pauseFor: "24h" });
    const told = endpoint(200);
    await room.subscribe({ endpoint: told.url, events: ["digest.daily"] });
    await room.announce();
    await settled(4);
    await room.announce();
    await settled(6);
    digest.later("2026-11-21T07:00:00Z");
    await digest.run();
    const [mail] = await digest.mails();
    expect(mail?.subject).toBe("3 of 5 endpoints need you · Riverside School, Friday 20 November");
    const text = mail?.text ?? "";
    expect(text).toContain("Delivered:     2 (0 the day before)");
    expect(text).toContain("Success rate:  33.3 % (none the day before)");
    const since = '"since":"2026-11-13T23:00:00.000Z"';
    expect(text).toContain(`[switched off]\n  ${gone}\n  Switched off: the endpoint answered 410 Gone.`);
    expect(text).toContain(`  POST /v1/webhooks/${gone}/resume\n  POST /v1/webhooks/${gone}/recover {${since}}\n`);
    expect(text).toContain(`[paused]\n  ${paused}\n  Paused until 21 November, 19:04: it is not available (503).`);
    expect(text).toContain("2 deliveries have failed for good: it refuses the signature (401).");
    expect(text).toContain(`POST /v1/webhooks/${refusing}/recover {${since}}`);
    expect(text).toContain(`POST /v1/webhooks/recover {${since},"dryRun":true}`);
    expect(text.indexOf(gone)).toBeLessThan(text.indexOf(paused));
    expect(text.indexOf(paused)).toBeLessThan(text.indexOf(refusing));
    expect(text).not.toContain(well);
    for (const form of [text, mail?.html ?? ""]) expect(form).not.toMatch(/s3cret|token=|https:\/\/evil\.example/);
    expect(mail?.html).not.toMatch(/<b>crm|<i>CRM/);

    const [received] = await told.arrived(1);
    const body = received?.body ?? "";
    const timestamp = received?.headers.get("x-hatch-timestamp");
    const signature = createHmac("sha256", SECRET).update(`${timestamp}.${body}`).digest("hex");
    expect(received?.headers.get("x-hatch-signature")).toBe(`sha256=${signature}`);
    const { event, data } = JSON.parse(body);
    expect(shape(data) || shape.errors).toBe(true);
    expect(event).toBe("digest.daily");
    expect(data).toMatchObject({
      date: "2026-11-20",
      zone: "Europe/Berlin",
      from: "2026-11-19T23:00:00.000Z",
      until: "2026-11-20T23:00:00.000Z",
      environment: "live",
      headline: "3 of 5 endpoints need you",
      delivered: 2,
      failed: 2,
      lost: 2,
      figures: { attempts: 6, delivered: 2, failed: 4, successRate: 0.3333 },
      dayBefore: { attempts: 0, successRate: null },
      endpoints: { total: 5, paused: 1, disabled: 1, needingYou: 3 },
    });
    expect(data.needYou.map((one: { state: string }) => one.state)).toEqual(["disabled", "paused", "losing"]);
    expect(body).not.toContain("s3cret");
    // It tells nothing of itself, a day later.
    await until(async () => (await room.delivery("event = 'digest.daily'")).status === "delivered");
    digest.later("2026-11-22T07:00:00Z");
    await digest.run();
    const [, second] = await told.arrived(2);
    expect(JSON.parse(second?.body ?? "").data).toMatchObject({ delivered: 0, figures: { attempts: 0 } });
  });

  test("where a day begins at half past an hour, the causes of that half hour are its own, and no others are", async () => {
    const digest = await open({ zone: "Asia/Kolkata" });
    await digest.run();
    let status = 404;
    const receiver = startReceiver(() => new Response("", { status }));
    receivers.push(receiver);
    await room.subscribe({ endpoint: receiver.url });
    digest.later("2026-11-20T18:40:00Z");
    await room.announce();
    await settled(1);
    status = 405;
    digest.later("2026-11-21T18:40:00Z");
    await room.announce();
    await settled(2);
    digest.later("2026-11-22T02:30:00Z");
    await digest.run();
    const [mail] = await digest.mails();
    expect(mail?.text).toContain("Why 1 attempt failed");
    expect(mail?.text).toContain("There is nothing at its path (404): 1 attempt, the last at 00:10.");
    const [, causes] = (mail?.text ?? "").split("Why 1 attempt failed");
    expect(causes).not.toContain("405");
  });

  test("the test environment stands behind the live one, and is told to its own subscriptions", async () => {
    const digest = await open();
    await digest.run();
    const testKey = room.server.keyFor(room.workspace.principal("test"));
    const told = endpoint(200);
    await room.call("POST", "/v1/webhooks", {
      key: testKey,
      body: { endpoint: told.url, events: ["digest.daily"], secret: SECRET },
    });
    await room.subscribe({ endpoint: endpoint(200).url });
    await room.announce();
    await settled(1);
    digest.later("2026-11-21T08:00:00Z");
    await digest.run();
    const [mail] = await digest.mails();
    expect(mail?.subject).toStartWith("All well at the one endpoint · ");
    expect(mail?.text).not.toContain("In the test environment");
    const [received] = await told.arrived(1);
    expect(JSON.parse(received?.body ?? "").data).toMatchObject({ environment: "test", delivered: 0 });
  });

  test("many endpoints in trouble make a letter that a mail program shows whole", async () => {
    const digest = await open();
    await digest.run();
    const url = endpoint(410).url;
    for (let index = 0; index < 40; index++) {
      await room.subscribe({ endpoint: `${url}/${"x".repeat(19)}-${index}`, description: "é".repeat(400) });
    }
    await room.announce();
    await settled(40);
    digest.later("2026-11-21T08:00:00Z");
    await digest.run();
    const [mail] = await digest.mails();
    expect(mail?.subject).toStartWith("40 of 40 endpoints need you");
    expect(mail?.text).toContain("And 28 more: GET /v1/webhooks/health lists them.");
    expect(Buffer.byteLength(mail?.html ?? "")).toBeLessThan(80_000);
  });

  test("a slow endpoint is named before it fails", async () => {
    const digest = await open({}, { config: { timeout: 400 as never } });
    await digest.run();
    const slow = startReceiver(async () => {
      await Bun.sleep(60);
      room.context.clock.set(room.context.clock.now() + 300);
      return new Response("");
    });
    receivers.push(slow);
    await room.subscribe({ endpoint: slow.url });
    await room.announce();
    await settled(1);
    digest.later("2026-11-21T08:00:00Z");
    await digest.run();
    expect((await digest.mails())[0]?.text).toContain(
      "Slow: its answers take up to 0.3 s, and are given up after 0.4 s.",
    );
  });
});
