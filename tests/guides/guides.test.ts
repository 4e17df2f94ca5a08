import { describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SETTING_LIST } from "../../src/config/settings.ts";
import { OPERATIONS_EVENTS } from "../../src/features/webhooks/operations-events.ts";
import { type Block, blocksOf, faultsOf, ROOT, readGuide } from "./blocks.ts";
import { patternOf } from "./terminal.ts";
import { typeFaultsOf } from "./types.ts";

const SLUGS = readdirSync(join(ROOT, "docs", "guides")).map((name) => name.replace(/\.md$/, ""));
const LINES_MAX = 250;
/** Each language is a reader of its own. */
const LINES_IN_FIVE_LANGUAGES_MAX = 600;

const blocksIn = (language: string): readonly (Block & { readonly slug: string })[] =>
  SLUGS.flatMap((slug) =>
    blocksOf(readGuide(slug))
      .filter((block) => block.language === language)
      .map((block) => ({ ...block, slug })),
  );

/** What a checker says of a file with this text; nothing where it is content. */
function check(command: (file: string) => readonly string[], name: string, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), "hatch-guide-check-"));
  try {
    const file = join(folder, name);
    writeFileSync(file, text);
    const { exitCode, stdout, stderr } = Bun.spawnSync([...command(file)]);
    return exitCode === 0 ? "" : `${stdout.toString()}${stderr.toString()}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe("every guide", () => {
  for (const slug of SLUGS) {
    test(`${slug} can be tried as it stands, and is short`, () => {
      const text = readGuide(slug);
      expect(faultsOf(blocksOf(text))).toEqual([]);
      expect(text.split("\n").length).toBeLessThanOrEqual(
        slug === "verifying-signatures" ? LINES_IN_FIVE_LANGUAGES_MAX : LINES_MAX,
      );
    });

    test(`${slug} names settings that exist`, () => {
      // An event may be called like a setting: `digest.daily`.
      const known = new Set([...SETTING_LIST.map(({ path }) => path), ...OPERATIONS_EVENTS.map(({ name }) => name)]);
      const sections = [...new Set(SETTING_LIST.map(({ section }) => section))].join("|");
      const named = [...readGuide(slug).matchAll(new RegExp(`\`((?:${sections})\\.[a-z]\\w+)\``, "g"))];
      expect(named.map((match) => match[1]).filter((path) => !known.has(path as string))).toEqual([]);
    });
  }

  test("the TypeScript of all of them compiles for a strict reader", async () => {
    expect(await typeFaultsOf(SLUGS)).toEqual([]);
  }, 60_000);

  test("what the README's own test runs stands in the README", () => {
    const readme = readFileSync(join(ROOT, "README.md"), "utf8");
    const borrowed = blocksIn("sh").filter(({ mark }) => mark === "readme");
    expect(borrowed.length).toBeGreaterThan(0);
    for (const { code } of borrowed) for (const line of code.trim().split("\n")) expect(readme).toContain(`${line}\n`);
  });

  test("what is for root is a script of a shell", () => {
    for (const { slug, line, code } of blocksIn("console")) {
      expect({ slug, line, fault: check((file) => ["sh", "-n", file], "script.sh", code) }).toEqual({
        slug,
        line,
        fault: "",
      });
    }
  });

  test.skipIf(Bun.which("systemd-analyze") === null)("units are units", () => {
    const [unit, dropIn] = ["operating", "postgres"].map((slug) =>
      blocksIn("ini").find((block) => block.slug === slug),
    );
    const whole = `${unit?.code}\n${dropIn?.code}`.replace("/usr/local/bin/hatch", "/bin/sh");
    const verify = (text: string) => check((file) => ["systemd-analyze", "verify", file], "hatch.service", text);
    expect(verify(whole)).toBe("");
    expect(verify(whole.replace("[Service]\n", "[Service]\nExecStart=no-such-thing\n"))).not.toBe("");
  });

  test.skipIf(Bun.which("caddy") === null)("the Caddyfile is one", () => {
    for (const { code } of blocksIn("caddyfile")) {
      const adapt = (file: string) => ["caddy", "adapt", "--adapter", "caddyfile", "--config", file];
      expect(check(adapt, "Caddyfile", code)).toBe("");
    }
  });

  test.skipIf(Bun.which("nginx") === null)("the server of nginx is one", () => {
    for (const { code } of blocksIn("nginx")) {
      // Certificates are the reader's.
      const server = code.replaceAll(/^ +ssl_certificate.*\n/gm, "").replace("443 ssl", "8443");
      const places = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((kind) => `${kind}_temp_path temp;`);
      const config = `pid nginx.pid;\nerror_log stderr;\nevents {}\nhttp {\naccess_log off;\n${places.join("\n")}\n${server}}\n`;
      expect(check((file) => ["nginx", "-t", "-c", file, "-p", join(file, "..")], "nginx.conf", config)).toBe("");
    }
  });
});

describe("a guide that could not be followed is found", () => {
  test.each([
    ["```bash\nls\n```", "is no language"],
    ["```\nls\n```", "is no language"],
    ["```ts\nconst a = 1;\n```", "names no file"],
    ["```json\n{a}\n```", "is not JSON"],
    ["```sh server\nhatch serve\n```", "needs the text"],
    ["```sh later\nls\n```", "takes no mark"],
    ["```ini server\n[Unit]\n```", "takes no mark"],
  ])("%s", (text, fault) => expect(faultsOf(blocksOf(text)).join()).toContain(fault));

  test("a block that is never closed is an error", () => {
    expect(() => blocksOf("```sh\nls\n")).toThrow("never closed");
  });

  test("what is shown has to be what the guide says, but for what is left open", () => {
    const matches = (guide: string, shown: string) => new RegExp(`^${patternOf(guide)}\\s*$`).test(shown);
    expect(matches("sub_… active\n", "sub_01abc active  \n")).toBe(true);
    expect(matches("a\n…\nz\n", "a\nb\nc\nz\n")).toBe(true);
    expect(matches("a\n…\nz\n", "a\nz\n")).toBe(true);
    expect(matches("…\nAll is well.", "x\n\nAll is well.")).toBe(true);
    expect(matches("a.c", "abc")).toBe(false);
    expect(matches("a…c", "a\nc")).toBe(false);
    expect(matches("a", "a\nb")).toBe(false);
    expect(matches("b", "a\nb")).toBe(false);
  });
});
