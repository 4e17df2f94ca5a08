import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { type Browsers, openBrowsers, PAGE } from "../../tests/support/browsers.ts";
import { createTestContext, type TestContext } from "../../tests/support/context.ts";
import type { Answer } from "../../tests/support/http.ts";
import { HOUR, MINUTE } from "../kernel/units.ts";
import { createCors } from "./cors.ts";
import type { Exchange } from "./exchange.ts";
import type { RouteRules } from "./guard.ts";

let context: TestContext;
let at: Browsers;
let secret: string;

beforeEach(async () => {
  context = await createTestContext();
  at = await openBrowsers(context);
  secret = at.acme.environments.test.secretKey;
});
afterEach(() => context.close());

const EVENTS = "/v1/events";
const STATE = "/v1/widget/state";
const event = { type: "glossary_opened", userId: "user_42" };

const preflight = (path: string, method: string, origin: string | null = PAGE, peer?: string): Promise<Answer> =>
  at.call("OPTIONS", path, {
    headers: {
      ...(origin === null ? {} : { origin }),
      "access-control-request-method": method,
      "access-control-request-headers": "authorization,content-type",
    },
    ...(peer === undefined ? {} : { peer }),
  });

const corsOf = ({ headers }: Answer): string[] =>
  [...headers.keys()].filter((name) => name.startsWith("access-control"));

describe("a preflight", () => {
  test("of a known origin is 204, with what a page may send and read, and no credentials", async () => {
    await at.publishable();
    const answer = await preflight(EVENTS, "POST");
    expect([answer.status, answer.text]).toEqual([204, ""]);
    expect(Object.fromEntries([...answer.headers].filter(([name]) => /^(access-control|vary)/.test(name)))).toEqual({
      "access-control-allow-origin": PAGE,
      "access-control-allow-methods": "POST",
      "access-control-allow-headers":
        "authorization, content-type, idempotency-key, if-none-match, traceparent, x-request-id",
      "access-control-max-age": "7200",
      vary: "Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
    });
    expect((await preflight(STATE, "GET")).headers.get("access-control-allow-methods")).toBe("GET, HEAD");
    expect((await preflight("/v1/events/batch", "POST")).status).toBe(204);
  });

  test("of an origin that nobody named is refused, and told so without a header of CORS", async () => {
    await at.publishable();
    for (const origin of [
      "https://evil.example",
      "null",
      "*",
      "https://app.example.com:8443",
      "https://APP.example.com",
      "",
    ]) {
      const answer = await preflight(EVENTS, "POST", origin);
      expect([origin, answer.status, corsOf(answer)]).toEqual([origin, 403, []]);
    }
  });

  test("for what is not for browsers is 405 or 404, whoever asks", async () => {
    await at.publishable();
    for (const [path, method, status] of [
      [EVENTS, "GET", 405],
      [EVENTS, "DELETE", 405],
      [EVENTS, "TRACE", 405],
      [STATE, "POST", 405],
      ["/v1/keys", "GET", 405],
      ["/v1/keys/report-leak", "POST", 405],
      ["/v1/members/user_42", "GET", 405],
      ["/v1/auth/login", "POST", 405],
      ["/healthz", "GET", 405],
      ["/v1/nothing", "POST", 404],
    ] as const) {
      const answer = await preflight(path, method);
      expect([path, method, answer.status, corsOf(answer)]).toEqual([path, method, status, []]);
    }
    const noOrigin = await preflight(EVENTS, "POST", null);
    expect([noOrigin.status, corsOf(noOrigin)]).toEqual([405, []]);
    const noMethod = await at.call("OPTIONS", EVENTS, { headers: { origin: PAGE } });
    expect([noMethod.status, corsOf(noMethod)]).toEqual([405, []]);
  });

  test("of a known origin costs its address nothing, of others what any request without a credential does", async () => {
    await at.publishable();
    const peer = "203.0.113.7";
    for (let n = 0; n < 130; n++) expect((await preflight(EVENTS, "POST", PAGE, peer)).status).toBe(204);
    const strangers: number[] = [];
    for (let n = 0; n < 121; n++) {
      strangers.push((await preflight(EVENTS, "POST", `https://x${n}.example`, peer)).status);
    }
    expect(new Set(strangers.slice(0, 120))).toEqual(new Set([403]));
    expect(strangers[120]).toBe(429);
    expect((await preflight(EVENTS, "POST", PAGE, peer)).status).toBe(204);
  });
});

describe("an origin is known", () => {
  const isKnown = async (origin = PAGE) => (await preflight(EVENTS, "POST", origin)).status === 204;

  test("while a publishable key in force lists it", async () => {
    expect(await isKnown()).toBe(false);
    const { id } = await at.publishable({ expiresAt: new Date(context.clock.now() + HOUR).toISOString() });
    expect(await isKnown()).toBe(true);
    await at.call("PATCH", `/v1/keys/${id}`, { key: secret, body: { origins: ["https://www.example.com"] } });
    expect([await isKnown(), await isKnown("https://www.example.com")]).toEqual([false, true]);
    context.clock.set(context.clock.now() + HOUR);
    expect(await isKnown("https://www.example.com")).toBe(false);
    const { id: again } = await at.publishable();
    expect(await isKnown()).toBe(true);
    await at.call("DELETE", `/v1/keys/${again}`, { key: secret });
    expect(await isKnown()).toBe(false);
  });

  test("while a token in force is bound to it", async () => {
    expect(await isKnown()).toBe(false);
    const { id } = await at.token();
    expect(await isKnown()).toBe(true);
    await at.call("DELETE", `/v1/widget-sessions/${id}`, { key: secret });
    expect(await isKnown()).toBe(false);
    await at.token({ ttl: "5m" });
    await at.token({ ttl: "10m" });
    expect(await isKnown()).toBe(true);
    context.clock.set(context.clock.now() + 9 * MINUTE);
    expect(await isKnown()).toBe(true);
    await at.call("DELETE", "/v1/members/user_42/widget-sessions", { key: secret });
    expect(await isKnown()).toBe(false);
    await at.token({ ttl: "1m" });
    context.clock.set(context.clock.now() + MINUTE);
    expect(await isKnown()).toBe(false);
  });

  test("is not by a token that is bound to none", async () => {
    const { token } = await at.token({ origin: undefined });
    const answer = await at.fromPage("GET", STATE, token);
    expect([answer.status, corsOf(answer), answer.headers.get("vary")]).toEqual([200, [], "Origin"]);
  });
});

describe("an answer", () => {
  const READABLE = ["access-control-allow-origin", "access-control-expose-headers"];

  test("can be read by a page of a known origin, refusals too, so that it can ask for another token", async () => {
    const { token, id } = await at.token();
    const good = await at.fromPage("GET", STATE, token);
    expect(corsOf(good)).toEqual(READABLE);
    expect(good.headers.get("access-control-allow-origin")).toBe(PAGE);
    expect(good.headers.get("vary")).toBe("Origin");
    const { token: other } = await at.token();
    await at.call("DELETE", `/v1/widget-sessions/${id}`, { key: secret });
    await at.token();
    for (const [status, answer] of [
      [401, await at.fromPage("GET", STATE, token)],
      [401, await at.fromPage("GET", STATE, "hpk_test_nobody")],
      [422, await at.fromPage("POST", EVENTS, other, { body: { type: "lesson_completed" } })],
      [403, await at.fromPage("POST", EVENTS, secret, { body: event })],
      [401, await at.call("POST", EVENTS, { headers: { origin: PAGE }, body: event })],
    ] as const) {
      expect([answer.status, corsOf(answer)]).toEqual([status, READABLE]);
    }
  });

  test("can't be read by any other page", async () => {
    const { token } = await at.token();
    for (const origin of ["https://evil.example", "null", null]) {
      const answer = await at.fromPage("GET", STATE, token, { origin });
      expect([answer.status, corsOf(answer), answer.headers.get("vary")]).toEqual([403, [], "Origin"]);
    }
  });

  test("has no header of CORS on any route that is not for browsers", async () => {
    const { token } = await at.token();
    for (const { method, path, rules } of at.server.routes) {
      const { access } = rules;
      if (access !== "public" && (access.widget || access.publishable)) continue;
      const url = path.replaceAll(/:\w+/g, "x").replace("*", "x");
      const body = method === "GET" || method === "HEAD" ? {} : { body: {} };
      for (const answer of [
        await at.fromPage(method === "ALL" ? "GET" : method, url, token, body),
        await at.call(method === "ALL" ? "GET" : method, url, { headers: { origin: PAGE }, ...body }),
      ]) {
        expect([method, path, corsOf(answer)]).toEqual([method, path, []]);
      }
    }
  });

  test("to a server has none either", async () => {
    await at.token();
    const answer = await at.call("POST", EVENTS, { key: secret, body: event });
    expect([answer.status, corsOf(answer), answer.headers.get("vary")]).toEqual([201, [], null]);
  });

  test("that a page has already is 304, and can be read", async () => {
    const { token } = await at.token();
    const first = await at.fromPage("GET", STATE, token);
    const headers = { "if-none-match": first.headers.get("etag") ?? "" };
    expect(first.headers.get("cache-control")).toBe("private, no-cache");
    const same = await at.fromPage("GET", STATE, token, { headers });
    expect([same.status, same.text, corsOf(same)]).toEqual([304, "", READABLE]);
    await at.fromPage("POST", EVENTS, token, { body: { type: "glossary_opened" } });
    const changed = await at.fromPage("GET", STATE, token, { headers });
    expect([changed.status, changed.body.balances.xp.available]).toEqual([200, 1]);
  });

  test("is given, if not to be read, where the database can't say whether the origin is known", async () => {
    const routes = [{ method: "GET", path: STATE, rules: { access: { widget: "progress:read" } } as RouteRules }];
    const isKnownOrigin = () => Promise.reject(new Error("no disk"));
    const cors = createCors({ routes, isKnownOrigin, countStranger() {} });
    const exchange = { path: STATE, request: new Request(`http://x${STATE}`, { headers: { origin: PAGE } }) };
    const response = new Response("kept");
    await cors.dress(exchange as Exchange, response);
    expect([await response.text(), [...response.headers.keys()]]).toEqual(["kept", ["vary"]]);
  });
});
