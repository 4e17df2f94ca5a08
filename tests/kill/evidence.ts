import { Database } from "bun:sqlite";
import { join } from "node:path";
import type { PostgresServer } from "../support/postgres.ts";
import type { Amounts } from "./workload.ts";

/** What the database says, read by another hand than the product's own. */
export interface Witness {
  ask<T>(sql: string): Promise<readonly T[]>;
  run(sql: string): Promise<void>;
  /** How sound the pages are: `ok`. */
  readonly integrity: () => Promise<string>;
}

export interface Witnesses {
  /** Looks at what a kill left, exactly as the next start finds it. */
  afterKill<T>(look: (witness: Witness) => Promise<T>): Promise<T>;
  /** Looks beside a server that runs, or changes what one that does not run will find. */
  beside<T>(look: (witness: Witness) => Promise<T>): Promise<T>;
}

async function inFile<T>(file: string, look: (witness: Witness) => Promise<T>, readonly: boolean): Promise<T> {
  const database = new Database(file, readonly ? { readonly: true } : undefined);
  database.run("PRAGMA busy_timeout = 5000");
  try {
    return await look({
      ask: async <R>(sql: string) => database.query(sql).all() as R[],
      run: async (sql) => void database.run(sql),
      integrity: async () =>
        (database.query("PRAGMA integrity_check").get() as { integrity_check: string }).integrity_check,
    });
  } finally {
    database.close();
  }
}

/** After a kill it is only read: a reader takes nothing over from the log of the one that was killed. */
export const witnessesOfFile = (directory: string): Witnesses => ({
  beside: (look) => inFile(join(directory, "hatch.db"), look, false),
  afterKill: (look) => inFile(join(directory, "hatch.db"), look, true),
});

/** The server goes on for a moment with what a killed client sent last: it is looked at once nobody is left. */
export function witnessesOfServer(server: PostgresServer, database: string): Witnesses {
  const witness: Witness = {
    ask: (sql) => server.ask(sql, database),
    run: async (sql) => void (await server.ask(sql, database)),
    integrity: async () => "ok",
  };
  const sessions = `SELECT pid FROM pg_stat_activity WHERE datname = '${database}' AND application_name LIKE 'hatch %'`;
  return {
    beside: (look) => look(witness),
    async afterKill(look) {
      while ((await server.ask(sessions)).length > 0) await Bun.sleep(5);
      return look(witness);
    },
  };
}

/** One engine's drivers give what was counted as text. */
const numberOf = async (witness: Witness, sql: string): Promise<number> => {
  const [row] = await witness.ask<{ n: number | string | null }>(sql);
  return Number(row?.n ?? 0);
};

export const countSending = (witness: Witness): Promise<number> =>
  numberOf(witness, "SELECT COUNT(*) AS n FROM deliveries WHERE status = 'sending'");

/** Deliveries on their way, and long work that has not ended. What waits to be pulled waits for ever. */
export const countUnfinished = async (witness: Witness): Promise<number> =>
  (await numberOf(
    witness,
    `SELECT COUNT(*) AS n FROM deliveries JOIN subscriptions ON subscriptions.id = deliveries.subscription_id
       WHERE subscriptions.mode = 'push' AND deliveries.status IN ('pending', 'sending')`,
  )) +
  (await numberOf(
    witness,
    "SELECT COUNT(*) AS n FROM jobs WHERE kind IN ('webhooks.fan_out', 'webhooks.recover') AND ended_at IS NULL",
  ));

/** Deliveries of the pushed event types that failed for good. */
export const countFailed = (witness: Witness): Promise<number> =>
  numberOf(witness, "SELECT COUNT(*) AS n FROM deliveries WHERE status = 'failed'");

export interface Evidence {
  readonly stored: ReadonlySet<string>;
  readonly storedTwice: number;
  /** Deliveries to endpoints, by what became of them. */
  readonly deliveries: Readonly<Record<string, number>>;
  /** By outbound event, how many subscriptions it waits for to be pulled; a repeat of one counts again. */
  readonly pulled: readonly number[];
  readonly pulledTwice: number;
  /** By currency, over all accounts: what came in less what went out. */
  readonly ledgerSums: Amounts;
  /** By member and currency, from the transfers. */
  readonly balances: ReadonlyMap<string, Amounts>;
  /** The same from the members' own states. */
  readonly states: ReadonlyMap<string, Amounts>;
  readonly integrity: string;
}

function byMember(rows: readonly { user_id: string; currency: string; amount: number }[]): Map<string, Amounts> {
  const balances = new Map<string, Record<string, number>>();
  for (const { user_id, currency, amount } of rows) {
    const own = balances.get(user_id) ?? {};
    balances.set(user_id, own);
    own[currency] = (own[currency] ?? 0) + amount;
  }
  return balances;
}

export async function gather(witness: Witness): Promise<Evidence> {
  const ids = (await witness.ask<{ id: string }>("SELECT id FROM inputs WHERE kind = 'event'")).map(({ id }) => id);
  const deliveries = await witness.ask<{ status: string; n: number | string }>(
    `SELECT deliveries.status AS status, COUNT(*) AS n FROM deliveries
       JOIN subscriptions ON subscriptions.id = deliveries.subscription_id
       WHERE subscriptions.mode = 'push' GROUP BY deliveries.status`,
  );
  const pulled = await witness.ask<{ rows: number | string; subscriptions: number | string }>(
    `SELECT COUNT(*) AS rows, COUNT(DISTINCT deliveries.subscription_id) AS subscriptions FROM deliveries
       JOIN subscriptions ON subscriptions.id = deliveries.subscription_id
       WHERE subscriptions.mode = 'pull' GROUP BY deliveries.outbound_event_id`,
  );
  const movements = (
    await witness.ask<{ account: string; currency: string; amount: number | string }>(
      `SELECT account, currency, SUM(amount) AS amount FROM (
         SELECT credit AS account, currency, amount FROM ledger_transfers
         UNION ALL SELECT debit, currency, -amount FROM ledger_transfers
       ) AS movements GROUP BY account, currency`,
    )
  ).map((row) => ({ ...row, amount: Number(row.amount) }));
  const members = await witness.ask<{ id: string; user_id: string; state: string }>(
    "SELECT id, user_id, state FROM members",
  );
  const users = new Map(members.map((row) => [row.id, row]));
  const sums: Record<string, number> = {};
  for (const { currency, amount } of movements) sums[currency] = (sums[currency] ?? 0) + amount;
  const states = [...users.values()].flatMap(({ user_id, state }) =>
    Object.entries(JSON.parse(state).balances as Record<string, { available: number }>).map(([currency, balance]) => ({
      user_id,
      currency,
      amount: balance.available,
    })),
  );
  return {
    stored: new Set(ids),
    storedTwice: ids.length - new Set(ids).size,
    pulled: pulled.map(({ subscriptions }) => Number(subscriptions)),
    pulledTwice: pulled.reduce((sum, row) => sum + Number(row.rows) - Number(row.subscriptions), 0),
    deliveries: Object.fromEntries(deliveries.map(({ status, n }) => [status, Number(n)])),
    ledgerSums: sums,
    balances: byMember(
      movements.flatMap(({ account, currency, amount }) => {
        const user = users.get(account);
        return user ? [{ user_id: user.user_id, currency, amount }] : [];
      }),
    ),
    states: byMember(states),
    integrity: await witness.integrity(),
  };
}

/** Takes one acknowledged event out of the database, as a server that lied would have: the checks must notice. */
export async function dropOneEvent(witness: Witness): Promise<void> {
  const [row] = await witness.ask<{ sequence: number | string }>(
    "SELECT sequence FROM inputs WHERE kind = 'event' ORDER BY sequence LIMIT 1 OFFSET 7",
  );
  await witness.run(`DELETE FROM ledger_transfers WHERE input_sequence = ${row?.sequence}`);
  await witness.run(`DELETE FROM inputs WHERE sequence = ${row?.sequence}`);
}
