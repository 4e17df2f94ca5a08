import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { connect } from "node:net";
import { Elysia } from "elysia";
import * as v from "valibot";
import { settle } from "../../tests/support/clock.ts";
import { createTestContext, createTestWorkspace, TEST_CONFIG, type TestContext } from "../../tests/support/context.ts";
import { type CallOptions, createTestServer, type TestServer } from "../../tests/support/http.ts";
import type { Config } from "../config/config.ts";
import type { Context } from "../context.ts";
import { AppError } from "../kernel/errors.ts";
import type { KeyPrincipal } from "../kernel/principal.ts";
import { findRefusedRequests } from "./refused/store.ts";
import type { ServerOptions } from "./server.ts";

let context: TestContext;
let server: TestServer;
let principal: KeyPrincipal;
let key: string;
let release: () => void;

/** Opens the server under test anew, over other settings. */
async function open(
  overrides: {
    readonly http?: Partial<Config["http"]>;
    readonly limits?: Partial<Config["limits"]>;
    readonly metrics?: Partial<Config["metrics"]>;
    readonly server?: Partial<Config["server"]>;
    readonly adminListener?: Config["adminListener"];
    readonly tls?: Config["tls"];
  } = {},
  options: Partial<ServerOptions> = {},
): Promise<void> {
  const config = {
    ...TEST_CONFIG,
    http: { ...TEST_CONFIG.http, ...overrides.http },
    limits: { ...TEST_CONFIG.limits, ...overrides.limits },
    metrics: { ...TEST_CONFIG.metrics, ...overrides.metrics },
    server: { ...TEST_CONFIG.server, ...overrides.server },
    adminListener: overrides.adminListener,
    tls: overrides.tls,
  };
  await context?.close();
  context = await createTestContext({ config } as Partial<Context>);
  principal = (await createTestWorkspace(context)).principal("live");
  const slow = new Promise<void>((resolve) => {
    release = resolve;
  });
  const routes: NonNullable<ServerOptions["features"][number]["routes"]> = (guard) =>
    new Elysia({ name: "things" })
      .use(guard)
      .get("/v1/things", () => ({ ok: true }), { access: { scope: "events:read" } })
      .post("/v1/things", () => ({ ok: true }), { access: { scope: "events:write" }, body: v.strictObject({}) })
      .get("/v1/things/:id", ({ params }) => ({ id: params.id }), { access: { scope: "events:read" } })
      .get("/open", () => ({ ok: true }), { access: "public" })
      .get(
        "/page",
        () => new Response("<p>", { headers: { "cache-control": "max-age=60", "content-type": "text/html" } }),
        {
          access: "public",
        },
      )
      .get(
        "/slow",
        async () => {
          await slow;
          return { slow: true };
        },
        { access: "public" },
      )
      .get(
        "/bug",
        () => {
          throw new TypeError("SELECT password FROM accounts");
        },
        { access: "public" },
      )
      .get("/lie", () => ({ count: "three" }) as never, { access: "public", response: v.object({ count: v.number() }) })
      .get(
        "/conflict",
        ({ set }) => {
          set.headers["x-half-done"] = "1";
          set.status = 201;
          throw new AppError("conflict", "hk_live_abcdefghijklmnop was used already.", { hint: "never shown" });
        },
        { access: { scope: "events:read" } },
      )
      .get("/read", () => ({ ok: true }), { access: "public", audience: "everybody", page: true })
      .get("/own", () => ({ ok: true }), { access: { account: "self" }, page: true })
      .get("/setup", () => ({ page: "set-up" }), { access: "public", beforeClaim: true });
  server = createTestServer(context, [{ routes }], options);
  key = server.keyFor(principal);
}

beforeEach(() => open());
afterEach(async () => {
  await server.stop(AbortSignal.timeout(100));
  await context.close();
  context = undefined as never;
});

const call = (path: string, options?: CallOptions) => server.call("GET", path, options);
const refused = () =>
  context.database.read((reader) =>
    reader.all<{ readonly status: number; readonly path: string; readonly message: string }>(
      "SELECT status, code, path, message, environment_id, actor FROM refused_requests ORDER BY id",
    ),
  );
const flushed = async () => {
  await context.clock.advance(2_000);
  await settle();
  return refused();
};

describe("every answer", () => {
  test.each(["/v1/things", "/open", "/nothing", "/bug", "/healthz", "/v1/things/%zz"])(
    "%s carries its request id and the headers of caution",
    async (path) => {
      const { headers } = await call(path);
      expect(headers.get("x-request-id")).toMatch(/^req_[0-9a-z]{26}$/);
      expect(headers.get("x-content-type-options")).toBe("nosniff");
      expect(headers.get("referrer-policy")).toBe("no-referrer");
      expect(headers.get("cache-control")).toBe("no-store");
      expect(headers.get("content-security-policy")).toBe("default-src 'none'; frame-ancestors 'none'");
      expect(headers.get("cross-origin-resource-policy")).toBe("same-origin");
      expect(headers.get("strict-transport-security")).toBeNull();
    },
  );

  test("under https says that nothing else is to be tried", async () => {
    await open({ server: { publicUrl: "https://hatch.example.com" } });
    for (const path of ["/open", "/nothing", "/v1/things", "/page"]) {
      expect((await call(path)).headers.get("strict-transport-security")).toBe("max-age=31536000");
    }
    await open({ server: { publicUrl: "http://hatch.example.com" } });
    expect((await call("/open")).headers.get("strict-transport-security")).toBeNull();
  });

  test("keeps what a page says of its own caching", async () => {
    expect((await call("/page")).headers.get("cache-control")).toBe("max-age=60");
  });

  test("keeps a caller's request id if it is a plain word, else makes one", async () => {
    for (const id of ["a", "Trace_1.2-3", "x".repeat(128)]) {
      const answer = await call("/nothing", { headers: { "x-request-id": id } });
      expect(answer.headers.get("x-request-id")).toBe(id);
      expect(answer.body.error.requestId).toBe(id);
    }
    for (const id of ["", "a b", "x".repeat(129), "ä", "<script>", "a;b"]) {
      const answer = await call("/nothing", { headers: { "x-request-id": id } });
      expect(answer.headers.get("x-request-id")).toMatch(/^req_/);
    }
  });
});

describe("a refusal", () => {
  test("has one shape", async () => {
    const answer = await call("/conflict", { key });
    expect(answer.status).toBe(409);
    expect(answer.body).toEqual({
      error: {
        code: "conflict",
        message: "hk_live_abcd… was used already.",
        requestId: answer.headers.get("x-request-id"),
      },
    });
    expect(answer.headers.get("x-half-done")).toBeNull();
  });

  test("of an unknown address is 404, of a wrong method 405 with what is allowed", async () => {
    expect((await call("/v1/nothing")).body.error.code).toBe("not_found");
    expect((await call("/v1/things/a/b")).status).toBe(404);
    for (const method of ["PUT", "DELETE", "OPTIONS", "PATCH"]) {
      const answer = await server.call(method, "/v1/things");
      expect([answer.status, answer.body.error.code]).toEqual([405, "method_not_allowed"]);
      expect(answer.headers.get("allow")).toBe("GET, HEAD, POST");
      expect(answer.headers.get("access-control-allow-origin")).toBeNull();
    }
    expect((await server.call("POST", "/v1/things/7/")).headers.get("allow")).toBe("GET, HEAD");
  });

  test("HEAD answers as GET does, without a body", async () => {
    const answer = await server.call("HEAD", "/v1/things", { key });
    expect([answer.status, answer.text]).toEqual([200, ""]);
    expect((await server.call("HEAD", "/v1/things")).status).toBe(401);
  });

  test("of a bug says nothing of it, and the log says all", async () => {
    const answer = await call("/bug");
    expect([answer.status, answer.body.error.code]).toEqual([500, "internal"]);
    for (const word of ["SELECT", "TypeError", "server.test", "accounts"]) expect(answer.text).not.toContain(word);
    const line = context.logged.find((text) => text.includes("request failed"));
    expect(line).toContain("SELECT password FROM accounts");
    expect(line).toContain(answer.headers.get("x-request-id") ?? "?");
  });

  test("an answer that breaks its own schema is our fault, not the caller's", async () => {
    const answer = await call("/lie");
    expect([answer.status, answer.body.error.code]).toEqual([500, "internal"]);
    expect(answer.text).not.toContain("three");
  });
});

describe("the Host", () => {
  test("may be anything well-formed where the server is open to others and nobody said what it is called", async () => {
    await open({ server: { host: "0.0.0.0" } });
    for (const host of ["hatch.example.com", "a", "10.0.0.1:8080", "[2001:db8::1]:80", "my_host"]) {
      expect((await call("/open", { headers: { host } })).status).toBe(200);
    }
    for (const host of ["a/b", "evil.com#", "a b", "user@a", "a?x", "", "[::1", "a:99999999"]) {
      const answer = await call("/open", { headers: { host } });
      expect([host, answer.status]).toEqual([host, 403]);
    }
  });

  test("is one of loopback's own on a server that listens there only", async () => {
    for (const host of ["localhost", "localhost:4282", "127.0.0.1", "127.9.9.9:80", "[::1]:4282"]) {
      expect([host, (await call("/open", { headers: { host } })).status]).toEqual([host, 200]);
    }
    for (const host of ["rebound.example.com", "localhost.evil.com", "10.0.0.1", "a"]) {
      const answer = await call("/open", { headers: { host } });
      expect([host, answer.status, answer.body.error.message]).toEqual([
        host,
        403,
        "The Host header names no host of this server: set server.publicUrl or http.allowedHosts.",
      ]);
    }
  });

  test("is the public URL's, or loopback's, where nothing but it is set", async () => {
    await open({ server: { host: "0.0.0.0", publicUrl: "https://hatch.example.com" } });
    expect((await call("/open", { headers: { host: "hatch.example.com" } })).status).toBe(200);
    expect((await call("/open", { headers: { host: "localhost:4282" } })).status).toBe(200);
    expect((await call("/open", { headers: { host: "other.example.com" } })).status).toBe(403);
    expect((await call("/open", { headers: { host: "10.0.0.1" } })).status).toBe(403);
  });

  test("may be an address for probes, which ask each of many servers by its own", async () => {
    await open({ server: { publicUrl: "https://hatch.example.com" }, metrics: { allowNetworks: ["10.0.0.0/8"] } });
    for (const path of ["/healthz", "/readyz", "/metrics"]) {
      const ask = (host: string) => call(path, { headers: { host }, peer: "10.0.0.9" });
      expect([path, (await ask("10.0.0.1:4282")).status]).toEqual([path, 200]);
      expect([path, (await ask("[2001:db8::1]")).status]).toEqual([path, 200]);
      expect([path, (await ask("rebound.example.com")).status]).toEqual([path, 403]);
    }
  });

  test("must be listed, the public URL's or loopback where some are", async () => {
    await open({
      http: { allowedHosts: ["Hatch.example.com"] },
      server: { publicUrl: "https://public.example.org/x" },
    });
    for (const host of ["hatch.EXAMPLE.com:8080", "public.example.org", "localhost:1", "127.0.0.1", "[::1]"]) {
      expect([host, (await call("/open", { headers: { host } })).status]).toEqual([host, 200]);
    }
    for (const host of ["evil.example.com", "hatch.example.com.evil.com", "10.0.0.1", "localhost.evil.com"]) {
      expect([host, (await call("/open", { headers: { host } })).status]).toEqual([host, 403]);
      expect((await call("/v1/things", { headers: { host }, key })).status).toBe(403);
    }
  });
});

describe("limits", () => {
  const peer = "203.0.113.7";

  test("anonymous callers have so many a minute for each address, and are told when to come back", async () => {
    await open({ limits: { anonymousPerMinute: 3 } });
    for (const path of ["/open", "/nothing", "/v1/things"]) expect((await call(path, { peer })).status).not.toBe(429);
    const answer = await call("/open", { peer });
    expect([answer.status, answer.body.error.code]).toEqual([429, "rate_limited"]);
    const seconds = Number(answer.headers.get("retry-after"));
    expect(seconds).toBe(20);
    expect((await call("/open", { peer: "203.0.113.8" })).status).toBe(200);
    expect((await call("/v1/things", { peer, key })).status).toBe(200);
    await context.clock.advance(seconds * 1_000 - 1);
    expect((await call("/open", { peer })).status).toBe(429);
    await context.clock.advance(1);
    expect((await call("/open", { peer })).status).toBe(200);
    expect((await call("/open", { peer })).status).toBe(429);
  });

  test("probes are not counted", async () => {
    await open({ limits: { anonymousPerMinute: 1 } });
    for (let i = 0; i < 5; i++) expect((await call("/healthz", { peer })).status).toBe(200);
  });

  test("one subscriber's IPv6 network counts as one address", async () => {
    await open({ limits: { anonymousPerMinute: 1 } });
    expect((await call("/open", { peer: "2001:db8:1:2::1" })).status).toBe(200);
    expect((await call("/open", { peer: "2001:db8:1:2:ffff::9" })).status).toBe(429);
    expect((await call("/open", { peer: "2001:db8:1:3::1" })).status).toBe(200);
  });

  test("wrong credentials use up their own, and never lock out a good one", async () => {
    await open({ limits: { failedAuthPerMinute: 2 } });
    const statuses: number[] = [];
    for (let i = 0; i < 4; i++) statuses.push((await call("/v1/things", { peer, key: `hk_live_wrong${i}` })).status);
    expect(statuses).toEqual([401, 401, 429, 429]);
    expect((await call("/v1/things", { peer, key })).status).toBe(200);
    expect((await call("/open", { peer })).status).toBe(200);
    expect((await call("/v1/things", { peer: "203.0.113.8", key: "hk_live_x" })).status).toBe(401);
  });

  test("a key has as many as the setting says, none by default", async () => {
    for (let i = 0; i < 300; i++) expect((await call("/v1/things", { key, peer })).status).toBe(200);
    await open({ limits: { secretKeyPerMinute: 2 } });
    const other = server.keyFor({ ...principal, keyId: context.ids.next("key") });
    expect((await call("/v1/things", { key })).status).toBe(200);
    expect((await call("/v1/things", { key })).status).toBe(200);
    expect((await call("/v1/things", { key })).headers.get("retry-after")).toBe("30");
    expect((await call("/v1/things", { key: other })).status).toBe(200);
  });

  test("count by the caller behind a trusted proxy, and do not believe anybody else's header", async () => {
    await open({ limits: { anonymousPerMinute: 1 }, http: { trustedProxies: ["10.0.0.0/8"] } });
    const through = (forwarded: string, from = "10.1.1.1") =>
      call("/open", { peer: from, headers: { "x-forwarded-for": forwarded } });
    expect((await through("198.51.100.1")).status).toBe(200);
    expect((await through("198.51.100.2")).status).toBe(200);
    // What stands left of the first foreign hop is that hop's own claim.
    expect((await through("6.6.6.6, 198.51.100.1, 10.2.2.2")).status).toBe(429);
    expect((await through("198.51.100.9", "192.0.2.1")).status).toBe(200);
    expect((await through("198.51.100.10", "192.0.2.1")).status).toBe(429);
  });
});

describe("an installation that nobody has claimed", () => {
  test("answers the set-up and the probes, and nothing else", async () => {
    let isClaimed = false;
    await open({}, { isClaimed: () => isClaimed });
    for (const path of ["/setup", "/healthz", "/readyz"]) expect((await call(path)).status).toBe(200);
    for (const path of ["/open", "/v1/things", "/nothing", "/setup/x", "/metrics"]) {
      const answer = await call(path, { key, peer: "127.0.0.1" });
      expect([path, answer.status, answer.body.error.code]).toEqual([path, 503, "not_configured"]);
    }
    expect((await server.call("POST", "/setup")).status).toBe(503);
    isClaimed = true;
    expect((await call("/open")).status).toBe(200);
    expect((await call("/v1/things", { key })).status).toBe(200);
  });
});

describe("refused requests are kept for the tracer", () => {
  test("with status, code, actor and a path without its query; successes, 400 and 404 are not", async () => {
    await call("/conflict?token=hk_live_zzzzzzzzzz", { key, headers: { "x-request-id": "trace-me" } });
    await call("/v1/things/hk_live_abcdefghijkl");
    await call("/v1/things", { key });
    await call("/nothing", { key });
    await call("/v1/things/%zz", { key });
    expect(await refused()).toEqual([]);
    expect(await flushed()).toEqual([
      {
        status: 409,
        code: "conflict",
        path: "/conflict",
        message: "hk_live_abcd… was used already.",
        environment_id: principal.environmentId,
        actor: principal.keyId,
      },
      {
        status: 401,
        code: "unauthenticated",
        path: "/v1/things/hk_live_abcd…",
        message: "Send a secret key as `Authorization: Bearer hk_…`.",
        environment_id: null,
        actor: null,
      },
    ] as never);
  });

  test("are found by request id in their own environment; nobody's by an id of our making only", async () => {
    const find = (requestId: string, environmentId = principal.environmentId) =>
      context.database.read((reader) => findRefusedRequests(reader, environmentId, requestId));
    await call("/conflict", { key, headers: { "x-request-id": "mine" } });
    const anonymous = (await call("/v1/things")).headers.get("x-request-id") ?? "";
    await call("/v1/things", { headers: { "x-request-id": "guessable" } });
    await flushed();
    expect(await find("mine")).toMatchObject([{ requestId: "mine", status: 409, actor: principal.keyId }]);
    expect(await find("mine", context.ids.next("env"))).toEqual([]);
    expect(await find(anonymous)).toMatchObject([{ status: 401, environmentId: null }]);
    expect(await find("guessable")).toEqual([]);
  });

  test("a flood is counted, not kept, and costs the callers nothing", async () => {
    for (let i = 0; i < 300; i++) expect((await call("/v1/things")).status).toBe(401);
    await call("/conflict", { key });
    const rows = await flushed();
    expect(rows.filter(({ status }) => status === 401)).toHaveLength(120);
    expect(rows.filter(({ status }) => status === 409)).toHaveLength(1);
    expect(await context.metrics.render()).toContain("hatch_refused_requests_dropped_total 180");
  });

  test("are written when the server stops", async () => {
    await call("/v1/things");
    await server.stop(AbortSignal.timeout(100));
    expect(await refused()).toHaveLength(1);
  });

  test("a database that refuses them harms nobody", async () => {
    await context.database.write((writer) => writer.run("DROP TABLE refused_requests"));
    expect((await call("/v1/things")).status).toBe(401);
    await context.clock.advance(2_000);
    await settle();
    expect(context.logged.some((line) => line.includes("refused requests could not be kept"))).toBe(true);
    expect((await call("/v1/things", { key })).status).toBe(200);
  });
});

describe("probes", () => {
  test("say ready while all works, and which part does not", async () => {
    let works = true;
    const check = async () => {
      if (!works) throw new Error("the heart stands still");
    };
    await open({}, { readiness: [{ name: "jobs", check }] });
    expect((await call("/readyz")).body).toEqual({ status: "ready" });
    works = false;
    expect((await call("/readyz")).status).toBe(200);
    await context.clock.advance(1_000);
    const answer = await call("/readyz");
    expect(answer.status).toBe(503);
    expect(answer.body.error.details).toEqual([{ path: "jobs", message: "Does not work at present." }]);
    expect(answer.text).not.toContain("heart");
    expect((await call("/healthz")).body).toEqual({ status: "ok" });
  });

  test("a check that hangs is a fault, too", async () => {
    await open({}, { readiness: [{ name: "jobs", check: () => new Promise(() => {}) }] });
    const answering = call("/readyz");
    await settle();
    await context.clock.advance(2_000);
    expect((await answering).status).toBe(503);
  });

  test("metrics are for this machine and the networks of the settings; for others there is no such page", async () => {
    await open({ metrics: { allowNetworks: ["10.9.0.0/16"] } });
    await call("/v1/things/secret-id", { key });
    const local = await call("/metrics", { peer: "127.0.0.1" });
    expect(local.status).toBe(200);
    expect(local.headers.get("content-type")).toContain("text/plain; version=0.0.4");
    expect(local.text).toContain('hatch_http_requests_total{route="/v1/things/:id",status="2xx"} 1');
    expect(local.text).not.toContain("secret-id");
    expect((await call("/metrics", { peer: "10.9.3.4" })).status).toBe(200);
    const strangers: readonly CallOptions[] = [
      { peer: "10.8.0.1" },
      { peer: "203.0.113.7" },
      {},
      { peer: "127.0.0.1", headers: { "x-forwarded-for": "203.0.113.7" } },
      { peer: "127.0.0.1", headers: { forwarded: "for=203.0.113.7" } },
    ];
    for (const options of strangers) {
      expect((await call("/metrics", options)).status).toBe(404);
    }
    const rebound = { peer: "127.0.0.1", headers: { host: "rebound.example.com" } };
    expect((await call("/metrics", rebound)).status).toBe(403);
  });
});

describe("operators with a listener of their own", () => {
  const hosts = { server: { publicUrl: "https://hatch.example.com" } };

  test("find what is theirs there, and nothing else; on the other one it is not", async () => {
    await open({ ...hosts, adminListener: { host: "127.0.0.1", port: 0 } });
    const url = server.listen();
    const adminUrl = server.adminUrl() ?? "";
    expect(adminUrl).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    const statusOf = async (base: string, path: string, headers: Record<string, string> = {}) =>
      (await fetch(`${base}${path}`, { headers })).status;
    for (const path of ["/metrics", "/readyz"]) {
      expect([path, await statusOf(url, path), await statusOf(adminUrl, path)]).toEqual([path, 404, 200]);
    }
    const authorization = `Bearer ${key}`;
    for (const path of ["/open", "/setup", "/healthz", "/v1/things", "/nothing"]) {
      expect([path, await statusOf(adminUrl, path, { authorization })]).toEqual([path, 404]);
    }
    expect(await statusOf(url, "/v1/things", { authorization })).toBe(200);
    expect(await statusOf(adminUrl, "/metrics", { host: "10.0.0.1" })).toBe(200);
    expect(await statusOf(adminUrl, "/metrics", { host: "rebound.example.com" })).toBe(403);
  });

  test("have none by default: all is answered on the one port", async () => {
    const url = server.listen();
    expect(server.adminUrl()).toBeUndefined();
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
  });
});

describe("a network for people", () => {
  const strangers = { peer: "203.0.113.7" };
  const colleague = { peer: "10.9.3.4" };

  test("is where pages and signing in are answered; keys work from everywhere", async () => {
    await open({ http: { adminNetworks: ["10.9.0.0/16"], trustedProxies: ["192.0.2.1"] } });
    for (const path of ["/open", "/page", "/setup"]) {
      const refused = await call(path, strangers);
      expect([path, refused.status, refused.body.error.code]).toEqual([path, 403, "forbidden"]);
      expect([path, (await call(path, colleague)).status]).toEqual([path, 200]);
      expect([path, (await call(path, { peer: "127.0.0.1" })).status]).toEqual([path, 200]);
      const proxied = (address: string) => ({ peer: "192.0.2.1", headers: { "x-forwarded-for": address } });
      expect([path, (await call(path, proxied("203.0.113.7"))).status]).toEqual([path, 403]);
      expect([path, (await call(path, proxied("10.9.0.1"))).status]).toEqual([path, 200]);
    }
    // A key opens what is for keys, and no way round.
    expect((await call("/page", { ...strangers, key })).status).toBe(403);
    expect((await call("/healthz", strangers)).status).toBe(200);
    expect((await call("/v1/things", { ...strangers, key })).status).toBe(200);
    expect((await call("/nothing", strangers)).status).toBe(404);
  });

  test("bounds sessions on every route, those of the API too; what everybody may read knows nobody", async () => {
    let asked = 0;
    const authenticate: ServerOptions["authenticate"] = {
      bearer: () => undefined,
      session: () => {
        asked += 1;
        return undefined;
      },
    };
    await open({ http: { adminNetworks: ["10.9.0.0/16"] } }, { authenticate });
    const headers = { cookie: "hatch_session=x" };
    expect((await call("/v1/things", { ...strangers, headers })).status).toBe(403);
    expect(asked).toBe(0);
    expect((await call("/v1/things", { ...colleague, headers })).status).toBe(401);
    expect(asked).toBe(1);
    expect((await call("/read", { ...strangers, headers })).status).toBe(200);
    expect((await call("/own", { ...strangers, headers })).status).toBe(403);
    expect(asked).toBe(1);
    expect((await call("/read", { ...colleague, headers })).status).toBe(200);
    expect((await call("/own", { ...colleague, headers })).status).toBe(401);
    expect(asked).toBe(3);
  });

  test("lets nobody in whose address is not known", async () => {
    await open({ http: { adminNetworks: ["10.9.0.0/16"] } });
    expect((await call("/page")).status).toBe(403);
  });
});

describe("on a socket", () => {
  const raw = (url: string, ...lines: readonly string[]): Promise<string> => {
    const { promise, resolve } = Promise.withResolvers<string>();
    let heard = "";
    const socket = connect(Number(new URL(url).port), "127.0.0.1", () => socket.write(lines.join("\r\n")));
    socket.on("data", (data) => {
      heard += data.toString();
      if (heard.includes("}}") || heard.includes("true}")) socket.destroy();
    });
    socket.on("close", () => resolve(heard));
    return promise;
  };

  test("it answers, and knows the peer", async () => {
    const url = server.listen();
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    const response = await fetch(`${url}/v1/things`, { headers: { authorization: `Bearer ${key}` } });
    expect([response.status, await response.json()]).toEqual([200, { ok: true }]);
    expect((await fetch(`${url}/metrics`)).status).toBe(200);
  });

  test("a body told to be too large is 413 in our own shape before it is sent", async () => {
    const heard = await raw(
      server.listen(),
      "POST /v1/things HTTP/1.1",
      "Host: localhost",
      `Authorization: Bearer ${key}`,
      "Content-Type: application/json",
      "Content-Length: 99999999999",
      "",
      "{",
    );
    expect(heard).toStartWith("HTTP/1.1 413 ");
    expect(heard).toContain('"code":"payload_too_large"');
  });

  test("so is one that just keeps coming", async () => {
    const chunk = `10000\r\n${"x".repeat(0x10000)}`;
    const heard = await raw(
      server.listen(),
      "POST /v1/things HTTP/1.1",
      "Host: localhost",
      `Authorization: Bearer ${key}`,
      "Content-Type: application/json",
      "Transfer-Encoding: chunked",
      "",
      ...Array<string>(17).fill(chunk),
      "",
    );
    expect(heard).toContain('"code":"payload_too_large"');
  });

  test("a short host and one that breaks the URL reach no other route", async () => {
    await open({ http: { allowedHosts: ["a", "x"] } });
    const url = server.listen();
    expect(await raw(url, "GET /open HTTP/1.1", "Host: a", "", "")).toStartWith("HTTP/1.1 200 ");
    expect(await raw(url, "GET /v1/things HTTP/1.1", "Host: x/open?", "", "")).toStartWith("HTTP/1.1 403 ");
    expect(await raw(url, "GET /x HTTP/1.1", "Host: a/open", "", "")).toStartWith("HTTP/1.1 403 ");
  });

  test("a caller that goes away in the middle of its body is no fault of ours", async () => {
    const url = server.listen();
    const { promise, resolve } = Promise.withResolvers<void>();
    const socket = connect(Number(new URL(url).port), "127.0.0.1", () => {
      const head = `POST /v1/things HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${key}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"a`;
      socket.write(head, () => setTimeout(() => socket.destroy(), 20));
    });
    socket.on("close", () => resolve());
    await promise;
    expect((await fetch(`${url}/open`)).status).toBe(200);
    expect(context.logged.filter((line) => line.includes("request failed"))).toEqual([]);
  });

  test("a taken port is told in words, with what to do", async () => {
    const port = Number(new URL(server.listen()).port);
    const other = await createTestContext({ config: { ...TEST_CONFIG, server: { ...TEST_CONFIG.server, port } } });
    const second = createTestServer(other, []);
    try {
      second.listen();
      throw new Error("two servers share a port");
    } catch (error) {
      expect(error).toBeInstanceOf(AppError);
      expect((error as AppError).message).toContain(`Port ${port} of 127.0.0.1 is taken`);
      expect((error as AppError).hint).toContain("--port");
    }
    await other.close();
  });

  test("stopping answers what is under way, refuses what comes, and can be done twice", async () => {
    const url = server.listen();
    const slow = fetch(`${url}/slow`);
    await settle();
    const stopping = server.stop(AbortSignal.timeout(5_000));
    await settle();
    expect((await call("/readyz")).status).toBe(503);
    const late = await call("/v1/things", { key });
    expect([late.status, late.body.error.code, late.headers.get("connection")]).toEqual([503, "unavailable", "close"]);
    await expect(fetch(`${url}/open`)).rejects.toThrow();
    release();
    expect(await (await slow).json()).toEqual({ slow: true });
    await stopping;
    await server.stop(AbortSignal.timeout(5_000));
  });

  test("what is not done by the deadline is cut", async () => {
    const url = server.listen();
    const slow = fetch(`${url}/slow`).then(
      () => "answered",
      () => "cut",
    );
    await settle();
    await server.stop(AbortSignal.timeout(20));
    expect(await slow).toBe("cut");
  });
});
