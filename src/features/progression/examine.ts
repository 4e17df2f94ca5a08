import type { Context } from "../../context.ts";
import type { Finding } from "../../feature.ts";
import type { Id } from "../../kernel/ids.ts";
import { sumBalances } from "./inputs/store.ts";
import { walkStates } from "./members/store.ts";

const SLICE = 500;
const NAMED_MAX = 5;

/** Adds up the ledger and compares it with what the members' states say; both are written together, so they must agree. */
export async function examineLedger(context: Context): Promise<Finding[]> {
  return context.database.read(async (reader) => {
    const ledger = new Map<string, number>();
    for (const { member_id, currency, amount } of await sumBalances(reader))
      ledger.set(`${member_id} ${currency}`, amount);
    const wrong: string[] = [];
    let members = 0;
    let after = "";
    for (;;) {
      const slice = await walkStates(reader, after, SLICE);
      for (const { id, state } of slice) {
        members += 1;
        for (const [currency, balance] of Object.entries(state.balances)) {
          const key = `${id} ${currency}`;
          const held = balance.available + balance.pending - balance.owed;
          if (held !== (ledger.get(key) ?? 0))
            wrong.push(`${id as Id<"mem">} has ${held} ${currency}, the ledger says ${ledger.get(key) ?? 0}`);
          ledger.delete(key);
        }
      }
      const last = slice.at(-1);
      if (!last || slice.length < SLICE) break;
      after = last.id;
    }
    for (const [key, amount] of ledger)
      if (amount !== 0) wrong.push(`${key}: the ledger says ${amount}, the state nothing`);
    return [
      {
        check: "ledger",
        ok: wrong.length === 0,
        message:
          wrong.length === 0
            ? `The balances of ${members} members equal the ledger.`
            : `${wrong.length} balances differ from the ledger: ${wrong.slice(0, NAMED_MAX).join("; ")}. Restore a backup or ask for help before going on.`,
      },
    ];
  });
}
