import { Elysia } from "elysia";
import type { Context } from "../context.ts";
import { notFound } from "../kernel/errors.ts";
import { exchangeOf } from "./exchange.ts";
import type { Guard } from "./guard.ts";
import { leadTo, servePage } from "./site-answer.ts";
import { loadAssets } from "./site-assets.ts";
import { type ClaimOptions, createClaiming } from "./site-claim.ts";
import { createPublications, type PublicationOptions } from "./site-publications.ts";
import { type Resource, serveResource } from "./site-respond.ts";

export interface SiteOptions extends PublicationOptions, ClaimOptions {
  readonly isClaimed: () => boolean;
  /** What the start page is for whoever is signed in; undefined for everybody else. */
  readonly home: (request: Request) => Promise<Response | undefined>;
  /** Where the socket listens: shown in commands where no public URL is configured. */
  readonly address: () => string;
}

interface Asked {
  readonly request: Request;
}

/** What a browser sees: the landing page, the set-up page while nobody has claimed the installation, the documentation. */
export function createSite(context: Context, options: SiteOptions) {
  const { publicUrl } = context.config.server;
  const { isClaimed } = options;
  const url = (): string => (publicUrl ?? options.address()).replace(/\/$/, "");
  const pages = createPublications(options, { publicUrl, url });
  const claiming = createClaiming(context, options, url);

  const show = (request: Request, page: Resource): Promise<Response> => servePage(context, request, page);
  const servePages =
    (find: (asked: Asked) => Resource | undefined | Promise<Resource | undefined>) =>
    async (asked: Asked): Promise<Response> => {
      const page = await find(asked);
      if (!page) throw notFound("The page");
      return show(asked.request, page);
    };
  const serve =
    (find: (asked: Asked) => Resource | undefined | Promise<Resource | undefined>) =>
    async (asked: Asked): Promise<Response> => {
      const resource = await find(asked);
      if (!resource) throw notFound("The address");
      return serveResource(asked.request, resource);
    };
  const start = async ({ request }: Asked): Promise<Response> => {
    if (!isClaimed()) return claiming.page(request);
    return (await options.home(request)) ?? show(request, await pages.landing());
  };
  const claim = ({ request }: Asked): Response | Promise<Response> =>
    isClaimed() ? leadTo("/") : claiming.claim(request);
  const asset = async ({ request }: Asked) => (await loadAssets()).find(exchangeOf(request).path);
  const icon = async () => (await loadAssets()).find((await loadAssets()).pathOf("egg.svg"));

  const routes = (guard: Guard) => {
    const page = { access: "public", page: true, detail: { hide: true } } as const;
    const read = { ...page, audience: "everybody" } as const;
    const file = { access: "public", audience: "everybody", detail: { hide: true } } as const;
    const guide = ({ request, params }: Asked & { readonly params: { readonly slug: string } }) =>
      servePages(() => pages.guide(params.slug))({ request });
    // Copied for each route: Elysia takes the options apart that it is given.
    return new Elysia({ name: "site" })
      .use(guard)
      .get("/", start, { ...page, beforeClaim: true })
      .get("/setup", () => leadTo("/"), { ...page, beforeClaim: true })
      .post("/setup", claim, { ...page, beforeClaim: true })
      .get("/docs", servePages(pages.reference), { ...read })
      .get("/docs/guides", servePages(pages.guides), { ...read })
      .get("/docs/guides/:slug", guide, { ...read })
      .get("/docs/gallery", servePages(pages.gallery), { ...read })
      .get("/docs/gallery/overview", servePages(pages.sampleOverview), { ...read })
      .get("/docs/gallery/trace", servePages(pages.sampleTrace), { ...read })
      .get("/openapi.json", serve(pages.openApi), { ...file })
      .get("/favicon.ico", serve(icon), { ...file, beforeClaim: true, file: true })
      .get("/assets/:file", serve(asset), { ...file, beforeClaim: true, file: true });
  };
  return { name: "site", routes };
}
