/** Text that is markup already. Everything else is escaped where it enters a page. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** `false`, `null` and `undefined` are nothing, so that a part can be left out where it stands. */
export type Piece = Html | string | number | false | null | undefined | readonly Piece[];

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

const escapeHtml = (text: string): string => text.replaceAll(/[&<>"']/g, (character) => ESCAPES[character] ?? "");

function render(piece: Piece): string {
  if (piece === false || piece === null || piece === undefined) return "";
  if (piece instanceof Html) return piece.text;
  if (typeof piece === "string" || typeof piece === "number") return escapeHtml(String(piece));
  return piece.map(render).join("");
}

/** Markup from a template. Values stand in text or inside a quoted attribute, nowhere else. */
export const html = (parts: TemplateStringsArray, ...values: readonly Piece[]): Html =>
  new Html(parts.reduce((text, part, index) => text + render(values[index - 1]) + part));
