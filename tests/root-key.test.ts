import { Database as SqliteFile } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type App, createApp } from "../src/app.ts";
import { findRootKey } from "../src/config/root-key.ts";
import { totpCode } from "../src/features/access/second-factor/totp.ts";
import { signAllHeads } from "../src/journal/audit-checkpoint.ts";
import { verifyAudit } from "../src/journal/audit-verify.ts";
import { systemClock } from "../src/kernel/clock.ts";
import { type SealedColumn, sealedBy, WrongKeyError } from "../src/kernel/crypto.ts";
import { createLog } from "../src/kernel/log.ts";
import type { Principal } from "../src/kernel/principal.ts";
import { addMs, MINUTE } from "../src/kernel/units.ts";
import { claim } from "./support/app.ts";
import { TEST_CONFIG } from "./support/context.ts";
import { startReceiver } from "./support/receiver.ts";
import { WITH_MAIL } from "./support/team.ts";

const OPERATOR = { kind: "operator", request: { id: "test" } } as Principal;
const key = (fill: number): string => Buffer.alloc(32, fill).toString("base64");
const FIRST = { WEBHOOK_ENCRYPTION_KEY: key(1) };
const BOTH = { WEBHOOK_ENCRYPTION_KEY: key(2), WEBHOOK_ENCRYPTION_KEY_PREVIOUS: key(1) };
const SECOND = { WEBHOOK_ENCRYPTION_KEY: key(2) };

let dataDirectory: string;
let aheadMs = 0;
let app: App | undefined;
beforeEach(() => {
  dataDirectory = mkdtempSync(join(tmpdir(), "hatch-root-key-"));
  aheadMs = 0;
});
afterEach(async () => {
  await close();
  rmSync(dataDirectory, { recursive: true });
});

async function close(): Promise<void> {
  await app?.stop(AbortSignal.timeout(5_000));
  app = undefined;
}

const clock = { ...systemClock, now: () => addMs(systemClock.now(), aheadMs) };

async function open(environment: Record<string, string>): Promise<App> {
  await close();
  const { server, mail } = WITH_MAIL;
  app = await createApp({
    config: {
      ...TEST_CONFIG,
      dataDirectory,
      server,
      mail,
      http: { ...TEST_CONFIG.http, allowInsecureCookies: true },
      webhooks: { ...TEST_CONFIG.webhooks, allowNetworks: ["127.0.0.0/8"] },
    },
    log: createLog({ clock: systemClock, level: "error", write: (line) => void process.stderr.write(line) }),
    clock,
    findRootKey: () => findRootKey({ environment, dataDirectory, workingDirectory: dataDirectory }),
    onClaimed: () => {},
  });
  return app;
}

const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
function decodeBase32(text: string): Uint8Array {
  const bits = [...text].map((letter) => BASE32.indexOf(letter).toString(2).padStart(5, "0")).join("");
  return Uint8Array.from(bits.match(/.{8}/g) ?? [], (byte) => Number.parseInt(byte, 2));
}

interface Asked {
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
}

async function call(method: string, path: string, { headers = {}, body }: Asked = {}) {
  const response = await (app as App).fetch(
    new Request(`http://localhost:4282${path}`, {
      method,
      headers: { ...headers, ...(body === undefined ? {} : { "content-type": "application/json" }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }),
  );
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    // biome-ignore lint/suspicious/noExplicitAny: an answer is looked at freely
    body: (text === "" ? undefined : JSON.parse(text)) as any,
  };
}

const cookiesOf = (headers: Headers): string =>
  headers
    .getSetCookie()
    .map((cookie) => cookie.split(";")[0])
    .join("; ");

test("what was sealed, hashed and signed before a rotation holds after it, in every room", async () => {
  await open(FIRST);
  const receiver = startReceiver();
  try {
    const { live } = await claim(app as App);
    const bearer = { authorization: `Bearer ${live}` };
    const event = { id: "lesson-1", type: "lesson_completed", userId: "user_42", properties: { score: 94 } };
    await call("PUT", "/v1/event-types/lesson_completed", { headers: bearer, body: { forward: true } });
    expect((await call("POST", "/v1/events", { headers: bearer, body: event })).status).toBe(201);
    const subscribe = {
      headers: { ...bearer, "idempotency-key": "subscribe-1" },
      body: { endpoint: receiver.url, events: ["lesson_completed"], headers: { "X-Team": "blue" } },
    };
    const subscribed = await call("POST", "/v1/webhooks", subscribe);
    expect(subscribed.status).toBe(201);
    const widget = await call("POST", "/v1/widget-sessions", {
      headers: bearer,
      body: { userId: "user_42", scopes: ["progress:read"] },
    });
    const credentials = { email: "ada@riverside.example", password: "correct horse battery" };
    const signedIn = await call("POST", "/v1/auth/login", { body: credentials });
    const browser = {
      cookie: cookiesOf(signedIn.headers),
      "x-hatch-csrf": signedIn.body.csrf,
      "sec-fetch-site": "same-origin",
    };
    const offered = await call("POST", "/v1/me/second-factor", { headers: browser });
    const codeOf = (): string => totpCode(decodeBase32(offered.body.secret), clock.now());
    const confirmed = await call("POST", "/v1/me/second-factor/confirm", {
      headers: browser,
      body: { code: codeOf() },
    });
    expect(confirmed.status).toBe(200);
    expect((await call("POST", "/v1/auth/password/forgot", { body: { email: credentials.email } })).status).toBe(202);
    const { context } = app as App;
    const cookie = context.keyring.sealAway("cookie", "an attempt");
    const checkpoint = await signAllHeads(context);

    await open(BOTH);
    expect(await (app as App).encryption.rotate(OPERATOR, { leaveDamaged: false })).toMatchObject({ state: "done" });
    await expect(open(FIRST)).rejects.toBeInstanceOf(WrongKeyError);
    await open(SECOND);
    await (app as App).start();

    const again = await call("POST", "/v1/events", { headers: bearer, body: event });
    expect([again.status, again.body.status]).toEqual([200, "duplicate"]);
    const other = { ...event, properties: { score: 1 } };
    expect((await call("POST", "/v1/events", { headers: bearer, body: other })).body.error.code).toBe("event_conflict");
    const repeated = await call("POST", "/v1/webhooks", subscribe);
    expect([repeated.headers.get("idempotency-replayed"), repeated.body]).toEqual(["true", subscribed.body]);
    expect((await call("GET", `/v1/webhooks/${subscribed.body.id}`, { headers: bearer })).status).toBe(200);
    const shown = await call("GET", "/v1/widget/state", { headers: { authorization: `Bearer ${widget.body.token}` } });
    expect(shown.status).toBe(200);
    expect((await call("GET", "/v1/me", { headers: browser })).status).toBe(200);
    expect((await call("PATCH", "/v1/me", { headers: browser, body: { name: "Ada" } })).status).not.toBe(403);
    aheadMs = MINUTE;
    for (const code of [codeOf, () => confirmed.body.recoveryCodes[0]]) {
      const { challenge } = (await call("POST", "/v1/auth/login", { body: credentials })).body;
      expect((await call("POST", "/v1/auth/factor", { body: { challenge, code: code() } })).status).toBe(200);
    }
    const renewed = (app as App).context;
    expect(renewed.keyring.openReturned("cookie", cookie)).toBe("an attempt");
    async function* lines() {
      yield JSON.stringify(checkpoint);
    }
    const kept = [{ name: "checkpoint.jsonl", lines: lines() }];
    expect((await renewed.database.read((reader) => verifyAudit(renewed, reader, kept))).faults).toEqual([]);
    const next = await call("POST", "/v1/events", { headers: bearer, body: { ...event, id: "lesson-2" } });
    expect(next.status).toBe(201);
    const [got] = await receiver.arrived(1);
    const expected = new Bun.CryptoHasher("sha256", subscribed.body.secret)
      .update(`${got?.headers.get("x-hatch-timestamp")}.${got?.body}`)
      .digest("hex");
    expect(got?.headers.get("x-hatch-signature")).toBe(`sha256=${expected}`);
    expect(got?.headers.get("x-team")).toBe("blue");
    for (const feature of ["encryption.keys", "encryption.values"])
      expect(await findingOf(feature)).toMatchObject({ ok: true });
  } finally {
    receiver.stop();
  }
}, 30_000);

async function findingOf(check: string) {
  const { context, encryption } = app as App;
  return (await encryption.feature.examine?.(context))?.find((finding) => finding.check === check);
}

const MIGRATIONS = join(import.meta.dir, "../migrations");
const named = ({ table, column }: Pick<SealedColumn, "table" | "column">): string => `${table}.${column}`;

/** Columns whose names say that they hold something sealed. */
function sealedByName(sql: string): string[] {
  const plain = sql.replace(/--.*$/gm, "");
  const inTables = [...plain.matchAll(/\bCREATE\s+TABLE\s+(\w+)\s*\(([\s\S]*?)\n\)/g)].flatMap(([, table, body = ""]) =>
    [...body.matchAll(/^\s*((?:\w+_)?sealed)\s/gm)].map(([, column]) => `${table}.${column}`),
  );
  const added = [...plain.matchAll(/\bALTER\s+TABLE\s+(\w+)\s+ADD\s+(?:COLUMN\s+)?((?:\w+_)?sealed)\s/g)].map(
    ([, table, column]) => `${table}.${column}`,
  );
  return [...inTables, ...added];
}

describe("every sealed column", () => {
  test("that a migration names so is declared by its room", async () => {
    const { encryption } = await open(FIRST);
    const files = readdirSync(MIGRATIONS).map((name) => readFileSync(join(MIGRATIONS, name), "utf8"));
    const wanted = files.flatMap(sealedByName);
    expect(wanted).toContain("subscription_secrets.sealed");
    expect(wanted).toContain("subscriptions.headers_sealed");
    const declared = new Set(encryption.columns.map(named));
    expect(wanted.filter((name) => !declared.has(name))).toEqual([]);
    expect(sealedByName("CREATE TABLE a (\n  b_sealed TEXT\n);\nALTER TABLE c ADD COLUMN sealed TEXT;")).toEqual([
      "a.b_sealed",
      "c.sealed",
    ]);
  });

  test("is reached by a rotation: one value in each opens with the other key, and with it alone", async () => {
    const { encryption, context } = await open(FIRST);
    const { columns } = encryption;
    const sealed = columns.map((column) => ({ column, row: `row of ${named(column)}` }));
    const placeOf = ({ column: { table, column }, row }: (typeof sealed)[number]) => ({ table, column, row });
    const texts = sealed.map((one) => context.keyring.seal(placeOf(one), named(one.column)));
    await close();
    const file = new SqliteFile(join(dataDirectory, "hatch.db"));
    file.run("PRAGMA foreign_keys = OFF");
    file.run("PRAGMA ignore_check_constraints = ON");
    for (const [index, { column, row }] of sealed.entries()) {
      const shape = file.query(`PRAGMA table_info(${column.table})`).all() as {
        name: string;
        type: string;
        notnull: number;
      }[];
      const values = new Map(
        shape.filter(({ notnull }) => notnull).map(({ name, type }) => [name, type === "TEXT" ? `x${index}` : 0]),
      );
      values.set(column.column, texts[index] as string).set(column.key, row);
      file.run(
        `INSERT INTO ${column.table} (${[...values.keys()].join(", ")}) VALUES (${[...values].map(() => "?").join(", ")})`,
        [...values.values()],
      );
    }
    file.close();
    await open(BOTH);
    expect(await (app as App).encryption.rotate(OPERATOR, { leaveDamaged: false })).toMatchObject({ state: "done" });
    const { context: after } = await open(SECOND);
    for (const one of sealed) {
      const { table, column, key: keyColumn } = one.column;
      const found = await after.database.read((reader) =>
        reader.get<{ value: string }>(`SELECT ${column} AS value FROM ${table} WHERE ${keyColumn} = ?`, [one.row]),
      );
      expect(sealedBy(found?.value ?? "")).toBe(after.keyring.keyId);
      expect(after.keyring.open(placeOf(one), found?.value ?? "")).toBe(named(one.column));
    }
    expect(sealed.length).toBeGreaterThan(7);
  });
});
