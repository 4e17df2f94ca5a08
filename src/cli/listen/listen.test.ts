import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import config from "../../../hatch.config.ts";
import { claim, type OpenApp, openApp } from "../../../tests/support/app.ts";
import { type Receiver, startReceiver } from "../../../tests/support/receiver.ts";
import { createHatch, type Hatch, type Program, verifyWebhook } from "../../client/index.ts";
import { systemClock } from "../../kernel/clock.ts";
import { addMs, DAY, MINUTE, type UnixMs } from "../../kernel/units.ts";
import type { Connection } from "../connection.ts";
import { paletteFor } from "../view.ts";
import { listen } from "./listen.ts";
import { type Listening, openSubscription } from "./subscription.ts";

let app: OpenApp;
let hatch: Hatch;
let closed = 0;

beforeAll(async () => {
  app = await openApp();
  const { test: key } = await claim(app);
  hatch = createHatch({ url: app.url, key });
  await hatch.program.saveDraft(config.program as unknown as Program);
  await hatch.program.publish();
});
afterAll(() => app.close());

interface Session {
  readonly listening: Listening;
  readonly out: string[];
  readonly error: string[];
  readonly ended: Promise<void>;
  /** Waits until the output says so. */
  says(text: string | RegExp): Promise<string>;
  end(): Promise<void>;
}

const open = new Set<Session>();
const receivers: Receiver[] = [];
afterEach(async () => {
  for (const session of open) await session.end();
  for (const receiver of receivers.splice(0)) receiver.stop();
});

async function start(
  options: {
    events?: string[];
    name?: string;
    secret?: string;
    forwardTo?: string;
    json?: boolean;
    isHeard?: () => boolean;
  } = {},
): Promise<Session> {
  const { events = ["points.earned"], name, secret, forwardTo, json = false, isHeard = () => true } = options;
  const listening = await openSubscription(hatch, { events, name, secret });
  const stopping = new AbortController();
  const out: string[] = [];
  const error: string[] = [];
  const connection: Connection = {
    client: hatch,
    url: app.url,
    environment: "test",
    refresh: async () => connection,
    close: async () => {
      closed += 1;
    },
  };
  const running = listen({
    connection,
    listening,
    forwardTo,
    name,
    json,
    terminal: {
      interactive: false,
      out: (line) => void out.push(line),
      error: (line) => void error.push(line),
      isHeard,
      readInput: async () => "",
    },
    palette: paletteFor(false, undefined),
    stopping: stopping.signal,
  });
  const session: Session = {
    listening,
    out,
    error,
    ended: running,
    async says(text) {
      const giveUpAt = Date.now() + 10_000;
      for (;;) {
        const found = [...out, ...error].find((line) =>
          typeof text === "string" ? line.includes(text) : text.test(line),
        );
        if (found !== undefined) return found;
        if (Date.now() > giveUpAt) throw new Error(`never said ${text}:\n${[...out, ...error].join("\n")}`);
        await Bun.sleep(5);
      }
    },
    async end() {
      open.delete(session);
      stopping.abort();
      await running;
    },
  };
  open.add(session);
  return session;
}

function receive(answer?: Parameters<typeof startReceiver>[0]): Receiver {
  const receiver = startReceiver(answer);
  receivers.push(receiver);
  return receiver;
}

let lessons = 0;
/** Each by somebody else: no limit of the program, no level comes in between. Gives two kinds of points. */
const learn = (userId = `learner-${++lessons}`) =>
  hatch.events.send({ type: "lesson_completed", userId, properties: { score: 94 } });

const statuses = async ({ listening }: Session): Promise<string[]> =>
  (await hatch.deliveries.list({ subscription: listening.id })).data.map(({ status }) => status);

async function settled(session: Session, wanted: readonly string[]): Promise<void> {
  const giveUpAt = Date.now() + 5_000;
  while (JSON.stringify(await statuses(session)) !== JSON.stringify(wanted) && Date.now() < giveUpAt)
    await Bun.sleep(10);
  expect(await statuses(session)).toEqual([...wanted]);
}

test("each delivery is shown, verified by both families, and acknowledged", async () => {
  const session = await start();
  await learn("ada");
  const line = await session.says("points.earned");
  expect(line).toMatch(/^ {2}\d\d:\d\d:\d\d ← points\.earned +ada +dlv_\S{5}…\S{4} +\d+ ms {2}verified$/);
  expect(line.length).toBeLessThanOrEqual(80);
  await settled(session, ["delivered", "delivered"]);
  await session.end();
  expect(session.out.at(-1)).toBe("  2 deliveries, 2 verified.");
});

test("it is passed on byte for byte with its headers, so that the receiver verifies it itself", async () => {
  const receiver = receive(() => new Response(null, { status: 204 }));
  const session = await start({ forwardTo: `${receiver.url}/hooks?from=hatch` });
  const { id } = await learn("grace");
  const [first] = await receiver.arrived(2);
  expect(first?.path).toBe("/hooks");
  const event = await verifyWebhook(first?.body ?? "", first?.headers ?? {}, session.listening.secret);
  expect(event).toMatchObject({ event: "points.earned", data: { userId: "grace", eventId: id } });
  expect(first?.headers.get("content-type")).toBe("application/json");
  expect(first?.headers.get("x-hatch-attempt")).toBe("1");
  const shown = (await hatch.outboundEvents.get(event.id)).body;
  expect(first?.body).toBe(shown as string);
  await session.says(/^ +→ 204 +\d+ ms dlv_/);
  await settled(session, ["delivered", "delivered"]);
});

test("what the receiver did not take is not acknowledged, and said so; a redirect is not followed", async () => {
  const elsewhere = receive();
  const answers = [() => new Response("broken", { status: 500 }), () => Response.redirect(`${elsewhere.url}/`, 302)];
  const receiver = receive((_, index) => answers[index % 2]?.() ?? new Response());
  const session = await start({ forwardTo: receiver.url });
  await learn();
  expect(await session.says("→ 500")).toContain("comes again in a minute");
  expect(await session.says("→ 302")).toContain(`it points to ${elsewhere.url}/`);
  expect(elsewhere.received).toEqual([]);
  await session.end();
  expect(session.out.at(-1)).toBe("  2 deliveries, 2 verified, 0 passed on, 2 not taken.");
});

test("a receiver that is not there is said so, and listening goes on", async () => {
  const session = await start({ forwardTo: "http://127.0.0.1:9/" });
  await learn();
  expect(await session.says("no answer")).toContain("nobody listens there, comes again in a minute");
  expect(await statuses(session)).toEqual(["pending", "pending"]);
});

test("one that is slow holds up nobody else", async () => {
  const { promise, resolve } = Promise.withResolvers<Response>();
  const receiver = receive((_, index) => (index === 0 ? promise : new Response(null, { status: 200 })));
  const session = await start({ forwardTo: receiver.url });
  await learn();
  await receiver.arrived(2);
  await session.says("→ 200");
  await learn();
  await receiver.arrived(4);
  while ((await statuses(session)).filter((status) => status === "delivered").length < 3) await Bun.sleep(5);
  expect(await statuses(session)).toContain("pending");
  resolve(new Response());
  await settled(session, ["delivered", "delivered", "delivered", "delivered"]);
});

test("as JSON there is one line for each delivery, and nothing else on stdout", async () => {
  const receiver = receive(() => new Response(null, { status: 202 }));
  const session = await start({ json: true, forwardTo: receiver.url });
  await learn("lin");
  while (session.out.length < 2) await Bun.sleep(5);
  await session.end();
  const lines = session.out.map((line) => JSON.parse(line));
  expect(lines).toHaveLength(2);
  expect(lines[0]).toMatchObject({
    event: "points.earned",
    delivery: expect.stringMatching(/^dlv_.{26}$/),
    outboundEvent: expect.stringMatching(/^evt_/),
    userId: "lin",
    attempt: 1,
    signatures: { hatch: "ok", standard: "ok" },
    forwarded: { status: 202, note: null },
    taken: true,
    body: { event: "points.earned", data: { userId: "lin" } },
  });
  expect(lines[0].latencyMs).toBeNumber();
});

test("what nobody read is not acknowledged, and whoever pipes it to an end that is gone is let go", async () => {
  const session = await start({ json: true, name: "piped", isHeard: () => session.out.length < 2 });
  await learn();
  await session.ended;
  expect((await statuses(session)).sort()).toEqual(["delivered", "pending"]);
  expect(session.out).toHaveLength(2);
});

test("a signature by another secret is shown as refused", async () => {
  const session = await start();
  await hatch.webhooks.rotateSecret(session.listening.id, { overlap: "0s" });
  await learn();
  await session.says("REFUSED");
  await session.says("X-Hatch-Signature wrong signature, webhook-signature wrong signature");
});

test("without a name nothing stays behind", async () => {
  const session = await start();
  const before = closed;
  await session.end();
  expect(closed).toBe(before + 1);
  expect(await hatch.webhooks.get(session.listening.id).catch(({ code }) => code)).toBe("not_found");
});

test("what a killed listener left behind is removed a day later, and nothing else is", async () => {
  const hear = (name: string | undefined, now?: UnixMs) =>
    openSubscription(hatch, { events: ["points.*"], name, secret: undefined }, now);
  const killed = await hear(undefined);
  const kept = await hear("kept for later");
  const own = await hatch.webhooks.create({ mode: "pull", events: ["*"], description: "hatch listens here" });
  await learn();
  const idle = await hear(undefined);
  const inADay = addMs(systemClock.now(), DAY);
  const nearly = await hear(undefined, addMs(inADay, -MINUTE));
  const ids = async () => (await hatch.webhooks.list({ all: true, limit: 200 })).data.map(({ id }) => id as string);
  expect(await ids()).toContain(killed.id);
  const late = await hear(undefined, addMs(inADay, MINUTE));
  const left = await ids();
  expect(left).not.toContain(killed.id);
  for (const { id } of [kept, own, idle, nearly, late]) {
    expect(left).toContain(id);
    await hatch.webhooks.delete(id);
  }
});

test("with a name the subscription stays, and the next start gets what came meanwhile", async () => {
  const first = await start({ name: "desk" });
  await first.end();
  expect(first.out.at(-1)).toContain("hatch listen --name desk");
  await learn();
  const second = await start({ name: "desk", events: ["points.*"] });
  expect(second.listening).toMatchObject({ id: first.listening.id, resumed: true, waiting: 2, events: ["points.*"] });
  expect(second.listening.secret).not.toBe(first.listening.secret);
  expect(await second.says("points.earned")).toContain("verified");
  await settled(second, ["delivered", "delivered"]);
  const other = await openSubscription(hatch, { events: ["*"], name: "other", secret: undefined });
  expect(other.id).not.toBe(first.listening.id);
});

test("a secret that is given is the one that signs, at the first start and at the next", async () => {
  const secret = `whsec_${Buffer.alloc(32, 5).toString("base64")}`;
  const first = await start({ name: "kept", secret });
  expect(first.listening.secret).toBe(secret);
  await first.end();
  const second = await start({ name: "kept", secret });
  await learn();
  expect(await second.says("points.earned")).toContain("verified");
});

test("ends with the reason where the subscription is gone", async () => {
  const listening = await openSubscription(hatch, { events: ["*"], name: undefined, secret: undefined });
  await hatch.webhooks.delete(listening.id);
  const connection: Connection = {
    client: hatch,
    url: app.url,
    environment: "test",
    refresh: async () => connection,
    close: async () => {},
  };
  const lines: string[] = [];
  const terminal = {
    interactive: false,
    out: (line: string) => void lines.push(line),
    error: () => {},
    readInput: async () => "",
  };
  const palette = paletteFor(false, undefined);
  const stopping = new AbortController().signal;
  await expect(
    listen({ connection, listening, forwardTo: undefined, name: "gone", json: false, terminal, palette, stopping }),
  ).rejects.toMatchObject({ code: "not_found" });
});
