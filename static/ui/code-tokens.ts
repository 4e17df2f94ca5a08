/** What a piece of code is to the eye: a value, a word of the language, what is only syntax or an aside, the rest. */
export type TokenKind = "plain" | "value" | "word" | "quiet";

export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
}

const WORDS: Readonly<Record<string, string>> = {
  typescript:
    "as async await break case catch class const continue default delete do else export extends false finally for from function if import in instanceof interface let new null of readonly return satisfies switch throw true try type typeof undefined while",
  python:
    "and as assert async await break class continue def del elif else except False finally for from if import in is lambda None not or pass raise return True try while with yield",
  go: "break case chan const continue default defer else false for func go if import interface map nil package range return select struct switch true type var",
  php: "as catch class const echo else elseif exit false final fn for foreach function if namespace new null private public readonly require return static string throw true try use while",
  ruby: "begin class def do else elsif end ensure false if in module nil not or raise require rescue return self then true unless while yield",
  shell: "case do done elif else esac export fi for function if in then while",
};

const ALIASES: Readonly<Record<string, string>> = {
  ts: "typescript",
  tsx: "typescript",
  js: "typescript",
  javascript: "typescript",
  mjs: "typescript",
  py: "python",
  rb: "ruby",
  sh: "shell",
  bash: "shell",
  console: "shell",
  yml: "yaml",
  jsonc: "json",
};

const QUOTED = String.raw`"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'`;
/** The shell's apostrophes know no escape, and both kinds go over lines. */
const QUOTED_SHELL = String.raw`"(?:[^"\\]|\\[^])*"|'[^']*'`;
const SLASHES = String.raw`\/\/[^\n]*|\/\*[^]*?\*\/`;
const HASH = String.raw`(?<![\w$&{])#[^\n]*`;

/** Per language: an aside, a text or a number. What is left is words and the rest. */
const PATTERNS: Readonly<Record<string, readonly [aside: string, value: string]>> = {
  typescript: [SLASHES, `${QUOTED}|\`(?:[^\`\\\\]|\\\\[^])*\`|\\b\\d[\\d_.]*n?\\b`],
  go: [SLASHES, `${QUOTED}|\`[^\`]*\`|\\b\\d[\\d_.]*\\b`],
  php: [`${SLASHES}|${HASH}|<\\?php`, `${QUOTED}|\\b\\d[\\d_.]*\\b`],
  python: [HASH, `"""[^]*?"""|'''[^]*?'''|[bfr]?(?:${QUOTED})|\\b\\d[\\d_.]*\\b`],
  ruby: [HASH, `${QUOTED}|\\b\\d[\\d_.]*\\b`],
  shell: [HASH, QUOTED_SHELL],
  yaml: [HASH, QUOTED],
};

/** The language's own name; undefined for one that is shown as it is. */
export const languageOf = (name: string): string | undefined => {
  const language = ALIASES[name] ?? name;
  return language === "json" || language in PATTERNS ? language : undefined;
};

function jsonTokens(code: string): Token[] {
  return [...code.matchAll(/"(?:[^"\\]|\\.)*"|[^\s{}[\],:"]+|[\s{}[\],:]+|"/g)].map(({ 0: text, index }) => {
    if (/^[\s{}[\],:]/.test(text)) return { kind: "quiet", text };
    const isName = text.startsWith('"') && /^\s*:/.test(code.slice(index + text.length));
    return { kind: isName ? "plain" : "value", text };
  });
}

const joinPlain = (tokens: readonly Token[]): Token[] =>
  tokens.reduce<Token[]>((joined, token) => {
    const last = joined.at(-1);
    if (last?.kind === token.kind) joined[joined.length - 1] = { kind: last.kind, text: last.text + token.text };
    else joined.push(token);
    return joined;
  }, []);

/** All of the code, in order: joined again it is what was given. */
export function tokensOf(code: string, name: string): readonly Token[] {
  const language = languageOf(name);
  if (language === undefined) return [{ kind: "plain", text: code }];
  if (language === "json") return jsonTokens(code);
  const [aside, value] = PATTERNS[language] as readonly [string, string];
  const words = new Set((WORDS[language] ?? "").split(" "));
  const pattern = new RegExp(`(?<aside>${aside})|(?<value>${value})|[$@:.]?[A-Za-z_]\\w*|[^]`, "g");
  return joinPlain(
    [...code.matchAll(pattern)].map(({ 0: text, groups }): Token => {
      if (groups?.aside !== undefined) return { kind: "quiet", text };
      if (groups?.value !== undefined) return { kind: "value", text };
      return { kind: words.has(text) ? "word" : "plain", text };
    }),
  );
}
