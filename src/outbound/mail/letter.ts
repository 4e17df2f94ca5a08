import { assert } from "../../kernel/assert.ts";
import { renderHtml } from "./letter-html.ts";
import type { LetterFigure, LetterSection } from "./letter-parts.ts";
import { renderText } from "./letter-text.ts";

/** What a mail of ours says, once; its two forms are made from it. Every text is plain: nothing in it is markup. */
export interface Letter {
  /** One sentence in the words of the subject. */
  readonly title: string;
  readonly paragraphs: readonly string[];
  /** The one thing to do. The URL comes from `publicLink`, never from a request. */
  readonly action?: { readonly label: string; readonly url: string };
  readonly figures?: readonly LetterFigure[];
  /** Lists under a heading each. */
  readonly sections?: readonly LetterSection[];
  readonly facts?: readonly LetterFact[];
  /** After the action and the facts: until when, and what to do if it was not you. */
  readonly remarks?: readonly string[];
  /** Why somebody gets this, and how to get no more of it. */
  readonly footer: string;
}

export interface LetterFact {
  readonly name: string;
  readonly value: string;
}

export interface WrittenLetter {
  readonly text: string;
  readonly html: string;
}

/** Controls, and marks that turn the direction of what follows: a name must not rearrange our sentence. */
const UNRULY = /[\p{Cc}\p{Cs}\u2028-\u202e\u2066-\u2069]+/gu;
const clean = (text: string): string => text.replace(UNRULY, " ").replace(/\s+/g, " ").trim();

const NAME_CHARACTERS_MAX = 60;

/**
 * A text that somebody chose, fit to stand in a letter to somebody else: short, and no mail program makes a link of it.
 * Otherwise an invitation carries anybody's advertisement under our name.
 */
export function namedInLetter(name: string, charactersMax = NAME_CHARACTERS_MAX): string {
  const characters = [...clean(name)];
  const short =
    characters.length > charactersMax ? `${characters.slice(0, charactersMax).join("")}…` : characters.join("");
  return short.replace(/(?<=[^\s])([.:/@]+)(?=[^\s])/gu, "$1\u200b");
}

const cleanSection = ({ heading, lines, entries, rest }: LetterSection): LetterSection => ({
  heading: clean(heading),
  lines: lines.map(clean),
  entries: entries.map(({ name, note, state, lines: own, commands }) => ({
    name: clean(name),
    ...(note === undefined ? {} : { note: clean(note) }),
    ...(state === undefined ? {} : { state: { text: clean(state.text), tone: state.tone } }),
    lines: own.map(clean),
    ...(commands === undefined ? {} : { commands: commands.map(clean) }),
  })),
  ...(rest === undefined ? {} : { rest: clean(rest) }),
});

/** The letter as text and as HTML that old mail programs understand. */
export function writeLetter(letter: Letter): WrittenLetter {
  const { action, figures = [], sections = [], facts = [], remarks = [] } = letter;
  assert(action === undefined || /^https?:\/\/[^\s"<>]+$/.test(action.url), "a letter leads to a web address");
  const cleaned = {
    title: clean(letter.title),
    paragraphs: letter.paragraphs.map(clean),
    action: action && { label: clean(action.label), url: action.url },
    figures: figures.map(({ label, value, note }) => ({
      label: clean(label),
      value: clean(value),
      ...(note === undefined ? {} : { note: clean(note) }),
    })),
    sections: sections.map(cleanSection),
    facts: facts.map(({ name, value }) => ({ name: clean(name), value: clean(value) })),
    remarks: remarks.map(clean),
    footer: clean(letter.footer),
  };
  return { text: renderText(cleaned), html: renderHtml(cleaned) };
}
