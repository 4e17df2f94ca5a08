import type { Keyring, SealedPlace } from "../kernel/crypto.ts";
import { WrongKeyError } from "../kernel/crypto.ts";
import type { Database } from "./database.ts";

const PLACE: SealedPlace = { table: "instance", column: "value", row: "canary" };
const SONG = "hatch";

/** The sealed word of this database; undefined where none was sealed yet. */
export async function findCanary(database: Pick<Database, "read">): Promise<string | undefined> {
  const row = await database.read((reader) =>
    reader.get<{ value: string }>("SELECT value FROM instance WHERE name = 'canary'"),
  );
  return row?.value;
}

/** Which key sealed it: the first 8 hex digits of the key's fingerprint. */
export const keyIdOf = (canary: string): string => canary.split(".")[0] ?? "";

/** @throws WrongKeyError where what is sealed in this database would not open with this key */
export function checkCanary(keyring: Keyring, canary: string): void {
  try {
    if (keyring.open(PLACE, canary) === SONG) return;
  } catch (cause) {
    if (!(cause instanceof WrongKeyError)) throw cause;
  }
  throw new WrongKeyError(`The database was sealed by key ${keyIdOf(canary)}, this key is ${keyring.keyId}.`);
}

export async function sealCanary(database: Database, keyring: Keyring): Promise<void> {
  await database.write((writer) =>
    writer.insertMany({
      table: "instance",
      columns: ["name", "value"],
      rows: [["canary", keyring.seal(PLACE, SONG)]],
    }),
  );
}
