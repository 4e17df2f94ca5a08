import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makePlace, PASSWORD, runHere, setUpArgs } from "../../tests/support/command-line.ts";
import { BUILD } from "../config/build.ts";

const COMMANDS = [
  "serve",
  "setup",
  "keys create",
  "keys list",
  "keys rotate",
  "keys revoke",
  "mail test",
  "mail list",
  "mail show",
  "mail retry",
  "config check",
  "config explain",
  "migrate-to",
  "check-receiver",
  "doctor",
  "version",
];

let place: ReturnType<typeof makePlace>;
beforeEach(() => {
  place = makePlace();
});
afterEach(() => place.remove());

describe("what is asked for wrongly", () => {
  test("without a command the usage goes to stderr, with exit 2", async () => {
    const { exit, out, error } = await runHere([]);
    expect([exit, out]).toEqual([2, ""]);
    expect(error).toContain("Usage: hatch <command>");
  });

  test("an unknown command is named", async () => {
    const { exit, error } = await runHere(["kyes", "list"]);
    expect(exit).toBe(2);
    expect(error).toContain('there is no command "kyes list"');
  });

  test.each(COMMANDS)("%s refuses an unknown flag with exit 2 and an example, and prints no result", async (name) => {
    const { exit, out, error } = await runHere([...name.split(" "), "--no-such-flag"]);
    expect([exit, out]).toEqual([2, ""]);
    expect(error).toContain("'--no-such-flag'");
    expect(error).toContain(`Example:\n  `);
    expect(error).toContain(`hatch ${name}`);
  });

  test.each(COMMANDS)("%s refuses a word that it does not take", async (name) => {
    const { exit, out } = await runHere([...name.split(" "), "one", "two"]);
    expect([exit, out]).toEqual([2, ""]);
  });

  test.each([
    [["setup"], "--email is missing"],
    [["setup", "--email", "a@b.c"], "--workspace is missing"],
    [["setup", "--email", "a@b.c", "--workspace", "W"], "--password-stdin is missing"],
    [["setup", "--email", "a@b.c", "--workspace", "W", "--password-stdin"], "stdin has no password"],
    [["setup", "--email", "a@b.c", "--workspace", "W", "--password", "x"], "Unknown option '--password'"],
    [["keys", "create"], "--name is missing"],
    [["keys", "create", "--name", "x"], "--environment is missing"],
    [["keys", "rotate"], "--key is missing"],
    [["keys", "revoke"], "--key is missing"],
    [["keys", "revoke", "key_1", "--key", "key_2"], '"key_1" was not expected'],
    [["config", "check", "--data", ""], "--data is empty"],
    [["config", "check", "--data"], "argument missing"],
    [["config", "check", "--set", "log.level"], "expected NAME=VALUE"],
    [["config", "check", "--set", "log.levle=debug"], "there is no such setting"],
  ])("%j: %s", async (args, expected) => {
    const { exit, out, error } = await runHere(args);
    expect([exit, out]).toEqual([2, ""]);
    expect(error).toContain(expected);
  });

  test("with --json the refusal is JSON on stderr, its example included", async () => {
    const { exit, out, error } = await runHere(["keys", "create", "--json"]);
    expect([exit, out]).toEqual([2, ""]);
    expect(JSON.parse(error)).toEqual({
      error: { code: "usage", message: "--name is missing.", example: expect.stringContaining("hatch keys create") },
    });
  });
});

describe("help", () => {
  test.each(COMMANDS)("of %s tells its options and an example", async (name) => {
    const { exit, out, error } = await runHere([...name.split(" "), "--help"]);
    expect([exit, error]).toEqual([0, ""]);
    expect(out).toMatch(new RegExp(`Usage: hatch ${name}( \\[[A-Z]+\\])? \\[options\\]\n`));
    expect(out).toContain("--data DIR");
    expect(out).toMatch(/Example:\n {2}.*hatch /);
  });

  test("of all lists every command", async () => {
    const { exit, out } = await runHere(["--help"]);
    expect(exit).toBe(0);
    for (const name of COMMANDS) expect(out).toContain(`  ${name} `);
  });
});

test("the version tells what it was made from", async () => {
  expect(JSON.parse((await runHere(["version", "--json"])).out)).toEqual({ ...BUILD });
  expect((await runHere(["--version"])).out).toStartWith(`hatch ${BUILD.version}\n`);
});

describe("the configuration", () => {
  const SECRET = "an-encryption-key-that-nobody-may-ever-see";

  test("is explained with every source, and the key is masked", async () => {
    mkdirSync(place.data);
    writeFileSync(join(place.data, "hatch.config.json"), `{"webhooks":{"timeout":"3s"}}`);
    const args = ["config", "explain", "--data", place.data, "--set", "log.level=warn"];
    const env = { WEBHOOK_ENCRYPTION_KEY: SECRET, HATCH_SERVER_PORT: "1234" };
    const asJson = await runHere([...args, "--json"], { env });
    const asText = await runHere(args, { env });
    const { settings } = JSON.parse(asJson.out) as { settings: { path: string; value: unknown; source: string }[] };
    const find = (path: string) => {
      const { value, source } = settings.find((setting) => setting.path === path) ?? {};
      return [value, source];
    };
    expect(find("dataDirectory")).toEqual([place.data, "flag --data"]);
    expect(find("rootKey")).toEqual(["********", "environment WEBHOOK_ENCRYPTION_KEY"]);
    expect(find("server.port")).toEqual([1234, "environment HATCH_SERVER_PORT"]);
    expect(find("log.level")).toEqual(["warn", "flag --set log.level"]);
    expect(find("webhooks.timeout")).toEqual(["3s", `config file ${place.data}/hatch.config.json`]);
    expect(find("webhooks.retryDelays")).toEqual([["1m", "5m", "30m", "2h", "6h"], "default"]);
    expect(asText.out).toContain("environment HATCH_SERVER_PORT");
    for (const { exit, out, error } of [asJson, asText]) {
      expect(exit).toBe(0);
      expect(out + error).not.toContain(SECRET);
    }
  });

  test("never shows the database's URL, wherever it comes from and whatever is wrong with it", async () => {
    const url = "postgres://hatch:s3cret-word@db.invalid/hatch";
    const file = join(place.root, "url");
    writeFileSync(file, `${url}\n`);
    mkdirSync(place.data);
    const given: readonly (readonly [string[], Record<string, string>])[] = [
      [["--database", url], {}],
      [["--set", `database.url=${url}`], {}],
      [[], { HATCH_DATABASE_URL: url }],
      [[], { HATCH_DATABASE_URL_FILE: file }],
    ];
    for (const [args, env] of given) {
      const { exit, out, error } = await runHere(["config", "explain", "--json", "--data", place.data, ...args], {
        env,
      });
      expect([exit, out + error]).toEqual([0, expect.not.stringContaining("s3cret-word")]);
      const { settings } = JSON.parse(out) as { settings: { path: string; value: unknown; source: string }[] };
      expect(settings).toContainEqual(expect.objectContaining({ path: "database.url", value: "********" }));
      expect(settings).toContainEqual(
        expect.objectContaining({ path: "rootKey", source: expect.stringContaining("missing") }),
      );
    }
    for (const args of [
      ["serve", "--database", url.replace("postgres", "mysql")],
      ["serve", "--database", `${url}?sslmode=maybe`],
      ["serve", "--databse", url],
      ["serve", `--set=${url}`],
      ["serve", `--set=${url}?x=y`],
      ["serve", url],
      ["config", "check", "--database", `${url}?what=this`],
    ]) {
      const { exit, out, error } = await runHere([...args, "--data", place.data], {
        env: { WEBHOOK_ENCRYPTION_KEY: SECRET },
      });
      expect([args, exit, out]).toEqual([args, 2, ""]);
      expect(error).not.toContain("s3cret-word");
    }
  });

  test("has to bring a root key for a database on a server: none is made beside it", async () => {
    const env = { HATCH_DATABASE_URL: "postgres://hatch@127.0.0.1:1/hatch" };
    for (const name of ["serve", "config check"]) {
      const { exit, out, error } = await runHere([...name.split(" "), "--data", place.data], { env });
      expect([name, exit, out]).toEqual([name, 3, ""]);
      expect(error).toContain("No root key was found");
      expect(error).toContain("openssl rand -base64 32");
    }
    expect(existsSync(place.data)).toBeFalse();
  });

  test("that is wrong ends every command with exit 2, and nothing is made", async () => {
    const env = { HATCH_LOG_LEVEL: "loud" };
    for (const name of ["config check", "config explain", "serve", "doctor", "keys list"]) {
      const { exit, out, error } = await runHere([...name.split(" "), "--data", place.data], { env });
      expect([name, exit, out]).toEqual([name, 2, ""]);
      expect(error).toContain("log.level (environment HATCH_LOG_LEVEL): expected one of debug, info, warn, error");
    }
    expect(existsSync(place.data)).toBeFalse();
  });

  test("a bad key is a configuration error and is not repeated", async () => {
    const env = { WEBHOOK_ENCRYPTION_KEY: "hunter2" };
    for (const name of ["config check", "config explain"]) {
      const { exit, error } = await runHere([...name.split(" "), "--data", place.data], { env });
      expect(exit).toBe(2);
      expect(error).toContain("WEBHOOK_ENCRYPTION_KEY: expected 32 bytes");
      expect(error).not.toContain("hunter2");
    }
  });
});

describe("without an installation", () => {
  test.each(["keys list", "keys create --name x --environment live", "keys revoke key_01jd8m3v6zf5q8r1n2b3c4d5e6"])(
    "%s fails, says what to do, and makes nothing",
    async (line) => {
      const { exit, out, error } = await runHere([...line.split(" "), "--data", place.data]);
      expect([exit, out]).toEqual([1, ""]);
      expect(error).toContain("There is no installation in");
      expect(error).toContain("hatch setup");
      expect(existsSync(place.data)).toBeFalse();
    },
  );

  test("the doctor says so and makes nothing", async () => {
    const { exit, out } = await runHere(["doctor", "--data", place.data, "--json"]);
    expect(exit).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ ok: false, findings: [{ check: "installation", ok: false }] });
    expect(existsSync(place.data)).toBeFalse();
  });
});

describe("setup", () => {
  test("prints the keys once, as scripts rely on, and writes nothing else to stdout", async () => {
    const { exit, out } = await runHere(setUpArgs(place.data), { stdin: `${PASSWORD}\n` });
    expect(exit).toBe(0);
    expect(out.trimEnd().split("\n")).toHaveLength(1);
    const environment = (kind: string) => ({
      id: expect.stringMatching(/^env_[0-9a-z]{26}$/),
      secretKey: expect.stringMatching(new RegExp(`^hk_${kind}_[0-9A-Za-z]{49}$`)),
    });
    expect(JSON.parse(out)).toEqual({
      workspace: { id: expect.stringMatching(/^ws_[0-9a-z]{26}$/), name: "Acme" },
      environments: { live: environment("live"), test: environment("test") },
      account: { id: expect.stringMatching(/^acc_[0-9a-z]{26}$/), email: "ada@example.com" },
    });
  });

  test("happens once: a second one is refused with exit 3, whatever it asks for", async () => {
    await runHere(setUpArgs(place.data), { stdin: PASSWORD });
    for (const stdin of [PASSWORD, "short"]) {
      const { exit, out, error } = await runHere(setUpArgs(place.data), { stdin });
      expect([exit, out]).toEqual([3, ""]);
      expect(JSON.parse(error).error.code).toBe("conflict");
    }
  });

  test("refuses a weak password with exit 2, without repeating it, and can be asked again", async () => {
    const weak = await runHere(setUpArgs(place.data), { stdin: "2short" });
    expect([weak.exit, weak.out]).toEqual([2, ""]);
    expect(weak.error).toContain("password: ");
    expect(weak.error).not.toContain("2short");
    expect((await runHere(setUpArgs(place.data), { stdin: PASSWORD })).exit).toBe(0);
  });
});
