import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import type { AuditSink } from "./audit-stream.ts";

/** Without `O_NONBLOCK` a pipe that nobody reads would hold us up for ever. */
const FLAGS = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK;
const OWNER_ONLY = 0o600;
const NEWLINE = 0x0a;

/** A line that was cut off by a full disk or a crash is ended first: what follows must not run into it. */
async function endLine(file: FileHandle, size: number): Promise<void> {
  if (size === 0) return;
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  if (buffer[0] !== NEWLINE) await file.appendFile("\n");
}

/**
 * Appends to a file, for its owner only where it is made here, and returns when the lines are on the disk. It is opened for
 * each write: who rotates logs may move it away at any time, with or without a signal.
 */
export const createFileSink = (path: string): AuditSink => ({
  name: path,
  async write(lines) {
    const file = await open(path, FLAGS, OWNER_ONLY);
    try {
      const stat = await file.stat();
      if (!stat.isFile()) throw new Error(`${path} is not a regular file`);
      await endLine(file, stat.size);
      await file.appendFile(lines);
      await file.sync();
    } finally {
      await file.close();
    }
  },
});
