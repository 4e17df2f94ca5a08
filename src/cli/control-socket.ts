import { lstatSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const NAME = "hatch.sock";
/** The system's own limit is 104 to 108 bytes, by its kind. */
const PATH_BYTES_MAX = 100;

const pathIn = (dataDirectory: string): string => join(dataDirectory, NAME);
const fits = (path: string): boolean => Buffer.byteLength(path) <= PATH_BYTES_MAX;

/** Where a running server listens; undefined where none has been. */
export function findSocket(dataDirectory: string): string | undefined {
  const path = pathIn(dataDirectory);
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (!stat) return undefined;
  return stat.isFile() ? readFileSync(path, "utf8").trim() : path;
}

/**
 * A place for the socket, free of what an earlier life left. The data folder's path may be too long for one: then the
 * socket lies in a folder of its own, for its owner only, and a file of the same name says where.
 */
export function placeSocket(dataDirectory: string): { readonly path: string; remove(): void } {
  const path = pathIn(dataDirectory);
  rmSync(path, { force: true });
  if (fits(path)) return { path, remove: () => rmSync(path, { force: true }) };
  const elsewhere = join(mkdtempSync(join(tmpdir(), "hatch-")), NAME);
  writeFileSync(path, `${elsewhere}\n`, { mode: 0o600 });
  return {
    path: elsewhere,
    remove() {
      rmSync(path, { force: true });
      rmSync(dirname(elsewhere), { recursive: true, force: true });
    },
  };
}
