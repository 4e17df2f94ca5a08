/** @jsxImportSource preact */
import type { ComponentChildren } from "preact";

export interface PageHeadProps {
  /** One plain sentence that says how things are: "All well, one endpoint needs a look". */
  readonly title: ComponentChildren;
  readonly text?: ComponentChildren;
  /** The way here. */
  readonly crumbs?: readonly { readonly label: ComponentChildren; readonly href: string }[];
  readonly here?: ComponentChildren;
  /** One primary act; what else there is stays plain. */
  readonly actions?: ComponentChildren;
  /** A page has one head; a sample of it inside a page stands lower in the outline. */
  readonly as?: "h1" | "h2";
}

export const PageHead = ({ title, text, crumbs, here, actions, as: Title = "h1" }: PageHeadProps) => (
  <header class="page-head">
    <div class="page-head-text">
      {crumbs !== undefined && (
        <nav class="crumbs" aria-label="Where you are">
          <ol>
            {crumbs.map(({ label, href }) => (
              <li key={href}>
                <a href={href}>{label}</a>
              </li>
            ))}
            {here !== undefined && <li aria-current="page">{here}</li>}
          </ol>
        </nav>
      )}
      <Title>{title}</Title>
      {text !== undefined && <p>{text}</p>}
    </div>
    {actions !== undefined && <div class="actions">{actions}</div>}
  </header>
);
