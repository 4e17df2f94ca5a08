import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { settle } from "../../../tests/support/clock.ts";
import { createTestContext, TEST_CONFIG, type TestContext } from "../../../tests/support/context.ts";
import { type CallOptions, call as callServer } from "../../../tests/support/http.ts";
import { retain } from "../../../tests/support/retention.ts";
import type { WrittenOutboundEvent } from "../../context.ts";
import type { Database } from "../../database/database.ts";
import { createServer, type HttpServer } from "../../http/server.ts";
import { verifyAudit } from "../../journal/audit-verify.ts";
import type { Id } from "../../kernel/ids.ts";
import { createMetrics } from "../../kernel/metrics.ts";
import { type OperatorPrincipal, SCOPES, type Scope } from "../../kernel/principal.ts";
import { DAY } from "../../kernel/units.ts";
import { type Access, createAccess, type NewWorkspace } from "./index.ts";
import { makeKeyText } from "./keys/key-text.ts";

let context: TestContext;
let access: Access;
let server: HttpServer;
let announced: WrittenOutboundEvent[];
let claims: number;

const OPERATOR: OperatorPrincipal = { kind: "operator", request: { id: "req_test" } };
const PERSON = { email: "ada@example.com", password: "a long enough one", workspace: "Acme" };

beforeEach(async () => {
  announced = [];
  claims = 0;
  const limits = { ...TEST_CONFIG.limits, failedAuthPerMinute: 0, anonymousPerMinute: 0 };
  context = await createTestContext({
    config: { ...TEST_CONFIG, limits },
    fanOut: { wants: async () => true, expand: async (_, events) => void announced.push(...events) },
  });
  access = await createAccess(context, () => claims++);
  const { authenticate, isClaimed, feature } = access;
  server = createServer({ context, authenticate, isClaimed, features: [feature] });
});

afterEach(() => context.close());

const call = (method: string, path: string, options?: CallOptions) => callServer(server, method, path, options);
/** The room as another start opens it: it remembers nothing. */
const restarted = (database: Database = context.database) =>
  createAccess({ ...context, database, metrics: createMetrics() });
const count = async (table: string): Promise<number> => {
  const row = await context.database.read((reader) => reader.get<{ n: number }>(`SELECT COUNT(*) AS n FROM ${table}`));
  return row?.n ?? -1;
};
const everything = () =>
  Promise.all(
    [
      "workspaces",
      "environments",
      "accounts",
      "memberships",
      "api_keys",
      "api_key_secrets",
      "audit_entries",
      "jobs",
    ].map(count),
  );
const actions = async (): Promise<string[]> => {
  const rows = await context.database.read((reader) =>
    reader.all<{ action: string; details: string }>("SELECT action, details FROM audit_entries ORDER BY id"),
  );
  return rows.map(({ action }) => action);
};
const dumped = async (): Promise<string> => {
  const tables = [
    "instance",
    "accounts",
    "api_keys",
    "api_key_secrets",
    "audit_entries",
    "outbound_events",
    "refused_requests",
  ];
  const rows = tables.map((table) => context.database.read((reader) => reader.all(`SELECT * FROM ${table}`)));
  return JSON.stringify(await Promise.all(rows)) + context.logged.join("");
};

describe("setting up", () => {
  test("makes the workspace, both environments, the owner and a key for each, and nothing else", async () => {
    expect(access.isClaimed()).toBe(false);
    const made = await access.setUp(OPERATOR, PERSON);
    expect(await everything()).toEqual([1, 2, 1, 1, 2, 2, 4, 0]);
    expect(await actions()).toEqual(["workspace.created", "key.created", "key.created", "account.created"]);
    expect([access.isClaimed(), claims]).toEqual([true, 1]);
    expect(made.account.email).toBe("ada@example.com");
    expect(made.environments.live.secretKey).toStartWith("hk_live_");
    expect(made.environments.test.secretKey).toStartWith("hk_test_");
    const account = await context.database.read((reader) =>
      reader.get<{ operator: number; password_hash: string; role: string }>(
        "SELECT a.operator, a.password_hash, m.role FROM accounts a JOIN memberships m ON m.account_id = a.id",
      ),
    );
    expect([account?.operator, account?.role]).toEqual([1, "owner"]);
    expect(account?.password_hash).toStartWith("$argon2id$v=19$m=19456,t=2,");
    expect(await Bun.password.verify(PERSON.password, account?.password_hash ?? "")).toBe(true);
    expect(announced).toEqual([]);
    const dump = await dumped();
    for (const secret of [PERSON.password, made.environments.live.secretKey, made.environments.test.secretKey]) {
      expect(dump).not.toContain(secret);
    }
  });

  test("is refused the second time, and leaves nothing behind", async () => {
    await access.setUp(OPERATOR, PERSON);
    const before = await everything();
    await expect(access.setUp(OPERATOR, { ...PERSON, email: "eve@example.com" })).rejects.toMatchObject({
      code: "conflict",
    });
    expect(await everything()).toEqual(before);
  });

  test("of two at once exactly one happens", async () => {
    const tries = await Promise.allSettled(
      Array.from({ length: 3 }, (_, n) => access.setUp(OPERATOR, { ...PERSON, email: `p${n}@example.com` })),
    );
    expect(tries.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    for (const one of tries) if (one.status === "rejected") expect(one.reason).toMatchObject({ code: "conflict" });
    expect(await everything()).toEqual([1, 2, 1, 1, 2, 2, 4, 0]);
    expect(claims).toBe(1);
  });

  test("is known again after a restart", async () => {
    await access.setUp(OPERATOR, PERSON);
    expect((await restarted()).isClaimed()).toBe(true);
  });

  test("a workspace of the demo claims the installation, too", async () => {
    await access.createWorkspace(OPERATOR, { name: "Demo" });
    expect(access.isClaimed()).toBe(true);
    await expect(access.setUp(OPERATOR, PERSON)).rejects.toMatchObject({ code: "conflict" });
  });
});

describe("POST /v1/auth/setup", () => {
  const setUp = (body: unknown) => call("POST", "/v1/auth/setup", { body });

  test("claims with the one-time token, once", async () => {
    const token = await access.createSetupToken();
    expect(token).toMatch(/^hst_[0-9A-Za-z]{43}$/);
    const answer = await setUp({ ...PERSON, email: "  Ada@Example.COM ", workspace: " Acme ", token });
    expect(answer.status).toBe(201);
    expect(Object.keys(answer.body)).toEqual(["workspace", "environments", "account"]);
    expect([answer.body.workspace.name, answer.body.account.email]).toEqual(["Acme", "ada@example.com"]);
    const { secretKey } = answer.body.environments.test;
    expect((await call("GET", "/v1/keys", { key: secretKey })).status).toBe(200);
    const again = await setUp({ ...PERSON, token });
    expect([again.status, again.body.error.code]).toEqual([409, "conflict"]);
    expect(await access.createSetupToken()).toBeUndefined();
    expect(await dumped()).not.toContain(token as string);
  });

  test("a wrong token is 401 and makes nothing", async () => {
    expect((await setUp({ ...PERSON, token: "hst_guess" })).status).toBe(401);
    const token = (await access.createSetupToken()) ?? "";
    for (const wrong of ["", "hst_", token.slice(0, -1), `${token}x`, token.toUpperCase(), ` ${token}`]) {
      const answer = await setUp({ ...PERSON, token: wrong });
      expect([wrong, answer.status, answer.headers.get("www-authenticate")]).toEqual([
        wrong,
        401,
        'Bearer realm="hatch"',
      ]);
      expect(answer.text).not.toContain(PERSON.password);
    }
    expect(await everything()).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
    expect((await setUp({ ...PERSON, token })).status).toBe(201);
  });

  test.each([[{}], [[]], [null], [{ token: 7 }], [{ token: "hst_guess", password: "short" }], [{ token: "", a: 1 }]])(
    "a stranger who sends %j learns only that the token is wrong",
    async (body) => {
      await access.createSetupToken();
      const answer = await setUp(body);
      expect([answer.status, answer.body.error.code]).toEqual([401, "unauthenticated"]);
      expect(answer.text).not.toMatch(/password|characters|details":\[\{/);
    },
  );

  test("a new token ends the one before", async () => {
    const first = await access.createSetupToken();
    const second = await access.createSetupToken();
    expect((await setUp({ ...PERSON, token: first })).status).toBe(401);
    expect((await setUp({ ...PERSON, token: second })).status).toBe(201);
  });

  test("two with the same token at once: one installation", async () => {
    const token = await access.createSetupToken();
    const answers = await Promise.all([
      setUp({ ...PERSON, token }),
      setUp({ ...PERSON, email: "b@example.com", token }),
    ]);
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409]);
    expect(await count("accounts")).toBe(1);
  });

  test.each([
    ["password", { password: "too short" }],
    ["password", { password: "x".repeat(1_001) }],
    ["email", { email: "ada" }],
    ["email", { email: "ada@localhost" }],
    ["email", { email: "a b@example.com" }],
    ["email", { email: `${"x".repeat(65)}@example.com` }],
    ["workspace", { workspace: "   " }],
    ["workspace", { workspace: "x".repeat(101) }],
    ["workspace", { workspace: "a\nb" }],
    ["workspace", { workspace: undefined }],
    ["admin", { admin: true }],
  ])("a bad %s (%j) is 422 at its field", async (field, change) => {
    const token = await access.createSetupToken();
    const answer = await setUp({ ...PERSON, token, ...change });
    expect([answer.status, answer.body.error.details.map(({ path }: { path: string }) => path)]).toEqual([
      422,
      [field],
    ]);
    expect(await count("workspaces")).toBe(0);
  });

  test("no other route answers before it", async () => {
    const answer = await call("GET", "/v1/keys", { key: "hk_live_x" });
    expect([answer.status, answer.body.error.code]).toEqual([503, "not_configured"]);
  });
});

describe("keys", () => {
  let acme: NewWorkspace;
  let other: NewWorkspace;
  let live: Id<"env">;
  let admin: string;

  beforeEach(async () => {
    acme = await access.createWorkspace(OPERATOR, { name: "Acme" });
    other = await access.createWorkspace(OPERATOR, { name: "Other" });
    live = acme.environments.live.id;
    admin = acme.environments.live.secretKey;
  });

  const create = (body: unknown, key = admin) => call("POST", "/v1/keys", { key, body });
  const works = async (key: string) => (await call("GET", "/v1/keys?limit=1", { key })).status;

  test("are created with a name, scopes and an end; the secret is seen once", async () => {
    const expiresAt = "2027-01-01T00:00:00.000Z";
    const answer = await create({ name: " Backend ", scopes: ["keys:write", "events:write", "keys:write"], expiresAt });
    expect(answer.status).toBe(201);
    const { secretKey, ...shown } = answer.body;
    expect(shown).toMatchObject({
      name: "Backend",
      scopes: ["events:write", "keys:write"],
      expiresAt,
      revokedAt: null,
      lastUsedAt: null,
      secrets: [{ prefix: secretKey.slice(0, 12), expiresAt: null }],
    });
    expect(await works(secretKey)).toBe(200);
    const listed = await call("GET", "/v1/keys", { key: admin });
    expect(listed.body.data[0]).toEqual(shown);
    expect(listed.text).not.toContain(secretKey);
    expect(await dumped()).not.toContain(secretKey);
    expect((await actions()).at(-1)).toBe("key.created");
  });

  test("without a word about scopes have those of their maker", async () => {
    const narrow = (await create({ name: "narrow", scopes: ["keys:write", "events:read"] })).body.secretKey;
    const answer = await create({ name: "child" }, narrow);
    expect(answer.body.scopes).toEqual(["events:read", "keys:write"]);
  });

  test("can't give scopes that they have not got, nor get them by rotating another key", async () => {
    const narrow = (await create({ name: "narrow", scopes: ["keys:write"] })).body.secretKey;
    const wide = await create({ name: "wide" });
    const before = await everything();
    const given = await create({ name: "x", scopes: ["keys:write", "events:read"] }, narrow);
    expect([given.status, given.body.error.message]).toEqual([
      403,
      "The calling key itself lacks the scope events:read.",
    ]);
    const several = await create({ name: "x", scopes: ["events:read", "events:write"] }, narrow);
    expect(several.body.error.message).toBe("The calling key itself lacks the scopes events:write, events:read.");
    const rotated = await call("POST", `/v1/keys/${wide.body.id}/rotate`, { key: narrow });
    expect([rotated.status, rotated.body.error.code]).toEqual([403, "forbidden"]);
    expect(await everything()).toEqual(before);
  });

  test.each([
    ["name", {}],
    ["name", { name: "" }],
    ["name", { name: "x".repeat(101) }],
    ["scopes", { name: "x", scopes: [] }],
    ["scopes.0", { name: "x", scopes: ["everything"] }],
    ["expiresAt", { name: "x", expiresAt: "tomorrow" }],
    ["expiresAt", { name: "x", expiresAt: "2020-01-01T00:00:00Z" }],
    ["environmentId", { name: "x", environmentId: "env_x" }],
  ])("a bad %s (%j) is 422 at its field", async (field, body) => {
    const answer = await create(body);
    expect([answer.status, answer.body.error.details[0].path]).toEqual([422, field]);
  });

  test("need keys:write for every one of these routes", async () => {
    const scopes = SCOPES.filter((scope) => scope !== "keys:write");
    const blind = (await create({ name: "blind", scopes })).body;
    for (const [method, path] of [
      ["GET", "/v1/keys"],
      ["POST", "/v1/keys"],
      ["POST", `/v1/keys/${blind.id}/rotate`],
      ["DELETE", `/v1/keys/${blind.id}`],
    ] as const) {
      const answer = await call(method, path, { key: blind.secretKey });
      expect([method, path, answer.status]).toEqual([method, path, 403]);
    }
  });

  test("of another workspace, of the other environment and of nowhere are 404", async () => {
    const strangers = await Promise.all(
      [other.environments.live.secretKey, acme.environments.test.secretKey].map((key) => create({ name: "x" }, key)),
    );
    const ids = [
      ...strangers.map(({ body }) => body.id),
      context.ids.next("key"),
      "key_x",
      acme.workspace.id,
      "%2e%2e",
    ];
    const before = await everything();
    for (const id of ids) {
      for (const [method, path] of [
        ["POST", `/v1/keys/${id}/rotate`],
        ["DELETE", `/v1/keys/${id}`],
      ] as const) {
        const answer = await call(method, path, { key: admin });
        expect([method, id, answer.status]).toEqual([method, id, 404]);
      }
    }
    expect(await everything()).toEqual(before);
    for (const { body } of strangers) expect(await works(body.secretKey)).toBe(200);
    const listed = await call("GET", "/v1/keys", { key: admin });
    expect(listed.body.data).toHaveLength(1);
  });

  test("are listed page by page, newest first, each once, whatever is made meanwhile", async () => {
    const made: string[] = [];
    for (let n = 0; n < 7; n++) made.unshift((await create({ name: `k${n}` })).body.id);
    const seen: string[] = [];
    let after: string | null = "";
    for (let page = 0; after !== null && page < 9; page++) {
      const answer = await call("GET", `/v1/keys?limit=3${after && `&after=${after}`}`, { key: admin });
      seen.push(...answer.body.data.map(({ id }: { id: string }) => id));
      after = answer.body.next;
      await create({ name: "meanwhile" });
    }
    expect(seen.slice(0, 7)).toEqual(made);
    expect(seen).toHaveLength(8);
  });

  describe("revoking", () => {
    test("holds at once, for ever, and is written down once", async () => {
      const { id, secretKey } = (await create({ name: "short-lived" })).body;
      expect(await works(secretKey)).toBe(200);
      const answer = await call("DELETE", `/v1/keys/${id}`, { key: admin });
      expect([answer.status, answer.body.revokedAt]).toEqual([200, "2026-11-20T18:04:00.000Z"]);
      const audited = await count("audit_entries");
      expect(await works(secretKey)).toBe(401);
      // The wall clock steps back to before it.
      context.clock.set(context.clock.now() - DAY);
      expect(await works(secretKey)).toBe(401);
      expect((await call("DELETE", `/v1/keys/${id}`, { key: admin })).body.revokedAt).toBe(answer.body.revokedAt);
      expect(await count("audit_entries")).toBe(audited);
      expect((await call("POST", `/v1/keys/${id}/rotate`, { key: admin })).status).toBe(409);
    });

    test("in the middle of a storm of requests: not one is accepted after it was answered", async () => {
      const { id, secretKey } = (await create({ name: "victim" })).body;
      let isAnswered = false;
      let acceptedBefore = 0;
      const after: number[] = [];
      const storm = Array.from({ length: 16 }, async () => {
        for (let sentAfter = 0; sentAfter < 20; ) {
          const isLate = isAnswered;
          const status = await works(secretKey);
          if (isLate) {
            after.push(status);
            sentAfter += 1;
          } else if (status === 200) acceptedBefore += 1;
          await new Promise((resolve) => setImmediate(resolve));
        }
      });
      await settle();
      await call("DELETE", `/v1/keys/${id}`, { key: admin });
      isAnswered = true;
      await Promise.all(storm);
      expect(acceptedBefore).toBeGreaterThan(0);
      expect(after).toEqual(Array(320).fill(401));
    });

    test("reaches a look-up that read the key before and answers after", async () => {
      const { id, secretKey } = (await create({ name: "victim" })).body;
      const reading = Promise.withResolvers<void>();
      let isSlow = false;
      const slow: Database = {
        ...context.database,
        read: async (ask) => {
          const found = await context.database.read(ask);
          if (isSlow) await reading.promise;
          return found;
        },
      };
      const fresh = await restarted(slow);
      isSlow = true;
      const lookingUp = fresh.authenticate.bearer(secretKey);
      await settle();
      isSlow = false;
      await fresh.revokeKey(OPERATOR, { environmentId: live, keyId: id });
      reading.resolve();
      expect(await lookingUp).toBeUndefined();
      expect(await fresh.authenticate.bearer(secretKey)).toBeUndefined();
    });

    test("of the calling key itself is possible", async () => {
      const { id, secretKey } = (await create({ name: "suicidal" })).body;
      expect((await call("DELETE", `/v1/keys/${id}`, { key: secretKey })).status).toBe(200);
      expect(await works(secretKey)).toBe(401);
    });
  });

  describe("rotating", () => {
    const rotate = (id: string, body?: unknown) =>
      call("POST", `/v1/keys/${id}/rotate`, { key: admin, ...(body === undefined ? {} : { body }) });

    test("gives a new secret under the same id; the old one works for 24 hours and no longer", async () => {
      const { id, secretKey: old } = (await create({ name: "k" })).body;
      expect(await works(old)).toBe(200);
      const answer = await rotate(id);
      expect([answer.status, answer.body.id]).toEqual([200, id]);
      const { secretKey: next } = answer.body;
      expect(answer.body.secrets.map(({ prefix }: { prefix: string }) => prefix).sort()).toEqual(
        [next.slice(0, 12), old.slice(0, 12)].sort(),
      );
      expect([await works(old), await works(next)]).toEqual([200, 200]);
      context.clock.set(context.clock.now() + DAY - 1);
      expect([await works(old), await works(next)]).toEqual([200, 200]);
      context.clock.set(context.clock.now() + 1);
      expect([await works(old), await works(next)]).toEqual([401, 200]);
      expect(await (await restarted()).authenticate.bearer(old)).toBeUndefined();
    });

    test("with no overlap ends the old one at once", async () => {
      for (const overlap of ["0", "0s"]) {
        const { id, secretKey: old } = (await create({ name: "k" })).body;
        expect(await works(old)).toBe(200);
        const { secretKey: next } = (await rotate(id, { overlap })).body;
        expect([await works(old), await works(next)]).toEqual([401, 200]);
      }
    });

    test("again and again: each old secret keeps its own end, a later rotation never prolongs it", async () => {
      const { id, secretKey: first } = (await create({ name: "k" })).body;
      const second = (await rotate(id, { overlap: "1h" })).body.secretKey;
      const third = (await rotate(id, { overlap: "24h" })).body.secretKey;
      context.clock.set(context.clock.now() + 3_600_000);
      expect([await works(first), await works(second), await works(third)]).toEqual([401, 200, 200]);
      const fourth = (await rotate(id, { overlap: "0" })).body.secretKey;
      expect([await works(second), await works(third), await works(fourth)]).toEqual([401, 401, 200]);
    });

    test("can't pile up secrets", async () => {
      const { id } = (await create({ name: "k" })).body;
      for (let n = 0; n < 4; n++) expect((await rotate(id)).status).toBe(200);
      expect((await rotate(id)).body.error.code).toBe("conflict");
      expect((await rotate(id, { overlap: "0" })).body.secrets).toHaveLength(1);
      expect((await rotate(id)).status).toBe(200);
    });

    test("tells who listens, without a secret", async () => {
      const { id } = (await create({ name: "Backend" })).body;
      announced = [];
      const { secretKey } = (await rotate(id)).body;
      expect(announced).toMatchObject([{ type: "key.rotated", environmentId: live }]);
      const event = await context.database.read((reader) =>
        reader.get<{ body: string }>("SELECT body FROM outbound_events"),
      );
      expect(JSON.parse(event?.body ?? "").data).toEqual({
        keyId: id,
        name: "Backend",
        oldSecretEndsAt: "2026-11-21T18:04:00.000Z",
      });
      expect((await actions()).at(-1)).toBe("key.rotated");
      expect(await dumped()).not.toContain(secretKey);
    });

    test.each(["soon", "-1h", "31d", "P1D", "", 24])("an overlap of %p is 422", async (overlap) => {
      const { id } = (await create({ name: "k" })).body;
      const answer = await rotate(id, { overlap });
      expect([answer.status, answer.body.error.details[0].path]).toEqual([422, "overlap"]);
    });
  });

  test("end by themselves, also while they are known", async () => {
    const { id, secretKey } = (await create({ name: "k", expiresAt: "2026-11-20T19:04:00Z" })).body;
    expect(await works(secretKey)).toBe(200);
    context.clock.set(Date.UTC(2026, 10, 20, 19, 4, 0) - 1);
    expect(await works(secretKey)).toBe(200);
    context.clock.set(Date.UTC(2026, 10, 20, 19, 4, 0));
    expect(await works(secretKey)).toBe(401);
    expect((await call("POST", `/v1/keys/${id}/rotate`, { key: admin })).status).toBe(409);
  });

  test("a typo, a stranger's prefix and a well-formed guess are 401", async () => {
    const guess = makeKeyText("secret", "live", context.chance);
    for (const key of [
      guess,
      `${admin.slice(0, -1)}_`,
      admin.toLowerCase(),
      admin.replace("hk_", "hpk_"),
      "x".repeat(10_000),
    ]) {
      expect(await works(key)).toBe(401);
    }
  });

  test("show when they were last used, written once a minute and at the end", async () => {
    const lastUsedAt = async () => {
      const keys = await access.listKeys(live, { limit: 10 });
      return keys[0]?.lastUsedAt;
    };
    await works(admin);
    expect(await lastUsedAt()).toBeUndefined();
    const { commits } = context.database.statistics();
    for (let n = 0; n < 20; n++) await works(admin);
    await context.clock.advance(60_000);
    expect(await lastUsedAt()).toBe(Date.UTC(2026, 10, 20, 18, 4, 0) as never);
    expect(context.database.statistics().commits).toBe(commits + 1);
    await works(admin);
    await access.feature.stop?.(AbortSignal.timeout(1_000));
    expect(await lastUsedAt()).toBe(context.clock.now());
  });

  test("are bounded in number, and the revoked ones do not count", async () => {
    const made = await Promise.all(Array.from({ length: 499 }, (_, n) => create({ name: `k${n}` })));
    expect(made.every(({ status }) => status === 201)).toBe(true);
    const over = await create({ name: "one more" });
    expect([over.status, over.body.error.code]).toEqual([409, "conflict"]);
    await call("DELETE", `/v1/keys/${made[0]?.body.id}`, { key: admin });
    expect((await create({ name: "one more" })).status).toBe(201);
  });

  test("leave an audit chain that holds, in the chain of their own workspace", async () => {
    const { id } = (await create({ name: "k" })).body;
    await call("POST", `/v1/keys/${id}/rotate`, { key: admin });
    await call("DELETE", `/v1/keys/${id}`, { key: admin });
    const verdict = await context.database.read((reader) => verifyAudit(context, reader));
    expect(verdict.faults).toEqual([]);
    expect(verdict.chains.map(({ chain, entries }) => [chain, entries])).toEqual([
      [acme.workspace.id, 6],
      [other.workspace.id, 3],
    ]);
  });

  test("act in their own environment only, whoever calls the verb", async () => {
    const issued = await access.createKey(OPERATOR, { environmentId: live, name: "k" });
    const found = await access.authenticate.bearer(admin);
    if (!found) throw new Error("the first key works");
    if (found.identity.kind !== "key") throw new Error("the first key is a secret key");
    const principal = { ...found.identity, request: { id: "req_test" } };
    const environmentId = other.environments.live.id;
    const keyId = issued.key.id;
    const before = await everything();
    const refusal = { code: "not_found" };
    await expect(access.createKey(principal, { environmentId, name: "x" })).rejects.toMatchObject(refusal);
    await expect(access.rotateKey(principal, { environmentId, keyId })).rejects.toMatchObject(refusal);
    await expect(access.revokeKey(principal, { environmentId, keyId })).rejects.toMatchObject(refusal);
    await expect(access.createWorkspace(principal, { name: "x" })).rejects.toThrow("made by the operator");
    expect(await everything()).toEqual(before);
  });

  test("the operator finds the environments and makes keys in any of them", async () => {
    const environments = await access.listEnvironments();
    expect(environments).toHaveLength(4);
    const scopes: Scope[] = ["events:write"];
    const issued = await access.createKey(OPERATOR, { environmentId: live, name: "by hand", scopes });
    expect(issued.key.createdBy).toBe("operator");
    const nowhere = context.ids.next("env");
    await expect(access.createKey(OPERATOR, { environmentId: nowhere, name: "x" })).rejects.toMatchObject({
      code: "not_found",
    });
  });
});

describe("housekeeping", () => {
  test("refused requests are purged after seven days, however many", async () => {
    await access.createWorkspace(OPERATOR, { name: "Acme" });
    const insert = (at: number, n: number) =>
      context.database.write((writer) =>
        writer.insertMany({
          table: "refused_requests",
          columns: ["id", "at", "request_id", "method", "path", "status", "code", "message"],
          rows: Array.from({ length: n }, () => [
            context.ids.next("req"),
            at,
            "r",
            "GET",
            "/",
            401,
            "unauthenticated",
            "",
          ]),
        }),
      );
    await insert(context.clock.now() - 7 * DAY - 1, 2_500);
    await insert(context.clock.now() - 7 * DAY, 3);
    const { retention } = access.feature;
    await retain(context, retention, { signal: AbortSignal.abort() });
    expect(await count("refused_requests")).toBe(2_503);
    expect(await retain(context, retention)).toMatchObject({ refusedRequests: 2_500 });
    expect(await count("refused_requests")).toBe(3);
  });

  test("doctor finds a workspace without an environment and a key without a secret", async () => {
    const { environments } = await access.createWorkspace(OPERATOR, { name: "Acme" });
    const faults = async () =>
      (await access.feature.examine?.(context))?.filter(({ ok }) => !ok).map(({ check }) => check);
    expect(await faults()).toEqual([]);
    await context.database.write(async (writer) => {
      await writer.run(
        "DELETE FROM api_key_secrets WHERE key_id = (SELECT id FROM api_keys WHERE environment_id = ?)",
        [environments.live.id],
      );
      await writer.insertMany({
        table: "workspaces",
        columns: ["id", "name", "created_at"],
        rows: [["ws_broken", "x", 1]],
      });
    });
    expect(await faults()).toEqual(["access.environments", "access.keys"]);
  });
});
