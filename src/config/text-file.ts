import { closeSync, fstatSync, openSync, readSync } from "node:fs";

const BYTES_MAX = 64 * 1024;

/** The text of a small file without its last line break; undefined where it can't be read or is too long. */
export function readSmallTextFile(path: string): string | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(path, "r");
  } catch {
    return undefined;
  }
  try {
    if (fstatSync(descriptor).isDirectory()) return undefined;
    const bytes = new Uint8Array(BYTES_MAX + 1);
    let length = 0;
    for (;;) {
      const read = readSync(descriptor, bytes, length, bytes.length - length, null);
      if (read === 0) break;
      length += read;
      if (length > BYTES_MAX) return undefined;
    }
    return Buffer.from(bytes.subarray(0, length))
      .toString("utf8")
      .replace(/\r?\n$/, "");
  } finally {
    closeSync(descriptor);
  }
}
