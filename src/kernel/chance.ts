import { createHash, randomBytes } from "node:crypto";

/** The only source of randomness, so that a seed replays a whole run. */
export interface Chance {
  /** Unpredictable bytes, fit for keys and nonces. */
  bytes(count: number): Uint8Array;
  /** At least 0 and less than 1. */
  fraction(): number;
}

export const systemChance: Chance = {
  bytes: (count) => new Uint8Array(randomBytes(count)),
  fraction: () => Math.random(),
};

/** The same seed gives the same sequence. For tests and simulation only: it is predictable. */
export function seededChance(seed: string): Chance {
  let counter = 0;
  const block = (): Uint8Array => new Uint8Array(createHash("sha256").update(`${seed}:${counter++}`).digest());
  return {
    bytes(count) {
      const out = new Uint8Array(count);
      for (let offset = 0; offset < count; offset += 32) out.set(block().subarray(0, count - offset), offset);
      return out;
    },
    fraction() {
      const view = new DataView(block().buffer);
      return (view.getUint32(0) * 2 ** 21 + (view.getUint32(4) >>> 11)) / 2 ** 53;
    },
  };
}
