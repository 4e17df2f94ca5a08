import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { createTestContext, type TestContext } from "../../../../../tests/support/context.ts";
import { call } from "../../../../../tests/support/http.ts";
import { EMAIL, openPeople, PASSWORD, type People } from "../../../../../tests/support/people.ts";
import { addPerson, auditOf, browserFor, mailsOf, type Person, WITH_MAIL } from "../../../../../tests/support/team.ts";
import type { Id } from "../../../../kernel/ids.ts";
import { ROLES } from "../../../../kernel/roles.ts";

const SYSTEM = { kind: "system", name: "test", request: { id: "test" } } as const;

let context: TestContext;
let people: People;
let ada: Person;
let live: string;
let testing: string;

beforeEach(async () => {
  context = await createTestContext({ config: WITH_MAIL });
  people = await openPeople(context);
  ada = { id: people.made.account.id, email: EMAIL, ...(await browserFor(context, people.made.account.id)) };
  live = `environment=${people.made.environments.live.id}`;
  testing = `environment=${people.made.environments.test.id}`;
});
afterEach(() => context.close());

const add = (name: string, role: (typeof ROLES)[number], roleInLive?: (typeof ROLES)[number]): Promise<Person> =>
  addPerson(context, people, name, { role, live: roleInLive ?? null });
const change = (by: Person, whom: { readonly id: string }, body: unknown, place = testing) =>
  people.send("PATCH", `/v1/team/${whom.id}?${place}`, by, body);
const remove = (by: Person, whom: { readonly id: string }) =>
  people.send("DELETE", `/v1/team/${whom.id}?${testing}`, by);
const rolesNow = async (id: string): Promise<string | undefined> => {
  const again = await people.signIn();
  const listed = (await people.get(`/v1/team?${testing}`, again)).body.data as {
    accountId: string;
    role: string;
    liveRole: string;
  }[];
  const found = listed.find(({ accountId }) => accountId === id);
  return found && `${found.role}/${found.liveRole}`;
};

describe("the team", () => {
  test("is seen by everybody in it, page by page; who lacks a second factor by those who may change it", async () => {
    const viewer = await add("vera", "viewer");
    const seen = await people.get(`/v1/team?${live}`, viewer);
    expect(seen.body.data).toMatchObject([
      { accountId: ada.id, email: EMAIL, role: "owner", liveRole: "owner", secondFactor: null },
      { accountId: viewer.id, role: "viewer", liveRole: "viewer", secondFactor: null },
    ]);
    const first = await people.get(`/v1/team?${live}&limit=1`, ada);
    expect(first.body.data).toMatchObject([{ accountId: ada.id, secondFactor: false }]);
    const rest = await people.get(`/v1/team?${live}&limit=1&after=${first.body.next}`, ada);
    expect([rest.body.data[0].accountId, rest.body.next]).toEqual([viewer.id, null]);
  });

  test("of another workspace is not there, and nobody in it", async () => {
    const other = await people.access.createWorkspace(SYSTEM, { name: "B" });
    const bea = await addPerson(context, people, "bea", { role: "owner", workspaceId: other.workspace.id });
    const theirs = `environment=${other.environments.test.id}`;
    expect((await people.get(`/v1/team?${theirs}`, ada)).status).toBe(404);
    expect((await change(ada, bea, { role: "viewer" })).status).toBe(404);
    expect((await remove(ada, bea)).status).toBe(404);
    const handing = { accountId: bea.id, password: PASSWORD };
    expect((await people.send("POST", `/v1/team/ownership?${testing}`, ada, handing)).status).toBe(404);
    expect((await people.send("PATCH", `/v1/team/${ada.id}?${theirs}`, bea, { role: "viewer" })).status).toBe(404);
  });

  test("is not for keys", async () => {
    const key = people.made.environments.test.secretKey;
    expect((await call(people.server, "GET", "/v1/team", { key })).status).toBe(403);
  });
});

describe("changing a role", () => {
  test("holds from the next request on, ends the person's sessions, and is written down", async () => {
    const dev = await add("dev", "developer", "viewer");
    const done = await change(ada, dev, { role: "support" });
    expect([done.status, done.body.role, done.body.liveRole]).toEqual([200, "support", "support"]);
    expect((await people.get("/v1/me", dev)).status).toBe(401);
    expect(await auditOf(context, "team.roles_changed")).toMatchObject([
      {
        workspace_id: people.made.workspace.id,
        actor: ada.id,
        target: dev.id,
        details: JSON.stringify({
          after: { liveRole: "support", role: "support" },
          before: { liveRole: "viewer", role: "developer" },
          invitationsRevoked: 0,
        }),
      },
    ]);
  });

  test("a developer looks only in live, unless that is said", async () => {
    const dev = await add("dev", "viewer");
    expect((await change(ada, dev, { role: "developer" })).body.liveRole).toBe("viewer");
    expect((await change(ada, dev, { liveRole: "developer" })).body).toMatchObject({
      role: "developer",
      liveRole: "developer",
    });
    expect((await change(ada, dev, { liveRole: "viewer" })).body.liveRole).toBe("viewer");
  });

  test("to what it is already changes nothing", async () => {
    const dev = await add("dev", "viewer");
    expect((await change(ada, dev, { role: "viewer" })).status).toBe(200);
    expect((await people.get("/v1/me", dev)).status).toBe(200);
    expect(await auditOf(context, "team.roles_changed")).toEqual([]);
  });

  test.each([
    ["viewer", "team:write"],
    ["support", "team:write"],
    ["developer", "team:write"],
  ] as const)("is not for a %s", async (role, lacking) => {
    const person = await add("someone", role);
    const other = await add("other", "viewer");
    const answer = await change(person, other, { role: "support" });
    expect([answer.status, answer.body.error.message]).toEqual([403, expect.stringContaining(lacking)]);
  });

  test("an admin changes whom they hold, and no owner", async () => {
    const admin = await add("admin", "admin");
    const peer = await add("peer", "admin");
    expect((await change(admin, peer, { role: "viewer" })).status).toBe(200);
    expect((await change(admin, ada, { role: "viewer" })).status).toBe(403);
    expect((await remove(admin, ada)).status).toBe(403);
    expect((await people.get("/v1/me", ada)).status).toBe(200);
  });

  test("nobody gives what exceeds their own role in either environment, by whichever they come", async () => {
    const half = await add("half", "admin", "viewer");
    const dev = await add("dev", "developer", "viewer");
    for (const place of [testing, live]) {
      expect((await change(half, dev, { liveRole: "developer" }, place)).status).toBe(403);
      expect((await change(half, half, { liveRole: "admin" }, place)).status).toBe(403);
    }
    expect((await change(half, dev, { role: "support", liveRole: "viewer" })).status).toBe(200);
    const above = await add("above", "viewer", "support");
    expect((await remove(half, above)).status).toBe(403);
    const otherHalf = await add("other-half", "viewer", "admin");
    expect((await change(otherHalf, dev, { role: "developer" }, live)).status).toBe(403);
    expect((await change(otherHalf, dev, { role: "developer" })).status).toBe(403);
  });

  test("makes nobody an owner, not even by halves", async () => {
    const dev = await add("dev", "developer");
    for (const body of [{ role: "owner" }, { liveRole: "owner" }]) {
      const answer = await change(ada, dev, body);
      expect([answer.status, answer.body.error.details[0].message]).toEqual([
        422,
        expect.stringContaining("/v1/team/ownership"),
      ]);
    }
    expect((await change(ada, dev, {})).status).toBe(422);
    expect((await change(ada, dev, { role: "king" })).status).toBe(422);
  });
});

describe("the last owner", () => {
  test("stays one, whatever they or others try", async () => {
    expect((await change(ada, ada, { role: "viewer" })).status).toBe(409);
    expect((await remove(ada, ada)).status).toBe(409);
    expect((await people.send("POST", `/v1/team/leave?${testing}`, ada)).status).toBe(409);
    expect(await rolesNow(ada.id)).toBe("owner/owner");
  });

  test("is the last one also where the other's account is disabled", async () => {
    const other = await add("other", "owner");
    await context.database.write((writer) =>
      writer.run("UPDATE accounts SET disabled_at = 1 WHERE id = ?", [other.id]),
    );
    expect((await change(ada, ada, { role: "admin" })).status).toBe(409);
    expect((await remove(ada, other)).status).toBe(204);
  });

  test("two owners who demote, remove or leave at once: one stays", async () => {
    const attempts = [
      (one: Person, other: Person) => [change(one, other, { role: "viewer" }), change(other, one, { role: "viewer" })],
      (one: Person, other: Person) => [remove(one, other), remove(other, one)],
      (one: Person, other: Person) =>
        [one, other].map((person) => people.send("POST", `/v1/team/leave?${testing}`, person)),
      (one: Person, other: Person) => [change(one, one, { role: "viewer" }), remove(one, other), remove(other, one)],
    ];
    for (const [index, attempt] of attempts.entries()) {
      const workspace = await people.access.createWorkspace(SYSTEM, { name: `W${index}` });
      const { id } = workspace.workspace;
      testing = `environment=${workspace.environments.test.id}`;
      const one = await addPerson(context, people, `one${index}`, { role: "owner", workspaceId: id });
      const other = await addPerson(context, people, `other${index}`, { role: "owner", workspaceId: id });
      const answers = await Promise.all(attempt(one, other));
      expect(answers.filter(({ status }) => status < 300).length).toBeGreaterThanOrEqual(1);
      const owners = await context.database.read((reader) =>
        reader.all("SELECT account_id FROM memberships WHERE workspace_id = ? AND role = 'owner'", [id]),
      );
      expect(owners).toHaveLength(1);
    }
  });
});

describe("leaving and being removed", () => {
  test("ends the sessions that were, and the membership at once", async () => {
    const dev = await add("dev", "developer");
    expect((await remove(ada, dev)).status).toBe(204);
    expect((await people.get(`/v1/team?${testing}`, dev)).status).toBe(401);
    const again = await people.signIn(dev.email);
    expect((await people.get(`/v1/team?${testing}`, again)).status).toBe(404);
    expect((await remove(ada, dev)).status).toBe(404);
  });

  test("one's own session goes on", async () => {
    const viewer = await add("vera", "viewer");
    const second = await people.signIn(viewer.email);
    expect((await people.send("POST", `/v1/team/leave?${live}`, viewer)).status).toBe(204);
    expect((await people.get("/v1/me", viewer)).body.environments).toEqual([]);
    expect((await people.get("/v1/me", second)).status).toBe(401);
    expect(await auditOf(context, "team.left")).toMatchObject([{ actor: viewer.id, target: viewer.id }]);
  });

  test("takes the invitations along that were made in that role", async () => {
    const admin = await add("admin", "admin");
    const path = `/v1/invitations?${testing}`;
    await people.send("POST", path, admin, { email: "back-door@example.com", role: "admin" });
    await people.send("POST", path, ada, { email: "front-door@example.com", role: "viewer" });
    expect((await remove(ada, admin)).status).toBe(204);
    const listed = (await people.get(path, ada)).body.data as { email: string; status: string }[];
    expect(listed.map(({ email, status }) => [email, status])).toEqual([
      ["front-door@example.com", "open"],
      ["back-door@example.com", "revoked"],
    ]);
  });
});

describe("ownership", () => {
  const handOver = (by: Person, body: unknown) => people.send("POST", `/v1/team/ownership?${testing}`, by, body);

  test("goes over to somebody of the team, with the password; both hear of it", async () => {
    const next = await add("next", "admin");
    expect((await handOver(ada, { accountId: next.id, password: "not it at all" })).status).toBe(401);
    const done = await handOver(ada, { accountId: next.id, password: PASSWORD });
    expect([done.status, done.body.role, done.body.liveRole]).toEqual([200, "owner", "owner"]);
    expect(await rolesNow(ada.id)).toBe("admin/admin");
    expect((await people.get("/v1/me", ada)).status).toBe(200);
    expect((await people.get("/v1/me", next)).status).toBe(401);
    expect((await mailsOf(context)).map(({ kind, recipient }) => [kind, recipient])).toEqual([
      ["ownership_changed", next.email],
      ["ownership_changed", EMAIL],
    ]);
    expect(await auditOf(context, "team.ownership")).toMatchObject([{ actor: ada.id, target: next.id }]);
  });

  test("can be shared", async () => {
    const next = await add("next", "viewer");
    expect((await handOver(ada, { accountId: next.id, password: PASSWORD, stay: true })).status).toBe(200);
    expect(await rolesNow(ada.id)).toBe("owner/owner");
    expect(await rolesNow(next.id)).toBe("owner/owner");
  });

  test("is the owner's to give, and not to nobody", async () => {
    const admin = await add("admin", "admin");
    const asked = await handOver(admin, { accountId: admin.id, password: PASSWORD });
    expect([asked.status, asked.body.error.message]).toEqual([403, expect.stringContaining("workspace:own")]);
    expect((await handOver(ada, { accountId: ada.id, password: PASSWORD })).status).toBe(409);
    const nobody = context.ids.next("acc");
    expect((await handOver(ada, { accountId: nobody, password: PASSWORD })).status).toBe(404);
    await context.database.write((writer) =>
      writer.run("UPDATE accounts SET disabled_at = 1 WHERE id = ?", [admin.id]),
    );
    expect((await handOver(ada, { accountId: admin.id, password: PASSWORD })).status).toBe(409);
    expect(await rolesNow(ada.id)).toBe("owner/owner");
  });
});

describe("a one-time password by an admin", () => {
  const setPassword = (by: Person, whom: { readonly id: Id<"acc"> }) =>
    people.send("POST", `/v1/team/${whom.id}/one-time-password?${testing}`, by, { reason: "Lost her phone" });

  test("lets the person in once, to set one of their own, and they are told", async () => {
    const admin = await add("admin", "admin");
    const dev = await add("dev", "developer");
    const set = await setPassword(admin, dev);
    expect(set.status).toBe(201);
    expect((await people.get("/v1/me", dev)).status).toBe(401);
    expect((await people.login(PASSWORD, dev.email)).status).toBe(401);
    const inside = await people.signIn(dev.email, set.body.password);
    expect((await people.get("/v1/me", inside)).body.account.mustChangePassword).toBe(true);
    expect((await people.get(`/v1/team?${testing}`, inside)).status).toBe(403);
    const own = { current: set.body.password, password: "quite other words" };
    expect((await people.send("POST", "/v1/me/password", inside, own)).status).toBe(204);
    expect((await people.get(`/v1/team?${testing}`, inside)).status).toBe(200);
    expect((await mailsOf(context)).map(({ kind, recipient }) => [kind, recipient])).toContainEqual([
      "password_changed",
      dev.email,
    ]);
    const entries = await auditOf(context, "account.password_set");
    expect(entries.map(({ workspace_id, actor, target }) => [workspace_id, actor, target])).toEqual([
      ["", admin.id, dev.id],
      [people.made.workspace.id, admin.id, dev.id],
    ]);
    expect(JSON.stringify(entries)).not.toContain(set.body.password);
  });

  test("is refused for whoever may do more than the admin, anywhere", async () => {
    const admin = await add("admin", "admin");
    const other = await people.access.createWorkspace(SYSTEM, { name: "B" });
    const belongs = (person: Person, role: string) =>
      context.database.write((writer) =>
        writer.insertMany({
          table: "memberships",
          columns: ["account_id", "workspace_id", "role", "created_at"],
          rows: [[person.id, other.workspace.id, role, writer.now]],
        }),
      );
    // The owner and operator of this one.
    expect((await setPassword(admin, ada)).status).toBe(403);
    // An operator who is but a viewer here.
    const operator = await addPerson(context, people, "op", { role: "viewer", operator: true });
    expect((await setPassword(ada, operator)).status).toBe(403);
    // Somebody of another workspace that the admin is not in, be it suspended.
    const guest = await add("guest", "viewer");
    await belongs(guest, "viewer");
    expect((await setPassword(admin, guest)).status).toBe(403);
    await context.database.write((writer) =>
      writer.run("UPDATE workspaces SET suspended_at = 1, suspended_reason = 'x' WHERE id = ?", [other.workspace.id]),
    );
    expect((await setPassword(admin, guest)).status).toBe(403);
    // In which the admin is less than an admin.
    await belongs(admin, "developer");
    expect((await setPassword(admin, guest)).status).toBe(403);
    await context.database.write((writer) =>
      writer.run("UPDATE memberships SET role = 'admin' WHERE account_id = ?", [admin.id]),
    );
    expect((await setPassword(admin, guest)).status).toBe(201);
    // Of the admin's own halves, one is not enough.
    const half = await add("half", "admin", "viewer");
    const dev = await add("dev", "developer");
    expect((await setPassword(half, dev)).status).toBe(403);
  });

  test("is refused for oneself, for strangers, and for those who have no password here", async () => {
    const admin = await add("admin", "admin");
    const alone = await addPerson(context, people, "alone");
    const provided = await add("provided", "viewer");
    const kept = await add("kept", "viewer");
    await context.database.write(async (writer) => {
      await writer.run("UPDATE accounts SET password_hash = '' WHERE id = ?", [provided.id]);
      await writer.run("UPDATE accounts SET break_glass = 1 WHERE id = ?", [kept.id]);
    });
    expect((await setPassword(admin, admin)).status).toBe(409);
    expect((await setPassword(admin, alone)).status).toBe(404);
    expect((await setPassword(admin, provided)).status).toBe(403);
    expect((await setPassword(admin, kept)).status).toBe(403);
    const dev = await add("dev", "developer");
    expect((await setPassword(dev, provided)).status).toBe(403);
    expect(await auditOf(context, "account.password_set")).toEqual([]);
  });
});

test("what a role may do here is what the table says", async () => {
  const allowed = {
    viewer: [200, 403],
    support: [200, 403],
    developer: [200, 403],
    admin: [200, 200],
    owner: [200, 200],
  };
  for (const role of ROLES) {
    const person = await add(role, role);
    const statuses = [
      (await people.get(`/v1/team?${live}`, person)).status,
      (await people.send("PATCH", `/v1/workspace?${live}`, person, {})).status,
    ];
    expect([role, statuses]).toEqual([role, allowed[role]]);
  }
});
