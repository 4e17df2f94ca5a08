import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { type Browsers, openBrowsers, PAGE } from "../../../tests/support/browsers.ts";
import { createTestContext, type TestContext } from "../../../tests/support/context.ts";

let context: TestContext;
let at: Browsers;
let secret: string;
let page: string;
let token: string;

beforeEach(async () => {
  context = await createTestContext();
  at = await openBrowsers(context);
  secret = at.acme.environments.test.secretKey;
  page = (await at.publishable()).key;
  token = (await at.token()).token;
});
afterEach(() => context.close());

const event = { type: "glossary_opened", userId: "user_42", properties: { word: "numerator" } };
const send = (credential: string, body: unknown, headers: Record<string, string> = {}) =>
  at.fromPage("POST", "/v1/events", credential, { body, headers });
const sendAll = (credential: string, events: unknown[]) =>
  at.fromPage("POST", "/v1/events/batch", credential, { body: { events } });
const fromServer = (body: unknown) => at.call("POST", "/v1/events", { key: secret, body });

describe("what a page is told of its event", () => {
  test("is that it arrived, and nothing of what it did", async () => {
    for (const credential of [page, token]) {
      const answer = await send(credential, { ...event, id: `first-${credential.slice(0, 3)}` });
      expect(answer.status).toBe(201);
      expect(Object.keys(answer.body)).toEqual(["id", "type", "userId", "occurredAt", "receivedAt", "status"]);
      const repeat = await send(credential, { ...event, id: `first-${credential.slice(0, 3)}` });
      expect([repeat.status, repeat.body.status]).toEqual([200, "duplicate"]);
      expect(repeat.text).not.toMatch(/effect|points|xp|reason|rule|programVersion/);
    }
    const member = await at.call("GET", "/v1/members/user_42", { key: secret });
    expect(member.body.balances.xp.available).toBe(2);
  });

  test("also in a batch, one by one", async () => {
    const answer = await sendAll(page, [event, { ...event, type: "lesson_completed" }, { ...event, backfill: true }]);
    expect(answer.status).toBe(200);
    expect(answer.body.results.map(({ status }: { status: string }) => status)).toEqual([
      "accepted",
      "rejected",
      "rejected",
    ]);
    expect(answer.text).not.toMatch(/effect|points|programVersion/);
  });
});

describe("what a page may not send", () => {
  test("is refused in the same words, whether the type exists or not", async () => {
    const narrow = (await at.publishable({ eventTypes: ["lesson_shared", "lesson_completed"] })).key;
    await at.call("PUT", "/v1/event-types/registered", { key: secret, body: {} });
    await fromServer({ type: "guessed", userId: "user_1" });
    const told = new Set<string>();
    for (const [credential, type] of [
      [page, "lesson_completed"],
      [page, "registered"],
      [page, "guessed"],
      [page, "never heard of"],
      [narrow, "glossary_opened"],
      [narrow, "lesson_completed"],
      [token, "lesson_completed"],
      [token, "never heard of"],
    ] as const) {
      const { status, body } = await send(credential, { ...event, type });
      expect([type, status]).toEqual([type, 422]);
      const { requestId: _, ...error } = body.error;
      told.add(JSON.stringify(error));
    }
    expect([...told]).toEqual([
      JSON.stringify({
        code: "validation_failed",
        message: "The request is not valid.",
        details: [{ path: "type", message: "Is not an event type that this credential may send." }],
      }),
    ]);
    expect((await send(narrow, { ...event, type: "lesson_shared" })).status).toBe(201);
    const types = await at.call("GET", "/v1/event-types", { key: secret });
    expect(types.body.data.map(({ name }: { name: string }) => name)).not.toContain("never heard of");
  });

  test("becomes possible and impossible with the type itself, at once", async () => {
    expect((await send(page, { type: "opened", userId: "user_1" })).status).toBe(422);
    await at.call("PUT", "/v1/event-types/opened", { key: secret, body: { clientSafe: true } });
    expect((await send(page, { type: "opened", userId: "user_1" })).status).toBe(201);
    await at.call("PUT", "/v1/event-types/opened", { key: secret, body: { clientSafe: false } });
    expect((await send(page, { type: "opened", userId: "user_1" })).status).toBe(422);
  });

  test.each([
    ["backfill", { backfill: true }],
    ["backfill", { backfill: true, occurredAt: "2025-01-01T00:00:00Z" }],
    ["occurredAt", { occurredAt: "2025-01-01T00:00:00Z" }],
    ["occurredAt", { occurredAt: "2026-11-20T19:04:00Z" }],
    ["properties.word", { properties: { word: 7 } }],
    ["userId", { userId: undefined }],
    ["effects", { effects: [] }],
  ])("bad %s (%j)", async (field, change) => {
    const answer = await send(page, { ...event, ...change });
    expect([answer.status, answer.body.error.details[0].path]).toEqual([422, field]);
  });

  test("CloudEvents in any form", async () => {
    const cloud = { specversion: "1.0", id: "1", source: "/x", type: "glossary_opened", subject: "user_42" };
    for (const type of ["application/cloudevents+json", "application/cloudevents-batch+json"]) {
      const body = type.includes("batch") ? [cloud] : cloud;
      expect((await send(page, body, { "content-type": type })).status).toBe(415);
    }
    const binary = { "ce-specversion": "1.0", "ce-id": "1", "ce-source": "/x", "ce-type": "glossary_opened" };
    expect((await send(page, {}, { ...binary, "ce-subject": "user_42" })).status).toBe(415);
  });

  test("is listed among the refused, and crowds out nothing of the servers'", async () => {
    await sendAll(
      page,
      Array.from({ length: 1_000 }, () => ({ ...event, type: "x" })),
    );
    await sendAll(page, [{ ...event, type: "one too many" }]);
    await fromServer({ type: "lesson_completed" });
    const refused = await at.call("GET", "/v1/events/refused?limit=2", { key: secret });
    expect(refused.body.data.map(({ type }: { type: string }) => type)).toEqual(["lesson_completed", "x"]);
  });
});

describe("a member's token", () => {
  test("speaks for its member, who need not be named", async () => {
    const answer = await send(token, { type: "glossary_opened" });
    expect([answer.status, answer.body.userId]).toEqual([201, "user_42"]);
    expect((await send(token, event)).status).toBe(201);
    const batch = await sendAll(token, [{ type: "lesson_shared" }, { type: "lesson_shared", userId: "user_43" }, 7]);
    expect(batch.body.results.map(({ status }: { status: string }) => status)).toEqual([
      "accepted",
      "rejected",
      "rejected",
    ]);
  });

  test.each(["user_43", "", "USER_42", "user_42 ", null, 42, { id: "user_42" }])(
    "for nobody else: %p",
    async (userId) => {
      const answer = await send(token, { ...event, userId });
      expect([answer.status, answer.body.error.details[0].path]).toEqual([422, "userId"]);
      expect((await at.call("GET", "/v1/members/user_43", { key: secret })).status).toBe(404);
    },
  );

  test("without events:send sends nothing", async () => {
    const blind = (await at.token({ scopes: ["progress:read"] })).token;
    for (const answer of [await send(blind, event), await sendAll(blind, [event])]) {
      expect([answer.status, answer.body.error.message]).toEqual([403, "The token lacks the scope events:send."]);
    }
  });
});

describe("ids that pages give", () => {
  test("meet no id of a server", async () => {
    const named = { ...event, id: "lesson-881" };
    expect((await fromServer({ ...named, type: "lesson_completed" })).status).toBe(201);
    expect((await send(page, named)).body.status).toBe("accepted");
    expect((await send(page, named)).body.status).toBe("duplicate");
    expect((await fromServer({ ...named, type: "lesson_completed" })).body.status).toBe("duplicate");
    const own = await at.call("GET", "/v1/events/lesson-881", { key: secret });
    const theirs = await at.call("GET", "/v1/events/lesson-881?browserOf=user_42", { key: secret });
    expect([own.body.type, theirs.body.type]).toEqual(["lesson_completed", "glossary_opened"]);
    expect((await at.call("GET", "/v1/events/lesson-881?browserOf=user_43", { key: secret })).status).toBe(404);
  });

  test("count for one member only: nobody uses up the id of another", async () => {
    const mallory = (await at.token({ userId: "mallory" })).token;
    expect((await send(mallory, { type: "lesson_shared", id: "web-1" })).status).toBe(201);
    expect((await send(token, { type: "glossary_opened", id: "web-1" })).status).toBe(201);
    expect((await send(token, { type: "lesson_shared", id: "web-1" })).body.error.code).toBe("event_conflict");
    // Of one member the page's key and the token are one browser.
    expect((await send(page, { type: "glossary_opened", userId: "user_42", id: "web-1" })).body.status).toBe(
      "duplicate",
    );
  });

  test("can be an Idempotency-Key; without any, one is made and found by itself", async () => {
    const headers = { "idempotency-key": "k1" };
    expect((await send(page, event, headers)).body.id).toBe("k1");
    expect((await send(page, event, headers)).body.status).toBe("duplicate");
    expect((await fromServer({ ...event, id: "k1" })).body.status).toBe("accepted");
    const made = (await send(page, event)).body.id;
    expect(made).toStartWith("evi_");
    expect((await at.call("GET", `/v1/events/${made}`, { key: secret })).body.userId).toBe("user_42");
  });

  test("stay known when the type is no longer for pages", async () => {
    await at.call("PUT", "/v1/event-types/opened", { key: secret, body: { clientSafe: true } });
    const named = { type: "opened", userId: "user_1", id: "o-1" };
    expect((await send(page, named)).status).toBe(201);
    await at.call("PUT", "/v1/event-types/opened", { key: secret, body: { clientSafe: false } });
    expect((await send(page, named)).body.status).toBe("duplicate");
    expect((await send(page, { ...named, id: "o-2" })).status).toBe(422);
  });
});

test("who sent an event stands in the log", async () => {
  const { id, token: own } = await at.token({ userId: "user_9" });
  await send(own, { type: "lesson_shared" });
  const row = await context.database.read((reader) =>
    reader.get<{ actor: string }>("SELECT actor FROM inputs WHERE user_id = ?", ["user_9"]),
  );
  expect(row?.actor).toBe(id);
});

test("of another customer's pages nothing reaches this one", async () => {
  const theirs = (await at.publishable({ origins: [PAGE] }, at.other.environments.test.secretKey)).key;
  expect((await send(theirs, event)).status).toBe(201);
  expect((await at.call("GET", "/v1/events", { key: secret })).body.data).toEqual([]);
});
