import { Database as SqliteFile } from "bun:sqlite";
import { statSync } from "node:fs";
import { AppError } from "../kernel/errors.ts";
import { lockFolder } from "./lock.ts";
import { databaseFileOf } from "./open.ts";
import { findDiskFree } from "./sqlite-storage.ts";

export interface Compacted {
  readonly bytesBefore: number;
  readonly bytesAfter: number;
}

/**
 * Writes the file anew, without its free pages, while no server runs. A file that can't be made smaller in use becomes one
 * that can.
 * @throws AppError `conflict` where a server runs, `unavailable` where the disk has no room for a second copy
 */
export function compactDatabase(dataDirectory: string): Compacted {
  const lock = lockFolder(dataDirectory);
  try {
    const file = databaseFileOf(dataDirectory);
    const bytesBefore = statSync(file).size;
    const room = findDiskFree(file);
    // The copy, and the log that it goes back by.
    if (room !== undefined && room < bytesBefore * 2) {
      throw new AppError("unavailable", "The disk has no room for a second copy of the database and its log.", {
        hint: `Make ${Math.ceil((bytesBefore * 2 - room) / 1024 / 1024)} MiB free, or move the data folder.`,
      });
    }
    const connection = new SqliteFile(file, { readwrite: true });
    try {
      connection.run("PRAGMA synchronous = FULL");
      connection.run("PRAGMA auto_vacuum = INCREMENTAL");
      connection.run("VACUUM");
      connection.run("PRAGMA wal_checkpoint(TRUNCATE)");
    } finally {
      connection.close();
    }
    return { bytesBefore, bytesAfter: statSync(file).size };
  } finally {
    lock.release();
  }
}
