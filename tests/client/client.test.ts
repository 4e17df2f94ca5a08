import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import config from "../../hatch.config.ts";
import {
  createHatch,
  type FetchInit,
  type Hatch,
  type Member,
  type Page,
  type Program,
  type SentEvent,
  type ShownDelivery,
  verifyWebhook,
} from "../../src/client/index.ts";
import { claim, type OpenApp, openApp } from "../support/app.ts";
import { type Document, type Operation, operationsOf, type Placed } from "../support/document.ts";
import { CALLS } from "./calls.ts";
import { namedTypes, typeText } from "./typescript.ts";

const ROOT = resolve(import.meta.dir, "../..");

/** For libraries that others keep: they call these. */
const STOCK_CLIENTS = /^segment[A-Z]/;

/** What is given as a file is saved, and not read into memory: that takes no client. */
const answersFile = ({ responses }: Operation): boolean =>
  Object.values(responses).some(({ content }) => content !== undefined && !("application/json" in content));

/**
 * Where the client knows more than the document says: what a program looks like, of which the server takes any object and
 * tells what is wrong; that one event is answered as one, CloudEvents in batches coming by the same address; and that a
 * server is told of effects, browsers calling there too; and that whoever asks only for a count is given one, not a job.
 */
const NARROWER = new Set([
  "publishProgram_body",
  "sendEvent_answer",
  "sendEvents_answer",
  "recoverWebhook_answer",
  "recoverWebhooks_answer",
]);

let app: OpenApp;
let hatch: Hatch;
let operations: Placed[];
let document: Document;

beforeAll(async () => {
  app = await openApp();
  const keys = await claim(app);
  hatch = createHatch({ url: app.url, key: keys.test, retries: 0 });
  document = (await (await fetch(`${app.url}/openapi.json`)).json()) as Document;
  operations = operationsOf(document).filter(
    ({ operation }) =>
      operation.security?.some(({ secretKey }) => secretKey) &&
      !STOCK_CLIENTS.test(operation.operationId) &&
      !answersFile(operation),
  );
});
afterAll(() => app.close());

interface Asked extends FetchInit {
  readonly url: URL;
}

/** What a method asks for, without anybody there to ask. */
async function asked(call: (hatch: Hatch) => Promise<unknown>): Promise<Asked> {
  const seen: Asked[] = [];
  const deaf = createHatch({
    url: "http://hatch.example/base",
    key: "hk_test_1",
    fetch: async (url, init) => {
      seen.push({ ...init, url: new URL(url) });
      return new Response(null, { status: 204 });
    },
  });
  await call(deaf);
  expect(seen).toHaveLength(1);
  return seen[0] as Asked;
}

const templateMatches = (template: string, path: string): boolean =>
  new RegExp(`^${template.replaceAll(/\{\w+\}/g, "[^/]+")}$`).test(path);

describe("the client and the OpenAPI document", () => {
  test("every operation that a key may call has its method, and the reverse", () => {
    expect(operations.length).toBeGreaterThan(30);
    expect(operations.map(({ operation }) => operation.operationId).sort()).toEqual(Object.keys(CALLS).sort());
  });

  test("every method of the client is in the list", () => {
    const methods = Object.entries(hatch).flatMap(([room, methods]) =>
      typeof methods === "function" ? [] : Object.keys(methods).map((name) => `${room}.${name}`),
    );
    expect(methods.sort()).toEqual(
      Object.values(CALLS)
        .map(({ method }) => method)
        .sort(),
    );
  });

  test("each method calls its operation, with parameters that the document knows", async () => {
    for (const { operation, method, path } of operations) {
      const { operationId, parameters = [], requestBody } = operation;
      const call = CALLS[operationId]?.call;
      if (!call) continue;
      const { url, method: used, body } = await asked(call);
      const known = parameters.filter((one) => one.in === "query").map(({ name }) => name);
      expect({ operationId, used, matches: templateMatches(`/base${path}`, url.pathname) }).toEqual({
        operationId,
        used: method as Asked["method"],
        matches: true,
      });
      expect({ operationId, query: [...url.searchParams.keys()].sort() }).toEqual({ operationId, query: known.sort() });
      expect({ operationId, body: body !== undefined }).toEqual({ operationId, body: requestBody !== undefined });
    }
  });

  test("every write but an event carries an Idempotency-Key; an event carries its id", async () => {
    const named = new Set(["sendEvent", "sendEvents", "validateProgram", "inspectCredential", "checkSignature"]);
    for (const [operationId, { call }] of Object.entries(CALLS)) {
      const { method, headers } = await asked(call);
      expect({ operationId, key: headers["idempotency-key"] !== undefined }).toEqual({
        operationId,
        key: method !== "GET" && !named.has(operationId),
      });
    }
    const { body } = await asked(({ events }) => events.send({ type: "lesson_completed", userId: "ada" }));
    expect(JSON.parse(body ?? "")).toMatchObject({ id: expect.stringMatching(/^[0-9a-f]{32}$/) });
  });

  test("the types say what the document says, field by field", () => {
    const directory = mkdtempSync(join(tmpdir(), "hatch-types-"));
    const checks: string[] = [];
    const expected = new Map<string, string>();
    const expectSame = (name: string, ours: string, theirs: string): void => {
      expected.set(name, theirs);
      const relation = NARROWER.has(name) ? "Fits" : "Same";
      checks.push(`export const ${name}: ${relation}<Plain<${ours}>, Plain<${theirs}>> = true;`);
    };
    for (const { operation } of operations) {
      const { operationId, responses, requestBody } = operation;
      const entry = CALLS[operationId];
      if (!entry) continue;
      const [room, name] = entry.method.split(".");
      const method = `Hatch["${room}"]["${name}"]`;
      const schemas = Object.entries(responses)
        .filter(([status]) => status < "300")
        .map(([, { content }]) => content?.["application/json"]?.schema)
        .filter((schema) => schema !== undefined);
      const answers = [...new Set(schemas.map((schema) => `(${typeText(schema)})`))].join(" | ");
      if (answers !== "") expectSame(`${operationId}_answer`, `Awaited<ReturnType<${method}>>`, answers);
      if (entry.body) {
        const whole = `(${typeText(requestBody?.content["application/json"].schema)})`;
        const part = entry.body.field === undefined ? whole : `${whole}["${entry.body.field}"]`;
        expectSame(`${operationId}_body`, `NonNullable<Parameters<${method}>[${entry.body.argument}]>`, part);
      }
    }
    const file = join(directory, "check.ts");
    writeFileSync(
      file,
      [
        `import type { Hatch } from ${JSON.stringify(join(ROOT, "src/client/index.ts"))};`,
        "type Plain<T> = T extends readonly (infer E)[] ? readonly Plain<E>[] : T extends object ? { readonly [K in keyof T]: Plain<T[K]> } : T;",
        "type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;",
        "type Fits<A, B> = A extends B ? true : false;",
        namedTypes(document),
        ...checks,
        // Without it nothing would say that a difference is seen at all.
        "export const canary: Same<Plain<{ readonly a: string }>, Plain<{ readonly a: string; readonly b?: 1 }>> = true;",
      ].join("\n"),
    );
    const compiler = join(ROOT, "node_modules", "typescript", "bin", "tsc");
    const flags = ["--noEmit", "--strict", "--skipLibCheck", "--allowImportingTsExtensions", "--ignoreConfig"];
    const form = ["--target", "esnext", "--module", "preserve", "--types", "bun-types", "--typeRoots"];
    const { stdout } = Bun.spawnSync(
      [process.execPath, compiler, ...flags, ...form, join(ROOT, "node_modules"), file],
      { cwd: ROOT },
    );
    rmSync(directory, { recursive: true });
    const different = [...stdout.toString().matchAll(/check\.ts\((\d+),/g)].map(([, line]) => Number(line));
    const names = different.map(
      (line) => /const (\w+)/.exec(checksLine(line, checks, document))?.[1] ?? `line ${line}`,
    );
    expect(names.map((name) => ({ name, document: expected.get(name) }))).toEqual([
      { name: "canary", document: undefined },
    ]);
    expect(checks.length).toBeGreaterThan(50);
  }, 60_000);
});

/** The line of the file that was written, counted from 1. */
const checksLine = (line: number, checks: readonly string[], { components }: Document): string =>
  [...checks, "const canary"][line - 5 - Object.keys(components.schemas).length] ?? "";

describe("against a real server", () => {
  test("the whole way: a program, a subscription, an event, its deliveries, verified", async () => {
    const program: Program = config.program as unknown as Program;
    await hatch.program.saveDraft(program);
    expect((await hatch.program.publish({ note: "first" })).version).toBe(1);
    const { id, secret = "" } = await hatch.webhooks.create({ mode: "pull", events: ["points.*"] });

    const sent: SentEvent = await hatch.events.send({
      type: "lesson_completed",
      userId: "ada",
      properties: { score: 94 },
    });
    expect(sent).toMatchObject({ status: "accepted", programVersion: 1 });

    const { deliveries } = await hatch.webhooks.pull(id, { waitMs: 5_000 });
    const [first] = deliveries;
    const event = await verifyWebhook(first?.body ?? "", first?.headers ?? {}, secret);
    expect(event).toMatchObject({ event: "points.earned", data: { userId: "ada", eventId: sent.id } });
    const ids = deliveries.map((delivery) => delivery.id);
    expect((await hatch.webhooks.ack(id, ids)).acknowledged).toEqual(ids);

    const shown: ShownDelivery = await hatch.deliveries.get(ids[0] ?? "");
    expect(shown).toMatchObject({ status: "delivered", attempts: [{ verdict: "delivered" }] });
    const explained = await hatch.events.get(sent.id, { explain: true });
    expect(explained.considered?.some(({ fired }) => fired)).toBe(true);
    const members: Page<Member> = await hatch.members.list({ limit: 1 });
    expect(members.data[0]).toMatchObject({ userId: "ada", balances: { xp: { available: 94 } } });
    expect(await hatch.webhooks.delete(id)).toBeUndefined();
  });

  test("the same event twice is one event", async () => {
    const event = { id: "twice", type: "lesson_completed", userId: "ben", properties: { score: 70 } };
    const first = await hatch.events.send(event);
    const second = await hatch.events.send(event);
    expect([first.status, second.status]).toEqual(["accepted", "duplicate"]);
    expect(second.effects).toEqual(first.effects);
  });

  test("ids with any characters arrive as they were", async () => {
    const id = "a/b?c=ä&#+ %2F";
    await hatch.events.send({ id, type: "lesson_completed", userId: id, properties: { score: 70 } });
    expect((await hatch.events.get(id)).userId).toBe(id);
    expect((await hatch.members.get(id)).userId).toBe(id);
  });

  test("a refusal is typed: code, status, details, request", async () => {
    const refused = await hatch.webhooks.create({ events: ["nonsense.at.all"] }).catch((error) => error);
    expect(refused).toMatchObject({
      name: "HatchError",
      status: 422,
      code: "validation_failed",
      requestId: expect.stringMatching(/^req_/),
      details: expect.arrayContaining([expect.objectContaining({ path: "endpoint" })]),
    });
    const wrong = createHatch({ url: app.url, key: "hk_test_wrong" });
    expect(await wrong.events.list().catch((error) => error)).toMatchObject({ status: 401, code: "unauthenticated" });
  });
});
