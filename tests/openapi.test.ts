import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Validator } from "@seriousme/openapi-schema-validator";
import { ERROR_STATUS } from "../src/kernel/errors.ts";
import { SCOPES } from "../src/kernel/principal.ts";
import { claim, type OpenApp, openApp } from "./support/app.ts";
import { answerOf, createChecker, type Document, operationsOf, type Placed } from "./support/document.ts";

let app: OpenApp;
let document: Document;
let operations: Placed[];
let check: ReturnType<typeof createChecker>;

beforeAll(async () => {
  app = await openApp();
  await claim(app);
  document = (await (await fetch(`${app.url}/openapi.json`)).json()) as Document;
  operations = operationsOf(document);
  check = createChecker(document);
});
afterAll(() => app.close());

describe("the OpenAPI document", () => {
  test("a public validator finds nothing wrong with it", async () => {
    const validator = new Validator();
    expect(await validator.validate(JSON.parse(JSON.stringify(document)))).toEqual({ valid: true });
    expect(validator.version).toBe("3.1");
  });

  test("every /v1 route that is served is in it, and the reverse", () => {
    const served = app.routes
      .filter(({ path }) => path.startsWith("/v1/"))
      .map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, "{$1}")}`);
    expect(served.length).toBeGreaterThan(30);
    expect(operations.map(({ name }) => name).sort()).toEqual(served.sort());
  });

  test("pages, probes and the operator's surfaces are not in it", () => {
    expect(operations.filter(({ path }) => !path.startsWith("/v1/"))).toEqual([]);
  });

  test("says for each route what it really asks for", () => {
    const rules = new Map(
      app.routes.map(({ method, path, rules }) => [`${method} ${path.replaceAll(/:(\w+)/g, "{$1}")}`, rules]),
    );
    for (const { name, operation } of operations) {
      const access = rules.get(name)?.access;
      const asked = access === "public" || access === undefined ? {} : access;
      const security = [
        asked.scope && { secretKey: [asked.scope] },
        (asked.permission ?? asked.scope) && { session: [asked.permission ?? asked.scope] },
        asked.account && { session: asked.account === "operator" ? ["operator"] : [] },
        asked.widget && { widgetToken: [asked.widget] },
        asked.publishable && { publishableKey: [] },
      ].filter((entry) => entry !== undefined);
      expect({ name, security: operation.security ?? [] }).toEqual({ name, security } as never);
      for (const scope of operation.security?.[0]?.secretKey ?? [])
        expect(SCOPES).toContain(scope as (typeof SCOPES)[number]);
    }
  });

  test("names each operation once, for a program and for a person", () => {
    const tags = document.tags.map(({ name }) => name);
    expect(new Set(operations.map(({ operation }) => operation.operationId)).size).toBe(operations.length);
    for (const { name, operation } of operations) {
      expect({ name, id: operation.operationId }).toEqual({ name, id: expect.stringMatching(/^[a-z][A-Za-z]+$/) });
      expect({ name, summary: operation.summary }).toEqual({
        name,
        summary: expect.stringMatching(/^[A-Z].{3,60}[^.]$/),
      });
      expect(tags).toContain(operation.tags[0] ?? "");
    }
    for (const tag of document.tags) expect(tag.description.length).toBeGreaterThan(20);
  });

  test("explains every parameter, those of the path completely", () => {
    for (const { name, path, operation } of operations) {
      const parameters = operation.parameters ?? [];
      expect({ name, unexplained: parameters.filter(({ description }) => description === "") }).toEqual({
        name,
        unexplained: [],
      });
      const inPath = parameters.filter((parameter) => parameter.in === "path");
      expect({ name, inPath: inPath.map((parameter) => `{${parameter.name}}`) }).toEqual({
        name,
        inPath: path.match(/\{\w+\}/g) ?? [],
      });
      for (const parameter of inPath) expect(parameter.required).toBe(true);
    }
  });

  test("explains every field of a body, and its example fits", () => {
    const withBody = operations.filter(({ operation }) => operation.requestBody);
    expect(withBody.length).toBeGreaterThan(10);
    for (const { name, operation } of withBody) {
      const content = operation.requestBody?.content["application/json"];
      const schema = content?.schema.$ref
        ? document.components.schemas[content.schema.$ref.split("/").at(-1) ?? ""]
        : content?.schema;
      const fields = Object.entries(schema?.properties ?? {});
      expect({ name, fields: fields.length }).not.toEqual({ name, fields: 0 });
      const silent = fields.filter(([, field]) => !field.description && !field.properties && !field.items);
      expect({ name, silent: silent.map(([field]) => field) }).toEqual({ name, silent: [] });
      expect({ name, faults: check(content?.schema ?? {}, content?.example) }).toEqual({ name, faults: [] });
    }
  });

  test("shows for each success what comes back, and its example fits", () => {
    for (const { name, operation } of operations) {
      const successes = Object.entries(operation.responses).filter(([status]) => Number(status) < 400);
      expect({ name, successes: successes.length }).not.toEqual({ name, successes: 0 });
      for (const [status, answer] of successes) {
        expect(answer.headers).toHaveProperty("X-Request-Id");
        if (["204", "303", "304"].includes(status)) continue;
        const content = Object.values(answer.content ?? {})[0];
        expect({ name, status, hasExample: content?.example !== undefined }).toEqual({
          name,
          status,
          hasExample: true,
        });
        expect({ name, status, faults: check(content?.schema ?? {}, content?.example) }).toEqual({
          name,
          status,
          faults: [],
        });
      }
    }
  });

  test("lists the refusals of each route, in the shape that all have", () => {
    for (const { name, operation } of operations) {
      const codes: string[] = [];
      for (const [status, reference] of Object.entries(operation.responses)) {
        const answer = answerOf(document, reference);
        if (Number(status) < 400) continue;
        const content = answer.content?.["application/json"];
        expect(answer.headers).toHaveProperty("X-Request-Id");
        expect(content?.schema).toEqual({ $ref: "#/components/schemas/Error" });
        for (const [code, { value }] of Object.entries(content?.examples ?? {})) {
          codes.push(code);
          expect(ERROR_STATUS[code as keyof typeof ERROR_STATUS]).toBe(Number(status) as 400);
          expect(check(content?.schema ?? {}, value)).toEqual([]);
        }
      }
      expect(codes).toEqual(expect.arrayContaining(["unauthenticated", "rate_limited", "internal"]));
      if (operation.security?.length !== 0)
        expect({ name, codes }).toEqual({ name, codes: expect.arrayContaining(["forbidden"]) });
      if (operation.requestBody) expect(codes).toEqual(expect.arrayContaining(["malformed_json", "validation_failed"]));
    }
  });

  test("holds the catalogue of outbound events, each with an example that fits", () => {
    expect(Object.keys(document.webhooks)).toEqual(
      expect.arrayContaining(["points.earned", "level.changed", "score.created"]),
    );
    for (const [name, { post }] of Object.entries(document.webhooks)) {
      const content = post.requestBody?.content["application/json"];
      expect({ name, faults: check(content?.schema ?? {}, content?.example) }).toEqual({ name, faults: [] });
    }
  });

  test("every reference in it leads somewhere", () => {
    const text = JSON.stringify(document);
    for (const [, pointer = ""] of text.matchAll(/"\$ref":"#\/([^"]+)"/g)) {
      const target = pointer
        .split("/")
        .reduce<unknown>((at, step) => (at as Record<string, unknown> | undefined)?.[step], document);
      expect({ pointer, found: target !== undefined }).toEqual({ pointer, found: true });
    }
  });
});

describe("serving the document", () => {
  test("it is public, but a wrong credential is refused there too", async () => {
    const wrong = await fetch(`${app.url}/openapi.json`, { headers: { authorization: "Bearer hk_test_wrong" } });
    expect(wrong.status).toBe(401);
  });

  test("whoever has it is told so", async () => {
    const first = await fetch(`${app.url}/openapi.json`);
    expect(first.headers.get("content-type")).toBe("application/json; charset=utf-8");
    const etag = first.headers.get("etag") ?? "";
    expect(etag).toMatch(/^"[0-9a-f]{20}(?:-gzip)?"$/);
    const second = await fetch(`${app.url}/openapi.json`, { headers: { "if-none-match": etag } });
    expect([second.status, await second.text()]).toEqual([304, ""]);
    const other = await fetch(`${app.url}/openapi.json`, { headers: { "if-none-match": '"something-else"' } });
    expect(other.status).toBe(200);
  });

  test("HEAD answers like GET, without the body", async () => {
    const head = await fetch(`${app.url}/openapi.json`, { method: "HEAD", headers: { "accept-encoding": "identity" } });
    const get = await fetch(`${app.url}/openapi.json`, { headers: { "accept-encoding": "identity" } });
    expect(head.status).toBe(200);
    expect(head.headers.get("content-length")).toBe(String((await get.arrayBuffer()).byteLength));
    expect(head.headers.get("etag")).toBe(get.headers.get("etag"));
    expect(await head.text()).toBe("");
  });

  test("another method is refused with the ones that there are", async () => {
    const post = await fetch(`${app.url}/openapi.json`, { method: "POST" });
    expect([post.status, post.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
  });

  test("before anybody has claimed the installation there is no document", async () => {
    const fresh = await openApp();
    try {
      expect((await fetch(`${fresh.url}/openapi.json`)).status).toBe(503);
    } finally {
      await fresh.close();
    }
  });

  test("names the public URL where there is one, else the place it was read from", async () => {
    expect(document.servers[0]?.url).toBe("/");
    const named = await openApp({ server: { host: "127.0.0.1", port: 0, publicUrl: "https://hatch.example.com" } });
    try {
      await claim(named);
      const headers = { host: "hatch.example.com" };
      const read = (await (await fetch(`${named.url}/openapi.json`, { headers })).json()) as Document;
      expect(read.servers[0]?.url).toBe("https://hatch.example.com");
    } finally {
      await named.close();
    }
  });
});
