import type { OpenLoopResult, Spread } from "../open-loop.ts";
import { CONDITIONS, type Crash, type Latencies, type Throughput } from "./measures.ts";

const median = (values: readonly (number | null)[]): number =>
  values.map((value) => value ?? Number.POSITIVE_INFINITY).sort((a, b) => a - b)[Math.floor(values.length / 2)] ??
  Number.NaN;
const whole = (value: number): string => Math.round(value).toLocaleString("en-US");
const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |\n`;
const table = (heads: readonly string[], rows: readonly (readonly string[])[]): string =>
  `${line(heads)}${line(heads.map(() => "---"))}${rows.map(line).join("")}\n`;

const MEASURES: readonly (readonly [keyof Throughput, string])[] = [
  ["single", "kept, one a call (/s)"],
  ["batched", "kept, 100 a call (/s)"],
  ["drained", "delivered (/s)"],
  ["cpuMicros", "CPU of an event, all (µs)"],
  ["drainCpuMicros", "of that its delivery (µs)"],
  ["megabytes", "memory (MB)"],
];

/** The figures, and their ratios to the first: the median of the rounds' ratios. */
export function throughputTables(results: ReadonlyMap<string, readonly Throughput[]>): string {
  const heads = ["", ...MEASURES.map(([, text]) => text)];
  const first = [...results.values()][0] ?? [];
  const rows = [...results].map(([name, rounds]) => [
    name,
    ...MEASURES.map(([key]) => whole(median(rounds.map((round) => round[key])))),
  ]);
  const ratios = [...results].map(([name, rounds]) => [
    name,
    ...MEASURES.map(([key]) =>
      median(rounds.map((round, index) => round[key] / (first[index]?.[key] ?? Number.NaN))).toFixed(2),
    ),
  ]);
  return `${table(heads, rows)}Ratio to the first:\n\n${table(heads, ratios)}`;
}

/** What never came is endless, and null once it has been through JSON. */
const ms = (value: number | null): string => {
  if (value === null || !Number.isFinite(value)) return "not in time";
  return value < 100 ? value.toFixed(1) : whole(value);
};
const medianSpread = (all: readonly Spread[]): Spread => ({
  p50: median(all.map(({ p50 }) => p50)),
  p95: median(all.map(({ p95 }) => p95)),
  p99: median(all.map(({ p99 }) => p99)),
  max: median(all.map(({ max }) => max)),
});

export function latencyTable(results: Latencies): string {
  const heads = [
    `${CONDITIONS.RATE}/s, ms`,
    "kept p50",
    "p95",
    "then arrived p50",
    "p95",
    "p99",
    "both p50",
    "p95",
    "p99",
  ];
  const rows = [...results].map(([name, all]) => {
    const kept = medianSpread(all.map(({ toAcknowledgement }) => toAcknowledgement));
    const arrived = medianSpread(all.map(({ toFirstArrival }) => toFirstArrival));
    const both = medianSpread(all.map(({ endToEnd }) => endToEnd));
    const figures = [kept.p50, kept.p95, arrived.p50, arrived.p95, arrived.p99, both.p50, both.p95, both.p99];
    return { name, figures, both: both.p95 };
  });
  const first = rows[0]?.both ?? Number.NaN;
  return table(
    [...heads, "p95 of both to the first"],
    rows.map(({ name, figures, both }) => [name, ...figures.map(ms), (both / first).toFixed(2)]),
  );
}

export function crashTable(results: ReadonlyMap<string, Crash>): string {
  const heads = [
    "kill -9 half-way",
    "jobs",
    `not there after ${CONDITIONS.CRASH_PATIENCE_MS / 1_000} s`,
    "sent again",
    "all there after the restart (s)",
  ];
  return table(
    heads,
    [...results].map(([name, { jobs, missing, twice, recoveredSeconds }]) => [
      name,
      ...[jobs, missing, twice].map(whole),
      recoveredSeconds?.toFixed(1) ?? "no",
    ]),
  );
}

export function fairnessTable(results: ReadonlyMap<string, OpenLoopResult>): string {
  const { HANGING, HEALTHY_RATE } = CONDITIONS;
  const heads = [`${HANGING} hanging, 1 healthy at ${HEALTHY_RATE}/s, ms`, "p50", "p95", "max", "not there in time"];
  return table(
    heads,
    [...results].map(
      ([
        name,
        {
          sent,
          missing,
          toFirstArrival: { p50, p95, max },
        },
      ]) => [name, ...[p50, p95, max].map(ms), `${whole(missing)} of ${whole(sent)}`],
    ),
  );
}
