import { afterEach, describe, expect, test } from "bun:test";
import { claim, type OpenApp, openApp } from "./support/app.ts";
import { TEST_CONFIG } from "./support/context.ts";

const HTML = { accept: "text/html,application/xhtml+xml", "sec-fetch-site": "same-origin" };
const FORM = { ...HTML, "content-type": "application/x-www-form-urlencoded" };
const EMAIL = "ada@riverside.example";
const PASSWORD = "correct horse battery";

let app: OpenApp;
afterEach(() => app.close());

const look = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${app.url}${path}`, { headers: { ...HTML, ...headers }, redirect: "manual" });

const send = (path: string, fields: Record<string, string>, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${app.url}${path}`, {
    method: "POST",
    redirect: "manual",
    headers: { ...FORM, ...headers },
    body: new URLSearchParams(fields).toString(),
  });

const cookiesOf = ({ headers }: Response): string =>
  headers
    .getSetCookie()
    .map((one) => one.split(";")[0])
    .join("; ");

const signIn = async (): Promise<string> => cookiesOf(await send("/sign-in", { email: EMAIL, password: PASSWORD }));

describe("the start page", () => {
  test("is the landing page, and for whoever is signed in their own", async () => {
    app = await openApp();
    await claim(app);
    const landing = await look("/");
    expect(await landing.text()).toContain("One event, all the way");
    const own = await look("/", { cookie: await signIn(), "if-none-match": landing.headers.get("etag") ?? "" });
    expect([own.status, own.headers.get("cache-control")]).toEqual([200, "no-store"]);
    const text = await own.text();
    expect(text).toContain("You belong to Riverside School");
    expect(text).not.toContain("One event, all the way");
  });

  test("belongs to whoever has just claimed the installation", async () => {
    app = await openApp();
    const token = (await app.access.createSetupToken()) ?? "";
    const claimed = await send("/setup", { token, email: EMAIL, password: PASSWORD, workspace: "Riverside School" });
    expect(claimed.status).toBe(200);
    expect(await (await look("/", { cookie: cookiesOf(claimed) })).text()).toContain("You belong to Riverside School");
  });

  test("is the landing page for whose session is over, and the browser forgets it", async () => {
    app = await openApp();
    await claim(app);
    const answer = await look("/", { cookie: "hatch_session=a.b.c; hatch_refresh=hrt_nothing" });
    expect(await answer.text()).toContain("One event, all the way");
    expect(answer.headers.getSetCookie().every((one) => one.includes("Max-Age=0"))).toBe(true);
    expect(answer.headers.get("cache-control")).toBe("no-store");
  });
});

describe("every page", () => {
  const PATHS = ["/", "/sign-in", "/docs", "/docs/guides", "/docs/guides/quickstart", "/docs/gallery/overview"];
  const BANNER = '<aside class="banner banner-warn" aria-label="Without encryption">';

  test("says so where cookies may cross the network readable", async () => {
    app = await openApp({ http: { ...TEST_CONFIG.http, allowInsecureCookies: true } });
    expect(await (await look("/")).text()).toContain(BANNER);
    await claim(app);
    for (const path of PATHS) {
      // More than once: what a browser has kept is not shown without it.
      const first = await look(path);
      expect([path, (await first.text()).split(BANNER).length]).toEqual([path, 2]);
      const again = await look(path, {
        "if-none-match": first.headers.get("etag") ?? '"none"',
        "accept-encoding": "gzip",
      });
      expect([path, again.status]).toEqual([path, 200]);
    }
    expect(await (await look("/me/nowhere")).text()).toContain(BANNER);
  });

  test("says nothing of it where people come by https", async () => {
    app = await openApp({
      http: { ...TEST_CONFIG.http, allowInsecureCookies: true },
      server: { ...TEST_CONFIG.server, publicUrl: "https://hatch.example" },
    });
    await claim(app);
    for (const path of PATHS) expect((await (await look(path)).text()).includes(BANNER)).toBe(false);
  });
});

describe("an address where nothing is", () => {
  test("is a page to a browser, and the one shape of a refusal to a program", async () => {
    app = await openApp();
    await claim(app);
    const page = await look("/nowhere");
    expect([page.status, page.headers.get("content-type")]).toEqual([404, "text/html; charset=utf-8"]);
    expect(await page.text()).toContain("There is nothing here");
    for (const [path, accept] of [
      ["/nowhere", "*/*"],
      ["/v1/nowhere", HTML.accept],
      ["/v1/me", HTML.accept],
    ] as const) {
      const answer = await look(path, { accept });
      expect([path, answer.headers.get("content-type")?.startsWith("application/json")]).toEqual([path, true]);
    }
    const bearer = await look("/nowhere", { authorization: "Bearer hk_test_wrong" });
    expect([bearer.status, bearer.headers.get("content-type")?.startsWith("application/json")]).toEqual([401, true]);
    const wrong = await send("/me", {});
    expect([wrong.status, wrong.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
  });

  test("is answered where the installation is not set up yet, with the way to do that", async () => {
    app = await openApp();
    const page = await look("/sign-in");
    expect([page.status, (await page.text()).includes("This is not set up")]).toEqual([503, true]);
  });
});
