import { Database as SqliteFile } from "bun:sqlite";
import { chmodSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { isoTime } from "../kernel/clock.ts";
import { moveDurably } from "../kernel/files.ts";
import type { UnixMs } from "../kernel/units.ts";

const SNAPSHOT_FOLDER = "snapshots";

/**
 * A whole copy of the database before migrations change it: made under another name first, because a full disk leaves
 * half a file behind.
 * @returns its path
 */
export function snapshotFile(options: {
  readonly file: string;
  readonly dataDirectory: string;
  /** The schema that it holds. */
  readonly version: number;
  readonly now: UnixMs;
}): string {
  const folder = join(options.dataDirectory, SNAPSHOT_FOLDER);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const name = `schema-${options.version}-${isoTime(options.now).replace(/[:.]/g, "-")}.db`;
  const finished = join(folder, name);
  const unfinished = `${finished}.unfinished`;
  const source = new SqliteFile(options.file, { readonly: true });
  try {
    source.run("VACUUM INTO ?", [unfinished]);
    chmodSync(unfinished, 0o600);
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw error;
  } finally {
    source.close();
  }
  moveDurably(unfinished, finished);
  return finished;
}
