/** @jsxImportSource preact */
import { SampleOverview, SampleTracePage } from "../../static/gallery/compositions.tsx";
import { GalleryPage } from "../../static/gallery/gallery.tsx";
import { renderPage } from "./site-page.tsx";

const GALLERY = { styles: ["work.css", "gallery.css"], script: "gallery.js" } as const;

/** Every part that the pages are made of, in every state, on one page. */
export const renderGallery = (version: string): Promise<string> =>
  renderPage({
    ...GALLERY,
    title: "What Hatch’s pages are made of",
    description: "Every part in every state, light and dark.",
    body: <GalleryPage version={version} />,
  });

/** The parts together, with sample figures. */
export const renderSampleOverview = (): Promise<string> =>
  renderPage({
    ...GALLERY,
    title: "A sample overview",
    description: "How an overview looks, with sample figures.",
    body: <SampleOverview />,
  });

export const renderSampleTrace = (): Promise<string> =>
  renderPage({
    ...GALLERY,
    title: "A sample trace",
    description: "How the trace of one event looks, with sample figures.",
    body: <SampleTracePage />,
  });
