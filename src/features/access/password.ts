import { AppError } from "../../kernel/errors.ts";

/** OWASP's second choice for argon2id: about 0.1 s and 19 MiB each, so that many at once do not starve the process. */
const ARGON2ID = { algorithm: "argon2id", memoryCost: 19_456, timeCost: 2 } as const;
const AT_ONCE_MAX = 2;
const WAITING_MAX = 16;

let running = 0;
const waiting: (() => void)[] = [];

async function enter(): Promise<void> {
  if (running < AT_ONCE_MAX) {
    running += 1;
    return;
  }
  if (waiting.length >= WAITING_MAX) {
    throw new AppError("unavailable", "Too many passwords are being checked.", { retryAfterSeconds: 1 });
  }
  const { promise, resolve } = Promise.withResolvers<void>();
  waiting.push(resolve);
  await promise;
}

function leave(): void {
  const next = waiting.shift();
  if (next) next();
  else running -= 1;
}

/** One person's keyboard composes an accent, another's does not: both mean the same password. */
export async function hashPassword(password: string): Promise<string> {
  await enter();
  try {
    return await Bun.password.hash(password.normalize("NFC"), ARGON2ID);
  } finally {
    leave();
  }
}
