import type { Context } from "../../context.ts";
import { findCanaries, neededKeys } from "../../database/canary.ts";
import type { Finding } from "../../feature.ts";
import type { SealedColumn } from "../../kernel/crypto.ts";
import { countBy, countValues, findDamaged } from "./walk.ts";

const NAMED_MAX = 5;

/** Whether every sealed value opens where it stands, and which root keys are needed for that. */
export async function examineSealed(context: Context, columns: readonly SealedColumn[]): Promise<readonly Finding[]> {
  return [await examineKeys(context, columns), await examineValues(context, columns)];
}

async function examineKeys(context: Context, columns: readonly SealedColumn[]): Promise<Finding> {
  const check = "encryption.keys";
  const canaries = await context.database.read(findCanaries);
  const [sealing = "", ...former] = canaries ? neededKeys(canaries) : [];
  const counts = await countValues(context, columns);
  if (former.length > 0) {
    const left = countBy(counts, (id) => former.includes(id));
    const message = `A rotation to key ${sealing} is under way: ${left} values are still sealed by ${former.join(", ")}, which is needed until it ends.`;
    return { check, ok: true, message };
  }
  const strangers = countBy(counts, (id) => id !== sealing);
  if (strangers === 0) return { check, ok: true, message: `Key ${sealing} seals every value; no other is needed.` };
  const message = `${strangers} values are sealed by a key that the database does not know of. Start with that key as WEBHOOK_ENCRYPTION_KEY_PREVIOUS: what it sealed can be read then. The next rotation seals it anew.`;
  return { check, ok: false, message };
}

async function examineValues(context: Context, columns: readonly SealedColumn[]): Promise<Finding> {
  const check = "encryption.values";
  const named: string[] = [];
  let count = 0;
  for await (const { table, column, row } of findDamaged(context, columns)) {
    count += 1;
    if (named.length < NAMED_MAX) named.push(`${table}.${column} of ${row}`);
  }
  if (count === 0) return { check, ok: true, message: "Every sealed value opens where it stands." };
  const more = count > NAMED_MAX ? ", …" : "";
  return {
    check,
    ok: false,
    message: `${count} sealed values do not open where they stand (${named.join("; ")}${more}): they were changed, or put in another's place. Restore them from a backup, or set them anew.`,
  };
}
