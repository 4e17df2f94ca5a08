import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { createTestContext, createTestWorkspace, type TestContext } from "../../../tests/support/context.ts";
import { createTestServer, type TestServer } from "../../../tests/support/http.ts";
import { createTestProgression, publishProgram } from "../../../tests/support/progression.ts";
import type { JsonObject } from "../../kernel/json.ts";
import type { KeyPrincipal } from "../../kernel/principal.ts";
import { DAY, SECOND } from "../../kernel/units.ts";
import type { Progression } from "../progression/index.ts";
import { createEvents } from "./index.ts";

let context: TestContext;
let server: TestServer;
let progression: Progression;
let live: KeyPrincipal;
let keys: Record<"live" | "test", string>;

beforeEach(async () => {
  context = await createTestContext();
  const workspace = await createTestWorkspace(context);
  live = workspace.principal("live");
  progression = createTestProgression(context);
  const { programs, recorder } = progression;
  const isReserved = (name: string) => name === "points.earned";
  const events = createEvents(context, { programs, recorder, isReserved, findDeliveries: async () => [] });
  server = createTestServer(context, [progression.feature, events]);
  keys = { live: server.keyFor(live), test: server.keyFor(workspace.principal("test")) };
});
afterEach(() => context.close());

const call = (method: string, path: string, body?: unknown, where: "live" | "test" = "live") =>
  server.call(method, path, { key: keys[where], body });
const send = (event: object, where: "live" | "test" = "live") => call("POST", "/v1/events", event, where);
const program = (schema: JsonObject): JsonObject => ({
  timezone: "UTC",
  eventTypes: { lesson: { schema } },
  currencies: { xp: { kind: "progress" } },
  rules: { xp: { on: "lesson", then: [{ credit: "xp", amount: 5 }] } },
});

describe("what was accepted once", () => {
  const event = { id: "e1", type: "lesson", userId: "ada", properties: { score: 1 } };

  test("is known again though its schema was tightened since", async () => {
    await publishProgram(progression, live, program({}));
    const first = await send(event);
    await publishProgram(progression, live, program({ type: "object", required: ["z"] }));
    const again = await send(event);
    expect(again).toMatchObject({ status: 200, body: { status: "duplicate" } });
    expect(again.body.effects).toEqual(first.body.effects);
    expect((await send({ ...event, properties: { score: 2 } })).body.error.code).toBe("event_conflict");
    expect((await send({ ...event, id: "e2" })).status).toBe(422);
  });

  test("is known again though its type is gone", async () => {
    await publishProgram(progression, live, program({}));
    await send(event);
    await publishProgram(progression, live, { timezone: "UTC" });
    expect((await send(event)).body.status).toBe("duplicate");
    expect((await send({ ...event, id: "e2" })).body.error.details[0].path).toBe("type");
  });

  test("is known again though the late window has closed over it", async () => {
    await publishProgram(progression, live, program({}));
    const late = { ...event, occurredAt: new Date(context.clock.now() - 30 * DAY + SECOND).toISOString() };
    expect((await send(late)).status).toBe(201);
    context.clock.set(context.clock.now() + 10 * SECOND);
    expect((await send(late)).body.status).toBe("duplicate");
    expect((await send({ ...late, id: "e2" })).body.error.details[0].path).toBe("occurredAt");
    expect((await send({ ...late, id: "e3", backfill: true })).status).toBe(201);
  });
});

describe("an event that is refused", () => {
  test.each([
    ["no type", { userId: "ada" }, "type"],
    ["no user", { type: "lesson" }, "userId"],
    ["a dot for a user", { type: "lesson", userId: ".." }, "userId"],
    ["a control character in its id", { id: "a\u0000b", type: "lesson", userId: "ada" }, "id"],
    ["half a character in its id", { id: "a\ud800", type: "lesson", userId: "ada" }, "id"],
    [
      "half a character in its properties",
      { type: "lesson", userId: "ada", properties: { a: "\ud800" } },
      "properties",
    ],
    ["properties that are a list", { type: "lesson", userId: "ada", properties: [] }, "properties"],
    ["an unknown field", { type: "lesson", userId: "ada", when: "now" }, "when"],
    ["a time without an offset", { type: "lesson", userId: "ada", occurredAt: "2026-11-20T10:00:00" }, "occurredAt"],
    ["a day that is none", { type: "lesson", userId: "ada", occurredAt: "2026-02-30T10:00:00Z" }, "occurredAt"],
    ["a time 6 minutes ahead", { type: "lesson", userId: "ada", occurredAt: "2026-11-20T18:10:00Z" }, "occurredAt"],
  ])("for %s leaves nothing behind, not even its type", async (_, event, path) => {
    const refused = await send(event, "test");
    expect(refused).toMatchObject({ status: 422, body: { error: { details: [{ path }] } } });
    const left = await context.database.read((reader) =>
      reader.get(
        "SELECT (SELECT COUNT(*) FROM inputs) + (SELECT COUNT(*) FROM members) + (SELECT COUNT(*) FROM event_types) AS n",
      ),
    );
    expect(left).toEqual({ n: 0 });
  });

  test("for a number that JSON can't hold says so", async () => {
    const refused = await call(
      "POST",
      "/v1/events",
      '{"type":"lesson","userId":"ada","properties":{"score":1e400}}',
      "test",
    );
    expect(refused.body.error.details[0].message).toContain("too large");
  });

  test("does not teach its type when its id belongs to another", async () => {
    await send({ id: "e1", type: "known", userId: "ada" }, "test");
    expect((await send({ id: "e1", type: "ghost", userId: "ada" }, "test")).status).toBe(409);
    expect((await call("GET", "/v1/event-types/ghost", undefined, "test")).status).toBe(404);
    expect((await call("GET", "/v1/event-types/known", undefined, "test")).body.origin).toBe("guessed");
  });

  test("never hears its own words, which may be a credential", async () => {
    const secret = `hk_live_${"a1".repeat(24)}`;
    const single = await send({ type: secret, userId: "ada" });
    const batch = await call("POST", "/v1/events/batch", {
      events: [
        { type: "x", userId: "ada", [secret]: secret },
        { type: secret, userId: "ada" },
      ],
    });
    expect(single.status).toBe(422);
    expect(batch.body.results.map(({ status }: { status: string }) => status)).toEqual(["rejected", "rejected"]);
    for (const { text } of [single, batch]) expect(text).not.toContain("a1a1a1a1");
  });
});

describe("event types", () => {
  test("are listed newest first, page by page, those of the program before them", async () => {
    await publishProgram(progression, live, program({}));
    for (const name of ["a", "b", "c"]) {
      context.clock.set(context.clock.now() + SECOND);
      expect((await call("PUT", `/v1/event-types/${name}`, {})).status).toBe(200);
    }
    const first = (await call("GET", "/v1/event-types?limit=2")).body;
    expect(first.data.map(({ name }: { name: string }) => name)).toEqual(["lesson", "c"]);
    const second = (await call("GET", `/v1/event-types?limit=2&after=${first.next}`)).body;
    expect(second.data.map(({ name }: { name: string }) => name)).toEqual(["b", "a"]);
    expect(second.next).toBeNull();
  });

  test("have one owner: what the program defines is not registered beside it", async () => {
    await publishProgram(progression, live, program({}));
    expect((await call("PUT", "/v1/event-types/lesson", {})).status).toBe(409);
  });

  test("may not be sent on under a name of the product's own", async () => {
    const forward = { forward: true };
    expect((await call("PUT", "/v1/event-types/points.earned", forward)).body.error.details[0].path).toBe("forward");
    expect((await call("PUT", "/v1/event-types/points.earned", {})).status).toBe(200);
  });

  test("hold from the moment they were changed", async () => {
    await call("PUT", "/v1/event-types/quiz", {});
    expect((await send({ type: "quiz", userId: "ada" })).status).toBe(201);
    await call("PUT", "/v1/event-types/quiz", { schema: { type: "object", required: ["score"] } });
    expect((await send({ type: "quiz", userId: "ada" })).body.error.details).toEqual([
      { path: "properties.score", message: "Is required." },
    ]);
  });

  test("with a hostile schema are refused when they are saved", async () => {
    for (const schema of [
      { $async: true },
      { $ref: "#" },
      { $schema: 5 },
      { $schema: "http://json-schema.org/draft-07/schema#" },
    ]) {
      expect(await call("PUT", "/v1/event-types/bad", { schema })).toMatchObject({
        status: 422,
        body: { error: { details: [{ path: "schema" }] } },
      });
    }
  });
});

test("a list's cursor that was made up is refused", async () => {
  for (const cursor of ["0x10", "1e400", "-1", "x"]) {
    const after = Buffer.from(cursor).toString("base64url");
    expect((await call("GET", `/v1/events?after=${after}`)).status).toBe(422);
  }
});

test("a condition that can't be evaluated is counted, told, and harms nothing", async () => {
  await publishProgram(progression, live, {
    timezone: "UTC",
    eventTypes: { lesson: {} },
    currencies: { xp: { kind: "progress" } },
    rules: {
      broken: { on: "lesson", when: "event.properties.score > 1", then: [{ credit: "xp", amount: 1 }] },
      sound: { on: "lesson", then: [{ credit: "xp", amount: 5 }] },
    },
  });
  const sent = await send({ id: "e1", type: "lesson", userId: "ada" });
  expect(sent.body.effects).toMatchObject([{ rule: "sound", amount: 5 }]);
  const { considered } = (await call("GET", "/v1/events/e1?explain=true")).body;
  expect(considered).toMatchObject([
    { rule: "broken", fired: false, reason: expect.stringContaining("could not be evaluated") },
    { rule: "sound", fired: true },
  ]);
  expect(await context.metrics.render()).toContain("\nhatch_rule_errors_total 1\n");
});
