const CHARACTERS_MAX = 400;
/** A piece of the mail that is as long as this is masked; what is shorter opens nothing, but for codes. */
const PIECE = 16;
const URL = /\b([a-z][a-z0-9+.-]{1,20}:\/\/[^\s/?#]*)[^\s]*/gi;
const CODE = /[A-Za-z0-9]{6,}/g;

export interface NotToQuote {
  readonly password: string | undefined;
  readonly user: string | undefined;
  /** What the mail says. */
  readonly content: string;
}

/** The password in every form in which it goes over the wire. */
function formsOf({ user = "", password }: NotToQuote): readonly string[] {
  if (password === undefined) return [];
  const base64 = (text: string): string => Buffer.from(text).toString("base64");
  return [base64(`\0${user}\0${password}`), base64(password), password];
}

/** Dots in place of everything that stands in the mail as well. */
function maskPieces(text: string, content: string): string {
  const masked = Array.from(text, () => false);
  for (let at = 0; at + PIECE <= text.length; at++) {
    const piece = text.slice(at, at + PIECE);
    if (!piece.includes(" ") && content.includes(piece)) masked.fill(true, at, at + PIECE);
  }
  const pieces = Array.from(text, (character, at) => (masked[at] ? (masked[at - 1] ? "" : "…") : character)).join("");
  const joined = pieces.replace(/…+/g, "…");
  return joined.replace(CODE, (word) => (/\d/.test(word) && content.includes(word) ? "…" : word));
}

/**
 * A server's words for people, logs and rows. It may quote what it read: the line that we signed in with, a link of the
 * mail. What comes out is one line without them.
 */
export function quoteServer(response: string, hidden: NotToQuote): string {
  let text = response;
  for (const form of formsOf(hidden)) text = text.replaceAll(form, "…");
  text = text.replace(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]+/gu, " ").trim();
  if (text.length > CHARACTERS_MAX) text = `${text.slice(0, CHARACTERS_MAX)}…`;
  const withoutPaths = text.replace(URL, (url, origin: string) => (url === origin ? url : `${origin}/…`));
  return maskPieces(withoutPaths, hidden.content);
}
