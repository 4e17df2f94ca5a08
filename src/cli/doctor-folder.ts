import { existsSync, lstatSync, readdirSync, statfsSync, statSync } from "node:fs";
import { join } from "node:path";
import { databaseFileOf, hasDatabase } from "../database/open.ts";
import type { Finding } from "../feature.ts";

const GROUP_OR_OTHERS = 0o077;
const MEBIBYTE = 1024 * 1024;
const FREE_BYTES_MIN = 256 * MEBIBYTE;

const octal = (mode: number): string => (mode & 0o777).toString(8).padStart(3, "0");

/** What holds secrets or customers' data has to be closed to everybody else. */
function examineModes(dataDirectory: string): Finding {
  const ours = readdirSync(dataDirectory).filter((name) => /^(hatch\.|root\.key|setup\.token|snapshots)/.test(name));
  const open = [dataDirectory, ...ours.map((name) => join(dataDirectory, name))]
    .filter((path) => !path.endsWith(".config.ts") && !path.endsWith(".config.json"))
    .map((path) => ({ path, mode: lstatSync(path).mode }))
    .filter(({ mode }) => (mode & GROUP_OR_OTHERS) !== 0);
  const check = "permissions";
  if (open.length === 0) return { check, ok: true, message: "The data folder is its owner's alone." };
  const named = open.map(({ path, mode }) => `${path} (${octal(mode)})`).join(", ");
  return {
    check,
    ok: false,
    message: `Others than the owner may enter ${named}. Run: chmod go= ${open.map(({ path }) => path).join(" ")}`,
  };
}

function examineOwner(dataDirectory: string): Finding {
  const { uid } = statSync(dataDirectory);
  const self = process.getuid?.() ?? uid;
  const ok = uid === self || self === 0;
  const message = ok
    ? "The data folder belongs to the user of this process."
    : `The data folder belongs to user ${uid}, this process is user ${self}. Run it as ${uid}.`;
  return { check: "owner", ok, message };
}

/** A migration copies the database first, so there has to be room for it once more. */
function examineSpace(dataDirectory: string): Finding {
  const { bavail, bsize } = statfsSync(dataDirectory);
  const free = bavail * bsize;
  const needed = Math.max(FREE_BYTES_MIN, statSync(databaseFileOf(dataDirectory)).size * 2);
  const inMebibytes = (bytes: number): string => `${Math.floor(bytes / MEBIBYTE)} MiB`;
  const message = `${inMebibytes(free)} are free, ${inMebibytes(needed)} are wanted.`;
  return { check: "disk space", ok: free >= needed, message: free >= needed ? message : `${message} Free some space.` };
}

/** Looks at the folder from outside; opens nothing. One whose database is on a server may not be there at all. */
export function examineFolder(dataDirectory: string, { onServer }: { readonly onServer: boolean }): Finding[] {
  if (onServer) return existsSync(dataDirectory) ? [examineOwner(dataDirectory), examineModes(dataDirectory)] : [];
  if (!hasDatabase(dataDirectory)) {
    const message = `There is no installation in ${dataDirectory}. Name its folder with --data.`;
    return [{ check: "installation", ok: false, message }];
  }
  return [examineOwner(dataDirectory), examineModes(dataDirectory), examineSpace(dataDirectory)];
}
