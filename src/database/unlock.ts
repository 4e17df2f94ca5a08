import { createRootKeyFile, type RootKey } from "../config/root-key.ts";
import type { Chance } from "../kernel/chance.ts";
import { createKeyring, type Keyring, WrongKeyError } from "../kernel/crypto.ts";
import { AppError } from "../kernel/errors.ts";
import { checkCanary, findCanary, keyIdOf, sealCanary } from "./canary.ts";
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

/** The keyring of a database that is there already. @throws WrongKeyError */
export function openKeyring(found: RootKey | undefined, canary: string, chance: Chance): Keyring {
  if (!found) throw new WrongKeyError(`The database was sealed by key ${keyIdOf(canary)}, and no key was found.`);
  const keyring = createKeyring(found.key, chance);
  checkCanary(keyring, canary);
  return keyring;
}

/**
 * The root key has to be the one that the database was sealed with; a new database is sealed with what is found, or with
 * a key made now. No key is ever made beside a database that was sealed by another: it would hide the loss.
 * @throws WrongKeyError
 */
export async function unlock(options: {
  readonly database: Database;
  readonly dataDirectory: string;
  readonly findRootKey: () => RootKey | undefined;
  readonly chance: Chance;
}): Promise<Unlocked> {
  const { database, chance } = options;
  const canary = await findCanary(database);
  const found = options.findRootKey();
  if (canary !== undefined) return { keyring: openKeyring(found, canary, chance), madeKey: undefined };
  const { key, source } = found ?? createRootKeyFile(options.dataDirectory, chance);
  const keyring = createKeyring(key, chance);
  await sealCanary(database, keyring);
  return { keyring, madeKey: found ? undefined : source };
}
