import type { Chance } from "../kernel/chance.ts";
import { createKeyring, type Keyring, keyIdOf, type SealedPlace, sealedBy, WrongKeyError } from "../kernel/crypto.ts";
import type { Database, Reader, Writer } from "./database.ts";

/*
 * A word sealed by each root key that the database needs. `canary` is of the key that seals; `canary:<key id>` of one
 * that sealed before it, for as long as anything may still be sealed by it. So a start knows which keys it must be given,
 * at every stage of a rotation.
 */

const NAME = "canary";
const FORMER = `${NAME}:`;
const PLACE: SealedPlace = { table: "instance", column: "value", row: NAME };
const SONG = "hatch";

export interface Canaries {
  /** Of the key that seals. */
  readonly canary: string;
  /** By the ids of the keys that sealed before it. */
  readonly former: ReadonlyMap<string, string>;
}

/** What is sealed by the key that seals; undefined where the database was never sealed. */
export async function findCanary(database: Pick<Database, "read">): Promise<string | undefined> {
  return (await database.read(findCanaries))?.canary;
}

export async function findCanaries(reader: Reader): Promise<Canaries | undefined> {
  const rows = await reader.all<{ name: string; value: string }>(
    "SELECT name, value FROM instance WHERE name >= ? AND name < ?",
    [NAME, `${NAME};`],
  );
  const canary = rows.find(({ name }) => name === NAME)?.value;
  if (canary === undefined) return undefined;
  const former = rows.filter(({ name }) => name.startsWith(FORMER));
  return { canary, former: new Map(former.map(({ name, value }) => [name.slice(FORMER.length), value])) };
}

/** The ids of the keys without which something in the database does not open; the one that seals comes first. */
export const neededKeys = ({ canary, former }: Canaries): readonly string[] => [sealedBy(canary), ...former.keys()];

/** @throws WrongKeyError where a key of the right name is another after all */
export function checkCanaries(keyring: Keyring, { canary, former }: Canaries): void {
  for (const sealed of [canary, ...former.values()]) {
    try {
      keyring.open(PLACE, sealed);
    } catch (cause) {
      const given = keyring.keyIds.join(", ");
      throw new WrongKeyError(`The database was sealed by key ${sealedBy(sealed)}, this key is ${given}.`, { cause });
    }
  }
}

const put = (writer: Writer, rows: readonly (readonly [string, string])[]): Promise<void> =>
  writer.upsertMany({ table: "instance", columns: ["name", "value"], keyColumns: ["name"], rows });

export const sealCanary = (writer: Writer, keyring: Keyring): Promise<void> =>
  put(writer, [[NAME, keyring.seal(PLACE, SONG)]]);

/**
 * From this commit on the database needs `rootKey` as well: called before anything is sealed with it. What was the key
 * so far is a former one; going back to a former one works the same way.
 */
export async function turnCanary(
  writer: Writer,
  {
    rootKey,
    canaries: { canary },
    chance,
  }: { readonly rootKey: Uint8Array; readonly canaries: Canaries; readonly chance: Chance },
): Promise<void> {
  await writer.run("DELETE FROM instance WHERE name = ?", [`${FORMER}${keyIdOf(rootKey)}`]);
  await put(writer, [[`${FORMER}${sealedBy(canary)}`, canary]]);
  await sealCanary(writer, createKeyring(rootKey, chance));
}

/** Nothing is sealed by a former key any more: from this commit on the database needs one key. */
export const dropFormerCanaries = (writer: Writer): Promise<number> =>
  writer.run("DELETE FROM instance WHERE name >= ? AND name < ?", [FORMER, `${NAME};`]);
