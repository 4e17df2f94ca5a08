import { hkdfSync } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Chance } from "../kernel/chance.ts";
import { writeDurably } from "../kernel/files.ts";
import type { Environment } from "./environment.ts";
import { ConfigError } from "./errors.ts";
import { readSmallTextFile } from "./text-file.ts";

const VARIABLE = "WEBHOOK_ENCRYPTION_KEY";
const ROOT_KEY_FILE = "root.key";
/** By the id of the key in it. */
const FORMER_FILE = /^root\.key\.[0-9a-f]{8}$/;
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

interface FoundKey {
  readonly key: Uint8Array;
  /** `environment WEBHOOK_ENCRYPTION_KEY`, or the path of its file. */
  readonly source: string;
}

export interface RootKey extends FoundKey {
  /** It lies in the data folder, so that Hatch itself may put another in its place. */
  readonly isOurs: boolean;
  /** Keys that sealed before this one, and may still be needed. */
  readonly former: readonly FoundKey[];
}

const EXPECTED = `expected ${KEY_BYTES} bytes as hex or base64 (openssl rand -base64 32), or at least ${PASSPHRASE_CHARACTERS_MIN} characters`;

function parseOrRefuse(text: string, where: string, source: string): FoundKey {
  const key = parseRootKey(text.trim());
  if (!key) throw new ConfigError([{ where, message: EXPECTED }]);
  return { key, source };
}

function readOrRefuse(path: string, where: string): FoundKey {
  const text = readSmallTextFile(path);
  if (text === undefined) throw new ConfigError([{ where, message: "expected a readable file" }]);
  return parseOrRefuse(text, where, path);
}

interface Surroundings {
  readonly environment: Environment;
  readonly dataDirectory: string;
  readonly workingDirectory: string;
}

/** A variable with the key, or with `_FILE` the name of its file. */
function findInEnvironment({ environment, workingDirectory }: Surroundings, variable: string): FoundKey | undefined {
  const value = environment[variable];
  if (value) return parseOrRefuse(value, variable, `environment ${variable}`);
  const named = environment[`${variable}_FILE`];
  return named ? readOrRefuse(resolve(workingDirectory, named), `${variable}_FILE`) : undefined;
}

/** Those that a rotation left beside the key, by name. */
const listFormerFiles = (dataDirectory: string): readonly string[] =>
  existsSync(dataDirectory)
    ? readdirSync(dataDirectory)
        .filter((name) => FORMER_FILE.test(name))
        .sort()
        .map((name) => join(dataDirectory, name))
    : [];

/** Looks in the environment, then in the data folder; undefined where neither has one. @throws ConfigError */
export function findRootKey(surroundings: Surroundings): RootKey | undefined {
  const { dataDirectory } = surroundings;
  const given = findInEnvironment(surroundings, VARIABLE);
  const path = join(dataDirectory, ROOT_KEY_FILE);
  const current = given ?? (existsSync(path) ? readOrRefuse(path, path) : undefined);
  if (!current) return undefined;
  const previous = findInEnvironment(surroundings, `${VARIABLE}_PREVIOUS`);
  const files = listFormerFiles(dataDirectory).map((file) => readOrRefuse(file, file));
  return { ...current, isOurs: given === undefined, former: previous ? [previous, ...files] : files };
}

const textOf = (key: Uint8Array): string => `${Buffer.from(key).toString("base64")}\n`;

/**
 * Makes the key of a new installation; whole and on the disk before anything is sealed with it. Called under the lock of
 * the data folder, and only where no key was found.
 */
export function createRootKeyFile(dataDirectory: string, chance: Chance): RootKey {
  const path = join(dataDirectory, ROOT_KEY_FILE);
  const key = chance.bytes(KEY_BYTES);
  writeDurably(path, textOf(key));
  return { key, source: path, isOurs: true, former: [] };
}

/**
 * Puts another key in the place of the one in the data folder, which stays beside it under its id. Whenever the machine
 * stops, the next start finds the key that the database needs: the former one is on the disk before the other takes its
 * name.
 */
export function replaceRootKeyFile(
  dataDirectory: string,
  former: { readonly key: Uint8Array; readonly id: string },
  chance: Chance,
): FoundKey {
  const path = join(dataDirectory, ROOT_KEY_FILE);
  writeDurably(`${path}.${former.id}`, textOf(former.key));
  const key = chance.bytes(KEY_BYTES);
  writeDurably(path, textOf(key));
  return { key, source: path };
}
