import type { Clock, Timer } from "../kernel/clock.ts";
import type { MonotonicMs } from "../kernel/units.ts";

/** Every address of a name, in the order to try them. Throws where there is none. */
export type Resolver = (name: string) => Promise<readonly string[]>;

export type Resolution =
  | { readonly kind: "found"; readonly addresses: readonly string[] }
  /** `message` is one sentence. */
  | { readonly kind: "missing"; readonly message: string };

/** Looks names up, with a memory of a few seconds. What it answers is not vetted. */
export interface NameBook {
  /** At once where it is remembered. */
  find(name: string): Resolution | Promise<Resolution>;
  /** Asks anew next time: the address did not answer. */
  forget(name: string): void;
}

const LOOKUP_TIMEOUT_MS = 5_000;
/** Short: a name that moves is followed within seconds. Every send vets what it finds here, so age is no risk. */
const MEMORY_MS = 5_000;
const NAMES_MAX = 1_000;
/** More than any honest name has; each is vetted. */
const ADDRESSES_MAX = 64;

interface Remembered {
  readonly at: MonotonicMs;
  answer: Resolution | Promise<Resolution>;
}

export function createNameBook(clock: Clock, resolver: Resolver): NameBook {
  const memory = new Map<string, Remembered>();

  const ask = (name: string): Promise<Resolution> => {
    const answer = resolveInTime(clock, resolver, name);
    // Those who ask while it is being looked up share one question.
    const entry: Remembered = { at: clock.monotonic(), answer };
    memory.delete(name);
    memory.set(name, entry);
    const [oldest] = memory.keys();
    if (memory.size > NAMES_MAX && oldest !== undefined) memory.delete(oldest);
    answer.then((resolution) => {
      entry.answer = resolution;
      if (resolution.kind === "missing" && memory.get(name) === entry) memory.delete(name);
    });
    return answer;
  };

  return {
    find(name) {
      const known = memory.get(name);
      return known && clock.monotonic() - known.at < MEMORY_MS ? known.answer : ask(name);
    },
    forget: (name) => void memory.delete(name),
  };
}

async function resolveInTime(clock: Clock, resolver: Resolver, name: string): Promise<Resolution> {
  let timer: Timer | undefined;
  const late = new Promise<Resolution>((resolve) => {
    const message = `The name did not resolve within ${LOOKUP_TIMEOUT_MS / 1_000} seconds.`;
    timer = clock.after(LOOKUP_TIMEOUT_MS, () => resolve({ kind: "missing", message }));
  });
  const asked = (async () => resolver(name))();
  const answered = asked.then(
    (addresses): Resolution => {
      if (addresses.length === 0) return { kind: "missing", message: "The name does not resolve." };
      if (addresses.length > ADDRESSES_MAX) return { kind: "missing", message: "The name has too many addresses." };
      return { kind: "found", addresses };
    },
    (error: unknown): Resolution => ({ kind: "missing", message: messageOf(error) }),
  );
  try {
    return await Promise.race([answered, late]);
  } finally {
    timer?.cancel();
  }
}

function messageOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const isAbsent = code === "ENOTFOUND" || code === "DNS_ENOTFOUND" || code === "ENODATA";
  return isAbsent ? "The name does not resolve." : "The name servers could not be asked.";
}
