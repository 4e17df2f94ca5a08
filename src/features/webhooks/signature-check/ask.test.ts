import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { type Receiver, startReceiver } from "../../../../tests/support/receiver.ts";
import { createTestWebhooks, SECRET, type TestWebhooks, until } from "../../../../tests/support/webhooks.ts";
import { HOUR } from "../../../kernel/units.ts";

let hatch: TestWebhooks;
let receiver: Receiver;
beforeEach(async () => {
  receiver = startReceiver(() => new Response("thanks"));
  hatch = await createTestWebhooks();
});
afterEach(async () => {
  await hatch.close();
  receiver.stop();
});

const OTHER = "whsec_another_strong_random_string_of_yours";
const PATH = "/v1/webhooks/check-signature";

/** A delivery as it came in. */
async function receive(fields: Record<string, unknown> = {}) {
  const id = await hatch.subscribe({ endpoint: receiver.url, ...fields });
  const from = receiver.received.length;
  await hatch.announce();
  const request = await until(() => receiver.received[from]);
  return { id, body: request.body, headers: Object.fromEntries(request.headers) as Record<string, string> };
}
const check = async (body: Record<string, unknown>) => {
  const answer = await hatch.call("POST", PATH, { body });
  expect(answer.status).toBe(200);
  return answer.body;
};

test("a delivery that came is right by its secret and by its subscription", async () => {
  const { id, body, headers } = await receive();
  expect(await check({ body, headers, secret: SECRET })).toMatchObject({
    valid: true,
    family: "hatch",
    secret: "the secret that you gave",
    mistake: null,
    also: [],
  });
  const bySubscription = await check({ bodyBase64: Buffer.from(body).toString("base64"), headers, subscriptionId: id });
  expect(bySubscription).toMatchObject({ valid: true, mistake: null });
  expect(bySubscription.secret).toStartWith("the subscription's newest secret, made at ");
});

describe("what the database knows is used", () => {
  test("the body that was sent: cut off, written anew, changed, of another event", async () => {
    const { body, headers } = await receive();
    const { body: other } = { body: JSON.stringify({ ...JSON.parse(body), id: (await hatch.announce()) ?? "" }) };
    const codes = [];
    for (const given of [
      body.slice(0, 30),
      JSON.stringify(JSON.parse(body), null, 3),
      body.replace("10", "11"),
      other,
    ]) {
      const { mistake } = await check({ body: given, headers, secret: SECRET });
      codes.push([mistake.code, mistake.proven]);
    }
    expect(codes).toEqual([
      ["body_truncated", true],
      ["body_reserialised", true],
      ["body_changed", true],
      ["body_of_other", true],
    ]);
  });

  test("the secret of another subscription, here and in the other environment", async () => {
    const { body, headers } = await receive();
    const other = await hatch.subscribe({ endpoint: receiver.url, events: ["level.changed"], secret: OTHER });
    const { mistake } = await check({ body, headers, subscriptionId: other });
    expect([mistake.code, mistake.message]).toEqual(["secret_of_other", expect.stringContaining("sub_")]);
    const test = hatch.server.keyFor(hatch.workspace.principal("test"));
    const answer = await hatch.call("POST", PATH, { key: test, body: { body, headers, secret: OTHER } });
    expect(answer.body.mistake.message).toBe(
      "It was signed with the secret of a subscription in live; you ask in test.",
    );
  });

  test("a secret that does not open keeps nobody from an answer", async () => {
    const { id, body, headers } = await receive();
    const damaged = await hatch.subscribe({ endpoint: receiver.url, events: ["level.changed"], secret: OTHER });
    await hatch.context.database.write((writer) =>
      writer.run("UPDATE subscription_secrets SET sealed = 'aaaaaaaa.bbbb' WHERE subscription_id = ?", [damaged]),
    );
    expect((await check({ body, headers, subscriptionId: id })).valid).toBe(true);
    expect((await check({ body, headers, secret: OTHER })).mistake.code).toBe("secret_of_other");
    const own = await hatch.call("POST", PATH, { body: { body, headers, subscriptionId: damaged } });
    expect([own.status, own.body.valid, own.body.mistake.code]).toEqual([200, false, "secret_of_other"]);
  });

  test("a former secret, while it is still known", async () => {
    const { id, body, headers } = await receive();
    await hatch.call("POST", `/v1/webhooks/${id}/rotate-secret`, { body: { overlap: "1h", secret: OTHER } });
    const inOverlap = await check({ body, headers, subscriptionId: id });
    expect([inOverlap.valid, inOverlap.secret]).toEqual([true, expect.stringContaining("whose overlap ends at")]);
    hatch.context.clock.set(hatch.context.clock.now() + 2 * HOUR);
    const receivedAt = new Date(Number(headers["x-hatch-timestamp"]) * 1000).toISOString();
    const after = await check({ body, headers, subscriptionId: id, receivedAt });
    expect(after.mistake.code).toBe("secret_previous");
  });

  test("the template of the subscription", async () => {
    const signature = {
      content: "{timestampMs}:{id}:{body}",
      algorithm: "sha512",
      encoding: "base64",
      each: "sig={signature}",
      join: ";",
      headers: { "X-Acme-Id": "{id}", "X-Acme-Proof": "t={timestamp};{signatures}" },
    };
    for (const named of [signature, "github", "stripe", "standard"]) {
      const { id, body, headers } = await receive({ signature: named });
      expect(await check({ body, headers, subscriptionId: id })).toMatchObject({ valid: true, mistake: null });
      const spoilt = await check({ body: `${body}\n`, headers, subscriptionId: id });
      expect(spoilt.mistake.code).toBe("body_line_break");
      await hatch.call("DELETE", `/v1/webhooks/${id}`);
    }
  });
});

describe("what is handed in stays nowhere", () => {
  const secret = "whsec_this_text_must_be_found_in_no_table_and_no_line";

  test("not in the database, not in the log, not in an answer, whatever becomes of the question", async () => {
    const { body, headers } = await receive();
    const before = await hatch.rows("SELECT COUNT(*) AS count FROM audit_entries");
    const requests = [
      { body, headers, secret },
      { body, headers, secret, subscriptionId: "sub_nowhere" },
      { body, headers, secret, unknown: true },
      { body, headers: { a: 1 }, secret },
      { headers, secret },
      { body: secret, headers, secret: secret.repeat(100) },
    ];
    for (const request of requests) {
      const answer = await hatch.call("POST", PATH, { body: request, headers: { "idempotency-key": "once" } });
      expect([200, 422]).toContain(answer.status);
      expect(answer.text).not.toContain("this_text_must_be_found");
    }
    const tables = await hatch.context.database.storage.estimateRows();
    expect(tables.length).toBeGreaterThan(40);
    for (const { table } of tables) {
      const rows = await hatch.rows(`SELECT * FROM ${table}`);
      expect([table, JSON.stringify(rows).includes("this_text_must_be_found")]).toEqual([table, false]);
    }
    expect(await hatch.rows("SELECT * FROM idempotency_claims")).toEqual([]);
    expect(await hatch.rows("SELECT COUNT(*) AS count FROM audit_entries")).toEqual(before);
    expect(hatch.context.logged.join("\n")).not.toContain("this_text_must_be_found");
  });
});

describe("refused", () => {
  test("without a credential, without the scope, of another tenant, without a body or a secret, with too much", async () => {
    const { id, body, headers } = await receive();
    expect((await hatch.server.call("POST", PATH, { body: { body, headers, secret: SECRET } })).status).toBe(401);
    const weak = hatch.server.keyFor(hatch.workspace.principal("live", { scopes: new Set(["events:write"]) }));
    expect((await hatch.call("POST", PATH, { key: weak, body: { body, headers, secret: SECRET } })).status).toBe(403);
    const test = hatch.server.keyFor(hatch.workspace.principal("test"));
    expect((await hatch.call("POST", PATH, { key: test, body: { body, headers, subscriptionId: id } })).status).toBe(
      404,
    );
    const statusOf = async (request: unknown) => (await hatch.call("POST", PATH, { body: request })).status;
    expect(await statusOf({ headers, secret: SECRET })).toBe(422);
    expect(await statusOf({ body, bodyBase64: "", headers, secret: SECRET })).toBe(422);
    expect(await statusOf({ body, headers })).toBe(422);
    expect(await statusOf({ body, headers, secret: SECRET, tolerance: "9d" })).toBe(422);
    expect(await statusOf({ body, headers, secret: SECRET, receivedAt: "noon" })).toBe(422);
    expect(await statusOf({ body: "x".repeat(600_000), headers, secret: SECRET })).toBe(422);
    expect(await statusOf({ body: "ü".repeat(400_000), headers, secret: SECRET })).toBe(422);
    expect(await statusOf({ body: "x".repeat(2_000_000), headers, secret: SECRET })).toBe(413);
    expect(await statusOf({ body, headers: { a: "x".repeat(3_000) }, secret: SECRET })).toBe(422);
  });

  test("what another workspace has is not spoken of", async () => {
    const { body, headers } = await receive();
    const stranger = {
      ...hatch.workspace.principal("live"),
      workspaceId: "ws_x" as never,
      environmentId: "env_x" as never,
    };
    const key = hatch.server.keyFor(stranger);
    const answer = await hatch.call("POST", PATH, {
      key,
      body: { body: `${body.slice(0, -1)} }`, headers, secret: OTHER },
    });
    expect([answer.body.mistake.code, answer.body.mistake.proven]).toEqual(["unknown", false]);
  });
});

test("twenty at once are answered one after the other, and more are told to wait", async () => {
  const { headers } = await receive();
  const body = JSON.stringify({ text: "x".repeat(20_000) });
  const ask = () => hatch.call("POST", PATH, { body: { body, headers, secret: OTHER } });
  const statuses = (await Promise.all(Array.from({ length: 25 }, ask))).map(({ status }) => status);
  expect(statuses.filter((status) => status === 200).length).toBeGreaterThanOrEqual(20);
  expect(statuses.every((status) => status === 200 || status === 429)).toBe(true);
});
