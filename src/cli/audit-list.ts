import type { Database } from "../database/database.ts";
import type { AuditRow } from "../journal/audit.ts";
import { type AuditEntry, type AuditFilter, listEntries, showEntry } from "../journal/audit-read.ts";
import { AUDIT_OPTIONS, filterOf, findChains, lookInto } from "./audit-place.ts";
import type { Command } from "./command.ts";
import { EXIT, UsageError } from "./exit.ts";
import { cut, printable } from "./view.ts";

const LISTED = 50;
const LISTED_MAX = 1_000;
const CHANGE_CHARACTERS_MAX = 300;

function limitOf(text: string | undefined): number {
  const limit = text === undefined ? LISTED : Number(text);
  if (Number.isInteger(limit) && limit >= 1 && limit <= LISTED_MAX) return limit;
  throw new UsageError(`--limit ${text}: expected a whole number from 1 to ${LISTED_MAX}.`);
}

/** The newest of one chain, however far back they lie. */
async function newestOf(database: Database, chain: string, filter: AuditFilter, limit: number): Promise<AuditRow[]> {
  const rows: AuditRow[] = [];
  let below: number | undefined;
  do {
    const page = await database.read((reader) =>
      listEntries(reader, chain, filter, { below, limit: limit - rows.length }),
    );
    rows.push(...page.rows);
    below = page.next;
  } while (below !== undefined && rows.length < limit);
  return rows;
}

const compact = (value: object): string => printable(JSON.stringify(value));

function changeOf({ before, after, details }: AuditEntry): string | undefined {
  const told = (value: object | null): string => (value === null ? "nothing" : compact(value));
  const change = before || after ? [`${told(before)} → ${told(after)}`] : [];
  const text = [...change, ...(details === null ? [] : [compact(details)])].join("  ");
  return text === "" ? undefined : `    ${cut(text, CHANGE_CHARACTERS_MAX)}`;
}

/** Two lines, and a third where something was changed. */
function friendly(entry: AuditEntry, chain: string): string {
  const { at, action, target, actor, asWhom, address, requestId } = entry;
  const who = asWhom === null ? actor : `${actor} as ${asWhom}`;
  const from = address === null ? "" : ` from ${address}`;
  const lines = [
    `${at.slice(0, 19).replace("T", " ")}  ${action}  ${printable(target)}`,
    `    by ${printable(who)}${printable(from)}, request ${printable(requestId)}, in ${printable(chain)}`,
    changeOf(entry),
  ];
  return lines.filter((line) => line !== undefined).join("\n");
}

export const command: Command = {
  name: "audit list",
  summary: "Lists who changed what, newest first.",
  options: {
    ...AUDIT_OPTIONS,
    limit: { value: "COUNT", description: `How many; ${LISTED} if not given.` },
  },
  example: "hatch audit list --action key.* --since 7d",
  async run(invocation) {
    const limit = limitOf(invocation.text("limit"));
    const filter = filterOf(invocation);
    const { entries, names } = await lookInto(invocation, async (database) => {
      const chains = await findChains(invocation, database);
      let newest: AuditRow[] = [];
      for (const { chain } of chains) {
        newest.push(...(await newestOf(database, chain, filter, limit)));
        newest = newest.sort((left, right) => right.at - left.at || right.sequence - left.sequence).slice(0, limit);
      }
      const byChain = new Map(chains.map(({ chain, name }) => [chain, name]));
      return { entries: newest.map(showEntry), names: byChain };
    });
    if (invocation.json) {
      invocation.terminal.out(JSON.stringify({ entries }));
      return EXIT.done;
    }
    const lines = entries.map((entry) => friendly(entry, names.get(entry.workspaceId ?? "") ?? ""));
    invocation.terminal.out(lines.length === 0 ? "There are no such entries." : lines.join("\n"));
    return EXIT.done;
  },
};
