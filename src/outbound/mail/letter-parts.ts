export type LetterTone = "plain" | "ok" | "warn" | "bad";

/** A number that stands out, with what it counts. */
export interface LetterFigure {
  readonly label: string;
  readonly value: string;
  readonly note?: string;
}

/** One thing of a list: what it is called, how it stands, what there is to say of it. */
export interface LetterEntry {
  readonly name: string;
  readonly state?: { readonly text: string; readonly tone: LetterTone };
  /** Small, below the name: its id. */
  readonly note?: string;
  readonly lines: readonly string[];
  /** What can be run or called, as it is written. */
  readonly commands?: readonly string[];
}

export interface LetterSection {
  readonly heading: string;
  readonly lines: readonly string[];
  readonly entries: readonly LetterEntry[];
  /** After the entries: how many more there are. */
  readonly rest?: string;
}

/** A letter with every part there, each text one clean line. */
export interface LetterParts {
  readonly title: string;
  readonly paragraphs: readonly string[];
  readonly action: { readonly label: string; readonly url: string } | undefined;
  readonly figures: readonly LetterFigure[];
  readonly sections: readonly LetterSection[];
  readonly facts: readonly { readonly name: string; readonly value: string }[];
  readonly remarks: readonly string[];
  readonly footer: string;
}
