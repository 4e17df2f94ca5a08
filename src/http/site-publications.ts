import type { OutboundEventType } from "../kernel/catalogue.ts";
import { gatherFor } from "../kernel/clock.ts";
import { buildOpenApi, sectionsOf } from "./openapi.ts";
import type { ServedRoute } from "./openapi-route.ts";
import type { RoomReference } from "./openapi-types.ts";
import { once } from "./site-once.ts";
import { createResource, HTML_TYPE, PAGE, type Resource } from "./site-respond.ts";

export interface PublicationOptions {
  readonly version: string;
  /** The routes of the whole application; asked once, when the document is first wanted. */
  readonly routes: () => readonly ServedRoute[];
  readonly rooms: readonly RoomReference[];
  readonly catalogue: readonly OutboundEventType[];
}

const page = (text: string): Resource => createResource(text, HTML_TYPE, PAGE);

/**
 * What is the same for everybody: made when it is first wanted, kept until the end. The pages themselves are loaded then
 * too, so that a start does not wait for what it may never need.
 */
export function createPublications(
  { version, routes, rooms, catalogue }: PublicationOptions,
  { publicUrl, url }: { readonly publicUrl: string | undefined; readonly url: () => string },
) {
  const document = once(() => buildOpenApi({ routes: routes(), rooms, catalogue, publicUrl, version }));
  const guides = once(async () => {
    const [{ GUIDES }, { renderGuide, renderGuides }] = await Promise.all([
      import("./guides.ts"),
      import("./site-guides.tsx"),
    ]);
    const list = once(async () => page(await renderGuides(GUIDES)));
    const bySlug = new Map(
      GUIDES.map(({ slug }, index) => [slug, once(async () => page(await renderGuide(GUIDES, index)))]),
    );
    return { list, bySlug };
  });
  return {
    openApi: once(() => createResource(JSON.stringify(document()), "application/json; charset=utf-8", PAGE)),
    reference: once(async () => {
      const { renderReference } = await import("./reference.tsx");
      const parts = { document: document(), sections: sectionsOf(rooms), url: url(), breathe: () => gatherFor(0) };
      return page(await renderReference(parts));
    }),
    landing: once(async () => page(await (await import("./site-landing.tsx")).renderLanding({ version, url: url() }))),
    gallery: once(async () => page(await (await import("./site-gallery.tsx")).renderGallery(version))),
    sampleOverview: once(async () => page(await (await import("./site-gallery.tsx")).renderSampleOverview())),
    sampleTrace: once(async () => page(await (await import("./site-gallery.tsx")).renderSampleTrace())),
    guides: async (): Promise<Resource> => (await guides()).list(),
    /** Undefined where there is none of this name. */
    guide: async (slug: string): Promise<Resource | undefined> => (await guides()).bySlug.get(slug)?.(),
  };
}
