import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { createTestContext, type TestContext } from "../../../../tests/support/context.ts";
import { call } from "../../../../tests/support/http.ts";
import { EMAIL, openPeople, type People } from "../../../../tests/support/people.ts";
import { addPerson, auditOf, browserFor, type Person, WITH_MAIL } from "../../../../tests/support/team.ts";

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

const add = (name: string, role: "viewer" | "support" | "developer" | "admin") =>
  addPerson(context, people, name, { role, live: null });
const makeKey = async (by: Person, body: Record<string, unknown> = {}) =>
  (await people.send("POST", `/v1/keys?${testing}`, by, { name: "Nightly import", ...body })).body;
const change = (by: Person, id: string, body: unknown) => people.send("PATCH", `/v1/keys/${id}?${testing}`, by, body);
const ownerOf = async (id: string) =>
  (await people.get(`/v1/keys?${testing}`, ada)).body.data.find((key: { id: string }) => key.id === id)?.ownedBy;
const works = async (key: string) =>
  (await call(people.server, "GET", "/v1/members/nobody/widget-sessions", { key })).status;

describe("whoever makes a key answers for it", () => {
  test("if it is a person; a key's and the operator's are nobody's", async () => {
    const dev = await add("dev", "developer");
    expect((await makeKey(dev)).ownedBy).toBe(dev.id);
    const secret = people.made.environments.test.secretKey;
    const byKey = await call(people.server, "POST", "/v1/keys", { key: secret, body: { name: "k" } });
    expect(byKey.body.ownedBy).toBeNull();
  });

  test("until it is handed to somebody else of the workspace, or to nobody", async () => {
    const dev = await add("dev", "developer");
    const { id } = await makeKey(dev);
    expect((await change(ada, id, { ownedBy: ada.id })).body.ownedBy).toBe(ada.id);
    expect((await change(ada, id, { ownedBy: null })).body.ownedBy).toBeNull();
    const other = await people.access.createWorkspace(
      { kind: "system", name: "test", request: { id: "test" } },
      { name: "B" },
    );
    const bea = await addPerson(context, people, "bea", { role: "owner", workspaceId: other.workspace.id });
    const stranger = await change(ada, id, { ownedBy: bea.id });
    expect([stranger.status, stranger.body.error.details[0].path]).toEqual([422, "ownedBy"]);
    const details = (await auditOf(context, "key.changed")).map((row) => JSON.parse(row.details ?? "{}"));
    expect(details).toEqual([
      { before: { ownedBy: dev.id }, after: { ownedBy: ada.id } },
      { before: { ownedBy: ada.id }, after: { ownedBy: null } },
    ]);
  });

  test("and when they are gone, it goes on and is nobody's", async () => {
    const dev = await add("dev", "developer");
    const mine = await makeKey(ada);
    const { id, secretKey } = await makeKey(dev);
    expect(await works(secretKey)).toBe(200);
    expect((await people.send("DELETE", `/v1/team/${dev.id}?${testing}`, ada)).status).toBeLessThan(300);
    expect(await works(secretKey)).toBe(200);
    expect([await ownerOf(id), await ownerOf(mine.id)]).toEqual([null, ada.id]);
    const [removed] = await auditOf(context, "team.removed");
    expect(JSON.parse(removed?.details ?? "{}").keysLeft).toEqual([id]);
  });
});

describe("who may do what with keys and tokens", () => {
  test.each([
    ["viewer", 403],
    ["support", 403],
    ["developer", 201],
    ["admin", 201],
  ] as const)("a %s in test: %i", async (role, status) => {
    const person = await add(role, role);
    const publishable = { name: "Website", kind: "publishable", origins: ["https://app.example.com"] };
    const made = await people.send("POST", `/v1/keys?${testing}`, person, publishable);
    const token = { userId: "user_42", scopes: ["progress:read"] };
    const session = await people.send("POST", `/v1/widget-sessions?${testing}`, person, token);
    const embed = await people.send("POST", `/v1/embed-tokens?${testing}`, person, { userId: "user_42" });
    const asked = await people.send("POST", `/v1/credentials/inspect?${testing}`, person, { credential: "x" });
    expect([made.status, session.status, embed.status]).toEqual([status, status, status]);
    expect(asked.status).toBe(status === 201 ? 200 : 403);
    const listed = await people.get(`/v1/members/user_42/widget-sessions?${testing}`, person);
    expect(listed.status).toBe(200);
  });

  test("a developer does none of it in live, where the role there does not say so", async () => {
    const dev = await addPerson(context, people, "dev", { role: "developer", live: "viewer" });
    const live = `environment=${people.made.environments.live.id}`;
    for (const path of ["/v1/widget-sessions", "/v1/embed-tokens", "/v1/credentials/inspect", "/v1/keys"]) {
      expect((await people.send("POST", `${path}?${live}`, dev, {})).status).toBe(403);
    }
  });

  test("a token that a person makes by hand is written down; one that a server makes is its own row", async () => {
    const body = { userId: "user_42", scopes: ["progress:read"] };
    const byHand = await people.send("POST", `/v1/widget-sessions?${testing}`, ada, body);
    await call(people.server, "POST", "/v1/widget-sessions", { key: people.made.environments.test.secretKey, body });
    expect(await auditOf(context, "token.created")).toMatchObject([{ actor: ada.id, target: byHand.body.id }]);
  });
});

test("a suspended workspace's keys, tokens and pages are refused at once, until it is resumed", async () => {
  const secret = people.made.environments.test.secretKey;
  const origin = "https://app.example.com";
  const wanted = { userId: "u", scopes: ["progress:read"], origin };
  const { token } = (await call(people.server, "POST", "/v1/widget-sessions", { key: secret, body: wanted })).body;
  const isKnown = async () => (await people.access.authenticate.isKnownOrigin?.(origin)) === true;
  const usable = async () => [
    (await people.access.authenticate.bearer(token)) !== undefined,
    (await people.access.authenticate.bearer(secret)) !== undefined,
    await isKnown(),
  ];
  expect(await usable()).toEqual([true, true, true]);
  const { id } = people.made.workspace;
  expect((await people.send("POST", `/v1/workspaces/${id}/suspend`, ada, { reason: "unpaid" })).status).toBe(200);
  expect(await usable()).toEqual([false, false, false]);
  const inspected = await people.access.inspectCredential(
    { kind: "operator", request: { id: "test" } },
    { credential: token, origin },
  );
  expect(inspected.problems.map(({ code }) => code)).toEqual(["workspace_closed"]);
  expect((await people.send("POST", `/v1/workspaces/${id}/resume`, ada)).status).toBe(200);
  expect(await usable()).toEqual([true, true, true]);
});
