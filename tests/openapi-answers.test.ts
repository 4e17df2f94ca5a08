import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import config from "../hatch.config.ts";
import { callInstallation, callOwnAccount, callTeam, peopleCalls } from "./support/answers-of-people.ts";
import { claim, type OpenApp, openApp } from "./support/app.ts";
import { answerOf, createChecker, type Document, operationsOf, undocumented } from "./support/document.ts";
import { AUDITED_READS, UNAUDITED } from "./support/unaudited.ts";

// The document is held against what the product really answers: every operation is called, and no answer may have a
// status, a field or a type that the document does not speak of.

let app: OpenApp;
let document: Document;
let keys: { readonly live: string; readonly test: string };
let check: ReturnType<typeof createChecker>;
const seen = new Map<string, Set<number>>();
const repeated = new Set<string>();
/** The ids of the requests that succeeded, by operation. */
const succeeded = new Map<string, string[]>();

beforeAll(async () => {
  // Links can be made; no mail server is set, so that they are answered or stay in the mails that wait.
  app = await openApp({ server: { host: "127.0.0.1", port: 0, publicUrl: "http://localhost" } });
  keys = await claim(app);
  document = (await (await fetch(`${app.url}/openapi.json`)).json()) as Document;
  check = createChecker(document);
  await app.context.database.write((writer) => writer.run(LOSE_ANSWERS));
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

/** Whether an answer can be one to an earlier request. */
const takesName = ({ responses }: ReturnType<typeof operationAt>["operation"]): boolean =>
  Object.values(responses).some((response) => "Idempotency-Replayed" in (response.headers ?? {}));

interface Called {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: a flow reads ids out of answers; the document is what checks them
  readonly body: any;
}

/**
 * As if each answer had been lost in a crash after its change was made: a repeat has to make it again of what the change
 * came to. Answers that are kept are the same for every route (http/idempotency.test.ts).
 */
const LOSE_ANSWERS = `CREATE TRIGGER lose_answers AFTER UPDATE OF answer_sealed ON idempotency_claims
  WHEN NEW.answer_sealed IS NOT NULL BEGIN
    UPDATE idempotency_claims SET answer_sealed = NULL, result_sealed = OLD.result_sealed WHERE key_hash = NEW.key_hash;
  END`;

interface Sent {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body?: string;
}

/** Sends the same again under the same name: nothing may happen, and the first answer must come, word for word. */
async function repeat(path: string, sent: Sent, first: Response, text: string): Promise<void> {
  const again = await fetch(`${app.url}${path}`, sent);
  const told = (response: Response, body: string, replayed: string | null) => ({
    path,
    status: response.status,
    body,
    type: response.headers.get("content-type"),
    etag: response.headers.get("etag"),
    replayed,
  });
  const replayed = again.headers.get("idempotency-replayed");
  expect(told(again, await again.text(), replayed)).toEqual(told(first, text, "true"));
  repeated.add(operationAt(sent.method, path.split("?")[0] ?? path).name);
}

const typeOf = ({ headers }: Response): string => headers.get("content-type")?.split(";")[0] ?? "";

/** Calls the product and holds the answer against the document; each write has a name, and is repeated under it. */
async function call(
  method: string,
  path: string,
  body?: unknown,
  {
    key = keys.test,
    headers = {},
  }: { readonly key?: string | undefined; readonly headers?: Record<string, string> } = {},
): Promise<Called> {
  const { name, operation } = operationAt(method, path.split("?")[0] ?? path);
  const sent: Sent = {
    method,
    headers: {
      ...(key === "" ? {} : { authorization: `Bearer ${key}` }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...(takesName(operation) ? { "idempotency-key": crypto.randomUUID() } : {}),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  };
  const response = await fetch(`${app.url}${path}`, sent);
  const text = await response.text();
  const isFile = text !== "" && typeOf(response) !== "application/json";
  const parsed: unknown = text === "" ? undefined : isFile ? text : JSON.parse(text);
  if (takesName(operation) && response.ok) await repeat(path, sent, response, text);
  const reference = operation.responses[response.status];
  expect({ name, status: response.status, documented: reference !== undefined, text: reference ? "" : text }).toEqual({
    name,
    status: response.status,
    documented: true,
    text: "",
  });
  const answer = answerOf(document, reference ?? { description: "" });
  const schema = answer.content?.[typeOf(response)]?.schema;
  expect({ name, hasBody: parsed !== undefined }).toEqual({ name, hasBody: schema !== undefined });
  if (schema) {
    expect({ name, faults: check(schema, parsed) }).toEqual({ name, faults: [] });
    expect({ name, unspoken: undocumented(document, schema, parsed) }).toEqual({ name, unspoken: [] });
  }
  if (response.status >= 400) {
    const { code } = (parsed as { error: { code: string } }).error;
    expect({ name, codes: Object.keys(answer.content?.["application/json"]?.examples ?? {}) }).toEqual({
      name,
      codes: expect.arrayContaining([code]),
    });
  }
  seen.set(name, (seen.get(name) ?? new Set()).add(response.status));
  if (response.ok) {
    succeeded.set(name, [...(succeeded.get(name) ?? []), response.headers.get("x-request-id") ?? ""]);
  }
  return { status: response.status, headers: response.headers, body: parsed };
}

const LESSON = {
  id: "lesson-1",
  type: "lesson_completed",
  userId: "user_42",
  properties: { score: 94, lesson: "fractions-3" },
};

/** How many audit entries tell of these requests. */
async function entriesOf({ context }: OpenApp, requestIds: readonly string[]): Promise<number> {
  const entries = await context.database.read((reader) =>
    reader.all<{ request_id: string }>("SELECT request_id FROM audit_entries"),
  );
  return entries.filter(({ request_id }) => requestIds.includes(request_id)).length;
}

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
    const quiz = { id: "1", source: "https://quiz.example/", specversion: "1.0", type: "quiz", subject: "user_42" };
    const asCloudEvent = { headers: { "content-type": "application/cloudevents+json" } };
    expect((await call("POST", "/v1/events", quiz, asCloudEvent)).body.id).toBe("https://quiz.example/|1");
    expect((await call("POST", "/v1/events", { ...quiz, subject: "" }, asCloudEvent)).status).toBe(422);
    const several = { headers: { "content-type": "application/cloudevents-batch+json" } };
    expect((await call("POST", "/v1/events", [quiz, { ...quiz, id: 2 }], several)).body.results).toHaveLength(2);
    const refused = await call("GET", "/v1/events/refused?limit=200");
    expect(refused.body.data.map(({ source }: { source: string }) => source)).toContainValues(["batch", "cloudevents"]);
    expect((await call("GET", "/v1/events/refused?type=quiz&limit=1")).body.data).toHaveLength(1);
    expect((await call("GET", "/v1/events/refused?after=x")).status).toBe(422);
    const type = { schema: { type: "object" }, description: "A quiz was finished." };
    expect((await call("PUT", "/v1/event-types/quiz_finished", type)).status).toBe(200);
    expect((await call("PUT", "/v1/event-types/lesson_completed", type)).status).toBe(409);
    expect((await call("PUT", "/v1/event-types/quiz_finished", [])).status).toBe(422);
    expect((await call("GET", "/v1/event-types")).body.data.length).toBeGreaterThan(1);
    expect((await call("GET", "/v1/event-types/quiz_finished")).status).toBe(200);
    expect((await call("GET", "/v1/event-types/nowhere")).status).toBe(404);
  });

  test("what libraries of Segment send", async () => {
    const track = { userId: "user_9", event: "lesson_completed", properties: { score: 61 } };
    const messages = [
      { type: "track", ...track },
      { type: "identify", userId: "user_9", traits: { plan: "x" } },
    ];
    for (const path of ["/v1/batch", "/v1/import"]) {
      expect((await call("POST", path, { batch: messages })).body).toEqual({ success: true });
      expect((await call("POST", path, { batch: 1 })).status).toBe(422);
      expect((await call("POST", path, { batch: messages }, { key: "" })).status).toBe(401);
    }
    for (const kind of ["track", "identify", "page", "screen", "group", "alias"]) {
      expect((await call("POST", `/v1/${kind}`, { ...track, traits: {} })).status).toBe(200);
      expect((await call("POST", `/v1/${kind}`, [])).status).toBe(422);
    }
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
    const previewed = await call("POST", `${path}/preview`, { payload: "{'n': event.name}", event: "level.changed" });
    expect(previewed.body.request.body).toBe('{"n":"level.changed"}');
    const settings = { events: ["level.changed"], filter: "event.data.too == 'x'" };
    expect((await call("POST", "/v1/webhooks/preview", settings)).status).toBe(422);
    const slack = { endpoint: "https://hooks.slack.com/services/T/B/X", preset: "slack", events: ["level.changed"] };
    expect((await call("POST", "/v1/webhooks/preview", slack)).body.request.url).toEndWith("/services/***");
    const test = await call("POST", `${path}/test`, { event: "level.changed" });
    expect(test.status).toBe(202);
    const delivery = `/v1/deliveries/${test.body.deliveryId}`;
    expect((await call("GET", delivery)).body.waitingFor).toBe("pause");
    expect((await call("POST", `${delivery}/cancel`)).body.status).toBe("canceled");
    expect((await call("POST", `${delivery}/cancel`)).status).toBe(409);
    expect((await call("POST", `${delivery}/replay`, { asNew: true })).status).toBe(202);
    expect((await call("GET", `/v1/outbound-events/${test.body.outboundEventId}`)).body.event).toBe("level.changed");
    expect((await call("GET", `${path}/health`)).body.waiting.count).toBe(1);
    const { body: all } = await call("GET", "/v1/webhooks/health?limit=1");
    expect([all.endpoints.total > 0, all.data.length, all.digest.last]).toEqual([true, 1, null]);
    // It is paused and something waits already: the jobs wait too.
    const since = "2026-01-01T00:00:00Z";
    expect((await call("POST", `${path}/recover`, { since, dryRun: true })).body.total).toBe(0);
    const recovery = await call("POST", `${path}/recover`, { since });
    expect([recovery.status, recovery.headers.get("location")]).toEqual([202, `/v1/jobs/${recovery.body.id}`]);
    const job = `/v1/jobs/${recovery.body.id}`;
    expect((await call("GET", job)).body.kind).toBe("webhooks.recover");
    expect((await call("POST", `${job}/pause`)).body.status).toBe("paused");
    expect((await call("POST", `${job}/resume`)).status).toBe(200);
    expect((await call("POST", `${job}/cancel`)).body.status).toBe("canceled");
    expect((await call("POST", `${job}/pause`)).status).toBe(409);
    expect((await call("POST", "/v1/webhooks/recover", { since, dryRun: true })).status).toBe(200);
    const everywhere = await call("POST", "/v1/webhooks/recover", { since, rate: { count: 1, per: "1s" } });
    expect(everywhere.status).toBe(202);
    expect((await call("POST", "/v1/webhooks/recover", { since: "today" })).status).toBe(422);
    expect((await call("GET", "/v1/jobs")).body.data).toHaveLength(2);
    expect((await call("POST", `/v1/jobs/${everywhere.body.id}/cancel`)).status).toBe(200);
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

  test("what browsers hold and call, and what tells why they are refused", async () => {
    const origin = "https://app.riverside.example";
    const page = await call("POST", "/v1/keys", { name: "Website", kind: "publishable", origins: [origin] });
    expect(page.status).toBe(201);
    expect((await call("POST", "/v1/keys", { name: "x", kind: "publishable", origins: ["*"] })).status).toBe(422);
    const path = `/v1/keys/${page.body.id}`;
    expect((await call("PATCH", path, { eventTypes: ["glossary_opened"], ownedBy: null })).body.kind).toBe(
      "publishable",
    );
    expect((await call("PATCH", path, { origins: [] })).status).toBe(422);
    expect((await call("PATCH", "/v1/keys/key_nowhere", { name: "x" })).status).toBe(404);
    await call("PUT", "/v1/event-types/glossary_opened", { clientSafe: true });
    const fromPage = (key: string) => ({ key, headers: { origin } });
    const opened = { type: "glossary_opened", userId: "user_42", id: "web-1" };
    const byPage = fromPage(page.body.secretKey);
    expect((await call("POST", "/v1/events", opened, byPage)).body.effects).toBeUndefined();
    expect((await call("POST", "/v1/events", opened, byPage)).status).toBe(200);
    expect((await call("POST", "/v1/events", LESSON, byPage)).status).toBe(422);
    const both = { events: [{ ...opened, id: "web-2" }, LESSON] };
    expect((await call("POST", "/v1/events/batch", both, byPage)).body.results).toHaveLength(2);
    expect((await call("GET", "/v1/events/web-1?browserOf=user_42")).body.type).toBe("glossary_opened");

    const wanted = { userId: "user_42", scopes: ["progress:read"], origin };
    const widget = await call("POST", "/v1/widget-sessions", wanted);
    expect((await call("POST", "/v1/widget-sessions", { userId: "user_42" })).status).toBe(422);
    const embed = await call("POST", "/v1/embed-tokens", { userId: "user_42", ttl: "12h", origin });
    expect((await call("POST", "/v1/embed-tokens", { userId: "user_42", ttl: "9d" })).status).toBe(422);
    const byMember = fromPage(widget.body.token);
    const state = await call("GET", "/v1/widget/state", undefined, byMember);
    expect(state.body.balances.xp.available).toBeGreaterThan(0);
    const same = { ...byMember, headers: { origin, "if-none-match": state.headers.get("etag") ?? "" } };
    expect((await call("GET", "/v1/widget/state", undefined, same)).status).toBe(304);
    expect((await call("GET", "/v1/widget/state")).status).toBe(403);
    expect((await call("GET", "/v1/widget/state", undefined, { key: "" })).status).toBe(401);
    const newcomer = await call("POST", "/v1/embed-tokens", { userId: "nobody_yet", origin });
    const blank = await call("GET", "/v1/widget/state", undefined, fromPage(newcomer.body.token));
    expect(blank.body.createdAt).toBeNull();

    for (const credential of [keys.test, keys.live, page.body.secretKey, widget.body.token, "whsec_x", "x"]) {
      const request = { credential, method: "POST", path: "/v1/events", origin };
      expect((await call("POST", "/v1/credentials/inspect", request)).body.problems).toBeArray();
    }
    expect((await call("POST", "/v1/credentials/inspect", {})).status).toBe(422);
    const asked = { body: "{}", headers: { "X-Hatch-Signature": "sha256=00" }, secret: "whsec_x" };
    const answered = await call("POST", "/v1/webhooks/check-signature", asked);
    expect(answered.body).toMatchObject({ valid: false, mistake: { code: "header_missing" } });
    expect((await call("POST", "/v1/webhooks/check-signature", {})).status).toBe(422);
    const nowhere = { ...asked, subscriptionId: "sub_01kag6w8zr5s1v4y7b0e3h6k9m" };
    expect((await call("POST", "/v1/webhooks/check-signature", nowhere)).status).toBe(404);
    expect((await call("GET", "/v1/members/user_42/widget-sessions?limit=1")).body.next).toBeString();
    expect((await call("DELETE", `/v1/widget-sessions/${widget.body.id}`)).body.revokedAt).toBeString();
    expect((await call("DELETE", "/v1/widget-sessions/wst_nowhere")).status).toBe(404);
    expect((await call("DELETE", "/v1/members/user_42/widget-sessions")).body.revoked).toBeGreaterThan(0);
    expect((await call("GET", "/v1/widget/state", undefined, fromPage(embed.body.token))).status).toBe(401);
    const leaky = await call("POST", "/v1/keys", { name: "Leaky" });
    const report = { key: leaky.body.secretKey };
    expect((await call("POST", "/v1/keys/report-leak", report, { key: "" })).status).toBe(202);
    expect((await call("POST", "/v1/keys/report-leak", {}, { key: "" })).status).toBe(422);
    expect((await call("DELETE", path)).status).toBe(200);
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
        operationAt("POST", "/v1/auth/setup").operation.responses[201]?.content?.["application/json"]?.schema ?? {};
      const body: unknown = await answered.json();
      expect([answered.status, check(schema, body), undocumented(document, schema, body)]).toEqual([201, [], []]);
      seen.get("POST /v1/auth/setup")?.add(201);
      expect(await entriesOf(fresh, [answered.headers.get("x-request-id") ?? ""])).toBe(4);
    } finally {
      await fresh.close();
    }
  });

  test("people: their own account, the team, the installation", async () => {
    const people = peopleCalls(app, call);
    const place = (await app.access.listEnvironments()).find(({ kind }) => kind === "test")?.id ?? "";
    await callOwnAccount(people);
    await callTeam(people, place);
    await callInstallation(people);
  }, 60_000);

  test("the audit log, read and exported", async () => {
    const { data } = (await call("GET", "/v1/audit?action=key.*&limit=2")).body;
    expect(data.map(({ action }: { action: string }) => action)).toEqual(["key.revoked", "key.rotated"]);
    expect((await call("GET", "/v1/audit?since=yesterday")).status).toBe(422);
    expect((await call("GET", "/v1/audit/export?action=program.*")).body).toContain('"program.published"');
    expect((await call("GET", "/v1/audit/export?format=csv")).body).toStartWith("sequence,id,at,");
    expect((await call("GET", "/v1/instance/audit")).status).toBe(403);
    const people = peopleCalls(app, call);
    const ada = people.by(await people.signIn("ada@riverside.example"));
    expect((await ada("GET", "/v1/instance/audit?action=account.signed_in", 200)).body.data).not.toBeEmpty();
    await ada("GET", "/v1/instance/audit/export", 200);
  });

  test("every change leaves an audit entry with its request, or is excused from it with a reason", async () => {
    // A change that changes nothing leaves none: this one goes back to another version.
    await call("PUT", "/v1/program/draft", { ...config.program, badges: {} });
    await call("POST", "/v1/program/publish", {});
    await call("POST", "/v1/program/rollback", { version: 1 });
    const wanted = operationsOf(document)
      .filter(({ name, method }) => method !== "GET" || AUDITED_READS.includes(name))
      // That each is called and succeeds is for the last test to say.
      .filter(({ name }) => succeeded.has(name));
    expect(wanted.length).toBeGreaterThan(60);
    const silent: string[] = [];
    for (const { name } of wanted) if ((await entriesOf(app, succeeded.get(name) ?? [])) === 0) silent.push(name);
    expect(silent.sort()).toEqual(Object.keys(UNAUDITED).sort());
  });

  test("every write that takes an Idempotency-Key was repeated under it, after its answer was lost", async () => {
    const kept = await app.context.database.read((reader) =>
      reader.get(
        "SELECT COUNT(*) AS claims, COUNT(result_sealed) AS results, COUNT(answer_sealed) AS answers FROM idempotency_claims",
      ),
    );
    expect(kept).toEqual({ claims: expect.any(Number), results: (kept as { claims: number }).claims, answers: 0 });
    const taking = operationsOf(document).filter(({ operation }) => takesName(operation));
    expect(taking.length).toBeGreaterThan(15);
    expect(taking.map(({ name }) => name).filter((name) => !repeated.has(name))).toEqual([]);
  });

  test("and nothing was left out: every success that the document speaks of was seen", () => {
    const expected = operationsOf(document).map(({ name, operation }) => ({
      name,
      successes: Object.keys(operation.responses).filter((status) => Number(status) < 400),
    }));
    // Redirects to and from a provider: walked with a real one beside the code of the sign-in.
    const walked = new Set(["GET /v1/auth/oidc/start", "GET /v1/auth/oidc/callback"]);
    const missed = expected.filter(
      ({ name, successes }) => !walked.has(name) && !successes.every((status) => seen.get(name)?.has(Number(status))),
    );
    expect(missed).toEqual([]);
  });
});
