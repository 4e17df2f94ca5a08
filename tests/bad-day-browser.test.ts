import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { Webhook } from "standardwebhooks";
import { type BadDay, liveBadDay } from "./support/bad-day.ts";
import {
  CHROMIUM,
  DESK,
  findViolations,
  launchBrowser,
  overflow,
  PHONE,
  picture,
  smallTargets,
  visit,
} from "./support/browser.ts";

// A bad day, and what it is told as in the morning: a mail, a webhook, the operator's page. With HATCH_TEST_PICTURES set to
// a folder, the texts and pictures are left there.

let day: BadDay;
let browser: Browser;

const PICTURES = process.env.HATCH_TEST_PICTURES;
const keep = (name: string, text: string): void => {
  if (PICTURES !== undefined) writeFileSync(join(PICTURES, name), text);
};

describe.skipIf(CHROMIUM === undefined)("a bad day", () => {
  beforeAll(async () => {
    day = await liveBadDay();
    browser = await launchBrowser();
  }, 90_000);
  afterAll(async () => {
    await browser?.close();
    await day?.close();
  }, 30_000);

  test("is told by mail: what needs a person and why, what was lost and how to send it again", async () => {
    const { subject, text = "", html = "" } = day.mail.mail;
    keep("digest.txt", `Subject: ${subject}\n\n${text}`);
    keep("digest.html", html);
    expect(subject).toBe("6 of 11 endpoints need you · Riverside School, Thursday 19 November");
    const told = text.replaceAll("\u200b", "").replace(/\s+/g, " ");
    for (const words of [
      "[switched off]",
      "the endpoint answered 410 Gone",
      "[paused]",
      "it is not available (503)",
      "it refuses the signature (401)",
      "its certificate has expired",
      "It does not answer in time",
      "Slow: its answers take up to",
      "POST /v1/webhooks/recover",
      "In the test environment",
      "There is nothing at its path (404)",
    ]) {
      expect({ words, isTold: told.toLowerCase().includes(words.toLowerCase()) }).toEqual({ words, isTold: true });
    }
    expect(text + html).not.toContain("do-not-show");
  });

  test("is told by a webhook, which any library of Standard Webhooks verifies", () => {
    const { headers, body } = day.webhook;
    keep(
      "digest-webhook.txt",
      `${[...headers].map(([name, value]) => `${name}: ${value}`).join("\n")}\n\n${JSON.stringify(JSON.parse(body), null, 2)}\n`,
    );
    const now = Date.now;
    // The library holds the time of sending against the clock of this machine.
    Date.now = () => Number(headers.get("webhook-timestamp")) * 1_000;
    const RealDate = Date;
    try {
      const verified = new Webhook(day.secret).verify(body, Object.fromEntries(headers)) as { event: string };
      expect(verified.event).toBe("digest.daily");
    } finally {
      RealDate.now = now;
    }
  });

  test("the letter is whole on a desk and on a phone, in light and in dark", async () => {
    const context = await browser.newContext({ viewport: DESK });
    const page = await context.newPage();
    await page.setContent(day.mail.mail.html ?? "");
    await picture(page, "digest");
    if (PICTURES !== undefined) {
      await page.emulateMedia({ colorScheme: "dark" });
      await page.setViewportSize(PHONE);
      await page.screenshot({ path: join(PICTURES, "digest-phone-dark.png"), fullPage: true });
      await page.emulateMedia({ colorScheme: "light" });
      await page.setViewportSize(DESK);
    }
    // A mail program's page is around it: there are the landmarks.
    const faults = async () => (await findViolations(page)).filter((fault) => !/^(?:landmark|region)/.test(fault));
    expect(await faults()).toEqual([]);
    await page.emulateMedia({ colorScheme: "dark" });
    expect(await faults()).toEqual([]);
    await page.setViewportSize(PHONE);
    expect(await overflow(page)).toBe(0);
    await context.close();
  }, 60_000);

  test("the operator sees it at /admin/stats, finds one endpoint, and reads the same as JSON", async () => {
    const { url } = day.app;
    const context = await browser.newContext({ viewport: DESK });
    // The browser lives on the same day.
    await context.clock.setFixedTime(day.app.context.clock.now());
    const page = await context.newPage();
    const origin = url.replace("127.0.0.1", "localhost");
    await page.goto(`${origin}/admin/stats`);
    expect(page.url()).toContain("/sign-in?next=%2Fadmin%2Fstats");
    await page.getByLabel("E-mail address").fill("ada@riverside.example");
    await page.getByLabel("Password").fill("correct horse battery");
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    await page.getByRole("heading", { level: 1, name: /endpoints need a look/ }).waitFor();
    for (const [name, go] of [
      ["stats", async () => {}],
      [
        "stats-found",
        async () => {
          await page.keyboard.press("/");
          await page.keyboard.type(day.refusing);
          await page.keyboard.press("Enter");
          await page.getByRole("heading", { level: 2, name: /crm\/inbound/ }).waitFor();
        },
      ],
      [
        "stats-nothing",
        async () => {
          await page.goto(`${origin}/admin/stats?q=${encodeURIComponent("<b>nobody.example")}`);
          await page.getByRole("heading", { level: 2, name: "Nothing for <b>nobody.example" }).waitFor();
        },
      ],
    ] as const) {
      await go();
      await picture(page, name);
      expect(await findViolations(page)).toEqual([]);
      expect(await smallTargets(page)).toEqual([]);
      await page.emulateMedia({ colorScheme: "dark", reducedMotion: "reduce" });
      expect(await findViolations(page)).toEqual([]);
      await page.emulateMedia({ colorScheme: null, reducedMotion: null });
      await page.setViewportSize(PHONE);
      expect(await overflow(page)).toBe(0);
      await page.setViewportSize(DESK);
    }
    await page.goto(`${origin}/admin/stats`);
    await page.locator(".row-link").first().focus();
    await page.keyboard.press("Enter");
    await page.waitForURL(/\?q=sub_/);
    const cookie = (await context.cookies()).map(({ name, value }) => `${name}=${value}`).join("; ");
    const json = await fetch(`${url}/admin/stats.json`, { headers: { cookie } });
    keep("stats.json", await json.clone().text());
    expect(await json.json()).toMatchObject({ endpoints: { disabled: 1, paused: 1 }, jobs: { running: 0 } });
    expect(await page.content()).not.toContain("do-not-show");
    await context.close();
  }, 90_000);

  test("whoever reaches the operators' own listener sees it without signing in, and without a script", async () => {
    const options = { javaScriptEnabled: false, viewport: PHONE };
    await visit(
      browser,
      `${day.app.adminAddress()}/admin/stats?q=${day.refusing}`,
      options,
      async ({ page, faults }) => {
        await page.getByText("it refuses the signature (401)").first().waitFor();
        await page.getByRole("link", { name: "Show everything" }).click();
        await page.getByRole("heading", { level: 1, name: /endpoints need a look/ }).waitFor();
        expect(await page.getByRole("link", { name: "Your account" }).count()).toBe(0);
        expect(faults).toEqual([]);
      },
    );
  }, 30_000);
});
