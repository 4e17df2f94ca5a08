import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createCertificates } from "../../tests/support/certificates.ts";
import { eventually } from "../../tests/support/clock.ts";
import { type Child, makePlace, runHere, spawnHatch } from "../../tests/support/command-line.ts";
import { TEST_CONFIG } from "../../tests/support/context.ts";
import { type MailServer, type MailServerOptions, startMailServer } from "../../tests/support/mail-server.ts";
import { createApp } from "../app.ts";
import { findRootKey } from "../config/root-key.ts";
import { enqueueMail, type MailDraft } from "../journal/mail.ts";
import { systemClock } from "../kernel/clock.ts";
import { createLog } from "../kernel/log.ts";

const TOKEN = "AbCdEfGhIjKlMnOpQrStUvWx";
const LOGIN = { user: "hatch@example.com", password: "s3cret-pässword-of-mail" };
const DRAFT: MailDraft = {
  kind: "invitation",
  to: "ada@example.com",
  subject: "Your invitation",
  text: `Open https://hatch.example.com/invitations#${TOKEN}\u001b[2J and come in.`,
};

let place: ReturnType<typeof makePlace>;
const closing: (() => unknown)[] = [];
beforeEach(() => {
  place = makePlace();
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  place.remove();
});

async function startServer(options: MailServerOptions = {}): Promise<MailServer> {
  const server = await startMailServer(options);
  closing.push(server.close);
  return server;
}

/** An installation with these mails, as a change of it would have left them. */
async function seed(...drafts: MailDraft[]): Promise<readonly string[]> {
  const app = await createApp({
    config: { ...TEST_CONFIG, dataDirectory: place.data },
    log: createLog({ clock: systemClock, level: "error", write: () => {} }),
    clock: systemClock,
    findRootKey: () => findRootKey({ environment: {}, dataDirectory: place.data, workingDirectory: place.root }),
    onClaimed() {},
  });
  try {
    return await app.context.database.write((writer) => enqueueMail(app.context, writer, drafts));
  } finally {
    await app.stop(AbortSignal.abort());
  }
}

const environmentFor = (port: number, extra: Record<string, string> = {}): Record<string, string> => ({
  HATCH_SERVER_PUBLIC_URL: "https://hatch.example.com",
  HATCH_MAIL_HOST: "127.0.0.1",
  HATCH_MAIL_PORT: String(port),
  HATCH_MAIL_FROM: "Hatch <hatch@example.com>",
  ...extra,
});
const run = (args: readonly string[], env: Record<string, string> = {}) =>
  runHere([...args, "--data", place.data], { env });

async function serve(env: Record<string, string>): Promise<Child> {
  const child = spawnHatch(["serve", "--data", place.data, "--port", "0"], { env });
  closing.push(() => child.kill("SIGKILL"));
  await child.firstLine();
  return child;
}

describe("what is asked for wrongly", () => {
  test.each([
    [["mail", "test"], "--to is missing"],
    [["mail", "test", "ada"], "--to: expected a mail address"],
    [["mail", "test", "ada@example.com, eve@example.com"], "--to: expected a mail address"],
    [["mail", "show"], "--mail is missing"],
    [["mail", "show", "evt_01jd8m3v6zf5q8r1n2b3c4d5e6"], "expected a mail_… id"],
    [["mail", "retry", "all"], "expected a mail_… id"],
    [["mail", "list", "--state", "lost"], "expected one of waiting, sent, failed, expired"],
    [["mail", "list", "--limit", "0"], "expected a whole number from 1 to 1000"],
  ])("%j: %s", async (args, expected) => {
    const { exit, out, error } = await run(args);
    expect([exit, out]).toEqual([2, ""]);
    expect(error).toContain(expected);
    expect(error).toContain("Example:\n  hatch mail");
  });

  test("a mail that is not there, and an installation that is not there", async () => {
    const missing = "mail_01jd8m3v6zf5q8r1n2b3c4d5e6";
    expect((await run(["mail", "list"])).exit).toBe(1);
    await seed();
    expect(await run(["mail", "show", missing])).toMatchObject({ exit: 1, out: "" });
    expect(await run(["mail", "retry", missing])).toMatchObject({ exit: 1, out: "" });
  });
});

describe("without a mail server", () => {
  test("the operator sees which mails wait, reads one, and is told what to set", async () => {
    const [id = ""] = await seed(DRAFT);
    const list = await run(["mail", "list"]);
    expect([list.exit, list.out]).toEqual([0, expect.stringContaining(`${id}  waiting`)]);
    expect(list.out).toContain("ada@example.com  Your invitation");
    expect(list.out + list.error).not.toContain(TOKEN);

    const shown = await run(["mail", "show", id]);
    expect(shown.out).toContain(`Open https://hatch.example.com/invitations#${TOKEN}[2J and come in.`);
    expect(shown.out).not.toContain("\u001b");
    expect((await run(["audit", "list", "--installation"])).out).toContain("mail.shown");
    expect(shown.error).not.toContain(TOKEN);
    const json = JSON.parse((await run(["mail", "show", id, "--json"])).out);
    expect(json).toMatchObject({ id, state: "waiting", to: "ada@example.com", text: DRAFT.text, html: null });

    const tested = await run(["mail", "test", "ada@example.com"]);
    expect([tested.exit, tested.out]).toEqual([1, ""]);
    expect(tested.error).toContain("No mail server is set.\nSet mail.host, mail.from and server.publicUrl");
    const examined = await run(["doctor"]);
    expect(examined.exit).toBe(1);
    expect(examined.out).toContain("1 mails wait and no mail server is set.");
    expect(JSON.parse((await run(["mail", "retry", "--json"])).out)).toEqual({ retried: 0 });
    expect((await run(["mail", "list", "--state", "failed"])).out).toBe("There are no failed mails.\n");
  });
});

describe("a test mail", () => {
  test("that is taken ends with 0 and the server's words", async () => {
    const server = await startServer();
    await seed();
    const { exit, out } = await run(["mail", "test", "--to", "ada@example.com"], environmentFor(server.port));
    expect(exit).toBe(0);
    expect(out).toContain(`127.0.0.1:${server.port} (none) took the mail to ada@example.com: 250`);
    expect(server.arrived).toHaveLength(1);
    const json = await run(["mail", "test", "ada@example.com", "--json"], environmentFor(server.port));
    expect(JSON.parse(json.out)).toMatchObject({ ok: true, messageId: expect.stringContaining("@hatch.example.com") });
  });

  test.each([
    ["recipient", { recipient: () => ({ code: 550, says: "Relay denied" }) }, "550 Relay denied", "mail.user"],
    ["auth", { login: LOGIN }, "The server wants somebody to sign in", "Set mail.user and mail.password."],
    ["sender", { sender: () => ({ code: 553, says: "Not yours" }) }, "553 Not yours", "mail.from"],
  ] as const)(
    "that is refused (%s) ends with 1, the reason and the next step",
    async (failure, options, reason, step) => {
      const server = await startServer(options);
      await seed();
      const { exit, out, error } = await run(["mail", "test", "ada@example.com"], environmentFor(server.port));
      expect([exit, out]).toEqual([1, ""]);
      expect(error).toContain(reason);
      expect(error).toContain(step);
      const json = await run(["mail", "test", "ada@example.com", "--json"], environmentFor(server.port));
      expect(json.exit).toBe(1);
      expect(JSON.parse(json.out)).toMatchObject({ ok: false, failure });
    },
  );

  test("that finds no server, no name, or a certificate of nobody says so", async () => {
    const certificates = createCertificates();
    closing.push(certificates.remove);
    const certificate = certificates.selfSigned("127.0.0.1");
    const server = await startServer({ tls: "starttls", certificate });
    await seed();
    const tls = await run(
      ["mail", "test", "a@example.com"],
      environmentFor(server.port, { HATCH_MAIL_TLS: "starttls" }),
    );
    expect(tls.error).toContain(
      "The certificate is self-signed.\nA private authority's certificate belongs into outbound.caFile",
    );
    await server.close();
    const refused = await run(["mail", "test", "a@example.com"], environmentFor(server.port));
    expect(refused.error).toContain("The connection was refused.\nCheck mail.host, mail.port");
    const lost = await run(["mail", "test", "a@example.com"], environmentFor(25, { HATCH_MAIL_HOST: "no.invalid" }));
    expect(lost.error).toContain("Check mail.host, and the name servers of this machine.");
  });
});

describe("a server that runs", () => {
  test("sends over TLS and a password from a file; neither it nor a link is found anywhere afterwards", async () => {
    const certificates = createCertificates();
    closing.push(certificates.remove);
    const passwordFile = join(place.root, "password");
    writeFileSync(passwordFile, `${LOGIN.password}\n`);
    let accepting = false;
    const server = await startServer({
      tls: "starttls",
      certificate: certificates.issue("127.0.0.1"),
      login: LOGIN,
      text: (_, raw) => (accepting ? "accept" : { code: 554, says: `Not with ${raw.slice(-60)} ${LOGIN.password}` }),
    });
    const env = environmentFor(server.port, {
      HATCH_MAIL_TLS: "starttls",
      HATCH_MAIL_USER: LOGIN.user,
      HATCH_MAIL_PASSWORD_FILE: passwordFile,
      HATCH_OUTBOUND_CA_FILE: certificates.caFile,
      HATCH_LOG_LEVEL: "debug",
    });
    const [id = ""] = await seed(DRAFT);
    const child = await serve(env);
    await eventually(async () => expect((await run(["mail", "list"])).out).toContain(`${id}  failed`));
    accepting = true;
    expect((await run(["mail", "retry", id])).out).toBe("One mail is tried again.\n");
    await eventually(() => expect(server.arrived).toHaveLength(1));
    expect(server.arrived[0]).toMatchObject({ encrypted: true, user: LOGIN.user, to: ["ada@example.com"] });
    await eventually(async () => expect((await run(["mail", "list"])).out).toContain(`${id}  sent`));
    expect((await run(["mail", "show", id])).out).toContain("What it said is gone");
    expect((await run(["mail", "test", "eve@example.com"])).out).toContain("took the mail to eve@example.com");
    child.kill("SIGTERM");
    expect(await child.exited).toBe(0);

    const secrets = [TOKEN, LOGIN.password, Buffer.from(LOGIN.password).toString("base64")];
    const files = readdirSync(place.data, { recursive: true, encoding: "utf8" })
      .map((name) => join(place.data, name))
      .filter((path) => statSync(path).isFile());
    expect(files.some((path) => path.endsWith("hatch.db"))).toBeTrue();
    const found = [
      ["stdout", child.out()],
      ["log", child.error()],
      ...files.map((path) => [path.slice(place.data.length), readFileSync(path, "utf8")]),
    ] as const;
    const where = secrets.flatMap((secret) => found.filter(([, text]) => text.includes(secret)).map(([name]) => name));
    expect(where).toEqual([]);
  }, 30_000);

  test("killed between the mail server's yes and its own note of it, sends again under the same Message-ID", async () => {
    const [id = ""] = await seed(DRAFT);
    let child: Child | undefined;
    const server = await startServer({
      text(number) {
        if (number === 1) child?.kill("SIGKILL");
        return "accept";
      },
    });
    child = await serve(environmentFor(server.port));
    expect(await child.exited).not.toBe(0);
    await eventually(() => expect(server.arrived).toHaveLength(1));
    expect((await run(["mail", "list", "--state", "waiting"])).out).toContain(id);

    const again = await serve(environmentFor(server.port));
    await eventually(() => expect(server.arrived).toHaveLength(2));
    await eventually(async () => expect((await run(["mail", "list"])).out).toContain(`${id}  sent`));
    again.kill("SIGTERM");
    expect(await again.exited).toBe(0);
    expect(new Set(server.arrived.map(({ mail }) => mail.messageId))).toEqual(new Set([`<${id}@hatch.example.com>`]));
  }, 30_000);
});
