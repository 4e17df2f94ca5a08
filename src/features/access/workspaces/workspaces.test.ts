import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { createTestContext, type TestContext } from "../../../../tests/support/context.ts";
import { type Answer, call } from "../../../../tests/support/http.ts";
import { EMAIL, openPeople, PASSWORD, type People } from "../../../../tests/support/people.ts";
import {
  addPerson,
  auditOf,
  browserFor,
  mailsOf,
  type Person,
  tokenIn,
  WITH_MAIL,
} from "../../../../tests/support/team.ts";
import type { Id } from "../../../kernel/ids.ts";
import { findDigestSettings, listContacts } from "./settings.ts";

let context: TestContext;
let people: People;
let ada: Person;
let workspace: Id<"ws">;
let testing: string;
let key: string;

beforeEach(async () => {
  context = await createTestContext({ config: WITH_MAIL });
  people = await openPeople(context);
  ada = { id: people.made.account.id, email: EMAIL, ...(await browserFor(context, people.made.account.id)) };
  workspace = people.made.workspace.id;
  testing = `environment=${people.made.environments.test.id}`;
  key = people.made.environments.test.secretKey;
});
afterEach(() => context.close());

const post = (path: string, body?: unknown): Promise<Answer> => people.send("POST", path, ada, body);
const withKey = async (secret = key): Promise<number> =>
  (await call(people.server, "GET", "/v1/keys", { key: secret })).status;
const accept = (token: string): Promise<Answer> =>
  call(people.server, "POST", "/v1/auth/invitations/accept", {
    body: { token, password: PASSWORD },
    peer: "127.0.0.1",
  });
const suspend = (id: string = workspace): Promise<Answer> =>
  post(`/v1/workspaces/${id}/suspend`, { reason: "Unpaid since May" });
const kinds = async (): Promise<readonly (readonly [string, string])[]> =>
  (await mailsOf(context)).map(({ kind, recipient }) => [kind, recipient] as const);

describe("the operator's workspaces", () => {
  test("are made for a customer, whose owner is invited and makes the keys", async () => {
    const made = await post("/v1/workspaces", { name: "Umbrella", ownerEmail: "uma@example.com" });
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({
      name: "Umbrella",
      status: "active",
      people: 0,
      owners: 0,
      invitation: { email: "uma@example.com", role: "owner", liveRole: "owner", link: null },
    });
    expect(made.text).not.toContain("hk_");
    const place = `environment=${made.body.environments.test}`;
    expect((await people.get(`/v1/keys?${place}`, ada)).status).toBe(404);
    const token = tokenIn((await mailsOf(context))[0]?.text);
    expect((await accept(token)).status).toBe(201);
    const uma = await people.signIn("uma@example.com");
    expect((await people.get(`/v1/keys?${place}`, uma)).body.data).toEqual([]);
    expect((await people.send("POST", `/v1/keys?${place}`, uma, { name: "Backend" })).status).toBe(201);
    expect((await people.get(`/v1/workspaces/${made.body.id}`, ada)).body).toMatchObject({ people: 1, owners: 1 });
  });

  test("belong to the operator where nobody else is named", async () => {
    for (const body of [{ name: "Mine" }, { name: "Mine too", ownerEmail: EMAIL }]) {
      const made = await post("/v1/workspaces", body);
      expect(made.body).toMatchObject({ people: 1, owners: 1, invitation: null });
      expect((await people.get(`/v1/team?environment=${made.body.environments.live}`, ada)).status).toBe(200);
    }
    expect(await mailsOf(context)).toEqual([]);
  });

  test("are listed newest first, page by page, and renamed", async () => {
    const other = (await post("/v1/workspaces", { name: "Other" })).body;
    const renamed = await people.send("PATCH", `/v1/workspaces/${other.id}`, ada, { name: "Another" });
    expect(renamed.body.name).toBe("Another");
    const page = await people.get("/v1/workspaces?limit=1", ada);
    expect(page.body.data).toMatchObject([{ id: other.id, name: "Another" }]);
    const next = await people.get(`/v1/workspaces?limit=1&after=${page.body.next}`, ada);
    expect(next.body).toMatchObject({ data: [{ id: workspace, people: 1, owners: 1 }], next: null });
    expect((await people.get("/v1/workspaces/ws_nonsense", ada)).status).toBe(404);
    expect((await post("/v1/workspaces", { name: "" })).status).toBe(422);
    expect(await auditOf(context, "workspace.renamed")).toMatchObject([{ workspace_id: other.id, actor: ada.id }]);
  });

  test("get an owner where none is left, and those there are hear of it", async () => {
    const invited = await post(`/v1/workspaces/${workspace}/owners`, { email: "new@example.com" });
    expect([invited.status, invited.body.role]).toEqual([201, "owner"]);
    expect(await kinds()).toEqual([
      ["invitation", "new@example.com"],
      ["owner_invited", EMAIL],
    ]);
    expect((await post(`/v1/workspaces/${context.ids.next("ws")}/owners`, { email: "a@example.com" })).status).toBe(
      404,
    );
  });
});

describe("a suspended workspace", () => {
  test("lets in nobody and nothing until it is resumed, and then all as before", async () => {
    const viewer = await addPerson(context, people, "vera", { role: "viewer" });
    expect(await withKey()).toBe(200);
    const done = await suspend();
    expect([done.status, done.body.status, done.body.reason]).toEqual([200, "suspended", "Unpaid since May"]);
    expect(await withKey()).toBe(401);
    expect(await withKey(people.made.environments.live.secretKey)).toBe(401);
    const refused = await people.get(`/v1/team?${testing}`, viewer);
    expect([refused.status, refused.body.error.message]).toEqual([403, expect.stringContaining("Unpaid since May")]);
    const me = await people.get("/v1/me", viewer);
    expect(me.body.environments.map(({ suspended }: { suspended: boolean }) => suspended)).toEqual([true, true]);
    expect((await post(`/v1/workspaces/${workspace}/resume`)).body).toMatchObject({ status: "active", reason: null });
    expect(await withKey()).toBe(200);
    expect((await people.get(`/v1/team?${testing}`, viewer)).status).toBe(200);
    expect(await kinds()).toEqual([
      ["workspace_suspended", EMAIL],
      ["workspace_resumed", EMAIL],
    ]);
    expect((await auditOf(context, "workspace.")).map(({ workspace_id, action }) => [workspace_id, action])).toEqual([
      [workspace, "workspace.created"],
      [workspace, "workspace.suspended"],
      [workspace, "workspace.resumed"],
    ]);
  });

  test("accepts no request after its suspension was answered, however many come", async () => {
    const viewer = await addPerson(context, people, "vera", { role: "viewer" });
    let answeredAt = Number.POSITIVE_INFINITY;
    let clock = 0;
    let late = 0;
    let before = 0;
    const knock = async (ask: () => Promise<number>): Promise<void> => {
      for (let turn = 0; turn < 60; turn++) {
        clock += 1;
        const sentAt = clock;
        const status = await ask();
        if (status !== 200) continue;
        if (sentAt > answeredAt) late += 1;
        else before += 1;
      }
    };
    const asPerson = async () => (await people.get(`/v1/team?${testing}`, viewer)).status;
    const knocking = [
      ...Array.from({ length: 6 }, () => knock(withKey)),
      ...Array.from({ length: 4 }, () => knock(asPerson)),
    ];
    await suspend().then(() => {
      answeredAt = clock;
    });
    await Promise.all(knocking);
    expect([late, before > 0]).toEqual([0, true]);
  });

  test("takes in nobody who was invited", async () => {
    await people.send("POST", `/v1/invitations?${testing}`, ada, { email: "x@example.com", role: "viewer" });
    const token = tokenIn((await mailsOf(context))[0]?.text);
    await suspend();
    const refused = await accept(token);
    expect([refused.status, refused.body.error.message]).toEqual([403, "The workspace is suspended."]);
    await post(`/v1/workspaces/${workspace}/resume`);
    expect((await accept(token)).status).toBe(201);
  });

  test("leaves others alone", async () => {
    const other = (await post("/v1/workspaces", { name: "Other" })).body;
    await suspend(other.id);
    expect(await withKey()).toBe(200);
    expect((await people.get(`/v1/team?${testing}`, ada)).status).toBe(200);
  });
});

describe("deleting a workspace", () => {
  const remove = (name: string): Promise<Answer> => people.send("DELETE", `/v1/workspaces/${workspace}`, ada, { name });

  test("asks for its name, letter by letter", async () => {
    for (const name of ["acme", "Acme!", "Ac"]) expect((await remove(name)).status).toBe(422);
    expect(await withKey()).toBe(200);
  });

  test("revokes its keys and invitations, keeps everybody out, and is for good", async () => {
    await people.send("POST", `/v1/invitations?${testing}`, ada, { email: "x@example.com", role: "viewer" });
    const token = tokenIn((await mailsOf(context))[0]?.text);
    expect((await remove("Acme")).body.status).toBe("deleted");
    expect(await withKey()).toBe(401);
    expect((await people.get(`/v1/team?${testing}`, ada)).status).toBe(404);
    expect((await people.get("/v1/me", ada)).body.environments).toEqual([]);
    const read = await call(people.server, "POST", "/v1/auth/invitations/read", { body: { token } });
    expect(read.status).toBe(401);
    expect((await remove("Acme")).status).toBe(404);
    expect((await post(`/v1/workspaces/${workspace}/resume`)).status).toBe(404);
    expect((await people.get(`/v1/workspaces/${workspace}`, ada)).body.status).toBe("deleted");
    expect(await kinds()).toContainEqual(["workspace_deleted", EMAIL]);
    expect(await auditOf(context, "workspace.deleted")).toMatchObject([
      { workspace_id: workspace, actor: ada.id, details: expect.stringContaining('"keysRevoked":2') },
    ]);
    expect(await people.access.listEnvironments()).toEqual([]);
    expect(people.access.isClaimed()).toBe(true);
  });

  test("is the owner's as well, with the password", async () => {
    const admin = await addPerson(context, people, "admin", { role: "admin" });
    const own = (by: Person, body: unknown) => people.send("DELETE", `/v1/workspace?${testing}`, by, body);
    expect((await own(admin, { name: "Acme", password: PASSWORD })).status).toBe(403);
    expect((await own(ada, { name: "Acme", password: "not it at all" })).status).toBe(401);
    expect((await own(ada, { name: "Other", password: PASSWORD })).status).toBe(422);
    expect((await own(ada, { name: "Acme", password: PASSWORD })).status).toBe(204);
    expect(await withKey()).toBe(401);
  });
});

describe("the settings of a workspace", () => {
  const change = (by: Person, body: unknown) => people.send("PATCH", `/v1/workspace?${testing}`, by, body);

  test("demand a second factor of roles, from the next request on", async () => {
    const admin = await addPerson(context, people, "admin", { role: "admin" });
    const dev = await addPerson(context, people, "dev", { role: "developer", live: "viewer" });
    const changed = await change(ada, { factorRoles: ["owner", "admin", "admin"] });
    const digest = { at: null, zone: null, mail: null };
    expect(changed.body).toEqual({ id: workspace, name: "Acme", factorRoles: ["admin", "owner"], digest });
    for (const person of [admin, ada]) {
      const refused = await people.get(`/v1/workspace?${testing}`, person);
      expect([refused.status, refused.body.error.message]).toEqual([403, expect.stringContaining("second factor")]);
    }
    expect((await people.get(`/v1/workspace?${testing}`, dev)).body.factorRoles).toEqual(["admin", "owner"]);
    expect(await auditOf(context, "workspace.settings_changed")).toMatchObject([{ workspace_id: workspace }]);
  });

  test("say when the digest is made: part by part, and back to what the installation says", async () => {
    const first = await change(ada, { digest: { at: "07:30", zone: "Europe/Berlin" } });
    expect(first.body.digest).toEqual({ at: "07:30", zone: "Europe/Berlin", mail: null });
    expect((await change(ada, { digest: { mail: "trouble" } })).body.digest).toEqual({
      at: "07:30",
      zone: "Europe/Berlin",
      mail: "trouble",
    });
    expect((await change(ada, { digest: { at: null, zone: null } })).body.digest).toMatchObject({
      at: null,
      zone: null,
    });
    expect(await context.database.read((reader) => findDigestSettings(reader, workspace))).toMatchObject({
      name: "Acme",
      digest: { at: null, mail: "trouble" },
    });
    for (const digest of [
      { at: "24:00" },
      { at: "8:00" },
      { zone: "Berlin" },
      { zone: "+02:00" },
      { mail: "often" },
      { to: "x" },
    ]) {
      expect([digest, (await change(ada, { digest })).status]).toEqual([digest, 422]);
    }
    expect(await auditOf(context, "workspace.settings_changed")).toHaveLength(3);
  });

  test("are for those with the right, and sane", async () => {
    const dev = await addPerson(context, people, "dev", { role: "developer" });
    expect((await change(dev, { name: "Mine" })).status).toBe(403);
    expect((await change(ada, { factorRoles: ["king"] })).status).toBe(422);
    expect((await change(ada, { name: "a\nb" })).status).toBe(422);
    expect((await change(ada, { name: "Acme Ltd" })).body.name).toBe("Acme Ltd");
  });
});

describe("contacts", () => {
  const put = (kind: string, contacts: unknown, by = ada) =>
    people.send("PUT", `/v1/contacts/${kind}?${testing}`, by, { contacts });
  const named = (kind: "security" | "billing" = "security") =>
    context.database.read((reader) => listContacts(reader, workspace, kind));

  test("are named by kind; where nobody is, the owners get the notices", async () => {
    expect(await named()).toEqual([{ email: EMAIL, name: null }]);
    const two = [{ email: "Sec@Example.com", name: "Security" }, { email: "b@example.com" }];
    expect((await put("security", two)).body.contacts).toEqual([
      { email: "sec@example.com", name: "Security" },
      { email: "b@example.com", name: null },
    ]);
    expect((await named()).map(({ email }) => email).sort()).toEqual(["b@example.com", "sec@example.com"]);
    expect(await named("billing")).toEqual([{ email: EMAIL, name: null }]);
    expect((await put("security", [{ email: "c@example.com" }])).status).toBe(200);
    const listed = await people.get(`/v1/contacts?${testing}`, ada);
    expect(listed.body).toEqual({
      technical: [],
      security: [{ email: "c@example.com", name: null }],
      billing: [],
      on_call: [],
    });
    expect((await people.send("DELETE", `/v1/contacts/security?${testing}`, ada)).status).toBe(204);
    expect(await named()).toEqual([{ email: EMAIL, name: null }]);
    const changes = (await auditOf(context, "workspace.contacts_changed")).map(({ details }) =>
      JSON.parse(details ?? ""),
    );
    expect(changes[1].after).toEqual({ security: ["c@example.com"] });
    expect(changes[2]).toEqual({ before: { security: ["c@example.com"] }, after: { security: [] } });
  });

  test("are for those with the right, of known kinds, each once", async () => {
    const dev = await addPerson(context, people, "dev", { role: "developer" });
    expect((await put("security", [], dev)).status).toBe(403);
    expect((await people.get(`/v1/contacts?${testing}`, dev)).status).toBe(200);
    expect((await put("postal", [])).status).toBe(404);
    expect((await put("security", [{ email: "a@example.com" }, { email: "A@example.com" }])).status).toBe(422);
    expect((await put("security", [{ email: "nobody" }])).status).toBe(422);
    const many = Array.from({ length: 21 }, (_, index) => ({ email: `c${index}@example.com` }));
    expect((await put("security", many)).status).toBe(422);
  });
});
