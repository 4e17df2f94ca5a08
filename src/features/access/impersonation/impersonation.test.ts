import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { createTestContext, type TestContext } from "../../../../tests/support/context.ts";
import { type Answer, call } from "../../../../tests/support/http.ts";
import { EMAIL, openPeople, PASSWORD, type People } from "../../../../tests/support/people.ts";
import { addPerson, auditOf, browserFor, mailsOf, type Person, WITH_MAIL } from "../../../../tests/support/team.ts";
import type { Id } from "../../../kernel/ids.ts";
import { MINUTE } from "../../../kernel/units.ts";
import { endImpersonationJob } from "./impersonation.ts";

let context: TestContext;
let people: People;
let ada: Person;
let bea: Person;
let theirs: { readonly id: Id<"ws">; readonly test: string; readonly live: string };

beforeEach(async () => {
  context = await createTestContext({ config: WITH_MAIL });
  people = await openPeople(context);
  ada = { id: people.made.account.id, email: EMAIL, ...(await browserFor(context, people.made.account.id)) };
  const system = { kind: "system", name: "t", request: { id: "t" } } as const;
  const { workspace, environments } = await people.access.createWorkspace(system, { name: "B" });
  theirs = {
    id: workspace.id,
    test: `environment=${environments.test.id}`,
    live: `environment=${environments.live.id}`,
  };
  bea = await addPerson(context, people, "bea", { role: "owner", workspaceId: workspace.id });
});
afterEach(() => context.close());

const begin = (more: Record<string, unknown> = {}, by = ada): Promise<Answer> =>
  people.send("POST", "/v1/impersonations", by, { accountId: bea.id, reason: "Ticket 881", ...more });
const stop = (by = ada): Promise<Answer> => people.send("DELETE", "/v1/impersonations/current", by);

async function runJobs(): Promise<void> {
  const rows = await context.database.read((reader) =>
    reader.all<{ id: Id<"job">; payload: string }>("SELECT id, payload FROM jobs WHERE kind = ? AND run_at <= ?", [
      endImpersonationJob.kind,
      context.clock.now(),
    ]),
  );
  for (const { id, payload } of rows) {
    const run = {
      environmentId: undefined,
      progress: undefined,
      failures: 0,
      signal: new AbortController().signal,
      checkpoint: async () => {},
    };
    await endImpersonationJob.run(context, { id, ...run, payload: JSON.parse(payload) });
  }
}

describe("acting as another person", () => {
  test("shows what they see, and says so", async () => {
    expect((await people.get(`/v1/team?${theirs.test}`, ada)).status).toBe(404);
    const begun = await begin();
    expect([begun.status, begun.body.changes]).toEqual([201, false]);
    const me = (await people.get("/v1/me", ada)).body;
    expect(me.account).toMatchObject({ id: bea.id, email: bea.email, operator: false });
    expect(me.impersonation).toEqual({ id: begun.body.id, operatorId: ada.id, readOnly: true });
    expect((await people.get(`/v1/team?${theirs.test}`, ada)).status).toBe(200);
    const own = people.made.environments.test.id;
    expect((await people.get(`/v1/team?environment=${own}`, ada)).status).toBe(404);
    expect((await people.get(`/v1/team?${theirs.test}`, bea)).status).toBe(200);
  });

  test("changes nothing unless it was asked for", async () => {
    await begin();
    const type = { schema: { type: "object" } };
    const subscribe = () => people.send("POST", `/v1/team/leave?${theirs.test}`, ada, type);
    expect((await subscribe()).status).toBe(403);
    for (const method of ["POST", "PUT", "PATCH", "DELETE"]) {
      for (const { path, rules } of people.server.routes.filter((route) => route.method === method)) {
        if (rules.access === "public" || rules.impersonation === "ends") continue;
        const answer = await people.send(method, `${path.replaceAll(/:\w+/g, "x")}?${theirs.test}`, ada, {});
        expect([method, path, answer.status]).toEqual([method, path, 403]);
      }
    }
  });

  test("with changes, reaches neither sign-in and security, nor keys, team, settings or another impersonation", async () => {
    await begin({ changes: true });
    const never = new Set(["keys:write", "tokens:write", "team:write", "settings:write", "exports:read"]);
    for (const permission of ["members:erase", "audit:read", "workspace:own"]) never.add(permission);
    let tried = 0;
    for (const { method, path, rules } of people.server.routes) {
      const { access, impersonation } = rules;
      if (access === "public" || impersonation === "ends" || method === "HEAD") continue;
      const needed = access.permission ?? access.scope ?? "";
      const isOwn = access.account === "self" && method !== "GET";
      if (!never.has(needed) && !isOwn && access.account !== "operator" && impersonation !== "never") continue;
      const body = method === "GET" ? undefined : {};
      const answer = await people.send(method, `${path.replaceAll(/:\w+/g, "x")}?${theirs.test}`, ada, body);
      expect([method, path, answer.status]).toEqual([method, path, 403]);
      tried += 1;
    }
    expect(tried).toBeGreaterThan(35);
    expect((await people.get("/v1/me", bea)).status).toBe(200);
  });

  test("is told in the audit log of every workspace of theirs, and to them, at the start and the end", async () => {
    await addPersonTo(bea, people.made.workspace.id, "viewer");
    const { id } = (await begin({ changes: true })).body;
    await context.clock.advance(MINUTE);
    expect((await stop()).status).toBe(204);
    const entries = await auditOf(context, "impersonation.");
    expect(entries.map(({ workspace_id, action }) => [workspace_id, action]).sort()).toEqual(
      ["", people.made.workspace.id, theirs.id]
        .flatMap((workspace) => [
          [workspace, "impersonation.started"],
          [workspace, "impersonation.ended"],
        ])
        .sort(),
    );
    for (const { actor, as_whom, action, target, details } of entries) {
      expect([actor, target]).toEqual([ada.id, bea.id]);
      expect(as_whom).toBe(action === "impersonation.ended" ? bea.id : null);
      expect(JSON.parse(details ?? "").id).toBe(id);
    }
    expect(entries[0]?.details).toContain("Ticket 881");
    const mails = await mailsOf(context);
    expect(mails.map(({ kind, recipient }) => [kind, recipient])).toEqual([
      ["impersonation_started", bea.email],
      ["impersonation_ended", bea.email],
    ]);
    expect(mails[0]?.text).toContain("Ticket 881");
  });

  test("what is changed meanwhile names both", async () => {
    const dev = await addPerson(context, people, "dev", { role: "developer", workspaceId: theirs.id });
    await begin({ accountId: dev.id, changes: true });
    await people.send("POST", "/v1/auth/logout", ada);
    expect(await auditOf(context, "session.ended")).toMatchObject([{ actor: ada.id, as_whom: dev.id }]);
  });
});

const addPersonTo = (person: Person, workspaceId: string, role: string): Promise<void> =>
  context.database.write((writer) =>
    writer.insertMany({
      table: "memberships",
      columns: ["account_id", "workspace_id", "role", "created_at"],
      rows: [[person.id, workspaceId, role, writer.now]],
    }),
  );

describe("it ends", () => {
  test("by hand, once", async () => {
    await begin();
    expect((await stop()).status).toBe(204);
    expect((await people.get("/v1/me", ada)).body).toMatchObject({ account: { id: ada.id }, impersonation: null });
    expect((await people.get("/v1/workspaces", ada)).status).toBe(200);
    expect((await stop()).status).toBe(409);
    await context.clock.advance(15 * MINUTE);
    await runJobs();
    expect(await auditOf(context, "impersonation.ended")).toHaveLength(2);
  });

  test("by itself when its time is over, and that is told as well", async () => {
    const begun = await begin({ minutes: 5 });
    await context.clock.advance(5 * MINUTE - 1);
    expect((await people.get("/v1/me", ada)).body.account.id).toBe(bea.id);
    await context.clock.advance(1);
    expect((await people.get("/v1/me", ada)).body.account.id).toBe(ada.id);
    await runJobs();
    await runJobs();
    expect((await auditOf(context, "impersonation.ended"))[0]).toMatchObject({
      actor: "system:impersonation",
      details: JSON.stringify({ how: "by time", id: begun.body.id }),
    });
    expect((await mailsOf(context)).map(({ kind }) => kind)).toEqual(["impersonation_started", "impersonation_ended"]);
    const listed = (await people.get("/v1/impersonations", ada)).body.data;
    expect(listed).toMatchObject([{ id: begun.body.id, operatorId: ada.id, accountId: bea.id, reason: "Ticket 881" }]);
    expect(listed[0].endedAt).toBe(listed[0].endsAt);
  });

  test("with signing out, which ends the operator's session and not theirs", async () => {
    await begin();
    expect((await people.send("POST", "/v1/auth/logout", ada)).status).toBe(204);
    expect((await people.get("/v1/me", ada)).status).toBe(401);
    expect((await people.get("/v1/me", bea)).status).toBe(200);
    const again = { ...ada, ...(await people.signIn()) };
    expect((await people.get("/v1/me", again)).body.account.id).toBe(ada.id);
  });

  test("with the operator's own right", async () => {
    const other = await addPerson(context, people, "other", { operator: true });
    await begin({}, other);
    await people.send("DELETE", `/v1/accounts/${other.id}/operator`, ada, { password: PASSWORD });
    expect((await people.get(`/v1/team?${theirs.test}`, other)).status).toBe(401);
    const again = { ...other, ...(await people.signIn(other.email)) };
    expect((await people.get("/v1/me", again)).body.account.id).toBe(other.id);
  });

  test("is of one session only", async () => {
    const second = { ...ada, ...(await people.signIn()) };
    await begin();
    expect((await people.get("/v1/me", second)).body.account.id).toBe(ada.id);
  });

  test("while requests run: none acts as the person after the end was answered", async () => {
    await begin();
    let ended = false;
    let late = 0;
    const looking = Array.from({ length: 8 }, async () => {
      for (let turn = 0; turn < 40; turn++) {
        const sentAfter = ended;
        const { status } = await people.get(`/v1/team?${theirs.test}`, ada);
        if (sentAfter && status === 200) late += 1;
      }
    });
    await stop();
    ended = true;
    await Promise.all(looking);
    expect(late).toBe(0);
  });
});

describe("it is refused", () => {
  test("without a reason, for too long, and for nobody", async () => {
    for (const more of [{ reason: "" }, { minutes: 31 }, { minutes: 0 }, { minutes: 1.5 }, { changes: "yes" }]) {
      expect((await begin(more)).status).toBe(422);
    }
    expect((await begin({ accountId: context.ids.next("acc") })).status).toBe(404);
    expect((await begin({ accountId: "acc_x" })).status).toBe(404);
    expect(await auditOf(context, "impersonation.")).toEqual([]);
  });

  test("for oneself, another operator, and whoever is disabled", async () => {
    const other = await addPerson(context, people, "other", { operator: true });
    const gone = await addPerson(context, people, "gone");
    await people.send("POST", `/v1/accounts/${gone.id}/disable`, ada, { reason: "x" });
    expect((await begin({ accountId: ada.id })).status).toBe(409);
    expect((await begin({ accountId: other.id })).status).toBe(403);
    expect((await begin({ accountId: gone.id })).status).toBe(409);
  });

  test("while one goes on, also where both are asked for at once", async () => {
    const cara = await addPerson(context, people, "cara");
    const answers = await Promise.all([begin(), begin({ accountId: cara.id }), begin()]);
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409]);
    expect((await begin({ accountId: cara.id })).status).toBe(403);
  });

  test("from a page of another origin", async () => {
    const headers = { cookie: ada.cookie, "x-hatch-csrf": ada.csrf, "sec-fetch-site": "cross-site" };
    const body = { accountId: bea.id, reason: "x" };
    expect((await call(people.server, "POST", "/v1/impersonations", { headers, body })).status).toBe(403);
  });
});
