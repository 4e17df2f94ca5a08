import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { createTestContext, createTestWorkspace, type TestContext } from "../../../../tests/support/context.ts";
import { createTestServer, type TestServer } from "../../../../tests/support/http.ts";
import { createTestProgression, publishProgram } from "../../../../tests/support/progression.ts";
import type { KeyPrincipal } from "../../../kernel/principal.ts";
import { createEvents } from "../../events/index.ts";
import type { Progression } from "../index.ts";

let context: TestContext;
let server: TestServer;
let progression: Progression;
let principal: KeyPrincipal;
let key: string;

beforeEach(async () => {
  context = await createTestContext();
  const workspace = await createTestWorkspace(context);
  principal = workspace.principal("live");
  progression = createTestProgression(context);
  const { programs, recorder } = progression;
  const events = createEvents(context, { programs, recorder, isReserved: () => false, findDeliveries: async () => [] });
  server = createTestServer(context, [progression.feature, events]);
  key = server.keyFor(principal);
  await publishProgram(progression, principal, {
    timezone: "Europe/Berlin",
    eventTypes: { lesson: {} },
    currencies: { coins: { kind: "spendable" }, xp: { kind: "progress" } },
    rules: { xp: { on: "lesson", then: [{ credit: "xp", amount: 10 }] } },
    tracks: {
      level: {
        over: "xp",
        rungs: [
          { key: "novice", at: 0 },
          { key: "adept", at: 20 },
        ],
      },
    },
  });
});
afterEach(() => context.close());

const call = (method: string, path: string, body?: unknown) => server.call(method, path, { key, body });
const lesson = (userId: string, extra: object = {}) => call("POST", "/v1/events", { type: "lesson", userId, ...extra });
const adjust = (userId: string, amount: number, currency = "coins", reason = "a gift") =>
  call("POST", `/v1/members/${userId}/adjustments`, { currency, amount, reason });

describe("a member", () => {
  test("is not found before anything is known of it", async () => {
    for (const path of ["/v1/members/ada", "/v1/members/ada/ledger", "/v1/members/ada/events"]) {
      expect((await call("GET", path)).status).toBe(404);
    }
    expect((await adjust("ada", 5)).status).toBe(404);
  });

  test("has its attributes merged, and one set to null is gone", async () => {
    await call("PUT", "/v1/members/ada", {
      attributes: { plan: "free", level: 3, ["__proto__"]: 1 },
      timezone: "Asia/Tokyo",
    });
    const merged = await call("PUT", "/v1/members/ada", { attributes: { plan: "pro", level: null }, locale: "ja" });
    expect(merged.status).toBe(200);
    expect(merged.body).toMatchObject({
      userId: "ada",
      timezone: "Asia/Tokyo",
      locale: "ja",
      attributes: { plan: "pro" },
    });
    expect(Object.keys(merged.body.attributes)).not.toContain("level");
    expect((await call("PUT", "/v1/members/ada", { timezone: null })).body.timezone).toBeNull();
  });

  test.each([
    [{ timezone: "Mars/Olympus" }, "timezone"],
    [{ timezone: "+02:00" }, "timezone"],
    [{ locale: "not a locale" }, "locale"],
    [{ attributes: [1] }, "attributes"],
    [{ attributes: { long: "x".repeat(17 * 1024) } }, "attributes"],
    [{ nickname: "ada" }, "nickname"],
  ])("is refused what makes no sense (%#)", async (body, path) => {
    const refused = await call("PUT", "/v1/members/ada", body);
    expect(refused).toMatchObject({ status: 422, body: { error: { code: "validation_failed", details: [{ path }] } } });
    expect((await call("GET", "/v1/members/ada")).status).toBe(404);
  });

  test("lives by its own day from the moment its zone is known", async () => {
    context.clock.set(Date.parse("2026-11-20T22:30:00Z"));
    await lesson("ada");
    await call("PUT", "/v1/members/ada", { timezone: "Asia/Tokyo" });
    await lesson("ada");
    const days = (await call("GET", "/v1/events?userId=ada")).body.data.map(
      (event: { localDate: string }) => event.localDate,
    );
    expect(days).toEqual(["2026-11-21", "2026-11-20"]);
  });

  test("stands on the rung at 0 from the start, and is listed newest first, page by page", async () => {
    for (const userId of ["a", "b", "c"]) await lesson(userId);
    const first = (await call("GET", "/v1/members?limit=2")).body;
    expect(first.data.map((member: { userId: string }) => member.userId)).toEqual(["c", "b"]);
    expect(first.data[0].levels).toEqual({ level: { key: "novice", value: 10, next: { key: "adept", at: 20 } } });
    const second = (await call("GET", `/v1/members?limit=2&after=${first.next}`)).body;
    expect(second).toMatchObject({ data: [{ userId: "a" }], next: null });
  });
});

describe("an adjustment", () => {
  beforeEach(() => lesson("ada"));

  test("gives and takes, with its reason, in the ledger and in the audit", async () => {
    const given = await adjust("ada", 30);
    expect(given).toMatchObject({
      status: 201,
      body: { effects: [{ type: "points.earned", currency: "coins", amount: 30, balance: 30 }] },
    });
    const taken = await adjust("ada", -12, "coins", "a mistake");
    expect(taken.body.effects).toMatchObject([{ type: "points.spent", amount: 12, balance: 18 }]);
    expect((await call("GET", "/v1/members/ada/ledger")).body.data).toMatchObject([
      { currency: "coins", amount: -12, debit: "member", credit: "program", reason: "a mistake" },
      { currency: "coins", amount: 30, debit: "program", credit: "member", reason: "a gift" },
      { currency: "xp", amount: 10 },
    ]);
    const audit = await context.database.read((reader) =>
      reader.all<{ action: string; details: string }>(
        "SELECT action, details FROM audit_entries WHERE action = 'member.adjusted' ORDER BY sequence",
      ),
    );
    expect(audit.map(({ details }) => JSON.parse(details))).toEqual([
      { currency: "coins", amount: 30, reason: "a gift" },
      { currency: "coins", amount: -12, reason: "a mistake" },
    ]);
  });

  test("never takes what is not there, and then leaves nothing behind", async () => {
    await adjust("ada", 5);
    const before = await context.database.read((reader) => reader.get("SELECT COUNT(*) AS n FROM inputs"));
    expect(await adjust("ada", -6)).toMatchObject({ status: 422, body: { error: { code: "insufficient_balance" } } });
    expect((await call("GET", "/v1/members/ada")).body.balances.coins.available).toBe(5);
    expect(await context.database.read((reader) => reader.get("SELECT COUNT(*) AS n FROM inputs"))).toEqual(
      before as object,
    );
  });

  test.each([
    [{ currency: "gold", amount: 1, reason: "x" }, "currency"],
    [{ currency: "coins", amount: 0, reason: "x" }, "amount"],
    [{ currency: "coins", amount: 1.5, reason: "x" }, "amount"],
    [{ currency: "coins", amount: 1e12 + 1, reason: "x" }, "amount"],
    [{ currency: "coins", amount: 1, reason: " " }, "reason"],
    [{ currency: "coins", amount: 1 }, "reason"],
  ])("that makes no sense is refused (%#)", async (body, path) => {
    expect(await call("POST", "/v1/members/ada/adjustments", body)).toMatchObject({
      status: 422,
      body: { error: { details: [{ path }] } },
    });
  });

  test("of experience moves the level, down as well as up", async () => {
    expect((await adjust("ada", 15, "xp")).body.effects).toMatchObject([
      { type: "points.earned" },
      { type: "level.changed", from: "novice", to: "adept" },
    ]);
    expect((await adjust("ada", -15, "xp")).body.effects.at(-1)).toMatchObject({
      type: "level.changed",
      from: "adept",
      to: "novice",
    });
  });
});

test("what the ledger sums to is what the states say, and a state that was changed by hand is found", async () => {
  await Promise.all(Array.from({ length: 20 }, (_, index) => lesson(`user-${index % 3}`)));
  await adjust("user-1", 7);
  const examine = async () => (await progression.feature.examine?.(context))?.map(({ check, ok }) => [check, ok]);
  expect(await examine()).toEqual([["ledger", true]]);
  await context.database.write((writer) =>
    writer.run(
      `UPDATE members SET state = '{"balances":{"coins":{"available":8,"pending":0,"owed":0,"total":8}}}' WHERE user_id = 'user-1'`,
    ),
  );
  expect(await examine()).toEqual([["ledger", false]]);
});

test("an environment and a scope are walls", async () => {
  await lesson("ada");
  const other = server.keyFor((await createTestWorkspace(context)).principal("live"));
  expect((await server.call("GET", "/v1/members/ada", { key: other })).status).toBe(404);
  const reading = server.keyFor({ ...principal, scopes: new Set(["members:read"] as const) });
  expect((await server.call("GET", "/v1/members/ada", { key: reading })).status).toBe(200);
  expect(await server.call("PUT", "/v1/members/ada", { key: reading, body: {} })).toMatchObject({
    status: 403,
    body: { error: { code: "forbidden", message: expect.stringContaining("members:write") } },
  });
});
