/** @jsxImportSource preact */
import { tokensOf } from "./code-tokens.ts";

export interface CodeProps {
  readonly text: string;
  /** "json", "shell", "typescript", "python", "go", "php", "ruby"; anything else is shown as it is. */
  readonly language: string;
}

/** Code with its values set apart from its words. The text is whole: without colours it reads the same. */
export const Code = ({ text, language }: CodeProps) => (
  <>
    {tokensOf(text, language).map((token, index) =>
      token.kind === "plain" ? (
        token.text
      ) : (
        <span key={index} class={`tok-${token.kind}`}>
          {token.text}
        </span>
      ),
    )}
  </>
);
