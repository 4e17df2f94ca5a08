import type { OutboundEventType } from "../kernel/catalogue.ts";
import { gatherFor } from "../kernel/clock.ts";
import { buildOpenApi, sectionsOf } from "./openapi.ts";
import type { ServedRoute } from "./openapi-route.ts";
import type { RoomReference } from "./openapi-types.ts";
import { renderReference } from "./reference.ts";
import { renderLanding } from "./site-landing.ts";
import { createResource, HTML_TYPE, LIVELY_PAGE, STILL_PAGE } from "./site-respond.ts";

export interface PublicationOptions {
  readonly version: string;
  /** The routes of the whole application; asked once, when the document is first wanted. */
  readonly routes: () => readonly ServedRoute[];
  readonly rooms: readonly RoomReference[];
  readonly catalogue: readonly OutboundEventType[];
}

/** What is the same for everybody: made when it is first wanted, kept until the end. */
export function createPublications(
  { version, routes, rooms, catalogue }: PublicationOptions,
  { publicUrl, url }: { readonly publicUrl: string | undefined; readonly url: () => string },
) {
  const document = once(() => buildOpenApi({ routes: routes(), rooms, catalogue, publicUrl, version }));
  return {
    openApi: once(() => createResource(JSON.stringify(document()), "application/json; charset=utf-8", STILL_PAGE)),
    reference: once(async () => {
      const parts = { document: document(), sections: sectionsOf(rooms), url: url(), breathe: () => gatherFor(0) };
      return createResource(await renderReference(parts), HTML_TYPE, STILL_PAGE);
    }),
    landing: once(() => createResource(renderLanding({ version, url: url() }), HTML_TYPE, LIVELY_PAGE)),
  };
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
