import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { createTestContext, type TEST_CONFIG, type TestContext } from "../../../../tests/support/context.ts";
import { type Answer, call } from "../../../../tests/support/http.ts";
import { type Browser, cookiesOf, EMAIL, openPeople, PASSWORD, type People } from "../../../../tests/support/people.ts";
import { addPerson, auditOf, everythingWritten, mailsOf, tokenIn, WITH_MAIL } from "../../../../tests/support/team.ts";
import { DAY, MINUTE } from "../../../kernel/units.ts";
import { setOneTimePassword } from "../passwords/passwords.ts";

const PEER = "127.0.0.1";
const OPERATOR = { kind: "operator", request: { id: "test" } } as const;
const FORM = { "content-type": "application/x-www-form-urlencoded" };
const HTML = { accept: "text/html,application/xhtml+xml" };

let context: TestContext;
let people: People;

async function open(overrides: Partial<typeof TEST_CONFIG> = {}): Promise<void> {
  context = await createTestContext({ config: { ...WITH_MAIL, ...overrides } });
  people = await openPeople(context);
}

beforeEach(() => open());
afterEach(() => context.close());

const look = (path: string, cookie = "", headers: Record<string, string> = {}): Promise<Answer> =>
  call(people.server, "GET", path, { peer: PEER, headers: { ...HTML, cookie, ...headers } });

const send = (
  path: string,
  fields: Readonly<Record<string, string>>,
  { cookie = "", csrf, ...headers }: { readonly cookie?: string; readonly csrf?: string } & Record<string, string> = {},
): Promise<Answer> =>
  call(people.server, "POST", path, {
    peer: PEER,
    headers: { ...HTML, ...FORM, "sec-fetch-site": "same-origin", cookie, ...headers },
    body: new URLSearchParams({ ...fields, ...(csrf === undefined ? {} : { csrf }) }).toString(),
  });

const placeOf = ({ status, headers }: Answer): readonly [number, string | null] => [status, headers.get("location")];
const faultOf = ({ text }: Answer, field: string): string | undefined =>
  new RegExp(`id="${field}-error">.*?<span>(.*?)</span>`, "s").exec(text)?.[1];
const titleOf = ({ text }: Answer): string | undefined => /<h1>(.*?)<\/h1>/.exec(text)?.[1];

const PAGES = ["/sign-in", "/sign-in/forgot", "/reset", "/email", "/email/confirmed", "/invitation"];
const OWN = ["/me", "/me/name", "/me/email", "/me/password", "/me/second-factor"];
const OPERATORS = ["/operator/accounts"];

describe("a page", () => {
  test("of one's own leads to signing in and back, and tells a program in its own way", async () => {
    expect(placeOf(await look("/me?a=1"))).toEqual([303, "/sign-in?next=%2Fme%3Fa%3D1"]);
    const answer = await call(people.server, "GET", "/me", { peer: PEER });
    expect([answer.status, answer.body.error.code]).toEqual([401, "unauthenticated"]);
    expect(placeOf(await look("/operator/accounts"))).toEqual([303, "/sign-in?next=%2Foperator%2Faccounts"]);
  });

  test("is kept nowhere, stands in nobody's frame, and sends forms to us alone", async () => {
    const { cookie } = await people.signIn();
    for (const path of [...PAGES, ...OWN, ...OPERATORS]) {
      const answer = await look(path, PAGES.includes(path) ? "" : cookie);
      expect([path, answer.status]).toEqual([path, 200]);
      expect(answer.headers.get("cache-control")).toBe("no-store");
      expect(answer.headers.get("referrer-policy")).toBe("same-origin");
      const policy = answer.headers.get("content-security-policy") ?? "";
      for (const part of ["default-src 'none'", "form-action 'self'", "frame-ancestors 'none'", "script-src 'self'"]) {
        expect(policy).toContain(part);
      }
      expect(answer.text).not.toMatch(/ style="|<script>|<style/);
    }
  });

  test("that is refused says so as a page, with the id of the request", async () => {
    const { cookie } = await addPerson(context, people, "ben", { role: "viewer" });
    const answer = await look("/operator/accounts", cookie);
    expect([answer.status, titleOf(answer)]).toEqual([403, "This is not open to you"]);
    expect(answer.text).toContain(answer.headers.get("x-request-id") ?? "none");
    const operator = await people.signIn();
    const missing = await look("/operator/accounts/acc_01kag6w8y7h6s2f0m3v9w5k1ya", operator.cookie);
    expect([missing.status, titleOf(missing)]).toEqual([404, "There is nothing here"]);
  });
});

describe("signing in by a form", () => {
  test("begins a session and leads to where one was going, within this server", async () => {
    for (const [next, place] of [
      ["/me", "/me"],
      ["/operator/accounts?email=a%40b.example", "/operator/accounts?email=a%40b.example"],
      ["//evil.example", "/"],
      ["/\\evil.example", "/"],
      ["https://evil.example/", "/"],
      ["javascript:alert(1)", "/"],
      ["/me\r\nset-cookie: a=b", "/"],
      ["", "/"],
    ] as const) {
      const answer = await send("/sign-in", { email: EMAIL, password: PASSWORD, next });
      expect(placeOf(answer)).toEqual([303, place]);
      expect((await look("/me", cookiesOf(answer))).status).toBe(200);
    }
  });

  test("says the same of a wrong password and an unknown name, and gives no password back", async () => {
    const wrong = await send("/sign-in", { email: EMAIL, password: "not the password" });
    const unknown = await send("/sign-in", { email: "nobody@example.com", password: "not the password" });
    expect([wrong.status, unknown.status]).toEqual([401, 401]);
    expect(faultOf(wrong, "password")).toBe("The e-mail address or the password is wrong.");
    expect(unknown.text.replaceAll("nobody@example.com", EMAIL)).toBe(wrong.text);
    expect(wrong.text).not.toContain("not the password");
    expect(wrong.headers.getSetCookie()).toEqual([]);
  });

  test("is not done for a page of somebody else", async () => {
    const fields = { email: EMAIL, password: PASSWORD };
    for (const headers of [{ "sec-fetch-site": "cross-site" }, { "sec-fetch-site": "same-site" }]) {
      const answer = await send("/sign-in", fields, headers);
      expect([answer.status, answer.headers.getSetCookie()]).toEqual([403, []]);
    }
  });

  test("asks nothing over plain http from another machine", async () => {
    const answer = await call(people.server, "GET", "/sign-in", { peer: "203.0.113.7", headers: HTML });
    expect(answer.text).toContain("Nobody signs in by this way.");
    expect(answer.text).not.toContain('type="password"');
  });

  test("writes what a word in the address means, and nothing that somebody put there", async () => {
    expect((await look("/sign-in?problem=not_allowed")).text).toContain("You may not enter here.");
    const evil = await look("/sign-in?problem=%3Cscript%3E&done=constructor&next=%22%3E%3Cscript%3E");
    expect([evil.status, evil.text.includes("<script>")]).toEqual([200, false]);
    expect(evil.text).not.toContain("notice");
  });

  test("with a second factor goes through a cookie, which is good for five minutes", async () => {
    expect(placeOf(await look("/sign-in/factor"))).toEqual([303, "/sign-in"]);
    const operator = await people.signIn();
    const offered = await people.send("POST", "/v1/me/second-factor", operator);
    await context.database.write((writer) => writer.run("UPDATE accounts SET totp_confirmed_at = 1", []));
    const begun = await send("/sign-in", { email: EMAIL, password: PASSWORD, next: "/me" });
    expect(placeOf(begun)).toEqual([303, "/sign-in/factor?next=%2Fme"]);
    const [challenge = ""] = begun.headers.getSetCookie();
    expect(challenge).toMatch(/^hatch_factor=.*HttpOnly; SameSite=Lax; Max-Age=300$/);
    expect((await look("/me", cookiesOf(begun))).status).toBe(303);
    const wrong = await send("/sign-in/factor", { code: "000000" }, { cookie: cookiesOf(begun) });
    expect([wrong.status, faultOf(wrong, "code")]).toEqual([401, "The code is wrong, too old, or was used already."]);
    await context.clock.advance(5 * MINUTE);
    const late = await send("/sign-in/factor", { code: "000000" }, { cookie: cookiesOf(begun) });
    expect(placeOf(late)).toEqual([303, "/sign-in?problem=too_late"]);
    expect(begun.text + wrong.text).not.toContain(offered.body.secret);
  });
});

describe("a form of whoever is signed in", () => {
  const rename = (fields: Record<string, string>, browser: Record<string, string>): Promise<Answer> =>
    send("/me/name", { name: "Ada", ...fields }, browser);

  test("counts only with the token of its own session, from a page of ours", async () => {
    const { cookie, csrf } = await people.signIn();
    const other = await people.signIn();
    const refused = [
      await rename({}, { cookie }),
      await rename({ csrf: "guess" }, { cookie }),
      await rename({ csrf: other.csrf }, { cookie }),
      await rename({ csrf }, { cookie, "sec-fetch-site": "cross-site" }),
      await rename({ csrf }, { cookie, "sec-fetch-site": "same-site" }),
    ];
    expect(refused.map(({ status }) => status)).toEqual([403, 403, 403, 403, 403]);
    expect(await auditOf(context, "account.renamed")).toEqual([]);
    expect(placeOf(await rename({ csrf }, { cookie }))).toEqual([303, "/me"]);
    expect((await look("/me", cookie)).text).toContain(">Ada<");
  });

  test("is shown again with what was typed, but no secret, and with what is wrong beside it", async () => {
    const browser = await people.signIn();
    const email = await send("/me/email", { email: "no address", password: PASSWORD }, { ...browser });
    expect([email.status, faultOf(email, "email")]).toEqual([422, "Must be an e-mail address."]);
    expect(email.text).toContain('value="no address"');
    const password = await send(
      "/me/password",
      { current: "wrong one here", password: "a new password" },
      { ...browser },
    );
    expect([password.status, faultOf(password, "current")]).toEqual([401, "The current password is wrong."]);
    for (const secret of [PASSWORD, "wrong one here", "a new password"]) {
      expect(email.text + password.text).not.toContain(secret);
    }
  });

  test("escapes whatever somebody called themselves", async () => {
    const { cookie, csrf } = await people.signIn();
    const name = `"><script>alert('x')</script>&`;
    await rename({ name, csrf }, { cookie });
    for (const path of ["/me", "/me/name", "/operator/accounts"]) {
      const { text } = await look(path, cookie);
      expect(text).not.toContain("<script>alert");
      expect(text).toContain("&lt;script>");
    }
  });
});

describe("a session on a page", () => {
  test("goes on after its token has run out, for looking and for sending, and the browser keeps the next one", async () => {
    const { cookie, csrf } = await people.signIn();
    await context.clock.advance(16 * MINUTE);
    const looked = await look("/me", cookie);
    expect([looked.status, looked.headers.getSetCookie().length]).toEqual([200, 2]);
    const renewed = cookiesOf(looked);
    expect(renewed).not.toBe(cookie);
    await context.clock.advance(16 * MINUTE);
    const sent = await send("/me/name", { name: "Ada", csrf }, { cookie: renewed });
    expect([...placeOf(sent), sent.headers.getSetCookie().length]).toEqual([303, "/me", 2]);
    expect((await people.get("/v1/me", { cookie: cookiesOf(sent) })).body.account.name).toBe("Ada");
  });

  test("that was ended is not renewed: the browser forgets it", async () => {
    const { cookie, sessionId } = await people.signIn();
    const other = await people.signIn();
    await people.send("DELETE", `/v1/me/sessions/${sessionId}`, other);
    for (const path of ["/me", "/me/password"]) {
      const answer = await look(path, cookie);
      expect(answer.status).toBe(303);
      expect(answer.headers.getSetCookie().every((one) => one.includes("Max-Age=0"))).toBe(true);
    }
    // A page for everybody is shown all the same.
    expect((await look("/sign-in", cookie)).status).toBe(200);
  });

  test("that was not used for a week is over", async () => {
    const { cookie } = await people.signIn();
    await context.clock.advance(8 * DAY);
    expect(placeOf(await look("/me", cookie))).toEqual([303, "/sign-in?next=%2Fme"]);
  });

  test("is ended by signing out, whatever was renewed on the way there", async () => {
    const { cookie, csrf } = await people.signIn();
    await context.clock.advance(16 * MINUTE);
    const answer = await send("/sign-out", { csrf }, { cookie });
    expect(placeOf(answer)).toEqual([303, "/sign-in?done=signed_out"]);
    expect(
      answer.headers
        .getSetCookie()
        .slice(-2)
        .every((one) => one.includes("Max-Age=0")),
    ).toBe(true);
    expect((await look("/me", cookie)).status).toBe(303);
  });

  test("is ended, one or all others, from the list", async () => {
    const browser = await people.signIn();
    const [second, third] = [await people.signIn(), await people.signIn()];
    const ended = await send("/me/sessions/end", { session: second.sessionId }, { ...browser });
    expect(placeOf(ended)).toEqual([303, "/me"]);
    expect((await send("/me/sessions/end", { session: second.sessionId }, { ...browser })).status).toBe(404);
    expect((await send("/me/sessions/end", { session: "ses_nonsense" }, { ...browser })).status).toBe(404);
    expect([(await look("/me", second.cookie)).status, (await look("/me", third.cookie)).status]).toEqual([303, 200]);
    await send("/me/sessions/end-others", {}, { ...browser });
    expect([(await look("/me", third.cookie)).status, (await look("/me", browser.cookie)).status]).toEqual([303, 200]);
  });
});

describe("a one-time password", () => {
  test("opens nothing but the page that replaces it", async () => {
    const ben = await addPerson(context, people, "ben", { role: "viewer" });
    const operator = await people.signIn();
    const page = await send(`/operator/accounts/${ben.id}/one-time-password`, { why: "lost it" }, { ...operator });
    const given = /id="one-time-password">([^<]+)</.exec(page.text)?.[1] ?? "";
    expect(given).toHaveLength(20);
    const inside = cookiesOf(await send("/sign-in", { email: ben.email, password: given }));
    for (const path of OWN) expect(placeOf(await look(path, inside))).toEqual([303, "/set-password"]);
    const shown = await look("/set-password", inside);
    const csrf = /name="csrf" value="([^"]+)"/.exec(shown.text)?.[1] ?? "";
    expect(placeOf(await send("/me/name", { name: "x", csrf }, { cookie: inside }))).toEqual([303, "/set-password"]);
    const fields = { current: given, password: "a staple and a horse" };
    expect(placeOf(await send("/set-password", { ...fields, csrf }, { cookie: inside }))).toEqual([303, "/"]);
    expect((await look("/me", inside)).status).toBe(200);
    expect(placeOf(await look("/set-password", inside))).toEqual([303, "/me/password"]);
    expect(await everythingWritten(context)).not.toContain(given);
  });

  test("is not set by an operator for themselves, nor by anybody else, nor without a reason", async () => {
    const ben = await addPerson(context, people, "ben", { role: "owner" });
    const operator = await people.signIn();
    const own = people.made.account.id;
    const path = `/operator/accounts/${ben.id}/one-time-password`;
    expect((await send(`/operator/accounts/${own}/one-time-password`, { why: "x" }, { ...operator })).status).toBe(409);
    const unreasoned = await send(path, {}, { ...operator });
    expect([unreasoned.status, faultOf(unreasoned, "why")]).toEqual([422, "Is required."]);
    expect((await send(path, { why: "x" }, { cookie: ben.cookie, csrf: ben.csrf })).status).toBe(403);
    expect(await auditOf(context, "account.password_set")).toEqual([]);
  });

  test("of an operator keeps them from the operator's pages too", async () => {
    const other = await addPerson(context, people, "olga", { operator: true });
    const room = { context, sessions: { forget: () => {} } } as never;
    const password = await setOneTimePassword(room, OPERATOR, { accountId: other.id, reason: "test" });
    const inside = cookiesOf(await send("/sign-in", { email: other.email, password }));
    expect((await look("/operator/accounts", inside)).status).toBe(403);
  });
});

describe("acting as another person", () => {
  async function act(fields: Record<string, string> = {}): Promise<Browser> {
    const ben = await addPerson(context, people, "ben&co", { role: "developer" });
    const operator = await people.signIn();
    const answer = await send(
      `/operator/accounts/${ben.id}/act`,
      { reason: "ticket 4711", minutes: "5", ...fields },
      { ...operator },
    );
    expect(placeOf(answer)).toEqual([303, "/"]);
    return operator;
  }

  test("stands on every page, with who, as whom and a way to end it", async () => {
    const operator = await act();
    const { text } = await look("/me", operator.cookie);
    const banner = /<aside class="banner banner-yolk".*?<\/aside>/s.exec(text)?.[0] ?? "";
    expect(banner).toContain(`${EMAIL} acts as ben&amp;co@example.com`);
    expect(banner).toContain("may only look");
    expect(banner).toContain('action="/impersonation/end"');
    const refused = await look("/me/password", operator.cookie);
    expect([refused.status, refused.text.includes("banner-yolk")]).toEqual([403, true]);
    const ended = await send("/impersonation/end", { csrf: operator.csrf }, { cookie: operator.cookie });
    expect(placeOf(ended)).toEqual([303, "/operator/accounts"]);
    expect((await look("/me", operator.cookie)).text).not.toContain("banner-yolk");
  });

  test("shows nothing of what that person signs in with, and touches none of it, allowed to change or not", async () => {
    const operator = await act({ changes: "yes" });
    for (const path of OWN.slice(1)) expect((await look(path, operator.cookie)).status).toBe(403);
    const page = await look("/me", operator.cookie);
    for (const word of ["Change", "End all others", "Browser"]) expect(page.text).not.toContain(`${word}<`);
    const before = JSON.stringify(await context.database.read((reader) => reader.all("SELECT * FROM accounts")));
    const fields = { name: "x", email: "x@example.com", current: PASSWORD, password: "a new password", code: "000000" };
    for (const path of [
      ...OWN.slice(1, 4),
      ...["/set-password", "/me/email/drop", "/me/sessions/end-others", "/me/sessions/end", "/invitation/join"],
      ...["/me/second-factor/begin", "/me/second-factor/confirm", "/me/second-factor/remove"],
      `/operator/accounts/${people.made.account.id}/act`,
    ]) {
      expect([path, (await send(path, fields, { ...operator })).status]).toEqual([path, 403]);
    }
    const after = JSON.stringify(await context.database.read((reader) => reader.all("SELECT * FROM accounts")));
    expect(after).toBe(before);
  });

  test("ends with the session of who does it", async () => {
    const operator = await act();
    await send("/sign-out", { csrf: operator.csrf }, { cookie: operator.cookie });
    expect((await look("/me", operator.cookie)).status).toBe(303);
    expect(await auditOf(context, "impersonation.ended")).not.toEqual([]);
  });

  test("needs a reason, a known length, and somebody who is no operator", async () => {
    const ben = await addPerson(context, people, "ben", { role: "viewer" });
    const other = await addPerson(context, people, "olga", { operator: true });
    const operator = await people.signIn();
    const path = `/operator/accounts/${ben.id}/act`;
    const unreasoned = await send(path, { minutes: "5" }, { ...operator });
    expect([unreasoned.status, faultOf(unreasoned, "reason")]).toEqual([422, "Is required."]);
    expect((await send(path, { reason: "x", minutes: "600" }, { ...operator })).status).toBe(422);
    const fields = { reason: "x", minutes: "5" };
    expect((await send(`/operator/accounts/${other.id}/act`, fields, { ...operator })).status).toBe(403);
    expect((await send(path, fields, { cookie: ben.cookie, csrf: ben.csrf })).status).toBe(403);
    expect(await auditOf(context, "impersonation.started")).toEqual([]);
  });
});

describe("an invitation", () => {
  async function invite(email: string): Promise<string> {
    const operator = await people.signIn();
    const path = `/v1/invitations?environment=${people.made.environments.test.id}`;
    expect((await people.send("POST", path, operator, { email, role: "viewer" })).status).toBe(201);
    return tokenIn((await mailsOf(context)).findLast(({ recipient }) => recipient === email)?.text);
  }

  test("waits in a cookie that no script reads, and its token is on no page", async () => {
    const token = await invite("new@example.com");
    const opened = await send("/invitation", { token: `http://localhost:4282/invitation#${token}` });
    expect(placeOf(opened)).toEqual([303, "/invitation"]);
    expect(opened.headers.getSetCookie()[0]).toMatch(/HttpOnly; SameSite=Lax; Max-Age=600$/);
    const offered = await look("/invitation", cookiesOf(opened));
    expect(titleOf(offered)).toBe("Join Acme");
    expect(offered.text).not.toContain(token);
    const cookie = cookiesOf(opened);
    const weak = await send("/invitation/accept", { name: "New", password: "aaaaaaaaaaaa" }, { cookie });
    expect([weak.status, weak.text.includes('value="New"')]).toEqual([422, true]);
    const accepted = await send("/invitation/accept", { name: "New", password: "a staple and a horse" }, { cookie });
    expect(placeOf(accepted)).toEqual([303, "/"]);
    const inside = cookiesOf(accepted);
    expect((await people.get("/v1/me", { cookie: inside })).body.account).toMatchObject({
      name: "New",
      operator: false,
    });
    expect((await look("/invitation", cookie)).status).toBe(401);
  });

  test("for an address that has an account is accepted by who is signed in as it, and by nobody else", async () => {
    const ben = await addPerson(context, people, "ben");
    const token = await invite(ben.email);
    const cookie = cookiesOf(await send("/invitation", { token }));
    expect((await look("/invitation", cookie)).text).toContain('href="/sign-in?next=%2Finvitation"');
    const password = await send("/invitation/accept", { password: "a staple and a horse" }, { cookie });
    expect(password.status).toBe(409);
    const operator = await people.signIn();
    const other = await look("/invitation", `${cookie}; ${operator.cookie}`);
    expect(other.text).toContain(`You are signed in as ${EMAIL}.`);
    const both = { cookie: `${cookie}; ${operator.cookie}`, csrf: operator.csrf };
    expect((await send("/invitation/join", {}, both)).status).toBe(403);
    const joined = await send("/invitation/join", {}, { cookie: `${cookie}; ${ben.cookie}`, csrf: ben.csrf });
    expect(placeOf(joined)).toEqual([303, "/"]);
    expect((await people.get("/v1/me", ben)).body.environments).toHaveLength(2);
  });

  test("that is wrong, or no longer looked at, says what to do", async () => {
    const wrong = await send("/invitation", { token: "hit_wrong" });
    expect([wrong.status, faultOf(wrong, "token")]).toEqual([
      401,
      "The invitation was accepted already, revoked, or is too old: ask for another one.",
    ]);
    const late = await send("/invitation/accept", { password: "a staple and a horse" });
    expect([late.status, faultOf(late, "token")]).toEqual([401, "It took too long: open the link of the mail again."]);
  });
});

describe("asking for a new password", () => {
  test("is answered alike for whomever", async () => {
    const known = await send("/sign-in/forgot", { email: EMAIL });
    const unknown = await send("/sign-in/forgot", { email: "nobody@example.com" });
    expect([known.status, unknown.status]).toEqual([200, 200]);
    expect(unknown.text.replaceAll("nobody@example.com", EMAIL)).toBe(known.text);
  });

  test("is not offered where no mail is sent", async () => {
    await context.close();
    await open({ mail: undefined });
    const { text } = await look("/sign-in/forgot");
    expect(text).toContain("This installation sends no mail");
    expect(text).not.toContain("<form");
  });
});
