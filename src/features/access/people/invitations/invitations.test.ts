import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { createTestContext, TEST_CONFIG, type TestContext } from "../../../../../tests/support/context.ts";
import { type Answer, call } from "../../../../../tests/support/http.ts";
import { browserOf, EMAIL, openPeople, PASSWORD, type People } from "../../../../../tests/support/people.ts";
import {
  addPerson,
  auditOf,
  browserFor,
  everythingWritten,
  mailsOf,
  type Person,
  tokenIn,
  WITH_MAIL,
  WITHOUT_MAIL,
} from "../../../../../tests/support/team.ts";
import { DAY, MINUTE } from "../../../../kernel/units.ts";

const GRACE = "grace@example.com";

let context: TestContext;
let people: People;
let ada: Person;
let testing: string;

async function open(config: typeof TEST_CONFIG): Promise<void> {
  context = await createTestContext({ config });
  people = await openPeople(context);
  ada = { id: people.made.account.id, email: EMAIL, ...(await browserFor(context, people.made.account.id)) };
  testing = `environment=${people.made.environments.test.id}`;
}
beforeEach(() => open(WITH_MAIL));
afterEach(() => context.close());

const invite = (by: Person, body: unknown, place = testing): Promise<Answer> =>
  people.send("POST", `/v1/invitations?${place}`, by, body);
const post = (path: string, body: unknown, headers: Readonly<Record<string, string>> = {}, peer = "127.0.0.1") =>
  call(people.server, "POST", path, { body, headers, peer });
const read = (token: string): Promise<Answer> => post("/v1/auth/invitations/read", { token });
const accept = (token: string, password = PASSWORD, more = {}): Promise<Answer> =>
  post("/v1/auth/invitations/accept", { token, password, ...more });
const acceptAs = (person: Person, token: string): Promise<Answer> =>
  people.send("POST", "/v1/me/invitations/accept", person, { token });
const mailedToken = async (): Promise<string> =>
  tokenIn((await mailsOf(context)).findLast(({ kind }) => kind === "invitation")?.text);

async function invited(body: unknown = { email: GRACE, role: "developer" }): Promise<string> {
  expect((await invite(ada, body)).status).toBe(201);
  return mailedToken();
}

describe("an invitation", () => {
  test("goes by mail, names what it offers, and makes an account that is signed in", async () => {
    const made = await invite(ada, { email: " Grace@Example.com ", role: "developer" });
    expect(made.body).toMatchObject({
      email: GRACE,
      role: "developer",
      liveRole: "viewer",
      status: "open",
      link: null,
    });
    const [mail] = await mailsOf(context);
    expect([mail?.kind, mail?.recipient]).toEqual(["invitation", GRACE]);
    expect(mail?.text).toContain("http://localhost:4282/invitation#hit_");
    const token = await mailedToken();
    expect((await read(token)).body).toMatchObject({
      email: GRACE,
      workspaceName: "Acme",
      role: "developer",
      liveRole: "viewer",
      invitedBy: EMAIL,
      hasAccount: false,
    });
    const accepted = await accept(token, "a few words in a row", { name: "Grace" });
    expect([accepted.status, accepted.body.account.email]).toEqual([201, GRACE]);
    const grace = browserOf({ ...accepted, status: 200 });
    const me = await people.get("/v1/me", grace);
    expect([me.body.account.name, me.body.account.operator]).toEqual(["Grace", false]);
    expect(me.body.environments.map(({ kind, role }: { kind: string; role: string }) => [kind, role]).sort()).toEqual([
      ["live", "viewer"],
      ["test", "developer"],
    ]);
    expect((await people.login("a few words in a row", GRACE)).status).toBe(200);
    expect((await auditOf(context, "team.joined"))[0]).toMatchObject({
      workspace_id: people.made.workspace.id,
      actor: "system:invitation",
      target: accepted.body.account.id,
    });
  });

  test("works once", async () => {
    const token = await invited();
    expect((await accept(token)).status).toBe(201);
    for (const again of [await accept(token), await read(token), await acceptAs(ada, token)]) {
      expect(again.status).toBe(401);
    }
  });

  test("two who accept at once: one account, one membership", async () => {
    const token = await invited();
    const answers = await Promise.all(Array.from({ length: 5 }, () => accept(token)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 401, 401, 401, 401]);
    const rows = await context.database.read((reader) =>
      reader.all("SELECT m.role FROM memberships m JOIN accounts a ON a.id = m.account_id WHERE a.email = ?", [GRACE]),
    );
    expect(rows).toHaveLength(1);
  });

  test("is good for seven days", async () => {
    const token = await invited();
    await context.clock.advance(7 * DAY - 1);
    expect((await read(token)).status).toBe(200);
    await context.clock.advance(1);
    expect((await accept(token)).status).toBe(401);
    const again = browserOf(await people.login());
    expect((await people.get(`/v1/invitations?${testing}`, again)).body.data[0].status).toBe("expired");
  });

  test("asks for a good password and is not used up by a bad one", async () => {
    const token = await invited();
    for (const weak of ["short", "password123", GRACE]) expect((await accept(token, weak)).status).toBe(422);
    expect((await accept(token)).status).toBe(201);
  });

  test("is not accepted over plain http from another machine", async () => {
    const token = await invited();
    const far = await post("/v1/auth/invitations/accept", { token, password: PASSWORD }, {}, "203.0.113.7");
    expect(far.status).toBe(403);
    expect((await read(token)).status).toBe(200);
  });

  test("a guess says nothing", async () => {
    for (const guess of ["", "hit_x", "x".repeat(200)]) {
      expect((await read(guess)).status).toBe(401);
      expect((await accept(guess)).status).toBe(401);
    }
  });

  test("its token stands nowhere in plain text, nor does the password", async () => {
    const token = await invited();
    await accept(token, "a few words in a row");
    const everything = await everythingWritten(context);
    for (const secret of [token, "a few words in a row"]) expect(everything).not.toContain(secret);
  });
});

describe("whoever has an account", () => {
  test("signs in as it and joins, with their sessions as they are", async () => {
    const grace = await addPerson(context, people, "grace");
    const token = await invited();
    expect((await read(token)).body.hasAccount).toBe(true);
    expect((await accept(token)).status).toBe(409);
    const joined = await acceptAs(grace, token);
    expect([joined.status, joined.body]).toEqual([200, { workspaceId: people.made.workspace.id }]);
    expect((await people.get(`/v1/team?${testing}`, grace)).status).toBe(200);
    expect((await auditOf(context, "team.joined"))[0]).toMatchObject({ actor: grace.id, target: grace.id });
  });

  test("joins by none that is for another address", async () => {
    const token = await invited();
    const mallory = await addPerson(context, people, "mallory");
    expect((await acceptAs(mallory, token)).status).toBe(403);
    expect((await read(token)).status).toBe(200);
  });

  test("can't be made to by a page of another origin", async () => {
    const grace = await addPerson(context, people, "grace");
    const token = await invited();
    const headers = { cookie: grace.cookie, "x-hatch-csrf": grace.csrf, "sec-fetch-site": "cross-site" };
    expect((await post("/v1/me/invitations/accept", { token }, headers)).status).toBe(403);
  });

  test("is not invited twice, nor where they are already", async () => {
    const grace = await addPerson(context, people, "grace", { role: "viewer" });
    expect((await invite(ada, { email: grace.email, role: "developer" })).status).toBe(409);
    await invited({ email: "henry@example.com", role: "viewer" });
    expect((await invite(ada, { email: "Henry@example.com", role: "admin" })).status).toBe(409);
  });

  test("who joined meanwhile by another way keeps the role they have", async () => {
    const grace = await addPerson(context, people, "grace");
    const token = await invited({ email: grace.email, role: "admin" });
    await context.database.write((writer) =>
      writer.insertMany({
        table: "memberships",
        columns: ["account_id", "workspace_id", "role", "created_at"],
        rows: [[grace.id, people.made.workspace.id, "viewer", writer.now]],
      }),
    );
    expect((await acceptAs(grace, token)).status).toBe(409);
  });
});

describe("who invites", () => {
  test("gives no more than they have, and nobody ownership", async () => {
    const half = await addPerson(context, people, "half", { role: "admin", live: "viewer" });
    const above = await invite(half, { email: GRACE, role: "developer", liveRole: "developer" });
    expect([above.status, above.body.error.code]).toEqual([403, "forbidden"]);
    expect((await invite(half, { email: GRACE, role: "admin" })).status).toBe(403);
    expect((await invite(ada, { email: GRACE, role: "owner" })).status).toBe(422);
    expect((await invite(half, { email: GRACE, role: "developer" })).status).toBe(201);
    expect(await mailsOf(context)).toHaveLength(1);
  });

  test("has the right to", async () => {
    for (const role of ["viewer", "support", "developer"] as const) {
      const person = await addPerson(context, people, role, { role });
      expect((await invite(person, { email: GRACE, role: "viewer" })).status).toBe(403);
    }
    const other = await addPerson(context, people, "stranger");
    expect((await invite(other, { email: GRACE, role: "viewer" })).status).toBe(404);
  });

  test("names an address that mails can go to", async () => {
    for (const email of ["", "nobody", "a@b", "a\nb@example.com", '"a b"@example.com', "x".repeat(300)]) {
      expect((await invite(ada, { email, role: "viewer" })).status).toBe(422);
    }
  });

  test("fills nobody's mailbox", async () => {
    for (let turn = 0; turn < 3; turn++) {
      const made = await invite(ada, { email: GRACE, role: "viewer" });
      expect(made.status).toBe(201);
      expect((await people.send("DELETE", `/v1/invitations/${made.body.id}?${testing}`, ada)).status).toBe(204);
    }
    const tooMany = await invite(ada, { email: GRACE, role: "viewer" });
    expect([tooMany.status, tooMany.headers.get("retry-after")]).toEqual([429, String(DAY / 1_000)]);
    await context.clock.advance(DAY);
    ada = { ...ada, ...(await people.signIn()) };
    expect((await invite(ada, { email: GRACE, role: "viewer" })).status).toBe(201);
  });

  test("puts no link of their own into our letter", async () => {
    await people.send("PATCH", "/v1/me", ada, { name: "Win at https://evil.example/now" });
    await invited();
    const [mail] = await mailsOf(context);
    expect(mail?.text).not.toContain("https://evil.example");
    expect(mail?.text).toContain("evil");
  });
});

describe("an invitation that waits", () => {
  const act = (path: string, by: Person, method = "POST") =>
    people.send(method, `/v1/invitations/${path}?${testing}`, by);

  test("is sent again with another link, a few times", async () => {
    const made = await invite(ada, { email: GRACE, role: "viewer" });
    const first = await mailedToken();
    await context.clock.advance(MINUTE);
    const again = await act(`${made.body.id}/resend`, ada);
    expect([again.status, again.body.expiresAt > made.body.expiresAt]).toEqual([200, true]);
    expect((await read(first)).status).toBe(401);
    expect((await read(await mailedToken())).status).toBe(200);
    for (let turn = 0; turn < 3; turn++) expect((await act(`${made.body.id}/resend`, ada)).status).toBe(200);
    expect((await act(`${made.body.id}/resend`, ada)).status).toBe(409);
  });

  test("is revoked, twice if one likes, and then not sent again", async () => {
    const made = await invite(ada, { email: GRACE, role: "viewer" });
    const token = await mailedToken();
    expect((await act(made.body.id, ada, "DELETE")).status).toBe(204);
    expect((await act(made.body.id, ada, "DELETE")).status).toBe(204);
    expect((await accept(token)).status).toBe(401);
    expect((await act(`${made.body.id}/resend`, ada)).status).toBe(409);
    expect(await auditOf(context, "invitation.revoked")).toHaveLength(1);
  });

  test("that was accepted is neither", async () => {
    const made = await invite(ada, { email: GRACE, role: "viewer" });
    await accept(await mailedToken());
    expect((await act(made.body.id, ada, "DELETE")).status).toBe(409);
    expect((await act(`${made.body.id}/resend`, ada)).status).toBe(409);
  });

  test("of another workspace is not there", async () => {
    const made = await invite(ada, { email: GRACE, role: "viewer" });
    const system = { kind: "system", name: "t", request: { id: "t" } } as const;
    const other = await people.access.createWorkspace(system, { name: "B" });
    const bea = await addPerson(context, people, "bea", { role: "owner", workspaceId: other.workspace.id });
    testing = `environment=${other.environments.test.id}`;
    expect((await people.get(`/v1/invitations?${testing}`, bea)).body.data).toEqual([]);
    expect((await act(made.body.id, bea, "DELETE")).status).toBe(404);
    expect((await act(`${made.body.id}/resend`, bea)).status).toBe(404);
    expect((await act("inv_nonsense", bea, "DELETE")).status).toBe(404);
  });
});

describe("without a mail server", () => {
  beforeEach(async () => {
    await context.close();
    await open(WITHOUT_MAIL);
  });

  test("the link is answered once, to be handed over", async () => {
    const made = await invite(ada, { email: GRACE, role: "viewer" });
    expect(made.body.link).toStartWith("http://localhost:4282/invitation#hit_");
    expect(await mailsOf(context)).toEqual([]);
    const listed = await people.get(`/v1/invitations?${testing}`, ada);
    expect(listed.text).not.toContain("hit_");
    expect((await accept(tokenIn(made.body.link))).status).toBe(201);
    expect(await everythingWritten(context)).not.toContain(tokenIn(made.body.link));
  });

  test("and without an address of ours nobody is invited", async () => {
    await context.close();
    await open(TEST_CONFIG);
    const made = await invite(ada, { email: GRACE, role: "viewer" });
    expect([made.status, made.body.error.code]).toEqual([503, "not_configured"]);
    expect((await people.get(`/v1/invitations?${testing}`, ada)).body.data).toEqual([]);
  });
});
