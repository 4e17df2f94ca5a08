import { join } from "node:path";

/** The scripts of the pages, each one file. What is new on a page begins here. */
export const PAGE_SCRIPTS = {
  /** Before the first paint, and nothing else. */
  "theme.js": "ui/theme-early.ts",
  /** What every page may hold: copying, tabs, menus, times. */
  "page.js": "ui/page.ts",
  /** Where people sign in: what stands after the # of a mailed link. */
  "people.js": "people/main.ts",
  "gallery.js": "gallery/main.ts",
} as const;

export type PageScript = keyof typeof PAGE_SCRIPTS;
export type PageBundles = Readonly<Record<PageScript, string>>;

async function bundle(entry: string): Promise<string> {
  const { outputs } = await Bun.build({
    entrypoints: [join(import.meta.dir, entry)],
    target: "browser",
    // Nothing at the top of a script is seen by another one.
    format: "iife",
    minify: true,
    jsx: { runtime: "automatic", importSource: "preact", development: false },
    define: { "process.env.NODE_ENV": '"production"' },
  });
  const [output] = outputs;
  if (outputs.length !== 1 || output === undefined) throw new Error(`${entry} made ${outputs.length} files`);
  return output.text();
}

/** The same sources give the same text, wherever they lie. */
export async function bundlePages(): Promise<PageBundles> {
  const made = await Promise.all(
    Object.entries(PAGE_SCRIPTS).map(async ([name, entry]) => [name, await bundle(entry)] as const),
  );
  return Object.fromEntries(made) as Record<PageScript, string>;
}
