import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  createTestContext,
  createTestWorkspace,
  TEST_CONFIG,
  type TestContext,
} from "../../../../tests/support/context.ts";
import { type FaultyDatabase, withFaults } from "../../../../tests/support/faults.ts";
import { createTestServer, type TestServer } from "../../../../tests/support/http.ts";
import { createTestProgression, publishProgram, SMALL_PROGRAM } from "../../../../tests/support/progression.ts";
import { retain } from "../../../../tests/support/retention.ts";
import type { KeyPrincipal } from "../../../kernel/principal.ts";
import { DAY } from "../../../kernel/units.ts";
import { createEvents } from "../index.ts";
import { EVENTS_RETENTION } from "../retention/rules.ts";

let context: TestContext;
let database: FaultyDatabase;
let server: TestServer;
let live: KeyPrincipal;
let keys: Record<"live" | "test" | "other", string>;

async function open(personalUserIds: "warn" | "refuse"): Promise<void> {
  context = await createTestContext({ config: { ...TEST_CONFIG, events: { ...TEST_CONFIG.events, personalUserIds } } });
  database = withFaults(context.database);
  const faulty = { ...context, database };
  const workspace = await createTestWorkspace(context);
  live = workspace.principal("live");
  const progression = createTestProgression(faulty);
  const { programs, recorder } = progression;
  const findDeliveries = async () => [];
  const events = createEvents(faulty, { programs, recorder, isReserved: () => false, findDeliveries });
  server = createTestServer(faulty, [progression.feature, events]);
  keys = {
    live: server.keyFor(live),
    test: server.keyFor(workspace.principal("test")),
    other: server.keyFor((await createTestWorkspace(context)).principal("live")),
  };
  await publishProgram(progression, live, SMALL_PROGRAM);
}
beforeEach(() => open("warn"));
afterEach(() => context.close());

const send = (event: unknown, key = keys.live) => server.call("POST", "/v1/events", { key, body: event });
const sendBatch = (...events: unknown[]) =>
  server.call("POST", "/v1/events/batch", { key: keys.live, body: { events } });
const list = async (query = "", key = keys.live) =>
  (await server.call("GET", `/v1/events/refused${query}`, { key })).body;
const rows = async (): Promise<number> => {
  const row = await context.database.read((reader) =>
    reader.get<{ n: number }>("SELECT COUNT(*) AS n FROM refused_events"),
  );
  return row?.n ?? -1;
};
const wrong = (n: number | string) => ({
  id: `e${n}`,
  type: "lesson",
  userId: `u${n}`,
  properties: { score: "secret score" },
});

describe("an event that was refused is listed", () => {
  test("with when, by which request and way, what it was called and why, but not what it said", async () => {
    const answer = await send(wrong(1));
    expect(answer.status).toBe(422);
    expect(await list()).toEqual({
      data: [
        {
          refusedAt: "2026-11-20T18:04:00.000Z",
          requestId: answer.headers.get("x-request-id"),
          source: "event",
          id: "e1",
          type: "lesson",
          userId: "u1",
          error: {
            code: "validation_failed",
            message: "The properties do not fit the schema of the event type.",
            details: [{ path: "properties.score", message: "Must be integer." }],
          },
        },
      ],
      next: null,
    });
    const kept = await context.database.read((reader) => reader.all("SELECT * FROM refused_events"));
    expect(JSON.stringify(kept)).not.toContain("secret score");
  });

  test("also where it was no event at all, or a conflict", async () => {
    await send([]);
    await send({ id: 7, type: "lesson", userId: { a: 1 } });
    await send({ id: "a\nb", type: "lesson", userId: "ada" });
    await send({ id: "e1", type: "lesson", userId: "ada" });
    await send({ id: "e1", type: "lesson", userId: "bob" });
    const { data } = await list();
    expect(
      data.map((one: { id: unknown; userId: unknown; error: { code: string } }) => [
        one.id,
        one.userId,
        one.error.code,
      ]),
    ).toEqual([
      ["e1", "bob", "event_conflict"],
      [null, "ada", "validation_failed"],
      [null, null, "validation_failed"],
      [null, null, "validation_failed"],
    ]);
  });

  test("of a batch those that were rejected, and no other", async () => {
    const answer = await sendBatch(wrong(1), { id: "e2", type: "lesson", userId: "u2" }, 7, wrong(3));
    expect(answer.body.results.map(({ status }: { status: string }) => status)).toEqual([
      "rejected",
      "accepted",
      "rejected",
      "rejected",
    ]);
    const { data } = await list();
    expect(data.map(({ id, source }: { id: string | null; source: string }) => [id, source])).toEqual([
      ["e3", "batch"],
      [null, "batch"],
      ["e1", "batch"],
    ]);
    expect(await context.metrics.render()).toContain(
      'hatch_events_refused_total{source="batch",code="validation_failed"} 3',
    );
  });

  test("without a key that somebody took for a name", async () => {
    await send({ ...wrong(1), id: `hk_live_${"x".repeat(43)}`, userId: `hk_live_${"y".repeat(43)}` });
    expect(JSON.stringify(await list())).not.toMatch(/x{5}|y{5}/);
  });

  test("without the e-mail address that it was refused for", async () => {
    await context.close();
    await open("refuse");
    await send({ id: "e1", type: "lesson", userId: "ada@example.com" });
    expect((await list()).data[0]).toMatchObject({ id: "e1", userId: null });
  });
});

describe("the list", () => {
  test("goes page by page, newest first, and stays the same while others come", async () => {
    await sendBatch(...Array.from({ length: 25 }, (_, n) => wrong(n)));
    const first = await list("?limit=10");
    await send(wrong("later"));
    const second = await list(`?limit=10&after=${first.next}`);
    const third = await list(`?limit=10&after=${second.next}`);
    const ids = [first, second, third].flatMap(({ data }) => data.map(({ id }: { id: string }) => id));
    expect(ids).toEqual(Array.from({ length: 25 }, (_, n) => `e${24 - n}`));
    expect(third.next).toBeNull();
  });

  test("can be of one member or one type", async () => {
    await sendBatch(wrong(1), wrong(2), { ...wrong(2), id: "e3", type: "unheard_of" });
    expect((await list("?userId=u2")).data.map(({ id }: { id: string }) => id)).toEqual(["e3", "e2"]);
    expect((await list("?userId=u2&type=lesson")).data.map(({ id }: { id: string }) => id)).toEqual(["e2"]);
    expect((await list("?userId=' OR 1=1 --")).data).toEqual([]);
  });

  test("belongs to its environment", async () => {
    await send(wrong(1));
    expect((await list("", keys.test)).data).toEqual([]);
    expect((await list("", keys.other)).data).toEqual([]);
    const { next } = await list("?limit=1");
    expect(next).toBeNull();
  });

  test("needs a key with events:read", async () => {
    expect((await server.call("GET", "/v1/events/refused")).status).toBe(401);
    const narrow = server.keyFor({ ...live, scopes: new Set(["events:write"] as const) });
    expect((await server.call("GET", "/v1/events/refused", { key: narrow })).status).toBe(403);
    expect((await list("?limit=201")).error.code).toBe("validation_failed");
  });
});

describe("what is kept has bounds", () => {
  test("a thousand a minute for each environment, the others are counted", async () => {
    for (let n = 0; n < 2; n++) await sendBatch(...Array.from({ length: 1_000 }, (_, at) => wrong(`${n}-${at}`)));
    expect(await rows()).toBe(1_000);
    expect(await context.metrics.render()).toContain("hatch_events_refused_dropped_total 1000");
    context.clock.set(context.clock.now() + 60_000);
    await send(wrong("later"));
    expect(await rows()).toBe(1_001);
  });

  test("seven days", async () => {
    await send(wrong(1));
    context.clock.set(context.clock.now() + 7 * DAY);
    expect(await retain(context, EVENTS_RETENTION)).toEqual({ refusedEvents: 0 });
    await send(wrong(2));
    context.clock.set(context.clock.now() + 1);
    expect(await retain(context, EVENTS_RETENTION)).toEqual({ refusedEvents: 1 });
    expect((await list()).data.map(({ id }: { id: string }) => id)).toEqual(["e2"]);
  });

  test("and where it can't be written, the refusal is told all the same", async () => {
    database.strikeAt(1);
    const answer = await send(wrong(1));
    expect([answer.status, answer.body.error.details[0].path, database.struck()]).toEqual([
      422,
      "properties.score",
      true,
    ]);
    expect(context.logged.join("")).toContain("refused events could not be kept");
  });
});
