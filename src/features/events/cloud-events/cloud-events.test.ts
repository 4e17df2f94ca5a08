import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { createTestContext, createTestWorkspace, type TestContext } from "../../../../tests/support/context.ts";
import { createTestServer, type TestServer } from "../../../../tests/support/http.ts";
import { createTestProgression, publishProgram } from "../../../../tests/support/progression.ts";
import { createEvents } from "../index.ts";
import { decodeHeader } from "./attributes.ts";

let context: TestContext;
let server: TestServer;
let key: string;

beforeEach(async () => {
  context = await createTestContext();
  const live = (await createTestWorkspace(context)).principal("live");
  const progression = createTestProgression(context);
  const { programs, recorder } = progression;
  const findDeliveries = async () => [];
  const events = createEvents(context, { programs, recorder, isReserved: () => false, findDeliveries });
  server = createTestServer(context, [progression.feature, events]);
  key = server.keyFor(live);
  await publishProgram(progression, live, {
    timezone: "UTC",
    eventTypes: {
      "com.acme.lesson.done": {
        schema: { type: "object", properties: { score: { type: "number" } }, required: ["score"] },
      },
      lesson: {},
    },
    currencies: { xp: { kind: "progress" } },
    rules: { xp: { on: "com.acme.lesson.done", then: [{ credit: "xp", amount: "int(event.properties.score)" }] } },
  });
});
afterEach(() => context.close());

const EVENT = {
  specversion: "1.0",
  id: "A234-1234",
  source: "https://acme.example/lessons",
  type: "com.acme.lesson.done",
  subject: "user_42",
  time: "2026-11-20T17:31:00Z",
  datacontenttype: "application/json",
  data: { score: 7 },
};
type Fields = Readonly<Record<string, unknown>>;

const post = (body: unknown, headers: Readonly<Record<string, string>>) =>
  server.call("POST", "/v1/events", { key, body, headers });
const structured = (fields: Fields, type = "application/cloudevents+json") =>
  post({ ...EVENT, ...fields }, { "content-type": type });
const batched = (events: unknown) => post(events, { "content-type": "application/cloudevents-batch+json" });
const binary = (headers: Readonly<Record<string, string>> = {}, data: unknown = EVENT.data) =>
  post(data, {
    "ce-specversion": "1.0",
    "ce-id": EVENT.id,
    "ce-source": EVENT.source,
    "ce-type": EVENT.type,
    "ce-subject": EVENT.subject,
    "ce-time": EVENT.time,
    "content-type": "application/json",
    ...headers,
  });
const refused = async () => (await server.call("GET", "/v1/events/refused", { key })).body.data;

const AS_EVENT = {
  id: "https://acme.example/lessons|A234-1234",
  type: "com.acme.lesson.done",
  userId: "user_42",
  occurredAt: "2026-11-20T17:31:00.000Z",
};

describe("a CloudEvent is an event", () => {
  test.each([
    ["structured", () => structured({})],
    ["structured, with its charset", () => structured({}, "application/cloudevents+json; charset=UTF-8")],
    [
      "structured, with extensions of others",
      () => structured({ traceparent: "00-x", partitionkey: 7, sequence: "1" }),
    ],
    ["structured, with data as base64", () => structured({ data: undefined, data_base64: btoa('{"score":7}') })],
    ["structured, with nulls for what is absent", () => structured({ dataschema: null, data_base64: null })],
    ["structured, its user in the extension", () => structured({ subject: undefined, userid: "user_42" })],
    ["structured, where the subject goes before the extension", () => structured({ userid: "someone" })],
    ["structured, data of a JSON type of its own", () => structured({ datacontenttype: "application/vnd.acme+json" })],
    ["structured, without a type of its data", () => structured({ datacontenttype: undefined })],
    ["binary", () => binary()],
    ["binary, with extensions of others", () => binary({ "ce-partitionkey": "%zz", "ce-dataschema": "x" })],
    ["binary, of a type that nobody said", () => binary({ "content-type": "application/x-www-form-urlencoded" })],
    ["binary, percent-encoded", () => binary({ "ce-type": "com%2Eacme.lesson.done", "ce-subject": "user%5f42" })],
    ["binary, quoted as older senders do", () => binary({ "ce-subject": '"user\\_42"' })],
  ])("%s", async (_, send) => {
    const answer = await send();
    expect(answer.body).toMatchObject({ ...AS_EVENT, status: "accepted", programVersion: 1 });
    expect([answer.status, answer.body.effects[0].amount]).toEqual([201, 7]);
    expect(await refused()).toEqual([]);
    // The same event by any way is the same event.
    for (const again of [await structured({}), await binary()]) {
      expect([again.status, again.body.status]).toEqual([200, "duplicate"]);
    }
    const read = await server.call("GET", `/v1/events/${encodeURIComponent(AS_EVENT.id)}`, { key });
    expect(read.body.properties).toEqual({ score: 7 });
  });

  test("happened when it arrived, where it does not say", async () => {
    expect((await structured({ time: undefined })).body.occurredAt).toBe("2026-11-20T18:04:00.000Z");
  });

  test("may have small letters in its time, as RFC 3339 has it", async () => {
    expect((await structured({ time: "2026-11-20t17:31:00z" })).body.occurredAt).toBe(AS_EVENT.occurredAt);
  });

  test.each([
    ["no data", { data: undefined }],
    ["no data that is worth it", { data: null }],
  ])("has no properties where it has %s", async (_, fields) => {
    const answer = await structured({ ...fields, type: "lesson" });
    expect(answer.status).toBe(201);
    const bare = await server.call("POST", "/v1/events", {
      key,
      headers: { "ce-specversion": "1.0", "ce-id": "2", "ce-source": "/x", "ce-type": "lesson", "ce-subject": "u" },
    });
    expect(bare.status).toBe(201);
  });

  test("of one source has nothing to do with the same id of another, however the two are written", async () => {
    const pairs = [
      ["a", "b|c"],
      ["a|b", "c"],
      ["x", "1"],
      ["y", "1"],
      ["long", "9".repeat(300)],
      ["long", "9".repeat(301)],
    ] as const;
    const ids: string[] = [];
    for (const [source, id] of pairs) {
      const answer = await structured({ source, id });
      expect(answer.status).toBe(201);
      ids.push(answer.body.id);
    }
    expect(new Set(ids).size).toBe(pairs.length);
    for (const id of ids) expect(id.length).toBeLessThanOrEqual(255);
    expect((await structured({ source: "long", id: "9".repeat(300) })).body.status).toBe("duplicate");
  });

  test("with the same source and id but other content is a conflict", async () => {
    await structured({});
    const answer = await binary({ "ce-subject": "user_43" });
    expect([answer.status, answer.body.error.code]).toEqual([409, "event_conflict"]);
  });
});

describe("what can't be taken is refused with the name that the CloudEvent has for it", () => {
  test.each([
    ["no specversion", { specversion: undefined }, "specversion"],
    ["an older specversion", { specversion: "0.3" }, "specversion"],
    ["no id", { id: undefined }, "id"],
    ["a number for an id", { id: 7 }, "id"],
    ["no source", { source: "" }, "source"],
    ["no type", { type: undefined }, "type"],
    ["an unregistered type", { type: "com.acme.other" }, "type"],
    ["nobody", { subject: undefined }, "subject"],
    ["nobody that can be named", { subject: "" }, "subject"],
    ["a wrong time", { time: "yesterday" }, "time"],
    ["a time ahead", { time: "2027-01-01T00:00:00Z" }, "time"],
    ["text for data", { data: "score 7" }, "data"],
    ["a list for data", { data: [7] }, "data"],
    ["data of another type", { datacontenttype: "text/xml", data: "<score/>" }, "data"],
    ["an object that says it is XML", { datacontenttype: "text/xml" }, "data"],
    ["data that does not fit the schema", { data: { score: "7" } }, "data.score"],
    ["no base64", { data: undefined, data_base64: "*" }, "data_base64"],
    ["base64 of no JSON", { data: undefined, data_base64: btoa("score") }, "data_base64"],
    ["base64 of a list", { data: undefined, data_base64: btoa("[7]") }, "data_base64"],
    [
      "base64 of too deep a tree",
      { data: undefined, data_base64: btoa(`{"a":${"[".repeat(40)}${"]".repeat(40)}}`) },
      "data_base64",
    ],
    [
      "base64 of another type",
      { data: undefined, data_base64: btoa("{}"), datacontenttype: "image/png" },
      "data_base64",
    ],
    ["data twice", { data_base64: btoa("{}") }, "data_base64"],
    ["a control character in its source", { source: "a\nb" }, "source"],
  ])("%s", async (_, fields, path) => {
    const answer = await structured(fields);
    expect([answer.status, answer.body.error.details?.[0].path]).toEqual([422, path]);
    const [listed] = await refused();
    expect([listed.source, listed.error.code, listed.error.details[0].path]).toEqual([
      "cloudevents",
      "validation_failed",
      path,
    ]);
  });

  test.each([
    ["text", "text/plain", "score 7"],
    ["XML", "application/xml", "<score/>"],
    ["bytes", "application/octet-stream", "\u0000\u0001"],
  ])("a binary one that carries %s", async (_, type, data) => {
    const answer = await binary({ "content-type": type }, data);
    expect([answer.status, answer.body.error.details[0].path]).toEqual([422, "data"]);
  });

  test.each([
    ["a header that ends a line", { "ce-subject": "user%0d%0aX-Evil:%201" }, "subject"],
    ["a header that holds a zero", { "ce-id": "a%00b" }, "id"],
    ["an empty header", { "ce-type": "" }, "type"],
  ])("%s", async (_, headers, path) => {
    const answer = await binary(headers);
    expect([answer.status, answer.body.error.details[0].path]).toEqual([422, path]);
    expect([...answer.headers.keys()]).not.toContain("x-evil");
  });

  test("JSON that is none, in each mode", async () => {
    expect((await post("{", { "content-type": "application/cloudevents+json" })).status).toBe(400);
    expect((await post("[{", { "content-type": "application/cloudevents-batch+json" })).status).toBe(400);
    expect((await binary({}, "{")).status).toBe(400);
    expect((await post([EVENT], { "content-type": "application/cloudevents+json" })).status).toBe(422);
  });

  test("another format of CloudEvents, another charset, a packed body", async () => {
    for (const type of [
      "application/cloudevents+avro",
      "application/cloudevents",
      "application/cloudevents+json; charset=latin1",
    ]) {
      expect((await structured({}, type)).status).toBe(415);
    }
    expect((await binary({ "content-encoding": "gzip" })).status).toBe(415);
  });

  test("a body beyond the limit", async () => {
    expect((await structured({ data: { text: "x".repeat(1_100_000) } })).status).toBe(413);
    expect((await binary({}, { text: "x".repeat(1_100_000) })).status).toBe(413);
    expect((await batched([{ text: "x".repeat(9_000_000) }])).status).toBe(413);
  });
});

describe("a batch", () => {
  test("is taken one by one, in order, and answered like a batch of events", async () => {
    const answer = await batched([EVENT, { ...EVENT, id: "2", subject: null }, EVENT, 7, { ...EVENT, id: "3" }]);
    expect(answer.status).toBe(200);
    expect(answer.body.results.map(({ status }: { status: string }) => status)).toEqual([
      "accepted",
      "rejected",
      "duplicate",
      "rejected",
      "accepted",
    ]);
    expect(answer.body.results[1].error.details[0].path).toBe("subject");
    expect((await refused()).map(({ id }: { id: string | null }) => id)).toEqual([
      null,
      "https://acme.example/lessons|2",
    ]);
  });

  test("may be empty, and must be a list of at most a thousand", async () => {
    expect((await batched([])).body).toEqual({ results: [] });
    expect((await batched(EVENT)).status).toBe(422);
    expect((await batched(Array.from({ length: 1_001 }, () => EVENT))).status).toBe(422);
  });
});

describe("nobody gets further than the guard", () => {
  test.each([
    ["no key", undefined, 401],
    ["a wrong key", "hk_live_wrong", 401],
  ])("%s", async (_, wrong, status) => {
    for (const type of ["application/cloudevents+json", "application/cloudevents-batch+json", "application/json"]) {
      const headers = { "content-type": type, "ce-id": "%zz" };
      const answer = await server.call("POST", "/v1/events", { ...(wrong ? { key: wrong } : {}), body: "{", headers });
      expect(answer.status).toBe(status);
    }
  });
});

describe("a header's value", () => {
  test.each([
    ["plain", "plain"],
    ["Euro%20%E2%82%AC%20%F0%9F%98%80", "Euro € 😀"],
    ['"quoted \\"twice\\""', 'quoted "twice"'],
    ["%2525", "%25"],
    ["nothing encoded: 100% %E2%82", "nothing encoded: 100% %E2%82"],
    ["zoë", "zoë"],
    ["zo\u00c3\u00ab \u00e2\u0082\u00ac", "zoë €"],
    ["zoë %41", "zoë %41"],
  ])("%p is read as %p", (value, text) => {
    expect(decodeHeader(value)).toBe(text);
  });
});
