import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type App, createApp } from "../src/app.ts";
import type { Config } from "../src/config/config.ts";
import { systemClock } from "../src/kernel/clock.ts";
import { createLog } from "../src/kernel/log.ts";
import { durationMs } from "../src/kernel/units.ts";
import { eventually } from "./support/clock.ts";
import { TEST_CONFIG } from "./support/context.ts";
import { type MailServer, startMailServer } from "./support/mail-server.ts";
import { openTestProvider, type TestProvider } from "./support/oidc-provider.ts";

// Every kind of credential is made and used, rightly and wrongly. Then each of them is looked for where it must not be:
// in the log, in the files of the database, and in every answer but the one that hands it over.

const PUBLIC_URL = "https://hatch.example.com";
const ORIGIN = "https://app.example.com";
const PASSWORD = "a first horse battery 4471";
const MAIL_PASSWORD = "the-mail-server-password-9914";
const WEBHOOK_SECRET = "a-secret-that-the-customer-chose-themselves-3307";
const BOT_TOKEN = "AAF-a-token-of-a-bot-6612";
const WEBHOOK_HEADER = "what-the-receiver-wants-to-see-5521";

/** The answers that hand a credential over, by the route; nowhere else may it be seen. */
interface Secret {
  readonly kind: string;
  readonly text: string;
  readonly shownBy: readonly string[];
}

const FORM = /^(?:h\w+_|whsec_|eyJ)/;

interface Answered {
  readonly route: string;
  readonly status: number;
  readonly headers: string;
  readonly text: string;
}

let directory: string;
let app: App;
let mailServer: MailServer;
let provider: TestProvider;
const logged: string[] = [];
const answers: Answered[] = [];
const secrets: Secret[] = [];

const keep = (kind: string, text: string, ...shownBy: readonly string[]): string => {
  if (text.length < 6) throw new Error(`${kind} is missing: ${JSON.stringify(text)}`);
  secrets.push({ kind, text, shownBy });
  return text;
};

const routeOf = (method: string, path: string): string =>
  `${method} ${path.split("?")[0]?.replaceAll(/\/(?:acc|key|sub|wst|inv|ws|ses)_[0-9a-z]{26}/g, "/:id")}`;

interface Called {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: a flow reads credentials out of answers
  readonly body: any;
}

async function call(
  method: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  body?: unknown,
): Promise<Called> {
  const json = body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) };
  const request = new Request(`http://localhost${path}`, {
    method,
    headers: { "content-type": "application/json", ...headers },
    ...json,
  });
  const response = await app.fetch(request);
  const text = await response.text();
  const shown = [...response.headers].filter(([name]) => name !== "set-cookie").join("\n");
  answers.push({ route: routeOf(method, path), status: response.status, headers: shown, text });
  const isJson = response.headers.get("content-type")?.includes("json") && text !== "";
  return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : undefined };
}

interface Browser {
  readonly cookie: string;
  readonly csrf: string;
}

const LOGIN = "POST /v1/auth/login";
const FACTOR = "POST /v1/auth/factor";

/** Keeps the cookies of an answer apart: each is a credential of its own. */
function browserOf({ headers, body }: Called): Browser {
  const set = headers.getSetCookie().map((one) => one.split(";")[0] ?? "");
  const cookies = set.filter((cookie) => !cookie.endsWith("="));
  for (const cookie of cookies) keep(`cookie ${cookie.split("=")[0]}`, cookie.slice(cookie.indexOf("=") + 1));
  const csrf = body?.csrf as string | undefined;
  if (csrf !== undefined)
    keep("token of a session's forms", csrf, LOGIN, FACTOR, "GET /v1/me", "POST /v1/auth/refresh");
  return { cookie: cookies.join("; "), csrf: csrf ?? "" };
}

const by = ({ cookie, csrf }: Browser): Record<string, string> => ({
  cookie,
  "x-hatch-csrf": csrf,
  "sec-fetch-site": "same-origin",
});
const bearer = (secret: string): Record<string, string> => ({ authorization: `Bearer ${secret}` });

const signIn = async (email: string, password: string): Promise<Called> =>
  call("POST", "/v1/auth/login", {}, { email, password });

/** What a mailed link holds. */
async function mailed(to: string, kind: RegExp): Promise<string> {
  return eventually(() => {
    const mail = mailServer.arrived.findLast(
      ({ to: recipients, mail }) => recipients.includes(to) && kind.test(mail.text ?? ""),
    );
    const token = /#(h[il]t_\w+)/.exec(mail?.mail.text ?? "")?.[1];
    if (token === undefined) throw new Error(`no mail to ${to}`);
    return token;
  });
}

function codeOf(secretInBase32: string): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const bits = [...secretInBase32].map((letter) => alphabet.indexOf(letter).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)));
  const digest = createHmac("sha1", key).update(counter).digest();
  const offset = (digest.at(-1) ?? 0) & 15;
  return String((digest.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "hatch-secrets-"));
  mailServer = await startMailServer({ login: { user: "hatch", password: MAIL_PASSWORD } });
  provider = await openTestProvider(`${PUBLIC_URL}/v1/auth/oidc/callback`);
  provider.people.set("ben", { email: "ben@example.com", emailVerified: true, groups: ["staff"] });
  const config: Config = {
    ...TEST_CONFIG,
    dataDirectory: directory,
    server: { host: "127.0.0.1", port: 0, publicUrl: PUBLIC_URL },
    limits: { secretKeyPerMinute: 0, browserPerMinute: 0, anonymousPerMinute: 0, failedAuthPerMinute: 0 },
    mail: {
      host: "127.0.0.1",
      port: mailServer.port,
      tls: "none",
      user: "hatch",
      from: { address: "hatch@example.com" },
      replyTo: undefined,
      timeout: durationMs(5_000),
    },
    oidc: {
      issuer: provider.issuer,
      clientId: provider.clientId,
      name: "Example login",
      groupsClaim: "groups",
      roles: [{ group: "staff", role: "viewer", workspaceId: undefined }],
      required: false,
    },
  };
  app = await createApp({
    config,
    log: createLog({ clock: systemClock, level: "debug", write: (line) => logged.push(line) }),
    clock: systemClock,
    findRootKey: () => undefined,
    mailPassword: MAIL_PASSWORD,
    oidcClientSecret: provider.clientSecret,
    onClaimed: () => {},
  });
  await app.start();
}, 30_000);

afterAll(async () => {
  await app.stop(AbortSignal.timeout(5_000));
  await mailServer.close();
  await provider.close();
  rmSync(directory, { recursive: true, force: true });
});

describe("every kind of credential is made and used", () => {
  let owner: Browser;
  let keys: { readonly live: string; readonly test: string };
  let environment: string;

  test("those of the installation, and the first keys", async () => {
    const rootKey = readFileSync(join(directory, "root.key"), "utf8").trim();
    keep("root key", rootKey);
    const bytes = Buffer.from(rootKey, /^[0-9a-f]{64}$/.test(rootKey) ? "hex" : "base64");
    keep("root key in hex", bytes.toString("hex"));
    keep("root key in base64", bytes.toString("base64"));
    keep("root key in base64url", bytes.toString("base64url"));
    keep("password of the mail server", MAIL_PASSWORD);
    keep("secret of the client at the provider", provider.clientSecret);
    const token = keep("set-up token", (await app.access.createSetupToken()) ?? "");
    keep("password", PASSWORD);
    const form = { token, email: "ada@example.com", password: PASSWORD, workspace: "Acme" };
    expect((await call("POST", "/v1/auth/setup", {}, { ...form, token: `${token}x` })).status).toBe(401);
    const made = await call("POST", "/v1/auth/setup", {}, form);
    expect(made.status).toBe(201);
    const { live, test } = made.body.environments;
    keys = { live: live.secretKey, test: test.secretKey };
    keep("secret key for live", keys.live, "POST /v1/auth/setup");
    keep("secret key for test", keys.test, "POST /v1/auth/setup");
    environment = test.id;
    expect((await call("POST", "/v1/auth/setup", {}, form)).status).toBe(409);
  });

  test("keys and tokens", async () => {
    const twice = { ...bearer(keys.test), "idempotency-key": "once" };
    const key = await call("POST", "/v1/keys", twice, { name: "Backend" });
    keep("secret key", key.body.secretKey, "POST /v1/keys");
    expect((await call("POST", "/v1/keys", twice, { name: "Backend" })).headers.get("idempotency-replayed")).toBe(
      "true",
    );
    const rotated = await call("POST", `/v1/keys/${key.body.id}/rotate`, bearer(keys.test), {});
    keep("secret key after its rotation", rotated.body.secretKey, "POST /v1/keys/:id/rotate");
    expect((await call("GET", "/v1/members", bearer(rotated.body.secretKey))).status).toBe(200);
    const wanted = { userId: "user_42", scopes: ["progress:read"], origin: ORIGIN };
    const widget = await call("POST", "/v1/widget-sessions", bearer(keys.test), wanted);
    keep("widget token", widget.body.token, "POST /v1/widget-sessions");
    const embed = await call("POST", "/v1/embed-tokens", bearer(keys.test), { userId: "user_42" });
    keep("embed token", embed.body.token, "POST /v1/embed-tokens");
    expect((await call("GET", "/v1/widget/state", { ...bearer(widget.body.token), origin: ORIGIN })).status).toBe(200);
    expect((await call("GET", "/v1/widget/state", bearer(widget.body.token))).status).toBe(403);
    for (const secret of [key.body.secretKey, widget.body.token]) {
      expect((await call("POST", "/v1/credentials/inspect", bearer(keys.test), { credential: secret })).status).toBe(
        200,
      );
    }
    expect((await call("POST", "/v1/keys/report-leak", {}, { key: key.body.secretKey })).status).toBe(202);
  });

  test("secrets of webhooks", async () => {
    const wanted = { endpoint: "https://hatch-test.invalid/hook", events: ["*"] };
    const made = await call("POST", "/v1/webhooks", bearer(keys.test), wanted);
    keep("secret of a webhook", made.body.secret, "POST /v1/webhooks");
    const rotated = await call("POST", `/v1/webhooks/${made.body.id}/rotate-secret`, bearer(keys.test), {});
    keep("secret of a webhook after its rotation", rotated.body.secret, "POST /v1/webhooks/:id/rotate-secret");
    keep("secret of a webhook, chosen", WEBHOOK_SECRET);
    keep("header of a webhook", WEBHOOK_HEADER);
    const own = { ...wanted, secret: WEBHOOK_SECRET, headers: { "x-receiver": WEBHOOK_HEADER } };
    const chosen = await call("POST", "/v1/webhooks", bearer(keys.test), own);
    expect(chosen.status).toBe(201);
    await call("POST", `/v1/webhooks/${chosen.body.id}/test`, bearer(keys.test), { event: "level.changed" });
    await call("POST", "/v1/webhooks", bearer(keys.test), { ...own, secret: WEBHOOK_SECRET.slice(0, 20) });
    await call("GET", `/v1/webhooks/${chosen.body.id}`, bearer(keys.test));
    keep("token of a bot", BOT_TOKEN);
    const endpoint = `https://api.telegram.org/bot123456:${BOT_TOKEN}/sendMessage`;
    const bot = { ...wanted, endpoint, preset: { name: "telegram", chatId: "-100" } };
    const told = await call("POST", "/v1/webhooks", bearer(keys.test), bot);
    expect(told.status).toBe(201);
    await call("GET", `/v1/webhooks/${told.body.id}`, bearer(keys.test));
    await call("POST", `/v1/webhooks/${told.body.id}/preview`, bearer(keys.test), {});
    await call("PATCH", `/v1/webhooks/${told.body.id}`, bearer(keys.test), { preset: null, active: false });
    await call("POST", "/v1/webhooks", bearer(keys.test), { ...bot, endpoint: endpoint.slice(0, -4) });
    await eventually(async () => {
      const { body } = await call("GET", "/v1/deliveries", bearer(keys.test));
      expect(body.data.some(({ attempts }: { attempts: number | unknown[] }) => attempts !== 0)).toBe(true);
    });
  });

  test("sessions, and what is mailed", async () => {
    expect((await signIn("ada@example.com", `${PASSWORD}x`)).status).toBe(401);
    owner = browserOf(await signIn("ada@example.com", PASSWORD));
    expect((await call("GET", "/v1/me", by(owner))).status).toBe(200);
    const refresh = /(?:^|; )[\w-]*hatch_refresh=([^;]+)/.exec(owner.cookie)?.[1] ?? "";
    keep("refresh token", refresh);
    owner = browserOf(await call("POST", "/v1/auth/refresh", { cookie: owner.cookie }));
    const at = `?environment=${environment}`;
    await call("POST", `/v1/invitations${at}`, by(owner), { email: "cara@example.com", role: "developer" });
    const invitation = keep("token of an invitation", await mailed("cara@example.com", /./));
    await call("POST", "/v1/auth/invitations/read", {}, { token: invitation });
    await call("POST", "/v1/auth/invitations/accept", {}, { token: `${invitation}x`, password: PASSWORD });
    const password = keep("password of who was invited", "a second horse battery 8812");
    const accepted = { token: invitation, password, name: "Cara" };
    expect((await call("POST", "/v1/auth/invitations/accept", {}, accepted)).status).toBeLessThan(300);
    await call("POST", "/v1/auth/password/forgot", {}, { email: "cara@example.com" });
    const reset = keep("token of a reset", await mailed("cara@example.com", /#hlt_/));
    const next = keep("password after a reset", "a third horse battery 6630");
    await call("POST", "/v1/auth/password/reset", {}, { token: `${reset}x`, password: next });
    expect((await call("POST", "/v1/auth/password/reset", {}, { token: reset, password: next })).status).toBeLessThan(
      300,
    );
    const cara = browserOf(await signIn("cara@example.com", next));
    const changed = { email: "cara@new.example.com", password: next };
    expect((await call("POST", "/v1/me/email", by(cara), changed)).status).toBe(202);
    const fromNew = keep("token of a new address", await mailed("cara@new.example.com", /#hlt_/));
    await call("POST", "/v1/auth/email/confirm", {}, { token: fromNew });
    const accounts = (await call("GET", "/v1/accounts?email=cara@example.com", by(owner))).body.data;
    const path = `/v1/accounts/${accounts[0].id}/one-time-password`;
    const given = await call("POST", path, by(owner), { reason: "lost it" });
    const oneTime = keep("one-time password", given.body.password, "POST /v1/accounts/:id/one-time-password");
    expect((await signIn("cara@example.com", oneTime)).status).toBe(200);
  }, 30_000);

  test("a second factor", async () => {
    const offered = await call("POST", "/v1/me/second-factor", by(owner));
    const secret = keep("secret of a second factor", offered.body.secret, "POST /v1/me/second-factor");
    await call("POST", "/v1/me/second-factor/confirm", by(owner), { code: "000000" });
    const code = codeOf(secret);
    const confirmed = await call("POST", "/v1/me/second-factor/confirm", by(owner), { code });
    const codes = confirmed.body.recoveryCodes as readonly string[];
    for (const one of codes) keep("recovery code", one, "POST /v1/me/second-factor/confirm");
    const begun = await signIn("ada@example.com", PASSWORD);
    const challenge = keep("challenge", begun.body.challenge, LOGIN);
    await call("POST", "/v1/auth/factor", {}, { challenge, code: "wrong" });
    const answered = await call("POST", "/v1/auth/factor", {}, { challenge, code: codes[0] });
    expect(answered.status).toBe(200);
    browserOf(answered);
  });

  test("a sign-in at an identity provider", async () => {
    const started = await call("GET", "/v1/auth/oidc/start");
    const attempt = browserOf(started);
    const back = await provider.walk(started.headers.get("location") ?? "", "ben");
    keep("code of the provider", new URL(back).searchParams.get("code") ?? "");
    const answer = await call("GET", back.slice(PUBLIC_URL.length), { cookie: attempt.cookie });
    expect(answer.headers.get("location")).toBe("/");
    browserOf(answer);
  });

  test("and each of them is used where it does not belong", async () => {
    for (const { text } of [...secrets]) {
      const encoded = encodeURIComponent(text);
      await call("GET", "/v1/me", bearer(text));
      await call("GET", `/v1/members?after=${encoded}`, bearer(keys.test));
      await call("GET", `/v1/members?after=${encoded}`, bearer(text));
      // Paths are kept with what was refused there: what has a form of ours is cut on the way.
      if (FORM.test(text)) {
        await call("GET", `/v1/webhooks/${encoded}`, bearer(keys.test));
        await call("GET", `/v1/webhooks/${encoded}`, bearer(text));
        await call("GET", `/nowhere/${encoded}`, { accept: "text/html" });
      }
      await call("POST", "/v1/webhooks", bearer(keys.test), `{"endpoint": "${text}`);
      await call("POST", "/v1/webhooks", bearer(keys.test), { endpoint: text, events: [text] });
      await call("POST", "/v1/auth/login", {}, { email: "ada@example.com", password: [text] });
      await call("POST", "/v1/credentials/inspect", bearer(keys.test), { credential: text });
      await call("GET", "/v1/me", { cookie: `__Host-hatch_session=${text}` });
    }
  });
});

describe("and is found nowhere after that", () => {
  /** As it is, and as it stands in an address. */
  const spellingsOf = ({ text }: Secret): readonly string[] => [...new Set([text, encodeURIComponent(text)])];

  test("there is something to look for, of every kind", () => {
    const kinds = new Set(secrets.map(({ kind }) => kind));
    expect(kinds.size).toBeGreaterThan(25);
    expect(secrets.length).toBeGreaterThan(40);
    expect(answers.filter(({ status }) => status >= 400).length).toBeGreaterThan(200);
  });

  test("in the log", () => {
    const text = logged.join("");
    expect(logged.length).toBeGreaterThan(5);
    const found = secrets.filter((secret) => spellingsOf(secret).some((spelling) => text.includes(spelling)));
    expect(found.map(({ kind }) => kind)).toEqual([]);
  });

  test("in an answer, but the one that hands it over", () => {
    const found = answers.flatMap(({ route, status, headers, text }) =>
      secrets
        .filter(({ shownBy }) => !(status < 300 && shownBy.includes(route)))
        .filter((secret) =>
          spellingsOf(secret).some((spelling) => text.includes(spelling) || headers.includes(spelling)),
        )
        .map(({ kind }) => `${kind} in the answer of ${route} (${status})`),
    );
    expect([...new Set(found)]).toEqual([]);
  });

  test("in the files of the database, the one that waits to be written back too", async () => {
    // What was refused is written a moment later.
    await eventually(async () => {
      const count = "SELECT COUNT(*) AS kept FROM refused_requests";
      const row = await app.context.database.read((reader) => reader.get<{ kept: number }>(count));
      expect(row?.kept).toBeGreaterThan(50);
    });
    const files = readdirSync(directory, { recursive: true, encoding: "utf8" })
      .map((name) => join(directory, name))
      .filter((path) => statSync(path).isFile() && !path.endsWith("root.key"));
    expect(files.some((path) => path.endsWith("hatch.db-wal"))).toBe(true);
    const found = files.flatMap((path) => {
      const bytes = existsSync(path) ? readFileSync(path) : Buffer.alloc(0);
      return secrets
        .filter((secret) => spellingsOf(secret).some((spelling) => bytes.includes(spelling)))
        .map(({ kind }) => `${kind} in ${path.slice(directory.length + 1)}`);
    });
    expect([...new Set(found)]).toEqual([]);
  });

  test("though the search finds what is there", () => {
    const rows = readFileSync(join(directory, "hatch.db-wal"));
    expect(rows.includes("cara@example.com")).toBe(true);
    const handedOver = answers.filter(({ route }) => route === "POST /v1/keys");
    expect(handedOver.some(({ text }) => secrets.some((secret) => text.includes(secret.text)))).toBe(true);
  });
});
