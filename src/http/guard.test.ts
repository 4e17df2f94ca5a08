import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { Elysia } from "elysia";
import * as v from "valibot";
import { createTestContext, createTestWorkspace, type TestContext } from "../../tests/support/context.ts";
import { createTestServer, type TestServer } from "../../tests/support/http.ts";
import type { KeyPrincipal } from "../kernel/principal.ts";
import { keyOf, requestOf } from "./guard.ts";
import type { Mountable } from "./server.ts";

let context: TestContext;
let server: TestServer;
let principal: KeyPrincipal;
let key: string;
let handled: string[];

const Thing = v.strictObject({
  name: v.pipe(v.string(), v.minLength(2)),
  properties: v.optional(v.strictObject({ score: v.pipe(v.number(), v.integer()) })),
});

beforeEach(async () => {
  context = await createTestContext();
  principal = (await createTestWorkspace(context)).principal("live");
  handled = [];
  server = createTestServer(context, [
    {
      routes: (guard) =>
        new Elysia({ name: "things" })
          .use(guard)
          .post(
            "/v1/things",
            ({ request, body }) => {
              handled.push(body.name);
              return { key: keyOf(request).keyId, body };
            },
            { access: { scope: "events:write" }, body: Thing },
          )
          .post("/v1/things/batch", ({ body }) => ({ count: body.length }), {
            bodyLimit: "batch",
            access: { scope: "events:write" },
            body: v.array(v.unknown()),
          })
          .get("/v1/things/:id", ({ params, query }) => ({ id: params.id, limit: query.limit ?? null }), {
            access: { scope: "events:read" },
            query: v.object({ limit: v.optional(v.pipe(v.string(), v.regex(/^\d+$/))) }),
          })
          .post("/v1/maybe", ({ body }) => ({ isAbsent: body === undefined }), {
            access: { scope: "events:write" },
            body: v.optional(v.strictObject({})),
          })
          .delete("/v1/things/:id", () => ({ gone: true }), { access: { scope: "events:write" } })
          .get("/v1/open", ({ request }) => ({ request: requestOf(request) }), { access: "public" }),
    },
  ]);
  key = server.keyFor(principal);
});

afterEach(() => context.close());

const GARBLED = [
  ["an unknown key", "Bearer hk_live_nobody"],
  ["no key at all", "Bearer "],
  ["two words", "Bearer hk_live_a hk_live_b"],
  ["basic", `Basic ${btoa("user:password")}`],
  ["a scheme of nobody's", "Digest abc"],
  ["a bare word", "hk_live_nobody"],
] as const;

const ROUTES = [
  ["a guarded route", "POST", "/v1/things"],
  ["a guarded route without a body", "GET", "/v1/things/1"],
  ["a public route", "GET", "/v1/open"],
  ["a probe", "GET", "/healthz"],
  ["a wrong method", "PATCH", "/v1/things"],
  ["an unknown address", "GET", "/v1/nothing"],
  ["a path that does not decode", "GET", "/v1/things/%zz"],
] as const;

describe("a wrong credential is 401 with WWW-Authenticate", () => {
  for (const [what, authorization] of GARBLED) {
    test.each(ROUTES)(`${what} on %s`, async (_, method, path) => {
      const answer = await server.call(method, path, { headers: { authorization } });
      expect(answer.status).toBe(401);
      expect(answer.body.error.code).toBe("unauthenticated");
      expect(answer.headers.get("www-authenticate")).toBe('Bearer realm="hatch"');
      expect(answer.text).not.toContain("hk_live_nobody");
    });
  }

  test("a good key beside a wrong one is no good key", async () => {
    const headers = new Headers([
      ["authorization", `Bearer ${key}`],
      ["authorization", "Bearer hk_live_nobody"],
    ]);
    const response = await server.handle(new Request("http://localhost/v1/open", { headers }));
    expect(response.status).toBe(401);
  });
});

describe("who may call", () => {
  test("nobody without a credential, on each guarded route, before its body is looked at", async () => {
    for (const { method, path, rules } of server.routes) {
      if (rules.access === "public") continue;
      const answer = await server.call(method, path.replace(":id", "1"), method === "GET" ? {} : { body: '{"broken' });
      expect([method, path, answer.status]).toEqual([method, path, 401]);
    }
  });

  test("a key in the query or in the body is no credential", async () => {
    const inQuery = await server.call("POST", `/v1/things?key=${key}&authorization=Bearer%20${key}`, {
      body: { name: "ab", key },
    });
    expect(inQuery.status).toBe(401);
  });

  test("a key without the scope is told which one it lacks, whatever its body is", async () => {
    const narrow = server.keyFor({ ...principal, scopes: new Set(["events:read"] as const) });
    const answer = await server.call("POST", "/v1/things", { key: narrow, body: '{"broken' });
    expect(answer.status).toBe(403);
    expect(answer.body.error.message).toContain("events:write");
    expect((await server.call("GET", "/v1/things/1", { key: narrow })).status).toBe(200);
  });

  test.each([
    ["origin", "https://example.com"],
    ["sec-fetch-site", "same-origin"],
  ])(
    "a secret key that comes from a browser (%s) is refused with the reason, on public routes too",
    async (name, value) => {
      for (const path of ["/v1/things/1", "/v1/open", "/v1/nothing"]) {
        const answer = await server.call("GET", path, { key, headers: { [name]: value } });
        expect(answer.status).toBe(403);
        expect(answer.body.error.message).toContain("browser");
      }
      expect((await server.call("GET", "/v1/open", { headers: { [name]: value } })).status).toBe(200);
    },
  );

  test("the scheme may be written in any case", async () => {
    const answer = await server.call("GET", "/v1/things/1", { headers: { authorization: `bEARER  ${key}` } });
    expect(answer.status).toBe(200);
  });

  test("a key that is revoked while its body arrives is refused", async () => {
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        server.revoke(key);
        controller.enqueue(new TextEncoder().encode('{"name":"ab"}'));
        controller.close();
      },
    });
    const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
    const response = await server.handle(new Request("http://localhost/v1/things", { method: "POST", headers, body }));
    expect(response.status).toBe(401);
    expect(handled).toEqual([]);
  });

  test("the body of a caller that is not admitted is never read", async () => {
    let pulled = 0;
    const body = new ReadableStream<Uint8Array>({ pull: () => void pulled++ }, { highWaterMark: 0 });
    const credentials: readonly Record<string, string>[] = [{}, { authorization: "Bearer hk_live_nobody" }];
    for (const headers of credentials) {
      const request = new Request("http://localhost/v1/things", { method: "POST", headers, body });
      expect((await server.handle(request)).status).toBe(401);
    }
    expect(pulled).toBe(0);
  });

  test("a route that forgot its access can't be mounted", async () => {
    const other = await createTestContext();
    const forgetful = { routes: () => new Elysia({ name: "forgetful" }).get("/v1/oops", () => "open") };
    expect(() => createTestServer(other, [forgetful])).toThrow("GET /v1/oops has no `access`");
    await other.close();
  });

  test("two routes can't be mounted with one object of options: the second would get the rules of the first", async () => {
    const other = await createTestContext();
    const options = { access: { scope: "events:read" } } as const;
    const twins: Mountable = {
      routes: (guard) =>
        new Elysia({ name: "twins" })
          .use(guard)
          .get("/v1/one", () => "one", options)
          .get("/v1/two", () => "two", options),
    };
    expect(() => createTestServer(other, [twins])).toThrow("GET /v1/two shares its options with another route");
    await other.close();
  });
});

describe("bodies", () => {
  const send = (body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}, path = "/v1/things") =>
    server.handle(
      new Request(`http://localhost${path}`, {
        method: "POST",
        headers: { authorization: `Bearer ${key}`, "content-type": "application/json", ...headers },
        body,
      }),
    );
  const codeOf = async (response: Response) =>
    [response.status, ((await response.json()) as { error?: { code: string } }).error?.code] as const;
  const nested = (depth: number) => `${"[".repeat(depth)}${"]".repeat(depth)}`;

  test("a good one arrives whole", async () => {
    const answer = await server.call("POST", "/v1/things", { key, body: { name: "ab", properties: { score: 3 } } });
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({ key: principal.keyId, body: { name: "ab", properties: { score: 3 } } });
  });

  test.each([
    ["cut", '{"name":'],
    ["with a comma too many", '{"name":"ab",}'],
    ["that is no JSON", "name=ab"],
    ["of one bracket", "]"],
  ])("JSON %s is 400", async (_, body) => {
    expect(await codeOf(await send(body))).toEqual([400, "malformed_json"]);
  });

  test("not UTF-8 is 400", async () => {
    const bytes = new Uint8Array([
      ...new TextEncoder().encode('{"name":"'),
      0xc3,
      0x28,
      ...new TextEncoder().encode('"}'),
    ]);
    expect(await codeOf(await send(bytes))).toEqual([400, "malformed_json"]);
  });

  test("32 levels are read, 33 are 400; brackets in strings do not count", async () => {
    expect((await send(nested(32), {}, "/v1/things/batch")).status).toBe(200);
    expect(await codeOf(await send(nested(33), {}, "/v1/things/batch"))).toEqual([400, "malformed_json"]);
    expect(await codeOf(await send("[".repeat(900_000)))).toEqual([400, "malformed_json"]);
    expect((await send(JSON.stringify([`\\"${"[".repeat(99)}`, "{{"]), {}, "/v1/things/batch")).status).toBe(200);
  });

  test.each([
    "text/plain",
    "application/x-www-form-urlencoded",
    "application/jsonp",
    "application/json; charset=latin1",
    "",
  ])("content type %p is 415", async (contentType) => {
    expect(await codeOf(await send('{"name":"ab"}', { "content-type": contentType }))).toEqual([
      415,
      "unsupported_media_type",
    ]);
  });

  test.each(["application/json; charset=utf-8", "Application/JSON;charset=UTF-8", 'application/json; charset="utf-8"'])(
    "content type %p is JSON",
    async (contentType) => {
      expect((await send('{"name":"ab"}', { "content-type": contentType })).status).toBe(200);
    },
  );

  test("a compressed body is 415", async () => {
    const body = Bun.gzipSync(new TextEncoder().encode('{"name":"ab"}'));
    expect(await codeOf(await send(body, { "content-encoding": "gzip" }))).toEqual([415, "unsupported_media_type"]);
  });

  test("one byte over the limit is 413, told by its length or not", async () => {
    const fill = (bytes: number) => `["${"x".repeat(bytes - 4)}"]`;
    const MiB = 1024 * 1024;
    expect(await codeOf(await send(fill(MiB + 1)))).toEqual([413, "payload_too_large"]);
    expect(await codeOf(await send(fill(MiB)))).toEqual([422, "validation_failed"]);
    expect(await codeOf(await send("[]", { "content-length": String(2 ** 50) }))).toEqual([413, "payload_too_large"]);
    expect((await send(fill(8 * MiB), {}, "/v1/things/batch")).status).toBe(200);
    expect(await codeOf(await send(fill(8 * MiB + 1), {}, "/v1/things/batch"))).toEqual([413, "payload_too_large"]);
  });

  test("none where one is needed says so; none where none is needed is fine", async () => {
    const missing = await server.call("POST", "/v1/things", { key });
    expect(missing.status).toBe(422);
    expect(missing.body.error.details).toEqual([{ path: "", message: "Send a JSON body." }]);
    expect((await server.call("POST", "/v1/maybe", { key })).body).toEqual({ isAbsent: true });
    expect((await server.call("POST", "/v1/maybe", { key, body: {} })).body).toEqual({ isAbsent: false });
    expect((await server.call("DELETE", "/v1/things/1", { key, body: '{"broken' })).body).toEqual({ gone: true });
  });

  test("`__proto__` and repeated keys do no harm", async () => {
    const poisoned = await send(
      '{"name":"ab","__proto__":{"isAdmin":true},"constructor":{"prototype":{"isAdmin":true}}}',
    );
    expect(poisoned.status).toBe(422);
    expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined();
    const twice = await send('{"name":"x","name":"ab"}');
    expect(((await twice.json()) as { body: unknown }).body).toEqual({ name: "ab" });
  });
});

describe("what is wrong with an input", () => {
  test("is told for each field, by its path and in words, and nothing of it is repeated", async () => {
    const answer = await server.call("POST", "/v1/things", {
      key,
      body: { name: "§", properties: { score: "ninety-four-ish" }, extra: "hunter2" },
    });
    expect(answer.status).toBe(422);
    expect(answer.body.error.details).toEqual([
      { path: "name", message: "Must have at least 2 characters." },
      { path: "properties.score", message: "Must be a number." },
      { path: "extra", message: "Is not a known field." },
    ]);
    for (const secret of ["§", "ninety", "hunter2", key]) expect(answer.text).not.toContain(secret);
  });

  test("a missing field is told as missing, a body of another kind as such", async () => {
    const missing = await server.call("POST", "/v1/things", { key, body: {} });
    expect(missing.body.error.details).toEqual([{ path: "name", message: "Is required." }]);
    const text = await server.call("POST", "/v1/things", { key, body: '"hello"' });
    expect(text.body.error.details).toEqual([{ path: "", message: "Must be an object." }]);
  });

  test("of a query, too", async () => {
    const answer = await server.call("GET", "/v1/things/1?limit=lots", { key });
    expect(answer.status).toBe(422);
    expect(answer.body.error.details).toEqual([{ path: "limit", message: "Has the wrong form." }]);
    expect(answer.text).not.toContain("lots");
  });

  test.each(["/v1/things/%zz", "/v1/things/%", "/v1/things/%ff", "/v1/things/%ED%A0%80", "/v1/things/a%00b"])(
    "the path %s is 400",
    async (path) => {
      const answer = await server.call("GET", path, { key });
      expect([answer.status, answer.body.error.code]).toEqual([400, "malformed_json"]);
    },
  );

  test("a slash inside an encoded parameter stays inside", async () => {
    expect((await server.call("GET", "/v1/things/a%2Fb", { key })).body.id).toBe("a/b");
  });
});

test("a public route knows the request's id, address and trace", async () => {
  const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  const answer = await server.call("GET", "/v1/open", {
    peer: "::ffff:203.0.113.9",
    headers: { traceparent, "x-request-id": "mine-1" },
  });
  expect(answer.body.request).toEqual({ id: "mine-1", address: "203.0.113.9", traceparent });
  for (const bad of [
    "00-zz",
    `00-${"0".repeat(32)}-00f067aa0ba902b7-01`,
    `ff${traceparent.slice(2)}`,
    traceparent.toUpperCase(),
  ]) {
    const other = await server.call("GET", "/v1/open", { headers: { traceparent: bad } });
    expect(other.body.request.traceparent).toBeUndefined();
  }
});
