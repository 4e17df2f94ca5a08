/** What a run of tests came to. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export interface Run {
  /** The report in JUnit's format; undefined where the run ended before it was written. */
  readonly report: string | undefined;
  /** The test files that were to run. */
  readonly files: readonly string[];
  readonly exitCode: number;
}

const numberOf = (tag: string, name: string): number =>
  Number(new RegExp(`\\b${name}="(\\d+)"`).exec(tag)?.[1] ?? Number.NaN);

/**
 * Counts from the report, and is suspicious of it: a file that is missing there (it could not be loaded, or an exit in the
 * middle took it along) is a failure, and so is an exit code that says so where no test does.
 */
export function countRun({ report, files, exitCode }: Run): {
  readonly counts: Counts;
  readonly unaccounted: string[];
} {
  const total = /<testsuites\b[^>]*>/.exec(report ?? "")?.[0] ?? "";
  const reported = new Set([...(report ?? "").matchAll(/<testsuite\b[^>]*\bfile="([^"]+)"/g)].map((match) => match[1]));
  const unaccounted = files.filter((file) => !reported.has(file));
  const tests = numberOf(total, "tests") || 0;
  const skipped = numberOf(total, "skipped") || 0;
  const failures = (numberOf(total, "failures") || 0) + unaccounted.length;
  const failed = failures === 0 && exitCode !== 0 ? 1 : failures;
  return {
    counts: { passed: tests - skipped - (numberOf(total, "failures") || 0), failed, skipped },
    unaccounted,
  };
}

export const closingLine = ({ passed, failed, skipped }: Counts): string =>
  `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
