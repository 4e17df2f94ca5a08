import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { createTestContext, type TestContext } from "../../../../tests/support/context.ts";
import { type Answer, call } from "../../../../tests/support/http.ts";
import { type Browser, browserOf, openPeople, PASSWORD, type People } from "../../../../tests/support/people.ts";
import { MINUTE, SECOND } from "../../../kernel/units.ts";
import { totpCode } from "./totp.ts";

let context: TestContext;
let people: People;
let browser: Browser;

beforeEach(async () => {
  context = await createTestContext();
  people = await openPeople(context);
  browser = await people.signIn();
});
afterEach(() => context.close());

const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** As an authenticator app reads it. */
function decodeBase32(text: string): Uint8Array {
  const bits = [...text].map((letter) => BASE32.indexOf(letter).toString(2).padStart(5, "0")).join("");
  return Uint8Array.from(bits.match(/.{8}/g) ?? [], (byte) => Number.parseInt(byte, 2));
}

const codeOf = (secret: string): string => totpCode(decodeBase32(secret), context.clock.now());

async function setUp(): Promise<{ readonly secret: string; readonly recoveryCodes: readonly string[] }> {
  const offered = await people.send("POST", "/v1/me/second-factor", browser);
  expect(offered.status).toBe(201);
  const { secret } = offered.body;
  const confirmed = await people.send("POST", "/v1/me/second-factor/confirm", browser, { code: codeOf(secret) });
  expect(confirmed.status).toBe(200);
  return { secret, recoveryCodes: confirmed.body.recoveryCodes };
}

async function challenge(): Promise<string> {
  const answer = await people.login();
  expect([answer.status, answer.body.status]).toEqual([200, "factorRequired"]);
  expect(answer.headers.getSetCookie()).toEqual([]);
  return answer.body.challenge;
}

const factor = (asked: string, code: string): Promise<Answer> =>
  call(people.server, "POST", "/v1/auth/factor", { body: { challenge: asked, code } });

describe("a second factor", () => {
  test("is asked for after its first code was given, and not before", async () => {
    await people.send("POST", "/v1/me/second-factor", browser);
    expect((await people.login()).body.status).toBe("signedIn");
    const { secret } = await setUp();
    const asked = await challenge();
    await context.clock.advance(30 * SECOND);
    const answer = await factor(asked, codeOf(secret));
    expect((await people.get("/v1/me/sessions", browserOf(answer))).body.data[0].secondFactor).toBe(true);
  });

  test("ends the sessions that began without it, but the one that set it up", async () => {
    const other = await people.signIn();
    await setUp();
    expect((await people.get("/v1/me", other)).status).toBe(401);
    expect((await people.get("/v1/me", browser)).body.account.secondFactor).toBe(true);
  });

  test("takes each code once, by whatever challenge", async () => {
    const { secret } = await setUp();
    await context.clock.advance(30 * SECOND);
    const code = codeOf(secret);
    expect((await factor(await challenge(), code)).status).toBe(200);
    expect((await factor(await challenge(), code)).status).toBe(401);
  });

  test("can be replaced by a recovery code, each good once, however it is typed", async () => {
    const { recoveryCodes } = await setUp();
    expect(new Set(recoveryCodes).size).toBe(10);
    const [first = "", second = ""] = recoveryCodes;
    const answer = await factor(await challenge(), first.toUpperCase().replaceAll("-", " "));
    expect((await people.get("/v1/me/sessions", browserOf(answer))).body.data[0].method).toBe("recovery");
    expect((await factor(await challenge(), first)).status).toBe(401);
    expect((await factor(await challenge(), second)).status).toBe(200);
  });

  test("can't be guessed: tries are counted over all challenges", async () => {
    await setUp();
    const asked = [await challenge(), await challenge()];
    const guess = (index: number) => factor(asked[index % 2] ?? "", String(index).padStart(6, "0"));
    for (let index = 0; index < 8; index++) expect((await guess(index)).status).toBe(401);
    const burst = await Promise.all([
      ...Array.from({ length: 15 }, (_, index) => guess(index)),
      context.clock.advance(6 * SECOND),
    ]);
    expect(burst.filter((answer) => answer?.status === 429).length).toBeGreaterThan(10);
  });

  test("a challenge is good for five minutes and for nothing else", async () => {
    const { secret } = await setUp();
    const asked = await challenge();
    expect((await people.get("/v1/me", { cookie: `hatch_session=${asked}` })).status).toBe(401);
    await context.clock.advance(5 * MINUTE);
    expect((await factor(asked, codeOf(secret))).status).toBe(401);
    expect((await factor("a.b.c", codeOf(secret))).status).toBe(401);
    const token = browser.cookie.split(";")[0]?.slice("hatch_session=".length) ?? "";
    expect((await factor(token, codeOf(secret))).status).toBe(401);
  });

  test("is taken away with the password only, and then not asked for", async () => {
    await setUp();
    expect((await people.send("DELETE", "/v1/me/second-factor", browser, { password: "wrong" })).status).toBe(401);
    expect((await people.send("DELETE", "/v1/me/second-factor", browser)).status).toBe(401);
    expect((await people.login()).body.status).toBe("factorRequired");
    expect((await people.send("DELETE", "/v1/me/second-factor", browser, { password: PASSWORD })).status).toBe(204);
    expect((await people.login()).body.status).toBe("signedIn");
  });

  test("neither its secret nor a recovery code stands in the database or the log", async () => {
    const { secret, recoveryCodes } = await setUp();
    const rows = await context.database.read((reader) =>
      Promise.all(["accounts", "recovery_codes", "audit_entries"].map((table) => reader.all(`SELECT * FROM ${table}`))),
    );
    const everything = JSON.stringify(rows) + context.logged.join("");
    const bytes = Buffer.from(decodeBase32(secret));
    for (const text of [secret, bytes.toString("base64url"), bytes.toString("hex"), ...recoveryCodes]) {
      expect(everything).not.toContain(text);
    }
  });

  test("can be demanded of a role", async () => {
    const test = people.made.environments.test.id;
    await context.database.write((writer) =>
      writer.run("UPDATE workspaces SET factor_roles = 'owner,admin' WHERE id = ?", [people.made.workspace.id]),
    );
    browser = await people.signIn();
    const refused = await people.get(`/v1/keys?environment=${test}`, browser);
    expect([refused.status, refused.body.error.message]).toEqual([403, expect.stringContaining("second factor")]);
    await setUp();
    expect((await people.get(`/v1/keys?environment=${test}`, browser)).status).toBe(200);
  });
});
