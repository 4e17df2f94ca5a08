import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { createTestContext, createTestWorkspace, type TestContext } from "../../../../tests/support/context.ts";
import { createTestServer, type TestServer } from "../../../../tests/support/http.ts";
import { systemClock } from "../../../kernel/clock.ts";
import type { Id } from "../../../kernel/ids.ts";
import { unixMs } from "../../../kernel/units.ts";
import { insertMembers } from "../members/store.ts";
import { EMPTY_STATE, type MemberState } from "../types.ts";
import { createProgramCache } from "./cache.ts";
import { countConcerned } from "./concerned.ts";
import { programDifference } from "./difference.ts";
import type { ProgramRoom } from "./room.ts";
import { createProgramRoutes } from "./routes.ts";

const PROGRAM = {
  timezone: "UTC",
  eventTypes: { lesson: {}, visit: {} },
  currencies: { xp: { kind: "progress" }, coins: { kind: "spendable" } },
  rules: {
    points: { on: "lesson", then: [{ credit: "xp", amount: 5 }] },
    gift: { on: "level.changed", then: [{ credit: "coins", amount: 100 }] },
  },
  tracks: { level: { over: "xp", rungs: [{ key: "novice", at: 0 }] } },
  badges: { first: { title: "First" } },
};
/** All that members can have is gone, and every rule is another. */
const BARE = {
  timezone: "UTC",
  eventTypes: { lesson: { description: "Another" } },
  currencies: { xp: { kind: "progress", title: "Experience" } },
  rules: { points: { on: "lesson", then: [{ credit: "xp", amount: 6 }] } },
};

let context: TestContext;
let workspace: Awaited<ReturnType<typeof createTestWorkspace>>;
let server: TestServer;
let key: string;
let live: string;

beforeEach(async () => {
  context = await createTestContext();
  workspace = await createTestWorkspace(context);
  const room: ProgramRoom = {
    context,
    programs: createProgramCache(context),
    surroundings: {
      schemaProblem: () => undefined,
      isReserved: () => false,
      registeredEventTypes: async () => new Set(),
    },
  };
  server = createTestServer(context, [{ routes: (guard) => createProgramRoutes(room, guard) }]);
  key = server.keyFor(workspace.principal("test"));
  live = server.keyFor(workspace.principal("live"));
});
afterEach(() => context.close());

const post = (path: string, body: unknown, headers: Record<string, string> = {}, as = key) =>
  server.call("POST", path, { key: as, body, headers });
const validate = (body: unknown, query = "", as = key) => post(`/v1/program/validate${query}`, body, {}, as);
const publish = (body: unknown, headers: Record<string, string> = {}, as = key) =>
  post("/v1/program/publish", body, headers, as);

const BEGINNING = unixMs(0);
const BALANCE = { available: 0, pending: 0, owed: 0, total: 0 };
const HAS: Readonly<Record<string, Partial<MemberState>>> = {
  ada: {
    balances: { xp: { ...BALANCE, available: 9, total: 9 }, coins: { ...BALANCE, total: 100 } },
    counts: { lesson: 3, visit: 1 },
    levels: { level: "novice" },
    badges: { first: { awardId: "awd_x" as Id<"awd">, awardedAt: BEGINNING } },
  },
  ben: { balances: { xp: { ...BALANCE, available: 2, total: 2 }, coins: BALANCE }, counts: { lesson: 1 } },
  cleo: { counts: { visit: 1 } },
};

const addMembers = (environmentId: Id<"env">, states: Readonly<Record<string, Partial<MemberState>>>): Promise<void> =>
  context.database.write((writer) =>
    insertMembers(
      writer,
      environmentId,
      Object.entries(states).map(([userId, state]) => ({
        id: context.ids.next("mem"),
        userId,
        attributes: {},
        timezone: undefined,
        locale: undefined,
        createdAt: BEGINNING,
        updatedAt: BEGINNING,
        state: { ...EMPTY_STATE, ...state },
      })),
    ),
  );

interface Told {
  readonly section: string;
  readonly key: string;
  readonly change: string;
  readonly members?: number;
}
const membersOf = (changes: readonly Told[]): Record<string, number | undefined> =>
  Object.fromEntries(changes.map((told) => [`${told.section}.${told.key} ${told.change}`, told.members]));

describe("comparing with what is published", () => {
  test("tells what would change, and what it was compared with", async () => {
    const first = (await validate(PROGRAM)).body.difference;
    expect(first).toMatchObject({ published: null, tag: "0", unchanged: false, replacedDraft: null });
    expect(first.changes).toHaveLength(9);

    const { body } = await publish({ note: "First", program: PROGRAM });
    expect((await validate(PROGRAM)).body.difference).toEqual({
      published: {
        version: 1,
        checksum: body.checksum,
        note: "First",
        publishedBy: expect.stringMatching(/^key_/),
        publishedAt: "2026-11-20T18:04:00.000Z",
      },
      tag: `1-${body.checksum}`,
      unchanged: true,
      replacedDraft: null,
      changes: [],
    });
    expect((await validate({ ...PROGRAM, timezone: "Asia/Tokyo" })).body.difference.changes).toEqual([
      {
        section: "",
        key: "timezone",
        change: "changed",
        fields: [{ path: "", before: "UTC", after: "Asia/Tokyo" }],
      },
    ]);
    // The other environment's is nobody's business here.
    expect((await validate(PROGRAM, "", live)).body.difference).toMatchObject({ published: null, unchanged: false });
  });

  test("tells nothing of a program that is not valid", async () => {
    const { body } = await validate({ ...PROGRAM, timezone: "x" });
    expect(body).toEqual({ valid: false, problems: [expect.objectContaining({ path: "timezone" })] });
  });

  test("counts whom each change concerns, in this environment only, if it is asked to", async () => {
    await publish({ program: PROGRAM });
    await addMembers(workspace.test, HAS);
    await addMembers(workspace.live, HAS);
    expect(membersOf((await validate(BARE)).body.difference.changes)["badges.first removed"]).toBeUndefined();
    expect(membersOf((await validate(BARE, "?members=true")).body.difference.changes)).toEqual({
      "eventTypes.lesson changed": 2,
      "eventTypes.visit removed": 2,
      "currencies.xp changed": 2,
      "currencies.coins removed": 1,
      "rules.points changed": 2,
      // It follows an effect: nobody has sent that.
      "rules.gift removed": undefined,
      "tracks.level removed": 1,
      "badges.first removed": 1,
    });
  });

  test.each(["?members=yes", "?members=", "?members=1"])("%s is refused", async (query) => {
    expect((await validate(PROGRAM, query)).status).toBe(422);
  });

  test("twenty who count at once are all answered", async () => {
    await publish({ program: PROGRAM });
    await addMembers(workspace.test, HAS);
    const answers = await Promise.all(Array.from({ length: 20 }, () => validate(BARE, "?members=true")));
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(membersOf(answers[0]?.body.difference.changes)["badges.first removed"]).toBe(1);
  });

  test("members are counted in slices, all of them", async () => {
    const many = Object.fromEntries(Array.from({ length: 1_201 }, (_, index) => [`u${index}`, HAS.ada ?? {}]));
    await addMembers(workspace.test, many);
    const changes = programDifference(PROGRAM, BARE).filter(({ section }) => section === "badges");
    const real = { clock: systemClock, database: context.database };
    expect(await countConcerned(real, workspace.test, changes, PROGRAM)).toEqual([1_201]);
    expect(await countConcerned(real, workspace.live, changes, PROGRAM)).toEqual([0]);
  });

  test("a draft that somebody saved and nobody published is told of, one that is this or the published is not", async () => {
    await publish({ program: PROGRAM });
    expect((await validate(BARE)).body.difference.replacedDraft).toBeNull();
    await server.call("PUT", "/v1/program/draft", { key, body: { timezone: "Asia/Tokyo" } });
    expect((await validate(BARE)).body.difference.replacedDraft).toEqual({
      updatedBy: expect.stringMatching(/^key_/),
      updatedAt: "2026-11-20T18:04:00.000Z",
    });
    await server.call("PUT", "/v1/program/draft", { key, body: BARE });
    expect((await validate(BARE)).body.difference.replacedDraft).toBeNull();
  });
});

describe("publishing a program that comes along", () => {
  test("saves it as the draft and switches in one", async () => {
    const answer = await publish({ note: "All at once", program: PROGRAM });
    expect([answer.status, answer.body.version, answer.body.unchanged]).toEqual([200, 1, false]);
    expect((await server.call("GET", "/v1/program/draft", { key })).body).toEqual(PROGRAM);
    expect((await server.call("GET", "/v1/program", { key })).body.program).toEqual(PROGRAM);
  });

  test("keeps nothing of one that is not valid", async () => {
    const answer = await publish({ program: { ...PROGRAM, timezone: "x" } });
    expect([answer.status, answer.body.error.details[0].path]).toEqual([422, "timezone"]);
    expect((await server.call("GET", "/v1/program/draft", { key })).status).toBe(404);
    expect((await server.call("GET", "/v1/program", { key })).status).toBe(404);
  });

  test.each([[[]], ["x"], [5], [null]])("that is %j is refused", async (program) => {
    expect((await publish({ program })).status).toBe(422);
  });

  test("needs the scope to write", async () => {
    const reader = server.keyFor(workspace.principal("test", { scopes: new Set(["program:read"]) }));
    expect((await validate(PROGRAM, "?members=true", reader)).status).toBe(200);
    expect((await publish({ program: PROGRAM }, {}, reader)).status).toBe(403);
    expect((await server.call("POST", "/v1/program/validate", { body: PROGRAM })).status).toBe(401);
  });

  test("is bound to what it was compared with: a version that came between is not lost", async () => {
    const { tag } = (await validate(PROGRAM)).body.difference;
    await publish({ program: BARE });
    const late = await publish({ program: PROGRAM }, { "if-match": `"${tag}"` });
    expect([late.status, late.body.error.code]).toEqual([412, "version_conflict"]);
    expect((await server.call("GET", "/v1/program", { key })).body).toMatchObject({ version: 1, program: BARE });
    expect((await server.call("GET", "/v1/program/draft", { key })).body).toEqual(BARE);

    const etag = (await server.call("GET", "/v1/program", { key })).headers.get("etag") ?? "";
    expect((await publish({ program: PROGRAM }, { "if-match": etag })).body.version).toBe(2);
    expect((await publish({ program: BARE }, { "if-match": "*" })).body.version).toBe(3);
    await server.call("PUT", "/v1/program/draft", { key, body: PROGRAM });
    expect((await publish({}, { "if-match": etag })).status).toBe(412);
  });

  test("of two that were compared with the same version one is published", async () => {
    const headers = { "if-match": '"0"' };
    const answers = await Promise.all([publish({ program: PROGRAM }, headers), publish({ program: BARE }, headers)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412]);
  });
});
