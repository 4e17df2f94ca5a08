import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { SURFACES } from "../src/http/surfaces.ts";
import { claim, type OpenApp, openApp } from "./support/app.ts";
import { TEST_CONFIG } from "./support/context.ts";

// What browsers are told of every answer, held against every route that is mounted, however it answers.

let app: OpenApp;
let key: string;

beforeAll(async () => {
  app = await openApp({
    server: { host: "127.0.0.1", port: 0, publicUrl: "https://hatch.example.com" },
    limits: { ...TEST_CONFIG.limits, anonymousPerMinute: 0, failedAuthPerMinute: 0 },
  });
  key = (await claim(app)).test;
});
afterAll(() => app.close());

/** With something in place of each parameter; what is there of documents and assets, where that can be known. */
const addressOf = (path: string): string =>
  path.replace("/docs/guides/:slug", "/docs/guides/quickstart").replaceAll(/[:*]\w*\??/g, "x");

interface Told {
  readonly name: string;
  readonly answer: Response;
}

const ask = async (method: string, path: string, headers: Record<string, string> = {}): Promise<Told> => ({
  name: `${method} ${path}`,
  answer: await fetch(`${app.url}${path}`, { method, headers, redirect: "manual" }),
});

/** Every route as a stranger, with a wrong key and with a good one; what is no route, or no method of one. */
async function askAll(): Promise<readonly Told[]> {
  const routes = app.routes.map(({ method, path }) => [method, addressOf(path)] as const);
  const told: Told[] = [];
  for (const [method, path] of routes) {
    told.push(await ask(method, path));
    told.push(await ask(method, path, { authorization: "Bearer hk_test_wrong" }));
    if (method === "GET" && !path.includes("pull")) {
      told.push(await ask(method, path, { authorization: `Bearer ${key}` }));
    }
  }
  const [stylesheet = ""] = /\/assets\/[\w-]+\.css/.exec(await (await fetch(app.url)).text()) ?? [];
  told.push(await ask("GET", stylesheet), await ask("GET", "/nowhere"), await ask("TRACE", "/v1/events"));
  told.push(await ask("OPTIONS", "/v1/events"), await ask("GET", "/v1/events/%zz"));
  return told;
}

/** The surfaces whose every header the answer has. */
const surfacesOf = ({ headers }: Response): string[] =>
  Object.entries(SURFACES)
    .filter(([, told]) => Object.entries(told).every(([name, value]) => headers.get(name) === value))
    .map(([name]) => name);

describe("every answer of every route", () => {
  let all: readonly Told[] = [];
  beforeAll(async () => {
    all = await askAll();
  }, 60_000);

  test("was asked for: successes, refusals, pages and files", () => {
    const statuses = new Set(all.map(({ answer }) => answer.status));
    for (const status of [200, 303, 400, 401, 403, 404, 405]) expect(statuses).toContain(status);
    expect(all.length).toBeGreaterThan(app.routes.length * 2);
    const surfaces = new Set(all.flatMap(({ answer }) => surfacesOf(answer)));
    for (const surface of ["api", "page", "asset"]) expect(surfaces).toContain(surface);
  });

  test("has the headers of exactly one surface; markup those of a page", () => {
    const faults = all.flatMap(({ name, answer }) => {
      const [surface, ...more] = surfacesOf(answer);
      const isMarkup = answer.headers.get("content-type")?.startsWith("text/html") ?? false;
      const isRight = surface !== undefined && more.length === 0 && (!isMarkup || /^(?:page|form)$/.test(surface));
      return isRight ? [] : [`${name} ${answer.status}: ${surface}, ${answer.headers.get("content-security-policy")}`];
    });
    expect(faults).toEqual([]);
  });

  test("says that only https will do, by which request it is found again, and nothing of what made it", () => {
    for (const { name, answer } of all) {
      const { headers } = answer;
      expect([name, headers.get("strict-transport-security")]).toEqual([name, "max-age=31536000"]);
      expect([name, headers.get("x-request-id")]).toEqual([name, expect.stringMatching(/^req_/)]);
      for (const other of ["server", "x-powered-by"]) expect([name, headers.get(other)]).toEqual([name, null]);
    }
  });

  test("lets no page of another origin read it, and no foreign page frame it", () => {
    for (const { name, answer } of all) {
      expect([name, answer.headers.get("access-control-allow-origin")]).toEqual([name, null]);
      expect([name, answer.headers.get("content-security-policy")]).toEqual([
        name,
        expect.stringContaining("frame-ancestors 'none'"),
      ]);
    }
  });

  test("that is markup holds nothing which its policy would not let run", async () => {
    const pages = all.filter(({ answer }) => answer.headers.get("content-type")?.startsWith("text/html"));
    expect(pages.length).toBeGreaterThan(5);
    for (const { name, answer } of pages) {
      const markup = await answer.text();
      const inline =
        /<style|<script(?![^>]* src="\/assets\/)|<[^>]* (?:style|on[a-z]+)="|<(?:base|iframe|object|embed)\b|javascript:/i;
      expect([name, inline.exec(markup.replaceAll(/<(pre|code)\b.*?<\/\1>/gs, ""))?.[0]]).toEqual([name, undefined]);
    }
  });
});

describe("the table of surfaces", () => {
  test.each(Object.entries(SURFACES))("%s lets nothing run but files of ours", (_name, told) => {
    const policy = told["content-security-policy"];
    const sources = policy.split(";").flatMap((directive) => directive.trim().split(" ").slice(1));
    expect(sources.filter((source) => source !== "'none'" && source !== "'self'")).toEqual([]);
    expect(policy).toStartWith("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(told["x-content-type-options"]).toBe("nosniff");
    expect(told["cross-origin-resource-policy"]).toBe("same-origin");
  });
});
