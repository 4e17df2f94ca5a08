import { describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { addressOf, GUIDES } from "./guides.ts";

const FOLDER = join(import.meta.dir, "..", "..", "docs", "guides");

describe("the guides", () => {
  test("are all served, each once", () => {
    const files = readdirSync(FOLDER).map((name) => name.replace(/\.md$/, ""));
    expect(GUIDES.map(({ slug }) => slug).sort()).toEqual(files.sort());
    expect(GUIDES[0]?.slug).toBe("quickstart");
  });

  test("each has a title and a sentence that says what it is about", () => {
    for (const { slug, title, summary, html } of GUIDES) {
      expect({ slug, title, hasTitle: title.length > 3 }).toMatchObject({ hasTitle: true });
      expect({ slug, summary, isSentence: /^[A-Z].{20,}\.$/.test(summary) }).toMatchObject({ isSentence: true });
      expect(html).not.toContain("<h1");
    }
    expect(new Set(GUIDES.map(({ title }) => title)).size).toBe(GUIDES.length);
  });

  test("a link of one leads to a guide and a heading that exist", () => {
    const anchors = new Map(GUIDES.map(({ slug, headings }) => [slug, new Set(headings.map(({ id }) => id))]));
    for (const { slug, html } of GUIDES) {
      for (const [, target = slug, anchor] of html.matchAll(/href="(?:\/docs\/guides\/([a-z-]+))?(?:#([^"]+))?"/g)) {
        expect({ slug, target, known: anchors.has(target) }).toMatchObject({ known: true });
        if (anchor !== undefined) {
          expect({ slug, target, anchor, known: anchors.get(target)?.has(anchor) }).toMatchObject({ known: true });
        }
      }
    }
  });

  test("are rendered once", () => {
    const [first] = GUIDES;
    expect(first?.headings).toBe(first?.headings as never);
  });
});

describe("where a link of a guide leads", () => {
  test.each([
    ["operating.md", "/docs/guides/operating"],
    ["./operating.md#backups", "/docs/guides/operating#backups"],
    ["#backups", "#backups"],
    ["https://www.standardwebhooks.com/", "https://www.standardwebhooks.com/"],
  ])("%s", (target, address) => expect(addressOf(target)).toBe(address));

  test.each([
    "../architecture.md",
    "gone.md",
    "constructor.md",
    "__proto__.md",
    "javascript:alert(1)",
    "jav&#x61;script:alert(1)",
    "data:text/html,x",
    "http://example.com",
    "//example.com",
    "/v1/events",
    'https://x/"onx=1',
    "https://x/<script>",
    "#a b",
    "",
  ])("%p leads nowhere", (target) => expect(addressOf(target)).toBeUndefined());
});
