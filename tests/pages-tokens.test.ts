import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import tokensCss from "../static/ui/tokens.css" with { type: "text" };
import { contrast, readTokens } from "./support/colours.ts";

const tokens = readTokens(tokensCss);

/** Ink of any kind on everything that it is put on. */
const TEXT: readonly (readonly [string, readonly string[]])[] = [
  ["ink", ["bg", "surface", "raised", "accent-soft", "yolk-soft", "warn-soft", "bad-soft", "ok-soft"]],
  ["muted", ["bg", "surface", "raised"]],
  ["faint", ["bg", "surface", "raised"]],
  ["accent", ["bg", "surface", "raised", "accent-soft"]],
  ["on-accent", ["accent", "bad"]],
  ["ok", ["bg", "surface", "ok-soft"]],
  ["warn", ["bg", "surface", "warn-soft", "yolk-soft"]],
  ["bad", ["bg", "surface", "raised", "bad-soft"]],
];
/** Edges of what can be acted on, and the ring around what has the focus. */
const EDGES: readonly (readonly [string, readonly string[]])[] = [
  ["line-control", ["bg", "surface"]],
  ["accent", ["bg", "surface", "raised"]],
  ["bad", ["surface"]],
];

describe.each(["light", "dark"] as const)("the %s tokens", (scheme) => {
  const of = (name: string) => {
    const colour = tokens[scheme][name];
    if (!colour) throw new Error(`there is no token --${name}`);
    return colour;
  };

  test.each(TEXT.flatMap(([ink, papers]) => papers.map((paper) => [ink, paper] as const)))(
    "%s on %s can be read: at least 4.5 to 1",
    (ink, paper) => expect(contrast(of(ink), of(paper))).toBeGreaterThanOrEqual(4.5),
  );

  test.each(EDGES.flatMap(([edge, papers]) => papers.map((paper) => [edge, paper] as const)))(
    "an edge in %s on %s can be seen: at least 3 to 1",
    (edge, paper) => expect(contrast(of(edge), of(paper))).toBeGreaterThanOrEqual(3),
  );
});

test("the computation is right: black on white is 21, a known pair is what others measure", () => {
  const [black, white] = [
    { lightness: 0, chroma: 0, hue: 0 },
    { lightness: 1, chroma: 0, hue: 0 },
  ];
  expect(contrast(black, white)).toBeCloseTo(21, 5);
  // #0000ff on white is 8.59 to 1.
  expect(contrast({ lightness: 0.4520137, chroma: 0.3132144, hue: 264.052 }, white)).toBeCloseTo(8.59, 1);
});

test("every property that a style sheet uses is defined", () => {
  const folder = join(import.meta.dir, "../static");
  const sheets = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".css"));
  expect(sheets.length).toBeGreaterThan(3);
  const defined = new Set([...tokensCss.matchAll(/^\s*(--[a-z0-9-]+):/gm)].map(([, name]) => name));
  for (const sheet of sheets) {
    const css = readFileSync(join(folder, sheet), "utf8");
    const unknown = [...css.matchAll(/var\((--[a-z0-9-]+)/g)]
      .map(([, name]) => name)
      .filter((name) => !defined.has(name));
    expect({ sheet, unknown }).toEqual({ sheet, unknown: [] });
    // Colours stand in the tokens alone.
    if (sheet !== join("ui", "tokens.css"))
      expect({ sheet, colours: css.match(/#[0-9a-f]{3,8}\b|oklch\(|rgb\(/g) ?? [] }).toEqual({ sheet, colours: [] });
  }
});
