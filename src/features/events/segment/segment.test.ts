import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { gzipSync } from "node:zlib";
import { createTestContext, createTestWorkspace, type TestContext } from "../../../../tests/support/context.ts";
import { type FaultyDatabase, withFaults } from "../../../../tests/support/faults.ts";
import { type CallOptions, createTestServer, type TestServer } from "../../../../tests/support/http.ts";
import { createTestProgression, publishProgram, SMALL_PROGRAM } from "../../../../tests/support/progression.ts";
import type { JsonObject } from "../../../kernel/json.ts";
import { type KeyPrincipal, SCOPES } from "../../../kernel/principal.ts";
import { HOUR, MINUTE, SECOND } from "../../../kernel/units.ts";
import { createEvents } from "../index.ts";

let context: TestContext;
let database: FaultyDatabase;
let server: TestServer;
let live: KeyPrincipal;
let key: string;
let otherKey: string;

beforeEach(async () => {
  context = await createTestContext();
  database = withFaults(context.database);
  const faulty = { ...context, database };
  const workspace = await createTestWorkspace(context);
  live = workspace.principal("live");
  const progression = createTestProgression(faulty);
  const { programs, recorder } = progression;
  const findDeliveries = async () => [];
  const events = createEvents(faulty, { programs, recorder, isReserved: () => false, findDeliveries });
  server = createTestServer(faulty, [progression.feature, events]);
  key = server.keyFor(live);
  otherKey = server.keyFor((await createTestWorkspace(context)).principal("live"));
  await publishProgram(progression, live, SMALL_PROGRAM);
});
afterEach(() => context.close());

const basic = (user: string, password = ""): string => `Basic ${btoa(`${user}:${password}`)}`;
const post = (path: string, body: unknown, options: CallOptions = {}) =>
  server.call("POST", path, { body, ...options, headers: { authorization: basic(key), ...options.headers } });
const batch = (...messages: unknown[]) => post("/v1/batch", { batch: messages });
const get = async (path: string, as = key) => (await server.call("GET", path, { key: as })).body;
const refused = async (as = key) => (await get("/v1/events/refused", as)).data;
const iso = (offsetMs = 0): string => new Date(context.clock.now() + offsetMs).toISOString();
const track = (fields: JsonObject = {}): JsonObject => ({
  type: "track",
  event: "lesson",
  userId: "ada",
  messageId: "m1",
  timestamp: iso(),
  properties: { score: 5 },
  ...fields,
});
const count = async (table: string): Promise<number> => {
  const row = await context.database.read((reader) => reader.get<{ n: number }>(`SELECT COUNT(*) AS n FROM ${table}`));
  return row?.n ?? -1;
};

describe("who may call", () => {
  test.each([
    ["as Basic", () => ({ headers: { authorization: basic(key) }, body: { batch: [track()] } })],
    ["as Bearer", () => ({ key, body: { batch: [track()] } })],
    ["in the body", () => ({ body: { batch: [track()], writeKey: key } })],
    [
      "in a packed body",
      () => ({ headers: { "content-encoding": "gzip" }, body: { batch: [track()], writeKey: key } }),
    ],
  ])("the key comes %s", async (_, make) => {
    const { body, ...options } = make() as CallOptions & { headers?: Record<string, string> };
    const isPacked = options.headers?.["content-encoding"] === "gzip";
    const request = new Request("http://localhost/v1/batch", {
      method: "POST",
      headers: { ...(options.key ? { authorization: `Bearer ${options.key}` } : {}), ...options.headers },
      body: isPacked ? gzipSync(JSON.stringify(body)) : JSON.stringify(body),
    });
    const answer = await server.handle(request);
    expect([answer.status, await answer.text()]).toEqual([200, '{"success":true}']);
    expect((await get("/v1/members/ada")).balances.xp.available).toBe(5);
  });

  test.each([
    ["nothing", {}, {}],
    ["no write key in the body", {}, { writeKey: 7 }],
    ["a wrong one in the body", {}, { writeKey: "hk_live_nobody" }],
    ["a wrong one as Basic", { authorization: basic("hk_live_nobody") }, {}],
    ["Basic with a password", { authorization: "" }, { password: true }],
    ["Basic that is no base64", { authorization: "Basic %%%" }, {}],
    ["Basic of nobody", { authorization: basic("") }, {}],
    ["a wrong one as Basic beside a right one in the body", { authorization: basic("x") }, { right: true }],
  ])("%s is 401, and nothing is kept", async (what, headers, extra: JsonObject) => {
    const authorization =
      what === "Basic with a password" ? basic(key, "secret") : (headers as { authorization?: string }).authorization;
    const answer = await server.call("POST", "/v1/batch", {
      headers: authorization === undefined ? {} : { authorization },
      body: { batch: [track()], ...extra, ...(extra.right ? { writeKey: key } : {}) },
    });
    expect([answer.status, answer.body.error.code]).toEqual([401, "unauthenticated"]);
    expect(answer.headers.get("www-authenticate")).toBe('Bearer realm="hatch"');
    expect(await count("inputs")).toBe(0);
  });

  test("Basic and a key in the body are no credentials anywhere else", async () => {
    const headers = { authorization: basic(key) };
    for (const { method, path, rules } of server.routes) {
      if (rules.takesWriteKey) continue;
      const where = path.replace(/:\w+/g, "1");
      expect([path, (await server.call(method, where, { headers })).status]).toEqual([path, 401]);
      if (method === "GET" || rules.access === "public") continue;
      expect([path, (await server.call(method, where, { body: { writeKey: key } })).status]).toEqual([path, 401]);
    }
    expect((await server.call("POST", "/v1/nowhere", { headers })).status).toBe(401);
    expect((await server.call("GET", "/v1/batch", { headers })).status).toBe(401);
    expect((await server.call("POST", "/v1/%62atch", { headers, body: {} })).status).toBe(401);
  });

  test("the paths of Segment are the only ones that take them", () => {
    const paths = server.routes
      .filter(({ rules }) => rules.takesWriteKey)
      .map(({ method, path }) => `${method} ${path}`);
    expect(paths.sort()).toEqual(
      ["alias", "batch", "group", "identify", "import", "page", "screen", "track"].map((name) => `POST /v1/${name}`),
    );
  });

  test("a key that comes from a browser is refused, wherever it stands", async () => {
    for (const credential of [{ authorization: basic(key) }, undefined]) {
      const answer = await server.call("POST", "/v1/batch", {
        headers: { ...credential, origin: "https://example.com" },
        body: { batch: [track()], writeKey: key },
      });
      expect([answer.status, answer.body.error.message.includes("browser")]).toEqual([403, true]);
    }
  });

  test("the header's key is the one that counts: a body's of another workspace changes nothing there", async () => {
    await post("/v1/batch", { batch: [track()], writeKey: otherKey });
    expect((await get("/v1/events")).data.length).toBe(1);
    expect((await get("/v1/events", otherKey)).data.length).toBe(0);
  });

  test("a key of another workspace reaches that one only, and so do its refusals", async () => {
    await server.call("POST", "/v1/batch", { body: { batch: [track()], writeKey: otherKey } });
    expect((await get("/v1/events")).data).toEqual([]);
    expect(await refused()).toEqual([]);
    expect((await refused(otherKey)).length).toBe(1);
  });

  test("a key without events:write is refused, one without members:write takes events and refuses traits", async () => {
    const scopes = (...without: string[]) =>
      server.keyFor({ ...live, scopes: new Set(SCOPES.filter((scope) => !without.includes(scope))) });
    const none = await server.call("POST", "/v1/track", { body: track(), key: scopes("events:write") });
    expect([none.status, none.body.error.message]).toEqual([403, "The key lacks the scope events:write."]);
    const body = { batch: [track(), { type: "identify", userId: "ada", traits: { plan: "x" } }] };
    expect((await server.call("POST", "/v1/batch", { body, key: scopes("members:write") })).status).toBe(200);
    expect(
      (await refused()).map(({ type, error }: { type: string; error: { code: string } }) => [type, error.code]),
    ).toEqual([["identify", "forbidden"]]);
    const one = await server.call("POST", "/v1/identify", { body: { userId: "ada" }, key: scopes("members:write") });
    expect(one.status).toBe(403);
  });

  test("a key in the body costs a stranger's allowance only while it is not known", async () => {
    const { anonymousPerMinute } = context.config.limits;
    for (let n = 0; n < 2 * anonymousPerMinute; n++) {
      const body = { batch: [], writeKey: key };
      expect((await server.call("POST", "/v1/batch", { body, peer: "192.0.2.1" })).status).toBe(200);
    }
    const statuses = new Set<number>();
    for (let n = 0; n <= anonymousPerMinute; n++) {
      statuses.add((await server.call("POST", "/v1/batch", { body: { batch: [] }, peer: "192.0.2.1" })).status);
    }
    expect([...statuses]).toEqual([401, 429]);
  });
});

describe("a message becomes what it says", () => {
  test("of each kind by its own path", async () => {
    expect((await post("/v1/track", { ...track(), type: "identify" })).body).toEqual({ success: true });
    await post("/v1/identify", { userId: "ada", traits: { plan: "family" } });
    for (const path of ["/v1/page", "/v1/screen", "/v1/group", "/v1/alias"]) {
      expect((await post(path, { userId: "ada" })).body).toEqual({ success: true });
    }
    await post("/v1/import", { batch: [track({ messageId: "m2" })] });
    expect(await get("/v1/members/ada")).toMatchObject({
      attributes: { plan: "family" },
      balances: { xp: { available: 10 } },
    });
    expect(await refused()).toEqual([]);
  });

  test("traits are merged, null takes one away, and nothing said makes the member known", async () => {
    await batch(
      { type: "identify", userId: "ada", traits: { plan: "family", seats: 4 } },
      { type: "identify", userId: "ada", traits: { plan: "single", seats: null } },
      { type: "identify", userId: "bob" },
      { type: "identify", anonymousId: "tab", traits: null },
      { type: "identify", userId: "rudder", context: { traits: { plan: "x", seats: 1 } }, traits: { seats: 2 } },
    );
    expect((await get("/v1/members/rudder")).attributes).toEqual({ plan: "x", seats: 2 });
    expect((await get("/v1/members/ada")).attributes).toEqual({ plan: "single" });
    expect((await get("/v1/members/bob")).userId).toBe("bob");
    expect((await get("/v1/members/anon%3Atab")).userId).toBe("anon:tab");
  });

  test("in the order in which they were sent, in one transaction", async () => {
    const before = context.database.statistics().commits;
    const messages = Array.from({ length: 200 }, (_, n) =>
      n % 2
        ? track({ messageId: `t${n}` })
        : { type: "identify", userId: "ada", messageId: `i${n}`, traits: { step: n } },
    );
    await batch(...messages);
    expect(context.database.statistics().commits - before).toBe(1);
    const log = (await get("/v1/members/ada/events?limit=200")).data as { id: string }[];
    expect(log.map(({ id }) => id).reverse()).toEqual(
      messages.map(({ messageId: id }) => (`${id}`.startsWith("i") ? `identify|${id}` : id)) as string[],
    );
    expect((await get("/v1/members/ada")).attributes).toEqual({ step: 198 });
  });

  test("once, however often it is sent, by whichever path", async () => {
    const identify = { type: "identify", userId: "ada", messageId: "i1", traits: { plan: "a" } };
    await batch(track(), identify);
    await batch(track(), identify, { type: "identify", userId: "ada", messageId: "i2", traits: { plan: "b" } });
    await batch(identify);
    await post("/v1/track", track());
    expect(await get("/v1/members/ada")).toMatchObject({
      attributes: { plan: "b" },
      balances: { xp: { available: 5 } },
    });
    expect(await count("inputs")).toBe(3);
    expect(await refused()).toEqual([]);
  });

  test("with an Idempotency-Key where it has no id", async () => {
    const { messageId: _, ...unnamed } = track();
    for (let n = 0; n < 2; n++) {
      await post("/v1/batch", { batch: [unnamed, unnamed] }, { headers: { "idempotency-key": "k" } });
    }
    expect(await count("inputs")).toBe(2);
  });

  test.each([
    ["a number for a user", { userId: 42 }, "42"],
    ["no user but an anonymous id", { userId: null, anonymousId: "tab-7" }, "anon:tab-7"],
    ["an empty user and an anonymous id", { userId: "", anonymousId: "tab-7" }, "anon:tab-7"],
    ["both", { anonymousId: "tab-7" }, "ada"],
  ])("of %s", async (_, fields, userId) => {
    await batch(track(fields));
    expect((await get("/v1/events")).data[0].userId).toBe(userId);
  });

  test("without properties", async () => {
    await batch(track({ properties: null, event: "lesson" }));
    expect((await get("/v1/events")).data[0].properties).toEqual({});
  });
});

describe("when it happened", () => {
  const occurred = async (fields: JsonObject, sentAt?: string) => {
    await post("/v1/batch", { batch: [track(fields)], sentAt });
    const [event] = (await get("/v1/events")).data;
    return event === undefined ? undefined : Date.parse(event.occurredAt) - context.clock.now();
  };

  test("is what the message says", async () => {
    expect(await occurred({ timestamp: iso(-HOUR) }, iso())).toBe(-HOUR);
  });

  test("or what Rudder calls originalTimestamp, or now", async () => {
    expect(await occurred({ timestamp: null, originalTimestamp: iso(-HOUR) })).toBe(-HOUR);
    expect(await occurred({ messageId: "m2", timestamp: null })).toBe(0);
  });

  test("is set back where the sender's clock runs ahead", async () => {
    expect(await occurred({ timestamp: iso(2 * HOUR - MINUTE) }, iso(2 * HOUR))).toBe(-MINUTE);
    expect(await occurred({ messageId: "m2", timestamp: iso(HOUR), sentAt: iso(HOUR) })).toBe(0);
    expect(await occurred({ messageId: "m3", timestamp: iso(3 * HOUR) }, iso(2 * HOUR))).toBe(0);
  });

  test("is left alone where the clock is slow or the message was sent again late, and within a minute", async () => {
    expect(await occurred({ timestamp: iso(-HOUR) }, iso(-HOUR))).toBe(-HOUR);
    expect(await occurred({ messageId: "m2", timestamp: iso(30 * SECOND) }, iso(40 * SECOND))).toBe(30 * SECOND);
  });

  test("stays the same content however often it is corrected", async () => {
    const fields = { timestamp: iso(2 * HOUR) };
    const sentAt = iso(2 * HOUR);
    await occurred(fields, sentAt);
    context.clock.set(context.clock.now() + 5 * SECOND);
    await occurred(fields, sentAt);
    expect([await count("inputs"), await refused()]).toEqual([1, []]);
  });

  test.each([
    ["no time", "yesterday"],
    ["a number", 1_795_197_840],
    ["a day ahead that nothing explains", "2026-11-21T18:04:00Z"],
    ["a month and a day ago", "2026-10-19T18:04:00Z"],
  ])("%s is refused", async (_, timestamp) => {
    expect(await occurred({ timestamp })).toBeUndefined();
    expect((await refused())[0].error.details[0].path).toBe("timestamp");
  });
});

describe("what is refused inside a batch is listed, and its neighbours are not", () => {
  test.each([
    ["no object", 7, null, ""],
    ["nothing known", { type: "charge", userId: "ada", messageId: "m1" }, "charge", "type"],
    ["no type", { userId: "ada" }, null, "type"],
    ["no event name", { type: "track", userId: "ada" }, null, "event"],
    ["an event nobody registered", { type: "track", event: "unheard_of", userId: "ada" }, "unheard_of", "event"],
    ["nobody", { type: "track", event: "lesson" }, "lesson", "userId"],
    ["nobody that can be named", { type: "track", event: "lesson", userId: ".." }, "lesson", "userId"],
    [
      "an id with a line end",
      { type: "track", event: "lesson", userId: "a", messageId: "a\nb" },
      "lesson",
      "messageId",
    ],
    [
      "properties that are a list",
      { type: "track", event: "lesson", userId: "a", properties: [1] },
      "lesson",
      "properties",
    ],
    [
      "a property of the wrong type",
      { type: "track", event: "lesson", userId: "a", properties: { score: "5" } },
      "lesson",
      "properties.score",
    ],
    [
      "a context of the wrong kind",
      { type: "identify", userId: "a", context: { traits: 7 } },
      "identify",
      "context.traits",
    ],
    ["traits that are a list", { type: "identify", userId: "a", traits: [1] }, "identify", "traits"],
    ["too many traits", { type: "identify", userId: "a", traits: { a: "x".repeat(20_000) } }, "identify", "traits"],
  ])("%s", async (_, message, type, path) => {
    const answer = await batch(track({ messageId: "before" }), message, track({ messageId: "after" }));
    expect([answer.status, answer.text]).toEqual([200, '{"success":true}']);
    const [one, ...rest] = await refused();
    expect(rest).toEqual([]);
    expect(one).toMatchObject({ source: "segment", type, error: { code: "validation_failed" } });
    expect(one.requestId).toBe(answer.headers.get("x-request-id"));
    if (path !== "") expect(one.error.details[0].path).toBe(path);
    expect((await get("/v1/members/ada")).balances.xp.available).toBe(10);
  });

  test("an id that belongs to other content too", async () => {
    await batch(track(), track({ properties: { score: 6 } }));
    expect((await refused()).map(({ id, error }: { id: string; error: { code: string } }) => [id, error.code])).toEqual(
      [["m1", "event_conflict"]],
    );
  });
});

describe("what is no batch is refused as a whole", () => {
  test.each([
    ["no JSON", "{", 400],
    ["a list", [], 422],
    ["no batch", { events: [] }, 422],
    ["a batch that is no list", { batch: {} }, 422],
    ["too many messages", { batch: Array.from({ length: 2_501 }, () => 1) }, 422],
    ["nothing", undefined, 422],
  ])("%s", async (_, body, status) => {
    expect((await post("/v1/batch", body)).status).toBe(status);
  });

  test("an empty batch is one", async () => {
    expect((await batch()).body).toEqual({ success: true });
  });
});

describe("a body that means harm", () => {
  const send = (body: Uint8Array<ArrayBuffer> | string, headers: Readonly<Record<string, string>>) =>
    server.handle(
      new Request("http://localhost/v1/batch", {
        method: "POST",
        headers: { authorization: basic(key), "content-type": "application/json", ...headers },
        body,
      }),
    );

  test("that unfolds to far more than it is stops at the limit", async () => {
    const bomb = gzipSync(Buffer.alloc(200 * 1024 * 1024, 0x20));
    expect(bomb.length).toBeLessThan(300_000);
    const answer = await send(bomb, { "content-encoding": "gzip" });
    expect(answer.status).toBe(413);
  });

  test("that is larger than eight megabytes, packed or not", async () => {
    expect((await send(`{"batch":["${"x".repeat(8 * 1024 * 1024)}"]}`, {})).status).toBe(413);
    const noise = crypto.getRandomValues(new Uint8Array(60_000));
    const large = Buffer.concat(Array.from({ length: 150 }, () => noise));
    expect((await send(large, { "content-encoding": "gzip" })).status).toBe(413);
  });

  test.each([
    ["is not packed at all", "{}", "gzip", 400],
    ["is packed in another way", "{}", "br", 415],
    ["is packed twice", gzipSync(gzipSync('{"batch":[]}')), "gzip", 400],
    ["says two ways", gzipSync("{}"), "gzip, gzip", 415],
    ["was cut off", gzipSync('{"batch":[]}').subarray(0, 15), "gzip", 400],
    ["is empty", "", "gzip", 422],
  ])("that %s", async (_, body, encoding, status) => {
    expect((await send(body, { "content-encoding": encoding })).status).toBe(status);
  });

  test("that is nested too deep, or no UTF-8", async () => {
    expect((await send(`{"batch":${"[".repeat(40)}${"]".repeat(40)}}`, {})).status).toBe(400);
    expect((await send(new Uint8Array([0x7b, 0xff, 0x7d]), {})).status).toBe(400);
  });

  test("is taken whatever media type its library says", async () => {
    for (const type of ["application/x-www-form-urlencoded", "text/plain", ""]) {
      expect((await send('{"batch":[]}', { "content-type": type })).status).toBe(200);
    }
  });
});

describe("a library sends again what could not be written", () => {
  const everything = async () => [await count("inputs"), await count("refused_events"), await count("members")];

  test("503 where the database is away, and once it is back each message counts once", async () => {
    database.loseAnswer(1);
    const first = await batch(track(), { type: "identify", userId: "ada", messageId: "i1", traits: {} });
    expect([first.status, first.headers.get("retry-after")]).toEqual([503, "1"]);
    const second = await batch(track(), { type: "identify", userId: "ada", messageId: "i1", traits: {} });
    expect(second.status).toBe(200);
    expect(await everything()).toEqual([2, 0, 1]);
  });

  test("503 where the refusals could not be written", async () => {
    database.loseAnswer(2);
    expect((await batch(track(), { type: "track", userId: "ada", event: "unheard_of" })).status).toBe(503);
  });

  test("nothing is answered with success at whichever statement the disk fails", async () => {
    for (let statement = 1; ; statement++) {
      database.strikeAt(statement);
      const answer = await batch(track({ messageId: `a${statement}` }), {
        type: "track",
        userId: "ada",
        messageId: "x",
      });
      if (!database.struck()) break;
      expect(answer.status).toBeGreaterThanOrEqual(500);
      expect(statement).toBeLessThan(30);
    }
    expect((await refused()).length).toBe(1);
  });
});
