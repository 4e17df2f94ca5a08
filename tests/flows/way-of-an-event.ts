import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHmac, timingSafeEqual } from "node:crypto";
import { Webhook } from "standardwebhooks";
import { verifyWebhook } from "../../src/client/index.ts";
import {
  call,
  type Engine,
  environmentFor,
  type Installation,
  type RunningHatch,
  setUpHatch,
  startHatch,
} from "../support/hatch.ts";
import { type Received, type Receiver, startReceiver } from "../support/receiver.ts";

const PROGRAM = {
  timezone: "Europe/Berlin",
  eventTypes: {
    lesson_completed: {
      schema: { type: "object", required: ["score"], properties: { score: { type: "number" } } },
      forward: true,
    },
  },
  currencies: { coins: { kind: "spendable" }, xp: { kind: "progress" } },
  rules: {
    lesson_xp: {
      on: "lesson_completed",
      when: "event.properties.score >= 60",
      then: [
        { credit: "xp", amount: "int(event.properties.score)" },
        { credit: "coins", amount: 10 },
      ],
      limits: [{ per: "member", every: "day", credits: 50, currency: "coins" }],
    },
    level_gift: { on: "level.changed", when: "effect.to == 'adept'", then: [{ credit: "coins", amount: 100 }] },
  },
  tracks: {
    level: {
      over: "xp",
      rungs: [
        { key: "novice", at: 0 },
        { key: "adept", at: 150 },
      ],
    },
  },
  badges: { first_lesson: { title: "First lesson", when: "progress.counts['lesson_completed'] >= 1" } },
};

/** The verify function of the origin document, made `async` as its `await` asks for. */
async function verify(req: Request, secret: string): Promise<boolean> {
  const ts = req.headers.get("X-Hatch-Timestamp");
  const signature = req.headers.get("X-Hatch-Signature");
  if (!ts || !signature) return false;
  if (Math.abs(Date.now() / 1000 - Number(ts)) > 300) return false;
  const body = await req.text();
  const expected = `sha256=${createHmac("sha256", secret).update(`${ts}.${body}`).digest("hex")}`;
  return timingSafeEqual(Buffer.from(expected), Buffer.from(signature));
}

const asRequest = ({ headers, body }: Received): Request =>
  new Request("http://receiver.example/", { method: "POST", headers, body });

/** The same on every engine. */
export function describeWayOfAnEvent(engine: Engine): void {
  describe(`the way of an event on ${engine}`, () => {
    let installation: Installation;
    let hatch: RunningHatch;
    const receivers: Receiver[] = [];
    const receive = (...answers: number[]): Receiver => {
      const receiver = startReceiver((_, index) => new Response(null, { status: answers[index] ?? 200 }));
      receivers.push(receiver);
      return receiver;
    };
    const api = (method: string, path: string, body?: unknown, headers?: Record<string, string>) =>
      call(hatch, installation.keys.test, method, path, body, headers);

    beforeAll(async () => {
      installation = await setUpHatch((await environmentFor(engine)).env);
      hatch = await startHatch(installation.directory, { env: installation.env });
      expect((await api("PUT", "/v1/program/draft", PROGRAM)).status).toBe(200);
      expect((await api("POST", "/v1/program/publish", {})).status).toBeLessThan(300);
    }, 60_000);

    afterAll(async () => {
      for (const receiver of receivers) receiver.stop();
      await hatch?.kill();
      installation?.remove();
    });

    describe("the origin document's subscribe call", () => {
      test.each([
        ["its own example secret", "whsec_a_strong_random_string_you_generate", "raw"],
        ["a base64 secret", `whsec_${Buffer.alloc(32, 7).toString("base64")}`, "base64"],
      ])(
        "with %s: the documented request arrives and every documented verification accepts it",
        async (_, secret, format) => {
          const receiver = receive();
          const subscribed = await api("POST", "/v1/webhooks", {
            endpoint: `${receiver.url}/hook`,
            events: ["points.earned"],
            secret,
          });
          expect(subscribed.status).toBe(201);
          expect(subscribed.body).toMatchObject({
            endpoint: `${receiver.url}/hook`,
            events: ["points.earned"],
            active: true,
          });
          expect(subscribed.body.id).toMatch(/^sub_[0-9a-z]{26}$/);

          const sent = await api("POST", "/v1/events", {
            type: "lesson_completed",
            userId: `user-${format}`,
            properties: { score: 94 },
          });
          expect(sent.status).toBe(201);
          const [delivery] = await receiver.arrived(2);
          if (!delivery) throw new Error("nothing arrived");
          const { headers, body } = delivery;
          expect(headers.get("content-type")).toBe("application/json");
          expect(headers.get("x-hatch-event")).toBe("points.earned");
          expect(headers.get("x-hatch-delivery")).toMatch(/^dlv_/);
          expect(headers.get("x-hatch-attempt")).toBe("1");
          expect(headers.get("x-hatch-timestamp")).toMatch(/^\d{10}$/);
          expect(Object.keys(JSON.parse(body))).toEqual(["id", "event", "timestamp", "data"]);
          expect(JSON.parse(body)).toMatchObject({
            event: "points.earned",
            timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
            data: {
              userId: `user-${format}`,
              eventType: "lesson_completed",
              currency: expect.any(String),
              amount: expect.any(Number),
            },
          });

          expect(await verify(asRequest(delivery), secret)).toBe(true);
          expect(await verify(asRequest({ ...delivery, body: `${body} ` }), secret)).toBe(false);
          const standard = new Webhook(secret, format === "raw" ? { format: "raw" } : undefined);
          expect(standard.verify(body, Object.fromEntries(headers.entries()))).toEqual(JSON.parse(body));
          expect(() => standard.verify(`${body} `, Object.fromEntries(headers.entries()))).toThrow();
          expect(await verifyWebhook(body, headers, secret)).toEqual(JSON.parse(body));
          await expect(verifyWebhook(`${body} `, headers, secret)).rejects.toThrow("X-Hatch-Signature");
          await api("DELETE", `/v1/webhooks/${subscribed.body.id}`);
        },
      );
    });

    describe("the same event", () => {
      test("50 times at once has one set of effects", async () => {
        const event = {
          id: "twin-1",
          type: "lesson_completed",
          userId: "twin",
          properties: { score: 70, extra: { b: 1, a: 2 } },
        };
        const answers = await Promise.all(Array.from({ length: 50 }, () => api("POST", "/v1/events", event)));
        expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
        expect(answers.filter(({ status }) => status === 200)).toHaveLength(49);
        expect(new Set(answers.map(({ body }) => JSON.stringify(body.effects))).size).toBe(1);
        expect((await api("GET", "/v1/members/twin")).body.balances).toEqual({
          coins: { available: 10, pending: 0, owed: 0 },
          xp: { available: 70, pending: 0, owed: 0 },
        });

        const reordered = {
          properties: { extra: { a: 2, b: 1 }, score: 70 },
          userId: "twin",
          type: "lesson_completed",
          id: "twin-1",
        };
        expect(await api("POST", "/v1/events", reordered)).toMatchObject({
          status: 200,
          body: { status: "duplicate" },
        });
        const other = await api("POST", "/v1/events", { ...event, properties: { score: 71 } });
        expect(other).toMatchObject({ status: 409, body: { error: { code: "event_conflict" } } });
      });

      test("with an Idempotency-Key instead of an id is known again", async () => {
        const event = { type: "lesson_completed", userId: "keyed", properties: { score: 61 } };
        const first = await api("POST", "/v1/events", event, { "idempotency-key": "once" });
        const second = await api("POST", "/v1/events", event, { "idempotency-key": "once" });
        expect([first.status, second.status]).toEqual([201, 200]);
        expect(second.body.id).toBe("once");
        expect(second.body.effects).toEqual(first.body.effects);
      });
    });

    test("effects cascade, limits clip, and the event explains itself", async () => {
      const send = (score: number) =>
        api("POST", "/v1/events", { type: "lesson_completed", userId: "climber", properties: { score } });
      await send(90);
      const second = await send(80);
      expect(second.body.effects.map(({ type, rule }: { type: string; rule: string }) => [type, rule])).toEqual([
        ["points.earned", "lesson_xp"],
        ["points.earned", "lesson_xp"],
        ["level.changed", "level"],
        ["points.earned", "level_gift"],
      ]);
      for (let lesson = 0; lesson < 4; lesson++) await send(60);
      const member = (await api("GET", "/v1/members/climber")).body;
      expect(member.balances.coins.available).toBe(150);
      expect(member.levels.level).toMatchObject({ key: "adept", value: 410, next: null });
      expect(member.badges).toMatchObject([{ key: "first_lesson" }]);

      const low = await send(59);
      expect(low.body.effects).toEqual([]);
      const explained = await api("GET", `/v1/events/${low.body.id}?explain=true`);
      expect(explained.body.considered).toContainEqual(expect.objectContaining({ rule: "lesson_xp", fired: false }));

      const ledger = (await api("GET", "/v1/members/climber/ledger?limit=200")).body.data as {
        currency: string;
        amount: number;
      }[];
      const sum = (currency: string) =>
        ledger.filter((row) => row.currency === currency).reduce((total, row) => total + row.amount, 0);
      expect([sum("coins"), sum("xp")]).toEqual([150, 410]);
    });

    test("live refuses a type that nobody registered, test learns it", async () => {
      const event = { type: "never_heard_of", userId: "u1", properties: { a: 1 } };
      expect(await call(hatch, installation.keys.live, "POST", "/v1/events", event)).toMatchObject({
        status: 422,
        body: { error: { code: "validation_failed", details: [{ path: "type" }] } },
      });
      expect((await api("POST", "/v1/events", event)).status).toBe(201);
      expect((await api("GET", "/v1/event-types/never_heard_of")).body).toMatchObject({
        origin: "guessed",
        schema: { properties: { a: { type: "integer" } } },
      });
    });

    test("nothing of one environment is found in the other", async () => {
      const sent = await api("POST", "/v1/events", {
        id: "private-1",
        type: "lesson_completed",
        userId: "loner",
        properties: { score: 99 },
      });
      expect(sent.status).toBe(201);
      for (const path of ["/v1/events/private-1", "/v1/members/loner"]) {
        expect((await api("GET", path)).status).toBe(200);
        expect((await call(hatch, installation.keys.live, "GET", path)).status).toBe(404);
      }
    });

    test("in a batch each event stands for itself", async () => {
      const answer = await api("POST", "/v1/events/batch", {
        events: [
          { id: "b-1", type: "lesson_completed", userId: "batch", properties: { score: 60 } },
          { id: "b-2", type: "lesson_completed", userId: "batch", properties: {} },
          { id: "b-1", type: "lesson_completed", userId: "batch", properties: { score: 60 } },
          { id: "b-1", type: "lesson_completed", userId: "batch", properties: { score: 61 } },
          { nonsense: true },
          { id: "b-3", type: "lesson_completed", userId: "batch", properties: { score: 60 } },
        ],
      });
      expect(answer.status).toBe(200);
      expect(
        answer.body.results.map(
          ({ status, error }: { status: string; error?: { code: string } }) => error?.code ?? status,
        ),
      ).toEqual(["accepted", "validation_failed", "duplicate", "event_conflict", "validation_failed", "accepted"]);
    });

    test("a stop under load answers what it took and exits 0; the next start has everything", async () => {
      const acknowledged: string[] = [];
      let stopping = false;
      const client = async (name: number) => {
        for (let index = 0; !stopping; index++) {
          const id = `drain-${name}-${index}`;
          try {
            const answer = await api("POST", "/v1/events", {
              id,
              type: "lesson_completed",
              userId: `drain-${name}`,
              properties: { score: 60 },
            });
            if (answer.status === 201) acknowledged.push(id);
            else return;
          } catch {
            return;
          }
        }
      };
      const clients = Array.from({ length: 16 }, (_, name) => client(name));
      const enough = performance.now() + 20_000;
      while (acknowledged.length <= 50 && performance.now() < enough) await Bun.sleep(10);
      expect(await hatch.kill("SIGTERM")).toBe(0);
      stopping = true;
      await Promise.all(clients);
      expect(acknowledged.length).toBeGreaterThan(50);
      hatch = await startHatch(installation.directory, { env: installation.env });
      const found = await Promise.all(acknowledged.slice(-100).map((id) => api("GET", `/v1/events/${id}`)));
      expect(found.every(({ status }) => status === 200)).toBe(true);
    }, 60_000);
  });
}
