import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import { type Browsers, OPERATOR, openBrowsers, PAGE } from "../../../../tests/support/browsers.ts";
import { settle } from "../../../../tests/support/clock.ts";
import { createTestContext, type TestContext } from "../../../../tests/support/context.ts";
import { call } from "../../../../tests/support/http.ts";
import { retain } from "../../../../tests/support/retention.ts";
import type { Database } from "../../../database/database.ts";
import { createServer } from "../../../http/server.ts";
import { createMetrics } from "../../../kernel/metrics.ts";
import { DAY, HOUR, MINUTE } from "../../../kernel/units.ts";
import { createAccess } from "../index.ts";
import { ACCESS_RETENTION } from "../retention/rules.ts";
import { TokenSigning } from "./signing.ts";

let context: TestContext;
let at: Browsers;
let secret: string;

beforeEach(async () => {
  context = await createTestContext();
  at = await openBrowsers(context);
  secret = at.acme.environments.test.secretKey;
});
afterEach(() => context.close());

/** The room as another start opens it: it remembers nothing. */
const restarted = (database: Database = context.database) =>
  createAccess({ ...context, database, metrics: createMetrics() });
const create = (body: unknown, key = secret) => at.call("POST", "/v1/widget-sessions", { key, body });
const embed = (body: unknown, key = secret) => at.call("POST", "/v1/embed-tokens", { key, body });
const state = (token: string, origin: string | null = PAGE) =>
  at.fromPage("GET", "/v1/widget/state", token, { origin });
const audited = async () =>
  (
    await context.database.read((reader) =>
      reader.all<{ action: string; target: string }>("SELECT action, target FROM audit_entries ORDER BY id"),
    )
  ).filter(({ action }) => action.startsWith("token"));

const partsOf = (token: string) => {
  const [head = "", payload = "", signature = ""] = token.split(".");
  const read = (part: string) => JSON.parse(Buffer.from(part, "base64url").toString());
  return { head: read(head), payload: read(payload), raw: { head, payload, signature } };
};
const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

describe("a widget token", () => {
  test("is made for one member with just these scopes, and ends after 15 minutes", async () => {
    const answer = await create({ userId: "user_42", scopes: ["events:send", "progress:read"], origin: PAGE });
    expect(answer.status).toBe(201);
    const { id, token, ...rest } = answer.body;
    expect(id).toMatch(/^wst_[0-9a-z]{26}$/);
    expect(rest).toEqual({
      userId: "user_42",
      scopes: ["progress:read", "events:send"],
      origin: PAGE,
      expiresAt: "2026-11-20T18:19:00.000Z",
    });
    expect(partsOf(token).payload).toEqual({ sid: id, sub: "user_42", use: "widget", iss: "hatch", exp: 1795198740 });
    expect((await state(token)).status).toBe(200);
    context.clock.set(context.clock.now() + 15 * MINUTE - 1);
    expect((await state(token)).status).toBe(200);
    context.clock.set(context.clock.now() + 1);
    expect((await state(token)).status).toBe(401);
    // The cache is not what ends it.
    expect(await (await restarted()).authenticate.bearer(token)).toBeUndefined();
  });

  test.each([
    ["userId", { scopes: ["progress:read"] }],
    ["userId", { userId: "", scopes: ["progress:read"] }],
    ["userId", { userId: "..", scopes: ["progress:read"] }],
    ["userId", { userId: "x".repeat(256), scopes: ["progress:read"] }],
    ["scopes", { userId: "u" }],
    ["scopes", { userId: "u", scopes: [] }],
    ["scopes.0", { userId: "u", scopes: ["events:write"] }],
    ["scopes.1", { userId: "u", scopes: ["progress:read", "*"] }],
    ["ttl", { userId: "u", scopes: ["progress:read"], ttl: "61m" }],
    ["ttl", { userId: "u", scopes: ["progress:read"], ttl: "0s" }],
    ["ttl", { userId: "u", scopes: ["progress:read"], ttl: "-5m" }],
    ["ttl", { userId: "u", scopes: ["progress:read"], ttl: "soon" }],
    ["ttl", { userId: "u", scopes: ["progress:read"], ttl: 900 }],
    ["origin", { userId: "u", scopes: ["progress:read"], origin: "https://app.example.com/x" }],
    ["origin", { userId: "u", scopes: ["progress:read"], origin: "http://app.example.com" }],
    ["origin", { userId: "u", scopes: ["progress:read"], origin: "*" }],
    ["environmentId", { userId: "u", scopes: ["progress:read"], environmentId: "env_x" }],
  ])("with bad %s (%j) is 422, and nothing is made", async (field, body) => {
    const answer = await create(body);
    expect([answer.status, answer.body.error.details[0].path]).toEqual([422, field]);
    const rows = await context.database.read((reader) => reader.all("SELECT id FROM widget_sessions"));
    expect(rows).toEqual([]);
  });

  test("for a page of this machine is for test only", async () => {
    const body = { userId: "u", scopes: ["progress:read"], origin: "http://localhost:3000" };
    expect((await create(body)).status).toBe(201);
    expect((await create(body, at.acme.environments.live.secretKey)).status).toBe(422);
  });

  test("needs members:write, and is not to be had in a browser", async () => {
    const body = { userId: "u", scopes: ["progress:read"] };
    const make = async (scopes: string[]) =>
      (await at.call("POST", "/v1/keys", { key: secret, body: { name: "k", scopes } })).body.secretKey;
    expect((await create(body, await make(["members:read", "events:write"]))).status).toBe(403);
    expect((await create(body, await make(["members:write"]))).status).toBe(201);
    expect((await create(body, (await at.token()).token)).status).toBe(403);
    const fromBrowser = await at.fromPage("POST", "/v1/widget-sessions", secret, { body });
    expect([fromBrowser.status, fromBrowser.body.error.message]).toEqual([403, expect.stringContaining("browser")]);
  });

  test("sees its own member and nobody else, with every scope named where one is missing", async () => {
    await at.call("PUT", "/v1/members/user_42", { key: secret, body: { attributes: { plan: "gold" }, locale: "de" } });
    const { token } = await at.token();
    const answer = await state(token);
    expect(answer.body).toMatchObject({ userId: "user_42", locale: "de", balances: { xp: { available: 0 } } });
    expect(answer.text).not.toContain("gold");
    const sender = (await at.token({ scopes: ["events:send"] })).token;
    const refused = await state(sender);
    expect([refused.status, refused.body.error.message]).toEqual([403, "The token lacks the scope progress:read."]);
    for (const [method, path] of [
      ["GET", "/v1/members/user_42"],
      ["GET", "/v1/events"],
      ["GET", "/v1/keys"],
      ["DELETE", "/v1/members/user_42/widget-sessions"],
      ["POST", "/v1/credentials/inspect"],
      ["GET", "/v1/me"],
    ] as const) {
      const other = await at.fromPage(method, path, token, method === "POST" ? { body: {} } : {});
      expect([method, path, other.status]).toEqual([method, path, 403]);
    }
  });

  test("works from its own origin only; without one, from any and from none", async () => {
    const { token } = await at.token();
    for (const origin of [
      null,
      "null",
      "https://app.example.com:8443",
      "https://APP.example.com",
      "https://evil.example",
    ]) {
      expect([origin, (await state(token, origin)).status]).toEqual([origin, 403]);
    }
    const { token: unbound } = await at.token({ origin: undefined });
    expect([(await state(unbound, null)).status, (await state(unbound, "https://any.example")).status]).toEqual([
      200, 200,
    ]);
  });

  test("is not written down anywhere, nor is the key that signed it", async () => {
    const { token } = await at.token();
    await state(token);
    await at.fromPage("GET", `/v1/nothing/${token}`, token);
    await at.call("GET", "/v1/events/x?token=1", { key: `${token}x` });
    await at.server.stop(AbortSignal.timeout(1_000));
    const tables = ["widget_sessions", "token_keys", "audit_entries", "refused_requests", "idempotency_claims", "jobs"];
    const rows = await context.database.read((reader) =>
      Promise.all(tables.map((table) => reader.all(`SELECT * FROM ${table}`))),
    );
    const everything = JSON.stringify(rows) + context.logged.join("");
    const { signature, payload } = partsOf(token).raw;
    for (const part of [token, signature, payload]) expect(everything).not.toContain(part);
  });

  test("is made once under one Idempotency-Key", async () => {
    const headers = { "idempotency-key": "session-1" };
    const body = { userId: "u", scopes: ["progress:read"] };
    const first = await at.call("POST", "/v1/widget-sessions", { key: secret, body, headers });
    const again = await at.call("POST", "/v1/widget-sessions", { key: secret, body, headers });
    expect([again.status, again.text, again.headers.get("idempotency-replayed")]).toEqual([201, first.text, "true"]);
  });
});

describe("an embed token", () => {
  test("reads for an hour, a day at most, and does nothing else", async () => {
    const answer = await embed({ userId: "user_42", origin: PAGE });
    expect(answer.body).toMatchObject({ scopes: ["progress:read"], expiresAt: "2026-11-20T19:04:00.000Z" });
    const { token } = (await embed({ userId: "user_42", origin: PAGE, ttl: "24h" })).body;
    expect((await state(token)).status).toBe(200);
    const sent = await at.fromPage("POST", "/v1/events", token, { body: { type: "lesson_shared" } });
    expect(sent.status).toBe(403);
    context.clock.set(context.clock.now() + DAY);
    expect((await state(token)).status).toBe(401);
    for (const body of [{ userId: "u", ttl: "25h" }, { userId: "u", scopes: ["events:send"] }, {}]) {
      expect((await embed(body)).status).toBe(422);
    }
  });

  test("is no widget token, and the other way round", async () => {
    const { token } = (await embed({ userId: "user_42", origin: PAGE })).body;
    await context.database.write((writer) => writer.run("UPDATE widget_sessions SET kind = 'widget'"));
    expect((await state(token)).status).toBe(401);
  });
});

describe("what is no good token is 401", () => {
  test("forged, of no algorithm, of another key, cut, grown, or for another purpose", async () => {
    const { token } = await at.token();
    const { head, payload, raw } = partsOf(token);
    const signed = (body: unknown, key: string, header: unknown = head) => {
      const text = `${encode(header)}.${encode(body)}`;
      return `${text}.${createHmac("sha256", key).update(text).digest("base64url")}`;
    };
    const none = { ...head, alg: "none" };
    const tries: Record<string, string> = {
      "no signature": `${raw.head}.${raw.payload}.`,
      "no algorithm": `${encode(none)}.${raw.payload}.`,
      "no algorithm, its signature": `${encode(none)}.${raw.payload}.${raw.signature}`,
      "another member": `${raw.head}.${encode({ ...payload, sub: "user_43" })}.${raw.signature}`,
      "a later end": `${raw.head}.${encode({ ...payload, exp: payload.exp + 9e6 })}.${raw.signature}`,
      "an empty secret": signed(payload, ""),
      "the key's own name for a secret": signed(payload, head.kid),
      "another kid": signed(payload, "x", { ...head, kid: "tk_0000000000000000" }),
      "no kid": signed(payload, "x", { alg: "HS256", typ: "JWT" }),
      "a kid that is a path": signed(payload, "", { ...head, kid: "../../dev/null" }),
      "a key in the header": signed(payload, "x", { ...head, jwk: { kty: "oct", k: "eA" } }),
      cut: token.slice(0, -1),
      grown: `${token}.x`,
      "two of them": `${token}${token}`,
      "no JSON": `${raw.head}.bm9uc2Vuc2U.${raw.signature}`,
    };
    for (const [what, wrong] of Object.entries(tries)) {
      const answer = await state(wrong);
      expect([what, answer.status]).toEqual([what, 401]);
      expect(answer.text).not.toContain(raw.signature);
    }
    expect((await state(token)).status).toBe(200);
  });

  test("a session's token is no browser's", async () => {
    const signing = new TokenSigning(context);
    const { id } = await at.token();
    const end = (context.clock.now() + HOUR) as never;
    for (const use of ["session", "factor", "embed"] as const) {
      expect((await state(await signing.sign(use, { sid: id, sub: "user_42" }, end))).status).toBe(401);
    }
    // Signed by us and for this, but with no row behind it, or another member's.
    const orphan = await signing.sign("widget", { sid: context.ids.next("wst"), sub: "user_42" }, end);
    const swapped = await signing.sign("widget", { sid: id, sub: "user_43" }, end);
    const other = await signing.sign("widget", { sid: context.ids.next("ses"), sub: "user_42" }, end);
    for (const wrong of [orphan, swapped, other]) expect((await state(wrong)).status).toBe(401);
  });
});

describe("revoking", () => {
  const revoke = (id: string, key = secret) => at.call("DELETE", `/v1/widget-sessions/${id}`, { key });

  test("one ends it at once and for ever, and is written down once", async () => {
    const { id, token } = await at.token();
    const { token: sibling } = await at.token();
    expect((await state(token)).status).toBe(200);
    const answer = await revoke(id);
    expect([answer.status, answer.body.revokedAt]).toEqual([200, "2026-11-20T18:04:00.000Z"]);
    expect([(await state(token)).status, (await state(sibling)).status]).toEqual([401, 200]);
    context.clock.set(context.clock.now() - DAY);
    expect((await state(token)).status).toBe(401);
    expect((await revoke(id)).status).toBe(200);
    expect(await audited()).toEqual([{ action: "token.revoked", target: id }]);
  });

  test("all of a member's leaves those of others alone", async () => {
    const mine = [await at.token(), await at.token(), (await embed({ userId: "user_42", origin: PAGE })).body];
    const other = await at.token({ userId: "user_43" });
    const live = await at.token({}, at.acme.environments.live.secretKey);
    for (const { token } of mine) expect((await state(token)).status).toBe(200);
    const all = (key = secret) => at.call("DELETE", "/v1/members/user_42/widget-sessions", { key });
    expect((await all()).body).toEqual({ revoked: 3 });
    for (const { token } of mine) expect((await state(token)).status).toBe(401);
    for (const { token } of [other, live]) expect((await state(token)).status).toBe(200);
    expect((await all()).body).toEqual({ revoked: 0 });
    expect((await audited()).map(({ action }) => action)).toEqual(["token.all_revoked"]);
    const { token } = await at.token();
    expect((await state(token)).status).toBe(200);
  });

  test("of another environment's, of nobody's: 404, and it goes on", async () => {
    const { id, token } = await at.token();
    for (const key of [at.acme.environments.live.secretKey, at.other.environments.test.secretKey]) {
      expect((await revoke(id, key)).status).toBe(404);
      expect((await at.call("DELETE", "/v1/members/user_42/widget-sessions", { key })).body).toEqual({ revoked: 0 });
      expect((await at.call("GET", "/v1/members/user_42/widget-sessions", { key })).body.data).toEqual([]);
    }
    for (const wrong of ["wst_x", context.ids.next("wst"), context.ids.next("ses")]) {
      expect((await revoke(wrong)).status).toBe(404);
    }
    expect((await state(token)).status).toBe(200);
  });

  test.each(["one", "all", "key", "publishable", "leak"])(
    "in the middle of a storm of requests (%s): not one is accepted after it was answered",
    async (how) => {
      const limits = { ...context.config.limits, browserPerMinute: 0, failedAuthPerMinute: 0, anonymousPerMinute: 0 };
      const calm = await createTestContext({ config: { ...context.config, limits } });
      const here = await openBrowsers(calm);
      const admin = here.acme.environments.test.secretKey;
      const victim = await here.token();
      const page = await here.publishable();
      const server = (await here.call("POST", "/v1/keys", { key: admin, body: { name: "victim" } })).body;
      const event = { type: "glossary_opened", userId: "user_42" };
      const works = async (): Promise<boolean> => {
        if (how === "publishable") {
          return (await here.fromPage("POST", "/v1/events", page.key, { body: event })).status === 201;
        }
        if (how === "key") return (await here.call("GET", "/v1/keys", { key: server.secretKey })).status === 200;
        return (await here.fromPage("GET", "/v1/widget/state", victim.token)).status === 200;
      };
      const end = {
        one: () => here.call("DELETE", `/v1/widget-sessions/${victim.id}`, { key: admin }),
        all: () => here.call("DELETE", "/v1/members/user_42/widget-sessions", { key: admin }),
        key: () => here.call("DELETE", `/v1/keys/${server.id}`, { key: admin }),
        publishable: () => here.call("DELETE", `/v1/keys/${page.id}`, { key: admin }),
        leak: () => here.call("POST", "/v1/keys/report-leak", { body: { key: victim.token } }),
      }[how];
      let isAnswered = false;
      let acceptedBefore = 0;
      const after: boolean[] = [];
      const storm = Array.from({ length: 16 }, async () => {
        for (let sentAfter = 0; sentAfter < 20; ) {
          const isLate = isAnswered;
          const isIn = await works();
          if (isLate) {
            after.push(isIn);
            sentAfter += 1;
          } else if (isIn) acceptedBefore += 1;
          await new Promise((resolve) => setImmediate(resolve));
        }
      });
      await settle();
      while (acceptedBefore === 0) await settle();
      expect((await end?.())?.status).toBeLessThan(300);
      isAnswered = true;
      await Promise.all(storm);
      expect(acceptedBefore).toBeGreaterThan(0);
      expect(after).toEqual(Array(320).fill(false));
      await calm.close();
    },
  );

  test("reaches a look-up that read the row before and answers after", async () => {
    const { id, token } = await at.token();
    const hasRead = Promise.withResolvers<void>();
    const mayAnswer = Promise.withResolvers<void>();
    let isSlow = false;
    const slow: Database = {
      ...context.database,
      read: async (ask) => {
        const found = await context.database.read(ask);
        if (!isSlow) return found;
        isSlow = false;
        hasRead.resolve();
        await mayAnswer.promise;
        return found;
      },
    };
    const { authenticate, isClaimed, feature } = await restarted(slow);
    const server = createServer({
      context: { ...context, metrics: createMetrics() },
      authenticate,
      isClaimed,
      features: [feature],
    });
    // What it is signed with is read before, so that only the row is waited for.
    await authenticate.bearer((await at.token()).token);
    isSlow = true;
    const lookingUp = authenticate.bearer(token);
    await hasRead.promise;
    expect((await call(server, "DELETE", `/v1/widget-sessions/${id}`, { key: secret })).status).toBe(200);
    mayAnswer.resolve();
    expect(await lookingUp).toBeUndefined();
    expect(await authenticate.bearer(token)).toBeUndefined();
  });
});

describe("a member's tokens", () => {
  test("are listed, newest first, page by page, without their text", async () => {
    const made = [];
    for (let n = 0; n < 3; n++) made.unshift(await at.token());
    await at.token({ userId: "user_43" });
    const first = await at.call("GET", "/v1/members/user_42/widget-sessions?limit=2", { key: secret });
    expect(first.body.data.map(({ id }: { id: string }) => id)).toEqual(made.slice(0, 2).map(({ id }) => id));
    const next = await at.call("GET", `/v1/members/user_42/widget-sessions?after=${first.body.next}`, { key: secret });
    expect(next.body.data).toEqual([
      {
        id: made[2]?.id,
        kind: "widget",
        userId: "user_42",
        scopes: ["progress:read", "events:send"],
        origin: PAGE,
        createdBy: expect.stringMatching(/^key_/),
        createdAt: "2026-11-20T18:04:00.000Z",
        expiresAt: "2026-11-20T18:19:00.000Z",
        revokedAt: null,
      },
    ]);
    expect(first.text).not.toContain("eyJ");
  });

  test("that are over are purged a week later", async () => {
    const { id } = await at.token();
    context.clock.set(context.clock.now() + 7 * DAY);
    expect(await retain(context, ACCESS_RETENTION)).toMatchObject({ widgetSessions: 0 });
    context.clock.set(context.clock.now() + 16 * MINUTE);
    expect(await retain(context, ACCESS_RETENTION)).toMatchObject({ widgetSessions: 1 });
    expect((await at.call("DELETE", `/v1/widget-sessions/${id}`, { key: secret })).status).toBe(404);
  });
});

describe("rotating the signing key", () => {
  test("new tokens are signed with the new key; those before stay good until they run out, and no longer", async () => {
    const { token: old } = await at.token({ ttl: "1h" });
    const { token: day } = (await embed({ userId: "user_42", origin: PAGE, ttl: "24h" })).body;
    const rotated = await at.access.rotateTokenKey(OPERATOR);
    const { token: fresh } = await at.token();
    expect(partsOf(fresh).head.kid).toBe(rotated);
    expect(partsOf(old).head.kid).not.toBe(rotated);
    for (const token of [old, day, fresh]) expect((await state(token)).status).toBe(200);
    expect(await audited()).toEqual([{ action: "token_key.rotated", target: rotated }]);
    expect(await (await restarted()).authenticate.bearer(old)).toBeDefined();
    context.clock.set(context.clock.now() + HOUR);
    expect([(await state(old)).status, (await state(day)).status]).toEqual([401, 200]);
  });

  test("a key that was retired a day ago signs nothing any more, whoever has it", async () => {
    const thief = new TokenSigning(context);
    const { id } = (await embed({ userId: "user_42", origin: PAGE, ttl: "24h" })).body;
    // Loaded before the rotation: signs with the old key for ever.
    await thief.sign("embed", { sid: id, sub: "user_42" }, (context.clock.now() + HOUR) as never);
    await at.access.rotateTokenKey(OPERATOR);
    await context.database.write((writer) =>
      writer.run("UPDATE widget_sessions SET expires_at = expires_at + ?", [9 * DAY]),
    );
    const forged = await thief.sign("embed", { sid: id, sub: "user_42" }, (context.clock.now() + 8 * DAY) as never);
    context.clock.set(context.clock.now() + DAY - 1);
    expect((await state(forged)).status).toBe(200);
    context.clock.set(context.clock.now() + 1);
    const again = await thief.sign("embed", { sid: id, sub: "user_42" }, (context.clock.now() + 6 * DAY) as never);
    expect((await state(again)).status).toBe(401);
  });
});
