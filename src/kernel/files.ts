import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";

function syncFolder(path: string): void {
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** A file for its owner only: whole or not there at all, also after a power cut. */
export function writeDurably(path: string, text: string): void {
  const unfinished = `${path}.unfinished`;
  rmSync(unfinished, { force: true });
  const descriptor = openSync(unfinished, "wx", 0o600);
  try {
    // A disk that is nearly full may take a part, and say so by nothing else.
    if (writeSync(descriptor, text) !== Buffer.byteLength(text)) throw new Error(`${path} was not written whole`);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  moveDurably(unfinished, path);
}

/** Gives a finished file its name. */
export function moveDurably(from: string, to: string): void {
  renameSync(from, to);
  syncFolder(dirname(to));
}
