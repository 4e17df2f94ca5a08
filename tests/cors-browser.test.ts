import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Browser, Page } from "playwright-core";
import config from "../hatch.config.ts";
import { createHatch, type Hatch } from "../src/client/index.ts";
import { claim, type OpenApp, openApp } from "./support/app.ts";
import { CHROMIUM, launchBrowser } from "./support/browser.ts";

// Pages of a customer's, on two origins, that call with what is made for browsers. What they may read, the browser decides.

let app: OpenApp;
let hatch: Hatch;
let secret: string;
let browser: Browser;
let home: Page;
let elsewhere: Page;
const sites: Bun.Server<undefined>[] = [];

/** An empty page on an origin of its own. */
async function openPage(): Promise<{ readonly origin: string; readonly page: Page }> {
  const blank = new Response("<!doctype html><title>Page</title>", { headers: { "content-type": "text/html" } });
  const site = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => blank.clone() });
  sites.push(site);
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${site.port}/`);
  return { origin: `http://127.0.0.1:${site.port}`, page };
}

interface Got {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: a test says by its expectation what it takes the body for
  readonly body: any;
  readonly requestId: string | null;
  readonly etag: string | null;
}

/** As the page's own script sees it; the word of the browser where it may not look. */
const ask = (page: Page, credential: string, method: string, path: string, body?: unknown): Promise<Got | string> =>
  page.evaluate(
    async ({ url, method, credential, body }) => {
      try {
        const answer = await fetch(url, {
          method,
          headers: { authorization: `Bearer ${credential}`, ...(body ? { "content-type": "application/json" } : {}) },
          ...(body ? { body } : {}),
        });
        const { status, headers } = answer;
        const text = await answer.text();
        return {
          status,
          body: text === "" ? null : JSON.parse(text),
          requestId: headers.get("x-request-id"),
          etag: headers.get("etag"),
        };
      } catch (error) {
        return String(error);
      }
    },
    { url: `${app.url}${path}`, method, credential, body: body === undefined ? undefined : JSON.stringify(body) },
  );

const BLOCKED = "TypeError: Failed to fetch";

describe.skipIf(CHROMIUM === undefined)("in a browser", () => {
  let publishable: string;
  let token: string;
  let tokenId: string;

  beforeAll(async () => {
    app = await openApp();
    secret = (await claim(app)).test;
    hatch = createHatch({ url: app.url, key: secret, retries: 0 });
    await hatch.program.publish({ program: config.program as never });
    await hatch.eventTypes.put("glossary_opened", { clientSafe: true });
    browser = await launchBrowser();
    const one = await openPage();
    const other = await openPage();
    home = one.page;
    elsewhere = other.page;
    const { origin } = one;
    publishable = (await hatch.keys.create({ name: "Website", kind: "publishable", origins: [origin] })).secretKey;
    const wanted = { userId: "user_42", scopes: ["progress:read", "events:send"], origin } as const;
    ({ token, id: tokenId } = await hatch.tokens.createWidget(wanted));
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    for (const site of sites) await site.stop(true);
    await app?.close();
  }, 30_000);

  test("a page of a listed origin sends events, reads the member's state, and is told of refusals", async () => {
    const event = { type: "glossary_opened", userId: "user_42" };
    expect(await ask(home, publishable, "POST", "/v1/events", event)).toMatchObject({ status: 201 });
    expect(await ask(home, token, "POST", "/v1/events", { type: "glossary_opened" })).toMatchObject({ status: 201 });
    const state = (await ask(home, token, "GET", "/v1/widget/state")) as Got;
    expect([state.status, state.body.userId, state.etag === null, state.requestId === null]).toEqual([
      200,
      "user_42",
      false,
      false,
    ]);
    const refused = (await ask(home, publishable, "POST", "/v1/events", { ...event, type: "lesson_completed" })) as Got;
    expect([refused.status, refused.body.error.code]).toEqual([422, "validation_failed"]);
  });

  test("a page of any other origin gets through with neither", async () => {
    for (const credential of [publishable, token]) {
      expect(await ask(elsewhere, credential, "POST", "/v1/events", { type: "glossary_opened" })).toBe(BLOCKED);
      expect(await ask(elsewhere, credential, "GET", "/v1/widget/state")).toBe(BLOCKED);
    }
  });

  test("no page reads anything by a secret key, nor by any other route", async () => {
    expect(await ask(home, secret, "GET", "/v1/keys")).toBe(BLOCKED);
    expect(await ask(home, secret, "GET", "/v1/members/user_42")).toBe(BLOCKED);
    const told = (await ask(home, secret, "POST", "/v1/events", { type: "glossary_opened" })) as Got;
    expect([told.status, told.body.error.message]).toEqual([
      403,
      expect.stringContaining("must not be used in a browser"),
    ]);
  });

  test("a revoked token is told so, and the page can ask its own server for another", async () => {
    await hatch.tokens.revoke(tokenId);
    const told = (await ask(home, token, "GET", "/v1/widget/state")) as Got;
    expect([told.status, told.body.error.code]).toEqual([401, "unauthenticated"]);
  });
});
