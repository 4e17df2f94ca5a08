/** The client runs in the customer's own program: its time is that program's. */

export const nowMs = (): number => Date.now();

/** @returns the milliseconds until then; undefined for what is no date of an HTTP header */
export function untilHttpDate(text: string): number | undefined {
  const at = /GMT$/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? undefined : Math.max(0, at - Date.now());
}

/** Resolves after `delayMs`; rejects with the signal's reason as soon as that is aborted. */
export function sleep(delayMs: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const wake = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", wake);
      resolve();
    }, delayMs);
    signal?.addEventListener("abort", wake, { once: true });
  });
}

export interface Deadline {
  readonly signal: AbortSignal;
  readonly passed: () => boolean;
  end(): void;
}

/** Aborts after `timeoutMs`, or when the caller's own signal does. Has to be ended. */
export function startDeadline(timeoutMs: number, outer: AbortSignal | undefined): Deadline {
  const controller = new AbortController();
  let passed = false;
  const timer = setTimeout(() => {
    passed = true;
    controller.abort(new DOMException("The time is up.", "TimeoutError"));
  }, timeoutMs);
  const follow = (): void => controller.abort(outer?.reason);
  if (outer?.aborted) follow();
  outer?.addEventListener("abort", follow, { once: true });
  return {
    signal: controller.signal,
    passed: () => passed,
    end() {
      clearTimeout(timer);
      outer?.removeEventListener("abort", follow);
    },
  };
}
