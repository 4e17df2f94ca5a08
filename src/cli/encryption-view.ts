import { countOf, figure } from "./view.ts";

/** As the operations answer. */
export interface ShownRotation {
  readonly state: "none" | "running" | "waiting" | "damaged" | "done";
  readonly keyId: string;
  readonly formerKeyIds: readonly string[];
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly resealed: number;
  readonly left: number | null;
  readonly damaged: readonly { readonly table: string; readonly column: string; readonly row: string }[];
}

export interface ShownStatus extends ShownRotation {
  readonly formerKeys: readonly { readonly keyId: string; readonly source: string; readonly isNeeded: boolean }[];
  readonly columns: readonly {
    readonly table: string;
    readonly column: string;
    readonly valuesByKey: Readonly<Record<string, number>>;
  }[];
}

const values = (count: number): string => countOf(count, "value");

function damageLines({ damaged }: ShownRotation): string[] {
  if (damaged.length === 0) return [];
  return [
    "These values open with no key where they stand: they were changed, or put in another's place.",
    ...damaged.map(({ table, column, row }) => `  ${table}.${column} of ${row}`),
    "Restore or replace them, and the rotation ends by itself within the hour; or give them up:",
    "  hatch encryption rotate --leave-damaged",
  ];
}

function headOf({ state, keyId, formerKeyIds, left, startedAt, endedAt }: ShownRotation): string {
  const former = formerKeyIds.join(", ");
  const rest = left === null ? "what is left is being counted" : `${values(left)} left`;
  switch (state) {
    case "none":
      return `Key ${keyId} seals everything; no other is needed.`;
    case "done":
      return `Key ${keyId} seals everything; no other is needed. The last rotation ended at ${endedAt}.`;
    case "running":
      return `A rotation from key ${former} to key ${keyId} is under way since ${startedAt}: ${rest}.`;
    case "waiting":
      return `A rotation from key ${former} to key ${keyId} is not finished: ${rest}. Start the server, or run: hatch encryption rotate`;
    case "damaged":
      return `A rotation from key ${former} to key ${keyId} can't end: ${rest}.`;
  }
}

function tableOf({ columns }: ShownStatus): string[] {
  const rows = columns
    .flatMap(({ table, column, valuesByKey }) =>
      Object.entries(valuesByKey).map(([key, count]) => [`${table}.${column}`, key, figure(count)] as const),
    )
    .filter(([, , count]) => count !== "0");
  if (rows.length === 0) return [];
  const width = Math.max(...rows.map(([name]) => name.length));
  const digits = Math.max(...rows.map(([, , count]) => count.length), "values".length);
  const line = (name: string, key: string, count: string): string =>
    `  ${name.padEnd(width)}  ${key.padEnd(8)}  ${count.padStart(digits)}`;
  return ["", line("column", "key", "values"), ...rows.map(([name, key, count]) => line(name, key, count))];
}

const formerLines = ({ formerKeys }: ShownStatus): string[] => [
  ...(formerKeys.length === 0 ? [] : [""]),
  ...formerKeys.map(({ keyId, source, isNeeded }) =>
    isNeeded
      ? `Key ${keyId} (${source}) is needed until the rotation ends.`
      : `Key ${keyId} (${source}) is no longer needed here. Backups from before the rotation open with it: keep it with them, then remove it.`,
  ),
];

export const statusText = (status: ShownStatus): string =>
  [headOf(status), ...damageLines(status), ...tableOf(status), ...formerLines(status)].join("\n");

/** How a rotation came out, for whoever asked for it. */
export function outcomeText(rotation: ShownRotation): string {
  const { state, keyId, resealed } = rotation;
  if (state === "done")
    return `Done: ${values(resealed)} sealed anew. Key ${keyId} seals everything; no other is needed.`;
  return [headOf(rotation), ...damageLines(rotation)].join("\n");
}

export const progressText = ({ resealed, left }: ShownRotation): string =>
  left === null ? "Counting what is sealed …" : `${values(resealed)} sealed anew, ${figure(left)} left …`;
