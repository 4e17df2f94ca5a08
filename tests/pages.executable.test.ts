import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundlePages } from "../static/bundle.ts";
import { type RunningHatch, runHatch, startHatch } from "./support/hatch.ts";

// The pages as the built executable carries them: nothing of the sources is at hand there.

let folder: string;
let hatch: RunningHatch;

const read = async (path: string): Promise<string> => {
  const answer = await fetch(new URL(path, hatch.url));
  expect({ path, status: answer.status }).toEqual({ path, status: 200 });
  return answer.text();
};

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "hatch-pages-"));
  const args = ["setup", "--data", folder, "--email", "ada@riverside.example", "--workspace", "School"];
  const { code } = await runHatch([...args, "--password-stdin", "--json"], { stdin: "correct horse battery" });
  expect(code).toBe(0);
  hatch = await startHatch(folder);
}, 60_000);
afterAll(async () => {
  await hatch?.kill("SIGTERM");
  rmSync(folder, { recursive: true, force: true });
});

describe("the executable", () => {
  test("serves every page with all that it loads", async () => {
    const paths = ["/", "/docs", "/docs/guides", "/docs/guides/quickstart", "/docs/gallery", "/docs/gallery/overview"];
    const pages = await Promise.all(paths.map(read));
    const loaded = new Set(
      [...pages.join("").matchAll(/(?:src|<link[^>]* href)="([^"]+)"/g)].map(([, path = ""]) => path),
    );
    expect(loaded.size).toBeGreaterThan(8);
    for (const path of loaded) expect((await read(path)).length).toBeGreaterThan(100);
  });

  test("carries the scripts that the sources make", async () => {
    const gallery = await read("/docs/gallery");
    const made = await bundlePages();
    const names = [...gallery.matchAll(/<script (?:defer )?src="(\/assets\/(\w+)-\w+\.js)"/g)];
    expect(names.map(([, , name]) => name).sort()).toEqual(["gallery", "page", "theme"]);
    for (const [, path = "", name] of names) {
      const isSame = (await read(path)) === made[`${name}.js` as keyof typeof made];
      expect({ name, isSame }).toEqual({ name, isSame: true });
    }
  });
});
