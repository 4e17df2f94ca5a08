import { afterAll, afterEach, describe, expect, test } from "bun:test";
import { createServer } from "node:net";
import { createCertificates } from "../../../tests/support/certificates.ts";
import { FakeClock } from "../../../tests/support/clock.ts";
import { PROXY_LOGIN, startConnectProxy, withLogin } from "../../../tests/support/connect-proxy.ts";
import { type MailServer, type MailServerOptions, startMailServer } from "../../../tests/support/mail-server.ts";
import { startOtherEnd } from "../../../tests/support/other-end.ts";
import type { MailSettings } from "../../config/mail.ts";
import type { ProxySettings } from "../../config/proxy.ts";
import { systemClock } from "../../kernel/clock.ts";
import { createLog } from "../../kernel/log.ts";
import { durationMs, SECOND, unixMs } from "../../kernel/units.ts";
import { createMailTransport } from "./create-mail-transport.ts";
import type { MailMessage, MailOutcome, MailTransport } from "./transport.ts";

const LOGIN = { user: "hatch", password: "s3cret-pässword" };
const certificates = createCertificates();
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});
afterAll(() => certificates.remove());

const MESSAGE: MailMessage = {
  messageId: "mail_01@hatch.example.com",
  date: unixMs(Date.UTC(2026, 10, 20, 18, 4)),
  to: { address: "ada@example.com" },
  subject: "Your invitation",
  text: "Open https://hatch.example.com/invitations/AbCdEfGhIjKlMnOp and come in.",
};

async function startServer(options: MailServerOptions): Promise<MailServer> {
  const server = await startMailServer(options);
  closing.push(server.close);
  return server;
}

function transportTo(
  port: number,
  settings: Partial<MailSettings> = {},
  password = LOGIN.password,
  proxy?: ProxySettings,
): MailTransport {
  const transport = createMailTransport({
    clock: systemClock,
    log: createLog({ clock: systemClock, level: "debug", write: () => {} }),
    config: {
      server: { host: "127.0.0.1", port: 0, publicUrl: "https://hatch.example.com" },
      outbound: { caFile: certificates.caFile, proxy },
      mail: {
        host: "127.0.0.1",
        port,
        tls: "none",
        user: undefined,
        from: { name: "Hatch", address: "hatch@example.com" },
        replyTo: undefined,
        timeout: durationMs(5_000),
        ...settings,
      },
    },
    password,
    proxyPassword: PROXY_LOGIN.password,
    resolver: async (name) => {
      if (name === "smtp.example.com") return ["127.0.0.1"];
      throw Object.assign(new Error("no such name"), { code: "ENOTFOUND" });
    },
  });
  closing.push(transport.close);
  return transport;
}

const failureOf = (outcome: MailOutcome) => {
  if (outcome.kind !== "failed") throw new Error(`expected a failure, got ${outcome.kind}`);
  const { failure, permanent, message } = outcome;
  return [failure, permanent, message] as const;
};

describe("a mail that is taken", () => {
  test("says who, to whom, when, what in two forms, and that nobody need answer", async () => {
    const server = await startServer({});
    const outcome = await transportTo(server.port).send({ ...MESSAGE, html: "<p>Hello</p>" });
    expect(outcome).toMatchObject({ kind: "sent", response: expect.stringContaining("250") });
    const [{ mail, from, to, raw } = expect.unreachable()] = server.arrived;
    expect({ from, to }).toEqual({ from: "hatch@example.com", to: ["ada@example.com"] });
    expect(mail.from).toEqual({ name: "Hatch", address: "hatch@example.com" });
    expect(mail.to).toEqual([{ name: "", address: "ada@example.com" }]);
    expect(mail.subject).toBe("Your invitation");
    expect(mail.messageId).toBe("<mail_01@hatch.example.com>");
    expect(mail.date).toBe("2026-11-20T18:04:00.000Z");
    expect(mail.text?.trim()).toBe(MESSAGE.text);
    expect(mail.html).toContain("<p>Hello</p>");
    // The text stands first: who understands both shows the last.
    expect(raw.indexOf("text/plain")).toBeLessThan(raw.indexOf("text/html"));
    const headers = Object.fromEntries(mail.headers.map(({ key, value }) => [key, value]));
    expect(headers["auto-submitted"]).toBe("auto-generated");
    expect(headers["x-auto-response-suppress"]).toBe("All");
    expect(Object.keys(headers)).not.toContain("x-mailer");
    expect(Object.keys(headers)).not.toContain("list-unsubscribe");
    expect(Object.keys(headers)).not.toContain("reply-to");
  });

  test("keeps letters of every script, in names, subjects, texts and domains", async () => {
    const server = await startServer({});
    const from = { name: "Schule am Fluß", address: "post@xn--bcher-kva.example" };
    const transport = transportTo(server.port, { from, replyTo: { name: "Hilfe", address: "hilfe@example.com" } });
    const subject = "Grüße 🐣 aus der Bücherei, 你好".repeat(4);
    const text = "Schöne Grüße\n你好\n\n.ein Punkt am Anfang\nFrom hier\n";
    await transport.send({
      ...MESSAGE,
      to: { name: 'Łukasz "Ł" Żółć, Jr.', address: "ada@example.com" },
      subject,
      text,
    });
    const [{ mail } = expect.unreachable()] = server.arrived;
    expect(mail.from).toEqual(from);
    expect(mail.to).toEqual([{ name: 'Łukasz "Ł" Żółć, Jr.', address: "ada@example.com" }]);
    expect(mail.replyTo).toEqual([{ name: "Hilfe", address: "hilfe@example.com" }]);
    expect(mail.subject).toBe(subject);
    expect(mail.text).toBe(text);
  });

  test("may be unsubscribed from with one click", async () => {
    const server = await startServer({});
    const unsubscribeUrl = `https://hatch.example.com/unsubscribe?token=${"x".repeat(200)}`;
    await transportTo(server.port).send({ ...MESSAGE, unsubscribeUrl });
    const headers = server.arrived[0]?.mail.headers ?? [];
    expect(headers.find(({ key }) => key === "list-unsubscribe")?.value.replace(/\s/g, "")).toBe(`<${unsubscribeUrl}>`);
    expect(headers.find(({ key }) => key === "list-unsubscribe-post")?.value).toBe("List-Unsubscribe=One-Click");
  });

  test("shares a connection with the next one", async () => {
    const server = await startServer({ tls: "starttls", certificate: certificates.issue("127.0.0.1"), login: LOGIN });
    const transport = transportTo(server.port, { tls: "starttls", user: LOGIN.user });
    for (let count = 0; count < 3; count++) expect(await transport.send(MESSAGE)).toMatchObject({ kind: "sent" });
    expect(server.conversations()).toBe(1);
  });

  test("goes out over a fresh connection where the server had closed the kept one", async () => {
    const server = await startServer({});
    const transport = transportTo(server.port);
    await transport.send(MESSAGE);
    await server.close();
    const again = await startServer({ port: server.port });
    expect(await transport.send(MESSAGE)).toMatchObject({ kind: "sent" });
    expect(again.arrived).toHaveLength(1);
  });

  test("twenty at once all arrive, over four connections at most", async () => {
    const server = await startServer({});
    const transport = transportTo(server.port);
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        transport.send({ ...MESSAGE, messageId: `mail_${index}@hatch.example.com` }),
      ),
    );
    expect(new Set(outcomes.map(({ kind }) => kind))).toEqual(new Set(["sent"]));
    expect(new Set(server.arrived.map(({ mail }) => mail.messageId)).size).toBe(20);
    expect(server.conversations()).toBeLessThanOrEqual(4);
  });
});

describe("the way there", () => {
  test.each(["starttls", "implicit"] as const)("is encrypted by %s, and who sends signs in", async (tls) => {
    const certificate = certificates.issue("smtp.example.com");
    const server = await startServer({ tls, certificate, login: LOGIN });
    const outcome = await transportTo(server.port, { tls, host: "smtp.example.com", user: LOGIN.user }).send(MESSAGE);
    expect(outcome).toMatchObject({ kind: "sent" });
    expect(server.arrived[0]).toMatchObject({ encrypted: true, user: LOGIN.user });
  });

  test.each([
    ["self-signed", () => certificates.selfSigned("127.0.0.1"), "The certificate is self-signed."],
    ["of another name", () => certificates.issue("mail.example.com"), "The certificate is for another name."],
    ["of the past", () => certificates.issue("127.0.0.1", "past"), "The certificate has expired."],
  ] as const)(
    "ends at a certificate that is %s, before a word of the mail or the password is said",
    async (_, issue, why) => {
      for (const tls of ["starttls", "implicit"] as const) {
        const server = await startServer({ tls, certificate: issue(), login: LOGIN });
        const transport = transportTo(server.port, { tls, user: LOGIN.user });
        expect(failureOf(await transport.send(MESSAGE))).toEqual(["tls", false, why]);
        expect(server.offered()).toBe(0);
      }
    },
  );

  test("is checked whatever the environment says", async () => {
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = "0";
    closing.push(() => delete process.env.NODE_TLS_REJECT_UNAUTHORIZED);
    const server = await startServer({ tls: "starttls", certificate: certificates.selfSigned("127.0.0.1") });
    expect(failureOf(await transportTo(server.port, { tls: "starttls" }).send(MESSAGE))[0]).toBe("tls");
  });

  test("a server without STARTTLS is told nothing", async () => {
    const heard: string[] = [];
    const end = await startOtherEnd({
      onConnection: (socket) => socket.write("220 old.example.com ESMTP\r\n"),
      onData: (socket, _, data) => {
        heard.push(data);
        socket.write(data.startsWith("EHLO") ? "250-old.example.com\r\n250 AUTH PLAIN\r\n" : "502 What?\r\n");
      },
    });
    closing.push(end.close);
    const transport = transportTo(end.port, { tls: "starttls", user: LOGIN.user });
    const message = "The server does not offer STARTTLS: 502 What?";
    expect(failureOf(await transport.send(MESSAGE))).toEqual(["tls", false, message]);
    expect(heard.join("")).toBe("EHLO hatch.example.com\r\nSTARTTLS\r\n");
  });

  test("TLS from the start, where the server begins in the clear, is named", async () => {
    const server = await startServer({ tls: "starttls", certificate: certificates.issue("127.0.0.1") });
    expect(failureOf(await transportTo(server.port, { tls: "implicit" }).send(MESSAGE))).toEqual([
      "tls",
      false,
      "The server does not speak TLS from the start.",
    ]);
  });

  test("nobody listens", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    await new Promise((resolve) => server.close(resolve));
    expect(failureOf(await transportTo(port).send(MESSAGE))).toEqual(["connect", false, "The connection was refused."]);
  });

  test("the name has no address", async () => {
    const outcome = await transportTo(25, { host: "nowhere.example.com" }).send(MESSAGE);
    expect(failureOf(outcome)).toEqual(["dns", false, "The name does not resolve."]);
  });

  test.each([
    ["HTTP/1.1 400 Bad Request\r\n\r\n", "server", "The server does not speak SMTP: HTTP/1.1 400 Bad Request"],
    [
      "554 5.7.1 Your address is on a list\r\n",
      "server",
      "The server refused to begin: 554 5.7.1 Your address is on a list",
    ],
    ["421 Try later\r\n", "server", "The server serves nobody at the moment: 421 Try later"],
  ])("a greeting of %p ends it", async (greeting, failure, message) => {
    const end = await startOtherEnd({ onConnection: (socket) => socket.end(greeting) });
    closing.push(end.close);
    expect(failureOf(await transportTo(end.port).send(MESSAGE))).toEqual([failure as "server", false, message]);
  });

  test("a server that hangs up before it greets", async () => {
    const end = await startOtherEnd({ onConnection: (socket) => socket.end() });
    closing.push(end.close);
    const message = "The server closed the connection before it greeted.";
    expect(failureOf(await transportTo(end.port).send(MESSAGE))).toEqual(["server", false, message]);
  });

  test("a server that says nothing is waited for no longer than was set", async () => {
    const end = await startOtherEnd({});
    closing.push(end.close);
    const outcome = await transportTo(end.port, { timeout: durationMs(200) }).send(MESSAGE);
    expect(failureOf(outcome)).toEqual(["broken", false, "The server did not take the mail in time."]);
  });
});

describe("through the egress proxy", () => {
  const HOST = "mail.elsewhere.example";

  test.each(["starttls", "implicit"] as const)(
    "a mail goes by a tunnel, with %s from us to the server",
    async (tls) => {
      const server = await startServer({ tls, certificate: certificates.issue(HOST), login: LOGIN });
      const proxy = await startConnectProxy(withLogin(() => ({ tunnelTo: server.port })));
      closing.push(() => proxy.close());
      const { user } = PROXY_LOGIN;
      const way = { scheme: "http", host: "127.0.0.1", port: proxy.port, user, bypass: [] } as const;
      const transport = transportTo(587, { host: HOST, tls, user: LOGIN.user }, LOGIN.password, way);
      for (let count = 0; count < 2; count++) expect(await transport.send(MESSAGE)).toMatchObject({ kind: "sent" });
      expect(proxy.destinations).toEqual([`${HOST}:587`]);
      expect(server.arrived).toHaveLength(2);
    },
  );

  test("a greeting that comes at once with the tunnel is not lost", async () => {
    const heard: string[] = [];
    const end = await startOtherEnd({
      onData: (socket, _, data) => {
        heard.push(data);
        socket.write("502 What?\r\n");
      },
    });
    const proxy = await startConnectProxy(() => ({ tunnelTo: end.port, behind: "220 mail.example ESMTP\r\n" }));
    closing.push(end.close, () => proxy.close());
    const way = { scheme: "http", host: "127.0.0.1", port: proxy.port, user: undefined, bypass: [] } as const;
    await transportTo(587, { host: HOST }, LOGIN.password, way).send(MESSAGE);
    expect(heard[0]).toStartWith("EHLO ");
  });

  test("a fault of the proxy is told, and tried again later", async () => {
    const proxy = await startConnectProxy(() => ({ say: "HTTP/1.1 403 No\r\n\r\n" }));
    closing.push(() => proxy.close());
    const way = { scheme: "http", host: "127.0.0.1", port: proxy.port, user: undefined, bypass: [] } as const;
    const refused = transportTo(587, { host: HOST }, LOGIN.password, way);
    expect(failureOf(await refused.send(MESSAGE))).toEqual([
      "connect",
      false,
      "The egress proxy does not let us go to this host (403): have it allowed there.",
    ]);
  });

  test("a server that is named in outbound.proxyBypass, or is this machine, is reached without it", async () => {
    const server = await startServer({});
    const way = { scheme: "http", host: "127.0.0.1", port: 1, user: undefined, bypass: ["*.example.com"] } as const;
    for (const host of ["smtp.example.com", "127.0.0.1"]) {
      const transport = transportTo(server.port, { host }, LOGIN.password, way);
      expect(await transport.send(MESSAGE)).toMatchObject({ kind: "sent" });
    }
  });
});

describe("signing in", () => {
  const certificate = certificates.issue("127.0.0.1");

  test("with a wrong password is no fault of the mail, and repeats no password", async () => {
    const server = await startServer({ tls: "starttls", certificate, login: LOGIN });
    const transport = transportTo(server.port, { tls: "starttls", user: LOGIN.user }, "wrong-password");
    const [failure, permanent, message] = failureOf(await transport.send(MESSAGE));
    expect([failure, permanent]).toEqual(["auth", false]);
    expect(message).toBe(
      "The server does not accept mail.user and mail.password: 535 Authentication credentials invalid",
    );
    expect(server.offered()).toBe(0);
  });

  test("is not left out where the server does not offer it", async () => {
    const server = await startServer({ tls: "starttls", certificate, login: LOGIN, withoutAuth: true });
    const transport = transportTo(server.port, { tls: "starttls", user: LOGIN.user });
    expect(failureOf(await transport.send(MESSAGE))[0]).toBe("auth");
    expect(server.offered()).toBe(0);
  });

  test("is asked for where nobody does", async () => {
    const server = await startServer({ login: LOGIN });
    const message = "The server wants somebody to sign in: 530 Error: authentication Required";
    expect(failureOf(await transportTo(server.port).send(MESSAGE))).toEqual(["auth", false, message]);
  });

  test("at a server that quotes the line we signed in with, leaves no trace of the password", async () => {
    const line = (text: string): string => Buffer.from(text).toString("base64");
    const end = await startOtherEnd({
      onConnection: (socket) => socket.write("220 hi\r\n"),
      onData: (socket, _, data) =>
        socket.write(
          data.startsWith("EHLO")
            ? "250-hi\r\n250 AUTH PLAIN\r\n"
            : `535 ${data.trim()} is ${LOGIN.password}, ${line(LOGIN.password)}\r\n`,
        ),
    });
    closing.push(end.close);
    const [, , message] = failureOf(await transportTo(end.port, { user: LOGIN.user }).send(MESSAGE));
    expect(message).toContain("535 AUTH PLAIN …");
    for (const secret of [LOGIN.password, line(LOGIN.password), line(`\0${LOGIN.user}\0${LOGIN.password}`)]) {
      expect(message).not.toContain(secret);
    }
  });
});

describe("a mail that is refused", () => {
  test.each([
    ["a recipient for ever", { recipient: () => ({ code: 550, says: "No such user" }) }, "recipient", true],
    ["a recipient for now", { recipient: () => ({ code: 450, says: "Greylisted" }) }, "recipient", false],
    ["the text for ever", { text: () => ({ code: 554, says: "Spam" }) }, "message", true],
    ["the text for now", { text: () => ({ code: 451, says: "Later" }) }, "message", false],
    ["a size, at the sender", { sender: () => ({ code: 552, says: "Too large" }) }, "message", true],
    ["the sender", { sender: () => ({ code: 553, says: "Not yours" }) }, "sender", false],
    ["everybody, for now", { text: () => ({ code: 421, says: "Closing" }) }, "server", false],
  ] as const)("by an answer about %s", async (_, behaviour, failure, permanent) => {
    const server = await startServer(behaviour);
    const transport = transportTo(server.port);
    expect(failureOf(await transport.send(MESSAGE)).slice(0, 2)).toEqual([failure, permanent]);
    expect(server.arrived).toEqual([]);
  });

  test("is told in the server's words, without the links that it quotes", async () => {
    const says = `5.7.1 Content https://hatch.example.com/invitations/AbCdEfGhIjKlMnOp (AbCdEfGhIjKlMnOp) refused, see https://help.example.com/x?y=z`;
    const server = await startServer({ text: () => ({ code: 550, says }) });
    const [, , message] = failureOf(await transportTo(server.port).send(MESSAGE));
    expect(message).toBe(
      "The server does not accept the mail: 550 5.7.1 Content … (…) refused, see https://help.example.com/…",
    );
  });

  test("does not hold up the next one", async () => {
    const server = await startServer({
      recipient: (to) => (to.startsWith("no") ? { code: 550, says: "No" } : "accept"),
    });
    const transport = transportTo(server.port);
    await transport.send({ ...MESSAGE, to: { address: "nobody@example.com" } });
    expect(await transport.send(MESSAGE)).toMatchObject({ kind: "sent" });
    expect(server.arrived.map(({ to }) => to)).toEqual([["ada@example.com"]]);
  });
});

describe("a conversation that breaks", () => {
  const CLOSED = "The connection was closed before the server had accepted the mail.";

  test("in the middle of the text", async () => {
    const server = await startServer({ textBegins: () => "drop" });
    const text = "a line of a long mail\n".repeat(20_000);
    expect(failureOf(await transportTo(server.port).send({ ...MESSAGE, text }))).toEqual(["broken", false, CLOSED]);
    expect(server.arrived).toEqual([]);
  });

  test("after the text, before the answer", async () => {
    const server = await startServer({ text: () => "drop" });
    expect(failureOf(await transportTo(server.port).send(MESSAGE))).toEqual(["broken", false, CLOSED]);
    expect(server.offered()).toBe(1);
  });

  test("by silence after the text", async () => {
    const server = await startServer({ text: () => "hang" });
    const outcome = await transportTo(server.port, { timeout: durationMs(300) }).send(MESSAGE);
    expect(failureOf(outcome)).toEqual(["broken", false, "The server did not take the mail in time."]);
  });

  test("because we stop", async () => {
    const server = await startServer({ text: () => "hang" });
    const stopping = new AbortController();
    const sending = transportTo(server.port).send(MESSAGE, stopping.signal);
    while (server.offered() === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    stopping.abort();
    expect(failureOf(await sending)[0]).toBe("aborted");
  });
});

describe("what would stand in a header", () => {
  test.each([
    ["subject", { subject: "Hello\r\nBcc: eve@example.com" }],
    ["subject", { subject: "Hello\nBcc: eve@example.com" }],
    ["subject", { subject: "Hello\u2028World" }],
    ["name", { to: { name: "Ada\r\nBcc: eve@example.com", address: "ada@example.com" } }],
    ["address", { to: { address: "ada@example.com\r\nRCPT TO:<eve@example.com>" } }],
    ["address", { to: { address: "ada@example.com, eve@example.com" } }],
    ["address", { to: { address: "ada@example.com> NOTIFY=SUCCESS" } }],
    ["address", { to: { address: "ada@bücher.example" } }],
    ["answers", { replyTo: { address: "ada@example.com\r\nX: y" } }],
    ["message id", { messageId: "x@y>\r\nBcc: eve@example.com" }],
    ["unsubscribe", { unsubscribeUrl: "https://x/>\r\nBcc: eve@example.com" }],
    ["unsubscribe", { unsubscribeUrl: "javascript:alert(1)" }],
  ])("is refused here, whatever the server would say: %s %p", async (_, part) => {
    const server = await startServer({});
    expect(failureOf(await transportTo(server.port).send({ ...MESSAGE, ...part })).slice(0, 2)).toEqual([
      "message",
      true,
    ]);
    expect(server.conversations()).toBe(0);
  });

  test("is not read out of the text", async () => {
    const server = await startServer({});
    const text =
      "Hello\r\n.\r\nMAIL FROM:<eve@example.com>\r\nRCPT TO:<eve@example.com>\r\nDATA\r\nBcc: eve@example.com\r\n";
    await transportTo(server.port).send({ ...MESSAGE, text, html: '<img src="file:///etc/passwd">' });
    expect(server.arrived).toHaveLength(1);
    expect(server.arrived[0]?.to).toEqual(["ada@example.com"]);
    expect(server.arrived[0]?.mail.text).toBe(`${text.replaceAll("\r\n", "\n")}\n`);
    expect(server.arrived[0]?.mail.attachments).toEqual([]);
  });
});

describe("where no mail server is set", () => {
  test("a mail is held, and the log says to whom it is but not what it says", async () => {
    const lines: string[] = [];
    const transport = createMailTransport({
      clock: new FakeClock(),
      log: createLog({ clock: new FakeClock(), level: "info", write: (line) => lines.push(line) }),
      config: {
        server: { host: "127.0.0.1", port: 0, publicUrl: undefined },
        outbound: { caFile: undefined },
        mail: undefined,
      },
    });
    expect(await transport.send(MESSAGE)).toEqual({ kind: "held", message: "No mail server is set." });
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({
      level: "warn",
      mail: "mail_01",
      to: "ada@example.com",
      subject: "Your invitation",
      how: expect.stringContaining("mail.host"),
    });
    expect(lines[0]).not.toContain("AbCdEfGhIjKlMnOp");
    transport.close();
    transport.close();
  });
});

test("a file of authorities that is not there refuses at once", () => {
  const config = {
    server: { host: "127.0.0.1", port: 0, publicUrl: "https://hatch.example.com" },
    outbound: { caFile: "/nowhere/ca.pem" },
    mail: {
      host: "smtp.example.com",
      port: 587,
      tls: "starttls" as const,
      user: undefined,
      from: { address: "hatch@example.com" },
      replyTo: undefined,
      timeout: SECOND,
    },
  };
  const log = createLog({ clock: systemClock, level: "error", write: () => {} });
  expect(() => createMailTransport({ clock: systemClock, log, config })).toThrow("outbound.caFile can't be read");
});
