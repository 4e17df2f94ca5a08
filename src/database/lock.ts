import { Database as SqliteFile } from "bun:sqlite";
import { chmodSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { AppError } from "../kernel/errors.ts";

const LOCK_FILE = "hatch.lock";
const HOLDER_FILE = "hatch.pid";

export interface FolderLock {
  /** Releasing twice is fine. */
  release(): void;
}

/** The process that holds the folder, as it wrote itself down; meaningful only while the lock is taken. */
export function readHolder(dataDirectory: string): number | undefined {
  try {
    const pid = Number(readFileSync(join(dataDirectory, HOLDER_FILE), "utf8").trim());
    return Number.isInteger(pid) && pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}

function refusal(dataDirectory: string): AppError {
  const pid = readHolder(dataDirectory);
  const holder = pid === undefined ? "another process" : `process ${pid}`;
  return new AppError("conflict", `The data folder ${dataDirectory} is in use by ${holder}.`, {
    hint: `Stop it first${pid === undefined ? "" : ` (kill ${pid})`}, or name another folder with --data.`,
  });
}

/**
 * One process per data folder. The lock is SQLite's own on a file beside the database: the system frees it when its
 * holder dies, however it dies. The pid stands in a file apart, because a locked database can't be read.
 * @throws AppError `conflict` naming the holder
 */
export function lockFolder(dataDirectory: string): FolderLock {
  const path = join(dataDirectory, LOCK_FILE);
  const file = new SqliteFile(path, { readwrite: true, create: true });
  try {
    chmodSync(path, 0o600);
    file.run("PRAGMA locking_mode = EXCLUSIVE");
    file.run("PRAGMA journal_mode = MEMORY");
    file.run("BEGIN EXCLUSIVE");
    file.run("COMMIT");
  } catch (error) {
    file.close();
    const busy = error instanceof Error && "code" in error && error.code === "SQLITE_BUSY";
    throw busy ? refusal(dataDirectory) : error;
  }
  const holder = join(dataDirectory, HOLDER_FILE);
  writeFileSync(holder, `${process.pid}\n`, { mode: 0o600 });
  let held = true;
  return {
    release() {
      if (!held) return;
      held = false;
      rmSync(holder, { force: true });
      file.close();
    },
  };
}
