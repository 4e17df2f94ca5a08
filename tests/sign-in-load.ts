import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createApp } from "../src/app.ts";
import { hashPassword } from "../src/features/access/passwords/hashing.ts";
import { systemClock } from "../src/kernel/clock.ts";
import { createLog } from "../src/kernel/log.ts";
import { TEST_CONFIG } from "./support/context.ts";
import { startHatch } from "./support/hatch.ts";

// What signing in stands: guesses at one account, many at once, and whether its time tells which names there are.
// `bun tests/sign-in-load.ts` runs it against a server of its own and prints the figures.

export const PASSWORD = "correct horse battery";
/** Its loopback peer is believed to be a proxy, so that each request can come from another address. */
export const SIGN_IN_CONFIG = {
  server: { host: "127.0.0.1", port: 0, publicUrl: "https://hatch.example.com" },
  http: { ...TEST_CONFIG.http, trustedProxies: ["127.0.0.1"] },
};

export interface Target {
  readonly url: string;
  /** How many passwords were compared with a hash so far. */
  countChecks(): Promise<number>;
}

export const nameOf = (index: number): string => `person-${index}@example.com`;
const addressOf = (index: number): string => `198.51.${100 + Math.floor(index / 250)}.${1 + (index % 250)}`;

export async function checksOf(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(/^hatch_password_checks_total (\d+)$/m.exec(text)?.[1] ?? Number.NaN);
}

interface Tried {
  readonly status: number;
  readonly tookMs: number;
  readonly retryAfterSeconds: number;
}

async function signIn(url: string, email: string, password: string, address: string): Promise<Tried> {
  const started = performance.now();
  const response = await fetch(`${url}/v1/auth/login`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-forwarded-for": address },
    body: JSON.stringify({ email, password }),
  });
  await response.arrayBuffer();
  const retryAfterSeconds = Number(response.headers.get("retry-after") ?? 0);
  return { status: response.status, tookMs: performance.now() - started, retryAfterSeconds };
}

export interface Guessing {
  readonly guesses: number;
  readonly tookMs: number;
  /** How many of the guesses were compared with the hash. */
  readonly checked: number;
  /** The owner, with the right password, from an address of their own, in the midst of it. */
  readonly owner: Tried;
  readonly statuses: Readonly<Record<number, number>>;
}

/** Guesses at one account from many addresses, as fast as they are answered; half-way the owner comes. */
export async function measureGuessing(
  { url, countChecks }: Target,
  email: string,
  { guesses, addresses, isPatient = false }: { guesses: number; addresses: number; isPatient?: boolean },
): Promise<Guessing> {
  const before = await countChecks();
  const started = performance.now();
  const statuses: Record<number, number> = {};
  const each = Math.ceil(guesses / addresses);
  let made = 0;
  const half = Promise.withResolvers<void>();
  const guesser = async (address: string): Promise<void> => {
    for (let time = 0; time < each; time++) {
      const { status, retryAfterSeconds } = await signIn(url, email, `wrong guess ${made}`, address);
      statuses[status] = (statuses[status] ?? 0) + 1;
      made += 1;
      if (made === Math.floor(guesses / 2)) half.resolve();
      if (isPatient && status === 429) await Bun.sleep(retryAfterSeconds * 1_000);
    }
  };
  const guessing = Promise.all(Array.from({ length: addresses }, (_, index) => guesser(addressOf(index))));
  await half.promise;
  const owner = await signIn(url, email, PASSWORD, "203.0.113.77");
  await guessing;
  const checked = (await countChecks()) - before - 1;
  return { guesses: made, tookMs: performance.now() - started, checked, owner, statuses };
}

export interface Burst {
  readonly signedIn: number;
  readonly lastMs: number;
  readonly readyMedianMs: number;
  readonly readyMaxMs: number;
}

/** Many sign in at the same moment, each with an account and an address of their own; is the server ready meanwhile? */
export async function measureBurst({ url }: Target, people: number): Promise<Burst> {
  const ready: number[] = [];
  let isOver = false;
  const watching = (async () => {
    while (!isOver) {
      const started = performance.now();
      const { status } = await fetch(`${url}/readyz`);
      ready.push(status === 200 ? performance.now() - started : Number.POSITIVE_INFINITY);
      await Bun.sleep(20);
    }
  })();
  const all = await Promise.all(
    Array.from({ length: people }, (_, index) => signIn(url, nameOf(index), PASSWORD, addressOf(3_000 + index))),
  );
  isOver = true;
  await watching;
  const signedIn = all.filter(({ status }) => status === 200).length;
  return {
    signedIn,
    lastMs: Math.max(...all.map(({ tookMs }) => tookMs)),
    readyMedianMs: quantile(ready, 0.5),
    readyMaxMs: Math.max(...ready),
  };
}

export interface Times {
  readonly known: readonly number[];
  readonly unknown: readonly number[];
  /** The greatest distance of the two distributions, and how often chance alone makes one as great. */
  readonly kolmogorovSmirnov: { readonly distance: number; readonly p: number };
}

/** Wrong passwords for names that there are and names that there are not, in turns, one at a time. */
export async function measureTimes({ url }: Target, each: number): Promise<Times> {
  const known: number[] = [];
  const unknown: number[] = [];
  for (let index = 0; index < each; index++) {
    const tries = [
      async () => known.push((await signIn(url, nameOf(index), "wrong password", addressOf(1_000 + index))).tookMs),
      async () =>
        unknown.push(
          (await signIn(url, `nobody-${index}@example.com`, "wrong password", addressOf(2_000 + index))).tookMs,
        ),
    ];
    for (const one of index % 2 === 0 ? tries : tries.toReversed()) await one();
  }
  return { known, unknown, kolmogorovSmirnov: compareDistributions(known, unknown) };
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

/** Two-sample Kolmogorov–Smirnov with the asymptotic distribution (Stephens' correction). */
export function compareDistributions(left: readonly number[], right: readonly number[]) {
  const below = (values: readonly number[], at: number): number =>
    values.filter((value) => value <= at).length / values.length;
  const distance = Math.max(...[...left, ...right].map((at) => Math.abs(below(left, at) - below(right, at))));
  const size = Math.sqrt((left.length * right.length) / (left.length + right.length));
  const scaled = (size + 0.12 + 0.11 / size) * distance;
  let p = 0;
  for (let term = 1; term <= 100; term++) p += 2 * (-1) ** (term - 1) * Math.exp(-2 * (term * scaled) ** 2);
  return { distance, p: Math.min(1, Math.max(0, p)) };
}

/** An installation with so many people in it, all of one password. */
export async function fillWithPeople(dataDirectory: string, people: number): Promise<void> {
  const app = await createApp({
    config: { ...TEST_CONFIG, dataDirectory },
    log: createLog({ clock: systemClock, level: "error", write: (line) => void process.stderr.write(line) }),
    clock: systemClock,
    findRootKey: () => undefined,
    onClaimed: () => {},
  });
  await app.access.setUp(
    { kind: "operator", request: { id: "load" } },
    { email: "ada@example.com", password: PASSWORD, workspace: "Acme" },
  );
  await insertPeople(app.context, people);
  await app.stop(AbortSignal.timeout(5_000));
}

export async function insertPeople(
  { database, ids }: Pick<Awaited<ReturnType<typeof createApp>>["context"], "database" | "ids">,
  people: number,
): Promise<void> {
  const hash = await hashPassword(PASSWORD);
  await database.write((writer) =>
    writer.insertMany({
      table: "accounts",
      columns: ["id", "email", "password_hash", "operator", "created_at"],
      rows: Array.from({ length: people }, (_, index) => [ids.next("acc"), nameOf(index), hash, 0, writer.now]),
    }),
  );
}

const memoryOf = (pid: number): { readonly nowMiB: number; readonly peakMiB: number } => {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const read = (name: string): number => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1]) / 1_024;
  return { nowMiB: read("VmRSS"), peakMiB: read("VmHWM") };
};

async function run(): Promise<void> {
  const say = (text: string): void => void process.stdout.write(`${text}\n`);
  const directory = mkdtempSync(join(tmpdir(), "hatch-load-"));
  await fillWithPeople(directory, 200);
  const hatch = await startHatch(directory, {
    env: { HATCH_SERVER_PUBLIC_URL: "https://hatch.example.com", HATCH_HTTP_TRUSTED_PROXIES: "127.0.0.1" },
  });
  try {
    const target: Target = { url: hatch.url, countChecks: () => checksOf(hatch.url) };
    const before = memoryOf(hatch.pid);
    const burst = await measureBurst(target, 200);
    const after = memoryOf(hatch.pid);
    say(`200 at once: ${burst.signedIn} signed in, the last after ${(burst.lastMs / 1_000).toFixed(1)} s`);
    say(`  memory ${before.nowMiB.toFixed(0)} MiB before, peak ${after.peakMiB.toFixed(0)} MiB`);
    say(`  /readyz median ${burst.readyMedianMs.toFixed(1)} ms, longest ${burst.readyMaxMs.toFixed(0)} ms`);
    const times = await measureTimes(target, 150);
    for (const [name, values] of [
      ["known", times.known],
      ["unknown", times.unknown],
    ] as const) {
      const [low, median, high] = [0.1, 0.5, 0.9].map((share) => quantile(values, share).toFixed(1));
      say(`${name} names: n ${values.length}, 10 % ${low} ms, median ${median} ms, 90 % ${high} ms`);
    }
    const { distance, p } = times.kolmogorovSmirnov;
    say(`  Kolmogorov–Smirnov: distance ${distance.toFixed(3)}, p ${p.toFixed(2)}`);
    for (const [email, isPatient] of [
      [nameOf(0), false],
      [nameOf(1), true],
    ] as const) {
      const guessing = await measureGuessing(target, email, { guesses: 1_000, addresses: 50, isPatient });
      const seconds = (guessing.tookMs / 1_000).toFixed(1);
      say(`1,000 guesses from 50 addresses in ${seconds} s${isPatient ? ", waiting as they were told" : ""}:`);
      say(`  ${guessing.checked} compared with a hash; answers ${JSON.stringify(guessing.statuses)}`);
      say(`  the owner from a new address: ${guessing.owner.status} after ${guessing.owner.tookMs.toFixed(0)} ms`);
    }
  } finally {
    await hatch.kill();
    rmSync(directory, { recursive: true, force: true });
  }
}

if (import.meta.main) await run();
