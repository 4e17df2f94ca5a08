import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createTestWebhooks, SECRET, type TestWebhooks } from "../../../../tests/support/webhooks.ts";
import { DAY } from "../../../kernel/units.ts";

let hatch: TestWebhooks;
beforeEach(async () => {
  hatch = await createTestWebhooks();
});
afterEach(() => hatch.close());

const ENDPOINT = "http://127.0.0.1:8099/hook";
const create = (fields: Record<string, unknown> = {}, key = hatch.key) =>
  hatch.call("POST", "/v1/webhooks", { body: { endpoint: ENDPOINT, events: ["score.created"], ...fields }, key });
const counts = async () =>
  Object.fromEntries(
    await Promise.all(
      ["subscriptions", "subscription_secrets", "audit_entries", "outbound_events", "deliveries", "jobs"].map(
        async (table) => [table, (await hatch.rows(`SELECT COUNT(*) AS n FROM ${table}`))[0]!.n],
      ),
    ),
  );

describe("subscribing", () => {
  test("answers the origin document's call with the origin document's fields first", async () => {
    const answer = await hatch.call("POST", "/v1/webhooks", {
      body: { endpoint: ENDPOINT, events: ["score.created", "enrollment.created"], secret: SECRET },
    });
    expect(answer.status).toBe(201);
    expect(Object.keys(answer.body).slice(0, 4)).toEqual(["id", "endpoint", "events", "active"]);
    expect(answer.body).toMatchObject({
      id: expect.stringMatching(/^sub_[0-9a-z]{26}$/),
      endpoint: ENDPOINT,
      events: ["score.created", "enrollment.created"],
      active: true,
      status: "active",
      reason: null,
      retryDelays: ["1m", "5m", "30m", "2h", "6h"],
    });
    expect(answer.body.secret).toBeUndefined();
    expect(await counts()).toEqual({
      subscriptions: 1,
      subscription_secrets: 1,
      audit_entries: 1,
      outbound_events: 0,
      deliveries: 0,
      jobs: 0,
    });
    const [entry] = await hatch.rows("SELECT action, target, actor, details FROM audit_entries");
    expect(entry).toMatchObject({ action: "webhook.created", target: answer.body.id, actor: hatch.principal.keyId });
    expect(JSON.parse(entry!.details as string)).toEqual({
      after: expect.objectContaining({
        mode: "push",
        origin: "http://127.0.0.1:8099",
        events: ["score.created", "enrollment.created"],
        status: "active",
      }),
    });
  });

  test("makes a secret of 32 bytes where none is given and shows it once", async () => {
    const { body } = await create();
    expect(body.secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(Buffer.from(body.secret.slice(6), "base64")).toHaveLength(32);
    for (const path of [`/v1/webhooks/${body.id}`, "/v1/webhooks"]) {
      expect((await hatch.call("GET", path)).text).not.toContain(body.secret.slice(6));
    }
  });

  test("keeps every setting, and shows headers masked", async () => {
    const settings = {
      description: "the shop",
      rateLimit: { count: 10, per: "1s" },
      retryDelays: ["1s", "90s", "24h"],
      pauseAfter: 1,
      pauseFor: "6h",
    };
    const { body } = await create({ ...settings, headers: { Authorization: "Bearer very-secret-token" } });
    expect(body).toMatchObject({ ...settings, retryDelays: ["1s", "90s", "1d"], headers: { Authorization: "***" } });
  });

  test("leaves nothing readable of secrets and header values: no answer, no log, no byte of the database", async () => {
    await create({ secret: SECRET, headers: { "X-Api-Key": "very-secret-token" } });
    const made = (await create()).body.secret as string;
    await hatch.call("GET", "/v1/webhooks");
    await create({ secret: "whsec_too_short_but_secret" });
    await hatch.context.database.write((writer) => writer.run("UPDATE instance SET value = value"));
    const files = ["hatch.db", "hatch.db-wal"].map((name) =>
      readFileSync(join(hatch.context.directory, name), "latin1"),
    );
    const seen = [...files, ...hatch.context.logged].join("\n");
    for (const text of [SECRET, made, made.slice(6), "very-secret-token", "whsec_too_short_but_secret"]) {
      expect(seen).not.toContain(text);
    }
    expect(seen).toContain("sub_");
  });

  test.each([
    ["no events", { events: [] }, "events"],
    ["an unknown event of ours", { events: ["score.createt"] }, "events.0"],
    ["a family that is none", { events: ["scores.*"] }, "events.0"],
    ["101 events", { events: Array.from({ length: 101 }, (_, index) => `type_${index}`) }, "events"],
    ["no endpoint", { endpoint: undefined }, "endpoint"],
    ["an endpoint that is no URL", { endpoint: "nowhere" }, "endpoint"],
    ["a private endpoint", { endpoint: "https://10.1.2.3/hook" }, "endpoint"],
    ["a secret of 31 characters", { secret: "x".repeat(31) }, "secret"],
    ["a secret of 63 hex digits", { secret: `${"a1".repeat(31)}f` }, "secret"],
    ["a prefixed secret of 62 hex digits", { secret: `whsec_${"a1".repeat(31)}` }, "secret"],
    ["a secret with a line break", { secret: `${SECRET}\n` }, "secret"],
    ["a secret of 257 characters", { secret: "x".repeat(257) }, "secret"],
    ["a header of ours", { headers: { "X-Hatch-Event": "x" } }, "headers.X-Hatch-Event"],
    ["a header of Standard Webhooks", { headers: { "Webhook-Id": "x" } }, "headers.Webhook-Id"],
    ["the host header", { headers: { host: "internal" } }, "headers.host"],
    ["the body's length", { headers: { "Content-Length": "0" } }, "headers.Content-Length"],
    ["a header with a line break", { headers: { "X-A": "a\r\nX-B: b" } }, "headers.X-A"],
    ["a header name with a colon", { headers: { "X-A:": "a" } }, "headers.X-A:"],
    ["a header named __proto__", { headers: JSON.parse('{"__proto__":"x"}') }, "headers.__proto__"],
    ["a header named constructor", { headers: { constructor: "x" } }, "headers.constructor"],
    ["a header named prototype", { headers: { prototype: "x" } }, "headers.prototype"],
    ["a header as it is shown", { headers: { "X-A": "***" } }, "headers.X-A"],
    ["headers as an array", { headers: [] }, "headers"],
    ["a rate limit as an array", { rateLimit: [] }, "rateLimit"],
    ["a cloud's metadata name", { endpoint: "http://metadata.google.internal/" }, "endpoint"],
    ["one header in two spellings", { headers: { "X-A": "a", "x-a": "b" } }, "headers"],
    ["21 headers", { headers: Object.fromEntries([...Array(21).keys()].map((n) => [`X-${n}`, "a"])) }, "headers"],
    ["21 retries", { retryDelays: Array(21).fill("1m") }, "retryDelays"],
    ["a retry after half a second", { retryDelays: ["500ms"] }, "retryDelays.0"],
    ["a retry after more than a day", { retryDelays: ["25h"] }, "retryDelays.0"],
    ["a retry after 60 seconds as a number", { retryDelays: [60] }, "retryDelays.0"],
    ["pausing after no failure", { pauseAfter: 0 }, "pauseAfter"],
    ["pausing for a second", { pauseFor: "1s" }, "pauseFor"],
    ["a rate of nothing", { rateLimit: { count: 0, per: "1s" } }, "rateLimit.count"],
    ["an unknown field", { retries: 3 }, "retries"],
    ["an unknown mode", { mode: "carrier-pigeon" }, "mode"],
    ["a pull subscription with an endpoint", { mode: "pull" }, "endpoint"],
  ])("refuses %s and leaves nothing behind", async (_name, fields, path) => {
    const before = await counts();
    const answer = await create(fields);
    expect(answer.status).toBe(422);
    expect(answer.body.error.code).toBe("validation_failed");
    expect(answer.body.error.details.map((detail: { path: string }) => detail.path)).toContain(path);
    expect(await counts()).toEqual(before);
  });

  test.each([
    ["64 hex digits", "a1".repeat(32)],
    ["32 characters", "abcdefghijklmnopqrstuvwxyz!#$%&/"],
    ["the origin document's example", SECRET],
  ])("takes a secret of %s", async (_name, secret) => {
    expect((await create({ secret })).status).toBe(201);
  });

  test("takes a rate limit, and no retries at all", async () => {
    const rateLimit = { count: 5, per: "1s" };
    const { body } = await create({ rateLimit, retryDelays: [] });
    expect(body).toMatchObject({ rateLimit, retryDelays: [] });
    expect(body).not.toHaveProperty("warnings");
    const change = (fields: unknown) => hatch.call("PATCH", `/v1/webhooks/${body.id}`, { body: fields });
    expect((await change({ rateLimit: { count: 7, per: "1m" } })).body.rateLimit).toEqual({ count: 7, per: "1m" });
    expect((await change({ rateLimit: null })).body.rateLimit).toBeNull();
    expect((await create()).body).not.toHaveProperty("warnings");
  });

  test("accepts a name that can't be resolved, with a warning", async () => {
    const { status, body } = await create({ endpoint: "https://no-such-host.invalid/hook" });
    expect(status).toBe(201);
    expect(body.warnings).toEqual([expect.any(String)]);
  });

  test("loopback is allowed without a setting only in the test environment of a server on loopback", async () => {
    const strict = await createTestWebhooks({ config: { allowNetworks: [] } });
    const inTest = strict.server.keyFor(strict.workspace.principal("test"));
    const body = { endpoint: ENDPOINT, events: ["*"] };
    expect((await strict.call("POST", "/v1/webhooks", { body, key: inTest })).status).toBe(201);
    expect((await strict.call("POST", "/v1/webhooks", { body })).status).toBe(422);
    await strict.close();
  });
});

describe("who may", () => {
  test("a read-only key reads and changes nothing", async () => {
    const { id } = (await create()).body;
    const key = hatch.server.keyFor({ ...hatch.principal, scopes: new Set(["webhooks:read"]) });
    expect((await create({}, key)).status).toBe(403);
    for (const [method, path] of [
      ["PATCH", `/v1/webhooks/${id}`],
      ["DELETE", `/v1/webhooks/${id}`],
      ["POST", `/v1/webhooks/${id}/test`],
      ["POST", `/v1/webhooks/${id}/rotate-secret`],
      ["POST", `/v1/webhooks/${id}/rotate-secret/finish`],
      ["POST", `/v1/webhooks/${id}/resume`],
      ["POST", `/v1/webhooks/${id}/ack`],
      ["GET", `/v1/webhooks/${id}/pull`],
      ["POST", "/v1/deliveries/dlv_0000000000e008000000000000/replay"],
      ["POST", "/v1/deliveries/dlv_0000000000e008000000000000/cancel"],
    ] as const) {
      const answer = await hatch.call(method, path, { key, ...(method === "GET" ? {} : { body: {} }) });
      expect([path, answer.status, answer.body.error?.message]).toEqual([
        path,
        403,
        "The key lacks the scope webhooks:write.",
      ]);
    }
    expect((await hatch.call("GET", `/v1/webhooks/${id}`, { key })).status).toBe(200);
  });

  test("another tenant's and the other environment's ids are not found", async () => {
    const { id } = (await create()).body;
    await hatch.announce("score.created");
    const delivery = await hatch.delivery();
    const others = [
      hatch.workspace.principal("test"),
      { ...hatch.principal, environmentId: hatch.context.ids.next("env"), workspaceId: hatch.context.ids.next("ws") },
    ];
    for (const other of others) {
      const key = hatch.server.keyFor(other);
      for (const [method, path] of [
        ["GET", `/v1/webhooks/${id}`],
        ["PATCH", `/v1/webhooks/${id}`],
        ["DELETE", `/v1/webhooks/${id}`],
        ["POST", `/v1/webhooks/${id}/test`],
        ["POST", `/v1/webhooks/${id}/rotate-secret`],
        ["POST", `/v1/webhooks/${id}/rotate-secret/finish`],
        ["POST", `/v1/webhooks/${id}/resume`],
        ["GET", `/v1/webhooks/${id}/health`],
        ["GET", `/v1/webhooks/${id}/pull`],
        ["GET", `/v1/deliveries/${delivery.id}`],
        ["POST", `/v1/deliveries/${delivery.id}/replay`],
        ["POST", `/v1/deliveries/${delivery.id}/cancel`],
        ["GET", `/v1/outbound-events/${delivery.outbound_event_id}`],
      ] as const) {
        const answer = await hatch.call(method, path, { key, ...(method === "GET" ? {} : { body: {} }) });
        expect([method, path, answer.status]).toEqual([method, path, 404]);
      }
      expect((await hatch.call("GET", "/v1/webhooks?all=true", { key })).body.data).toEqual([]);
      expect((await hatch.call("GET", "/v1/deliveries", { key })).body.data).toEqual([]);
    }
  });

  test.each(["nonsense", "sub_", "sub_0000000000e008000000000000", "dlv_0000000000e008000000000000"])(
    "%s is not found",
    async (id) => {
      expect((await hatch.call("GET", `/v1/webhooks/${id}`)).status).toBe(404);
    },
  );
});

describe("listing", () => {
  test("shows a key its own, and the environment's on request, newest first, page by page", async () => {
    const other = hatch.server.keyFor(hatch.workspace.principal("live"));
    const ids: string[] = [];
    for (const key of [hatch.key, other, hatch.key]) ids.unshift((await create({}, key)).body.id);
    const list = async (query: string) =>
      (await hatch.call("GET", `/v1/webhooks${query}`)).body as { data: { id: string }[]; next: string | null };
    expect((await list("")).data.map(({ id }) => id)).toEqual([ids[0]!, ids[2]!]);
    expect((await list("?all=true")).data.map(({ id }) => id)).toEqual(ids);
    const first = await list("?all=true&limit=2");
    expect(first.data.map(({ id }) => id)).toEqual(ids.slice(0, 2));
    const second = await list(`?all=true&limit=2&after=${first.next}`);
    expect(second).toMatchObject({ data: [{ id: ids[2] }], next: null });
    expect((await hatch.call("GET", "/v1/webhooks?all=perhaps")).status).toBe(422);
  });
});

describe("changing", () => {
  test("asks for an object: an array, which names no field either, is refused", async () => {
    const { id } = (await create()).body;
    const { status, body } = await hatch.call("PATCH", `/v1/webhooks/${id}`, { body: [] });
    expect([status, body.error.details]).toEqual([422, [{ path: "", message: "Must be an object." }]]);
  });

  test("leaves what is not named, and takes away what is null", async () => {
    const { id } = (await create({ description: "old", pauseAfter: 3, headers: { "X-A": "a" } })).body;
    const { body } = await hatch.call("PATCH", `/v1/webhooks/${id}`, {
      body: { events: ["points.*"], description: null, headers: null },
    });
    expect(body).toMatchObject({
      endpoint: ENDPOINT,
      events: ["points.*"],
      description: null,
      pauseAfter: 3,
      headers: {},
    });
  });

  test("counts from the next event on", async () => {
    const { id } = (await create({ events: ["points.earned"] })).body;
    expect(await hatch.announce("score.created")).toBeUndefined();
    await hatch.call("PATCH", `/v1/webhooks/${id}`, { body: { events: ["score.created"] } });
    expect(await hatch.announce("score.created")).toBeString();
    expect(await hatch.announce("points.earned")).toBeUndefined();
  });

  test("vets a new endpoint as the first one was", async () => {
    const { id } = (await create()).body;
    const answer = await hatch.call("PATCH", `/v1/webhooks/${id}`, { body: { endpoint: "https://169.254.169.254/" } });
    expect(answer.status).toBe(422);
    expect((await hatch.call("GET", `/v1/webhooks/${id}`)).body.endpoint).toBe(ENDPOINT);
  });

  test("can't bring a secret: that is what rotating is for", async () => {
    const { id } = (await create()).body;
    expect((await hatch.call("PATCH", `/v1/webhooks/${id}`, { body: { secret: SECRET } })).status).toBe(422);
  });
});

describe("deleting", () => {
  test("takes the subscription and its secrets away, cancels what waits, keeps what was delivered readable", async () => {
    const { id } = (await create()).body;
    await hatch.call("PATCH", `/v1/webhooks/${id}`, { body: { active: false } });
    await hatch.announce("score.created");
    const deleted = await hatch.call("DELETE", `/v1/webhooks/${id}`);
    expect([deleted.status, deleted.text]).toEqual([204, ""]);
    expect((await hatch.call("GET", `/v1/webhooks/${id}`)).status).toBe(404);
    expect((await hatch.call("DELETE", `/v1/webhooks/${id}`)).status).toBe(404);
    expect(await hatch.rows("SELECT id FROM subscription_secrets")).toEqual([]);
    const { data } = (await hatch.call("GET", `/v1/deliveries?subscription=${id}`)).body;
    expect(data).toEqual([
      expect.objectContaining({ status: "canceled", reason: "the subscription was deleted", waitingFor: null }),
    ]);
    expect((await hatch.call("POST", `/v1/deliveries/${data[0].id}/replay`)).status).toBe(409);
    expect(await hatch.announce("score.created")).toBeUndefined();
  });
});

describe("rotating", () => {
  test("makes a secret, shows it once, and says until when the old one is valid", async () => {
    const { id } = (await create({ secret: SECRET })).body;
    const { status, body } = await hatch.call("POST", `/v1/webhooks/${id}/rotate-secret`);
    expect(status).toBe(200);
    expect(body.secret).toMatch(/^whsec_/);
    expect(Date.parse(body.overlapEndsAt) - hatch.context.clock.now()).toBe(DAY);
    expect((await hatch.call("GET", `/v1/webhooks/${id}`)).text).not.toContain(body.secret.slice(6));
  });

  test("an overlap of 0s ends the old one at once", async () => {
    const { id } = (await create()).body;
    const { body } = await hatch.call("POST", `/v1/webhooks/${id}/rotate-secret`, { body: { overlap: "0s" } });
    expect(body.overlapEndsAt).toBeNull();
    expect(await hatch.rows("SELECT id FROM subscription_secrets")).toHaveLength(1);
  });

  test("has at most five secrets valid at once, and refuses a weak one", async () => {
    const { id } = (await create()).body;
    const rotate = (body: unknown) => hatch.call("POST", `/v1/webhooks/${id}/rotate-secret`, { body });
    expect((await rotate({ secret: "weak" })).status).toBe(422);
    expect((await rotate({ overlap: "31d" })).status).toBe(422);
    for (let turn = 0; turn < 4; turn++) expect((await rotate({})).status).toBe(200);
    expect((await rotate({})).status).toBe(409);
    expect((await hatch.call("POST", `/v1/webhooks/${id}/rotate-secret/finish`)).status).toBe(200);
    expect((await rotate({})).status).toBe(200);
  });
});

describe("the rest", () => {
  test("the catalogue lists every event with its schema and example", async () => {
    const { data } = (await hatch.call("GET", "/v1/webhooks/events")).body;
    expect(data.map(({ name }: { name: string }) => name)).toContain("score.created");
    expect(data.every((type: { schema: unknown; example: unknown }) => type.schema && type.example)).toBe(true);
  });

  test("a test event goes to this subscription only, with the catalogue's example", async () => {
    const { id } = (await create({ events: ["points.*"] })).body;
    await create({ events: ["points.*"] });
    const { status, body } = await hatch.call("POST", `/v1/webhooks/${id}/test`);
    expect(status).toBe(202);
    expect(body.event).toStartWith("points.");
    expect(await hatch.rows("SELECT id, subscription_id FROM deliveries")).toEqual([
      { id: body.deliveryId, subscription_id: id },
    ]);
    const event = (await hatch.call("GET", `/v1/outbound-events/${body.outboundEventId}`)).body;
    expect(JSON.parse(event.body).data).toEqual(hatch.webhooks.room.catalogue.find(body.event)!.example);
    expect((await hatch.call("POST", `/v1/webhooks/${id}/test`, { body: { event: "no.such" } })).status).toBe(422);
  });

  test("a test event of a forwarded type has the shape of a forwarded event", async () => {
    const { id } = (await create({ events: ["fw", "lesson_completed"] })).body;
    const all = (await create({ events: ["*"] })).body.id;
    const data = { type: "fw", userId: "user_42", occurredAt: "2026-11-20T18:04:00.000Z", properties: {} };
    for (const [subscription, body] of [
      [id, {}],
      [id, { event: "fw" }],
      [all, { event: "fw" }],
    ] as const) {
      const sent = await hatch.call("POST", `/v1/webhooks/${subscription}/test`, { body });
      expect([sent.status, sent.body.event]).toEqual([202, "fw"]);
      const event = (await hatch.call("GET", `/v1/outbound-events/${sent.body.outboundEventId}`)).body;
      expect(JSON.parse(event.body)).toMatchObject({ event: "fw", data });
    }
    for (const event of ["fw2", "*", "points.*", "points.sold"]) {
      const refused = await hatch.call("POST", `/v1/webhooks/${id}/test`, { body: { event } });
      expect([event, refused.status]).toEqual([event, 422]);
    }
  });

  test("health says what waits and since when", async () => {
    const { id } = (await create()).body;
    await hatch.call("PATCH", `/v1/webhooks/${id}`, { body: { active: false } });
    await hatch.announce("score.created");
    const since = new Date(hatch.context.clock.now()).toISOString();
    expect((await hatch.call("GET", `/v1/webhooks/${id}/health`)).body).toMatchObject({
      status: "paused",
      reason: "paused on request",
      failuresInRow: 0,
      waiting: { count: 1, oldestCreatedAt: since },
    });
  });
});
