const FIRST_DELAY_MS = 400;
const DELAY_MAX_MS = 10_000;
/** Whoever asks for a longer wait than this is told so, instead of holding the caller. */
export const RETRY_AFTER_MAX_MS = 60_000;

/** Whether the same call may fare better later. A server that is not set up, or can't do it at all, won't. */
export const mayRetry = (status: number, code: string): boolean =>
  status === 408 || status === 429 || (status >= 500 && status !== 501 && code !== "not_configured");

/** Doubles with each failure; half of it is chance, so that many clients don't come back at the same moment. */
export function backoffMs(failures: number, fraction: number): number {
  const whole = Math.min(DELAY_MAX_MS, FIRST_DELAY_MS * 2 ** Math.min(20, failures - 1));
  return whole / 2 + (whole / 2) * fraction;
}
