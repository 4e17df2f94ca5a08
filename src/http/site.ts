import { Elysia } from "elysia";
import type { Context } from "../context.ts";
import { exchangeOf } from "./exchange.ts";
import type { Guard } from "./guard.ts";
import { ASSETS, ASSETS_BY_PATH } from "./site-assets.ts";
import { type ClaimOptions, createClaiming } from "./site-claim.ts";
import { createPublications, type PublicationOptions } from "./site-publications.ts";
import { type Resource, serveResource } from "./site-respond.ts";

export interface SiteOptions extends PublicationOptions, ClaimOptions {
  readonly isClaimed: () => boolean;
  /** Where the socket listens: shown in commands where no public URL is configured. */
  readonly address: () => string;
}

interface Asked {
  readonly request: Request;
}

/** What a browser sees: the landing page, the set-up page while nobody has claimed the installation, the reference. */
export function createSite(context: Context, options: SiteOptions) {
  const { publicUrl } = context.config.server;
  const { isClaimed } = options;
  const url = (): string => (publicUrl ?? options.address()).replace(/\/$/, "");
  const { openApi, reference, landing } = createPublications(options, { publicUrl, url });
  const claiming = createClaiming(context, options, url);

  const serve =
    (resource: () => Resource | Promise<Resource>) =>
    async ({ request }: Asked): Promise<Response> =>
      serveResource(request, await resource());
  const start = ({ request }: Asked): Response =>
    isClaimed() ? serveResource(request, landing()) : claiming.page(request);
  const claim = ({ request }: Asked): Response | Promise<Response> =>
    isClaimed() ? redirect("/") : claiming.claim(request);
  const asset = ({ request }: Asked): Response =>
    serveResource(request, ASSETS_BY_PATH.get(exchangeOf(request).path) ?? ASSETS.icon.resource);

  const routes = (guard: Guard) => {
    const claimed = { access: "public", detail: { hide: true } } as const;
    const always = { ...claimed, beforeClaim: true } as const;
    const pages = new Elysia({ name: "site" })
      .use(guard)
      .get("/", start, always)
      .get("/setup", () => redirect("/"), always)
      .post("/setup", claim, always)
      .get("/docs", serve(reference), claimed)
      .get("/openapi.json", serve(openApi), claimed)
      .get("/favicon.ico", asset, always);
    for (const path of ASSETS_BY_PATH.keys()) pages.get(path, asset, always);
    return pages;
  };
  return { name: "site", routes };
}

const redirect = (location: string): Response =>
  new Response(null, { status: 303, headers: { location, "cache-control": "no-store" } });
