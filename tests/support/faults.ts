import type { Database, Writer } from "../../src/database/database.ts";
import { AppError } from "../../src/kernel/errors.ts";

export interface FaultyDatabase extends Database {
  /** The next fault strikes at this statement of a write, counted from now; 0 strikes never. */
  strikeAt(statement: number): void;
  /** The answer to this write, counted from now, is lost: all of it is kept, and the caller is told that it failed. */
  loseAnswer(write: number): void;
  /** Whether the fault that was set has struck. */
  struck(): boolean;
}

const STATEMENTS = new Set(["all", "get", "findMany", "lockMany", "run", "insertMany", "upsertMany", "updateMany"]);

/** A real database whose n-th statement inside a write fails once, as a failing disk would make it. */
export function withFaults(database: Database): FaultyDatabase {
  let left = 0;
  let hit = false;
  const faulty = (writer: Writer): Writer =>
    new Proxy(writer, {
      get(target, name) {
        const value = Reflect.get(target, name);
        if (typeof value !== "function" || !STATEMENTS.has(String(name))) return value;
        return (...args: unknown[]) => {
          if (left > 0 && --left === 0) {
            hit = true;
            return Promise.reject(new Error(`injected fault in ${String(name)}`));
          }
          return Reflect.apply(value, target, args);
        };
      },
    });
  let writes = 0;
  return {
    ...database,
    async write(change) {
      const answer = await database.write((writer) => change(faulty(writer)));
      if (writes === 0 || --writes > 0) return answer;
      hit = true;
      throw new AppError("unavailable", "The connection to the database was lost; the change may have been kept.");
    },
    loseAnswer(write) {
      writes = write;
      hit = false;
    },
    strikeAt(statement) {
      left = statement;
      hit = false;
    },
    struck: () => hit,
  };
}
