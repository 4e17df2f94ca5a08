import { sha256Hex } from "../kernel/crypto.ts";
import { AppError } from "../kernel/errors.ts";
import { findCanary } from "./canary.ts";
import {
  findSourceMark,
  findTargetMark,
  makeTargetMark,
  removeTargetMark,
  type SourceMark,
  type TargetMark,
  writeSourceMark,
  writeTargetMark,
} from "./copy-marks.ts";
import { digestTable, type TableDigest, type TableShape, walkRows } from "./copy-rows.ts";
import type { Database, SqlRow, Writer } from "./database.ts";
import { type Migration, migrate, planMigrations } from "./migrate.ts";
import { analyze, listPostgresTables } from "./postgres-inspect.ts";
import { listSqliteTables } from "./sqlite-inspect.ts";

/*
 * Moves an installation from a file to an empty database on a server: tables are made there, copied in the order of
 * their keys, then both sides are read once more, counted and hashed. Each batch notes in its own transaction how far it
 * is, so a move that was killed goes on. Nothing but a mark is written to the source, and it stays the truth until both
 * sides are known to be the same.
 */

/** Kept by each database for itself. */
const OWN_TABLES: ReadonlySet<string> = new Set(["schema_migrations"]);
/** A statement of this many characters is long enough. */
const BATCH_CHARACTERS_MAX = 4_000_000;

export interface Move {
  /** The file, held by its folder's lock. */
  readonly source: Database;
  readonly target: Database;
  /** Where to, for people. */
  readonly to: string;
  readonly migrations: readonly Migration[];
  readonly newId: () => string;
  /** Told of each table that is done. */
  readonly say: (line: string) => void;
}

export interface MovedTable extends TableDigest {
  readonly name: string;
}

export interface MoveReport {
  readonly tables: readonly MovedTable[];
  /** It went on from where another run had ended. */
  readonly resumed: boolean;
}

/** Tables after those that they refer to. */
export const listTables = async (source: Database): Promise<readonly TableShape[]> =>
  (await source.read(listSqliteTables)).filter(({ name }) => !OWN_TABLES.has(name));

interface Standing {
  readonly installation: string;
  readonly sourceMark: SourceMark | undefined;
  readonly targetMark: TargetMark | undefined;
}

/** Writes nothing. @throws AppError `conflict` where this source can't be moved to this target */
export async function checkMove({ source, target }: Pick<Move, "source" | "target">): Promise<Standing> {
  const canary = await findCanary(source);
  if (canary === undefined)
    throw new AppError("conflict", "The installation was never started: there is nothing to move.");
  const installation = sha256Hex(canary);
  const sourceMark = await source.read(findSourceMark);
  const targetMark = await target.read(findTargetMark);
  if (targetMark && targetMark.installation !== installation) {
    throw new AppError("conflict", "Another installation is being moved into that database.", {
      hint: "Name another database, or an empty one in its place.",
    });
  }
  if (sourceMark?.finishedAt !== undefined && sourceMark.id !== targetMark?.id) {
    throw new AppError("conflict", `The installation was moved to ${sourceMark.to} already.`);
  }
  const [found] = targetMark ? [] : await target.read(listPostgresTables);
  if (found !== undefined) {
    throw new AppError("conflict", `That database is not empty: it has a table ${found}.`, {
      hint: "Name an empty one, such as CREATE DATABASE makes.",
    });
  }
  return { installation, sourceMark, targetMark };
}

/** @throws AppError `conflict` as {@link checkMove} does, or where the two sides differ in the end */
export async function moveInstallation(move: Move): Promise<MoveReport> {
  const { source } = move;
  const { installation, sourceMark, targetMark } = await checkMove(move);
  const tables = await listTables(source);
  const under = targetMark !== undefined && targetMark.id === sourceMark?.id ? targetMark : undefined;
  const resumes = under?.phase === "copying" || under?.phase === "verified";
  const mark = resumes ? under : await prepare(move, installation, tables);
  if (mark.phase === "copying") await copy(move, tables, mark);
  const moved = await verify(move, tables, mark);
  await finish(move, mark);
  return { tables: moved, resumed: resumes };
}

/** An empty set of tables, whatever a run before left there. */
async function prepare(
  { source, target, to, migrations, newId }: Move,
  installation: string,
  tables: readonly TableShape[],
): Promise<TargetMark> {
  await target.write(async (writer) => {
    for (const { name } of tables.toReversed()) await writer.run(`DROP TABLE IF EXISTS ${name}`);
    for (const name of OWN_TABLES) await writer.run(`DROP TABLE IF EXISTS ${name}`);
    if (await findTargetMark(writer)) await removeTargetMark(writer);
  });
  const begun = { id: newId(), installation, tablesDone: 0, after: null };
  await makeTargetMark(target, { ...begun, phase: "preparing" });
  await source.write((writer) => writeSourceMark(writer, { id: begun.id, to }));
  await migrate(target, await planMigrations(target, migrations));
  const mark: TargetMark = { ...begun, phase: "copying" };
  await target.write(async (writer) => {
    // A migration may have put rows in, which the source has as well.
    for (const { name } of tables.toReversed()) await writer.run(`DELETE FROM ${name}`);
    await writeTargetMark(writer, mark);
  });
  return mark;
}

async function copy({ source, target, say }: Move, tables: readonly TableShape[], from: TargetMark): Promise<void> {
  let mark = from;
  const note = (writer: Writer, progress: Pick<TargetMark, "tablesDone" | "after">): Promise<number> => {
    mark = { ...mark, ...progress };
    return writeTargetMark(writer, mark);
  };
  for (const [index, table] of tables.entries()) {
    if (index < from.tablesDone) continue;
    let rows = 0;
    for await (const page of walkRows(source, table, mark.after)) {
      await target.write(async (writer) => {
        for (const batch of batchesOf(page.rows)) {
          await writer.insertMany({ table: table.name, columns: table.columns, rows: batch });
        }
        await note(writer, { tablesDone: index, after: page.after });
      });
      rows += page.rows.length;
    }
    await target.write(async (writer) => {
      await note(writer, { tablesDone: index + 1, after: null });
      await analyze(writer, table.name);
    });
    say(`${table.name}: ${rows} rows copied`);
  }
}

const sizeOf = (row: SqlRow): number =>
  row.reduce<number>(
    (size, value) => size + (typeof value === "object" ? (value?.length ?? 0) * 2 : String(value).length),
    0,
  );

/** Rows may be long: as many together as fit. */
function* batchesOf(rows: readonly SqlRow[]): Generator<readonly SqlRow[]> {
  let batch: SqlRow[] = [];
  let size = 0;
  for (const row of rows) {
    const own = sizeOf(row);
    if (batch.length > 0 && size + own > BATCH_CHARACTERS_MAX) {
      yield batch;
      batch = [];
      size = 0;
    }
    batch.push(row);
    size += own;
  }
  if (batch.length > 0) yield batch;
}

async function verify(
  { source, target, say }: Move,
  tables: readonly TableShape[],
  mark: TargetMark,
): Promise<readonly MovedTable[]> {
  const moved: MovedTable[] = [];
  for (const table of tables) {
    const here = await digestTable(source, table);
    const there = await digestTable(target, table);
    if (here.rows !== there.rows || here.digest !== there.digest) {
      await target.write((writer) => writeTargetMark(writer, { ...mark, phase: "spoilt" }));
      const message = `The table ${table.name} came out otherwise: ${here.rows} rows here, ${there.rows} there.`;
      throw new AppError("conflict", message, { hint: "Nothing was given up here. Run it again: it begins anew." });
    }
    moved.push({ name: table.name, ...here });
    say(`${table.name}: ${here.rows} rows are the same on both sides`);
  }
  return moved;
}

/** In this order, so that at no moment both sides would start: the target does only once its mark is gone. */
async function finish({ source, target, to }: Move, mark: TargetMark): Promise<void> {
  await target.write((writer) => writeTargetMark(writer, { ...mark, phase: "verified" }));
  await source.write((writer) => writeSourceMark(writer, { id: mark.id, to, finishedAt: writer.now }));
  await target.write(removeTargetMark);
}
