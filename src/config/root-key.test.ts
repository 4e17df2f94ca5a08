import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seededChance, systemChance } from "../kernel/chance.ts";
import { ConfigError } from "./errors.ts";
import { createRootKeyFile, findRootKey, parseRootKey } from "./root-key.ts";

const BYTES = seededChance("root").bytes(32);
const HEX = Buffer.from(BYTES).toString("hex");
const BASE64 = Buffer.from(BYTES).toString("base64");

test.each([
  ["hex", HEX],
  ["hex in capitals", HEX.toUpperCase()],
  ["base64", BASE64],
  ["base64url without padding", Buffer.from(BYTES).toString("base64url")],
])("32 bytes as %s are the key itself", (_, text) => {
  expect(parseRootKey(text)).toEqual(BYTES);
});

test("another text of 32 characters is stretched: always alike, each to its own", () => {
  const key = parseRootKey("a long and random text, see above");
  expect(key?.length).toBe(32);
  expect(parseRootKey("a long and random text, see above")).toEqual(key as Uint8Array);
  expect(parseRootKey("a long and random text, see below")).not.toEqual(key as Uint8Array);
});

test("31 characters are too few", () => {
  expect(parseRootKey("x".repeat(31))).toBeUndefined();
  expect(parseRootKey("")).toBeUndefined();
});

describe("where the key comes from", () => {
  let dataDirectory: string;
  beforeEach(() => {
    dataDirectory = mkdtempSync(join(tmpdir(), "hatch-key-"));
  });
  afterEach(() => rmSync(dataDirectory, { recursive: true }));
  const find = (environment: Record<string, string> = {}) =>
    findRootKey({ environment, dataDirectory, workingDirectory: dataDirectory });

  test("nowhere at first; then from the file that the first start makes, for its owner only", () => {
    expect(find()).toBeUndefined();
    const made = createRootKeyFile(dataDirectory, systemChance);
    expect(find()).toEqual(made);
    expect(statSync(made.source).mode & 0o777).toBe(0o600);
    expect(readFileSync(made.source, "utf8")).toBe(`${Buffer.from(made.key).toString("base64")}\n`);
  });

  test("the variable goes before the file that a variable names, and that before root.key", () => {
    createRootKeyFile(dataDirectory, systemChance);
    writeFileSync(join(dataDirectory, "mounted"), `${HEX}\n`);
    const both = { WEBHOOK_ENCRYPTION_KEY: "t".repeat(40), WEBHOOK_ENCRYPTION_KEY_FILE: "mounted" };
    expect(find(both)?.source).toBe("environment WEBHOOK_ENCRYPTION_KEY");
    const named = find({ WEBHOOK_ENCRYPTION_KEY_FILE: "mounted" });
    expect(named).toEqual({ key: BYTES, source: join(dataDirectory, "mounted"), isOurs: false, former: [] });
  });

  test("a named file that is not there is refused: no other key is taken in its place", () => {
    createRootKeyFile(dataDirectory, systemChance);
    expect(() => find({ WEBHOOK_ENCRYPTION_KEY_FILE: "gone" })).toThrow(ConfigError);
  });

  test("a bad key is refused without being repeated", () => {
    expect(() => find({ WEBHOOK_ENCRYPTION_KEY: "hunter2" })).toThrow("WEBHOOK_ENCRYPTION_KEY: expected 32 bytes");
    expect(() => find({ WEBHOOK_ENCRYPTION_KEY: "hunter2" })).not.toThrow("hunter2");
    writeFileSync(join(dataDirectory, "root.key"), "");
    expect(() => find()).toThrow(join(dataDirectory, "root.key"));
  });
});
