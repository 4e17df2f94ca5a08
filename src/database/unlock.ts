import { createRootKeyFile, type RootKey } from "../config/root-key.ts";
import type { Chance } from "../kernel/chance.ts";
import { createKeyring, type Keyring, keyIdOf, sealedBy, WrongKeyError } from "../kernel/crypto.ts";
import { AppError } from "../kernel/errors.ts";
import { type Canaries, checkCanaries, findCanaries, neededKeys, sealCanary, turnCanary } from "./canary.ts";
import { findDataKeys, hasAllDataKeys, keepDataKeys, keysOf, makeDataKeys } from "./data-keys.ts";
import type { Database } from "./database.ts";

export interface Unlocked {
  readonly keyring: Keyring;
  /** Where the key was put, if this start made it. */
  readonly madeKey: string | undefined;
}

/**
 * Beside a database on a server no key is made: the folder of this process may be gone with its machine while the database
 * stays.
 */
export function refuseWithoutRootKey(found: RootKey | undefined, dataDirectory: string): void {
  if (found) return;
  throw new AppError("conflict", "No root key was found, and none is made beside a database on a server.", {
    hint: `Make one (openssl rand -base64 32), keep it safe, and give it as WEBHOOK_ENCRYPTION_KEY, by WEBHOOK_ENCRYPTION_KEY_FILE, or as root.key in ${dataDirectory}.`,
  });
}

const BOTH =
  "Give the one that is to seal from now on as WEBHOOK_ENCRYPTION_KEY (or root.key), the former one as WEBHOOK_ENCRYPTION_KEY_PREVIOUS or WEBHOOK_ENCRYPTION_KEY_PREVIOUS_FILE.";

interface Gathered {
  readonly current: Uint8Array;
  /** All that were given, by id. */
  readonly given: ReadonlyMap<string, Uint8Array>;
}

/** @throws WrongKeyError where a key that the database needs was not given: it says which, and why it is needed */
function gather(found: RootKey | undefined, canaries: Canaries): Gathered {
  const [sealing = "", ...former] = neededKeys(canaries);
  if (!found) throw new WrongKeyError(`The database was sealed by key ${sealing}, and no key was found.`);
  const given = new Map([found, ...found.former].map(({ key }) => [keyIdOf(key), key]));
  const missing = [sealing, ...former].filter((id) => !given.has(id));
  if (missing.length === 0) return { current: found.key, given };
  const own = `this key is ${keyIdOf(found.key)}`;
  if (former.length === 0) throw new WrongKeyError(`The database was sealed by key ${sealing}, ${own}.`);
  throw new WrongKeyError(
    `The rotation from key ${former.join(", ")} to key ${sealing} is not finished and needs both; ${own}, and ${missing.join(", ")} is missing.`,
    { hint: BOTH },
  );
}

/**
 * The keyring of a database that is there already; reads only. What was given as the sealing key seals, whether the
 * database knows of it yet or not. @throws WrongKeyError
 */
export function openKeyring(
  database: Pick<Database, "read">,
  found: RootKey | undefined,
  chance: Chance,
): Promise<Keyring> {
  return database.read(async (reader) => {
    const canaries = await findCanaries(reader);
    if (!canaries) throw new WrongKeyError("The database was never sealed: start the server once.");
    const { current, given } = gather(found, canaries);
    const former = [...given.values()];
    const sealing = createKeyring(current, chance, { former });
    checkCanaries(sealing, canaries);
    const sealer = given.get(sealedBy(canaries.canary)) ?? current;
    return createKeyring(current, chance, { former, keys: await findDataKeys(reader, sealing, sealer) });
  });
}

/** Begins what was sealed never: with the key that was found, or with one made now. */
async function begin({ database, chance, dataDirectory }: Unlocking, found: RootKey | undefined): Promise<Unlocked> {
  const { key, source } = found ?? createRootKeyFile(dataDirectory, chance);
  const bare = createKeyring(key, chance);
  const keys = await database.write(async (writer) => {
    await sealCanary(writer, bare);
    return keepDataKeys(writer, bare, makeDataKeys(chance));
  });
  return { keyring: createKeyring(key, chance, { keys }), madeKey: found ? undefined : source };
}

interface Unlocking {
  readonly database: Database;
  readonly dataDirectory: string;
  readonly findRootKey: () => RootKey | undefined;
  readonly chance: Chance;
}

/**
 * The root key has to be the one that the database was sealed with; a new database is sealed with what is found, or with
 * a key made now. No key is ever made beside a database that was sealed by another: it would hide the loss. Where the
 * former key was given as well, the other one seals from here on, and the database is told before anything is.
 * @throws WrongKeyError
 */
export async function unlock(options: Unlocking): Promise<Unlocked> {
  const { database, chance } = options;
  const canaries = await database.read(findCanaries);
  const found = options.findRootKey();
  if (canaries === undefined) return begin(options, found);
  const keyring = await openKeyring(database, found, chance);
  const isTurned = keyring.keyId !== sealedBy(canaries.canary);
  const isKept = await database.read(hasAllDataKeys);
  if (found && (isTurned || !isKept)) {
    await database.write(async (writer) => {
      if (isTurned) await turnCanary(writer, { rootKey: found.key, canaries, chance });
      if (!isKept) await keepDataKeys(writer, keyring, keysOf(keyring));
    });
  }
  return { keyring, madeKey: undefined };
}
