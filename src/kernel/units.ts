declare const unit: unique symbol;

/** Milliseconds since 1970-01-01T00:00:00Z on the wall clock. */
export type UnixMs = number & { readonly [unit]: "unix-ms" };
/** A length of time in milliseconds. */
export type DurationMs = number & { readonly [unit]: "duration-ms" };
/** A reading of the monotonic clock in milliseconds: only differences mean something. */
export type MonotonicMs = number & { readonly [unit]: "monotonic-ms" };

export const unixMs = (value: number): UnixMs => value as UnixMs;
export const durationMs = (value: number): DurationMs => value as DurationMs;
export const monotonicMs = (value: number): MonotonicMs => value as MonotonicMs;

export const addMs = (at: UnixMs, duration: number): UnixMs => (at + duration) as UnixMs;

export const SECOND = durationMs(1_000);
export const MINUTE = durationMs(60_000);
export const HOUR = durationMs(3_600_000);
export const DAY = durationMs(86_400_000);

const DURATION = /^(\d{1,9})(ms|s|m|h|d)$/;
const FACTOR: Readonly<Record<string, number>> = { ms: 1, s: SECOND, m: MINUTE, h: HOUR, d: DAY };

/** `"15m"`, `"24h"`, `"30d"`, `"250ms"` in milliseconds; undefined for anything else. */
export function parseDuration(text: string): DurationMs | undefined {
  const match = DURATION.exec(text);
  const factor = FACTOR[match?.[2] ?? ""];
  return match && factor !== undefined ? durationMs(Number(match[1]) * factor) : undefined;
}

/** The shortest spelling that {@link parseDuration} reads back: `90000` is `"90s"`. */
export function formatDuration(duration: number): string {
  for (const [name, factor] of [
    ["d", DAY],
    ["h", HOUR],
    ["m", MINUTE],
    ["s", SECOND],
  ] as const) {
    if (duration >= factor && duration % factor === 0) return `${duration / factor}${name}`;
  }
  return `${duration}ms`;
}

const BYTE_UNITS = ["bytes", "KiB", "MiB", "GiB", "TiB"] as const;

/** `12.3 MiB`, for people. */
export function formatBytes(bytes: number): string {
  const power = bytes < 1 ? 0 : Math.min(BYTE_UNITS.length - 1, Math.floor(Math.log2(bytes) / 10));
  return power === 0 ? `${bytes} bytes` : `${(bytes / 1024 ** power).toFixed(1)} ${BYTE_UNITS[power]}`;
}
