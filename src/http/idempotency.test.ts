import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { Elysia } from "elysia";
import * as v from "valibot";
import { createTestContext, createTestWorkspace, type TestContext } from "../../tests/support/context.ts";
import { type FaultyDatabase, withFaults } from "../../tests/support/faults.ts";
import { type CallOptions, createTestServer, type TestServer } from "../../tests/support/http.ts";
import { retain } from "../../tests/support/retention.ts";
import { mutate } from "../journal/mutate.ts";
import { JOURNAL_RETENTION } from "../journal/retention.ts";
import { AppError } from "../kernel/errors.ts";
import type { JsonObject } from "../kernel/json.ts";
import { createMetrics } from "../kernel/metrics.ts";
import type { KeyPrincipal } from "../kernel/principal.ts";
import { DAY, SECOND } from "../kernel/units.ts";
import { callerOf, type Guard } from "./guard.ts";

/*
 * A room whose every write leaves one audit entry: what was done is counted there. `/v1/slow` waits for the test, and
 * `/v1/secrets` shows something that stands in its answer only.
 */

let context: TestContext;
let database: FaultyDatabase;
let started: TestContext;
let server: TestServer;
let principal: KeyPrincipal;
let key: string;
let gate: Promise<void>;
let openGate: () => void;
let entered: number;
let behaviour: "succeeds" | "refuses" | "refuses before" | "breaks after";

const ACCESS = { access: { scope: "members:write" } } as const;
const Thing = v.optional(v.looseObject({}));

const change = (request: Request, result = `thing ${++entered}`): Promise<string> => {
  const caller = callerOf(request);
  if (behaviour === "refuses before") throw new AppError("conflict", "Not any more.");
  return mutate(started, caller, async () => {
    if (behaviour === "refuses") throw new AppError("conflict", "Not now.");
    const { workspaceId } = caller;
    return { result, audit: [{ workspaceId, action: "thing.made", target: result }], announce: [], jobs: [] };
  });
};

const routes = (guard: Guard) =>
  new Elysia({ name: "things" })
    .use(guard)
    .post(
      "/v1/things",
      async ({ request, set }) => {
        const result = await change(request);
        if (behaviour === "breaks after") throw new Error("a bug in the view");
        set.status = 201;
        set.headers.etag = '"1"';
        return { result };
      },
      { ...ACCESS, body: Thing },
    )
    .put("/v1/things/:id", async ({ request, params }) => ({ result: await change(request, params.id) }), {
      ...ACCESS,
      params: v.object({ id: v.string() }),
      body: Thing,
    })
    .delete(
      "/v1/things/:id",
      async ({ request, set }) => {
        await change(request);
        set.status = 204;
      },
      { ...ACCESS },
    )
    .post(
      "/v1/twice",
      async ({ request }) => {
        const result = [await change(request, "one"), await change(request, "two")];
        if (behaviour === "breaks after") throw new Error("a bug in the view");
        return { result };
      },
      { ...ACCESS },
    )
    .post(
      "/v1/slow",
      async ({ request }) => {
        entered += 1;
        await gate;
        return { result: await change(request) };
      },
      { ...ACCESS, body: Thing },
    )
    .post(
      "/v1/secrets",
      async ({ request, set }) => {
        set.status = 201;
        return { secret: await change(request, `hk_live_secret${++entered}`), shown: "once" };
      },
      { ...ACCESS },
    )
    .post("/v1/questions", ({ request }) => ({ asked: ++entered, by: callerOf(request).environmentId }), {
      access: { scope: "members:write" },
      body: Thing,
    })
    .get("/v1/things", () => ({ read: ++entered }), { ...ACCESS })
    .post("/v1/own", ({ request }) => ({ key: request.headers.get("idempotency-key"), n: ++entered }), {
      ...ACCESS,
      ownIds: true,
    });

/** The room again over the same database, as a start after a crash finds it. */
const restart = (): void => {
  started = { ...context, database, metrics: createMetrics() };
  server = createTestServer(started, [{ routes }]);
  key = server.keyFor(principal);
};

beforeEach(async () => {
  context = await createTestContext();
  principal = (await createTestWorkspace(context)).principal("live");
  database = withFaults(context.database);
  entered = 0;
  behaviour = "succeeds";
  ({ promise: gate, resolve: openGate } = Promise.withResolvers<void>());
  restart();
});
afterEach(() => context.close());

const send = (path: string, once: string | undefined, options: CallOptions & { method?: string } = {}) =>
  server.call(options.method ?? "POST", path, {
    key,
    ...options,
    headers: { ...(once === undefined ? {} : { "idempotency-key": once }), ...options.headers },
  });
const done = async (): Promise<number> => {
  const row = await context.database.read((reader) =>
    reader.get<{ n: number }>("SELECT COUNT(*) AS n FROM audit_entries"),
  );
  return row?.n ?? -1;
};
const claims = () =>
  context.database.read((reader) =>
    reader.all<{ key_hash: string; request_hash: string; result_sealed: string | null; answer_sealed: string | null }>(
      "SELECT key_hash, request_hash, result_sealed, answer_sealed FROM idempotency_claims",
    ),
  );

describe("a repeat under the same key", () => {
  test("is given the first answer: status, body and headers, and nothing is done again", async () => {
    const first = await send("/v1/things", "k", { body: { b: 1, a: [2] } });
    const again = await send("/v1/things", "k", { body: { a: [2], b: 1 }, headers: { "x-request-id": "second" } });
    expect([first.status, first.body]).toEqual([201, { result: "thing 1" }]);
    expect([again.status, again.text]).toEqual([201, first.text]);
    expect([first.headers.get("idempotency-replayed"), again.headers.get("idempotency-replayed")]).toEqual([
      null,
      "true",
    ]);
    expect(again.headers.get("etag")).toBe('"1"');
    expect(again.headers.get("content-type")).toBe(first.headers.get("content-type"));
    expect(again.headers.get("x-request-id")).toBe("second");
    expect([await done(), entered]).toEqual([1, 1]);
    expect(await started.metrics.render()).toContain("hatch_idempotent_replays_total 1");
  });

  test("of a deletion is an empty 204", async () => {
    for (const replayed of [null, "true"]) {
      const answer = await send("/v1/things/1", "k", { method: "DELETE" });
      expect([answer.status, answer.text, answer.headers.get("idempotency-replayed")]).toEqual([204, "", replayed]);
    }
    expect(await done()).toBe(1);
  });

  test("after a restart too", async () => {
    const first = await send("/v1/things", "k");
    restart();
    expect((await send("/v1/things", "k")).text).toBe(first.text);
    expect(await done()).toBe(1);
  });

  test("is let in as any other request: not without the key, its scope, or in time", async () => {
    await send("/v1/things", "k");
    const narrow = server.keyFor({ ...principal, scopes: new Set(["members:read"] as const) });
    expect((await send("/v1/things", "k", { key: narrow })).status).toBe(403);
    server.revoke(key);
    expect((await send("/v1/things", "k")).status).toBe(401);
  });

  test("makes one claim where a request changes two things", async () => {
    expect((await send("/v1/twice", "k")).body.result).toEqual(["one", "two"]);
    expect((await send("/v1/twice", "k")).body.result).toEqual(["one", "two"]);
    expect([await done(), (await claims()).length]).toEqual([2, 1]);
  });
});

describe("another request under the same key is refused with idempotency_conflict", () => {
  test.each([
    ["other content", "POST", "/v1/things", { a: 2 }],
    ["no content", "POST", "/v1/things", undefined],
    ["another path", "PUT", "/v1/things/2", { a: 1 }],
    ["another method", "DELETE", "/v1/things", { a: 1 }],
    ["another query", "POST", "/v1/things?dry=1", { a: 1 }],
  ])("%s", async (_, method, path, body) => {
    await send("/v1/things", "k", { body: { a: 1 } });
    const answer = await send(path === "/v1/things" && method === "DELETE" ? "/v1/things/1" : path, "k", {
      method,
      ...(body === undefined ? {} : { body }),
    });
    expect([answer.status, answer.body.error.code]).toEqual([409, "idempotency_conflict"]);
    expect(await done()).toBe(1);
  });
});

describe("the key belongs to its caller", () => {
  test("the same words of another key, or of another environment, are another key", async () => {
    const others = [
      server.keyFor({ ...principal, keyId: context.ids.next("key") }),
      server.keyFor({ ...principal, environmentId: context.ids.next("env") }),
    ];
    await send("/v1/things", "k", { body: { a: 1 } });
    for (const other of others)
      expect((await send("/v1/things", "k", { key: other, body: { a: 2 } })).status).toBe(201);
    expect(await done()).toBe(3);
  });

  test.each(["with its answer", "without"])("nothing of it is readable in the database (%s)", async (what) => {
    if (what === "without") database.loseAnswer(1);
    await send("/v1/secrets", "order-4711");
    const text = JSON.stringify(await claims());
    for (const word of ["order-4711", "hk_live_secret", "shown", principal.keyId]) expect(text).not.toContain(word);
  });

  test.each([
    ["", 255 + 1],
    ["..", 1],
  ])("one that can't be one is refused (%p)", async (word, times) => {
    const answer = await send("/v1/things", (word || "x").repeat(times));
    expect([answer.status, answer.body.error.details[0].path]).toEqual([422, "Idempotency-Key"]);
    expect(await done()).toBe(0);
  });
});

describe("what is not remembered", () => {
  test("a refusal: the same request may succeed later", async () => {
    behaviour = "refuses";
    expect((await send("/v1/things", "k")).status).toBe(409);
    behaviour = "succeeds";
    const answer = await send("/v1/things", "k");
    expect([answer.status, answer.headers.get("idempotency-replayed")]).toEqual([201, null]);
    expect(await done()).toBe(1);
  });

  test("a request that is refused before it is handled", async () => {
    expect((await send("/v1/things", "k", { body: [] })).status).toBe(422);
    expect((await send("/v1/things", "k", { body: { a: 1 } })).status).toBe(201);
  });

  test("what changes nothing, and reads", async () => {
    expect([(await send("/v1/questions", "k")).body.asked, (await send("/v1/questions", "k")).body.asked]).toEqual([
      1, 2,
    ]);
    const reads = [await send("/v1/things", "k", { method: "GET" }), await send("/v1/things", "k", { method: "GET" })];
    expect(reads.map(({ body }) => body.read)).toEqual([3, 4]);
    expect(await claims()).toEqual([]);
  });

  test("a route whose contents have ids of their own gets the key itself", async () => {
    expect((await send("/v1/own", "k")).body).toEqual({ key: "k", n: 1 });
    expect((await send("/v1/own", "k")).body).toEqual({ key: "k", n: 2 });
  });

  test("anything after a day", async () => {
    await send("/v1/things", "k");
    context.clock.set(context.clock.now() + DAY - 1);
    expect((await send("/v1/things", "k")).headers.get("idempotency-replayed")).toBe("true");
    context.clock.set(context.clock.now() + 1);
    expect((await send("/v1/things", "k", { body: { other: 1 } })).status).toBe(201);
    expect([await done(), (await claims()).length]).toEqual([2, 1]);
  });

  test("and the rows go, batch by batch, the younger ones stay", async () => {
    await context.database.write((writer) =>
      writer.insertMany({
        table: "idempotency_claims",
        columns: ["key_hash", "environment_id", "request_hash", "answer_sealed", "created_at"],
        rows: Array.from({ length: 1_500 }, (_, n) => [`h${n}`, "env_x", "r", null, writer.now - DAY]),
      }),
    );
    await send("/v1/things", "k");
    expect(await retain(context, JOURNAL_RETENTION)).toEqual({ idempotencyClaims: 1_500 });
    expect((await claims()).length).toBe(1);
  });
});

describe("repeats while the first request runs", () => {
  test("wait, twenty of them, and are given its answer", async () => {
    const all = Array.from({ length: 20 }, () => send("/v1/slow", "k"));
    openGate();
    const answers = await Promise.all(all);
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(answers.filter(({ headers }) => headers.get("idempotency-replayed") === "true").length).toBe(19);
    expect([await done(), entered]).toEqual([1, 2]);
  });

  test("of which the first fails: the next one makes the change", async () => {
    behaviour = "refuses";
    const all = Array.from({ length: 5 }, () => send("/v1/slow", "k"));
    openGate();
    expect((await Promise.all(all)).map(({ status }) => status)).toEqual([409, 409, 409, 409, 409]);
    behaviour = "succeeds";
    const later = await Promise.all(Array.from({ length: 5 }, () => send("/v1/slow", "k")));
    expect(later.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    expect(await done()).toBe(1);
  });

  test("are told to come again where it takes too long, and other content at once", async () => {
    const first = send("/v1/slow", "k", { body: { a: 1 } });
    const twin = send("/v1/slow", "k", { body: { a: 1 } });
    const other = await send("/v1/slow", "k", { body: { a: 2 } });
    expect(other.body.error.code).toBe("idempotency_conflict");
    await context.clock.advance(10 * SECOND);
    const answer = await twin;
    expect([answer.status, answer.body.error.code, answer.headers.get("retry-after")]).toEqual([409, "conflict", "1"]);
    openGate();
    expect((await first).status).toBe(200);
    expect(await done()).toBe(1);
  });

  test("are refused where the key was revoked while they waited", async () => {
    const first = send("/v1/slow", "k");
    const twin = send("/v1/slow", "k");
    await context.clock.advance(1);
    server.revoke(key);
    openGate();
    expect((await first).status).toBe(200);
    expect((await twin).status).toBe(401);
  });
});

describe("where a crash came between the change and its answer", () => {
  /** The change is on the disk, its caller was told 500, and nothing of it is left in memory. */
  const loseAnswer = async (path: string, body?: JsonObject): Promise<void> => {
    behaviour = "breaks after";
    expect((await send(path, "k", body ? { body } : {})).status).toBe(500);
    behaviour = "succeeds";
    restart();
  };

  test("the answer is made again of what the change came to, and is kept from then on", async () => {
    await loseAnswer("/v1/things");
    const [again, later] = [await send("/v1/things", "k"), await send("/v1/things", "k")];
    for (const answer of [again, later]) {
      expect([answer.status, answer.body, answer.headers.get("etag")]).toEqual([201, { result: "thing 1" }, '"1"']);
      expect(answer.headers.get("idempotency-replayed")).toBe("true");
    }
    expect(later.text).toBe(again.text);
    expect(await done()).toBe(1);
    expect((await claims()).map(({ result_sealed }) => result_sealed)).toEqual([null]);
  });

  test("also where it is a crash of the database's connection at the commit", async () => {
    database.loseAnswer(1);
    expect((await send("/v1/secrets", "k")).status).toBe(503);
    restart();
    const again = await send("/v1/secrets", "k");
    expect([again.status, again.body]).toEqual([201, { secret: "hk_live_secret1", shown: "once" }]);
    expect(await done()).toBe(1);
  });

  test("another request under the key is refused all the same", async () => {
    await loseAnswer("/v1/things", { a: 1 });
    expect((await send("/v1/things", "k", { body: { a: 2 } })).body.error.code).toBe("idempotency_conflict");
  });

  test("twenty repeats are given one answer", async () => {
    await loseAnswer("/v1/things");
    const answers = await Promise.all(Array.from({ length: 20 }, () => send("/v1/things", "k")));
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`))).toEqual(
      new Set(['201 {"result":"thing 1"}']),
    );
    expect(await done()).toBe(1);
  });

  test("the repeat is told that it was lost where the request is refused by now, and the change is not made again", async () => {
    await loseAnswer("/v1/things");
    behaviour = "refuses before";
    const answer = await send("/v1/things", "k");
    expect([answer.status, answer.body.error.code]).toEqual([409, "conflict"]);
    expect(answer.body.error.message).toContain("its answer was lost");
    behaviour = "succeeds";
    expect((await send("/v1/things", "k")).body).toEqual({ result: "thing 1" });
    expect(await done()).toBe(1);
  });

  test("and where it changed two things, of which nobody knows whether the second was made", async () => {
    behaviour = "breaks after";
    expect((await send("/v1/twice", "k")).status).toBe(500);
    behaviour = "succeeds";
    const answer = await send("/v1/twice", "k");
    expect([answer.status, answer.body.error.code]).toEqual([409, "conflict"]);
    expect(await done()).toBe(2);
  });
});

describe("faults", () => {
  test("a claim that could not be written is no change, and an answer that could not is made again", async () => {
    for (let statement = 1; ; statement++) {
      database.strikeAt(statement);
      const answer = await send("/v1/things", `k${statement}`);
      if (!database.struck()) break;
      database.strikeAt(0);
      const before = await done();
      const again = await send("/v1/things", `k${statement}`);
      expect(again.status).toBe(201);
      // The last statement writes the answer: its loss is not the caller's, who has it.
      if (answer.status === 201) expect([again.text, await done()]).toEqual([answer.text, before]);
      else expect(await done()).toBe(before + 1);
    }
  });
});
