import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { chmodSync, chownSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DAY, durationMs, SECOND } from "../kernel/units.ts";
import { ConfigError } from "./errors.ts";
import { type ConfigFlags, type LoadedConfig, loadConfig } from "./load-config.ts";
import { SETTING_LIST } from "./settings.ts";

const NO_FLAGS: ConfigFlags = { data: undefined, config: undefined, allowCode: true, settings: {} };

describe("the configuration", () => {
  let directory: string;
  let fileNumber = 0;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "hatch-config-"));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const load = (environment: Record<string, string> = {}, flags: Partial<ConfigFlags> = {}): Promise<LoadedConfig> =>
    loadConfig({ flags: { ...NO_FLAGS, data: directory, ...flags }, environment, workingDirectory: directory });
  const refusalOf = async (...given: Parameters<typeof load>): Promise<ConfigError> => {
    const error = await load(...given).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(error).toBeInstanceOf(ConfigError);
    return error as ConfigError;
  };
  /** A module is cached by its path: each test's file has a name of its own. */
  const writeFile = (text: string, extension = "ts", mode = 0o600): string => {
    const path = join(directory, `config-${++fileNumber}.${extension}`);
    writeFileSync(path, text);
    chmodSync(path, mode);
    return path;
  };
  const sourceOf = (loaded: LoadedConfig, path: string): string | undefined =>
    loaded.explained.find((setting) => setting.path === path)?.source;

  describe("without anything said", () => {
    test("has the defaults, lists every setting, and is frozen through and through", async () => {
      const loaded = await load();
      expect(loaded.config.server).toEqual({ host: "127.0.0.1", port: 4282, publicUrl: undefined });
      expect(loaded.config.webhooks.allowNetworks).toEqual([]);
      expect(loaded.config.events.lateWindow).toBe(durationMs(30 * DAY));
      expect(loaded.file).toBeUndefined();
      expect(loaded.explained.map(({ path }) => path)).toEqual(SETTING_LIST.map(({ path }) => path));
      expect(new Set(loaded.explained.map(({ source }) => source))).toEqual(new Set(["default"]));
      expect(Object.isFrozen(loaded.config)).toBeTrue();
      expect(Object.isFrozen(loaded.config.webhooks)).toBeTrue();
      expect(Object.isFrozen(loaded.config.webhooks.retryDelays)).toBeTrue();
    });

    test("every default is a value that its own kind reads back", () => {
      for (const { path, kind, default: value } of SETTING_LIST.filter((setting) => setting.default !== undefined)) {
        expect([path, kind.parse(kind.show(value))]).toEqual([path, value]);
      }
    });

    test("no two settings share a variable", () => {
      const variables = SETTING_LIST.flatMap(({ variable }) => [variable, `${variable}_FILE`]);
      expect(new Set(variables).size).toBe(variables.length);
    });

    test("the data folder is the flag's, else the environment's, else hatch-data", async () => {
      expect((await load({ HATCH_DATA: "elsewhere" })).config.dataDirectory).toBe(directory);
      expect((await load({ HATCH_DATA: "elsewhere" }, { data: undefined })).config.dataDirectory).toBe(
        join(directory, "elsewhere"),
      );
      expect((await load({}, { data: undefined })).config.dataDirectory).toBe(join(directory, "hatch-data"));
    });
  });

  describe("the database's URL", () => {
    const url = "postgres://hatch:s3cret@db.example.com/hatch?sslmode=require";

    test("is no part of the settings, and is explained without itself", async () => {
      const file = writeFile(url, "txt");
      const config = writeFile(JSON.stringify({ database: { url, readConnections: 8 } }), "json");
      for (const loaded of [
        await load({ HATCH_DATABASE_URL: url }),
        await load({ HATCH_DATABASE_URL_FILE: file }),
        await load({}, { config }),
        await load({}, { settings: { "database.url": { flag: "--database", text: url } } }),
      ]) {
        expect(loaded.databaseUrl).toBe(url);
        expect(sourceOf(loaded, "database.url")).not.toBe("default");
        expect(Bun.inspect([loaded.config, loaded.explained])).not.toContain("s3cret");
      }
      const { databaseUrl, config: settings } = await load({ HATCH_DATABASE_URL: "" });
      expect(databaseUrl).toBeUndefined();
      expect(settings.database).toEqual({
        tls: undefined,
        caFile: undefined,
        readConnections: 4,
        statementTimeout: durationMs(30 * SECOND),
        connectTimeout: durationMs(5 * SECOND),
      });
    });

    test("of another kind is refused without being repeated", async () => {
      const { message } = await refusalOf({ HATCH_DATABASE_URL: "mysql://hatch:s3cret@db/hatch" });
      expect(message).toContain("database.url (environment HATCH_DATABASE_URL): expected a URL such as postgres://");
      expect(message).not.toContain("s3cret");
    });
  });

  describe("the nearest source wins", () => {
    test("flag over environment over a file of the environment over the configuration file over the default", async () => {
      const config = writeFile(`export default { webhooks: { timeout: "1s" } };`);
      const secretFile = writeFile("2s\n", "txt");
      const environment = { HATCH_WEBHOOKS_TIMEOUT: "3s", HATCH_WEBHOOKS_TIMEOUT_FILE: secretFile };
      const settings = { "webhooks.timeout": { flag: "--set webhooks.timeout", text: "4s" } };
      const steps: [LoadedConfig, number, string][] = [
        [await load(environment, { config, settings }), 4, "flag --set webhooks.timeout"],
        [await load(environment, { config }), 3, "environment HATCH_WEBHOOKS_TIMEOUT"],
        [await load({ HATCH_WEBHOOKS_TIMEOUT_FILE: secretFile }, { config }), 2, "file of HATCH_WEBHOOKS_TIMEOUT_FILE"],
        [await load({}, { config }), 1, `config file ${config}`],
        [await load(), 10, "default"],
      ];
      for (const [loaded, seconds, source] of steps) {
        expect(loaded.config.webhooks.timeout).toBe(durationMs(seconds * SECOND));
        expect(sourceOf(loaded, "webhooks.timeout")).toBe(source);
      }
    });

    test("lists are parted by commas, and an empty text is an empty list", async () => {
      const config = writeFile(`export default { webhooks: { allowNetworks: ["10.0.0.0/8"] } };`);
      const name = "HATCH_WEBHOOKS_ALLOW_NETWORKS";
      expect((await load({ [name]: "192.168.0.0/16, fd00::/8" }, { config })).config.webhooks.allowNetworks).toEqual([
        "192.168.0.0/16",
        "fd00::/8",
      ]);
      expect((await load({ [name]: "" }, { config })).config.webhooks.allowNetworks).toEqual([]);
    });

    test("an empty variable of a setting that may be absent is as if it were not there", async () => {
      const config = writeFile(`export default { server: { publicUrl: "https://hatch.example.com/" } };`);
      const loaded = await load({ HATCH_SERVER_PUBLIC_URL: "" }, { config });
      expect(loaded.config.server.publicUrl).toBe("https://hatch.example.com");
    });
  });

  describe("what is wrong stops the start with its path and what was expected", () => {
    test.each([
      ["server.port", "HATCH_SERVER_PORT", "70000", "a whole number from 0 to 65535"],
      ["server.port", "HATCH_SERVER_PORT", "80a", "a whole number from 0 to 65535"],
      ["server.port", "HATCH_SERVER_PORT", "", "a whole number from 0 to 65535"],
      ["server.port", "HATCH_SERVER_PORT", "1.5", "a whole number from 0 to 65535"],
      ["server.publicUrl", "HATCH_SERVER_PUBLIC_URL", "hatch.example.com", "http or https"],
      ["server.publicUrl", "HATCH_SERVER_PUBLIC_URL", "https://me:secret@example.com", "http or https"],
      ["server.publicUrl", "HATCH_SERVER_PUBLIC_URL", "https://example.com/hatch", "without path"],
      ["http.allowInsecureCookies", "HATCH_HTTP_ALLOW_INSECURE_COOKIES", "yes", "true or false"],
      ["webhooks.allowNetworks", "HATCH_WEBHOOKS_ALLOW_NETWORKS", "10.0.0.0/33", "a network"],
      ["webhooks.allowNetworks", "HATCH_WEBHOOKS_ALLOW_NETWORKS", "0x0a.0.0.0/8", "a network"],
      ["webhooks.allowNetworks", "HATCH_WEBHOOKS_ALLOW_NETWORKS", "10.0.0.0/8,,", "a network"],
      ["webhooks.retryDelays", "HATCH_WEBHOOKS_RETRY_DELAYS", "1m,25h", "a duration"],
      ["webhooks.retryJitter", "HATCH_WEBHOOKS_RETRY_JITTER", "10%", "a share from 0 to 1"],
      ["webhooks.timeout", "HATCH_WEBHOOKS_TIMEOUT", "10", "a duration"],
      ["events.personalUserIds", "HATCH_EVENTS_PERSONAL_USER_IDS", "ignore", "one of warn, refuse"],
      ["log.level", "HATCH_LOG_LEVEL", "loud", "one of debug, info, warn, error"],
    ])("%s from %s=%s", async (path, variable, text, expected) => {
      const { message } = await refusalOf({ [variable]: text });
      expect(message).toStartWith(`${path} (environment ${variable}): expected `);
      expect(message).toContain(expected);
    });

    test("a value is never repeated: the variable may point to the wrong secret", async () => {
      const secret = "correct-horse-battery-staple";
      const file = writeFile(secret, "txt");
      const { message } = await refusalOf({ HATCH_SERVER_PORT_FILE: file, HATCH_LOG_LEVEL: secret });
      expect(message).toContain("server.port (file of HATCH_SERVER_PORT_FILE)");
      expect(message).not.toContain(secret);
    });

    test("all that is wrong is told at once", async () => {
      const config = writeFile(`export default { server: { prot: 1, port: "80" }, sever: {}, webhooks: [] };`);
      const { problems } = await refusalOf({ HATCH_LOG_LEVEL: "loud", HATCH_TYPO: "1" }, { config });
      expect(problems.map(({ where }) => where)).toEqual([
        "HATCH_TYPO",
        `server.prot (${config})`,
        `sever (${config})`,
        `webhooks (${config})`,
        `server.port (config file ${config})`,
        "log.level (environment HATCH_LOG_LEVEL)",
      ]);
      expect(problems[1]?.message).toBe("unknown, expected one of host, port, publicUrl, adminHost, adminPort");
    });

    test("a file that the environment names and that is not there", async () => {
      const { message } = await refusalOf({ HATCH_LOG_LEVEL_FILE: "/nowhere/at/all" });
      expect(message).toContain("log.level (file of HATCH_LOG_LEVEL_FILE): expected a readable file");
    });

    test("more deliveries to one endpoint than in all", async () => {
      const { message } = await refusalOf({ HATCH_WEBHOOKS_CONCURRENCY: "4" });
      expect(message).toBe("webhooks.concurrencyPerEndpoint: expected at most webhooks.concurrency");
    });

    test("a program that is no object", async () => {
      const config = writeFile(`{"program": []}`, "json");
      expect((await refusalOf({}, { config })).message).toBe(`program (${config}): expected an object`);
    });
  });

  describe("the configuration file", () => {
    test("is found by --config, then HATCH_CONFIG, then in the data folder, and never in the working directory", async () => {
      const named = writeFile(`export default { log: { level: "debug" } };`);
      const byVariable = writeFile(`export default { log: { level: "warn" } };`);
      const workingDirectory = mkdtempSync(join(tmpdir(), "hatch-cwd-"));
      writeFileSync(join(workingDirectory, "hatch.config.json"), `{"log":{"level":"error"}}`);
      const elsewhere = await loadConfig({
        flags: { ...NO_FLAGS, data: directory },
        environment: {},
        workingDirectory,
      });
      expect(elsewhere.config.log.level).toBe("info");
      writeFileSync(join(directory, "hatch.config.json"), `{"log":{"level":"error"}}`);
      expect((await load()).config.log.level).toBe("error");
      expect((await load({ HATCH_CONFIG: byVariable })).config.log.level).toBe("warn");
      expect((await load({ HATCH_CONFIG: byVariable }, { config: named })).config.log.level).toBe("debug");
      rmSync(workingDirectory, { recursive: true });
    });

    test("two in the data folder are one too many", async () => {
      writeFileSync(join(directory, "hatch.config.json"), "{}");
      writeFileSync(join(directory, "hatch.config.ts"), "export default {};");
      expect((await refusalOf()).message).toContain("found both");
    });

    test("may import the type, and computes what it likes", async () => {
      const config = writeFile(`
        import type { HatchConfig } from "hatch";
        const port = 4000 + 242;
        export default { server: { port, publicUrl: undefined }, program: { timezone: "Europe/Berlin" } } satisfies HatchConfig;`);
      const loaded = await load({}, { config });
      expect(loaded.config.server.port).toBe(4242);
      expect(loaded.config.program).toEqual({ timezone: "Europe/Berlin" });
    });

    test("that is not there, has no default export, throws, or is no JSON is refused with its path", async () => {
      const cases: [string, string][] = [
        [join(directory, "missing.ts"), "expected a file, found nothing"],
        [writeFile("export const config = {};"), "expected plain data, found nothing"],
        [writeFile(`throw new Error("no luck today");`), "could not be loaded: no luck today"],
        [writeFile("{ log: 1 }", "json"), "could not be loaded"],
        [writeFile("[]", "json"), "expected an object"],
        [writeFile("log: {}", "yaml"), "expected a name that ends in .ts or .json"],
      ];
      for (const [config, expected] of cases) {
        const { message } = await refusalOf({}, { config });
        expect(message).toContain(config);
        expect(message).toContain(expected);
      }
    });

    test.each([
      ["program.at", "{ at: new Date(0) }", "a Date"],
      ["program.when", "{ when: () => true }", "a function"],
      ["program.list[1]", "{ list: [1, Number.NaN] }", "a number"],
      ["program.big", "{ big: 10n }", "a bigint"],
      ["program.later", "{ get later() { return 1; } }", "an accessor"],
      ["program.map", "{ map: new Map() }", "a Map"],
    ])("holds plain data only: %s in %s", async (path, program, found) => {
      const config = writeFile(`export default { program: ${program} };`);
      expect((await refusalOf({}, { config })).message).toBe(
        `${path} (${config}): expected plain data, found ${found}`,
      );
    });

    test("that refers to itself is refused", async () => {
      const config = writeFile("const program = { a: {} }; program.a.b = program; export default { program };");
      expect((await refusalOf({}, { config })).message).toContain("at most 64 levels");
    });

    test("code that somebody else may write is refused, also behind a link; data may be read", async () => {
      const loose = writeFile("export default {};", "ts", 0o620);
      const { message, hint } = await refusalOf({}, { config: loose });
      expect(message).toContain("nobody but its owner");
      expect(hint).toBe(`chmod go-w ${loose}`);
      const link = join(directory, "link.ts");
      symlinkSync(loose, link);
      expect((await refusalOf({}, { config: link })).message).toContain("nobody but its owner");
      await load({}, { config: writeFile("{}", "json", 0o666) });
    });

    test.skipIf(process.getuid?.() !== 0)("code that belongs to another user is refused", async () => {
      const config = writeFile("export default {};");
      chownSync(config, 12345, 12345);
      expect((await refusalOf({}, { config })).message).toContain("expected the owner to be the user of this process");
    });

    test("with --no-config-code, code is refused and JSON is not", async () => {
      const code = writeFile("export default {};");
      expect((await refusalOf({}, { config: code, allowCode: false })).message).toContain("--no-config-code");
      await load({}, { config: writeFile("{}", "json"), allowCode: false });
    });
  });
});
