import { type Clock, systemClock } from "../../src/kernel/clock.ts";
import type { UnixMs } from "../../src/kernel/units.ts";
import { claim, type OpenApp, openApp } from "./app.ts";
import { createCertificates } from "./certificates.ts";
import { TEST_CONFIG } from "./context.ts";
import { freePort } from "./free-port.ts";
import { type Arrived, type MailServer, startMailServer } from "./mail-server.ts";
import { type Received, type Receiver, startReceiver } from "./receiver.ts";

// A day on which much goes wrong, lived through for real: a server, a mail server, endpoints that each fail in their own
// way. Time goes as it does, but for the night, which is skipped.

export interface BadDay {
  readonly app: OpenApp;
  readonly mail: Arrived;
  /** The digest as the endpoint that asked for it got it, and the secret that it was signed with. */
  readonly webhook: Received;
  readonly secret: string;
  /** The subscription whose endpoint refuses the signature. */
  readonly refusing: string;
  readonly keys: { readonly live: string; readonly test: string };
  close(): Promise<void>;
}

const ZONE = "Europe/Berlin";
const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLwSw";

/** The clock of this machine, moved by as much as it is told. */
function movedClock(start: number): Clock & { moveTo(at: number): void } {
  let ahead = start - systemClock.now();
  return {
    ...systemClock,
    now: () => (systemClock.now() + ahead) as UnixMs,
    moveTo: (at) => {
      ahead = at - systemClock.now();
    },
  };
}

async function waitUntil(isSo: () => Promise<boolean>, what: string): Promise<void> {
  for (const end = Date.now() + 30_000; !(await isSo()); await Bun.sleep(25)) {
    if (Date.now() > end) throw new Error(`it never came: ${what}`);
  }
}

export async function liveBadDay(): Promise<BadDay> {
  const closing: (() => unknown)[] = [];
  const port = freePort();
  const mail: MailServer = await startMailServer();
  closing.push(() => mail.close());
  const clock = movedClock(Date.parse("2026-11-19T13:04:58Z"));
  const app = await openApp(
    {
      adminListener: { host: "127.0.0.1", port: 0 },
      server: { host: "127.0.0.1", port, publicUrl: `http://localhost:${port}` },
      webhooks: { ...TEST_CONFIG.webhooks, allowNetworks: ["127.0.0.0/8"], timeout: 1_000 as never },
      digest: { at: "08:00", zone: ZONE, mail: "traffic" },
      limits: { ...TEST_CONFIG.limits, anonymousPerMinute: 0 },
      mail: {
        host: "127.0.0.1",
        port: mail.port,
        tls: "none",
        user: undefined,
        from: { address: "hatch@riverside.example", name: "Hatch" },
        replyTo: undefined,
        timeout: 10_000,
      } as never,
    },
    { clock },
  );
  closing.push(() => app.close());
  const keys = await claim(app);
  const count = async (sql: string): Promise<number> =>
    (await app.context.database.read((reader) => reader.get<{ n: number }>(sql)))?.n ?? 0;
  // The first look only begins to count; the next one tells.
  await waitUntil(async () => (await count("SELECT COUNT(*) AS n FROM digests")) === 1, "the first look");

  const call = async (method: string, path: string, body: unknown, key = keys.live) => {
    const response = await fetch(`${app.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response.json() as Promise<{ id: string }>;
  };
  const endpoint = (answer: (index: number) => Response | Promise<Response>): Receiver => {
    const made = startReceiver((_, index) => answer(index));
    closing.push(() => made.stop());
    return made;
  };
  const at = (receiver: Receiver, path: string): string => receiver.url + path;
  const subscribe = (fields: object, key?: string) =>
    call("POST", "/v1/webhooks", { events: ["lesson_completed"], secret: SECRET, ...fields }, key);
  const status = (code: number) => () => new Response("", { status: code });

  const certificates = createCertificates();
  closing.push(() => certificates.remove());
  const secure = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    tls: certificates.issue("127.0.0.1", "past"),
    fetch: () => new Response(),
  });
  closing.push(() => secure.stop(true));
  const listener = endpoint(status(200));

  for (const key of [keys.live, keys.test]) {
    await call("PUT", "/v1/event-types/lesson_completed", { forward: true }, key);
    await call("PUT", "/v1/event-types/week_closed", { forward: true }, key);
  }
  const well = ["/webhooks/hatch", "/billing/events", "/search/index", "/mails"];
  for (const path of well) await subscribe({ endpoint: at(endpoint(status(200)), path) });
  const { id: refusing } = await subscribe({
    endpoint: at(endpoint(status(401)), "/crm/inbound?token=do-not-show"),
    description: "CRM",
  });
  await subscribe({ endpoint: at(endpoint(status(410)), "/old-shop/hooks"), description: "The shop before the move" });
  await subscribe({
    endpoint: at(endpoint(status(503)), "/warehouse"),
    description: "Warehouse",
    pauseAfter: 1,
    pauseFor: "24h",
  });
  await subscribe({ endpoint: `https://127.0.0.1:${secure.port}/partners`, description: "Partners", retryDelays: [] });
  const slow = endpoint(() => Bun.sleep(700).then(() => new Response()));
  await subscribe({ endpoint: at(slow, "/reports"), description: "Reports", events: ["week_closed"] });
  const hanging = endpoint(() => Bun.sleep(1_600).then(() => new Response()));
  await subscribe({ endpoint: at(hanging, "/analytics"), events: ["week_closed"], retryDelays: ["1s", "24h"] });
  await subscribe({ endpoint: at(listener, "/ops/digest"), events: ["digest.daily"], description: "Operations" });
  await subscribe({ endpoint: at(endpoint(status(404)), "/staging/hooks"), description: "Staging" }, keys.test);
  await subscribe({ endpoint: at(endpoint(status(200)), "/webhooks/hatch") }, keys.test);

  for (let index = 0; index < 40; index++) {
    await call("POST", "/v1/events", {
      type: "lesson_completed",
      userId: `user_${index % 7}`,
      properties: { score: 94 },
    });
    if (index % 10 === 9) await Bun.sleep(300);
  }
  for (let index = 0; index < 3; index++) await call("POST", "/v1/events", { type: "week_closed", userId: "user_1" });
  for (let index = 0; index < 6; index++) {
    await call("POST", "/v1/events", { type: "lesson_completed", userId: "user_1" }, keys.test);
  }
  const open = `SELECT COUNT(*) AS n FROM deliveries WHERE status = 'sending' OR (status = 'pending' AND due_at <= ${clock.now() + 3_600_000} AND failures < 2
    AND subscription_id IN (SELECT id FROM subscriptions WHERE status = 'active'))`;
  await waitUntil(async () => (await count(open)) === 0, "the end of the day");

  clock.moveTo(Date.parse("2026-11-20T06:59:59Z"));
  await waitUntil(
    async () => mail.arrived.some(({ mail: { subject = "" } }) => subject.includes("need you")),
    "the mail",
  );
  const [webhook] = await listener.arrived(1);
  const digest = mail.arrived.find(({ mail: { subject = "" } }) => subject.includes("need you"));
  if (!webhook || !digest) throw new Error("no digest");
  return {
    app,
    mail: digest,
    webhook,
    secret: SECRET,
    refusing,
    keys,
    async close() {
      for (const close of closing.toReversed()) await close();
    },
  };
}
