/** @jsxImportSource preact */
import type { ComponentChildren } from "preact";

export interface SpecimenProps {
  readonly id: string;
  readonly title: string;
  /** What it is for, and what it must never do. */
  readonly text: ComponentChildren;
  readonly children: ComponentChildren;
}

export const Specimen = ({ id, title, text, children }: SpecimenProps) => (
  <section class="specimen" id={id} aria-labelledby={`${id}-title`}>
    <h2 id={`${id}-title`}>{title}</h2>
    <p>{text}</p>
    {children}
  </section>
);

/** The same twice, in light and in dark; ids differ by what is handed in. */
export const Both = ({ children }: { readonly children: (scheme: "light" | "dark") => ComponentChildren }) => (
  <div class="both">
    <div class="scheme scheme-light">{children("light")}</div>
    <div class="scheme scheme-dark">{children("dark")}</div>
  </div>
);

/** Side by side, with air. */
export const Row = ({ children }: { readonly children: ComponentChildren }) => <div class="row">{children}</div>;

export const Stack = ({ children }: { readonly children: ComponentChildren }) => <div class="stack">{children}</div>;
