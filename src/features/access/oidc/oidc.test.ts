import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { createTestContext, TEST_CONFIG, type TestContext } from "../../../../tests/support/context.ts";
import { type Answer, call } from "../../../../tests/support/http.ts";
import { openTestProvider, type TestProvider } from "../../../../tests/support/oidc-provider.ts";
import { cookiesOf, EMAIL, openPeople, PASSWORD, type People } from "../../../../tests/support/people.ts";
import type { OidcSettings } from "../../../config/oidc.ts";
import { systemClock } from "../../../kernel/clock.ts";
import { DAY, HOUR } from "../../../kernel/units.ts";
import { createOutbound } from "../../../outbound/create-outbound.ts";

const PUBLIC_URL = "http://localhost:4282";
const CALLBACK = `${PUBLIC_URL}/v1/auth/oidc/callback`;

let provider: TestProvider;
let context: TestContext;
let people: People;

async function open(settings: Partial<OidcSettings> = {}): Promise<void> {
  const oidc: OidcSettings = {
    issuer: provider.issuer,
    clientId: provider.clientId,
    name: "Example login",
    groupsClaim: "groups",
    roles: [
      { group: "staff", role: "viewer", workspaceId: undefined },
      { group: "engineers", role: "developer", workspaceId: undefined },
    ],
    required: false,
    ...settings,
  };
  const config = { ...TEST_CONFIG, oidc, server: { ...TEST_CONFIG.server, publicUrl: PUBLIC_URL } };
  context = await createTestContext({ config, outbound: createOutbound({ clock: systemClock, config }) });
  // The provider lives in real time.
  await context.clock.advance(Date.now() - context.clock.now());
  people = await openPeople(context, { oidcClientSecret: provider.clientSecret });
}

beforeEach(async () => {
  provider = await openTestProvider(CALLBACK);
  provider.people.set("ben", { email: "ben@example.com", emailVerified: true, groups: ["staff"] });
});
afterEach(async () => {
  await context.close();
  await provider.close();
});

/** The whole walk of a browser. @returns the last answer of ours, and what the browser keeps */
async function walk(login: string, next = "/"): Promise<{ readonly answer: Answer; readonly cookie: string }> {
  const started = await call(people.server, "GET", `/v1/auth/oidc/start?next=${encodeURIComponent(next)}`, {
    peer: "127.0.0.1",
  });
  expect(started.status).toBe(303);
  const back = await provider.walk(started.headers.get("location") ?? "", login);
  const answer = await call(people.server, "GET", back.slice(PUBLIC_URL.length), {
    headers: { cookie: cookiesOf(started) },
    peer: "127.0.0.1",
  });
  return { answer, cookie: cookiesOf(answer) };
}

const renew = (cookie: string): Promise<Answer> =>
  call(people.server, "POST", "/v1/auth/refresh", { headers: { cookie } });

describe("signing in through an identity provider", () => {
  test("makes the account with the role of its groups, and leads on", async () => {
    await open();
    const { answer, cookie } = await walk("ben", "/docs");
    expect([answer.status, answer.headers.get("location")]).toEqual([303, "/docs"]);
    const me = await people.get("/v1/me", { cookie });
    expect(me.body.account).toMatchObject({ email: "ben@example.com", name: "ben", operator: false });
    expect(me.body.environments.map(({ role }: { role: string }) => role)).toEqual(["viewer", "viewer"]);
    expect((await people.get("/v1/me/sessions", { cookie })).body.data[0].method).toBe("oidc");
  });

  test("is the same account the next time, though its address changed there", async () => {
    await open();
    const first = await people.get("/v1/me", await walk("ben"));
    provider.people.set("ben", { email: "benjamin@example.com", emailVerified: true, groups: ["engineers"] });
    const again = await people.get("/v1/me", await walk("ben"));
    expect(again.body.account.id).toBe(first.body.account.id);
    expect(again.body.environments.map(({ role }: { role: string }) => role).sort()).toEqual(["developer", "viewer"]);
  });

  test("finds an account that has the verified address, and never by one that is not verified", async () => {
    await open();
    provider.people.set("ada", { email: EMAIL, emailVerified: false, groups: ["staff"] });
    const refused = await walk("ada");
    expect(refused.answer.headers.get("location")).toBe("/sign-in?problem=not_allowed");
    expect(refused.cookie).not.toContain("hatch_session");
    provider.people.set("ada", { email: EMAIL, emailVerified: true, groups: ["staff"] });
    const me = await people.get("/v1/me", await walk("ada"));
    expect(me.body.account.id).toBe(people.made.account.id);
    // The last owner stays the owner, whatever the groups say.
    expect(me.body.environments[0].role).toBe("owner");
  });

  test("takes an account over from whoever made it for that address before", async () => {
    await open();
    await context.database.write(async (writer) => {
      const { password_hash } = (await writer.get<{ password_hash: string }>("SELECT password_hash FROM accounts")) ?? {
        password_hash: "",
      };
      await writer.insertMany({
        table: "accounts",
        columns: ["id", "email", "password_hash", "operator", "created_at"],
        rows: [["acc_01kag6w8y8t7e4x1z6p2q9r5jd", "ben@example.com", password_hash, 0, writer.now]],
      });
    });
    const earlier = await people.signIn("ben@example.com", PASSWORD);
    const me = await people.get("/v1/me", await walk("ben"));
    expect(me.body.account.id).toBe("acc_01kag6w8y8t7e4x1z6p2q9r5jd");
    expect((await people.get("/v1/me", earlier)).status).toBe(401);
    expect((await people.login(PASSWORD, "ben@example.com")).status).toBe(401);
  });

  test("lets nobody in whose groups may not enter", async () => {
    await open();
    provider.people.set("eve", { email: "eve@example.com", emailVerified: true, groups: ["guests"] });
    expect((await walk("eve")).answer.headers.get("location")).toBe("/sign-in?problem=not_allowed");
    const rows = await context.database.read((reader) => reader.all("SELECT id FROM accounts"));
    expect(rows).toHaveLength(1);
  });

  test("ends here when the person is taken out there, at the next renewal", async () => {
    await open();
    const { cookie } = await walk("ben");
    const renewed = await renew(cookie);
    expect(renewed.status).toBe(200);
    provider.people.delete("ben");
    expect((await renew(cookiesOf(renewed))).status).toBe(401);
    expect((await people.get("/v1/me", { cookie: cookiesOf(renewed) })).status).toBe(401);
  });

  test("goes on from page to page, until the person is taken out there", async () => {
    await open();
    const look = (cookie: string): Promise<Answer> =>
      call(people.server, "GET", "/me", { headers: { cookie, accept: "text/html" }, peer: "127.0.0.1" });
    const { cookie } = await walk("ben");
    await context.clock.advance(HOUR);
    const page = await look(cookie);
    expect([page.status, page.text.includes("You sign in through Example login")]).toEqual([200, true]);
    provider.people.delete("ben");
    await context.clock.advance(HOUR);
    const out = await look(cookiesOf(page));
    expect([out.status, out.headers.get("location")]).toEqual([303, "/sign-in?next=%2Fme"]);
    expect(out.headers.getSetCookie().every((one) => one.includes("Max-Age=0"))).toBe(true);
  });

  test("follows the groups at each renewal", async () => {
    await open();
    const { cookie } = await walk("ben");
    provider.people.set("ben", { email: "ben@example.com", emailVerified: true, groups: ["engineers"] });
    const renewed = await renew(cookie);
    const me = await people.get("/v1/me", { cookie: cookiesOf(renewed) });
    expect(me.body.environments.map(({ role }: { role: string }) => role).sort()).toEqual(["developer", "viewer"]);
    provider.people.set("ben", { email: "ben@example.com", emailVerified: true, groups: [] });
    const out = await renew(cookiesOf(renewed));
    expect((await people.get("/v1/me", { cookie: cookiesOf(out) })).body.environments).toEqual([]);
  });

  test("goes on for a day while the provider can't be asked, and no longer", async () => {
    await open();
    let { cookie } = await walk("ben");
    await provider.close();
    await context.clock.advance(HOUR);
    const renewed = await renew(cookie);
    expect(renewed.status).toBe(200);
    cookie = cookiesOf(renewed);
    await context.clock.advance(DAY);
    expect((await renew(cookie)).status).toBe(401);
    provider = await openTestProvider(CALLBACK);
  });

  test("leaves a password to operators and break-glass accounts where it is required", async () => {
    await open({ required: true });
    expect((await people.login()).status).toBe(200);
    await context.database.write((writer) => writer.run("UPDATE accounts SET operator = 0"));
    const refused = await people.login();
    expect([refused.status, refused.body.error.message]).toEqual([403, expect.stringContaining("Example login")]);
    expect((await people.login("wrong password")).status).toBe(401);
    await context.database.write((writer) => writer.run("UPDATE accounts SET break_glass = 1"));
    expect((await people.login(PASSWORD)).status).toBe(200);
  });
});

describe("what comes back from the provider", () => {
  test("counts for the browser that went there only", async () => {
    await open();
    const started = await call(people.server, "GET", "/v1/auth/oidc/start", { peer: "127.0.0.1" });
    const back = (await provider.walk(started.headers.get("location") ?? "", "ben")).slice(PUBLIC_URL.length);
    const other = await call(people.server, "GET", "/v1/auth/oidc/start", { peer: "127.0.0.1" });
    for (const cookie of ["", "hatch_oidc=garbled", cookiesOf(other)]) {
      const answer = await call(people.server, "GET", back, { headers: { cookie }, peer: "127.0.0.1" });
      expect(answer.headers.get("location")).toStartWith("/sign-in?problem=");
      expect(cookiesOf(answer)).not.toContain("hatch_session=e");
    }
  });

  test("leads to a page of ours or to none", async () => {
    await open();
    for (const next of ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)"]) {
      expect((await walk("ben", next)).answer.headers.get("location")).toBe("/");
    }
  });

  test("keeps no token of the provider in plain text", async () => {
    await open();
    await walk("ben");
    const [row] = await context.database.read((reader) =>
      reader.all<{ session_id: string; refresh_token: string }>("SELECT session_id, refresh_token FROM oidc_sessions"),
    );
    const opened = context.keyring.open(
      { table: "oidc_sessions", column: "refresh_token", row: row?.session_id ?? "" },
      row?.refresh_token ?? "",
    );
    expect(opened.length).toBeGreaterThan(20);
    expect(row?.refresh_token).not.toContain(opened);
    expect(context.logged.join("")).not.toContain(provider.clientSecret);
  });
});

test("without a provider the addresses say so", async () => {
  context = await createTestContext();
  people = await openPeople(context);
  const answer = await call(people.server, "GET", "/v1/auth/oidc/start", { peer: "127.0.0.1" });
  expect([answer.status, answer.body.error.code]).toEqual([503, "not_configured"]);
});
