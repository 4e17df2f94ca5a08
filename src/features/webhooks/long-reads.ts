import type { Database } from "../../database/database.ts";
import { Turns } from "../../kernel/turns.ts";

/** Reports, counts and surveys of one process: however many are asked for, together they leave everybody else half of the time. */
export const longReads = new Turns();

/** Asks one question; each is short. */
export type Ask = Database["read"];

/**
 * For what looks at much, question by question. Between two of them others run, so what is read is not of one moment. A
 * question never waits for a turn inside of another: on Postgres it would keep its connection meanwhile.
 */
export const inTurns = <T>(database: Pick<Database, "read">, look: (ask: Ask) => Promise<T>): Promise<T> =>
  longReads.run((rest) =>
    look(async (question) => {
      await rest();
      return database.read(question);
    }),
  );
