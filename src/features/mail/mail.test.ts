import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { eventually } from "../../../tests/support/clock.ts";
import { createTestContext, createTestWorkspace, type TestContext } from "../../../tests/support/context.ts";
import { withFaults } from "../../../tests/support/faults.ts";
import { type MailServer, type MailServerOptions, startMailServer } from "../../../tests/support/mail-server.ts";
import { retain } from "../../../tests/support/retention.ts";
import type { MailSettings } from "../../config/mail.ts";
import type { Context } from "../../context.ts";
import type { MailDraft } from "../../journal/mail.ts";
import { mutate } from "../../journal/mutate.ts";
import { createKeyring } from "../../kernel/crypto.ts";
import type { Id } from "../../kernel/ids.ts";
import type { KeyPrincipal, OperatorPrincipal } from "../../kernel/principal.ts";
import { addMs, DAY, durationMs, HOUR, MINUTE, SECOND } from "../../kernel/units.ts";
import { createMailTransport } from "../../outbound/mail/create-mail-transport.ts";
import { createMail, type Mail } from "./feature.ts";
import { MAIL_RETENTION } from "./retention.ts";
import { findMail, type WholeMailRow } from "./store.ts";

const TOKEN = "AbCdEfGhIjKlMnOpQrStUvWx";
const OPERATOR: OperatorPrincipal = { kind: "operator", request: { id: "req_test" } };
const AT_ONCE = AbortSignal.abort();

let base: TestContext;
let principal: KeyPrincipal;
const closing: (() => unknown)[] = [];
beforeEach(async () => {
  base = await createTestContext();
  principal = (await createTestWorkspace(base)).principal("live");
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  await base.close();
});

async function startServer(options: MailServerOptions = {}): Promise<MailServer> {
  const server = await startMailServer(options);
  closing.push(server.close);
  return server;
}

const settingsOf = (port: number): MailSettings => ({
  host: "127.0.0.1",
  port,
  tls: "none",
  user: undefined,
  from: { name: "Hatch", address: "hatch@example.com" },
  replyTo: undefined,
  timeout: durationMs(30_000),
});

/** The room with a mail server at this port; with none if undefined. */
function roomWith(port: number | undefined, overrides: Partial<Context> = {}, claimant = base.ids.uuid()): Mail {
  const server = { ...base.config.server, publicUrl: "https://hatch.example.com" };
  const config = { ...base.config, server, mail: port === undefined ? undefined : settingsOf(port) };
  const context: Context = { ...base, metrics: quietMetrics(), ...overrides, config };
  const mail = createMail(context, { transport: createMailTransport(context), claimant });
  closing.push(() => mail.feature.stop?.(AT_ONCE));
  return mail;
}

/** Each room registers its own: they share a database, not a process. */
let shared: Context["metrics"] | undefined;
beforeEach(() => {
  shared = undefined;
});
const quietMetrics = (): Context["metrics"] => {
  if (!shared) {
    shared = base.metrics;
    return shared;
  }
  return {
    ...base.metrics,
    counter: () => ({ add() {}, with: () => ({ add() {} }) }),
    gauge() {},
    histogram: base.metrics.histogram,
  };
};

const DRAFT: MailDraft = {
  kind: "invitation",
  to: "ada@example.com",
  subject: "Your invitation",
  text: `Open https://hatch.example.com/invitations#${TOKEN} and come in.`,
  html: `<p><a href="https://hatch.example.com/invitations#${TOKEN}">Come in</a></p>`,
};

/** What a verb does that has something to say to people. */
async function write(...drafts: MailDraft[]): Promise<readonly Id<"mail">[]> {
  await mutate(base, principal, async () => ({
    result: undefined,
    audit: [{ workspaceId: principal.workspaceId, action: "person.invited", target: "x" }],
    announce: [],
    jobs: [],
    mail: drafts,
  }));
  const rows = await base.database.read((reader) => reader.all<{ id: Id<"mail"> }>("SELECT id FROM mails ORDER BY id"));
  return rows.slice(-drafts.length).map(({ id }) => id);
}

/** Time goes by in one leap, without its ticks. */
async function leap(durationMs: number): Promise<void> {
  base.clock.set(addMs(base.clock.now(), durationMs - SECOND));
  await base.clock.advance(SECOND);
}

const rowOf = async (id: Id<"mail"> | undefined): Promise<WholeMailRow> =>
  (await base.database.read((reader) => findMail(reader, id ?? expect.unreachable()))) ?? expect.unreachable();
const becomes = (id: Id<"mail"> | undefined, part: Partial<WholeMailRow>): Promise<void> =>
  eventually(async () => expect(await rowOf(id)).toMatchObject(part));
const standingOf = async (id: Id<"mail"> | undefined) => {
  const row = await base.database.read((reader) =>
    reader.get<{ claimed_by: string | null; due_at: number }>("SELECT claimed_by, due_at FROM mails WHERE id = ?", [
      id ?? "",
    ]),
  );
  return { tried: row?.claimed_by !== null, due: (row?.due_at ?? 0) <= base.clock.now() };
};
const metricsText = (): Promise<string> => base.metrics.render();

describe("a mail", () => {
  test("goes out after the change that caused it, and what it said is gone then", async () => {
    const server = await startServer();
    await roomWith(server.port).feature.start?.();
    const [id] = await write({ ...DRAFT, toName: "Ada Łovelace", workspaceId: principal.workspaceId });
    expect(await rowOf(id)).toMatchObject({ state: "waiting", attempts: 0, workspace_id: principal.workspaceId });
    await base.clock.advance(SECOND);
    await becomes(id, { state: "sent", attempts: 1, content_sealed: null, last_error: null });
    const [{ mail } = expect.unreachable()] = server.arrived;
    expect(mail.messageId).toBe(`<${id}@hatch.example.com>`);
    expect(mail.to).toEqual([{ name: "Ada Łovelace", address: "ada@example.com" }]);
    expect(mail.text).toContain(TOKEN);
    expect(mail.html).toContain(TOKEN);
  });

  test("and its change are written together or not at all, whichever statement fails", async () => {
    const database = withFaults(base.database);
    const left = () =>
      base.database.read(async (reader) => ({
        mails: (await reader.all("SELECT id FROM mails")).length,
        audit: (await reader.all("SELECT id FROM audit_entries")).length,
      }));
    let statement = 0;
    do {
      statement += 1;
      database.strikeAt(statement);
      const change = mutate({ ...base, database }, principal, async () => ({
        result: undefined,
        audit: [{ workspaceId: principal.workspaceId, action: "person.invited", target: "x" }],
        announce: [],
        jobs: [{ kind: "x", payload: {} }],
        mail: [DRAFT, DRAFT],
      })).catch(() => {});
      await change;
      if (database.struck()) expect(await left()).toEqual({ mails: 0, audit: 0 });
    } while (database.struck());
    expect(statement).toBeGreaterThan(3);
    expect(await left()).toEqual({ mails: 2, audit: 1 });
  });

  test("has one row and one conversation for each of many recipients", async () => {
    const server = await startServer({
      recipient: (to) => (to === "user7@example.com" ? { code: 550, says: "No such user" } : "accept"),
    });
    await roomWith(server.port).feature.start?.();
    const ids = await write(
      ...Array.from({ length: 25 }, (_, index) => ({ ...DRAFT, to: `user${index}@example.com` })),
    );
    expect(new Set(ids).size).toBe(25);
    await base.clock.advance(SECOND);
    await eventually(() => expect(server.arrived).toHaveLength(24));
    expect(server.arrived.every(({ to }) => to.length === 1)).toBeTrue();
    await becomes(ids[7], { state: "failed" });
    await becomes(ids[8], { state: "sent" });
  });

  test("reaches a name beyond ASCII under the one spelling of its domain", async () => {
    const server = await startServer();
    await roomWith(server.port).feature.start?.();
    const [id] = await write({ ...DRAFT, to: "ada@Bücher.example", replyTo: { address: "help@Bücher.example" } });
    await base.clock.advance(SECOND);
    await becomes(id, { state: "sent", recipient: "ada@xn--bcher-kva.example" });
    expect(server.arrived[0]?.mail.replyTo?.[0]?.address).toBe("help@xn--bcher-kva.example");
  });

  test.each([
    ["mail.to", "two lines", { to: "ada@example.com\r\nBcc: eve@example.com" }],
    ["mail.to", "no domain", { to: "ada" }],
    ["mail.subject", "two lines", { subject: "Hello\r\nBcc: eve@example.com" }],
    ["mail.subject", "too much", { subject: "x".repeat(251) }],
    ["mail.subject", "nothing", { subject: " " }],
    ["mail.toName", "two lines", { toName: "Ada\nEve" }],
    ["mail.replyTo", "no domain", { replyTo: { address: "eve" } }],
    ["mail.replyTo", "a name of two lines", { replyTo: { name: "a\r\nb", address: "eve@example.com" } }],
    ["mail.text", "nothing", { text: "" }],
    ["mail.text", "too much", { html: "x".repeat(400_001) }],
    ["mail.unsubscribeUrl", "no address", { unsubscribeUrl: "javascript:alert(1)" }],
    ["mail.kind", "no name", { kind: "No Kind" }],
  ])("whose %s is %s is refused together with its change", async (path, _, part) => {
    const refused = await write({ ...DRAFT, ...part }).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: "validation_failed", details: [{ path }] });
    const left = await base.database.read((reader) =>
      reader.all("SELECT id FROM mails UNION ALL SELECT id FROM audit_entries"),
    );
    expect(left).toEqual([]);
  });
});

describe("a mail that does not get through", () => {
  test("is put off and tried again on the ladder, under the same Message-ID", async () => {
    const server = await startServer({ text: (number) => (number < 3 ? { code: 451, says: "Later" } : "accept") });
    await roomWith(server.port).feature.start?.();
    const [id] = await write(DRAFT);
    const written = base.clock.now();
    await base.clock.advance(SECOND);
    const lastError = "The server does not accept the mail: 451 Later";
    await becomes(id, {
      attempts: 1,
      state: "waiting",
      last_error: lastError,
      due_at: addMs(written, SECOND + MINUTE),
    });
    await leap(MINUTE - SECOND);
    expect(server.offered()).toBe(1);
    await base.clock.advance(SECOND);
    await becomes(id, { attempts: 2, due_at: addMs(written, SECOND + 6 * MINUTE) });
    await leap(5 * MINUTE);
    await becomes(id, { attempts: 3, state: "sent", last_error: null });
    expect(server.arrived.map(({ mail }) => mail.messageId)).toEqual([`<${id}@hatch.example.com>`]);
    expect(server.arrived[0]?.mail.date).toBe(new Date(written).toISOString());
  });

  test("for ever is given up at once, and goes out after all when it is asked to", async () => {
    let refusing = true;
    const server = await startServer({ recipient: () => (refusing ? { code: 550, says: "No such user" } : "accept") });
    const mail = roomWith(server.port);
    await mail.feature.start?.();
    const [id] = await write(DRAFT);
    await base.clock.advance(SECOND);
    const lastError = "The server does not accept the recipient: 550 No such user";
    await becomes(id, { state: "failed", attempts: 1, last_error: lastError });
    await leap(2 * HOUR);
    expect((await rowOf(id)).attempts).toBe(1);

    refusing = false;
    expect(await mail.retry(OPERATOR, id)).toBe(1);
    await base.clock.advance(SECOND);
    await becomes(id, { state: "sent", attempts: 2 });
    await expect(mail.retry(OPERATOR, id)).rejects.toThrow("Only a failed mail can be tried again: it is sent.");
    await expect(mail.retry(OPERATOR, base.ids.next("mail"))).rejects.toThrow("The mail was not found.");
    expect(await mail.retry(OPERATOR, undefined)).toBe(0);
  });

  test("because the server hangs is tried again, and holds up no other", async () => {
    const server = await startServer({ text: (_, raw) => (raw.includes("slow@") ? "hang" : "accept") });
    await roomWith(server.port).feature.start?.();
    const [slow, ...others] = await write(
      { ...DRAFT, to: "slow@example.com" },
      ...Array.from({ length: 6 }, (_, index) => ({ ...DRAFT, to: `quick${index}@example.com` })),
    );
    await base.clock.advance(SECOND);
    for (const id of others) await becomes(id, { state: "sent" });
    expect(await rowOf(slow)).toMatchObject({ state: "waiting", attempts: 1 });
    await base.clock.advance(30 * SECOND);
    await becomes(slow, { last_error: "The server did not take the mail in time.", attempts: 1 });
  });

  test("because the connection ends in the middle of it is tried again", async () => {
    let drops = 1;
    const server = await startServer({ textBegins: () => (drops-- > 0 ? "drop" : "accept") });
    await roomWith(server.port).feature.start?.();
    const [id] = await write({ ...DRAFT, text: "a line of a long mail\n".repeat(4_000) });
    await base.clock.advance(SECOND);
    await becomes(id, { attempts: 1, last_error: expect.stringContaining("closed before") as unknown as string });
    await base.clock.advance(MINUTE);
    await becomes(id, { state: "sent", attempts: 2 });
  });

  test("in time is not sent any more, and what it said is gone", async () => {
    const server = await startServer({ text: () => ({ code: 451, says: "Later" }) });
    await roomWith(server.port).feature.start?.();
    const [id] = await write({ ...DRAFT, expiresAt: addMs(base.clock.now(), 30 * SECOND) });
    await base.clock.advance(SECOND);
    await becomes(id, { attempts: 1 });
    await base.clock.advance(30 * SECOND);
    await becomes(id, { state: "expired", content_sealed: null, attempts: 1 });
    expect(server.offered()).toBe(1);
    expect(await metricsText()).toContain('hatch_mail_attempts_total{outcome="expired"} 1');
  });
});

describe("a server that can't be used", () => {
  test("is left alone for a while, then asked with one mail; no mail comes nearer to its end by it", async () => {
    const certain = await startServer();
    const port = certain.port;
    await certain.close();
    await roomWith(port).feature.start?.();
    const ids = await write(
      ...Array.from({ length: 12 }, (_, index) => ({ ...DRAFT, to: `user${index}@example.com` })),
    );
    await base.clock.advance(SECOND);
    await eventually(() => expect(base.logged.filter((line) => line.includes("mails wait"))).toHaveLength(1));
    await base.clock.advance(50 * SECOND);
    const tries = async () => (await Promise.all(ids.map(rowOf))).reduce((sum, { attempts }) => sum + attempts, 0);
    expect(await tries()).toBe(4);

    await base.clock.advance(10 * SECOND);
    await eventually(async () => expect(await tries()).toBe(5));
    await leap(4 * MINUTE);
    expect(await tries()).toBe(5);
    expect(base.logged.filter((line) => line.includes("mails wait"))).toHaveLength(2);

    const back = await startServer({ port });
    await leap(2 * MINUTE);
    await eventually(() => expect(back.arrived).toHaveLength(12));
    for (const id of ids) await becomes(id, { state: "sent" });
  });

  test("because it wants a sign-in keeps every mail", async () => {
    const server = await startServer({ login: { user: "hatch", password: "right" } });
    await roomWith(server.port).feature.start?.();
    const [id] = await write({ ...DRAFT, expiresAt: addMs(base.clock.now(), 3 * HOUR) });
    for (let minute = 0; minute < 120; minute += 10) {
      await leap(10 * MINUTE);
      await eventually(async () => expect(await standingOf(id)).toEqual({ tried: false, due: false }));
    }
    expect(await rowOf(id)).toMatchObject({ state: "waiting", last_error: expect.stringContaining("to sign in: 530") });
    expect((await rowOf(id)).attempts).toBeWithin(4, 8);
  });
});

describe("without a mail server", () => {
  test("mails wait, the log says so once for each, and they go out when there is one", async () => {
    const without = roomWith(undefined);
    await without.feature.start?.();
    const [id] = await write(DRAFT);
    await base.clock.advance(SECOND);
    await leap(10 * MINUTE);
    await becomes(id, { state: "waiting", attempts: 0, last_error: "No mail server is set." });
    const lines = base.logged.filter((line) => line.includes("a mail waits"));
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({ mail: id, to: "ada@example.com", subject: "Your invitation" });
    expect(await without.feature.examine?.(base)).toContainEqual({
      check: "mail.waiting",
      ok: false,
      message: expect.stringContaining("1 mails wait and no mail server is set. Set mail.host"),
    });
    await without.feature.stop?.(AT_ONCE);

    const server = await startServer();
    await roomWith(server.port).feature.start?.();
    await base.clock.advance(SECOND);
    await becomes(id, { state: "sent", attempts: 1 });
  });

  test("they expire after a week", async () => {
    await roomWith(undefined).feature.start?.();
    const [id] = await write(DRAFT);
    await base.clock.advance(SECOND);
    await becomes(id, { last_error: "No mail server is set." });
    base.clock.set(addMs(base.clock.now(), 7 * DAY));
    await base.clock.advance(SECOND);
    await becomes(id, { state: "expired", content_sealed: null });
  });
});

describe("at least once", () => {
  test("what another life was sending is due at the start, under the same Message-ID", async () => {
    const server = await startServer({ text: (number) => (number === 1 ? "hang" : "accept") });
    await roomWith(server.port, {}, "first life").feature.start?.();
    const [id] = await write(DRAFT);
    await base.clock.advance(SECOND);
    await eventually(() => expect(server.offered()).toBe(1));
    // Nothing of the first life goes on; its row is as it left it.
    await roomWith(server.port, {}, "second life").feature.start?.();
    await becomes(id, { state: "sent", attempts: 2 });
    expect(server.arrived.map(({ mail }) => mail.messageId)).toEqual([`<${id}@hatch.example.com>`]);
  });

  test("an outcome whose recording seemed to fail is recorded once, and nothing is sent twice", async () => {
    const database = withFaults(base.database);
    const server = await startServer({
      text() {
        database.loseAnswer(1);
        return "accept";
      },
    });
    await roomWith(server.port, { database }).feature.start?.();
    const [id] = await write(DRAFT);
    await base.clock.advance(SECOND);
    await becomes(id, { state: "sent" });
    await leap(5 * MINUTE);
    expect(database.struck()).toBeTrue();
    expect(server.offered()).toBe(1);
  });

  test("a claim that seemed to fail is made again once its time is over", async () => {
    const database = withFaults(base.database);
    const server = await startServer();
    await roomWith(server.port, { database }).feature.start?.();
    const [id] = await write(DRAFT);
    database.loseAnswer(1);
    await base.clock.advance(SECOND);
    await becomes(id, { attempts: 1, state: "waiting" });
    expect(database.struck()).toBeTrue();
    await leap(2 * MINUTE);
    await becomes(id, { attempts: 2, state: "sent" });
    expect(server.offered()).toBe(1);
  });

  test("stopping waits for what is under way, and hands back what does not end", async () => {
    const server = await startServer({ text: () => "hang" });
    const mail = roomWith(server.port);
    await mail.feature.start?.();
    const [id] = await write(DRAFT);
    await base.clock.advance(SECOND);
    await eventually(() => expect(server.offered()).toBe(1));
    const stopped = mail.feature.stop?.(new AbortController().signal);
    await base.clock.advance(8 * SECOND);
    await stopped;
    await mail.feature.stop?.(AT_ONCE);
    const row = await rowOf(id);
    expect(row).toMatchObject({ state: "waiting", last_error: expect.stringContaining("The process stopped") });
    expect(row.due_at).toBeLessThanOrEqual(base.clock.now());
  });
});

describe("what it says", () => {
  test("stands nowhere in plain, neither in the database nor in the log", async () => {
    const server = await startServer({ text: () => ({ code: 554, says: `No ${TOKEN} here` }) });
    const mail = roomWith(server.port);
    await mail.feature.start?.();
    const [id] = await write(DRAFT);
    await base.clock.advance(SECOND);
    await becomes(id, { state: "failed" });
    await mail.show(OPERATOR, id ?? expect.unreachable());
    const rows = await Promise.all(
      ["mails", "audit_entries", "jobs"].map((table) =>
        base.database.read((reader) => reader.all(`SELECT * FROM ${table}`)),
      ),
    );
    for (const text of [JSON.stringify(rows), base.logged.join("\n")]) {
      expect(text).not.toContain(TOKEN);
      expect(text).not.toContain("invitations#");
    }
  });

  test("does not open with another root key, and the mail fails", async () => {
    const server = await startServer();
    const [id] = await write(DRAFT);
    const keyring = createKeyring(base.chance.bytes(32), base.chance);
    const mail = roomWith(server.port, { keyring });
    await mail.feature.start?.();
    await becomes(id, { state: "failed", last_error: "What it says does not open with the root key." });
    expect(await mail.feature.examine?.({ ...base, keyring })).toContainEqual({
      check: "mail.contents",
      ok: false,
      message: expect.stringContaining("1 mails do not open"),
    });
    expect(server.conversations()).toBe(0);
  });

  test("is shown to the operator, who is remembered for it in the workspace's audit log", async () => {
    const mail = roomWith(undefined);
    const [id = expect.unreachable()] = await write({ ...DRAFT, workspaceId: principal.workspaceId });
    const { text, html } = DRAFT;
    expect(await mail.show(OPERATOR, id)).toMatchObject({ mail: { id, state: "waiting" }, content: { text, html } });
    const [entry] = await base.database.read((reader) =>
      reader.all("SELECT workspace_id, actor, action, target FROM audit_entries ORDER BY sequence DESC LIMIT 1"),
    );
    expect(entry).toEqual({ workspace_id: principal.workspaceId, actor: "operator", action: "mail.shown", target: id });
    await expect(mail.show(OPERATOR, base.ids.next("mail"))).rejects.toThrow("The mail was not found.");
    expect(JSON.stringify(await mail.list({ state: undefined, limit: 10 }))).not.toContain(TOKEN);
  });
});

describe("what is told of it", () => {
  test("metrics count what waits, what failed, how old, and every try by its meaning", async () => {
    const server = await startServer({
      recipient: (to) => (to.startsWith("no") ? { code: 550, says: "No" } : "accept"),
      text: (_, raw) => (raw.includes("later@") ? { code: 451, says: "Later" } : "accept"),
    });
    await roomWith(server.port).feature.start?.();
    const ids = await write(DRAFT, { ...DRAFT, to: "nobody@example.com" }, { ...DRAFT, to: "later@example.com" });
    await base.clock.advance(SECOND);
    await becomes(ids[0], { state: "sent" });
    await becomes(ids[1], { state: "failed" });
    await becomes(ids[2], { attempts: 1, last_error: expect.anything() as unknown as string });
    await base.clock.advance(20 * SECOND);
    const text = await metricsText();
    for (const line of [
      "hatch_mail_waiting 1",
      "hatch_mail_failed 1",
      "hatch_mail_oldest_waiting_age_seconds 21",
      'hatch_mail_attempts_total{outcome="sent"} 1',
      'hatch_mail_attempts_total{outcome="failed"} 1',
      'hatch_mail_attempts_total{outcome="retried"} 1',
    ]) {
      expect(text).toContain(`${line}\n`);
    }
  });

  test("doctor finds nothing where all is well, and tells of what failed and of what is late", async () => {
    const server = await startServer({ recipient: () => ({ code: 550, says: "No such user" }) });
    const mail = roomWith(server.port);
    const examine = async () =>
      (await mail.feature.examine?.({ ...base, config: { ...base.config, mail: settingsOf(1) } })) ?? [];
    expect((await examine()).map(({ ok }) => ok)).toEqual([true, true, true]);
    await mail.feature.start?.();
    const [id] = await write(DRAFT);
    await base.clock.advance(SECOND);
    await becomes(id, { state: "failed" });
    await mail.feature.stop?.(AT_ONCE);
    await write({ ...DRAFT, kind: "notice" });
    base.clock.set(addMs(base.clock.now(), 20 * MINUTE));
    const findings = await examine();
    expect(findings.map(({ check, ok }) => [check, ok])).toEqual([
      ["mail.waiting", false],
      ["mail.failed", false],
      ["mail.contents", true],
    ]);
    expect(findings[0]?.message).toContain("1 mails wait, the oldest for 20 minutes");
    expect(findings[1]?.message).toContain("The last: The server does not accept the recipient: 550 No such user");
  });

  test("after thirty days nothing is left of it; what a failed one said goes when it expires", async () => {
    const server = await startServer({ recipient: () => ({ code: 550, says: "No" }) });
    const mail = roomWith(server.port);
    await mail.feature.start?.();
    const [id] = await write(DRAFT);
    await base.clock.advance(SECOND);
    await becomes(id, { state: "failed" });
    await mail.feature.stop?.(AT_ONCE);
    expect(await retain(base, MAIL_RETENTION)).toEqual({ mailContents: 0, mails: 0 });
    base.clock.set(addMs(base.clock.now(), 8 * DAY));
    expect(await retain(base, MAIL_RETENTION)).toEqual({ mailContents: 1, mails: 0 });
    await expect(mail.retry(OPERATOR, id)).rejects.toThrow("it has expired, and what it said is gone");
    base.clock.set(addMs(base.clock.now(), 23 * DAY));
    expect(await retain(base, MAIL_RETENTION)).toEqual({ mailContents: 0, mails: 1 });
    expect(await base.database.read((reader) => reader.all("SELECT id FROM mails"))).toEqual([]);
  });
});

describe("a test mail", () => {
  test("goes out at once, past the outbox, and tells what the server said", async () => {
    const server = await startServer();
    const tested = await roomWith(server.port).test(OPERATOR, "ada@Bücher.example");
    expect(tested).toMatchObject({
      ok: true,
      to: "ada@xn--bcher-kva.example",
      server: `127.0.0.1:${server.port} (none)`,
    });
    expect(server.arrived[0]?.mail.subject).toBe("Hatch: mail works");
    expect(server.arrived[0]?.mail.html).toContain("https://hatch.example.com");
    expect(await base.database.read((reader) => reader.all("SELECT id FROM mails"))).toEqual([]);
    const actions = await base.database.read((reader) => reader.all("SELECT action, details FROM audit_entries"));
    expect(actions).toEqual([{ action: "mail.tested", details: '{"ok":true}' }]);
  });

  test("that fails says why and what to do next", async () => {
    const server = await startServer({ recipient: () => ({ code: 550, says: "Relay access denied" }) });
    expect(await roomWith(server.port).test(OPERATOR, "ada@example.com")).toMatchObject({
      ok: false,
      failure: "recipient",
      message: "The server does not accept the recipient: 550 Relay access denied",
      advice: expect.stringContaining("mail.user"),
    });
  });

  test("needs a mail server and an address", async () => {
    await expect(roomWith(undefined).test(OPERATOR, "ada@example.com")).rejects.toThrow("No mail server is set.");
    await expect(roomWith(undefined).test(OPERATOR, "ada")).rejects.toThrow("The request is not valid.");
  });
});
