import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A file as the rules see it: its text, and the same text with the parts blanked that a rule must not trip over. */
export interface SourceFile {
  /** From the root of the repository, with `/`. */
  readonly path: string;
  readonly text: string;
  /** Comments blanked; strings as they are. */
  readonly code: string;
  /** Comments and the insides of strings blanked. */
  readonly bare: string;
  /** What stands between quotes or backticks, with `${…}` left as written. */
  readonly strings: readonly SourceString[];
  readonly imports: readonly string[];
}

export interface SourceString {
  readonly at: number;
  readonly value: string;
}

/** The whole repository, or the little of it that a canary needs. */
export interface House {
  readonly sources: readonly SourceFile[];
  readonly documents: readonly { readonly path: string; readonly text: string }[];
  readonly migrations: readonly { readonly path: string; readonly text: string }[];
  /** Every file and folder, to look up what a document names. */
  readonly paths: ReadonlySet<string>;
  readonly manifest: { readonly dependencies: Readonly<Record<string, string>> };
  readonly lock: string;
}

const REGEX_MAY_FOLLOW = /(?:^|[(,=:[!&|?{};+\-*%~^<>]|\b(?:return|typeof|case|in|of|do|else|void|throw))$/;

/**
 * Walks the text once, telling code, comments, strings and regular expressions apart. In the mark-up of a `.tsx` file a
 * slash beside an angle bracket closes a tag; its words may hold no straight apostrophe, which would open a string.
 */
function scan(text: string, hasMarkup: boolean): Pick<SourceFile, "code" | "bare" | "strings"> {
  const chars = text.split("");
  const code = text.split("");
  const bare = text.split("");
  const strings: SourceString[] = [];
  const blank = (target: string[], from: number, to: number): void => {
    for (let at = from; at < to; at++) if (target[at] !== "\n") target[at] = " ";
  };
  let at = 0;
  let before = "";
  const skipQuoted = (quote: string): void => {
    const start = at++;
    // A line's end ends it: no string of ours goes on, and an apostrophe in mark-up does no harm beyond its line.
    while (at < chars.length && chars[at] !== quote && chars[at] !== "\n") at += chars[at] === "\\" ? 2 : 1;
    strings.push({ at: start, value: chars.slice(start + 1, at).join("") });
    blank(bare, start + 1, Math.min(at, chars.length));
    at++;
  };
  const skipTemplate = (): void => {
    const start = at++;
    const pieces: [number, number][] = [];
    let piece = at;
    while (at < chars.length && chars[at] !== "`") {
      if (chars[at] === "\\") at += 2;
      else if (chars[at] === "$" && chars[at + 1] === "{") {
        pieces.push([piece, at]);
        at += 2;
        walk("}");
        piece = at;
      } else at++;
    }
    pieces.push([piece, at]);
    strings.push({ at: start, value: chars.slice(start + 1, at).join("") });
    for (const [from, to] of pieces) blank(bare, from, Math.min(to, chars.length));
    at++;
  };
  const skipRegex = (): void => {
    const start = at++;
    let inClass = false;
    while (at < chars.length && chars[at] !== "\n" && (inClass || chars[at] !== "/")) {
      if (chars[at] === "[") inClass = true;
      if (chars[at] === "]") inClass = false;
      at += chars[at] === "\\" ? 2 : 1;
    }
    blank(bare, start + 1, Math.min(at, chars.length));
    at++;
  };
  const closesTag = (): boolean => hasMarkup && (chars[at - 1] === "<" || chars[at + 1] === ">");
  const walk = (end: string | undefined): void => {
    let depth = 0;
    before = "";
    while (at < chars.length) {
      const char = chars[at] as string;
      if (char === end && depth === 0) {
        at++;
        return;
      }
      if (char === "{") depth++;
      if (char === "}") depth--;
      if (char === "/" && (chars[at + 1] === "/" || chars[at + 1] === "*")) {
        const start = at;
        const line = chars[at + 1] === "/";
        at += 2;
        while (at < chars.length && (line ? chars[at] !== "\n" : !(chars[at] === "*" && chars[at + 1] === "/"))) at++;
        if (!line) at = Math.min(at + 2, chars.length);
        blank(code, start, at);
        blank(bare, start, at);
        continue;
      }
      if (char === '"' || char === "'") skipQuoted(char);
      else if (char === "`") skipTemplate();
      else if (char === "/" && !closesTag() && REGEX_MAY_FOLLOW.test(before.trimEnd().slice(-8))) skipRegex();
      else {
        before = (before + char).slice(-16);
        at++;
        continue;
      }
      before = "x";
    }
  };
  walk(undefined);
  return { code: code.join(""), bare: bare.join(""), strings };
}

const IMPORT = /\b(?:import|export)\b[^;"'`]*?\bfrom\s*"([^"]+)"|\bimport\s*\(?\s*"([^"]+)"/g;

export function sourceFile(path: string, text: string): SourceFile {
  const scanned = scan(text, path.endsWith(".tsx"));
  const imports = [...scanned.code.matchAll(IMPORT)].map((match) => (match[1] ?? match[2]) as string);
  return { path, text, ...scanned, imports };
}

export const isTest = (path: string): boolean => path.endsWith(".test.ts") || path.startsWith("tests/");

/** Where a relative import leads, from the root; undefined for a package. */
export function resolveImport(from: string, specifier: string): string | undefined {
  if (!specifier.startsWith(".")) return undefined;
  return join(from, "..", specifier).replaceAll("\\", "/");
}

/** The line of a place in the text, for a message that an editor can follow. */
export const lineAt = (text: string, index: number): number => text.slice(0, index).split("\n").length;

const SKIPPED = new Set(["node_modules", "dist", ".git", ".hatch-demo"]);

function walkFiles(root: string, folder = ""): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    if (SKIPPED.has(entry.name)) return [];
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    return entry.isDirectory() ? [`${path}/`, ...walkFiles(root, path)] : [path];
  });
}

export function readHouse(root: string): House {
  const paths = walkFiles(root);
  const read = (path: string) => ({ path, text: readFileSync(join(root, path), "utf8") });
  return {
    sources: paths
      .filter((path) => /\.tsx?$/.test(path) && !path.endsWith(".d.ts"))
      .map(read)
      .map(({ path, text }) => sourceFile(path, text)),
    documents: paths.filter((path) => path.endsWith(".md")).map(read),
    migrations: paths.filter((path) => path.startsWith("migrations/") && path.endsWith(".sql")).map(read),
    paths: new Set(paths.map((path) => path.replace(/\/$/, ""))),
    manifest: JSON.parse(read("package.json").text),
    lock: read("bun.lock").text,
  };
}
