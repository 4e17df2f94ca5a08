import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Socket } from "node:net";
import { claim, openApp } from "../support/app.ts";
import { createChecker, type Document, undocumented } from "../support/document.ts";
import { type OtherEnd, saying, startOtherEnd, wire } from "../support/other-end.ts";
import { createTestWebhooks, type TestWebhooks, until } from "../support/webhooks.ts";
import { gzipBomb } from "./receivers.ts";

// The whole way, once for each: from the announcement to what a person sees of the attempt, on both engines.

interface Case {
  readonly name: string;
  readonly play: (socket: Socket, connection: number, received: string) => void;
  readonly delivery: Record<string, unknown>;
  readonly attempt: Record<string, unknown>;
}

/** A Postgres may have to be made first, on a loaded machine. */
const PATIENCE_MS = 60_000;

const METADATA = "http://169.254.169.254/latest/meta-data/";
const BOMB = gzipBomb();
const delivered = { status: "delivered", reason: "answered 200", waitingFor: null };
const waits = (reason: string) => ({ status: "pending", reason, waitingFor: "retry" });
const NOT_HTTP = "The answer is not HTTP, or has more than 256 headers.";

const CASES: readonly Case[] = [
  {
    name: "NUL in a body",
    play: saying(wire("200 OK", "a\0b")),
    delivery: delivered,
    attempt: { verdict: "delivered", response: { status: 200, body: "a\0b" } },
  },
  {
    name: "broken UTF-8 in a body",
    play: saying(`HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n\0\xff\xfe\xc3`),
    delivery: delivered,
    attempt: { response: { status: 200, bodyBase64: Buffer.from([0, 0xff, 0xfe, 0xc3]).toString("base64") } },
  },
  {
    name: "half of a surrogate pair in a body",
    play: saying(`HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n\xed\xa0\xbd`),
    delivery: delivered,
    attempt: { response: { bodyBase64: Buffer.from([0xed, 0xa0, 0xbd]).toString("base64") } },
  },
  {
    name: "a text that is cut in the middle of a character",
    play: saying(`HTTP/1.1 200 OK\r\nContent-Length: 20001\r\n\r\na${"\xc3\xa9".repeat(10_000)}`),
    delivery: delivered,
    attempt: { response: { body: `a${"é".repeat(8_191)}` } },
  },
  {
    name: "headers that are no text, and are called as parts of an object are",
    play: saying(
      wire("200 OK", "", 'X-Latin: caf\xe9 \xff\x80\r\n__proto__: a\r\nconstructor: b\r\nX-Quote: "\\\\\r\n'),
    ),
    delivery: delivered,
    attempt: { response: { headers: { "x-latin": "café ÿ\x80", constructor: "b", "x-quote": '"\\\\' } } },
  },
  {
    name: "a header of 100 KB",
    play: saying(wire("200 OK", "", `X-Big: ${"b".repeat(100_000)}\r\n`)),
    delivery: delivered,
    attempt: { response: { headers: { "x-big": "b".repeat(1_024) } } },
  },
  {
    name: "a hundred headers of 1 KB",
    play: saying(
      wire("200 OK", "", Array.from({ length: 120 }, (_, n) => `X-${n}: ${"\xff".repeat(1_000)}\r\n`).join("")),
    ),
    delivery: delivered,
    attempt: { response: { status: 200 } },
  },
  {
    name: "NUL in a header",
    play: saying(wire("200 OK", "", "X-Nul: a\0b\r\n")),
    delivery: waits(NOT_HTTP),
    attempt: { verdict: "retry", error: NOT_HTTP, response: null },
  },
  {
    name: "a status of 999",
    play: saying("HTTP/1.1 999 Strange\r\nContent-Length: 0\r\n\r\n"),
    delivery: waits("The answer has the status 999, which HTTP does not know."),
    attempt: { verdict: "retry", response: null },
  },
  {
    name: "a 304",
    play: saying("HTTP/1.1 304 Not Modified\r\n\r\n"),
    delivery: waits("answered 304: redirects are not followed"),
    attempt: { verdict: "retry", response: { status: 304, body: "" } },
  },
  {
    name: "a redirect to the metadata service",
    play: saying(wire("307 Temporary", "", `Location: ${METADATA}\r\n`)),
    delivery: waits("answered 307: redirects are not followed"),
    attempt: { response: { status: 307, headers: { location: METADATA } } },
  },
  {
    name: "a gzip of 194 KB that would be 200 MB",
    play: (socket) => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ${BOMB.length}\r\n\r\n`);
      socket.write(BOMB);
    },
    delivery: delivered,
    attempt: {
      response: {
        headers: { "content-encoding": "gzip" },
        bodyBase64: BOMB.subarray(0, 16 * 1_024).toString("base64"),
      },
    },
  },
  {
    name: "an answer that is reset in the middle of its headers",
    play: saying("HTTP/1.1 200 OK\r\nConte", "reset"),
    delivery: waits("The connection was closed before an answer came."),
    attempt: { verdict: "retry", response: null },
  },
  {
    name: "a Retry-After that was sent twice",
    play: saying(wire("429 Slow", "", "Retry-After: 3600\r\nRetry-After: 7200\r\n")),
    delivery: { ...waits("answered 429"), nextAttemptAt: "2026-11-20T18:05:00.000Z" },
    attempt: { response: { headers: { "retry-after": "3600, 7200" } } },
  },
  {
    name: "a Retry-After in the form of RFC 850",
    play: saying(wire("503 Busy", "", "Retry-After: Friday, 20-Nov-26 19:04:00 GMT\r\n")),
    delivery: { ...waits("answered 503"), nextAttemptAt: "2026-11-20T19:04:00.000Z" },
    attempt: { response: { status: 503 } },
  },
];

let document: Document;
beforeAll(async () => {
  const app = await openApp();
  await claim(app);
  document = (await (await fetch(`${app.url}/openapi.json`)).json()) as Document;
  await app.close();
}, PATIENCE_MS);

describe.each(["sqlite", "postgres"] as const)("what a bad receiver answers is kept and shown, on %s:", (engine) => {
  let hatch: TestWebhooks;
  const ends: OtherEnd[] = [];
  const shown = new Map<string, { readonly status: number; readonly text: string }>();
  let checkDelivery: (body: unknown) => readonly string[];

  beforeAll(async () => {
    hatch = await createTestWebhooks({ engine });
    const subscriptions = new Map<string, string>();
    for (const { name, play } of CASES) {
      const end = await startOtherEnd({ onData: play });
      ends.push(end);
      subscriptions.set(await hatch.subscribe({ endpoint: `http://127.0.0.1:${end.port}/` }), name);
    }
    await hatch.announce();
    const open = "SELECT number FROM attempts WHERE verdict = 'open'";
    const all = "SELECT number FROM attempts";
    const isOver = async () => (await hatch.rows(all)).length === CASES.length && (await hatch.rows(open)).length === 0;
    await until(isOver, PATIENCE_MS / 2);
    for (const { id, subscription_id } of await hatch.rows("SELECT id, subscription_id FROM deliveries")) {
      shown.set(subscriptions.get(String(subscription_id)) ?? "", await hatch.call("GET", `/v1/deliveries/${id}`));
    }
    const schema = document.paths["/v1/deliveries/{id}"]?.get?.responses[200]?.content?.["application/json"]?.schema;
    if (!schema) throw new Error("the document does not speak of deliveries");
    const check = createChecker(document);
    checkDelivery = (body) => [...check(schema, body), ...undocumented(document, schema, body)];
  }, PATIENCE_MS);

  afterAll(async () => {
    for (const end of ends) end.close();
    await hatch?.close();
  });

  test.each(CASES)("$name", ({ name, delivery, attempt }) => {
    const answer = shown.get(name);
    expect(answer?.status).toBe(200);
    const body = JSON.parse(answer?.text ?? "");
    expect(body).toMatchObject({ ...delivery, attemptCount: 1, attempts: [attempt] });
    expect(checkDelivery(body)).toEqual([]);
    // Postgres keeps no NUL in a text; what is shown is text of one reading.
    expect(answer?.text.isWellFormed()).toBe(true);
  });

  test("a header may be called __proto__", () => {
    expect([...shown.values()].some(({ text }) => text.includes('"__proto__":"a"'))).toBe(true);
  });

  test("in bounded rows", async () => {
    const rows = await hatch.rows("SELECT response_headers, response_body, error, request_headers FROM attempts");
    for (const { response_headers, response_body, error } of rows) {
      expect(String(response_headers ?? "").length).toBeLessThanOrEqual(16 * 1_024);
      expect((response_body as Uint8Array | null)?.length ?? 0).toBeLessThanOrEqual(16 * 1_024);
      expect(String(error ?? "").length).toBeLessThanOrEqual(200);
    }
  });

  test("and the list of them is valid as well", async () => {
    const listed = await hatch.call("GET", "/v1/deliveries?limit=200");
    expect(listed.body.data).toHaveLength(CASES.length);
  });
});
