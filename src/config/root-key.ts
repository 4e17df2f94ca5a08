import { hkdfSync } from "node:crypto";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Chance } from "../kernel/chance.ts";
import { writeDurably } from "../kernel/files.ts";
import type { Environment } from "./environment.ts";
import { ConfigError } from "./errors.ts";
import { readSmallTextFile } from "./text-file.ts";

const VARIABLE = "WEBHOOK_ENCRYPTION_KEY";
const ROOT_KEY_FILE = "root.key";
const KEY_BYTES = 32;
const PASSPHRASE_CHARACTERS_MIN = 32;

const HEX = /^[0-9A-Fa-f]{64}$/;
const BASE64 = /^[0-9A-Za-z+/_-]{43}=?$/;

/**
 * 64 hex digits or the base64 of 32 bytes (what `openssl rand` makes) are the key itself; any other text of at least 32
 * characters is stretched by HKDF-SHA-256, which adds no strength: it has to be random.
 */
export function parseRootKey(text: string): Uint8Array | undefined {
  if (HEX.test(text)) return new Uint8Array(Buffer.from(text, "hex"));
  if (BASE64.test(text)) {
    const bytes = Buffer.from(text, "base64");
    if (bytes.length === KEY_BYTES) return new Uint8Array(bytes);
  }
  if (text.length < PASSPHRASE_CHARACTERS_MIN) return undefined;
  return new Uint8Array(hkdfSync("sha256", text, "hatch", "root-key", KEY_BYTES));
}

export interface RootKey {
  readonly key: Uint8Array;
  /** `environment WEBHOOK_ENCRYPTION_KEY`, or the path of its file. */
  readonly source: string;
}

const EXPECTED = `expected ${KEY_BYTES} bytes as hex or base64 (openssl rand -base64 32), or at least ${PASSPHRASE_CHARACTERS_MIN} characters`;

function parseOrRefuse(text: string, where: string, source: string): RootKey {
  const key = parseRootKey(text.trim());
  if (!key) throw new ConfigError([{ where, message: EXPECTED }]);
  return { key, source };
}

/** Looks in the environment, then in the data folder; undefined where neither has one. @throws ConfigError */
export function findRootKey(options: {
  readonly environment: Environment;
  readonly dataDirectory: string;
  readonly workingDirectory: string;
}): RootKey | undefined {
  const value = options.environment[VARIABLE];
  if (value) return parseOrRefuse(value, VARIABLE, `environment ${VARIABLE}`);
  const named = options.environment[`${VARIABLE}_FILE`];
  const path = named ? resolve(options.workingDirectory, named) : join(options.dataDirectory, ROOT_KEY_FILE);
  if (!named && !existsSync(path)) return undefined;
  const text = readSmallTextFile(path);
  if (text === undefined) {
    throw new ConfigError([{ where: named ? `${VARIABLE}_FILE` : path, message: "expected a readable file" }]);
  }
  return parseOrRefuse(text, named ? `${VARIABLE}_FILE` : path, path);
}

/**
 * Makes the key of a new installation; whole and on the disk before anything is sealed with it. Called under the lock of
 * the data folder, and only where no key was found.
 */
export function createRootKeyFile(dataDirectory: string, chance: Chance): RootKey {
  const path = join(dataDirectory, ROOT_KEY_FILE);
  const key = chance.bytes(KEY_BYTES);
  writeDurably(path, `${Buffer.from(key).toString("base64")}\n`);
  return { key, source: path };
}
