/** @jsxImportSource preact */
import type { ComponentChildren } from "preact";

export interface CardProps {
  readonly title?: ComponentChildren;
  /** Beside the title: one control, or a chip. */
  readonly aside?: ComponentChildren;
  readonly children?: ComponentChildren;
  /** The content reaches the edges: tables. */
  readonly isFlush?: boolean;
  readonly id?: string;
}

export const Card = ({ title, aside, children, isFlush = false, id }: CardProps) => (
  <section class={isFlush ? "card panel panel-flush" : "card panel"} id={id}>
    {(title !== undefined || aside !== undefined) && (
      <header class="panel-head">
        {title !== undefined && <h2>{title}</h2>}
        {aside}
      </header>
    )}
    {children}
  </section>
);

export interface StatProps {
  /** What is counted, with its window: "Events, last hour". */
  readonly label: string;
  /** With its unit: "12,480", "99.2 %". */
  readonly value: string;
  readonly note?: ComponentChildren;
  readonly href?: string;
}

export const Stat = ({ label, value, note, href }: StatProps) => (
  <div class="card stat">
    <dt>{href === undefined ? label : <a href={href}>{label}</a>}</dt>
    <dd class="stat-value">{value}</dd>
    {note !== undefined && <dd class="stat-note">{note}</dd>}
  </div>
);

export const Stats = ({ children }: { readonly children: ComponentChildren }) => <dl class="stats">{children}</dl>;
