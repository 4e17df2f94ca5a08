import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { type Browsers, openBrowsers, PAGE } from "../../../../tests/support/browsers.ts";
import { createTestContext, type TestContext } from "../../../../tests/support/context.ts";
import { HOUR } from "../../../kernel/units.ts";

let context: TestContext;
let at: Browsers;
let secret: string;

beforeEach(async () => {
  context = await createTestContext();
  at = await openBrowsers(context);
  secret = at.acme.environments.test.secretKey;
});
afterEach(() => context.close());

const create = (body: unknown, key = secret) => at.call("POST", "/v1/keys", { key, body });
const event = { type: "glossary_opened", userId: "user_42", properties: { word: "numerator" } };
const send = (key: string, body: unknown = event, origin: string | null = PAGE) =>
  at.fromPage("POST", "/v1/events", key, { body, origin });

const audited = async (action: string) =>
  (
    await context.database.read((reader) =>
      reader.all<{ details: string }>("SELECT details FROM audit_entries WHERE action = ? ORDER BY id", [action]),
    )
  ).map(({ details }) => JSON.parse(details));

describe("a publishable key", () => {
  test("is made with its origins, shown once, listed with them, and has no scopes", async () => {
    const made = await create({ name: "Website", kind: "publishable", origins: [PAGE, PAGE] });
    expect(made.status).toBe(201);
    const { secretKey, ...shown } = made.body;
    expect(secretKey).toMatch(/^hpk_test_[0-9A-Za-z]{49}$/);
    expect(shown).toMatchObject({ kind: "publishable", scopes: [], origins: [PAGE], eventTypes: null, ownedBy: null });
    expect(shown.secrets[0].prefix).toBe(secretKey.slice(0, 13));
    const listed = await at.call("GET", "/v1/keys", { key: secret });
    expect(listed.body.data[0]).toEqual(shown);
    expect(listed.body.data[1]).toMatchObject({ kind: "secret" });
    expect(Object.keys(listed.body.data[1])).not.toContain("origins");
    const rows = await context.database.read((reader) =>
      Promise.all(
        ["api_keys", "api_key_secrets", "audit_entries"].map((table) => reader.all(`SELECT * FROM ${table}`)),
      ),
    );
    expect(JSON.stringify(rows) + context.logged.join("")).not.toContain(secretKey);
  });

  test.each([
    ["origins", {}],
    ["origins", { origins: [] }],
    ["origins", { origins: Array.from({ length: 21 }, (_, n) => `https://a${n}.example`) }],
    ["origins.0", { origins: ["*"] }],
    ["origins.0", { origins: ["https://*.example.com"] }],
    ["origins.0", { origins: ["null"] }],
    ["origins.0", { origins: ["https://app.example.com/"] }],
    ["origins.0", { origins: ["https://App.example.com"] }],
    ["origins.0", { origins: ["https://app.example.com:443"] }],
    ["origins.0", { origins: ["https://bücher.example"] }],
    ["origins.0", { origins: ["https://user:pass@app.example.com"] }],
    ["origins.1", { origins: [PAGE, "http://app.example.com"] }],
    ["origins.0", { origins: ["file:///tmp"] }],
    ["origins.0", { origins: ["javascript:alert(1)"] }],
    ["scopes", { origins: [PAGE], scopes: ["events:write"] }],
    ["eventTypes", { origins: [PAGE], eventTypes: [] }],
    ["eventTypes.0", { origins: [PAGE], eventTypes: ["a\nb"] }],
  ])("with bad %s (%j) is 422 at its field", async (field, body) => {
    const answer = await create({ name: "x", kind: "publishable", ...body });
    expect([answer.status, answer.body.error.details?.[0].path]).toEqual([422, field]);
  });

  test("a secret key has neither origins nor event types", async () => {
    for (const [field, value] of [
      ["origins", [PAGE]],
      ["eventTypes", ["a"]],
    ] as const) {
      const answer = await create({ name: "x", [field]: value });
      expect([answer.status, answer.body.error.details[0].path]).toEqual([422, field]);
    }
  });

  test("plain http is for pages of this machine, in test only", async () => {
    const origins = ["http://localhost:3000", "http://127.0.0.1", "http://[::1]:8080", "http://app.localhost:5173"];
    expect((await create({ name: "x", kind: "publishable", origins })).status).toBe(201);
    const live = await create({ name: "x", kind: "publishable", origins }, at.acme.environments.live.secretKey);
    expect([live.status, live.body.error.details.length]).toEqual([422, 4]);
    for (const origin of ["http://localhost.example.com", "http://10.0.0.1", "http://mylocalhost"]) {
      expect((await create({ name: "x", kind: "publishable", origins: [origin] })).status).toBe(422);
    }
  });

  test("is not to be had by a key that may not send events itself", async () => {
    const narrow = (await create({ name: "narrow", scopes: ["keys:write"] })).body.secretKey;
    const answer = await create({ name: "x", kind: "publishable", origins: [PAGE] }, narrow);
    expect([answer.status, answer.body.error.code]).toEqual([403, "forbidden"]);
    const { id } = await at.publishable();
    for (const [method, path, body] of [
      ["POST", `/v1/keys/${id}/rotate`, {}],
      ["PATCH", `/v1/keys/${id}`, { origins: ["https://evil.example"] }],
    ] as const) {
      expect((await at.call(method, path, { key: narrow, body })).status).toBe(403);
    }
  });

  test("works from its origins and from nowhere else: another port, case, scheme, none, null", async () => {
    const { key } = await at.publishable();
    expect((await send(key)).status).toBe(201);
    for (const origin of [
      null,
      "null",
      "",
      "https://app.example.com:444",
      "https://APP.example.com",
      "https://app.example.com/",
      "http://app.example.com",
      "https://evil.example",
      "https://app.example.com.evil.example",
      "https://xapp.example.com",
    ]) {
      const answer = await send(key, event, origin);
      expect([origin, answer.status, answer.body.error.code]).toEqual([origin, 403, "forbidden"]);
    }
    const bare = await send(key, event, null);
    expect(bare.body.error.message).toContain("no Origin");
  });

  test("calls nothing but what is for it", async () => {
    const { key, id } = await at.publishable();
    for (const [method, path] of [
      ["GET", "/v1/keys"],
      ["POST", "/v1/keys"],
      ["DELETE", `/v1/keys/${id}`],
      ["GET", "/v1/events"],
      ["GET", "/v1/members/user_42"],
      ["PUT", "/v1/members/user_42"],
      ["GET", "/v1/program"],
      ["POST", "/v1/widget-sessions"],
      ["GET", "/v1/widget/state"],
      ["POST", "/v1/credentials/inspect"],
      ["POST", "/v1/track"],
      ["POST", "/v1/members/user_42/adjustments"],
    ] as const) {
      const answer = await at.fromPage(method, path, key, method === "GET" ? {} : { body: {} });
      expect([method, path, answer.status]).toEqual([method, path, 403]);
    }
  });

  test("of another environment sends to that one", async () => {
    const { key } = await at.publishable({}, at.acme.environments.live.secretKey);
    expect(key).toStartWith("hpk_live_");
    expect((await send(key)).status).toBe(201);
    const seen = async (name: "live" | "test") =>
      (await at.call("GET", "/v1/events", { key: at.acme.environments[name].secretKey })).body.data.length;
    expect([await seen("live"), await seen("test")]).toEqual([1, 0]);
  });

  test("is rotated, changed, revoked and ends by itself like any other", async () => {
    const { id, key: old } = await at.publishable();
    const rotated = await at.call("POST", `/v1/keys/${id}/rotate`, { key: secret, body: { overlap: "1h" } });
    const fresh = rotated.body.secretKey;
    expect(fresh).toStartWith("hpk_test_");
    expect([(await send(old)).status, (await send(fresh)).status]).toEqual([201, 201]);
    context.clock.set(context.clock.now() + HOUR);
    expect([(await send(old)).status, (await send(fresh)).status]).toEqual([401, 201]);
    expect((await at.call("DELETE", `/v1/keys/${id}`, { key: secret })).status).toBe(200);
    expect((await send(fresh)).status).toBe(401);
    const { key } = await at.publishable({ expiresAt: new Date(context.clock.now() + HOUR).toISOString() });
    expect((await send(key)).status).toBe(201);
    context.clock.set(context.clock.now() + HOUR);
    expect((await send(key)).status).toBe(401);
  });

  test("that lists no page any more is found by the doctor, and works from none", async () => {
    const { id, key } = await at.publishable();
    const keysAreWell = async () =>
      (await at.access.feature.examine?.(context))?.find(({ check }) => check === "access.keys")?.ok;
    expect(await keysAreWell()).toBe(true);
    await context.database.write((writer) => writer.run("UPDATE api_keys SET origins = NULL WHERE id = ?", [id]));
    expect([await keysAreWell(), (await send(key)).status]).toEqual([false, 403]);
  });

  test("is counted by address, so that nobody uses it up for the others", async () => {
    const { key } = await at.publishable();
    const statuses: number[] = [];
    for (let n = 0; n < 601; n++) {
      const answer = await at.fromPage("POST", "/v1/events", key, { body: "{", peer: "203.0.113.7" });
      statuses.push(answer.status);
    }
    expect(new Set(statuses.slice(0, 600))).toEqual(new Set([400]));
    expect(statuses[600]).toBe(429);
    expect((await at.fromPage("POST", "/v1/events", key, { body: event, peer: "203.0.113.8" })).status).toBe(201);
  });
});

describe("changing a key", () => {
  const change = (id: string, body: unknown, key = secret) => at.call("PATCH", `/v1/keys/${id}`, { key, body });

  test("holds from the next request on, and is written down with before and after", async () => {
    const { id, key } = await at.publishable();
    expect((await send(key)).status).toBe(201);
    const origins = ["https://www.example.com"];
    const answer = await change(id, { name: "Shop", origins, eventTypes: ["lesson_shared"] });
    expect(answer.body).toMatchObject({ name: "Shop", origins, eventTypes: ["lesson_shared"] });
    expect((await send(key)).status).toBe(403);
    expect((await send(key, event, "https://www.example.com")).status).toBe(422);
    expect((await send(key, { ...event, type: "lesson_shared" }, "https://www.example.com")).status).toBe(201);
    expect(await audited("key.changed")).toEqual([
      {
        before: { name: "Website", origins: [PAGE], eventTypes: null },
        after: { name: "Shop", origins, eventTypes: ["lesson_shared"] },
      },
    ]);
    expect((await change(id, { eventTypes: null })).body.eventTypes).toBeNull();
    expect((await change(id, {})).status).toBe(200);
    expect(await audited("key.changed")).toHaveLength(2);
  });

  test.each([
    ["origins", { origins: [] }],
    ["origins.0", { origins: ["https://app.example.com/"] }],
    ["ownedBy", { ownedBy: "acc_01kag6w8y8t7e4x1z6p2q9r5jd" }],
    ["ownedBy", { ownedBy: "ada" }],
    ["name", { name: "" }],
    ["scopes", { scopes: ["events:write"] }],
    ["kind", { kind: "secret" }],
  ])("to bad %s (%j) is 422 and changes nothing", async (field, body) => {
    const { id } = await at.publishable();
    const answer = await change(id, body);
    expect([answer.status, answer.body.error.details[0].path]).toEqual([422, field]);
    expect(await audited("key.changed")).toEqual([]);
  });

  test("a secret key gets no origins; a revoked one and a stranger's are not changed", async () => {
    const { id } = (await create({ name: "Backend" })).body;
    const answer = await change(id, { origins: [PAGE], eventTypes: null });
    expect(answer.body.error.details.map(({ path }: { path: string }) => path)).toEqual(["origins", "eventTypes"]);
    expect((await change(id, { name: "x" }, at.other.environments.test.secretKey)).status).toBe(404);
    expect((await change(id, { name: "x" }, at.acme.environments.live.secretKey)).status).toBe(404);
    await at.call("DELETE", `/v1/keys/${id}`, { key: secret });
    expect((await change(id, { name: "x" })).status).toBe(409);
  });
});
