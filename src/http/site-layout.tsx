/** @jsxImportSource preact */
import type { ComponentChildren } from "preact";
import { Brand } from "../../static/ui/mark.tsx";
import { Segments } from "../../static/ui/tabs.tsx";
import { ThemeSwitch } from "../../static/ui/theme-switch.tsx";

/** Where a page that explains stands among the others. */
export type DocsPlace = "guides" | "reference";

const PLACES: readonly { readonly place: DocsPlace; readonly label: string; readonly href: string }[] = [
  { place: "guides", label: "Guides", href: "/docs/guides" },
  { place: "reference", label: "API reference", href: "/docs" },
];

export interface DocsFrameProps {
  readonly place: DocsPlace;
  /** At the side: what can be gone to from here. */
  readonly contents: ComponentChildren;
  readonly children: ComponentChildren;
}

/** The frame of all that explains: contents at the side, what is told beside it. */
export const DocsFrame = ({ place, contents, children }: DocsFrameProps) => (
  <div class="frame">
    <header class="side">
      <div class="side-top">
        <Brand />
        <ThemeSwitch />
      </div>
      <Segments
        label="Documentation"
        tabs={PLACES.map(({ place: one, label, href }) => ({ label, href, isHere: one === place }))}
      />
      {contents}
    </header>
    <main id="main" tabIndex={-1}>
      {children}
    </main>
  </div>
);

export const SiteFoot = ({ version }: { readonly version: string }) => (
  <footer class="bottom">
    <p>
      Hatch {version}. Everything on this page came from this server.{" "}
      <a href="/docs/gallery">What its pages are made of</a>
    </p>
  </footer>
);
