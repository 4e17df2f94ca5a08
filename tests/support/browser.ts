import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";

// A real browser, where there is one. Each look at a page writes down what it should not have done.

export const CHROMIUM = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((path) =>
  existsSync(path),
);
const AXE = readFileSync(Bun.resolveSync("axe-core/axe.min.js", import.meta.dir), "utf8");

export const PHONE = { width: 390, height: 844 };
export const DESK = { width: 1280, height: 900 };

export const launchBrowser = (): Promise<Browser> =>
  chromium.launch({
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

export interface Visit {
  readonly page: Page;
  /** Everything that the page wanted from elsewhere, and every complaint of the browser. */
  readonly faults: string[];
}

export async function visit<T>(
  browser: Browser,
  url: string,
  options: BrowserContextOptions,
  look: (visit: Visit) => Promise<T>,
): Promise<T> {
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

/** What lies in the clipboard. A page of ours may not look into it; one that stands in its place here may. */
export async function readClipboard(page: Page): Promise<string> {
  const other = await page.context().newPage();
  await other.route("**/*", (route) => route.fulfill({ contentType: "text/html", body: "<!doctype html>" }));
  await other.goto(page.url());
  await other.bringToFront();
  const text = (await other.evaluate("navigator.clipboard.readText()")) as string;
  await other.close();
  await page.bringToFront();
  return text;
}

/** Where pictures of the pages go; none are taken where nobody named a folder. */
const PICTURES = process.env.HATCH_TEST_PICTURES;

/** Takes a picture of a page on a desk in light and in dark, and on a phone. */
export async function picture(page: Page, name: string): Promise<void> {
  if (PICTURES === undefined) return;
  const was = page.viewportSize() ?? DESK;
  for (const [kind, colorScheme, viewport] of [
    ["light", "light", DESK],
    ["dark", "dark", DESK],
    ["phone", "light", PHONE],
  ] as const) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize(viewport);
    await page.screenshot({ path: join(PICTURES, `${name}-${kind}.png`), fullPage: true, animations: "disabled" });
  }
  await page.emulateMedia({ colorScheme: null });
  await page.setViewportSize(was);
}

/** @param contrast looks at every pair of colours: slow on a long page, and computed from the tokens as well */
export async function findViolations(page: Page, { contrast = true } = {}): Promise<string[]> {
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

export const overflow = (page: Page): Promise<number> =>
  page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") as Promise<number>;

/** Anything that can be clicked and is smaller than 24 pixels either way, inline text and what is not shown apart. */
export const smallTargets = (page: Page): Promise<string[]> =>
  page.evaluate(`[...document.querySelectorAll("button, summary, select, input:not([type=hidden], [type=radio], [type=checkbox]), nav a, a.button, .row-link")]
    .filter((one) => one.checkVisibility() && !one.closest(".crumbs, [aria-hidden=true]"))
    .map((one) => ({ one, box: (one.matches(".row-link") ? one.closest("tr") : one).getBoundingClientRect() }))
    .filter(({ box }) => box.width < 24 || box.height < 24)
    .map(({ one, box }) => one.outerHTML.slice(0, 100) + " " + box.width + "x" + box.height)`) as Promise<string[]>;
