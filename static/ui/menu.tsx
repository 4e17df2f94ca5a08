/** @jsxImportSource preact */
import type { ComponentChildren } from "preact";
import { Icon } from "./icons.tsx";

export interface MenuProps {
  readonly label: ComponentChildren;
  /** Links and buttons, each an act. */
  readonly children: ComponentChildren;
  /** Opens to the left: at the right edge of a page. */
  readonly isEnd?: boolean;
  readonly isSmall?: boolean;
}

/** What else can be done. It opens without a script; with one, Escape and a click elsewhere close it. */
export const Menu = ({ label, children, isEnd = false, isSmall = false }: MenuProps) => (
  <details class={isEnd ? "menu menu-end" : "menu"}>
    <summary class={isSmall ? "button button-small" : "button"}>
      {label}
      <Icon name="down" />
    </summary>
    <div class="menu-list">{children}</div>
  </details>
);
