import { Database } from "bun:sqlite";
import { join } from "node:path";
import { systemChance } from "../../src/kernel/chance.ts";
import { createKeyring } from "../../src/kernel/crypto.ts";

const open = (directory: string, readonly = false): Database => {
  const file = new Database(join(directory, "hatch.db"), readonly ? { readonly: true } : { readwrite: true });
  file.run("PRAGMA busy_timeout = 5000");
  return file;
};

type Row = Record<string, string | number | null>;

function insert(file: Database, table: string, row: Row): void {
  const columns = Object.keys(row);
  file.run(
    `INSERT INTO ${table} (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")})`,
    Object.values(row),
  );
}

/** Deleted subscriptions that still have their secrets: nothing is sent to them, and the rotation has to go through all. */
export function seedSecrets(
  directory: string,
  { rootKey, count }: { readonly rootKey: Uint8Array; readonly count: number },
): void {
  const file = open(directory);
  const keyring = createKeyring(rootKey, systemChance);
  const subscription = file.query("SELECT * FROM subscriptions LIMIT 1").get() as Row;
  const secret = file.query("SELECT * FROM subscription_secrets LIMIT 1").get() as Row;
  file.transaction(() => {
    for (let index = 0; index < count; index++) {
      const number = String(index).padStart(6, "0");
      const [sub, id] = [`sub_seed_${number}`, `seed_${number}`];
      insert(file, "subscriptions", { ...subscription, id: sub, headers_sealed: null, deleted_at: 1 });
      const sealed = keyring.seal({ table: "subscription_secrets", column: "sealed", row: id }, `whsec_${number}`);
      insert(file, "subscription_secrets", { ...secret, id, subscription_id: sub, sealed });
    }
  })();
  file.close();
}

/** How many secrets a root key seals. */
export function countSealedBy(directory: string, keyId: string): number {
  const file = open(directory, true);
  try {
    const row = file.query("SELECT COUNT(*) AS n FROM subscription_secrets WHERE substr(sealed, 1, 8) = ?").get(keyId);
    return (row as { n: number }).n;
  } finally {
    file.close();
  }
}

/** Puts the sealed secrets of two subscriptions in each other's place. @returns the rows */
export function exchangeSecrets(directory: string, subscriptions: readonly [string, string]): readonly string[] {
  const file = open(directory);
  const rows = subscriptions.map(
    (id) =>
      file.query("SELECT id, sealed FROM subscription_secrets WHERE subscription_id = ?").get(id) as {
        id: string;
        sealed: string;
      },
  );
  const [one, other] = rows;
  if (!one || !other) throw new Error("no such secrets");
  file.transaction(() => {
    file.run("UPDATE subscription_secrets SET sealed = ? WHERE id = ?", [other.sealed, one.id]);
    file.run("UPDATE subscription_secrets SET sealed = ? WHERE id = ?", [one.sealed, other.id]);
  })();
  file.close();
  return rows.map(({ id }) => id);
}
