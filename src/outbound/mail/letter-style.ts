/**
 * The colours of `tokens.css` in the only spelling that every mail program reads. Light stands in the elements; dark is
 * for those that know the reader's choice.
 */
export const LETTER_COLOURS = {
  light: {
    bg: "#f8f8f5",
    surface: "#ffffff",
    line: "#e1e0da",
    ink: "#1b1f29",
    muted: "#595e68",
    accent: "#006a65",
    "on-accent": "#fcfcfc",
    yolk: "#f4af2d",
  },
  dark: {
    bg: "#101318",
    surface: "#181b21",
    line: "#2d3038",
    ink: "#e9ebef",
    muted: "#a7abb3",
    accent: "#60ccc5",
    "on-accent": "#071413",
    yolk: "#f7b83d",
  },
} as const;

/** Those that only a letter with lists has. */
export const LIST_COLOURS = {
  light: {
    raised: "#f4f3f0",
    ok: "#21763c",
    "ok-soft": "#dcf7e1",
    warn: "#915c08",
    "warn-soft": "#ffeec7",
    bad: "#c22826",
    "bad-soft": "#ffe9e6",
  },
  dark: {
    raised: "#1f232a",
    ok: "#71d790",
    "ok-soft": "#1a3520",
    warn: "#f5c25f",
    "warn-soft": "#403012",
    bad: "#fe8b83",
    "bad-soft": "#4a2321",
  },
} as const;

export const FONT = "system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif";

export const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

export const text = (size: number, line: number, colour: string): string =>
  `font-family:${FONT};font-size:${size}px;line-height:${line}px;color:${colour}`;
