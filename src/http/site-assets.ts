import egg from "../../static/brand/egg.svg" with { type: "text" };
import type { PageScript } from "../../static/bundle.ts";
import galleryStyle from "../../static/gallery/gallery.css" with { type: "text" };
import docsStyle from "../../static/site/docs.css" with { type: "text" };
import guidesStyle from "../../static/site/guides.css" with { type: "text" };
import landingStyle from "../../static/site/landing.css" with { type: "text" };
import peopleStyle from "../../static/site/people.css" with { type: "text" };
import referenceStyle from "../../static/site/reference.css" with { type: "text" };
import setupStyle from "../../static/site/setup.css" with { type: "text" };
import parts from "../../static/ui/parts.css" with { type: "text" };
import tokens from "../../static/ui/tokens.css" with { type: "text" };
import work from "../../static/ui/work.css" with { type: "text" };
import { loadBundles } from "./site-bundles.ts";
import { once } from "./site-once.ts";
import { createResource, type Resource } from "./site-respond.ts";
import { SURFACES } from "./surfaces.ts";

const STYLES = {
  // Tokens and parts always go together: one request instead of two.
  "hatch.css": `${tokens}\n${parts}`,
  "work.css": work,
  "landing.css": landingStyle,
  "setup.css": setupStyle,
  "people.css": peopleStyle,
  "docs.css": docsStyle,
  "reference.css": referenceStyle,
  "guides.css": guidesStyle,
  "gallery.css": galleryStyle,
} as const;

export type StyleName = keyof typeof STYLES;
export type AssetName = StyleName | PageScript | "egg.svg";

/** What the pages load, inside the executable. A path holds the hash of its content, so it can be kept for ever. */
export interface Assets {
  pathOf(name: AssetName): string;
  find(path: string): Resource | undefined;
}

const TYPES: Readonly<Record<string, string>> = {
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  svg: "image/svg+xml",
};

function assetOf(fileName: string, content: string): readonly [path: string, Resource] {
  const [name = "", extension = ""] = fileName.split(".");
  const resource = createResource(content, TYPES[extension] ?? "text/plain", SURFACES.asset);
  return [`/assets/${name}-${resource.etag.slice(0, 8)}.${extension}`, resource];
}

export const loadAssets = once(async (): Promise<Assets> => {
  const texts = Object.entries({ ...STYLES, ...(await loadBundles()), "egg.svg": egg });
  const made = new Map(texts.map(([name, text]) => [name, assetOf(name, text)]));
  const byPath = new Map(made.values());
  return {
    pathOf(name) {
      const path = made.get(name)?.[0];
      if (path === undefined) throw new Error(`there is no asset ${name}`);
      return path;
    },
    find: (path) => byPath.get(path),
  };
});
