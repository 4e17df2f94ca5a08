import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makePlace, runHere } from "../../tests/support/command-line.ts";
import { configTypes } from "./config-types.ts";
import { TEMPLATE_NAMES } from "./templates.ts";

let place: ReturnType<typeof makePlace>;
beforeEach(() => {
  place = makePlace();
});
afterEach(() => place.remove());

const hatch = (line: string) => runHere(line.split(" "), { cwd: place.root });
const read = (name: string): string => readFileSync(join(place.root, name), "utf8");

describe("hatch init", () => {
  test.each(TEMPLATE_NAMES.map((name) => [name]))(
    "writes the template %s and its types, and says what comes next",
    async (name) => {
      const { exit, out, error } = await hatch(`init --template ${name}`);
      expect([exit, error]).toEqual([0, ""]);
      expect(readdirSync(place.root).sort()).toEqual(["hatch-config.d.ts", "hatch.config.ts"]);
      expect(read("hatch-config.d.ts")).toBe(configTypes());
      expect(out).toContain("./hatch.config.ts holds a program for ");
      // What it says to do is done as it says.
      const check = /^ {2}hatch (config check .*)$/m.exec(out)?.[1] ?? "";
      expect(await hatch(check)).toMatchObject({ exit: 0, out: expect.stringContaining("is fine"), error: "" });
    },
  );

  test("makes the folder that --out names, and names it in what it says", async () => {
    const { out } = await hatch("init --template saas --out a/b");
    expect(existsSync(join(place.root, "a", "b", "hatch.config.ts"))).toBeTrue();
    expect(out).toContain("hatch apply --config ./a/b/hatch.config.ts --dry-run");
  });

  test("prints what it wrote as JSON where it is asked to", async () => {
    const { out } = await hatch("init --template retail --json");
    expect(JSON.parse(out)).toEqual({
      written: [join(place.root, "hatch.config.ts"), join(place.root, "hatch-config.d.ts")],
    });
  });

  test.each([
    ["a configuration", "hatch.config.ts", "export default {};"],
    ["types of somebody's own", "hatch-config.d.ts", "export interface HatchConfig {}"],
  ])("never writes over %s: exit 3, and nothing is written", async (_what, name, text) => {
    writeFileSync(join(place.root, name), text);
    const { exit, error } = await hatch("init --template learning");
    expect(exit).toBe(3);
    expect(error).toContain(`${name} exists already; nothing was written.`);
    expect([readdirSync(place.root), read(name)]).toEqual([[name], text]);
  });

  test("does not write through a link that leads nowhere", async () => {
    const elsewhere = join(place.root, "elsewhere.ts");
    symlinkSync(elsewhere, join(place.root, "hatch.config.ts"));
    expect((await hatch("init --template learning")).exit).not.toBe(0);
    expect(existsSync(elsewhere)).toBeFalse();
    expect(existsSync(join(place.root, "hatch-config.d.ts"))).toBeFalse();
  });

  test("tells a folder that can't be made as the machine told it", async () => {
    writeFileSync(join(place.root, "file"), "");
    const { exit, error } = await hatch("init --template learning --out file/sub");
    expect([exit, error]).toEqual([1, expect.stringContaining("ENOTDIR")]);
  });

  test.each([
    ["init", "--template is missing"],
    ["init --template shop", "--template shop: expected one of these."],
    ["init --template constructor", "--template constructor: expected one of these."],
    ["init --template learning --types", "--types writes no template."],
    ["init learning", '"learning" was not expected.'],
  ])("%s is a usage error that shows the templates or an example", async (line, message) => {
    const { exit, error } = await hatch(line);
    expect(exit).toBe(2);
    expect(error).toContain(message);
    expect(error).toContain("hatch init --template learning");
    expect(readdirSync(place.root)).toEqual([]);
  });
});

describe("hatch init --types", () => {
  test("writes the types again that an earlier release wrote, and leaves the configuration alone", async () => {
    await hatch("init --template community");
    const config = read("hatch.config.ts");
    const old = configTypes()
      .replace(/of Hatch \S+,/, "of Hatch 0.0.1,")
      .replace("readonly port?: number;", "");
    writeFileSync(join(place.root, "hatch-config.d.ts"), old);
    expect((await hatch("init --types")).exit).toBe(0);
    expect([read("hatch-config.d.ts"), read("hatch.config.ts")]).toEqual([configTypes(), config]);
  });

  test("leaves what is no file of ours", async () => {
    mkdirSync(join(place.root, "hatch-config.d.ts"));
    expect((await hatch("init --types")).exit).not.toBe(0);
  });
});
