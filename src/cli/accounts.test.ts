import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { makePlace, PASSWORD, runHere, setUpArgs } from "../../tests/support/command-line.ts";
import { openServingApp, type ServingApp } from "../../tests/support/serving.ts";

const ADA = "ada@example.com";

describe("accounts and workspaces, with the server stopped", () => {
  let place: ReturnType<typeof makePlace>;
  beforeEach(async () => {
    place = makePlace();
    await runHere(setUpArgs(place.data), { stdin: PASSWORD });
  });
  afterEach(() => place.remove());

  const hatch = (...args: string[]) => runHere([...args, "--data", place.data]);
  const asJson = async (...args: string[]) => JSON.parse((await hatch(...args, "--json")).out);

  test("are listed", async () => {
    const { accounts } = await asJson("accounts", "list");
    expect(accounts).toMatchObject([
      { email: ADA, operator: true, workspaces: [{ role: "owner", liveRole: "owner" }] },
    ]);
    const { workspaces } = await asJson("workspaces", "list");
    expect(workspaces).toMatchObject([{ name: "Acme", status: "active", people: 1, owners: 1 }]);
    const text = (await hatch("accounts", "list")).out;
    expect(text).toContain(`${accounts[0].id}  ${ADA}  operator, owner in ${workspaces[0].id}`);
    expect((await hatch("workspaces", "list")).out).toContain("1 people, 1 owners");
  });

  test("a one-time password is set, shown once, and asks to be replaced", async () => {
    const { out } = await hatch("accounts", "reset-password", ADA, "--remove-second-factor");
    const password = /^ {2}(\S{20})$/m.exec(out)?.[1];
    expect(password).toBeString();
    const { accounts } = await asJson("accounts", "list");
    expect(accounts[0].mustChangePassword).toBe(true);
    const again = await asJson("accounts", "reset-password", "--email", ADA, "--reason", "lost her phone");
    expect(again).toMatchObject({ email: ADA, id: accounts[0].id });
    expect(again.password).not.toBe(password);
    const mails = await asJson("mail", "list");
    expect(mails.mails.map(({ kind, to }: { kind: string; to: string }) => [kind, to])).toEqual([
      ["password_changed", ADA],
      ["password_changed", ADA],
    ]);
    const shown = await hatch("mail", "show", mails.mails[0].id);
    expect(shown.out).toContain("lost her phone");
    expect(shown.out).not.toContain(again.password);
  });

  test("a workspace is made, and its owner's link shown where no mail server is set", async () => {
    const url = ["--set", "server.publicUrl=https://hatch.example.com"];
    const made = await asJson("workspaces", "create", "Riverside School", "--owner", "grace@example.com", ...url);
    expect(made).toMatchObject({ name: "Riverside School", owner: "grace@example.com", owners: 0 });
    expect(made.invitationLink).toStartWith("https://hatch.example.com/invitation#hit_");
    const { out } = await hatch("workspaces", "create", "--name", "Other", "--owner", "grace@example.com", ...url);
    expect(out).toContain("Hand this link over");
    expect((await asJson("workspaces", "list")).workspaces).toHaveLength(3);
  });

  test.each([
    [["accounts", "unlock", "nobody@example.com"], 1, "account was not found"],
    [["accounts", "reset-password", "nobody@example.com"], 1, "account was not found"],
    [["accounts", "reset-password"], 2, "--email is missing"],
    [["accounts", "reset-password", "nobody"], 2, "--email: Must be an e-mail address."],
    [["accounts", "reset-password", ADA, "--reason", "a\nb"], 2, "--reason: Must be one line"],
    [["workspaces", "create", "B"], 2, "--owner is missing"],
    [["workspaces", "create", "B", "--owner", "nobody"], 2, "--owner: Must be an e-mail address."],
    [["workspaces", "create", "x".repeat(101), "--owner", ADA], 2, "--name: Must have at most 100 characters."],
  ])("%j is refused with exit %d", async (args, exit, message) => {
    const ended = await hatch(...args);
    expect([ended.exit, ended.out]).toEqual([exit, ""]);
    expect(ended.error).toContain(message);
  });
});

test("no workspace is made for anybody before the installation has an operator", async () => {
  const app = await openServingApp({ claimed: false });
  try {
    const ended = await app.run(["workspaces", "create", "B", "--owner", ADA]);
    expect(ended.exit).not.toBe(0);
    expect(ended.error).toContain("not set up yet");
  } finally {
    await app.close();
  }
});

describe("with the server running", () => {
  let app: ServingApp;
  beforeEach(async () => {
    app = await openServingApp();
  });
  afterEach(() => app.close());

  test("a one-time password ends what is open, and unlocking lets the right password in at once", async () => {
    const email = "ada@riverside.example";
    const login = (password: string): Promise<Response> =>
      fetch(`${app.url}/v1/auth/login`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ email, password }),
      });
    const inside = await login("correct horse battery");
    const cookie = inside.headers.getSetCookie()[0]?.split(";")[0] ?? "";
    const me = (): Promise<Response> => fetch(`${app.url}/v1/me`, { headers: { cookie } });
    expect((await me()).status).toBe(200);
    const reset = JSON.parse((await app.run(["accounts", "reset-password", email, "--json"])).out);
    expect((await me()).status).toBe(401);
    // From here on tries would be let in one by one, four seconds apart.
    for (let tries = 0; tries < 9; tries++) expect((await login("not it at all")).status).toBe(401);
    const unlocked = await app.run(["accounts", "unlock", email]);
    expect([unlocked.exit, unlocked.out]).toEqual([0, `Failed tries at ${email} are forgotten.\n`]);
    const startedAt = performance.now();
    expect((await login(reset.password)).status).toBe(200);
    expect(performance.now() - startedAt).toBeLessThan(3_000);
  });
});
