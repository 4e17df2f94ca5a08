/** @jsxImportSource preact */
import type { ComponentChild } from "preact";
import { Code } from "../../static/ui/code.tsx";

/** A title as part of an address. */
export const slug = (text: string): string => text.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");

const INLINE = /`([^`]+)`|\*\*([^*]+)\*\*|\[([^\]]+)\]\((#[A-Za-z0-9._-]+|\/[A-Za-z0-9._/#-]*)\)/g;

export interface TextProps {
  readonly text: string;
}

/** `code`, **strong** and links that stay on this server. */
export function Inline({ text }: TextProps) {
  const pieces: ComponentChild[] = [];
  let from = 0;
  for (const match of text.matchAll(INLINE)) {
    pieces.push(text.slice(from, match.index));
    const [whole, code, strong, label, target] = match;
    if (code !== undefined) pieces.push(<code>{code}</code>);
    else if (strong !== undefined) pieces.push(<strong>{strong}</strong>);
    else pieces.push(<a href={target}>{label}</a>);
    from = match.index + whole.length;
  }
  pieces.push(text.slice(from));
  return <>{pieces}</>;
}

function Block({ text }: TextProps) {
  if (text.startsWith("```")) return <Fenced text={text} />;
  const lines = text.split("\n");
  if (lines.every((line) => line.startsWith("- "))) {
    return (
      <ul>
        {lines.map((line) => (
          <li key={line}>
            <Inline text={line.slice(2)} />
          </li>
        ))}
      </ul>
    );
  }
  if (lines.length > 2 && lines.every((line) => line.startsWith("|"))) return <Rows lines={lines} />;
  return (
    <p>
      <Inline text={lines.join(" ")} />
    </p>
  );
}

function Fenced({ text }: TextProps) {
  const language = /^```(\w*)/.exec(text)?.[1] ?? "";
  const code = text.replace(/^```[^\n]*\n/, "").replace(/\n```$/, "");
  return (
    <figure class="code">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls */}
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset is for fields */}
      <pre tabIndex={0} role="group" aria-label="Code">
        <code>
          <Code text={code} language={language} />
        </code>
      </pre>
    </figure>
  );
}

const cellsOf = (line: string): string[] =>
  line
    .slice(1, -1)
    .split("|")
    .map((cell) => cell.trim());

function Rows({ lines: [head = "", , ...rows] }: { readonly lines: readonly string[] }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls
    // biome-ignore lint/a11y/useSemanticElements: a section of its own would stand in the outline
    <div class="scroll" tabIndex={0} role="group" aria-label="Table">
      <table>
        <thead>
          <tr>
            {cellsOf(head).map((cell) => (
              <th key={cell} scope="col">
                <Inline text={cell} />
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row}>
              {cellsOf(row).map((cell) => (
                <td key={cell}>
                  <Inline text={cell} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Paragraphs are parted by empty lines; a fence may hold some. */
function blocksOf(text: string): readonly string[] {
  const blocks: string[][] = [[]];
  let isFenced = false;
  for (const line of text.split("\n")) {
    if (line.startsWith("```")) isFenced = !isFenced;
    if (line === "" && !isFenced) blocks.push([]);
    else blocks.at(-1)?.push(line);
  }
  return blocks.filter((lines) => lines.length > 0).map((lines) => lines.join("\n"));
}

/** The part of CommonMark that our own texts use: paragraphs, lists, tables, fenced code, and {@link Inline}. */
export const Text = ({ text }: TextProps) => (
  <>
    {blocksOf(text).map((block) => (
      <Block key={block} text={block} />
    ))}
  </>
);
