import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { type OpenApp, openApp } from "./support/app.ts";

let app: OpenApp;
let token: string;

beforeEach(async () => {
  app = await openApp();
  token = (await app.access.createSetupToken()) ?? "";
});
afterEach(() => app.close());

const GOOD = { email: "ada@riverside.example", password: "correct horse battery", workspace: "Riverside <School>" };

const post = (fields: Record<string, string>, headers: Record<string, string> = {}) =>
  fetch(`${app.url}/setup`, {
    method: "POST",
    redirect: "manual",
    headers: { "content-type": "application/x-www-form-urlencoded", ...headers },
    body: new URLSearchParams(fields).toString(),
  });

/** What the page says beside a field. */
const faultOf = (page: string, field: string): string | undefined =>
  new RegExp(`id="${field}-error">.*?<span>(.*?)</span>`, "s").exec(page)?.[1];

describe("the set-up page", () => {
  test("is what stands at / until somebody has claimed the installation, and is kept nowhere", async () => {
    const page = await fetch(app.url);
    expect(page.status).toBe(200);
    expect(page.headers.get("cache-control")).toBe("no-store");
    expect(page.headers.get("content-security-policy")).toContain("form-action 'self'");
    expect(await page.text()).toContain('<form class="card form" method="post" action="/setup"');
    expect((await fetch(`${app.url}/docs`)).status).toBe(503);
  });

  test("claims the installation with a plain form, and shows both keys this once", async () => {
    const claimed = await post({ ...GOOD, token }, { "sec-fetch-site": "same-origin" });
    const page = await claimed.text();
    expect([claimed.status, claimed.headers.get("cache-control")]).toEqual([200, "no-store"]);
    expect(page).toContain("Riverside &lt;School> is ready");
    const keys = [...page.matchAll(/id="key-(live|test)">(hk_\w+)</g)].map(([, kind, key]) => ({ kind, key }));
    expect(keys.map(({ kind }) => kind).sort()).toEqual(["live", "test"]);
    for (const { key } of keys) {
      const asked = await fetch(`${app.url}/v1/members`, { headers: { authorization: `Bearer ${key}` } });
      expect(asked.status).toBe(200);
    }
    const start = await (await fetch(app.url)).text();
    expect(start).toContain("One event, all the way");
    expect(start).not.toContain("hk_live_");
  });

  test("a second try leads to the start page and changes nothing", async () => {
    expect((await post({ ...GOOD, token })).status).toBe(200);
    const again = await post({ ...GOOD, token });
    expect([again.status, again.headers.get("location")]).toEqual([303, "/"]);
  });

  test("says beside each field what is wrong with it, and never sends a secret back", async () => {
    const answer = await post({ token, email: "nobody", password: "short-pw" });
    const page = await answer.text();
    expect(answer.status).toBe(422);
    expect(faultOf(page, "email")).toBe("Must be an e-mail address.");
    expect(faultOf(page, "password")).toBe("Must have at least 10 characters.");
    expect(faultOf(page, "workspace")).toBe("Is required.");
    expect(page).toContain('value="nobody"');
    expect(page).not.toContain("short-pw");
    expect(page).not.toContain(token);
    expect(page).toMatch(/id="email"[^>]*aria-invalid="true"/);
    expect(page).toMatch(/id="email"[^>]*aria-describedby="email-error email-help"/);
    expect(page.match(/ autofocus/g)).toHaveLength(1);
  });

  test("a wrong token is told beside the token", async () => {
    const answer = await post({ ...GOOD, token: "hst_wrong" });
    expect(answer.status).toBe(401);
    expect(faultOf(await answer.text(), "token")).toBe("The set-up token is wrong or was used already.");
    expect((await post(GOOD)).status).toBe(401);
  });

  test("what was typed is escaped where it comes back", async () => {
    const page = await (await post({ token, email: '"><script>', password: "", workspace: "x" })).text();
    expect(page).toContain('value="&quot;>&lt;script>"');
    expect(page).not.toContain("<script>");
  });

  test.each([
    ["another site, as the browser says", { "sec-fetch-site": "cross-site", origin: "https://evil.example" }],
    ["a neighbour on the same domain", { "sec-fetch-site": "same-site" }],
    ["another site, by an old browser", { origin: "https://evil.example" }],
    ["a page that hides where it is from", { origin: "null" }],
  ])("refuses a form that comes from %s", async (_, headers) => {
    const answer = await post({ ...GOOD, token }, headers);
    expect(answer.status).toBe(403);
    expect(await answer.text()).toContain("The form was sent from another site.");
    expect(app.access.isClaimed()).toBe(false);
  });

  test("takes a form of its own from a browser that only tells its origin", async () => {
    expect((await post({ ...GOOD, token }, { origin: app.url })).status).toBe(200);
  });

  test("tells a stranger without the token nothing of what a password must be", async () => {
    const answer = await post({ ...GOOD, password: "short", token: "hst_guess" });
    expect(answer.status).toBe(401);
    expect(await answer.text()).not.toContain("Must have at least");
  });

  test("takes no other kind of body, and none that is too large", async () => {
    expect((await post({ ...GOOD, token }, { "content-type": "text/plain" })).status).toBe(415);
    expect((await post({ ...GOOD, token, workspace: "x".repeat(20_000) })).status).toBe(413);
    expect(app.access.isClaimed()).toBe(false);
  });

  test("GET /setup leads to the form", async () => {
    const answer = await fetch(`${app.url}/setup`, { redirect: "manual" });
    expect([answer.status, answer.headers.get("location")]).toEqual([303, "/"]);
  });
});

describe("a connection without encryption", () => {
  const from = (headers: Record<string, string> = {}) => app.fetch(new Request("http://hatch.example/", { headers }));

  test("from beyond the machine is warned about, and one that a browser vouches for is not", async () => {
    expect(await (await from()).text()).toContain("This page came without encryption.");
    expect(await (await from({ "sec-fetch-site": "none" })).text()).not.toContain("without encryption");
    expect(await (await fetch(app.url)).text()).not.toContain("without encryption");
  });
});
