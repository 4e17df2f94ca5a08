import { afterEach, describe, expect, test } from "bun:test";
import { type Received, type Receiver, startReceiver } from "../../../../../tests/support/receiver.ts";
import { createTestWebhooks, type TestWebhooks, until } from "../../../../../tests/support/webhooks.ts";
import { createEventCatalogue } from "../../../../app.ts";
import { isoTime } from "../../../../kernel/clock.ts";
import type { JsonObject } from "../../../../kernel/json.ts";
import { addMs, unixMs } from "../../../../kernel/units.ts";
import { PRESETS } from "./presets.ts";
import { fieldsOfSentence, lineOf, sentenceOf } from "./words.ts";

const catalogue = createEventCatalogue();
const propertiesOf = (schema: JsonObject) => Object.keys(schema.properties as JsonObject);

describe("in words", () => {
  test.each(catalogue.list().map((type) => [type.name, type] as const))(
    "%s has a sentence of its own",
    (name, type) => {
      const fields = fieldsOfSentence(name);
      expect(fields?.length).toBeGreaterThan(0);
      expect(fields?.filter((field) => !propertiesOf(type.schema).includes(field))).toEqual([]);
      const sentence = sentenceOf(name, type.example);
      expect(sentence).not.toMatch(/[{}]|undefined|nothing|\[object/);
      expect(sentence.length).toBeLessThan(300);
    },
  );

  test("a customer's own event is named with whom it is about", () => {
    expect(sentenceOf("lesson_completed", { userId: "ann" })).toBe("lesson_completed by ann");
    expect(sentenceOf("constructor", {})).toBe("constructor by nothing");
  });

  test("of an endpoint no query is told, and no part of its path that may be a secret", () => {
    const data = {
      endpoint: "https://api.example.com/hooks/4kD92mslQpT7?token=s3cret",
      failuresInRow: 5,
      lastFailure: "x",
    };
    expect(sentenceOf("subscription.failing", data)).toBe(
      "5 deliveries in a row to api.example.com/hooks/… have failed: x",
    );
  });

  test("what is not there is nothing, and what is no text is not spelt out", () => {
    expect(sentenceOf("level.changed", { userId: "ann", from: null, to: { a: 1 }, track: "level" })).toBe(
      "ann moved from nothing to … on level",
    );
  });

  test.each([
    ["a\r\nb\u2028c\u2029d\0e\u001b[31mf", "a b c d e [31mf"],
    ["\u202eabc\u2066", "abc"],
    ["👩‍👩‍👧 ok", "👩‍👩‍👧 ok"],
    ["half \ud800 of one", "half of one"],
    ["x".repeat(1_000_000), `${"x".repeat(9)}…`],
    ["🥚".repeat(20), `${"🥚".repeat(9)}…`],
  ])("%j is one line of ten characters at most, or as it is", (text, line) => {
    expect(lineOf(text, text.length > 30 ? 10 : 100)).toBe(line);
  });
});

const HOSTILE = "@everyone @here <!channel> <@U123> <#C1|x> & [free](https://evil.example) **bold** `code` \\ \r\n# a";
const message = (name: keyof typeof PRESETS, text: string, setting: object = {}): JsonObject =>
  PRESETS[name].message(text, {
    event: "points.earned",
    setting: { name, ...setting },
    url: new URL("https://x.test/t"),
  });

describe("texts that want to be more", () => {
  test("Slack gets no mention, no link and no entity", () => {
    const text = message("slack", HOSTILE).text as string;
    expect(text).not.toMatch(/[<>]/);
    expect(text.replaceAll(/&(?:lt|gt|amp);/g, "")).not.toContain("&");
    expect(text).toContain("&lt;!channel&gt;");
  });

  test("Discord gets no mention, no link and no mark", () => {
    const { content, allowed_mentions } = message("discord", HOSTILE) as { content: string; allowed_mentions: unknown };
    expect(allowed_mentions).toEqual({ parse: [] });
    expect(content.replaceAll(/\\[^0-9A-Za-z\s]/g, "")).not.toMatch(/[\\*_~`|>#[\]()<@]/);
  });

  test.each([1, 1_999, 2_000, 2_001, 100_000])("Discord gets at most 2,000 characters of %i", (length) => {
    for (const character of ["a", "*", "🥚"]) {
      const { content } = message("discord", character.repeat(length)) as { content: string };
      expect(content.length).toBeLessThanOrEqual(2_000);
      expect(content.isWellFormed()).toBe(true);
      expect(/(?:^|[^\\])(?:\\\\)*\\$/.test(content)).toBe(false);
    }
  });

  test("Telegram gets 1 to 4,096 units, ntfy 4,096 bytes, Slack 4,000 characters, each whole", () => {
    for (const text of ["", "\r\n", "a".repeat(100_000), "🥚".repeat(50_000), "é".repeat(5_000)]) {
      const telegram = message("telegram", text, { chatId: "-1001234567890" });
      expect(telegram.chat_id).toBe(-1_001_234_567_890);
      expect((telegram.text as string).length).toBeWithin(1, 4_097);
      expect((telegram.text as string).isWellFormed()).toBe(true);
      const ntfy = message("ntfy", text).message as string;
      expect(Buffer.byteLength(ntfy)).toBeLessThanOrEqual(4_096);
      expect(ntfy).not.toContain("\ufffd");
      expect([...(message("slack", text).text as string)].length).toBeLessThanOrEqual(4_000);
    }
  });
});

test("Telegram's method is put behind the token, before a query", () => {
  const address = (rest: string) => PRESETS.telegram.address?.(`https://api.telegram.org/bot1:abcdefghijk${rest}`);
  expect(address("")).toBe("https://api.telegram.org/bot1:abcdefghijk/sendMessage");
  expect(address("/sendMessage")).toBe("https://api.telegram.org/bot1:abcdefghijk/sendMessage");
  expect(address("?a=1")).toBe("https://api.telegram.org/bot1:abcdefghijk/sendMessage?a=1");
});

describe("what they answer", () => {
  const now = unixMs(1_795_197_840_000);
  const judge = (name: keyof typeof PRESETS, status: number, body: string, headers: Record<string, string> = {}) =>
    PRESETS[name].judge?.(
      {
        kind: "answered",
        status,
        headers,
        body: new TextEncoder().encode(body),
        timings: { dns: 0, firstByte: 0, body: 0 },
        address: "",
      },
      now,
    );

  test.each([
    [
      "telegram",
      429,
      '{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 7","parameters":{"retry_after":7}}',
      7_000,
    ],
    ["telegram", 429, '{"parameters":{"retry_after":1e99}}', 86_400_000],
    ["telegram", 429, '{"parameters":{"retry_after":-5}}', undefined],
    ["telegram", 429, "not JSON", undefined],
    ["discord", 429, '{"retry_after": 0.65, "global": false}', 650],
    ["discord", 429, "[]", undefined],
  ] as const)("%s %i %s waits %p ms", (name, status, body, ms) => {
    const verdict = judge(name, status, body);
    expect(verdict?.kind).toBe("retry");
    expect(verdict?.kind === "retry" ? verdict.notBefore : 0).toBe(ms === undefined ? undefined : addMs(now, ms));
  });

  test("Discord's header may have a point, and comes before its body", () => {
    expect(judge("discord", 429, '{"retry_after": 9}', { "retry-after": "1.5" })).toMatchObject({
      notBefore: addMs(now, 1_500),
    });
  });

  test.each([
    ["slack", 404, "no_service", "gone"],
    ["slack", 404, "channel_not_found", "gone"],
    ["slack", 410, "channel_is_archived", "gone"],
    ["slack", 403, "action_prohibited", "refused"],
    ["discord", 404, '{"message":"Unknown Webhook","code":10015}', "gone"],
    ["telegram", 400, '{"ok":false,"description":"Bad Request: chat not found"}', "refused"],
    ["telegram", 401, '{"ok":false,"description":"Unauthorized"}', "refused"],
  ] as const)("%s %i %s is %s", (name, status, body, kind) => {
    expect(judge(name, status, body)).toMatchObject({ kind });
  });

  test("a group that became another is told with its number", () => {
    const body = '{"description":"Bad Request: group chat was upgraded","parameters":{"migrate_to_chat_id":-100987}}';
    expect(judge("telegram", 400, body)).toMatchObject({ reason: expect.stringContaining("chatId -100987") });
  });

  test.each([
    ["slack", 404, "<html>not found</html>"],
    ["slack", 500, "rollup_error"],
    ["slack", 200, "ok"],
    ["discord", 404, "not JSON"],
    ["discord", 404, '{"code":10003}'],
    ["telegram", 502, "bad gateway"],
  ] as const)("%s %i %s is left to its status", (name, status, body) => {
    expect(judge(name, status, body)).toBeUndefined();
  });
});

/** What the real ones document that they take, played at a socket. */
const IMITATIONS: Readonly<Record<string, (request: Received, body: JsonObject) => Response>> = {
  slack: (_, { text }) =>
    typeof text === "string" && text !== "" ? new Response("ok") : new Response("no_text", { status: 400 }),
  discord: (_, { content }) =>
    typeof content === "string" && content.length >= 1 && content.length <= 2_000
      ? new Response(null, { status: 204 })
      : Response.json({ message: "Cannot send an empty message", code: 50_006 }, { status: 400 }),
  telegram: ({ path }, { chat_id, text }) =>
    path === "/bot123456:AAF-abcdefghijklmnop/sendMessage" && chat_id === -42 && typeof text === "string"
      ? Response.json({ ok: true, result: { message_id: 1 } })
      : Response.json({ ok: false, error_code: 404, description: "Not Found" }, { status: 404 }),
  ntfy: ({ path }, { topic, message: text }) =>
    path === "/" && topic === "my-secret-topic" && typeof text === "string"
      ? Response.json({ id: "x", event: "message" })
      : Response.json({ code: 40_009, http: 400 }, { status: 400 }),
};
const PATHS = {
  slack: "/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX",
  discord: "/api/webhooks/1234567890/abcdefghijklmnopqrstuvwxyz",
  telegram: "/bot123456:AAF-abcdefghijklmnop",
  ntfy: "/my-secret-topic",
} as const;
const SECRETS = {
  slack: "XXXXXXXXXXXXXXXXXXXXXXXX",
  discord: "abcdefghijklmnopqrstuvwxyz",
  telegram: "AAF-abcdefghijklmnop",
  ntfy: "my-secret-topic",
} as const;

let hatch: TestWebhooks;
let receiver: Receiver;
afterEach(async () => {
  await hatch?.close();
  receiver?.stop();
});

describe("a receiver that plays the real one", () => {
  for (const name of ["slack", "discord", "telegram", "ntfy"] as const) {
    const preset = name === "telegram" ? { name, chatId: "-42" } : name;

    test(`${name} takes what is sent, and its address is nowhere to be read`, async () => {
      receiver = startReceiver((request) => IMITATIONS[name]?.(request, JSON.parse(request.body)) ?? new Response());
      hatch = await createTestWebhooks();
      const id = await hatch.subscribe({ endpoint: receiver.url + PATHS[name], preset, events: ["points.earned"] });
      await hatch.announce("points.earned", { userId: "ann <b> @all", amount: 10, currency: "xp" });
      const [got] = (await receiver.arrived(1)) as [Received];
      expect(got.body).toContain("earned 10 xp");
      expect(got.headers.get("content-type")).toBe("application/json");
      const { id: delivery } = await until(() => hatch.delivery("status = 'delivered'").catch(() => undefined));
      const shown = [
        (await hatch.call("GET", `/v1/webhooks/${id}`)).text,
        (await hatch.call("GET", "/v1/webhooks")).text,
        (await hatch.call("GET", `/v1/deliveries/${delivery}`)).text,
        (await hatch.call("POST", `/v1/webhooks/${id}/preview`, { body: {} })).text,
        await hatch.context.metrics.render(),
        hatch.context.logged.join("\n"),
        JSON.stringify(await hatch.rows("SELECT * FROM subscriptions")),
        JSON.stringify(await hatch.rows("SELECT * FROM audit_entries")),
        JSON.stringify(await hatch.rows("SELECT * FROM attempts")),
      ];
      for (const text of shown) expect(text).not.toContain(SECRETS[name]);
      expect((await hatch.call("GET", `/v1/webhooks/${id}`)).body.endpoint).toContain("***");
      const made = (await hatch.call("GET", `/v1/deliveries/${delivery}`)).body.attempts[0].request.body;
      expect(made).toEqual({
        bytes: Buffer.byteLength(got.body),
        sha256: new Bun.CryptoHasher("sha256").update(got.body).digest("hex"),
      });
    });
  }

  test("an answer that repeats the path, and events that tell of it, show no token", async () => {
    const echo = (request: Received) =>
      new Response(`Cannot POST ${request.path}`, { status: 400, headers: { "x-path": request.path } });
    receiver = startReceiver((request, index) => (index === 0 ? echo(request) : new Response("ok")));
    hatch = await createTestWebhooks();
    await hatch.subscribe({ endpoint: `${receiver.url}/told`, events: ["delivery.exhausted"] });
    const preset = { name: "telegram", chatId: "-42" };
    await hatch.subscribe({ endpoint: receiver.url + PATHS.telegram, preset, events: ["points.earned"] });
    await hatch.announce();
    const got = await receiver.arrived(2);
    const told = got.find(({ path }) => path === "/told");
    expect(JSON.parse(told?.body ?? "").data.endpoint).toBe(`${receiver.url}/bot***`);
    const { id } = await until(() => hatch.delivery("status = 'failed'").catch(() => undefined));
    const { text, body } = await hatch.call("GET", `/v1/deliveries/${id}`);
    expect(body.attempts[0].response.body).toBe("Cannot POST ***/sendMessage");
    expect(text + told?.body).not.toContain(SECRETS.telegram);
    expect(text).not.toContain("123456:");
  });

  test("a webhook that is no more switches the subscription off, with the receiver's own word", async () => {
    receiver = startReceiver(() => new Response("no_service", { status: 404 }));
    hatch = await createTestWebhooks();
    const id = await hatch.subscribe({ endpoint: receiver.url + PATHS.slack, preset: "slack" });
    await hatch.announce();
    await until(() => hatch.delivery("status = 'skipped'").catch(() => undefined));
    const { body } = await hatch.call("GET", `/v1/webhooks/${id}`);
    expect(body).toMatchObject({ status: "disabled", reason: "Slack answered 404: no_service" });
  });

  test("Telegram's own wait moves the retry", async () => {
    receiver = startReceiver(() => Response.json({ ok: false, parameters: { retry_after: 400 } }, { status: 429 }));
    hatch = await createTestWebhooks();
    const preset = { name: "telegram", chatId: "-42" };
    await hatch.subscribe({ endpoint: receiver.url + PATHS.telegram, preset });
    await hatch.announce();
    const { id } = await until(() => hatch.delivery("status = 'pending' AND failures = 1").catch(() => undefined));
    const { body } = await hatch.call("GET", `/v1/deliveries/${id}`);
    expect(body.nextAttemptAt).toBe(isoTime(addMs(hatch.context.clock.now(), 400_000)));
  });
});

describe("what a preset does not take", () => {
  test.each([
    [{ preset: "telegram", endpoint: `https://api.telegram.org${PATHS.telegram}` }, "preset.chatId", "Is required."],
    [{ preset: { name: "telegram", chatId: "-42" }, endpoint: "https://api.telegram.org/" }, "endpoint", "bot<token>"],
    [{ preset: { name: "telegram", chatId: "a b" }, endpoint: "https://api.telegram.org/" }, "preset", "Is no chat"],
    [{ preset: "slack", endpoint: "https://hooks.slack.com/services/T/B" }, "endpoint", "Is no incoming webhook"],
    [
      { preset: { name: "slack", chatId: "-1" }, endpoint: "https://example.com/x" },
      "preset.chatId",
      "Is nothing that",
    ],
    [{ preset: "discord", endpoint: "https://discord.com/channels/1/2" }, "endpoint", "Is no webhook of Discord"],
    [{ preset: "discord", endpoint: "https://discord.com/api/webhooks/1/x/slack" }, "endpoint", "another format"],
    [{ preset: "ntfy", endpoint: "https://ntfy.sh/a/b" }, "endpoint", "address of a topic"],
    [
      { preset: "ntfy", endpoint: "https://ntfy.sh/a", contentType: "text/plain", payload: "'x'" },
      "contentType",
      "preset",
    ],
    [{ preset: "ntfy", mode: "pull" }, "preset", "A pull subscription gets the event as it is."],
    [{ endpoint: "https://hooks.slack.com/services/***" }, "endpoint", "Is masked"],
    [{ preset: "teams", endpoint: "https://example.com/x" }, "preset", "Must be"],
  ])("%j", async (settings, path, words) => {
    hatch = await createTestWebhooks({ start: false });
    const { status, body } = await hatch.call("POST", "/v1/webhooks", { body: { events: ["*"], ...settings } });
    expect(status).toBe(422);
    const details: { path: string; message: string }[] = body.error.details;
    expect(details.find((one) => one.path.startsWith(path))?.message).toContain(words);
  });

  test("a known address is sealed without a preset too, and stays so once the preset is taken away", async () => {
    hatch = await createTestWebhooks({ start: false });
    const slack = await hatch.subscribe({ endpoint: `https://hooks.slack.com${PATHS.slack}` });
    expect((await hatch.call("GET", `/v1/webhooks/${slack}`)).body.endpoint).toBe(
      "https://hooks.slack.com/services/***",
    );
    const ntfy = await hatch.subscribe({ endpoint: "https://push.invalid/my-secret-topic", preset: "ntfy" });
    const changed = await hatch.call("PATCH", `/v1/webhooks/${ntfy}`, { body: { description: "x" } });
    expect(changed.body.endpoint).toBe("https://push.invalid/***");
    const plain = await hatch.call("PATCH", `/v1/webhooks/${ntfy}`, { body: { preset: null } });
    expect(plain.body).toMatchObject({ preset: null, endpoint: "https://push.invalid/***" });
  });

  test("a known address that an older release kept in plain text is sealed with the first change", async () => {
    hatch = await createTestWebhooks({ start: false });
    const endpoint = `https://hooks.slack.com${PATHS.slack}`;
    const id = await hatch.subscribe({ endpoint });
    await hatch.context.database.write((writer) =>
      writer.run("UPDATE subscriptions SET endpoint = ?, endpoint_sealed = NULL", [endpoint]),
    );
    const changed = await hatch.call("PATCH", `/v1/webhooks/${id}`, { body: { description: "x" } });
    expect(changed.body.endpoint).toBe("https://hooks.slack.com/services/***");
    const [row] = await hatch.rows("SELECT endpoint, endpoint_sealed FROM subscriptions");
    expect(row).toEqual({ endpoint: "https://hooks.slack.com/services/***", endpoint_sealed: expect.any(String) });
  });
});
