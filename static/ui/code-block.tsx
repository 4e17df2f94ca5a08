/** @jsxImportSource preact */
import type { ComponentChildren } from "preact";

export interface CodeBlockProps {
  /** Says what is in the block; a language has its own name. */
  readonly caption: ComponentChildren;
  readonly children: ComponentChildren;
  /** What the block is, for those who tab to it. */
  readonly label: string;
  /** Gives the block a copy button; unique on the page. */
  readonly id?: string;
  /** Long lines break instead of scrolling. */
  readonly wraps?: boolean;
}

/** It can be tabbed to, because it may have to be scrolled. */
const Pre = ({ label, id, children }: Pick<CodeBlockProps, "label" | "id" | "children">) => (
  // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls
  // biome-ignore lint/a11y/useSemanticElements: a fieldset is for fields
  <pre tabIndex={0} role="group" aria-label={label}>
    <code id={id}>{children}</code>
  </pre>
);

export const CopyButton = ({ of, label }: { readonly of: string; readonly label: string }) => (
  <button class="copy needs-script" type="button" data-copy={of} aria-label={`Copy: ${label}`}>
    Copy
  </button>
);

export const CodeBlock = ({ caption, children, label, id, wraps = false }: CodeBlockProps) => (
  <figure class={wraps ? "code code-wrap" : "code"}>
    <figcaption>
      <span>{caption}</span>
      {id !== undefined && <CopyButton of={id} label={label} />}
    </figcaption>
    <Pre label={label} id={id}>
      {children}
    </Pre>
  </figure>
);

export interface CodeVariant {
  /** As the language calls itself: "TypeScript". */
  readonly name: string;
  readonly code: ComponentChildren;
}

/**
 * The same in several languages. Without a script all stand below each other; with one they are tabs, and the choice holds
 * for every block of the product that has the language.
 */
export const CodeTabs = ({
  id,
  label,
  variants,
}: {
  readonly id: string;
  readonly label: string;
  readonly variants: readonly CodeVariant[];
}) => (
  <div class="code code-tabs" data-tabs="language">
    {/* biome-ignore lint/a11y/useSemanticElements: a fieldset is for fields */}
    <div class="code-tablist" role="group" aria-label={label}>
      {variants.map(({ name }, index) => (
        <button
          key={name}
          class="needs-script"
          type="button"
          id={`${id}-tab-${index}`}
          aria-controls={`${id}-panel-${index}`}
          aria-pressed={index === 0}
          data-tab={name}
        >
          {name}
        </button>
      ))}
    </div>
    {variants.map(({ name, code }, index) => (
      <figure key={name} class="code-panel" id={`${id}-panel-${index}`} data-panel={name}>
        <figcaption>
          <span>{name}</span>
          <CopyButton of={`${id}-${index}`} label={`${label}, ${name}`} />
        </figcaption>
        <Pre label={`${label}, ${name}`} id={`${id}-${index}`}>
          {code}
        </Pre>
      </figure>
    ))}
  </div>
);
