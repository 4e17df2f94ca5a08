import { runHatch } from "../support/hatch.ts";
import type { Witness, Witnesses } from "./evidence.ts";

/** Exchanges the root key for another, again and again, while the server is killed. */
export interface Rotation {
  /** What the next start needs. */
  env(): Record<string, string>;
  /** Begins one, unless one is under way; where the key is given from outside, the next start begins it. */
  begin(): Promise<void>;
  /** Waits for the end of what is under way. */
  finish(giveUpAt: number): Promise<void>;
  readonly finished: number;
}

const isUnderWay = async (witness: Witness): Promise<boolean> => {
  const rows = await witness.ask<{ name: string }>("SELECT name FROM instance WHERE name LIKE 'canary:%'");
  return rows.length > 0;
};

const newKey = (): string => Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("base64");

export function createRotation(options: {
  readonly directory: string;
  readonly env: Record<string, string>;
  readonly witnesses: Witnesses;
}): Rotation {
  const { directory, witnesses } = options;
  let env = options.env;
  let begun = 0;
  let isOver = true;

  const look = async (): Promise<boolean> => {
    isOver = !(await witnesses.beside(isUnderWay));
    return isOver;
  };

  return {
    env: () => env,
    async begin() {
      if (!(await look())) return;
      begun++;
      isOver = false;
      const { WEBHOOK_ENCRYPTION_KEY: key } = env;
      if (key !== undefined) {
        env = { ...env, WEBHOOK_ENCRYPTION_KEY: newKey(), WEBHOOK_ENCRYPTION_KEY_PREVIOUS: key };
        return;
      }
      const { code, stderr } = await runHatch(["encryption", "rotate", "--no-wait", "--data", directory], { env });
      if (code !== 0) throw new Error(`hatch encryption rotate: ${stderr}`);
    },
    async finish(giveUpAt) {
      while (!(await look()) && performance.now() < giveUpAt) await Bun.sleep(100);
    },
    get finished() {
      return isOver ? begun : begun - 1;
    },
  };
}
