import { AppError } from "../../../kernel/errors.ts";

/** OWASP's second choice for argon2id: about 0.1 s and 19 MiB each, so that many at once do not starve the process. */
const ARGON2ID = { algorithm: "argon2id", memoryCost: 19_456, timeCost: 2 } as const;
const AT_ONCE_MAX = 2;
/** About thirteen seconds' worth: whoever comes later is better told so. */
const WAITING_MAX = 256;

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

async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  await enter();
  try {
    return await work();
  } finally {
    leave();
  }
}

/** One person's keyboard composes an accent, another's does not: both mean the same password. */
const spell = (password: string): string => password.normalize("NFC");

export const hashPassword = (password: string): Promise<string> =>
  inTurn(() => Bun.password.hash(spell(password), ARGON2ID));

/** Takes as long for a wrong password as for the right one. */
export const verifyPassword = (password: string, hash: string): Promise<boolean> =>
  inTurn(() => Bun.password.verify(spell(password), hash));

/** An account that came by an identity provider has none. */
export const hasPassword = (hash: string): boolean => hash !== "";

/** Of no password at all: what an unknown name is compared with, so that its answer takes as long as any other's. */
export const NOBODYS_HASH =
  "$argon2id$v=19$m=19456,t=2,p=1$7SmC5tVN4q1qoMRTtjXQMr8yqYC3X4xR0HrMKoU2RuY$V3/HaR7avBFSRTv+WSITkprPsXCjZqm9Zd+N/+n8Sxk";
