import { existsSync, readdirSync, readFileSync } from "node:fs";

const TICKS_PER_SECOND = 100;

const fieldsOf = (pid: number): string[] => {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  } catch {
    return [];
  }
};

/** A process and its children: a Postgres server is one process for each connection. */
const familyOf = (pid: number): number[] => [
  pid,
  ...readdirSync("/proc")
    .map(Number)
    .filter((other) => other > 0 && Number(fieldsOf(other)[1]) === pid),
];

/** Processor time used so far by processes and their children, also by children that have ended. */
export function cpuSecondsOf(pids: readonly number[]): number {
  const ticks = (fields: readonly string[], names: readonly number[]): number =>
    names.reduce((sum, name) => sum + Number(fields[name] ?? 0), 0);
  const all = pids.flatMap((pid) =>
    familyOf(pid).map((member) => ticks(fieldsOf(member), member === pid ? [11, 12, 13, 14] : [11, 12])),
  );
  return all.reduce((sum, value) => sum + value, 0) / TICKS_PER_SECOND;
}

/** What they hold of the memory; what they share is counted once. */
export function megabytesOf(pids: readonly number[]): number {
  const kilobytes = pids.flatMap(familyOf).map((pid) => {
    const path = `/proc/${pid}/smaps_rollup`;
    try {
      return existsSync(path) ? Number(/^Pss:\s+(\d+) kB/m.exec(readFileSync(path, "utf8"))?.[1] ?? 0) : 0;
    } catch {
      return 0;
    }
  });
  return kilobytes.reduce((sum, value) => sum + value, 0) / 1_024;
}
