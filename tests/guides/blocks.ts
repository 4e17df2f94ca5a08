import { readFileSync } from "node:fs";
import { join } from "node:path";

export const ROOT = join(import.meta.dir, "..", "..");
const FOLDER = join(ROOT, "docs", "guides");

/** A fenced block of a guide. */
export interface Block {
  readonly language: string;
  /** What stands behind the language, such as `server`; see snippets.ts. */
  readonly mark: string;
  readonly code: string;
  /** Of its fence. */
  readonly line: number;
}

/** Languages that a guide shows and that cannot be run here; a test of their own may check them. */
const NOT_RUN = ["caddyfile", "console", "go", "html", "http", "ini", "nginx", "php", "python", "ruby", "sql", "yaml"];
const MARKS: Readonly<Record<string, RegExp>> = {
  sh: /^(?:server(?:=[a-z]+)?|readme)$/,
  text: /^server(?:=[a-z]+)?$/,
  ts: /^page$/,
};
const LANGUAGES = new Set(["json", "sh", "text", "ts", ...NOT_RUN]);

export const readGuide = (slug: string): string => readFileSync(join(FOLDER, `${slug}.md`), "utf8");

/** The fenced blocks in order. A block in a list may be indented as its item is. */
export function blocksOf(markdown: string): readonly Block[] {
  const blocks: Block[] = [];
  let open:
    | { readonly indent: string; readonly info: string; readonly line: number; readonly code: string[] }
    | undefined;
  markdown.split("\n").forEach((text, index) => {
    const [, indent = "", info] = /^( *)```(.*)$/.exec(text) ?? [];
    if (open === undefined) {
      if (info !== undefined) open = { indent, info: info.trim(), line: index + 1, code: [] };
      return;
    }
    if (info !== "") {
      open.code.push(text.startsWith(open.indent) ? text.slice(open.indent.length) : text);
      return;
    }
    const [language = "", mark = ""] = open.info.split(/\s+/);
    blocks.push({ language, mark, code: `${open.code.join("\n")}\n`, line: open.line });
    open = undefined;
  });
  if (open) throw new Error(`the block at line ${open.line} is never closed`);
  return blocks;
}

/** A TypeScript block says in its first line which file it is: `// send.ts`. */
export const fileNameOf = ({ code }: Block): string | undefined => /^\/\/ ([\w.-]+\.tsx?)\n/.exec(code)?.[1];

/** What keeps a guide from being tried as it stands. */
export function faultsOf(blocks: readonly Block[]): readonly string[] {
  return blocks.flatMap((block, index) => {
    const { language, mark, code, line } = block;
    const fault = (message: string): string[] => [`line ${line}: ${message}`];
    if (!LANGUAGES.has(language)) return fault(`${JSON.stringify(language)} is no language of a guide`);
    if (mark !== "" && !MARKS[language]?.test(mark)) return fault(`${language} takes no mark ${mark}`);
    if (language === "ts" && fileNameOf(block) === undefined) return fault("the first line names no file: // send.ts");
    if (language === "json" && !code.includes("…") && !isJson(code)) return fault("it is not JSON");
    if (language === "sh" && mark.startsWith("server") && blocks[index + 1]?.language !== "text") {
      return fault("a server needs the text that it prints when it is ready");
    }
    return [];
  });
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
