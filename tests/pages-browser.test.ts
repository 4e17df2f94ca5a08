import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { claim, type OpenApp, openApp } from "./support/app.ts";

// What a person meets, in a real browser. Where there is none, the rest of the tests still hold the mark-up.

const CHROMIUM = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((path) =>
  existsSync(path),
);
const AXE = readFileSync(Bun.resolveSync("axe-core/axe.min.js", import.meta.dir), "utf8");
const PHONE = { width: 390, height: 844 };
const DESK = { width: 1280, height: 900 };

let browser: Browser;
let claimed: OpenApp;
let fresh: OpenApp;

interface Visit {
  readonly page: Page;
  /** Everything that the page wanted from elsewhere, and every complaint of the browser. */
  readonly faults: string[];
}

async function visit<T>(url: string, options: BrowserContextOptions, look: (visit: Visit) => Promise<T>): Promise<T> {
  const context = await browser.newContext({ viewport: DESK, ...options });
  const page = await context.newPage();
  const faults: string[] = [];
  page.on("request", (request) => {
    if (new URL(request.url()).origin !== new URL(url).origin) faults.push(`asked ${request.url()}`);
  });
  page.on("console", (message) => faults.push(message.text()));
  page.on("pageerror", (error) => faults.push(error.message));
  try {
    await page.goto(url);
    return await look({ page, faults });
  } finally {
    await context.close();
  }
}

/** @param contrast looks at every pair of colours: slow on a long page, and computed from the tokens as well */
async function findViolations(page: Page, { contrast = true } = {}): Promise<string[]> {
  // Through the debugger, which the page's own policy does not concern.
  const session = await page.context().newCDPSession(page);
  await session.send("Runtime.evaluate", { expression: AXE });
  const { result } = await session.send("Runtime.evaluate", {
    expression: `axe.run({ resultTypes: ["violations"], rules: { "color-contrast": { enabled: ${contrast} } }, runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }).then((found) => JSON.stringify(found.violations.map((one) => one.id + ": " + one.nodes.map((node) => node.target).join(", "))))`,
    awaitPromise: true,
    returnByValue: true,
  });
  return JSON.parse(String(result.value)) as string[];
}

const overflow = (page: Page): Promise<number> =>
  page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") as Promise<number>;

describe.skipIf(CHROMIUM === undefined)("in a browser", () => {
  beforeAll(async () => {
    claimed = await openApp();
    await claim(claimed);
    fresh = await openApp();
    browser = await chromium.launch({
      executablePath: CHROMIUM ?? "",
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    });
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await claimed?.close();
    await fresh?.close();
  }, 30_000);

  const PAGES = [
    ["the landing page", () => claimed.url],
    ["the API reference", () => `${claimed.url}/docs`],
    ["the set-up page", () => fresh.url],
  ] as const;

  describe.each(PAGES)("%s", (_, urlOf) => {
    test.each([
      ["light", "a desk", DESK],
      ["dark", "a phone", PHONE],
    ] as const)(
      "in %s on %s: axe finds nothing, nothing is asked of elsewhere, nothing sticks out",
      (colorScheme, _place, viewport) =>
        visit(urlOf(), { colorScheme, viewport }, async ({ page, faults }) => {
          const contrast = colorScheme === "light" || !urlOf().endsWith("/docs");
          expect(await findViolations(page, { contrast })).toEqual([]);
          expect(await overflow(page)).toBe(0);
          expect(faults).toEqual([]);
        }),
      120_000,
    );

    test(
      "at 320 pixels, which is 1280 at four times the size, nothing sticks out",
      () =>
        visit(urlOf(), { viewport: { width: 320, height: 640 } }, async ({ page }) => {
          expect(await overflow(page)).toBe(0);
        }),
      30_000,
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
        await page.getByText("Copied").waitFor();
        const copied = await page.evaluate("navigator.clipboard.readText()");
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
