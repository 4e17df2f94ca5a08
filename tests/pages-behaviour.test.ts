import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { claim, type OpenApp, openApp } from "./support/app.ts";
import { CHROMIUM, launchBrowser, readClipboard, type Visit, visit as visitWith } from "./support/browser.ts";

// What moves on the pages, in a real browser under the real policy: by keyboard, by pointer, and without a script.

const SLOW = 30_000;

let browser: Browser;
let app: OpenApp;

const visit = <T>(path: string, look: (visit: Visit) => Promise<T>, options: BrowserContextOptions = {}): Promise<T> =>
  visitWith(browser, `${app.url}${path}`, options, look);

const focused = (page: Page): Promise<string> => page.evaluate("document.activeElement.textContent") as Promise<string>;
const background = (page: Page): Promise<string> =>
  page.evaluate("getComputedStyle(document.body).backgroundColor") as Promise<string>;

describe.skipIf(CHROMIUM === undefined)("in a browser", () => {
  beforeAll(async () => {
    app = await openApp();
    await claim(app);
    browser = await launchBrowser();
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await app?.close();
  }, SLOW);

  test(
    "the colours that a reader chose hold on the next page before it is painted, and the system's come back",
    () =>
      visit("/docs/gallery", async ({ page, faults }) => {
        const light = await background(page);
        await page.locator(".rail-foot [data-theme-choice=dark]").click();
        const dark = await background(page);
        expect(dark).not.toBe(light);
        // Chosen before anything else of the page ran: the attribute is there while the body is still to come.
        await page.addInitScript(
          "new MutationObserver(() => { if (document.body) window.early ??= document.documentElement.dataset.theme ?? 'none'; }).observe(document, { childList: true, subtree: true });",
        );
        await page.goto(`${app.url}/docs/guides`);
        expect(await page.evaluate("window.early")).toBe("dark");
        expect(await background(page)).toBe(dark);
        expect(await page.locator("[data-theme-choice=dark]").getAttribute("aria-pressed")).toBe("true");
        await page.locator("[data-theme-choice=system]").click();
        expect(await background(page)).toBe(light);
        await page.emulateMedia({ colorScheme: "dark" });
        expect(await background(page)).toBe(dark);
        expect(faults).toEqual([]);
      }),
    SLOW,
  );

  test(
    "what the browser takes over is what the server wrote",
    async () => {
      const read = (page: Page) =>
        page.evaluate(
          "[...document.querySelectorAll('hatch-island')].map((island) => [island.getAttribute('name'), island.innerHTML])",
        ) as Promise<[string, string][]>;
      const written = await visit("/docs/gallery", ({ page }) => read(page), { javaScriptEnabled: false });
      expect(await visit("/docs/gallery", ({ page }) => read(page))).toEqual(written);
      expect(new Set(written.map(([name]) => name))).toEqual(
        new Set(["chart", "live-feed", "toast-samples", "toasts"]),
      );
    },
    SLOW,
  );

  test(
    "a dialog opens by keyboard, keeps the focus, is left by Escape, and gives the focus back",
    () =>
      visit("/docs/gallery", async ({ page, faults }) => {
        const opener = page.locator("button[commandfor=erase-light]");
        await opener.focus();
        await page.keyboard.press("Enter");
        const dialog = page.locator("#erase-light");
        expect(await dialog.evaluate((one) => one.matches(":modal"))).toBe(true);
        expect(await page.evaluate("document.activeElement.id")).toBe("erase-light-typed");
        await page.keyboard.press("Escape");
        expect(await dialog.isVisible()).toBe(false);
        expect(await focused(page)).toBe("Erase the member");

        // What can't be undone is typed first: nothing is sent before.
        await page.keyboard.press("Enter");
        await page.locator("#erase-light-typed").fill("user_4");
        await page.keyboard.press("Enter");
        expect(await dialog.isVisible()).toBe(true);
        await page.locator("#erase-light-typed").fill("user_42");
        await page.keyboard.press("Enter");
        await page.getByText("Here it would say: erase the member", { exact: true }).waitFor();
        expect(await dialog.isVisible()).toBe(false);

        await page.locator("button[commandfor=delete-light]").click();
        await page.locator("#delete-light").getByRole("button", { name: "Keep it" }).click();
        expect(await page.locator("#delete-light").isVisible()).toBe(false);
        expect(faults).toEqual([]);
      }),
    SLOW,
  );

  test(
    "a menu closes by Escape with the focus back on it, and by a click elsewhere",
    () =>
      visit("/docs/gallery", async ({ page }) => {
        const menu = page.locator("#menus details.menu").first();
        await menu.locator("summary").focus();
        await page.keyboard.press("Enter");
        await page.keyboard.press("Tab");
        expect((await focused(page)).trim()).toBe("Open the trace");
        await page.keyboard.press("Escape");
        expect(await menu.getAttribute("open")).toBeNull();
        expect(await focused(page)).toBe("More");
        await menu.locator("summary").click();
        await page.locator("#menus-title").click();
        expect(await menu.getAttribute("open")).toBeNull();
      }),
    SLOW,
  );

  test(
    "a toast is read out, can be undone once, and does not go while somebody points at it",
    () =>
      visit("/docs/gallery", async ({ page }) => {
        await page.clock.install();
        await page.reload();
        const toasts = page.locator(".toasts[role=status] .toast");
        await page.getByRole("button", { name: "With the way back" }).click();
        await page.getByRole("button", { name: "Undo" }).click();
        expect(await toasts.allTextContents()).toEqual(["The endpoint goes onDismiss: The endpoint goes on"]);
        await toasts.hover();
        await page.clock.runFor(60_000);
        expect(await toasts.count()).toBe(1);
        await page.mouse.move(0, 0);
        await page.clock.runFor(7_000);
        expect(await toasts.count()).toBe(0);
      }),
    SLOW,
  );

  test(
    "rows are walked by j and k, opened by Enter, and letters go into a search that is being typed in",
    () =>
      visit("/docs/gallery/overview", async ({ page, faults }) => {
        const row = (): Promise<string> =>
          page.evaluate("document.activeElement.closest('tr')?.rowIndex ?? 0") as Promise<string>;
        await page.keyboard.press("j");
        await page.keyboard.press("j");
        await page.keyboard.press("j");
        await page.keyboard.press("k");
        expect(Number(await row())).toBe(2);
        for (let times = 0; times < 9; times++) await page.keyboard.press("j");
        expect(Number(await row())).toBe(5);
        await page.keyboard.press("/");
        await page.keyboard.type("jk/x");
        expect(await page.getByRole("searchbox").inputValue()).toBe("jk/x");
        await page.keyboard.press("Control+j");
        await page.locator(".row-link").first().focus();
        await page.keyboard.press("Enter");
        await page.getByRole("heading", { name: "lesson_completed by user_42" }).waitFor();
        expect(faults).toEqual([]);
      }),
    SLOW,
  );

  test(
    "a chart says its values by the arrow keys and under the pointer",
    () =>
      visit("/docs/gallery/overview", async ({ page }) => {
        const plot = page.getByRole("slider");
        expect(await plot.getAttribute("aria-valuetext")).toBe("20 Nov 14:00: 430 events, 3 failed attempts");
        await plot.focus();
        await page.keyboard.press("ArrowLeft");
        expect(await plot.getAttribute("aria-valuetext")).toBe("20 Nov 13:30: 760 events, 5 failed attempts");
        await page.keyboard.press("Home");
        await page.keyboard.press("ArrowLeft");
        expect(await plot.getAttribute("aria-valuenow")).toBe("0");
        expect(await page.locator(".chart-legend").textContent()).toContain("events210");
        await plot.hover({ position: { x: 1, y: 10 } });
        expect(await plot.getAttribute("aria-valuenow")).toBe("0");
        expect(await page.locator(".chart-dot").count()).toBe(2);
      }),
    SLOW,
  );

  test(
    "what comes live stops and goes on as told",
    () =>
      visit("/docs/gallery/overview", async ({ page }) => {
        await page.clock.install();
        await page.reload();
        const first = page.locator(".row-link").first();
        const before = await first.textContent();
        await page.clock.runFor(10_000);
        expect(await first.textContent()).toBe(before);
        await page.getByRole("button", { name: "Go on" }).click();
        await page.getByText("live feed on").nth(1).waitFor();
        await page.clock.runFor(1_600);
        expect(await first.textContent()).not.toBe(before);
        await page.getByRole("button", { name: "Pause" }).click();
        const paused = await first.textContent();
        await page.clock.runFor(10_000);
        expect(await first.textContent()).toBe(paused);
        expect(await page.locator(".row-link").count()).toBe(5);
      }),
    SLOW,
  );

  test(
    "a language that is chosen at one block holds for all, and on the next page",
    () =>
      visit("/docs/gallery", async ({ page }) => {
        const shown = (): Promise<(string | null)[]> =>
          page
            .locator(".code-panel:visible")
            .evaluateAll((panels) => panels.map((one) => one.getAttribute("data-panel")));
        expect(await shown()).toEqual(["TypeScript", "TypeScript"]);
        await page.locator("[data-tab=Python]").last().click();
        expect(await shown()).toEqual(["Python", "Python"]);
        await page.reload();
        expect(await shown()).toEqual(["Python", "Python"]);
      }),
    SLOW,
  );

  test(
    "an id is copied whole, and the copying is said",
    () =>
      visit(
        "/docs/gallery",
        async ({ page }) => {
          await page.locator("[data-copy-text^=dlv_]").first().click();
          await page
            .getByRole("status")
            .filter({ hasText: /^Copied$/ })
            .waitFor({ state: "attached" });
          expect(await readClipboard(page)).toBe("dlv_01kag6w91xe0jbq4zt8n5r2mvc");
        },
        { permissions: ["clipboard-read", "clipboard-write"] },
      ),
    SLOW,
  );

  test(
    "the contents of the reference are narrowed by what is typed, and mark what is being read",
    () =>
      visit("/docs", async ({ page, faults }) => {
        const links = page.locator("#contents ul a:visible");
        const all = await links.count();
        await page.keyboard.press("/");
        await page.keyboard.type("FINISH rotate");
        expect(await links.allTextContents()).toEqual([expect.stringContaining("End the overlap")]);
        await page.keyboard.press("Enter");
        const id = await page.evaluate("location.hash.slice(1)");
        await page.locator(`#contents a[href="#${id}"][aria-current]`).waitFor();
        await page.keyboard.press("/");
        await page.keyboard.press("Escape");
        expect(await links.count()).toBe(all);
        expect(faults).toEqual([]);
      }),
    SLOW,
  );

  test(
    "without a script every page stands: all languages in sight, nothing offered that can't work",
    () =>
      visit(
        "/docs/gallery",
        async ({ page, faults }) => {
          expect(await page.locator(".code-panel:visible").count()).toBe(6);
          expect(await page.locator(".needs-script:visible").count()).toBe(0);
          await page.locator("#menus summary").first().click();
          expect(await page.getByText("Replay the delivery").first().isVisible()).toBe(true);
          await page.locator("#chart-light summary").click();
          expect(await page.locator("#chart-light tbody tr").count()).toBe(48);
          await page.goto(`${app.url}/docs`);
          expect(await page.locator("#contents ul a").count()).toBeGreaterThan(40);
          expect(faults).toEqual([]);
        },
        { javaScriptEnabled: false },
      ),
    SLOW,
  );
});
