import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { createTestContext, createTestWorkspace, type TestContext } from "../../../../tests/support/context.ts";
import { createTestServer, type TestServer } from "../../../../tests/support/http.ts";
import type { WrittenOutboundEvent } from "../../../context.ts";
import type { JsonObject } from "../../../kernel/json.ts";
import type { Scope } from "../../../kernel/principal.ts";
import { createProgramCache, type ProgramCache } from "./cache.ts";
import { EMPTY_PROGRAM } from "./empty.ts";
import { applyProgram, publishDraft } from "./publish.ts";
import type { ProgramRoom } from "./room.ts";
import { createProgramRoutes } from "./routes.ts";

const PROGRAM = {
  timezone: "UTC",
  currencies: { coins: { kind: "spendable" } },
  eventTypes: { lesson: {} },
  rules: {
    zebra: { on: "lesson", then: [{ credit: "coins", amount: 1 }] },
    aardvark: { on: "lesson", then: [{ credit: "coins", amount: 2 }] },
  },
};
const OTHER = { ...PROGRAM, timezone: "Europe/Berlin" };

let context: TestContext;
let workspace: Awaited<ReturnType<typeof createTestWorkspace>>;
let announced: WrittenOutboundEvent[];
let programs: ProgramCache;
let room: ProgramRoom;
let server: TestServer;
let key: string;

beforeEach(async () => {
  announced = [];
  context = await createTestContext({
    fanOut: { wants: async () => true, expand: async (_writer, events) => void announced.push(...events) },
  });
  workspace = await createTestWorkspace(context);
  programs = createProgramCache(context);
  room = {
    context,
    programs,
    surroundings: {
      schemaProblem: (schema) => (schema.type === "wrong" ? "is no JSON Schema 2020-12" : undefined),
      isReserved: (name) => name === "points.earned",
      registeredEventTypes: async () => new Set(["order paid"]),
    },
  };
  server = createTestServer(context, [{ routes: (guard) => createProgramRoutes(room, guard) }]);
  key = server.keyFor(workspace.principal("test"));
});
afterEach(() => context.close());

const get = (path: string, headers: Record<string, string> = {}) => server.call("GET", path, { key, headers });
const put = (body: unknown, headers: Record<string, string> = {}) =>
  server.call("PUT", "/v1/program/draft", { key, body, headers });
const post = (path: string, body?: unknown) =>
  server.call("POST", path, { key, ...(body === undefined ? {} : { body }) });
const active = (environmentId = workspace.test) =>
  context.database.read((reader) => programs.active(reader, environmentId));

/** Everything that a call has left behind besides the program's own rows. */
const leftBehind = () =>
  context.database.read(async (reader) => ({
    audit: (await reader.all<{ action: string }>("SELECT action FROM audit_entries ORDER BY sequence")).map(
      ({ action }) => action,
    ),
    outbound: announced.map(({ type }) => type),
    versions: (await reader.all("SELECT version FROM programs")).length,
    jobs: (await reader.all("SELECT id FROM jobs")).length,
  }));

describe("the draft", () => {
  test("is not there at first, and is what was saved afterwards, in the order of the file", async () => {
    expect((await get("/v1/program/draft")).body.error.code).toBe("not_found");
    const saved = await put(PROGRAM);
    expect(saved.status).toBe(200);
    const draft = await get("/v1/program/draft");
    expect(draft.text).toBe(JSON.stringify(PROGRAM));
    expect(Object.keys(draft.body.rules)).toEqual(["zebra", "aardvark"]);
    expect(draft.headers.get("etag")).toBe(saved.headers.get("etag"));
    expect(draft.headers.get("etag")).toMatch(/^"[0-9a-f]{64}"$/);
    expect(await leftBehind()).toEqual({ audit: ["program.draft_saved"], outbound: [], versions: 0, jobs: 0 });
  });

  test("that is not valid is refused with every path, and the one before stays", async () => {
    await put(PROGRAM);
    const bad = await put({
      ...PROGRAM,
      rules: { a: { on: "nothing", when: "event.x", then: [{ credit: "gold", amount: 1 }] } },
    });
    expect(bad.status).toBe(422);
    expect(bad.body.error).toMatchObject({
      code: "validation_failed",
      details: [
        { path: "rules.a.on", message: expect.stringContaining("neither") },
        { path: "rules.a.then.0.credit", message: "gold is not a currency of this program." },
        { path: "rules.a.when", message: "No such key: x (at character 7)." },
      ],
    });
    expect((await get("/v1/program/draft")).body).toEqual(PROGRAM);
    expect((await leftBehind()).audit).toEqual(["program.draft_saved"]);
  });

  test.each([
    ["nothing", undefined, 422],
    ["a list", [], 422],
    ["null", "null", 422],
    ["text", '"x"', 422],
    ["broken JSON", "{", 400],
    ["JSON that is too deep", `${'{"a":'.repeat(40)}1${"}".repeat(40)}`, 400],
  ])("is no %s", async (_, body, status) => {
    const answer = await server.call("PUT", "/v1/program/draft", { key, ...(body === undefined ? {} : { body }) });
    expect(answer.status).toBe(status);
    expect(await leftBehind()).toMatchObject({ audit: [], versions: 0 });
  });

  test("saved with If-Match is saved only over what was read", async () => {
    const none = await put(PROGRAM, { "if-match": '"abc"' });
    expect([none.status, none.body.error.code]).toEqual([412, "version_conflict"]);
    expect((await put(PROGRAM, { "if-match": "*" })).status).toBe(412);
    const tag = (await put(PROGRAM)).headers.get("etag") ?? "";
    expect((await put(OTHER, { "if-match": `"nope", W/${tag}` })).status).toBe(200);
    expect((await put(PROGRAM, { "if-match": tag })).status).toBe(412);
    expect((await get("/v1/program/draft")).body).toEqual(OTHER);
    expect((await put(PROGRAM, { "if-match": "*" })).status).toBe(200);
  });

  test("may use types that were registered one by one, and is checked by what other rooms know", async () => {
    expect(
      (await put({ ...PROGRAM, rules: { paid: { on: "order paid", then: [{ credit: "coins", amount: 1 }] } } })).status,
    ).toBe(200);
    const bad = await put({
      ...PROGRAM,
      eventTypes: { lesson: { schema: { type: "wrong" } }, "points.earned": { forward: true } },
    });
    expect(bad.body.error.details.map(({ path }: { path: string }) => path)).toEqual([
      "eventTypes.lesson.schema",
      "eventTypes.points.earned.forward",
    ]);
  });

  test("that is known already is not sent again", async () => {
    const tag = (await put(PROGRAM)).headers.get("etag") ?? "";
    const known = await get("/v1/program/draft", { "if-none-match": tag });
    expect([known.status, known.text, known.headers.get("etag")]).toEqual([304, "", tag]);
    expect((await get("/v1/program/draft", { "if-none-match": '"other"' })).status).toBe(200);
  });
});

describe("validating", () => {
  test("answers 200 either way and saves nothing", async () => {
    const good = await post("/v1/program/validate", PROGRAM);
    expect(good.body).toMatchObject({ valid: true, problems: [], checksum: expect.stringMatching(/^[0-9a-f]{64}$/) });
    const bad = await post("/v1/program/validate", { ...PROGRAM, timezone: "x" });
    expect([bad.status, bad.body.valid, bad.body.problems[0].path]).toEqual([200, false, "timezone"]);
    expect((await get("/v1/program/draft")).status).toBe(404);
    expect(await leftBehind()).toEqual({ audit: [], outbound: [], versions: 0, jobs: 0 });
  });
});

describe("publishing", () => {
  test("switches the environment to the draft, and to no other environment's", async () => {
    expect((await get("/v1/program")).status).toBe(404);
    expect(await active()).toBe(EMPTY_PROGRAM);
    await put(PROGRAM);
    expect((await active()).version).toBe(0);
    const published = await post("/v1/program/publish", { note: "First" });
    expect(published.status).toBe(200);
    expect(published.body).toEqual({
      id: expect.stringMatching(/^prg_/),
      version: 1,
      checksum: expect.any(String),
      note: "First",
      publishedBy: expect.stringMatching(/^key_/),
      publishedAt: "2026-11-20T18:04:00.000Z",
      unchanged: false,
    });
    expect(await active()).toMatchObject({ version: 1, id: published.body.id });
    expect(await active(workspace.live)).toBe(EMPTY_PROGRAM);
    const shown = await get("/v1/program");
    expect(shown.body).toMatchObject({ version: 1, note: "First", program: PROGRAM });
    expect(shown.headers.get("etag")).toBe(`"1-${published.body.checksum}"`);
    expect((await get("/v1/program", { "if-none-match": shown.headers.get("etag") ?? "" })).status).toBe(304);
    expect(await leftBehind()).toEqual({
      audit: ["program.draft_saved", "program.published"],
      outbound: ["program.published"],
      versions: 1,
      jobs: 0,
    });
    const event = await context.database.read((reader) =>
      reader.get<{ body: string }>("SELECT body FROM outbound_events"),
    );
    expect(JSON.parse(event?.body ?? "").data).toEqual({
      programId: published.body.id,
      version: 1,
      checksum: published.body.checksum,
      note: "First",
      publishedAt: "2026-11-20T18:04:00.000Z",
    });
  });

  test("without a draft is 404", async () => {
    expect((await post("/v1/program/publish")).status).toBe(404);
  });

  test("of what is published already makes no number, and says so", async () => {
    await put(PROGRAM);
    const first = await post("/v1/program/publish");
    const again = await post("/v1/program/publish", { note: "again" });
    expect(again.body).toMatchObject({ id: first.body.id, version: 1, note: null, unchanged: true });
    expect(await leftBehind()).toMatchObject({ outbound: ["program.published"], versions: 1 });
  });

  test("of the same rules in another order is a new version: their order decides", async () => {
    await put(PROGRAM);
    await post("/v1/program/publish");
    const { zebra, aardvark } = PROGRAM.rules;
    await put({ ...PROGRAM, rules: { aardvark, zebra } });
    expect((await post("/v1/program/publish")).body).toMatchObject({ version: 2, unchanged: false });
    expect((await active()).rules.get("lesson")?.map((rule) => rule.key)).toEqual(["aardvark", "zebra"]);
  });

  test("twice at once makes one number for one content", async () => {
    await put(PROGRAM);
    const answers = await Promise.all([1, 2, 3].map(() => post("/v1/program/publish")));
    expect(answers.map(({ body }) => body.version)).toEqual([1, 1, 1]);
    expect(answers.filter(({ body }) => !body.unchanged)).toHaveLength(1);
  });

  test("of a draft that has become invalid meanwhile is refused", async () => {
    await put({ ...PROGRAM, rules: { paid: { on: "order paid", then: [{ credit: "coins", amount: 1 }] } } });
    const lost: ProgramRoom = {
      ...room,
      surroundings: { ...room.surroundings, registeredEventTypes: async () => new Set() },
    };
    await expect(
      publishDraft(lost, workspace.principal("test"), {
        workspaceId: workspace.workspaceId,
        environmentId: workspace.test,
      }),
    ).rejects.toMatchObject({
      code: "validation_failed",
      details: [{ path: "rules.paid.on" }],
    });
  });

  test.each([[{ note: "" }], [{ note: 5 }], [{ notes: "x" }], [{ note: "x".repeat(501) }]])(
    "with %j is refused",
    async (body) => {
      await put(PROGRAM);
      expect((await post("/v1/program/publish", body)).status).toBe(422);
    },
  );
});

describe("rolling back", () => {
  test("is a new number with the old content; the draft stays", async () => {
    await put(PROGRAM);
    await post("/v1/program/publish");
    await put(OTHER);
    await post("/v1/program/publish");
    const back = await post("/v1/program/rollback", { version: 1 });
    expect(back.body).toMatchObject({ version: 3, note: "Back to version 1", unchanged: false });
    expect((await active()).timezone).toBe("UTC");
    expect((await get("/v1/program")).body.program).toEqual(PROGRAM);
    expect((await get("/v1/program/draft")).body).toEqual(OTHER);
    expect((await leftBehind()).audit.at(-1)).toBe("program.rolled_back");
    const versions = await get("/v1/program/versions?limit=2");
    expect(versions.body.data.map(({ version }: { version: number }) => version)).toEqual([3, 2]);
    const rest = await get(`/v1/program/versions?limit=2&after=${versions.body.next}`);
    expect(rest.body).toMatchObject({ data: [{ version: 1 }], next: null });
    expect(rest.body.data[0]).not.toHaveProperty("program");
  });

  test("to what is published makes no number; to what never was is 404", async () => {
    await put(PROGRAM);
    await post("/v1/program/publish");
    expect((await post("/v1/program/rollback", { version: 1 })).body).toMatchObject({ version: 1, unchanged: true });
    expect((await post("/v1/program/rollback", { version: 2 })).status).toBe(404);
    expect((await post("/v1/program/rollback", { version: 0 })).status).toBe(422);
    expect((await post("/v1/program/rollback", {})).status).toBe(422);
    expect((await post("/v1/program/rollback")).status).toBe(422);
  });

  test("to another environment's version is 404", async () => {
    await put(PROGRAM);
    await post("/v1/program/publish");
    const live = server.keyFor(workspace.principal("live"));
    expect((await server.call("POST", "/v1/program/rollback", { key: live, body: { version: 1 } })).status).toBe(404);
    expect((await server.call("GET", "/v1/program", { key: live })).status).toBe(404);
  });
});

describe("who may", () => {
  const ROUTES = [
    ["GET", "/v1/program", "program:read"],
    ["GET", "/v1/program/draft", "program:read"],
    ["PUT", "/v1/program/draft", "program:write"],
    ["POST", "/v1/program/validate", "program:read"],
    ["POST", "/v1/program/publish", "program:write"],
    ["POST", "/v1/program/rollback", "program:write"],
    ["GET", "/v1/program/versions", "program:read"],
  ] as const;

  test.each(ROUTES)("%s %s wants %s, before it looks at the body", async (method, path, scope) => {
    const other: Scope = scope === "program:read" ? "program:write" : "program:read";
    const narrow = server.keyFor(workspace.principal("test", { scopes: new Set([other]) }));
    const body = method === "GET" ? {} : { body: "{" };
    expect((await server.call(method, path, body)).status).toBe(401);
    expect((await server.call(method, path, { key: "hk_test_wrong", ...body })).status).toBe(401);
    expect((await server.call(method, path, { key: narrow, ...body })).status).toBe(403);
  });
});

describe("the cache", () => {
  const place = () => ({ workspaceId: workspace.workspaceId, environmentId: workspace.test });

  test("gives the same object until something is published", async () => {
    await applyProgram(room, workspace.principal("test"), { ...place(), content: PROGRAM });
    expect(await active()).toBe(await active());
    const before = await active();
    await applyProgram(room, workspace.principal("test"), { ...place(), content: OTHER });
    expect((await active()).version).toBe(2);
    expect(before.version).toBe(1);
  });

  test("shows a version inside its own transaction to those that share it, and forgets one that was taken back", async () => {
    await applyProgram(room, workspace.principal("test"), { ...place(), content: PROGRAM });
    await active();
    const seen: number[] = [];
    const failing: ProgramRoom = {
      ...room,
      context: {
        ...context,
        fanOut: {
          wants: async (writer) => {
            seen.push((await programs.active(writer, workspace.test)).version);
            throw new Error("the disk failed");
          },
          expand: async () => {},
        },
      },
    };
    await expect(applyProgram(failing, workspace.principal("test"), { ...place(), content: OTHER })).rejects.toThrow(
      "the disk failed",
    );
    await context.database.read(async () => {});
    await context.database.write(async () => {});
    expect(seen).toEqual([2]);
    expect((await active()).version).toBe(1);
    expect((await leftBehind()).versions).toBe(1);
  });

  test("keeps nothing that was read before a publication and arrives after it", async () => {
    await applyProgram(room, workspace.principal("test"), { ...place(), content: PROGRAM });
    programs.forget(workspace.test);
    const late = await context.database.read(async (reader) => {
      const slow = {
        ...reader,
        get: async <T>(sql: string, parameters?: readonly never[]): Promise<T | undefined> => {
          const row = await reader.get<T>(sql, parameters);
          await applyProgram(room, workspace.principal("test"), { ...place(), content: OTHER });
          return row;
        },
      };
      return programs.active(slow as never, workspace.test);
    });
    expect(late.version).toBe(1);
    expect((await active()).version).toBe(2);
  });

  test("asks for the number each time where other processes may publish", async () => {
    const shared = createProgramCache({
      database: {
        ...context.database,
        onRollback: () => {},
        capabilities: { engine: "postgres", sharedAcrossProcesses: true, checksItself: true },
      },
    });
    const ask = () => context.database.read((reader) => shared.active(reader, workspace.test));
    expect((await ask()).version).toBe(0);
    await applyProgram(room, workspace.principal("test"), { ...place(), content: PROGRAM });
    const first = await ask();
    expect(first.version).toBe(1);
    expect(await ask()).toBe(first);
    await applyProgram(room, workspace.principal("test"), { ...place(), content: OTHER });
    expect((await ask()).version).toBe(2);
  });
});

test("applying saves and publishes at once, and leaves both in the audit", async () => {
  const content: JsonObject = OTHER;
  const applied = await applyProgram(
    room,
    { kind: "operator", request: { id: "req_1" } },
    {
      workspaceId: workspace.workspaceId,
      environmentId: workspace.live,
      content,
      note: "from the file",
    },
  );
  expect(applied).toMatchObject({
    isNew: true,
    program: { version: 1, note: "from the file", publishedBy: "operator" },
  });
  expect((await active(workspace.live)).timezone).toBe("Europe/Berlin");
  expect(await leftBehind()).toMatchObject({
    audit: ["program.draft_saved", "program.published"],
    outbound: ["program.published"],
  });
});
