/** @jsxImportSource preact */
import type { ComponentChildren } from "preact";

export interface Tab {
  readonly label: ComponentChildren;
  readonly href: string;
  readonly isHere?: boolean;
}

export interface TabsProps {
  readonly label: string;
  readonly tabs: readonly Tab[];
}

const Links = ({ tabs, current }: { tabs: readonly Tab[]; current: "page" | "true" }) => (
  <>
    {tabs.map(({ label, href, isHere = false }, index) => (
      <a key={index} href={href} aria-current={isHere ? current : undefined}>
        {label}
      </a>
    ))}
  </>
);

/** Parts of one thing, each with an address of its own: they can be linked, reloaded and opened beside each other. */
export const Tabs = ({ label, tabs }: TabsProps) => (
  <nav class="tabs" aria-label={label}>
    <Links tabs={tabs} current="page" />
  </nav>
);

/** One view in several measures: the window of a chart. */
export const Segments = ({ label, tabs }: TabsProps) => (
  <nav class="segments" aria-label={label}>
    <Links tabs={tabs} current="true" />
  </nav>
);
