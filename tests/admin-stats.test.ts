import { afterEach, describe, expect, test } from "bun:test";
import { claim, type OpenApp, openApp } from "./support/app.ts";
import { TEST_CONFIG } from "./support/context.ts";

// Who sees the delivery status of the whole installation: who operates it, and nobody else.

const HTML = { accept: "text/html,application/xhtml+xml", "sec-fetch-site": "same-origin" };
const FORM = { ...HTML, "content-type": "application/x-www-form-urlencoded" };
const PATHS = ["/admin/stats", "/admin/stats.json"] as const;

let app: OpenApp;
afterEach(() => app?.close());

const ask = (path: string, headers: Record<string, string> = {}, base = app.url): Promise<Response> =>
  fetch(`${base}${path}`, { headers, redirect: "manual" });

async function signIn(email = "ada@riverside.example"): Promise<string> {
  const answer = await fetch(`${app.url}/sign-in`, {
    method: "POST",
    redirect: "manual",
    headers: FORM,
    body: new URLSearchParams({ email, password: "correct horse battery" }).toString(),
  });
  return answer.headers
    .getSetCookie()
    .map((one) => one.split(";")[0])
    .join("; ");
}

describe("the delivery status", () => {
  test("is for the operator by a session, as a page and as JSON", async () => {
    app = await openApp();
    await claim(app);
    const cookie = await signIn();
    const page = await ask("/admin/stats", { ...HTML, cookie });
    expect([page.status, page.headers.get("cache-control")]).toEqual([200, "no-store"]);
    expect(page.headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(await page.text()).toContain("No endpoints yet");
    for (const answer of [
      await ask("/admin/stats.json", { cookie }),
      await ask("/admin/stats", { cookie, accept: "application/json" }),
    ]) {
      expect(answer.headers.get("content-type")).toStartWith("application/json");
      expect(await answer.json()).toMatchObject({
        headline: "No endpoints yet",
        endpoints: { total: 0 },
        windows: { "1h": { attempts: 0, successRate: null } },
        queue: { waiting: 0, inFlight: 0, oldestDueAge: null, fanOuts: 0 },
        mails: { waiting: 0, failed: 0 },
        installation: { engine: "sqlite", databaseBytes: expect.any(Number) },
      });
    }
    expect(await (await ask("/", { ...HTML, cookie })).text()).toContain('href="/admin/stats"');
  });

  test("is no business of a tenant's key, of a stranger, or of whoever operates nothing", async () => {
    app = await openApp();
    const keys = await claim(app);
    for (const path of PATHS) {
      for (const key of [keys.live, keys.test]) {
        expect((await ask(path, { authorization: `Bearer ${key}` })).status).toBe(403);
      }
      expect((await ask(path)).status).toBe(401);
      expect((await ask(path, { cookie: "hatch_session=a.b.c" })).status).toBe(401);
    }
    const led = await ask("/admin/stats", HTML);
    expect([led.status, led.headers.get("location")]).toEqual([303, "/sign-in?next=%2Fadmin%2Fstats"]);
    await app.context.database.write((writer) => writer.run("UPDATE accounts SET operator = 0"));
    const nobody = await signIn();
    for (const path of PATHS) expect((await ask(path, { cookie: nobody })).status).toBe(403);
  });

  test("is on the operators' own listener without a credential, with its files and nothing else", async () => {
    app = await openApp({ adminListener: { host: "127.0.0.1", port: 0 } });
    await claim(app);
    const admin = app.adminAddress() ?? "";
    const page = await ask("/admin/stats", HTML, admin);
    const text = await page.text();
    expect(page.status).toBe(200);
    expect(text).not.toContain('href="/me"');
    for (const [, file] of text.matchAll(/(?:href|src)="(\/assets\/[^"]+)"/g)) {
      expect([file, (await ask(file ?? "", {}, admin)).status]).toEqual([file, 200]);
    }
    expect((await ask("/admin/stats.json", {}, admin)).status).toBe(200);
    expect((await ask("/admin/stats", { ...HTML, cookie: "hatch_session=a.b.c; hatch_refresh=x" }, admin)).status).toBe(
      200,
    );
    for (const path of ["/", "/sign-in", "/operator/accounts", "/v1/webhooks", "/v1/webhooks/health", "/docs"]) {
      expect([path, (await ask(path, {}, admin)).status]).toEqual([path, 404]);
    }
    // On the public one by a session only; what machines scrape is not there at all.
    expect((await ask("/admin/stats.json")).status).toBe(401);
    expect((await ask("/admin/stats.json", { cookie: await signIn() })).status).toBe(200);
    expect((await ask("/metrics")).status).toBe(404);
    // A page of somebody else's name does not reach it through a visitor's browser.
    expect((await ask("/admin/stats.json", { host: "evil.example" }, admin)).status).toBe(403);
  });

  test("is bound to the networks of the people, too", async () => {
    app = await openApp({ http: { ...TEST_CONFIG.http, adminNetworks: ["192.0.2.0/24"] } });
    await claim(app);
    const cookie = await signIn();
    const from = (headers: Record<string, string>) =>
      app.fetch(
        new Request("http://localhost/admin/stats.json", { headers: { ...headers, "x-forwarded-for": "203.0.113.9" } }),
      );
    expect((await from({ cookie })).status).toBe(403);
    expect((await from({})).status).toBe(403);
  });

  test("is asked with GET, and by its rules the operator alone is let in", async () => {
    app = await openApp();
    await claim(app);
    const route = app.routes.find(({ path }) => path === "/admin/stats");
    expect(route?.rules.access).toEqual({ account: "operator" });
    expect(app.routes.filter(({ path }) => path.startsWith("/admin/")).map(({ method }) => method)).toEqual([
      "GET",
      "GET",
    ]);
  });

  test("looks for what it is asked for and for nothing else", async () => {
    app = await openApp({ webhooks: { ...TEST_CONFIG.webhooks, allowNetworks: ["127.0.0.0/8"] } });
    const { live } = await claim(app);
    const made = await fetch(`${app.url}/v1/webhooks`, {
      method: "POST",
      headers: { authorization: `Bearer ${live}`, "content-type": "application/json" },
      body: JSON.stringify({ endpoint: "http://127.0.0.1:18099/a/hook?token=s3cret", events: ["points.*"] }),
    });
    expect(made.status).toBe(201);
    const { id } = (await made.json()) as { id: string };
    const cookie = await signIn();
    const find = async (query: string) => {
      const answer = await ask(`/admin/stats.json?q=${encodeURIComponent(query)}`, { cookie });
      const text = await answer.text();
      expect(text).not.toContain("token=");
      return JSON.parse(text).found as readonly { subscriptionId: string; endpoint: string }[] | undefined;
    };
    expect((await find(id))?.[0]).toMatchObject({
      subscriptionId: id,
      endpoint: "127.0.0.1:18099/a/hook",
      state: "idle",
    });
    expect((await find("127.0.0.1"))?.map(({ subscriptionId }) => subscriptionId)).toEqual([id]);
    for (const nothing of ["s3cret", "token", "%", "_", "' OR 1=1 --", `${id}x`, "a".repeat(5_000)]) {
      expect([nothing, await find(nothing)]).toEqual([nothing, []]);
    }
    expect(await find("  ")).toBeUndefined();
    const page = await (
      await ask(`/admin/stats?q=${encodeURIComponent("<script>alert(1)</script>")}`, { ...HTML, cookie })
    ).text();
    expect(page).not.toContain("<script>alert");
  });
});
