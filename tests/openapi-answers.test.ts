import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import config from "../hatch.config.ts";
import { claim, type OpenApp, openApp } from "./support/app.ts";
import { answerOf, createChecker, type Document, operationsOf, undocumented } from "./support/document.ts";

// The document is held against what the product really answers: every operation is called, and no answer may have a
// status, a field or a type that the document does not speak of.

let app: OpenApp;
let document: Document;
let keys: { readonly live: string; readonly test: string };
let check: ReturnType<typeof createChecker>;
const seen = new Map<string, Set<number>>();

beforeAll(async () => {
  app = await openApp();
  keys = await claim(app);
  document = (await (await fetch(`${app.url}/openapi.json`)).json()) as Document;
  check = createChecker(document);
});
afterAll(() => app.close());

const matches = (template: string, path: string): boolean =>
  new RegExp(`^${template.replaceAll(/\{\w+\}/g, "[^/]+")}$`).test(path);

/** The operation of a path; a template without parameters comes before one with. */
function operationAt(method: string, path: string) {
  const found = operationsOf(document)
    .filter((one) => one.method === method && matches(one.path, path))
    .sort((left, right) => left.path.split("{").length - right.path.split("{").length)[0];
  if (!found) throw new Error(`${method} ${path} is not in the document`);
  return found;
}

interface Called {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: a flow reads ids out of answers; the document is what checks them
  readonly body: any;
}

/** Calls the product and holds the answer against the document. */
async function call(
  method: string,
  path: string,
  body?: unknown,
  {
    key = keys.test,
    headers = {},
  }: { readonly key?: string | undefined; readonly headers?: Record<string, string> } = {},
): Promise<Called> {
  const response = await fetch(`${app.url}${path}`, {
    method,
    headers: {
      ...(key === "" ? {} : { authorization: `Bearer ${key}` }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  const parsed: unknown = text === "" ? undefined : JSON.parse(text);
  const { name, operation } = operationAt(method, path.split("?")[0] ?? path);
  const reference = operation.responses[response.status];
  expect({ name, status: response.status, documented: reference !== undefined, text: reference ? "" : text }).toEqual({
    name,
    status: response.status,
    documented: true,
    text: "",
  });
  const answer = answerOf(document, reference ?? { description: "" });
  const schema = answer.content?.["application/json"].schema;
  expect({ name, hasBody: parsed !== undefined }).toEqual({ name, hasBody: schema !== undefined });
  if (schema) {
    expect({ name, faults: check(schema, parsed) }).toEqual({ name, faults: [] });
    expect({ name, unspoken: undocumented(document, schema, parsed) }).toEqual({ name, unspoken: [] });
  }
  if (response.status >= 400) {
    const { code } = (parsed as { error: { code: string } }).error;
    expect({ name, codes: Object.keys(answer.content?.["application/json"].examples ?? {}) }).toEqual({
      name,
      codes: expect.arrayContaining([code]),
    });
  }
  seen.set(name, (seen.get(name) ?? new Set()).add(response.status));
  return { status: response.status, headers: response.headers, body: parsed };
}

const LESSON = {
  id: "lesson-1",
  type: "lesson_completed",
  userId: "user_42",
  properties: { score: 94, lesson: "fractions-3" },
};

describe("what is answered is what the document says", () => {
  test("the program", async () => {
    expect((await call("GET", "/v1/program")).status).toBe(404);
    expect((await call("GET", "/v1/program/draft")).status).toBe(404);
    expect((await call("POST", "/v1/program/publish", {})).status).toBe(404);
    expect((await call("POST", "/v1/program/validate", config.program)).body.valid).toBe(true);
    expect((await call("POST", "/v1/program/validate", { nonsense: 1 })).body.valid).toBe(false);
    expect((await call("PUT", "/v1/program/draft", { nonsense: 1 })).status).toBe(422);
    const saved = await call("PUT", "/v1/program/draft", config.program);
    expect(saved.status).toBe(200);
    expect(
      (await call("PUT", "/v1/program/draft", config.program, { headers: { "if-match": '"other"' } })).status,
    ).toBe(412);
    const draft = await call("GET", "/v1/program/draft");
    const known = { headers: { "if-none-match": draft.headers.get("etag") ?? "" } };
    expect((await call("GET", "/v1/program/draft", undefined, known)).status).toBe(304);
    expect((await call("POST", "/v1/program/publish", { note: "first" })).body.version).toBe(1);
    const program = await call("GET", "/v1/program");
    const same = { headers: { "if-none-match": program.headers.get("etag") ?? "" } };
    expect((await call("GET", "/v1/program", undefined, same)).status).toBe(304);
    expect((await call("GET", "/v1/program/versions")).body.data).toHaveLength(1);
    expect((await call("POST", "/v1/program/rollback", { version: 9 })).status).toBe(404);
    expect((await call("POST", "/v1/program/rollback", { version: 1 })).status).toBe(200);
  });

  test("events and their types", async () => {
    expect((await call("POST", "/v1/events", LESSON)).status).toBe(201);
    expect((await call("POST", "/v1/events", LESSON)).body.status).toBe("duplicate");
    expect((await call("POST", "/v1/events", { ...LESSON, userId: "user_43" })).body.error.code).toBe("event_conflict");
    expect((await call("POST", "/v1/events", { userId: "user_42" })).status).toBe(422);
    expect((await call("POST", "/v1/events", LESSON, { key: keys.live })).status).toBe(422);
    expect((await call("POST", "/v1/events", "{")).status).toBe(400);
    expect((await call("POST", "/v1/events", LESSON, { key: "" })).status).toBe(401);
    expect((await call("POST", "/v1/events", "x".repeat(1_100_000))).status).toBe(413);
    expect((await call("POST", "/v1/events", "a=b", { headers: { "content-type": "text/plain" } })).status).toBe(415);
    const batch = await call("POST", "/v1/events/batch", {
      events: [LESSON, { ...LESSON, id: "lesson-2" }, { type: "lesson_completed" }],
    });
    expect(batch.body.results.map(({ status }: { status: string }) => status)).toEqual([
      "duplicate",
      "accepted",
      "rejected",
    ]);
    expect((await call("GET", "/v1/events?limit=1")).body.next).toBeString();
    expect((await call("GET", "/v1/events?limit=0")).status).toBe(422);
    expect((await call("GET", "/v1/events/lesson-1?explain=true")).body.considered).not.toBeEmpty();
    expect((await call("GET", "/v1/events/nowhere")).status).toBe(404);
    const type = { schema: { type: "object" }, description: "A quiz was finished." };
    expect((await call("PUT", "/v1/event-types/quiz_finished", type)).status).toBe(200);
    expect((await call("PUT", "/v1/event-types/lesson_completed", type)).status).toBe(409);
    expect((await call("PUT", "/v1/event-types/quiz_finished", [])).status).toBe(422);
    expect((await call("GET", "/v1/event-types")).body.data.length).toBeGreaterThan(1);
    expect((await call("GET", "/v1/event-types/quiz_finished")).status).toBe(200);
    expect((await call("GET", "/v1/event-types/nowhere")).status).toBe(404);
  });

  test("members", async () => {
    const said = { timezone: "Europe/Berlin", locale: "de-AT", attributes: { plan: "family", nested: { a: [1] } } };
    expect((await call("PUT", "/v1/members/user_42", said)).status).toBe(200);
    expect((await call("PUT", "/v1/members/user_42", { timezone: "Nowhere/Land" })).status).toBe(422);
    expect((await call("PUT", "/v1/members/user_42", { timezone: "europe/berlin" })).status).toBe(422);
    expect((await call("PUT", "/v1/members/user_42", [])).status).toBe(422);
    expect((await call("GET", "/v1/members/user_42")).body.balances.xp.available).toBe(188);
    expect((await call("GET", "/v1/members/nobody")).status).toBe(404);
    expect((await call("GET", "/v1/members")).body.data).not.toBeEmpty();
    expect((await call("GET", "/v1/members/user_42/ledger")).body.data).not.toBeEmpty();
    expect((await call("GET", "/v1/members/user_42/events")).body.data).not.toBeEmpty();
    const gift = { currency: "coins", amount: 5, reason: "goodwill" };
    expect((await call("POST", "/v1/members/user_42/adjustments", gift)).status).toBe(201);
    const taken = await call("POST", "/v1/members/user_42/adjustments", { ...gift, amount: -5_000 });
    expect(taken.body.error.code).toBe("insufficient_balance");
  });

  test("webhooks, pushed and pulled, and their deliveries", async () => {
    expect((await call("GET", "/v1/webhooks/events")).body.data.length).toBeGreaterThan(10);
    const refused = await call("POST", "/v1/webhooks", { endpoint: "https://10.0.0.1/", events: ["points.*"] });
    expect(refused.status).toBe(422);
    const endpoint = "https://hatch-test.invalid/hook";
    const pushed = await call("POST", "/v1/webhooks", {
      endpoint,
      events: ["*"],
      headers: { "x-own": "secret" },
      rateLimit: { count: 5, per: "1s" },
    });
    expect(pushed.status).toBe(201);
    const path = `/v1/webhooks/${pushed.body.id}`;
    expect((await call("GET", path)).body.headers).toEqual({ "x-own": "***" });
    expect((await call("GET", "/v1/webhooks/sub_nowhere")).status).toBe(404);
    expect((await call("PATCH", path, { active: false, description: "paused for a test" })).body.status).toBe("paused");
    expect((await call("POST", `${path}/rotate-secret`, {})).body.secret).toStartWith("whsec_");
    expect((await call("POST", `${path}/rotate-secret/finish`)).status).toBe(200);
    const test = await call("POST", `${path}/test`, { event: "level.changed" });
    expect(test.status).toBe(202);
    const delivery = `/v1/deliveries/${test.body.deliveryId}`;
    expect((await call("GET", delivery)).body.waitingFor).toBe("pause");
    expect((await call("POST", `${delivery}/cancel`)).body.status).toBe("canceled");
    expect((await call("POST", `${delivery}/cancel`)).status).toBe(409);
    expect((await call("POST", `${delivery}/replay`, { asNew: true })).status).toBe(202);
    expect((await call("GET", `/v1/outbound-events/${test.body.outboundEventId}`)).body.event).toBe("level.changed");
    expect((await call("GET", `${path}/health`)).body.waiting.count).toBe(1);
    expect((await call("POST", `${path}/resume`)).body.status).toBe("active");
    expect((await call("GET", "/v1/webhooks?all=true")).body.data).toHaveLength(1);
    expect((await call("DELETE", path)).status).toBe(204);

    const pull = await call("POST", "/v1/webhooks", { mode: "pull", events: ["points.*"] });
    const pulled = `/v1/webhooks/${pull.body.id}`;
    await call("POST", "/v1/events", { ...LESSON, id: "lesson-3", userId: "user_7" });
    const leased = await call("GET", `${pulled}/pull?limit=10&wait=1s`);
    expect(leased.body.deliveries).not.toBeEmpty();
    const ids = leased.body.deliveries.map(({ id }: { id: string }) => id);
    expect((await call("POST", `${pulled}/ack`, { deliveries: ids })).body.acknowledged).toEqual(ids);
    expect((await call("GET", `/v1/deliveries/${ids[0]}`)).body.attempts).not.toBeEmpty();
    expect((await call("GET", "/v1/events/lesson-3")).body.deliveries).not.toBeEmpty();
    expect((await call("GET", "/v1/deliveries?status=delivered")).body.data).not.toBeEmpty();
    expect((await call("GET", "/v1/deliveries?status=lost")).status).toBe(422);
  });

  test("keys and the set-up", async () => {
    const made = await call("POST", "/v1/keys", { name: "Reader", scopes: ["events:read"] });
    expect(made.status).toBe(201);
    const reader = { key: made.body.secretKey as string };
    expect((await call("GET", "/v1/keys", undefined, reader)).status).toBe(403);
    expect((await call("POST", `/v1/keys/${made.body.id}/rotate`, { overlap: "1h" })).body.secrets).toHaveLength(2);
    expect((await call("GET", "/v1/keys?limit=5")).body.data).not.toBeEmpty();
    expect((await call("DELETE", `/v1/keys/${made.body.id}`)).body.revokedAt).toBeString();
    expect((await call("POST", `/v1/keys/${made.body.id}/rotate`, {})).status).toBe(409);
    const form = { token: "hst_x", email: "a@b.cd", password: "correct horse battery", workspace: "Again" };
    expect((await call("POST", "/v1/auth/setup", form, { key: "" })).status).toBe(409);
    const fresh = await openApp();
    try {
      const token = (await fresh.access.createSetupToken()) ?? "";
      const answered = await fetch(`${fresh.url}/v1/auth/setup`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ ...form, token }),
      });
      const schema =
        operationAt("POST", "/v1/auth/setup").operation.responses[201]?.content?.["application/json"].schema ?? {};
      const body: unknown = await answered.json();
      expect([answered.status, check(schema, body), undocumented(document, schema, body)]).toEqual([201, [], []]);
      seen.get("POST /v1/auth/setup")?.add(201);
    } finally {
      await fresh.close();
    }
  });

  test("and nothing was left out: every success that the document speaks of was seen", () => {
    const expected = operationsOf(document).map(({ name, operation }) => ({
      name,
      successes: Object.keys(operation.responses).filter((status) => Number(status) < 400),
    }));
    const missed = expected.filter(
      ({ name, successes }) => !successes.every((status) => seen.get(name)?.has(Number(status))),
    );
    expect(missed).toEqual([]);
  });
});
