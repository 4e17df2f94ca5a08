import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { eventually } from "../../../../tests/support/clock.ts";
import { createTestContext, TEST_CONFIG, type TestContext } from "../../../../tests/support/context.ts";
import { type Answer, call } from "../../../../tests/support/http.ts";
import { cookiesOf, EMAIL, openPeople, PASSWORD, type People } from "../../../../tests/support/people.ts";
import { DAY, MINUTE } from "../../../kernel/units.ts";

let context: TestContext;
let people: People;

beforeEach(async () => {
  context = await createTestContext();
  people = await openPeople(context);
});
afterEach(() => context.close());

const refresh = (cookie: string): Promise<Answer> =>
  call(people.server, "POST", "/v1/auth/refresh", { headers: { cookie } });

describe("signing in", () => {
  test("gives a session in cookies that scripts can't read", async () => {
    const answer = await people.login();
    expect(answer.status).toBe(200);
    for (const cookie of answer.headers.getSetCookie()) {
      expect(cookie).toContain("HttpOnly");
      expect(cookie).toContain("SameSite=Lax");
    }
    const me = await people.get("/v1/me", { cookie: cookiesOf(answer) });
    expect([me.status, me.body.account.email, me.body.account.operator]).toEqual([200, EMAIL, true]);
    expect(me.body.environments).toHaveLength(2);
  });

  test("a wrong password and an unknown name are refused in the same words", async () => {
    const wrong = await people.login("not the password");
    const unknown = await people.login(PASSWORD, "nobody@example.com");
    expect([wrong.status, unknown.status]).toEqual([401, 401]);
    expect(unknown.body.error.message).toBe(wrong.body.error.message);
    expect(wrong.headers.getSetCookie()).toEqual([]);
  });

  test("over plain http from another machine is refused before the password is looked at", async () => {
    const answer = await people.login(PASSWORD, EMAIL, "203.0.113.7");
    expect([answer.status, answer.body.error.code]).toEqual([403, "forbidden"]);
  });

  test("is guessed at from elsewhere: the owner gets in from where they were before, and from a new place", async () => {
    await context.close();
    const server = { ...TEST_CONFIG.server, publicUrl: "https://localhost" };
    context = await createTestContext({ config: { ...TEST_CONFIG, server } });
    people = await openPeople(context);
    expect((await people.login(PASSWORD, EMAIL, "203.0.113.7")).status).toBe(200);
    for (let guess = 0; guess < 8; guess++) {
      expect((await people.login(`guess ${guess}`, EMAIL, `198.51.100.${guess}`)).status).toBe(401);
    }
    expect((await people.login("one more guess", EMAIL, "198.51.100.100")).status).toBe(401);
    const strangers = Array.from({ length: 9 }, (_, index) => people.login("x", EMAIL, `198.51.100.${200 + index}`));
    const usual = people.login(PASSWORD, EMAIL, "203.0.113.7");
    await eventually(async () => {
      await context.clock.advance(1_000);
      expect(await Promise.race([usual, undefined])).toMatchObject({ status: 200 });
    });
    const elsewhere = people.login(PASSWORD, EMAIL, "203.0.113.200");
    await eventually(async () => {
      await context.clock.advance(1_000);
      expect(await Promise.race([elsewhere, undefined])).toMatchObject({ status: 200 });
    });
    for (let second = 0; second < 10; second++) await context.clock.advance(1_000);
    expect((await Promise.all(strangers)).filter(({ status }) => status === 429).length).toBeGreaterThan(5);
    expect(await context.metrics.render()).toMatch(/^hatch_password_checks_total 1[2-5]$/m);
  });

  test("neither the password nor a token stands in the log or the database", async () => {
    const { cookie, csrf } = await people.signIn();
    await people.login("wrong horse battery");
    const tables = await context.database.read((reader) =>
      Promise.all(
        ["accounts", "sessions", "audit_entries", "token_keys"].map((table) => reader.all(`SELECT * FROM ${table}`)),
      ),
    );
    const everything = JSON.stringify(tables) + context.logged.join("");
    const values = cookie.split("; ").map((pair) => pair.slice(pair.indexOf("=") + 1));
    for (const secret of [PASSWORD, "wrong horse battery", csrf, ...values]) expect(everything).not.toContain(secret);
  });
});

describe("a session", () => {
  test("acts in the environment that is named, as the role allows", async () => {
    const session = await people.signIn();
    const test = people.made.environments.test.id;
    expect((await people.get(`/v1/keys?environment=${test}`, session)).body.data).toHaveLength(1);
    expect((await people.get("/v1/keys", session)).status).toBe(422);
    expect((await people.get("/v1/keys?environment=env_01kag6w8y7h6s2f0m3v9w5k1ya", session)).status).toBe(404);
    const created = await people.send("POST", `/v1/keys?environment=${test}`, session, { name: "By hand" });
    expect([created.status, created.body.createdBy]).toEqual([201, people.made.account.id]);
  });

  test("changes nothing for a page of another origin, nor without its token", async () => {
    const session = await people.signIn();
    const path = `/v1/keys?environment=${people.made.environments.test.id}`;
    const body = { name: "By a stranger" };
    const { cookie } = session;
    const tries: readonly Record<string, string>[] = [
      { cookie, "sec-fetch-site": "cross-site", "x-hatch-csrf": session.csrf },
      { cookie, "x-hatch-csrf": session.csrf },
      { cookie, origin: "https://evil.example", "x-hatch-csrf": session.csrf },
      { cookie, "sec-fetch-site": "same-origin" },
      { cookie, "sec-fetch-site": "same-origin", "x-hatch-csrf": "guess" },
    ];
    for (const headers of tries) {
      expect((await call(people.server, "POST", path, { headers, body })).status).toBe(403);
    }
    const form = { cookie, "sec-fetch-site": "same-origin", "content-type": "application/x-www-form-urlencoded" };
    expect((await call(people.server, "POST", path, { headers: form, body: "name=x" })).status).toBe(415);
    expect((await people.get(path, { cookie })).body.data).toHaveLength(1);
  });

  test("is over at once when it is ended, everywhere", async () => {
    const one = await people.signIn();
    const two = await people.signIn();
    expect((await people.get("/v1/me/sessions", one)).body.data).toHaveLength(2);
    expect((await people.send("DELETE", `/v1/me/sessions/${two.sessionId}`, one)).status).toBe(204);
    expect((await people.get("/v1/me", two)).status).toBe(401);
    expect((await people.send("POST", "/v1/auth/logout", one)).status).toBe(204);
    expect((await people.get("/v1/me", one)).status).toBe(401);
  });

  test("of another person can't be ended", async () => {
    const session = await people.signIn();
    expect((await people.send("DELETE", "/v1/me/sessions/ses_01kag6w90c3v8n5t2q7x4m1b6d", session)).status).toBe(404);
  });

  test("lasts fifteen minutes and is renewed by a cookie that is good once", async () => {
    const session = await people.signIn();
    await context.clock.advance(15 * MINUTE);
    expect((await people.get("/v1/me", session)).status).toBe(401);
    const renewed = await refresh(session.cookie);
    expect(renewed.status).toBe(200);
    expect((await people.get("/v1/me", { cookie: cookiesOf(renewed) })).status).toBe(200);
    // Another tab with the same old cookie, at the same moment.
    const twin = await refresh(session.cookie);
    expect([twin.status, twin.headers.getSetCookie()]).toEqual([200, [expect.stringContaining("hatch_session=")]]);
    // A copy of it, later: the session ends for both.
    await context.clock.advance(MINUTE);
    const thief = await refresh(session.cookie);
    expect(thief.status).toBe(401);
    expect((await people.get("/v1/me", { cookie: cookiesOf(renewed) })).status).toBe(401);
  });

  test("that is not used ends by itself, and none lasts for ever", async () => {
    let session = await people.signIn();
    await context.clock.advance(8 * DAY);
    const late = await refresh(session.cookie);
    expect(late.status).toBe(401);
    session = await people.signIn();
    let days = 0;
    for (let cookie = session.cookie; days < 40; days++) {
      await context.clock.advance(DAY);
      const answer = await refresh(cookie);
      if (answer.status !== 200) break;
      cookie = cookiesOf(answer);
    }
    expect(days).toBe(29);
  });

  test("a forged, a foreign and a garbled token are 401", async () => {
    const { cookie } = await people.signIn();
    const token = cookie.split(";")[0] ?? "";
    const [head, payload, signature] = token.split(".");
    const forged = Buffer.from(JSON.stringify({ alg: "none", typ: "JWT" })).toString("base64url");
    for (const wrong of [
      `${token}x`,
      `${head}.${payload}.${signature?.split("").reverse().join("")}`,
      `hatch_session=${forged}.${payload}.`,
      "hatch_session=",
      "hatch_session=a.b.c",
    ]) {
      expect((await people.get("/v1/me", { cookie: wrong })).status).toBe(401);
    }
  });
});
