/** @jsxImportSource preact */
import type { ComponentChildren } from "preact";

/** `yolk` only where something hatches, or for the test environment. */
export type Tone = "plain" | "ok" | "warn" | "bad" | "yolk" | "accent";

export interface ChipProps {
  readonly tone?: Tone;
  readonly children: ComponentChildren;
}

/** A dot and a word, never colour alone; it never wraps. */
export const Chip = ({ tone = "plain", children }: ChipProps) => (
  <span class={tone === "plain" ? "chip" : `chip chip-${tone}`}>{children}</span>
);

export interface CountProps {
  readonly value: number;
  /** What is counted, for those who don't see the colour. */
  readonly label: string;
}

/** A red number: only for what needs a person. */
export const Count = ({ value, label }: CountProps) => (
  <span class="count">
    {value > 99 ? "99+" : value}
    <span class="unseen"> {label}</span>
  </span>
);
