import type { Chance } from "../kernel/chance.ts";
import {
  derivedKey,
  KEY_PURPOSES,
  type KeyPurpose,
  type Keyring,
  type SealedColumn,
  type SealedPlace,
} from "../kernel/crypto.ts";
import type { Reader, Writer } from "./database.ts";

const KEY_BYTES = 32;

export const DATA_KEYS_SEALED: readonly SealedColumn[] = [{ table: "data_keys", column: "sealed", key: "purpose" }];

const placeOf = (purpose: KeyPurpose): SealedPlace => ({ table: "data_keys", column: "sealed", row: purpose });

type DataKeys = ReadonlyMap<KeyPurpose, Uint8Array>;

const everyPurpose = (make: (purpose: KeyPurpose) => Uint8Array): DataKeys =>
  new Map(KEY_PURPOSES.map((purpose) => [purpose, make(purpose)]));

/** Of a new installation: whoever finds its root key one day learns nothing of them without the database. */
export const makeDataKeys = (chance: Chance): DataKeys => everyPurpose(() => chance.bytes(KEY_BYTES));

/** Those in use. */
export const keysOf = (keyring: Keyring): DataKeys => everyPurpose((purpose) => keyring.keyFor(purpose));

/**
 * Those that are kept. An older version derived them from the root key instead: where they were never kept they still
 * are, for what was hashed and signed with them. @param sealer the root key that the database was sealed with
 */
export async function findDataKeys(reader: Reader, keyring: Keyring, sealer: Uint8Array): Promise<DataKeys> {
  const sealed = await findSealed(reader);
  return everyPurpose((purpose) => {
    const text = sealed.get(purpose);
    if (text === undefined) return derivedKey(sealer, purpose);
    return new Uint8Array(Buffer.from(keyring.open(placeOf(purpose), text), "base64url"));
  });
}

async function findSealed(reader: Reader): Promise<ReadonlyMap<string, string>> {
  if (!(await reader.hasTable("data_keys"))) return new Map();
  const rows = await reader.all<{ purpose: string; sealed: string }>("SELECT purpose, sealed FROM data_keys");
  return new Map(rows.map(({ purpose, sealed }) => [purpose, sealed]));
}

export async function hasAllDataKeys(reader: Reader): Promise<boolean> {
  const sealed = await findSealed(reader);
  return KEY_PURPOSES.every((purpose) => sealed.has(purpose));
}

/** Keeps those that are not kept yet. @returns all that were given */
export async function keepDataKeys(writer: Writer, keyring: Keyring, keys: DataKeys): Promise<DataKeys> {
  const kept = await findSealed(writer);
  await writer.insertMany({
    table: "data_keys",
    columns: ["purpose", "sealed", "created_at"],
    rows: [...keys]
      .filter(([purpose]) => !kept.has(purpose))
      .map(([purpose, key]) => [
        purpose,
        keyring.seal(placeOf(purpose), Buffer.from(key).toString("base64url")),
        writer.now,
      ]),
  });
  return keys;
}
