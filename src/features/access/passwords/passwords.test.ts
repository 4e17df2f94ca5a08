import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { createTestContext, TEST_CONFIG, type TestContext } from "../../../../tests/support/context.ts";
import { type Answer, call } from "../../../../tests/support/http.ts";
import { type Browser, EMAIL, openPeople, PASSWORD, type People } from "../../../../tests/support/people.ts";
import { mailPlace } from "../../../journal/mail.ts";
import type { Id } from "../../../kernel/ids.ts";
import { MINUTE, SECOND } from "../../../kernel/units.ts";
import { resetJob } from "./passwords.ts";

const NEW = "quite other words";

let context: TestContext;
let people: People;
let browser: Browser;

beforeEach(async () => {
  context = await createTestContext({
    config: { ...TEST_CONFIG, server: { ...TEST_CONFIG.server, publicUrl: "http://localhost:4282" } },
  });
  people = await openPeople(context);
  browser = await people.signIn();
});
afterEach(() => context.close());

const ask = (email: string): Promise<Answer> =>
  call(people.server, "POST", "/v1/auth/password/forgot", { body: { email } });
const reset = (token: string, password = NEW): Promise<Answer> =>
  call(people.server, "POST", "/v1/auth/password/reset", { body: { token, password } });

/** Runs the jobs that wait, as the runner would. */
async function runResets(): Promise<void> {
  const rows = await context.database.read((reader) =>
    reader.all<{ id: Id<"job">; payload: string }>("SELECT id, payload FROM jobs WHERE kind = ?", [resetJob.kind]),
  );
  for (const { id, payload } of rows) {
    const run = {
      id,
      environmentId: undefined,
      progress: undefined,
      failures: 0,
      signal: new AbortController().signal,
      checkpoint: async () => {},
    };
    await resetJob.run(context, { ...run, payload: JSON.parse(payload) });
  }
  await context.database.write((writer) => writer.run("DELETE FROM jobs WHERE kind = ?", [resetJob.kind]));
}

interface Mail {
  readonly kind: string;
  readonly recipient: string;
  readonly text: string;
}

async function mails(): Promise<readonly Mail[]> {
  const rows = await context.database.read((reader) =>
    reader.all<{ id: Id<"mail">; kind: string; recipient: string; content_sealed: string }>(
      "SELECT id, kind, recipient, content_sealed FROM mails ORDER BY id",
    ),
  );
  return rows.map(({ id, kind, recipient, content_sealed }) => ({
    kind,
    recipient,
    text: JSON.parse(context.keyring.open(mailPlace(id), content_sealed)).text,
  }));
}

const tokenIn = (mail: Mail | undefined): string => /#(hlt_\w+)/.exec(mail?.text ?? "")?.[1] ?? "";

async function mailedToken(): Promise<string> {
  expect((await ask(EMAIL)).status).toBe(202);
  await runResets();
  return tokenIn((await mails()).findLast(({ kind }) => kind === "password_reset"));
}

describe("a mailed link", () => {
  test("sets a new password once, ends every session, and tells the person", async () => {
    const token = await mailedToken();
    expect((await reset(token)).status).toBe(204);
    expect((await people.get("/v1/me", browser)).status).toBe(401);
    expect((await people.login()).status).toBe(401);
    expect((await people.login(NEW)).status).toBe(200);
    expect((await reset(token, "once more, with feeling")).status).toBe(401);
    expect((await mails()).map(({ kind, recipient }) => [kind, recipient])).toEqual([
      ["password_reset", EMAIL],
      ["password_changed", EMAIL],
    ]);
  });

  test("is asked for alike by known and unknown addresses", async () => {
    const known = await ask(EMAIL);
    const unknown = await ask("nobody@example.com");
    expect([unknown.status, unknown.text]).toEqual([known.status, known.text]);
    await runResets();
    expect((await mails()).map(({ recipient }) => recipient)).toEqual([EMAIL]);
  });

  test("leads to the public URL, whatever the request says of its host", async () => {
    const askAs = (headers: Record<string, string>) =>
      call(people.server, "POST", "/v1/auth/password/forgot", { body: { email: EMAIL }, headers });
    // Where the public URL is set, a Host that is not of it is nobody's.
    expect((await askAs({ host: "evil.example" })).status).toBe(403);
    expect((await askAs({ host: "localhost", "x-forwarded-host": "evil.example" })).status).toBe(202);
    await runResets();
    const [mail] = await mails();
    expect(mail?.text).toContain("http://localhost:4282/reset#hlt_");
    expect(mail?.text).not.toContain("evil");
  });

  test("is too old after thirty minutes, and replaced by the next one", async () => {
    const first = await mailedToken();
    const second = await mailedToken();
    expect((await reset(first)).status).toBe(401);
    await context.clock.advance(30 * MINUTE);
    expect((await reset(second)).status).toBe(401);
    expect((await people.login()).status).toBe(200);
  });

  test("does not take a weak password, and is not used up by one", async () => {
    const token = await mailedToken();
    const weak = await reset(token, "password123");
    expect([weak.status, weak.body.error.details[0].path]).toEqual([422, "password"]);
    expect((await reset(token, "short")).status).toBe(422);
    expect((await reset(token)).status).toBe(204);
  });

  test("a guess says nothing", async () => {
    for (const guess of ["", "hlt_x", "x".repeat(200)]) expect((await reset(guess)).status).toBe(401);
  });

  test("its token is nowhere in plain text", async () => {
    const token = await mailedToken();
    const rows = await context.database.read((reader) =>
      Promise.all(
        ["account_links", "mails", "jobs", "audit_entries"].map((table) => reader.all(`SELECT * FROM ${table}`)),
      ),
    );
    expect(JSON.stringify(rows) + context.logged.join("")).not.toContain(token);
  });

  test("can't be asked for by the hundred", async () => {
    const asking = Promise.all(Array.from({ length: 20 }, () => ask(EMAIL)));
    for (let waited = 0; waited < 30; waited++) await context.clock.advance(SECOND);
    const answers = await asking;
    expect(answers.filter((answer) => answer.status === 429).length).toBeGreaterThan(5);
  });
});

describe("changing one's own password", () => {
  test("asks for the current one, and ends the other sessions", async () => {
    const other = await people.signIn();
    const wrong = await people.send("POST", "/v1/me/password", browser, { current: "not this", password: NEW });
    expect(wrong.status).toBe(401);
    const done = await people.send("POST", "/v1/me/password", browser, { current: PASSWORD, password: NEW });
    expect(done.status).toBe(204);
    expect((await people.get("/v1/me", other)).status).toBe(401);
    expect((await people.get("/v1/me", browser)).status).toBe(200);
    expect((await people.login(NEW)).status).toBe(200);
  });

  test("refuses what is easily guessed", async () => {
    for (const password of ["1234567890", "aaaaaaaaaaaa", EMAIL]) {
      const answer = await people.send("POST", "/v1/me/password", browser, { current: PASSWORD, password });
      expect(answer.status).toBe(422);
    }
  });
});
