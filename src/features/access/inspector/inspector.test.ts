import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { type Browsers, OPERATOR, openBrowsers, PAGE } from "../../../../tests/support/browsers.ts";
import { createTestContext, type TestContext } from "../../../../tests/support/context.ts";
import { DAY, HOUR } from "../../../kernel/units.ts";
import { inspectionView } from "../index.ts";
import { makeKeyText } from "../keys/key-text.ts";
import { TokenSigning } from "../tokens/signing.ts";

let context: TestContext;
let at: Browsers;
let secret: string;

beforeEach(async () => {
  context = await createTestContext();
  at = await openBrowsers(context);
  secret = at.acme.environments.test.secretKey;
});
afterEach(() => context.close());

const inspect = async (credential: string, request: Record<string, unknown> = {}, key = secret) => {
  const answer = await at.call("POST", "/v1/credentials/inspect", { key, body: { credential, ...request } });
  expect(answer.status).toBe(200);
  expect(answer.text).not.toContain(credential);
  return { ...answer.body, codes: answer.body.problems.map(({ code }: { code: string }) => code) };
};
const makeKey = async (body: Record<string, unknown> = {}, key = secret) =>
  (await at.call("POST", "/v1/keys", { key, body: { name: "Reports", ...body } })).body;

describe("a good credential is told with all that is known of it", () => {
  test("a secret key", async () => {
    const { id, secretKey } = await makeKey({ scopes: ["events:read"] });
    expect(await inspect(secretKey)).toEqual({
      kind: "secret_key",
      inForce: true,
      codes: [],
      problems: [],
      credential: {
        id,
        name: "Reports",
        workspaceId: at.acme.workspace.id,
        environment: { id: at.acme.environments.test.id, kind: "test" },
        userId: null,
        scopes: ["events:read"],
        eventTypes: null,
        origins: null,
        createdBy: expect.stringMatching(/^key_/),
        ownedBy: null,
        createdAt: "2026-11-20T18:04:00.000Z",
        lastUsedAt: null,
        expiresAt: null,
        revokedAt: null,
      },
    });
  });

  test("a publishable key and tokens, with their origins", async () => {
    const { key } = await at.publishable({ eventTypes: ["lesson_shared"] });
    const publishable = await inspect(key, { origin: PAGE });
    expect([publishable.kind, publishable.inForce, publishable.codes]).toEqual(["publishable_key", true, []]);
    expect(publishable.credential).toMatchObject({ scopes: [], eventTypes: ["lesson_shared"], origins: [PAGE] });
    const { id, token } = await at.token();
    const widget = await inspect(token, { origin: PAGE, method: "GET", path: "/v1/widget/state?x=1" });
    expect([widget.kind, widget.inForce, widget.codes]).toEqual(["widget_token", true, []]);
    expect(widget.credential).toMatchObject({ id, userId: "user_42", expiresAt: "2026-11-20T18:19:00.000Z" });
    const embed = await at.call("POST", "/v1/embed-tokens", { key: secret, body: { userId: "u" } });
    expect((await inspect(embed.body.token)).kind).toBe("embed_token");
  });
});

describe("why it is refused", () => {
  test("a typo, a cut end, another beginning: the checksum tells", async () => {
    for (const text of [
      secret.slice(0, -1),
      `${secret}x`,
      secret.replace("hk_", "hpk_"),
      secret.replace("test", "live"),
    ]) {
      const told = await inspect(text);
      expect([text.slice(0, 4), told.inForce, told.credential, told.codes]).toEqual([
        text.slice(0, 4),
        false,
        null,
        ["cut_or_mistyped"],
      ]);
    }
  });

  test("revoked, ended, rotated away: with when", async () => {
    const revoked = await makeKey();
    await at.call("DELETE", `/v1/keys/${revoked.id}`, { key: secret });
    const told = await inspect(revoked.secretKey);
    expect([told.inForce, told.codes, told.credential.id]).toEqual([false, ["revoked"], revoked.id]);
    expect(told.problems[0].message).toBe("It was revoked at 2026-11-20T18:04:00.000Z.");
    const ending = await makeKey({ expiresAt: "2026-11-20T19:04:00Z" });
    const rotated = await makeKey();
    const fresh = await at.call("POST", `/v1/keys/${rotated.id}/rotate`, { key: secret, body: { overlap: "1h" } });
    expect((await inspect(rotated.secretKey)).codes).toEqual([]);
    expect((await inspect(rotated.secretKey)).credential.expiresAt).toBe("2026-11-20T19:04:00.000Z");
    context.clock.set(context.clock.now() + HOUR);
    expect((await inspect(ending.secretKey)).codes).toEqual(["expired"]);
    expect((await inspect(rotated.secretKey)).codes).toEqual(["rotated_out"]);
    expect((await inspect(fresh.body.secretKey)).codes).toEqual([]);
  });

  test("of a token: over, revoked, forged, of another key, of no key of ours", async () => {
    const over = await at.token({ origin: undefined });
    const revoked = await at.token({ origin: undefined });
    await at.call("DELETE", `/v1/widget-sessions/${revoked.id}`, { key: secret });
    expect((await inspect(revoked.token)).codes).toEqual(["revoked"]);
    const [head, payload, signature = ""] = over.token.split(".");
    const forged = `${head}.${payload}.${signature.split("").reverse().join("")}`;
    expect((await inspect(forged)).codes).toEqual(["wrong_signature"]);
    expect((await inspect(forged)).credential).toBeNull();
    const alien = Buffer.from(JSON.stringify({ alg: "HS256", kid: "tk_x" })).toString("base64url");
    expect((await inspect(`${alien}.${payload}.${signature}`)).codes).toEqual(["unknown_signing_key"]);
    expect((await inspect(`${head}.${payload}`)).codes).toEqual(["no_credential"]);
    context.clock.set(context.clock.now() + HOUR);
    const told = await inspect(over.token);
    expect([told.codes, told.credential.id]).toEqual([["expired"], over.id]);
    context.clock.set(context.clock.now() + 8 * DAY);
    await context.database.write((writer) => writer.run("DELETE FROM widget_sessions"));
    expect((await inspect(over.token)).codes).toEqual(["unknown_here"]);
  });

  test("it is for something else", async () => {
    const signing = new TokenSigning(context);
    const end = (context.clock.now() + HOUR) as never;
    const session = await signing.sign("session", { sid: "ses_x", sub: "acc_x" }, end);
    for (const [text, kind] of [
      [session, "session_token"],
      ["whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", "webhook_secret"],
      ["hst_abc", "setup_token"],
      ["hlt_abc", "one_time_link"],
    ] as const) {
      const told = await inspect(text);
      expect([told.kind, told.codes, told.credential]).toEqual([kind, ["wrong_use"], null]);
    }
    for (const text of ["sk_live_51abc", "correct horse battery staple", "eyJ.eyJ.x", "=".repeat(8_000)]) {
      expect((await inspect(text)).codes).toEqual(["no_credential"]);
    }
  });

  test("something stands around it", async () => {
    for (const text of [`Bearer ${secret}`, `"${secret}"`, `  ${secret}\n`, `Authorization: Bearer ${secret}`]) {
      const told = await inspect(text);
      expect([told.inForce, told.codes]).toEqual([true, ["surrounded"]]);
    }
  });

  test("the page: named by none, not listed, or holding a secret key", async () => {
    const { key } = await at.publishable();
    const { token } = await at.token();
    for (const text of [key, token]) {
      expect((await inspect(text)).codes).toEqual(["origin_missing"]);
      const told = await inspect(text, { origin: "https://app.example.com:8443" });
      expect([told.inForce, told.codes]).toEqual([true, ["origin_not_listed"]]);
      expect(told.problems[0].message).toContain(PAGE);
    }
    expect((await inspect(secret, { origin: PAGE })).codes).toEqual(["secret_key_in_browser"]);
    expect((await inspect((await at.token({ origin: undefined })).token)).codes).toEqual([]);
  });

  test("the route: none there, another method, a scope that it lacks", async () => {
    const { secretKey } = await makeKey({ scopes: ["events:read"] });
    const asked = async (method: string, path: string, text = secretKey) =>
      (await inspect(text, { method, path, ...(text === secretKey ? {} : { origin: PAGE }) })).problems;
    expect(await asked("GET", "/v1/events")).toEqual([]);
    expect(await asked("GET", "/v1/events/some%20id")).toEqual([]);
    expect(await asked("GET", "/v1/open/nowhere")).toEqual([
      { code: "no_such_route", message: "Nothing lives at this address." },
    ]);
    expect(await asked("PUT", "/v1/events")).toEqual([
      { code: "no_such_route", message: "This address answers GET, HEAD, POST." },
    ]);
    expect(await asked("POST", "/v1/events")).toEqual([
      { code: "not_allowed", message: "POST /v1/events: The key lacks the scope events:write." },
    ]);
    expect(await asked("GET", "/v1/me")).toEqual([
      { code: "not_allowed", message: "GET /v1/me: A secret key can't do this." },
    ]);
    const { token } = await at.token({ scopes: ["events:send"] });
    expect(await asked("GET", "/v1/widget/state", token)).toEqual([
      { code: "not_allowed", message: "GET /v1/widget/state: The token lacks the scope progress:read." },
    ]);
    const { key } = await at.publishable();
    expect((await asked("GET", "/v1/events", key))[0]?.code).toBe("not_allowed");
    expect(await asked("POST", "/v1/events", key)).toEqual([]);
  });
});

describe("what is not the asker's", () => {
  test("is unknown here, word for word as what was never made", async () => {
    const never = await inspect(makeKeyText("secret", "test", context.chance));
    const theirs = await makeKey({}, at.other.environments.test.secretKey);
    expect(await inspect(theirs.secretKey)).toEqual(never);
    expect(never).toMatchObject({ inForce: false, credential: null, codes: ["unknown_here"] });
    await at.call("DELETE", `/v1/keys/${theirs.id}`, { key: at.other.environments.test.secretKey });
    expect(await inspect(theirs.secretKey)).toEqual(never);
    const orphan = await inspect((await at.token({}, at.other.environments.test.secretKey)).token);
    expect(orphan).toMatchObject({ inForce: false, credential: null, codes: ["unknown_here"] });
  });

  test("is told by its own beginning where it is of the other kind of environment", async () => {
    for (const workspace of [at.acme, at.other]) {
      const told = await inspect(workspace.environments.live.secretKey);
      expect([told.codes, told.credential]).toEqual([["other_environment", "unknown_here"], null]);
      expect(told.problems[0].message).toBe("It is for a live environment, and you ask in test.");
    }
  });

  test("the operator sees whosever it is", async () => {
    const told = inspectionView(
      await at.access.inspectCredential(OPERATOR, { credential: at.other.environments.live.secretKey }),
    );
    expect(told).toMatchObject({
      inForce: true,
      credential: { workspaceId: at.other.workspace.id, environment: { kind: "live" } },
      problems: [],
    });
  });
});

describe("who may ask", () => {
  test("keys with keys:write, and nobody's browser", async () => {
    const body = { credential: secret };
    const narrow = (await makeKey({ scopes: ["events:write", "audit:read"] })).secretKey;
    const ask = (key: string) => at.call("POST", "/v1/credentials/inspect", { key, body });
    expect((await ask(narrow)).status).toBe(403);
    expect((await at.call("POST", "/v1/credentials/inspect", { body })).status).toBe(401);
    const { token } = await at.token();
    expect((await at.fromPage("POST", "/v1/credentials/inspect", token, { body })).status).toBe(403);
  });

  test.each([
    [{}, "credential"],
    [{ credential: "" }, "credential"],
    [{ credential: 7 }, "credential"],
    [{ credential: "x".repeat(8_001) }, "credential"],
    [{ credential: "x", method: "GET" }, "method"],
    [{ credential: "x", path: "/v1/events" }, "method"],
    [{ credential: "x", method: "BREW", path: "/v1/events" }, "method"],
    [{ credential: "x", method: "GET", path: "v1/events" }, "path"],
    [{ credential: "x", secret: "y" }, "secret"],
  ])("%j is 422 at its field", async (body, field) => {
    const answer = await at.call("POST", "/v1/credentials/inspect", { key: secret, body });
    expect([answer.status, answer.body.error.details[0].path]).toEqual([422, field]);
  });
});

test("the credential is written down nowhere, whatever is asked of it", async () => {
  const { secretKey } = await makeKey();
  const { token } = await at.token();
  for (const credential of [secretKey, token, `${secretKey}x`]) {
    const headers = { "idempotency-key": `inspect-${credential.length}` };
    const body = { credential, method: "POST", path: `/v1/${credential}` };
    const answer = await at.call("POST", "/v1/credentials/inspect", { key: secret, body, headers });
    expect(answer.text).not.toContain(credential);
    const wrong = { credential, method: credential, path: credential };
    const refused = await at.call("POST", "/v1/credentials/inspect", { key: secret, body: wrong });
    expect([refused.status, refused.text.includes(credential)]).toEqual([422, false]);
    await at.call("POST", `/v1/credentials/inspect?credential=${credential}`, { key: secret, body: {} });
  }
  await at.server.stop(AbortSignal.timeout(1_000));
  const tables = [
    "refused_requests",
    "audit_entries",
    "idempotency_claims",
    "jobs",
    "api_key_secrets",
    "widget_sessions",
  ];
  const rows = await context.database.read((reader) =>
    Promise.all(tables.map((table) => reader.all(`SELECT * FROM ${table}`))),
  );
  const everything = JSON.stringify(rows) + context.logged.join("");
  for (const text of [secretKey, token, token.split(".")[2] ?? ""]) expect(everything).not.toContain(text);
});
