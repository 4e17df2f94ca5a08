import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { type Browsers, openBrowsers } from "../../../../tests/support/browsers.ts";
import { createTestContext, type TestContext } from "../../../../tests/support/context.ts";
import { call } from "../../../../tests/support/http.ts";
import { openPeople } from "../../../../tests/support/people.ts";
import { HOUR, MINUTE } from "../../../kernel/units.ts";
import { makeKeyText } from "./key-text.ts";

let context: TestContext;
let at: Browsers;
let secret: string;

beforeEach(async () => {
  context = await createTestContext();
  at = await openBrowsers(context);
  secret = at.acme.environments.test.secretKey;
});
afterEach(() => context.close());

const report = (key: unknown, peer = "203.0.113.7") => at.call("POST", "/v1/keys/report-leak", { body: { key }, peer });
const makeKey = async (body: Record<string, unknown> = {}) =>
  (await at.call("POST", "/v1/keys", { key: secret, body: { name: "Leaky", ...body } })).body;
const works = async (key: string) => (await at.call("GET", "/v1/keys?limit=1", { key })).status;
const everything = () =>
  context.database.read((reader) =>
    Promise.all(
      ["audit_entries", "mails", "api_keys", "widget_sessions"].map((table) => reader.all(`SELECT * FROM ${table}`)),
    ),
  );
const revocations = async () =>
  (
    await context.database.read((reader) =>
      reader.all<{ actor: string; target: string; address: string; details: string }>(
        "SELECT actor, target, address, details FROM audit_entries WHERE action IN ('key.revoked', 'token.revoked') ORDER BY id",
      ),
    )
  ).map(({ details, ...row }) => ({ ...row, details: JSON.parse(details) }));

describe("a secret key that is presented in full", () => {
  test("is revoked at once, and written down without it", async () => {
    const { id, secretKey } = await makeKey();
    expect(await works(secretKey)).toBe(200);
    const answer = await report(secretKey);
    expect([answer.status, answer.body]).toEqual([202, { received: true }]);
    expect(await works(secretKey)).toBe(401);
    expect(await revocations()).toEqual([
      {
        actor: "system:leak-report",
        target: id,
        address: "203.0.113.7",
        details: { name: "Leaky", reason: "reported as leaked" },
      },
    ]);
    expect(JSON.stringify(await everything()) + context.logged.join("")).not.toContain(secretKey);
  });

  test("with something around it is the same key", async () => {
    const { secretKey } = await makeKey();
    expect((await report(` "${secretKey}",\n`)).status).toBe(202);
    expect(await works(secretKey)).toBe(401);
  });

  test("of whichever customer, and takes its rotated secret along", async () => {
    expect((await report(at.other.environments.live.secretKey)).status).toBe(202);
    expect(await works(at.other.environments.live.secretKey)).toBe(401);
    const { id, secretKey: old } = await makeKey();
    const fresh = (await at.call("POST", `/v1/keys/${id}/rotate`, { key: secret })).body.secretKey;
    await report(old);
    expect([await works(old), await works(fresh)]).toEqual([401, 401]);
  });

  test("that is over anyhow ends nothing after it", async () => {
    const { id, secretKey: old } = await makeKey();
    const fresh = (await at.call("POST", `/v1/keys/${id}/rotate`, { key: secret, body: { overlap: "1h" } })).body
      .secretKey;
    context.clock.set(context.clock.now() + HOUR);
    expect((await report(old)).status).toBe(202);
    expect(await works(fresh)).toBe(200);
    expect(await revocations()).toEqual([]);
  });

  test("twice is written down once", async () => {
    const { secretKey } = await makeKey();
    const answers = await Promise.all([report(secretKey), report(secretKey), report(secretKey)]);
    expect(answers.map(({ status }) => status)).toEqual([202, 202, 202]);
    expect(await revocations()).toHaveLength(1);
  });
});

test("a token that is presented in full is revoked at once", async () => {
  const { id, token } = await at.token();
  expect((await at.fromPage("GET", "/v1/widget/state", token)).status).toBe(200);
  expect((await report(token)).status).toBe(202);
  expect((await at.fromPage("GET", "/v1/widget/state", token)).status).toBe(401);
  expect(await revocations()).toMatchObject([{ target: id }]);
});

test("a publishable key is no secret: it goes on, and the answer is the same", async () => {
  const { key } = await at.publishable();
  const answer = await report(key);
  expect([answer.status, answer.body]).toEqual([202, { received: true }]);
  const body = { type: "lesson_shared", userId: "user_42" };
  expect((await at.fromPage("POST", "/v1/events", key, { body })).status).toBe(201);
});

test("anything else is answered the same and leaves nothing behind", async () => {
  const { secretKey } = await makeKey();
  const { token } = await at.token();
  const [head, payload, signature = ""] = token.split(".");
  const before = JSON.stringify(await everything());
  const words = (await report(makeKeyText("secret", "test", context.chance))).text;
  for (const text of [
    secretKey.slice(0, 30),
    `${secretKey}x`,
    secretKey.replace("test", "live"),
    "hk_test_",
    `${head}.${payload}.${signature.split("").reverse().join("")}`,
    `${head}.${payload}.`,
    "whsec_x",
    " ".repeat(7_900),
  ]) {
    const answer = await report(text, `203.0.113.${text.length % 250}`);
    expect([text.slice(0, 10), answer.status, answer.text]).toEqual([text.slice(0, 10), 202, words]);
  }
  expect(JSON.stringify(await everything())).toBe(before);
  expect(await works(secretKey)).toBe(200);
});

test.each([[{}], [{ key: "" }], [{ key: 7 }], [{ key: "x", more: 1 }], [{ key: "x".repeat(8_001) }], [[]]])(
  "%j is no report",
  async (body) => {
    expect((await at.call("POST", "/v1/keys/report-leak", { body })).status).toBe(422);
  },
);

test("an address has ten a minute", async () => {
  const { secretKey } = await makeKey();
  const statuses: number[] = [];
  for (let n = 0; n < 11; n++) statuses.push((await report("nothing")).status);
  expect(statuses).toEqual([...Array(10).fill(202), 429]);
  const over = await report(secretKey);
  expect([over.status, over.headers.get("retry-after")]).toEqual([429, "6"]);
  expect(await works(secretKey)).toBe(200);
  expect((await report(secretKey, "203.0.113.8")).status).toBe(202);
  await context.clock.advance(MINUTE);
  expect((await report("nothing")).status).toBe(202);
});

test("a wrong credential beside it is 401, as everywhere", async () => {
  const { secretKey } = await makeKey();
  const answer = await at.call("POST", "/v1/keys/report-leak", { key: "hk_test_x", body: { key: secretKey } });
  expect(answer.status).toBe(401);
  expect(await works(secretKey)).toBe(200);
});

describe("who is told", () => {
  const open = async () => {
    const own = await createTestContext();
    const people = await openPeople(own);
    const ada = await people.signIn();
    const place = `environment=${people.made.environments.test.id}`;
    return { own, people, ada, place };
  };
  const recipients = async (own: TestContext) =>
    (
      await own.database.read((reader) =>
        reader.all<{ recipient: string; kind: string; subject: string }>(
          "SELECT recipient, kind, subject FROM mails WHERE kind = 'key_leaked' ORDER BY id",
        ),
      )
    ).map(({ recipient }) => recipient);

  test("the owners and the contacts for security, each once", async () => {
    const { own, people, ada, place } = await open();
    const contacts = ["ada@example.com", "security@example.com"];
    await own.database.write((writer) =>
      writer.insertMany({
        table: "contacts",
        columns: ["workspace_id", "kind", "email", "name", "created_at"],
        rows: [
          ...contacts.map((email) => [people.made.workspace.id, "security", email, null, 1]),
          [people.made.workspace.id, "billing", "billing@example.com", null, 1],
        ],
      }),
    );
    const made = await people.send("POST", `/v1/keys?${place}`, ada, { name: "https://evil.example/ click" });
    await call(people.server, "POST", "/v1/keys/report-leak", { body: { key: made.body.secretKey } });
    expect(await recipients(own)).toEqual(contacts);
    const rows = JSON.stringify(await own.database.read((reader) => reader.all("SELECT * FROM mails")));
    expect(rows + own.logged.join("")).not.toContain(made.body.secretKey);
    await own.close();
  });

  test("a leaked session ends", async () => {
    const { own, people, ada } = await open();
    const session = /hatch_session=([^;]+)/.exec(ada.cookie)?.[1];
    expect((await people.get("/v1/me", ada)).status).toBe(200);
    expect((await call(people.server, "POST", "/v1/keys/report-leak", { body: { key: session } })).status).toBe(202);
    expect((await people.get("/v1/me", ada)).status).toBe(401);
    await own.close();
  });
});
