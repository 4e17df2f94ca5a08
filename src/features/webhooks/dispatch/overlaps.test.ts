import { afterEach, describe, expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import { Webhook } from "standardwebhooks";
import { type Received, type Receiver, startReceiver } from "../../../../tests/support/receiver.ts";
import { createTestWebhooks, SECRET, type TestWebhooks, until } from "../../../../tests/support/webhooks.ts";
import { HOUR } from "../../../kernel/units.ts";

let hatch: TestWebhooks;
let receiver: Receiver;
afterEach(async () => {
  await hatch.close();
  receiver.stop();
});

const start = async (answer?: (request: Received) => Response) => {
  receiver = startReceiver(answer);
  hatch = await createTestWebhooks();
  hatch.context.clock.set(Date.now());
};

const made = (fill: number): string => `whsec_${Buffer.alloc(32, fill).toString("base64")}`;
const [FIRST, SECOND, THIRD] = [SECRET, made(2), made(3)];

const signs = ({ headers, body }: Received, secret: string, name = "X-Hatch-Signature"): boolean =>
  headers.get(name) ===
  `sha256=${createHmac("sha256", secret)
    .update(`${headers.get("X-Hatch-Timestamp")}.${body}`)
    .digest("hex")}`;
const knows = (secret: string) => (request: Received) =>
  new Response(null, { status: signs(request, secret) ? 200 : 401 });

const ended = () => until(() => hatch.delivery("ended_at IS NOT NULL").catch(() => undefined));
const rotate = async (id: string, secret: string, overlap: string): Promise<void> => {
  const { status } = await hatch.call("POST", `/v1/webhooks/${id}/rotate-secret`, { body: { secret, overlap } });
  expect(status).toBe(200);
};

/** The first rotation's overlap ends an hour before the second's. */
async function rotateTwice(): Promise<string> {
  const id = await hatch.subscribe({ endpoint: receiver.url });
  await rotate(id, SECOND, "1h");
  await hatch.context.clock.advance(1);
  await rotate(id, THIRD, "2h");
  return id;
}

describe("two rotations whose overlaps last at once", () => {
  test.each([
    ["the oldest secret", FIRST, 1],
    ["the newest", THIRD, 2],
    ["the one between", SECOND, 3],
  ])("break no receiver that knows only %s, and use up no retry", async (_, secret, attempts) => {
    await start(knows(secret));
    await rotateTwice();
    await hatch.announce();
    expect(await ended()).toMatchObject({ status: "delivered", attempts, failures: 0 });
  });

  test("sign each request for the stock library with all three", async () => {
    await start();
    await rotateTwice();
    await hatch.announce();
    const [got] = (await receiver.arrived(1)) as [Received];
    const headers = Object.fromEntries(got.headers.entries());
    new Webhook(FIRST, { format: "raw" }).verify(got.body, headers);
    for (const secret of [SECOND, THIRD]) new Webhook(secret).verify(got.body, headers);
    expect(signs(got, THIRD, "X-Hatch-Signature-Next")).toBe(true);
  });

  test("end one after the other: the plain signature moves to the oldest that is left", async () => {
    await start();
    await rotateTwice();
    const sentAfter = async (hours: number, count: number): Promise<Received> => {
      hatch.context.clock.set(hatch.context.clock.now() + hours * HOUR);
      await hatch.announce();
      return (await receiver.arrived(count))[count - 1] as Received;
    };
    const now = await sentAfter(0, 1);
    const later = await sentAfter(1, 2);
    const last = await sentAfter(1, 3);
    expect([signs(now, FIRST), signs(later, SECOND), signs(last, THIRD)]).toEqual([true, true, true]);
    expect([now, later, last].map(({ headers }) => headers.get("webhook-signature")?.split(" ").length)).toEqual([
      3, 2, 1,
    ]);
    expect(last.headers.get("X-Hatch-Signature-Next")).toBeNull();
  });

  test("a receiver that refuses all three has failed after three requests", async () => {
    await start(() => new Response(null, { status: 403 }));
    await rotateTwice();
    await hatch.announce();
    expect(await ended()).toMatchObject({ status: "failed", attempts: 3, failures: 1 });
    expect(receiver.received.map((request) => [FIRST, THIRD, SECOND].findIndex((one) => signs(request, one)))).toEqual([
      0, 1, 2,
    ]);
  });

  test("a shorter overlap ends the earlier ones sooner, never later", async () => {
    await start();
    const id = await hatch.subscribe({ endpoint: receiver.url });
    await rotate(id, SECOND, "2h");
    await rotate(id, THIRD, "1h");
    const ends = await hatch.rows("SELECT expires_at FROM subscription_secrets ORDER BY created_at, expires_at");
    const hour = hatch.context.clock.now() + HOUR;
    expect(ends.map(({ expires_at }) => expires_at).filter((at) => at !== null)).toEqual([hour, hour]);
  });
});

describe("secrets that were put in each other's place", () => {
  /** The ids of three subscriptions, `/a` and `/b` with their secrets exchanged. */
  async function subscribeAll(): Promise<readonly [string, string, string]> {
    await start();
    const subscribe = (path: string) => hatch.subscribe({ endpoint: `${receiver.url}${path}` });
    const ids = [await subscribe("/a"), await subscribe("/b"), await subscribe("/c")] as const;
    await exchange(ids);
    return ids;
  }

  async function exchange([a, b]: readonly [string, string, string]): Promise<void> {
    const rows = await hatch.rows("SELECT id, subscription_id, sealed FROM subscription_secrets");
    const of = (id: string) => rows.find(({ subscription_id }) => subscription_id === id);
    for (const [to, from] of [
      [of(a), of(b)],
      [of(b), of(a)],
    ]) {
      await hatch.context.database.write((writer) =>
        writer.run("UPDATE subscription_secrets SET sealed = ? WHERE id = ?", [String(from?.sealed), String(to?.id)]),
      );
    }
  }

  const paths = (): string[] => receiver.received.map(({ path }) => path).toSorted();

  /** Time goes on until so many requests have come. */
  async function arrivedInTime(count: number): Promise<void> {
    for (let turn = 0; turn < 200 && receiver.received.length < count; turn++) {
      await hatch.context.clock.advance(1_000);
      await Bun.sleep(2);
    }
    expect(receiver.received).toHaveLength(count);
  }

  test("sign nothing: the two wait and are named, everybody else is served, and mended they go on", async () => {
    const ids = await subscribeAll();
    await hatch.announce();
    expect(await ended()).toMatchObject({ status: "delivered" });
    expect(paths()).toEqual(["/c"]);
    expect(await hatch.rows("SELECT status FROM deliveries WHERE ended_at IS NULL")).toHaveLength(2);
    const findings = await hatch.webhooks.feature.examine?.(hatch.context);
    const shut = findings?.find(({ check }) => check === "webhooks.secrets");
    expect(shut?.ok).toBe(false);
    expect(ids.map((id) => shut?.message.includes(id))).toEqual([true, true, false]);

    await exchange(ids);
    await hatch.announce();
    await arrivedInTime(6);
    expect(receiver.received.every((request) => signs(request, SECRET))).toBe(true);
  });

  test("are replaced by a rotation without an overlap", async () => {
    const [a] = await subscribeAll();
    await rotate(a, SECOND, "0s");
    await hatch.announce();
    await arrivedInTime(2);
    expect(paths()).toEqual(["/a", "/c"]);
    const got = receiver.received.find(({ path }) => path === "/a") as Received;
    expect(signs(got, SECOND)).toBe(true);
  });
});
