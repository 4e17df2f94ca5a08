import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { createTestContext, type TestContext } from "../../../../../tests/support/context.ts";
import { type Answer, call } from "../../../../../tests/support/http.ts";
import { EMAIL, openPeople, PASSWORD, type People } from "../../../../../tests/support/people.ts";
import {
  addPerson,
  auditOf,
  browserFor,
  everythingWritten,
  mailsOf,
  type Person,
  tokenIn,
  WITH_MAIL,
} from "../../../../../tests/support/team.ts";
import { DAY, SECOND } from "../../../../kernel/units.ts";

const NEW = "ada@lovelace.example";

let context: TestContext;
let people: People;
let ada: Person;

beforeEach(async () => {
  context = await createTestContext({ config: WITH_MAIL });
  people = await openPeople(context);
  ada = { id: people.made.account.id, email: EMAIL, ...(await browserFor(context, people.made.account.id)) };
});
afterEach(() => context.close());

const ask = (email = NEW, password = PASSWORD): Promise<Answer> =>
  people.send("POST", "/v1/me/email", ada, { email, password });
const confirm = (token: string): Promise<Answer> =>
  call(people.server, "POST", "/v1/auth/email/confirm", { body: { token } });
const waiting = async (): Promise<Answer["body"]> => (await people.get("/v1/me/email", ada)).body;

/** The tokens of the newest request. */
async function asked(email = NEW): Promise<{ readonly old: string; readonly new: string }> {
  expect((await ask(email)).status).toBe(202);
  const mails = (await mailsOf(context)).filter(({ kind }) => kind === "email_confirm");
  const to = (recipient: string) => tokenIn(mails.findLast((mail) => mail.recipient === recipient)?.text);
  return { old: to(EMAIL), new: to(email) };
}

describe("changing the address", () => {
  test.each([
    ["old", "new"],
    ["new", "old"],
  ] as const)("is done when both links were used, %s then %s; sessions go on", async (first, second) => {
    const tokens = await asked();
    expect((await confirm(tokens[first])).body).toEqual({ status: "waiting", for: second });
    expect((await waiting()).pending).toMatchObject({ email: NEW, confirmed: { [first]: true, [second]: false } });
    expect((await people.login()).status).toBe(200);
    expect((await confirm(tokens[second])).body).toEqual({ status: "changed" });
    expect(await waiting()).toEqual({ email: NEW, pending: null });
    expect((await people.get("/v1/me", ada)).body.account.email).toBe(NEW);
    expect((await people.login()).status).toBe(401);
    expect((await people.login(PASSWORD, NEW)).status).toBe(200);
    const notice = (await mailsOf(context)).findLast(({ kind }) => kind === "email_changed");
    expect(notice?.recipient).toBe(EMAIL);
    expect(await auditOf(context, "account.email_changed")).toMatchObject([
      {
        actor: "system:email-change",
        target: ada.id,
        details: JSON.stringify({ after: { email: NEW }, before: { email: EMAIL } }),
      },
    ]);
  });

  test("takes each link once, and not the same one for both", async () => {
    const tokens = await asked();
    expect((await confirm(tokens.old)).status).toBe(200);
    expect((await confirm(tokens.old)).status).toBe(401);
    expect((await people.get("/v1/me", ada)).body.account.email).toBe(EMAIL);
  });

  test("both at once change it once", async () => {
    const tokens = await asked();
    const answers = await Promise.all([
      confirm(tokens.old),
      confirm(tokens.new),
      confirm(tokens.new),
      confirm(tokens.old),
    ]);
    expect(answers.filter(({ body }) => body.status === "changed")).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(2);
    expect((await people.login(PASSWORD, NEW)).status).toBe(200);
  });

  test("has 24 hours", async () => {
    const tokens = await asked();
    expect((await confirm(tokens.old)).status).toBe(200);
    await context.clock.advance(DAY);
    expect((await confirm(tokens.new)).status).toBe(401);
    expect((await people.login()).status).toBe(200);
  });

  test("a later request makes an earlier one void, whichever of its links was used", async () => {
    const first = await asked("first@lovelace.example");
    expect((await confirm(first.new)).status).toBe(200);
    const second = await asked();
    expect((await confirm(first.old)).status).toBe(401);
    expect((await confirm(second.old)).body).toEqual({ status: "waiting", for: "new" });
    expect((await confirm(second.new)).body).toEqual({ status: "changed" });
  });

  test("can be dropped", async () => {
    const tokens = await asked();
    expect((await people.send("DELETE", "/v1/me/email", ada)).status).toBe(204);
    expect((await people.send("DELETE", "/v1/me/email", ada)).status).toBe(204);
    for (const token of Object.values(tokens)) expect((await confirm(token)).status).toBe(401);
    expect((await waiting()).pending).toBeNull();
  });

  test("asks for the password, and for another address", async () => {
    expect((await ask(NEW, "not it at all")).status).toBe(401);
    expect((await people.send("POST", "/v1/me/email", ada, { email: NEW })).status).toBe(401);
    expect((await ask(EMAIL.toUpperCase())).status).toBe(422);
    expect((await ask("nobody")).status).toBe(422);
    expect(await mailsOf(context)).toEqual([]);
  });

  test("does not tell whether somebody has the address, and does not get it", async () => {
    const grace = await addPerson(context, people, "grace");
    const free = await ask();
    const taken = await ask(grace.email);
    expect([taken.status, taken.text]).toEqual([free.status, free.text]);
    expect((await waiting()).pending).toMatchObject({ email: grace.email, confirmed: { old: false, new: false } });
    const mails = await mailsOf(context);
    expect(mails.slice(2).map(({ kind, recipient }) => [kind, recipient])).toEqual([
      ["email_confirm", EMAIL],
      ["email_taken", grace.email],
    ]);
    expect((await confirm(tokenIn(mails[2]?.text))).body).toEqual({ status: "waiting", for: "new" });
    expect((await people.login(PASSWORD, grace.email)).body.account.id).toBe(grace.id);
  });

  test("loses to whoever took the address meanwhile", async () => {
    const tokens = await asked("grace@example.com");
    await confirm(tokens.old);
    const grace = await addPerson(context, people, "grace");
    expect((await confirm(tokens.new)).status).toBe(409);
    expect((await people.login(PASSWORD, grace.email)).body.account.id).toBe(grace.id);
    expect((await people.login()).status).toBe(200);
  });

  test("makes links to set a password void that lie in the old mailbox", async () => {
    await context.database.write((writer) =>
      writer.run(
        "INSERT INTO account_links (token_hash, kind, account_id, email, created_at, expires_at) VALUES ('h', 'reset', ?, NULL, 0, ?)",
        [ada.id, context.clock.now() + DAY],
      ),
    );
    const tokens = await asked();
    await confirm(tokens.old);
    await confirm(tokens.new);
    expect(await context.database.read((reader) => reader.all("SELECT * FROM account_links"))).toEqual([]);
  });

  test("can't be asked for by the hundred", async () => {
    const asking = Promise.all(Array.from({ length: 16 }, () => ask()));
    for (let waited = 0; waited < 40; waited++) await context.clock.advance(SECOND);
    expect((await asking).filter(({ status }) => status === 429).length).toBeGreaterThan(5);
  });

  test("its tokens stand nowhere in plain text", async () => {
    const tokens = await asked();
    await confirm(tokens.old);
    const everything = await everythingWritten(context);
    for (const token of Object.values(tokens)) expect(everything).not.toContain(token);
    for (const guess of ["", "hlt_x", "x".repeat(200)]) expect((await confirm(guess)).status).toBe(401);
  });
});

test("a name is changed and taken away", async () => {
  const name = async () => (await people.get("/v1/me", ada)).body.account.name;
  expect((await people.send("PATCH", "/v1/me", ada, { name: " Ada Lovelace " })).status).toBe(204);
  expect(await name()).toBe("Ada Lovelace");
  for (const bad of ["", "a\nb", "x".repeat(101), 7]) {
    expect((await people.send("PATCH", "/v1/me", ada, { name: bad })).status).toBe(422);
  }
  expect((await people.send("PATCH", "/v1/me", ada, { name: null })).status).toBe(204);
  expect(await name()).toBeNull();
});
