import { AppError } from "../kernel/errors.ts";
import type { UnixMs } from "../kernel/units.ts";
import type { Database, Reader, SqlValue, Writer } from "./database.ts";

/*
 * What a move from one database to another leaves behind, so that there are never two truths: a row in the source from
 * its beginning on, a table in the target until its end.
 */

/** The row of `instance` that tells of a move away. It is not moved along. */
const MARK_NAME = "move";

export interface SourceMark {
  /** Of this move. */
  readonly id: string;
  /** Where to, for people. */
  readonly to: string;
  /** Absent while it is under way. */
  readonly finishedAt?: UnixMs;
}

export const isSourceMark = (table: string, row: Readonly<Record<string, SqlValue>>): boolean =>
  table === "instance" && row.name === MARK_NAME;

export async function findSourceMark(reader: Reader): Promise<SourceMark | undefined> {
  if (!(await reader.hasTable("instance"))) return undefined;
  const row = await reader.get<{ value: string }>("SELECT value FROM instance WHERE name = ?", [MARK_NAME]);
  return row && (JSON.parse(row.value) as SourceMark);
}

export const writeSourceMark = (writer: Writer, mark: SourceMark): Promise<void> =>
  writer.upsertMany({
    table: "instance",
    columns: ["name", "value"],
    keyColumns: ["name"],
    rows: [[MARK_NAME, JSON.stringify(mark)]],
  });

const removeSourceMark = (writer: Writer): Promise<number> =>
  writer.run("DELETE FROM instance WHERE name = ?", [MARK_NAME]);

/**
 * A start ends a move that was not finished: what was copied so far is no longer what is here. One that was finished is
 * where the truth lies now.
 */
export async function refuseMoved(
  database: Database,
  { dataDirectory, reopenMoved }: { readonly dataDirectory: string; readonly reopenMoved: boolean },
): Promise<void> {
  const mark = await database.read(findSourceMark);
  if (!mark) return;
  if (mark.finishedAt !== undefined && !reopenMoved) {
    throw new AppError("conflict", `The installation in ${dataDirectory} was moved to ${mark.to}.`, {
      hint: "Start it there with --database or HATCH_DATABASE_URL. To go on here without what happened there since: hatch serve --reopen-moved",
    });
  }
  await database.write(removeSourceMark);
}

/** One row, in the target, while the move is under way. */
const TARGET_TABLE = "hatch_move";

export interface TargetMark {
  readonly id: string;
  /** Which installation is moved here: it alone may go on with it. */
  readonly installation: string;
  /** `spoilt` was found to differ: it begins anew. */
  readonly phase: "preparing" | "copying" | "verified" | "spoilt";
  /** How many tables are done, and the key of the last row copied of the next one. */
  readonly tablesDone: number;
  readonly after: readonly SqlValue[] | null;
}

export async function makeTargetMark(database: Database, mark: TargetMark): Promise<void> {
  await database.write(async (writer) => {
    await writer.run(`CREATE TABLE ${TARGET_TABLE} (one SMALLINT PRIMARY KEY CHECK (one = 1), state TEXT NOT NULL)`);
    await writer.insertMany({ table: TARGET_TABLE, columns: ["one", "state"], rows: [[1, JSON.stringify(mark)]] });
  });
}

export async function findTargetMark(reader: Reader): Promise<TargetMark | undefined> {
  if (!(await reader.hasTable(TARGET_TABLE))) return undefined;
  const row = await reader.get<{ state: string }>(`SELECT state FROM ${TARGET_TABLE}`);
  return row && (JSON.parse(row.state) as TargetMark);
}

export const writeTargetMark = (writer: Writer, mark: TargetMark): Promise<number> =>
  writer.run(`UPDATE ${TARGET_TABLE} SET state = ?`, [JSON.stringify(mark)]);

export const removeTargetMark = (writer: Writer): Promise<number> => writer.run(`DROP TABLE ${TARGET_TABLE}`);

export async function refuseHalfMoved(database: Database): Promise<void> {
  if (!(await database.read((reader) => reader.hasTable(TARGET_TABLE)))) return;
  throw new AppError("conflict", "An installation is being moved into this database, and that is not finished.", {
    hint: "Run `hatch migrate-to` on the folder that it comes from once more: it goes on where it ended.",
  });
}
