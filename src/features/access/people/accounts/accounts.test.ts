import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { createTestContext, type TestContext } from "../../../../../tests/support/context.ts";
import type { Answer } from "../../../../../tests/support/http.ts";
import { EMAIL, openPeople, PASSWORD, type People } from "../../../../../tests/support/people.ts";
import {
  addPerson,
  auditOf,
  browserFor,
  everythingWritten,
  mailsOf,
  type Person,
  WITH_MAIL,
} from "../../../../../tests/support/team.ts";

let context: TestContext;
let people: People;
let ada: Person;
let testing: string;

beforeEach(async () => {
  context = await createTestContext({ config: WITH_MAIL });
  people = await openPeople(context);
  ada = { id: people.made.account.id, email: EMAIL, ...(await browserFor(context, people.made.account.id)) };
  testing = `environment=${people.made.environments.test.id}`;
});
afterEach(() => context.close());

const disable = (by: Person, whom: Person, reason = "Left the company"): Promise<Answer> =>
  people.send("POST", `/v1/accounts/${whom.id}/disable`, by, { reason });
const operator = (by: Person, whom: Person, method: "PUT" | "DELETE", password = PASSWORD): Promise<Answer> =>
  people.send(method, `/v1/accounts/${whom.id}/operator`, by, { password });
const operatorsNow = (): Promise<{ id: string }[]> =>
  context.database.read((reader) =>
    reader.all("SELECT id FROM accounts WHERE operator = 1 AND disabled_at IS NULL ORDER BY id"),
  );

describe("the operator's list of accounts", () => {
  test("says who they are and where they belong, page by page and by address", async () => {
    const dev = await addPerson(context, people, "dev", { role: "developer", live: "viewer" });
    const all = await people.get("/v1/accounts", ada);
    expect(all.body.data).toMatchObject([
      { id: ada.id, operator: true, workspaces: [{ id: people.made.workspace.id, role: "owner", liveRole: "owner" }] },
      { id: dev.id, operator: false, workspaces: [{ role: "developer", liveRole: "viewer" }] },
    ]);
    expect(all.text).not.toContain("argon2");
    expect((await people.get("/v1/accounts?limit=1", ada)).body.next).toBeString();
    expect((await people.get("/v1/accounts?email=DEV@example.com", ada)).body.data).toMatchObject([{ id: dev.id }]);
    expect((await people.get("/v1/accounts?email=nobody@example.com", ada)).body.data).toEqual([]);
  });

  test.each(["owner", "admin"] as const)("is not for an %s, nor is anything else of the operator's", async (role) => {
    const person = await addPerson(context, people, "person", { role });
    const tries = [
      people.get("/v1/accounts", person),
      disable(person, ada),
      people.send("POST", `/v1/accounts/${ada.id}/enable`, person),
      people.send("POST", `/v1/accounts/${ada.id}/one-time-password`, person, { reason: "x" }),
      operator(person, person, "PUT"),
      operator(person, ada, "DELETE"),
      people.send("POST", "/v1/impersonations", person, { accountId: ada.id, reason: "x" }),
      people.get("/v1/workspaces", person),
      people.send("POST", "/v1/workspaces", person, { name: "Mine" }),
    ];
    for (const answer of await Promise.all(tries)) expect(answer.status).toBe(403);
    expect((await people.get("/v1/me", ada)).status).toBe(200);
  });
});

describe("disabling an account", () => {
  test("ends its sessions, keeps it out, takes its invitations back, and tells the person", async () => {
    const admin = await addPerson(context, people, "admin", { role: "admin" });
    await people.send("POST", `/v1/invitations?${testing}`, admin, { email: "x@example.com", role: "admin" });
    const done = await disable(ada, admin);
    expect([done.status, done.body.disabledAt]).toEqual([200, expect.any(String)]);
    expect((await people.get("/v1/me", admin)).status).toBe(401);
    expect((await people.login(PASSWORD, admin.email)).status).toBe(401);
    expect((await people.get(`/v1/invitations?${testing}`, ada)).body.data[0].status).toBe("revoked");
    expect((await mailsOf(context)).map(({ kind, recipient }) => [kind, recipient])).toContainEqual([
      "account_disabled",
      admin.email,
    ]);
    expect(await auditOf(context, "account.disabled")).toMatchObject([{ actor: ada.id, target: admin.id }]);
    expect((await disable(ada, admin)).status).toBe(200);
    expect(await auditOf(context, "account.disabled")).toHaveLength(1);
    expect((await people.send("POST", `/v1/accounts/${admin.id}/enable`, ada)).body.disabledAt).toBeNull();
    expect((await people.login(PASSWORD, admin.email)).status).toBe(200);
  });

  test("spares oneself and whoever alone owns a workspace", async () => {
    expect((await disable(ada, ada)).status).toBe(409);
    const system = { kind: "system", name: "t", request: { id: "t" } } as const;
    const other = await people.access.createWorkspace(system, { name: "B" });
    const bea = await addPerson(context, people, "bea", { role: "owner", workspaceId: other.workspace.id });
    const refused = await disable(ada, bea);
    expect([refused.status, refused.body.error.message]).toEqual([409, expect.stringContaining(other.workspace.id)]);
    await addPerson(context, people, "ben", { role: "owner", workspaceId: other.workspace.id });
    expect((await disable(ada, bea)).status).toBe(200);
  });

  test("of nobody is 404, and wants a reason", async () => {
    const dev = await addPerson(context, people, "dev");
    const nobody = { ...dev, id: context.ids.next("acc") };
    expect((await disable(ada, nobody)).status).toBe(404);
    expect((await people.send("POST", "/v1/accounts/x/disable", ada, { reason: "x" })).status).toBe(404);
    for (const reason of ["", "  ", "a\nb", "x".repeat(501)])
      expect((await disable(ada, dev, reason)).status).toBe(422);
  });
});

describe("operators", () => {
  test("are named and removed with the password, and told; their sessions end", async () => {
    const next = await addPerson(context, people, "next");
    expect((await operator(ada, next, "PUT", "not it at all")).status).toBe(401);
    expect((await operator(ada, next, "PUT")).body.operator).toBe(true);
    expect((await people.get("/v1/me", next)).status).toBe(401);
    const inside = { ...next, ...(await people.signIn(next.email)) };
    expect((await people.get("/v1/workspaces", inside)).status).toBe(200);
    expect((await operator(inside, ada, "DELETE")).body.operator).toBe(false);
    expect((await people.get("/v1/me", ada)).status).toBe(401);
    expect((await mailsOf(context)).map(({ kind, recipient }) => [kind, recipient])).toEqual([
      ["operator_changed", next.email],
      ["operator_changed", EMAIL],
    ]);
    expect((await auditOf(context, "account.operator")).map(({ actor, target }) => [actor, target])).toEqual([
      [ada.id, next.id],
      [next.id, ada.id],
    ]);
  });

  test("the last one who can sign in stays one", async () => {
    expect((await operator(ada, ada, "DELETE")).status).toBe(409);
    const other = await addPerson(context, people, "other", { operator: true });
    expect((await disable(ada, other)).status).toBe(200);
    expect((await operator(ada, ada, "DELETE")).status).toBe(409);
    expect((await operator(ada, other, "PUT")).status).toBe(200);
    const gone = await addPerson(context, people, "gone");
    await disable(ada, gone);
    expect((await operator(ada, gone, "PUT")).status).toBe(409);
    expect(await operatorsNow()).toEqual([{ id: ada.id }]);
  });

  test("two who remove or disable each other at once: one stays", async () => {
    const other = await addPerson(context, people, "other", { operator: true });
    const answers = await Promise.all([
      operator(ada, other, "DELETE"),
      operator(other, ada, "DELETE"),
      operator(ada, ada, "DELETE"),
      disable(other, ada),
      disable(ada, other),
    ]);
    expect(answers.some(({ status }) => status === 200)).toBe(true);
    expect((await operatorsNow()).length).toBeGreaterThanOrEqual(1);
  });
});

describe("a one-time password by the operator", () => {
  const setPassword = (by: Person, whom: Person, more = {}): Promise<Answer> =>
    people.send("POST", `/v1/accounts/${whom.id}/one-time-password`, by, { reason: "Lost her phone", ...more });

  test("is for anybody but oneself, other operators and owners too", async () => {
    const other = await addPerson(context, people, "other", { operator: true, role: "owner" });
    const set = await setPassword(ada, other);
    expect(set.status).toBe(201);
    expect((await people.login(set.body.password, other.email)).body.status).toBe("signedIn");
    expect((await setPassword(ada, ada)).status).toBe(409);
  });

  test("lets nobody operate before it is replaced", async () => {
    const other = await addPerson(context, people, "other", { operator: true });
    const { password } = (await setPassword(ada, other)).body;
    const inside = { ...other, ...(await people.signIn(other.email, password)) };
    for (const path of ["/v1/accounts", "/v1/workspaces"]) expect((await people.get(path, inside)).status).toBe(403);
    await people.send("POST", "/v1/me/password", inside, { current: password, password: "quite other words" });
    expect((await people.get("/v1/accounts", inside)).status).toBe(200);
  });

  test("takes the second factor away only where that is said", async () => {
    const dev = await addPerson(context, people, "dev");
    const confirmed = (): Promise<unknown> =>
      context.database.read((reader) =>
        reader.get("SELECT totp_confirmed_at AS at FROM accounts WHERE id = ?", [dev.id]),
      );
    await context.database.write(async (writer) => {
      await writer.run("UPDATE accounts SET totp_secret = 'sealed', totp_confirmed_at = 1 WHERE id = ?", [dev.id]);
      await writer.run("INSERT INTO recovery_codes (account_id, hash, used_at) VALUES (?, 'x', NULL)", [dev.id]);
    });
    const first = await setPassword(ada, dev);
    expect((await people.login(first.body.password, dev.email)).body.status).toBe("factorRequired");
    expect(await confirmed()).toEqual({ at: 1 });
    const second = await setPassword(ada, dev, { removeSecondFactor: true });
    expect((await people.login(second.body.password, dev.email)).body.status).toBe("signedIn");
    expect(await confirmed()).toEqual({ at: null });
  });

  test("stands nowhere in plain text", async () => {
    const dev = await addPerson(context, people, "dev");
    const { password } = (await setPassword(ada, dev)).body;
    expect(await everythingWritten(context)).not.toContain(password);
    expect((await mailsOf(context)).some(({ text }) => text.includes(password))).toBe(false);
  });
});

test("the doctor finds a team that nobody owns, and an installation that nobody operates", async () => {
  const faults = async () =>
    ((await people.access.feature.examine?.(context)) ?? []).filter(({ ok }) => !ok).map(({ check }) => check);
  expect(await faults()).toEqual([]);
  await context.database.write((writer) => writer.run("UPDATE accounts SET disabled_at = 1"));
  expect(await faults()).toEqual(["access.owners", "access.operators"]);
});

test("unlocking forgets failed tries at an account", async () => {
  // From here on tries would be let in one by one, as the clock goes on: here it stands still.
  for (let tries = 0; tries < 9; tries++) await people.login("not it at all");
  await people.access.people.unlockAccount({ kind: "operator", request: { id: "test" } }, EMAIL);
  expect((await people.login()).status).toBe(200);
  expect(await auditOf(context, "account.unlocked")).toMatchObject([{ actor: "operator", target: ada.id }]);
});
