/** A letter with every part there, each text one clean line. */
export interface LetterParts {
  readonly title: string;
  readonly paragraphs: readonly string[];
  readonly action: { readonly label: string; readonly url: string } | undefined;
  readonly facts: readonly { readonly name: string; readonly value: string }[];
  readonly remarks: readonly string[];
  readonly footer: string;
}
