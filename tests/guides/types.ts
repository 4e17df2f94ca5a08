import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { configTypes, TYPES_FILE } from "../../src/cli/config-types.ts";
import { blocksOf, fileNameOf, ROOT, readGuide } from "./blocks.ts";
import { linkPackages } from "./snippets.ts";

const OPTIONS = {
  target: "esnext",
  module: "preserve",
  moduleResolution: "bundler",
  lib: ["esnext", "dom", "dom.iterable"],
  // The sources of hatch/client, as Bun itself takes them: nothing has to be built first.
  customConditions: ["bun"],
  types: ["bun-types"],
  strict: true,
  noUncheckedIndexedAccess: true,
  allowImportingTsExtensions: true,
  skipLibCheck: true,
  noEmit: true,
};

/** A guide that grows a file step by step has every step of it looked at. */
function writeGuide(folder: string, slug: string): void {
  const blocks = blocksOf(readGuide(slug)).filter(({ language }) => language === "ts");
  blocks.forEach((block, index) => {
    const name = fileNameOf(block) ?? `line-${block.line}.ts`;
    const isLastStep = !blocks.slice(index + 1).some((later) => fileNameOf(later) === name);
    const place = join(folder, isLastStep ? slug : `${slug}-line-${block.line}`);
    mkdirSync(place, { recursive: true });
    writeFileSync(join(place, TYPES_FILE), configTypes());
    writeFileSync(join(place, name), block.code);
  });
}

/** The TypeScript of all guides, as the compiler of a strict reader sees it. */
export async function typeFaultsOf(slugs: readonly string[]): Promise<readonly string[]> {
  const folder = mkdtempSync(join(tmpdir(), "hatch-guide-types-"));
  try {
    linkPackages(folder);
    for (const slug of slugs) writeGuide(folder, slug);
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions: OPTIONS, include: ["."] }));
    const compiler = Bun.spawn([process.execPath, join(ROOT, "node_modules", ".bin", "tsc"), "-p", folder], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const said = await new Response(compiler.stdout).text();
    if ((await compiler.exited) === 0) return [];
    return said.split("\n").filter((line) => line.includes("error TS"));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
