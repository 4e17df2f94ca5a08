import egg from "../../static/brand/egg.svg" with { type: "text" };
import landingStyle from "../../static/site/landing.css" with { type: "text" };
import referenceStyle from "../../static/site/reference.css" with { type: "text" };
import setupStyle from "../../static/site/setup.css" with { type: "text" };
import copyScript from "../../static/ui/copy.js" with { type: "text" };
import parts from "../../static/ui/parts.css" with { type: "text" };
import tokens from "../../static/ui/tokens.css" with { type: "text" };
import { createResource, type Resource } from "./site-respond.ts";

const CSS = "text/css; charset=utf-8";

/** A path holds the hash of its content, so it can be kept for ever. */
const KEPT = {
  "cache-control": "public, max-age=31536000, immutable",
  "x-content-type-options": "nosniff",
  "cross-origin-resource-policy": "same-origin",
};

interface Asset {
  readonly path: string;
  readonly resource: Resource;
}

function asset(name: string, extension: string, content: string, contentType: string): Asset {
  const resource = createResource(content, contentType, KEPT);
  return { path: `/assets/${name}-${resource.etag.slice(0, 8)}.${extension}`, resource };
}

/** Everything that the pages load, inside the executable. */
export const ASSETS = {
  // Tokens and parts always go together: one request instead of two.
  base: asset("hatch", "css", `${tokens}\n${parts}`, CSS),
  landing: asset("landing", "css", landingStyle, CSS),
  setup: asset("setup", "css", setupStyle, CSS),
  reference: asset("reference", "css", referenceStyle, CSS),
  copy: asset("copy", "js", copyScript, "text/javascript; charset=utf-8"),
  icon: asset("egg", "svg", egg, "image/svg+xml"),
} satisfies Record<string, Asset>;

export const ASSETS_BY_PATH: ReadonlyMap<string, Resource> = new Map(
  Object.values(ASSETS).map(({ path, resource }) => [path, resource]),
);
