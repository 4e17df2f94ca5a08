import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Browser, BrowserContextOptions } from "playwright-core";
import { claim, type OpenApp, openApp } from "./support/app.ts";
import {
  CHROMIUM,
  DESK,
  findViolations,
  launchBrowser,
  overflow,
  PHONE,
  readClipboard,
  smallTargets,
  type Visit,
  visit as visitWith,
} from "./support/browser.ts";

// What a person meets, in a real browser. Where there is none, the rest of the tests still hold the mark-up.

let browser: Browser;
let claimed: OpenApp;
let fresh: OpenApp;

const visit = <T>(url: string, options: BrowserContextOptions, look: (visit: Visit) => Promise<T>): Promise<T> =>
  visitWith(browser, url, options, look);

describe.skipIf(CHROMIUM === undefined)("in a browser", () => {
  beforeAll(async () => {
    claimed = await openApp();
    await claim(claimed);
    fresh = await openApp();
    browser = await launchBrowser();
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await claimed?.close();
    await fresh?.close();
  }, 30_000);

  const PAGES = [
    ["the landing page", () => claimed.url],
    ["the API reference", () => `${claimed.url}/docs`],
    ["the list of guides", () => `${claimed.url}/docs/guides`],
    ["a guide", () => `${claimed.url}/docs/guides/quickstart`],
    ["the gallery", () => `${claimed.url}/docs/gallery`],
    ["a sample overview", () => `${claimed.url}/docs/gallery/overview`],
    ["a sample trace", () => `${claimed.url}/docs/gallery/trace`],
    ["the set-up page", () => fresh.url],
    ["the page to sign in", () => `${claimed.url}/sign-in`],
  ] as const;

  describe.each(PAGES)("%s", (_, urlOf) => {
    test.each([
      ["light", "a desk", DESK],
      ["dark", "a phone", PHONE],
    ] as const)(
      "in %s on %s: axe finds nothing, nothing is asked of elsewhere, nothing sticks out or is too small to hit",
      (colorScheme, _place, viewport) =>
        visit(urlOf(), { colorScheme, viewport }, async ({ page, faults }) => {
          const contrast = colorScheme === "light" || !urlOf().endsWith("/docs");
          expect(await findViolations(page, { contrast })).toEqual([]);
          expect(await overflow(page)).toBe(0);
          expect(await smallTargets(page)).toEqual([]);
          // 1280 at four times the size.
          await page.setViewportSize({ width: 320, height: 640 });
          expect(await overflow(page)).toBe(0);
          expect(faults).toEqual([]);
        }),
      120_000,
    );

    test(
      "shows where the focus is, at each stop of the keyboard",
      () =>
        visit(urlOf(), {}, async ({ page }) => {
          for (let stop = 0; stop < 12; stop++) {
            await page.keyboard.press("Tab");
            if (await page.evaluate("document.activeElement === document.body")) break;
            const ring = await page.evaluate(`(() => {
              const style = getComputedStyle(document.activeElement);
              return { at: document.activeElement.outerHTML.slice(0, 80), width: style.outlineWidth, line: style.outlineStyle };
            })()`);
            expect(ring).toMatchObject({ width: "2px", line: "solid" });
          }
        }),
      30_000,
    );
  });

  test(
    "the first stop of the keyboard leads past the navigation",
    () =>
      visit(`${claimed.url}/docs`, {}, async ({ page }) => {
        await page.keyboard.press("Tab");
        await page.keyboard.press("Enter");
        await page.keyboard.press("Tab");
        const inMain = await page.evaluate("document.querySelector('main').contains(document.activeElement)");
        expect(inMain).toBe(true);
      }),
    30_000,
  );

  test(
    "a command is copied whole",
    () =>
      visit(claimed.url, { permissions: ["clipboard-read", "clipboard-write"] }, async ({ page, faults }) => {
        await page.click("button[data-copy=command-2]");
        await page.locator("button[data-copy=command-2]", { hasText: "Copied" }).waitFor();
        const copied = await readClipboard(page);
        expect(copied).toBe(`curl ${claimed.url}/v1/members/user_42 \\\n  -H "Authorization: Bearer $HATCH_KEY"`);
        expect(faults).toEqual([]);
      }),
    30_000,
  );

  test("an installation is claimed by keyboard, with scripts switched off, after a mistake", async () => {
    const token = (await fresh.access.createSetupToken()) ?? "";
    await visit(fresh.url, { javaScriptEnabled: false }, async ({ page, faults }) => {
      const fill = async (wrong: boolean): Promise<void> => {
        await page.getByLabel("One-time token").fill(wrong ? "hst_wrong" : token);
        await page.getByLabel("Your e-mail address").fill("ada@riverside.example");
        await page.getByLabel("Password").fill("correct horse battery");
        await page.getByLabel("Name of the workspace").fill("Riverside School");
        await page.keyboard.press("Enter");
      };
      await fill(true);
      await page.getByText("The set-up token is wrong or was used already.").waitFor();
      expect(await page.getByLabel("Name of the workspace").inputValue()).toBe("Riverside School");
      expect(await page.getByLabel("Password").inputValue()).toBe("");
      await fill(false);
      await page.getByRole("heading", { name: "Riverside School is ready" }).waitFor();
      expect(await page.locator("#key-live").textContent()).toStartWith("hk_live_");
      expect(await page.locator("#key-test").textContent()).toStartWith("hk_test_");
      // The browser tells of every answer that is no success; the page is there all the same.
      expect(faults.filter((fault) => !fault.includes("401 (Unauthorized)"))).toEqual([]);
    });
    await visit(fresh.url, {}, async ({ page }) => {
      await page.getByRole("heading", { name: "One event, all the way" }).waitFor();
    });
  }, 30_000);

  test("the page with the keys passes axe too", async () => {
    const another = await openApp();
    try {
      const token = (await another.access.createSetupToken()) ?? "";
      await visit(another.url, { viewport: PHONE }, async ({ page, faults }) => {
        await page.getByLabel("One-time token").fill(token);
        await page.getByLabel("Your e-mail address").fill("ada@riverside.example");
        await page.getByLabel("Password").fill("correct horse battery");
        await page.getByLabel("Name of the workspace").fill("Riverside School");
        await page.getByRole("button", { name: "Claim this installation" }).click();
        await page.getByRole("heading", { name: "Riverside School is ready" }).waitFor();
        expect(await findViolations(page)).toEqual([]);
        expect(await overflow(page)).toBe(0);
        expect(faults).toEqual([]);
      });
    } finally {
      await another.close();
    }
  }, 30_000);
});
