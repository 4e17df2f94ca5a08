import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bundlePages } from "../static/bundle.ts";

// Makes what the executable carries of the pages' scripts: dist/pages/bundles.json, from name to text.

const folder = join(import.meta.dir, "..", "dist", "pages");
const bundles = await bundlePages();
mkdirSync(folder, { recursive: true });
// Two builds at once write the same; neither reads half of it.
const temporary = join(folder, `bundles.${process.pid}.tmp`);
writeFileSync(temporary, `${JSON.stringify(bundles, null, 1)}\n`);
renameSync(temporary, join(folder, "bundles.json"));

for (const [name, text] of Object.entries(bundles)) {
  const packed = Bun.gzipSync(Buffer.from(text), { level: 9 }).length;
  process.stdout.write(`${name}  ${text.length} bytes, ${packed} packed\n`);
}
