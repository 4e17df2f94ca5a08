import type { Context } from "../../../context.ts";
import type { Database } from "../../../database/database.ts";
import type { Id } from "../../../kernel/ids.ts";
import type { JsonObject } from "../../../kernel/json.ts";
import { walkStatesOf } from "../members/store.ts";
import type { MemberState } from "../types.ts";
import type { ProgramChange } from "./difference.ts";
import { TRIGGERS } from "./triggers.ts";

const SLICE = 500;
/** Beyond these nobody counts: the figure is then a lower bound, and still says what it is about. */
const COUNTED_MAX = 1_000_000;

type Holds = (state: MemberState) => boolean;

const has = (record: Readonly<Record<string, unknown>>, key: string): boolean => Object.hasOwn(record, key);

/** Whether a member has to do with a change; undefined where nobody can tell, as of what is only added. */
function holderOf({ section, key, change }: ProgramChange, before: JsonObject): Holds | undefined {
  if (change === "added" || change === "reordered") return undefined;
  switch (section) {
    case "currencies":
      return ({ balances }) => has(balances, key) && isHeld(balances[key]);
    case "badges":
      return ({ badges }) => has(badges, key);
    case "tracks":
      return ({ levels }) => has(levels, key);
    case "eventTypes":
      return ({ counts }) => has(counts, key);
    case "rules": {
      const on = onOf(before, key);
      return on === undefined ? undefined : ({ counts }) => has(counts, on);
    }
    default:
      return undefined;
  }
}

const isHeld = (balance: MemberState["balances"][string] | undefined): boolean =>
  balance !== undefined && (balance.available > 0 || balance.pending > 0 || balance.owed > 0 || balance.total > 0);

function onOf({ rules }: JsonObject, key: string): string | undefined {
  const rule = (rules as Readonly<Record<string, JsonObject>> | undefined)?.[key];
  // What follows an effect has no event of its own.
  return typeof rule?.on === "string" && !TRIGGERS.has(rule.on) ? rule.on : undefined;
}

/** Counting walks over every member: one at a time, however many ask at once. */
const turns = new WeakMap<Database, Promise<unknown>>();

/**
 * How many members have to do with each change, in the order of the changes: who holds the currency, has the badge, stands
 * on the track, has sent the event. States are not searched in SQL, so this reads them all, in slices between which
 * everything else goes on.
 * @param before the content that the changes start from
 */
export function countConcerned(
  context: Pick<Context, "clock" | "database">,
  environmentId: Id<"env">,
  changes: readonly ProgramChange[],
  before: JsonObject,
): Promise<(number | undefined)[]> {
  const holders = changes.map((change) => holderOf(change, before));
  if (holders.every((holds) => holds === undefined)) return Promise.resolve(holders.map(() => undefined));
  const turn = (turns.get(context.database) ?? Promise.resolve()).then(() => walk(context, environmentId, holders));
  turns.set(
    context.database,
    turn.catch(() => {}),
  );
  return turn;
}

async function walk(
  { clock, database }: Pick<Context, "clock" | "database">,
  environmentId: Id<"env">,
  holders: readonly (Holds | undefined)[],
): Promise<(number | undefined)[]> {
  const counts = holders.map((holds): number | undefined => (holds ? 0 : undefined));
  let after = "";
  for (let seen = 0; seen < COUNTED_MAX; seen += SLICE) {
    const slice = await database.read((reader) => walkStatesOf(reader, environmentId, after, SLICE));
    for (const { state } of slice) {
      for (const [index, holds] of holders.entries()) if (holds?.(state)) counts[index] = (counts[index] ?? 0) + 1;
    }
    const last = slice.at(-1);
    if (!last || slice.length < SLICE) break;
    after = last.id;
    await clock.sleep(0);
  }
  return counts;
}
