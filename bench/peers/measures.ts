import type { OpenLoopResult } from "../open-loop.ts";
import type { Contender } from "./contender.ts";
import type { Receiver } from "./receiving.ts";
import { cpuSecondsOf, megabytesOf } from "./usage.ts";

const CALLERS = 64;
const BATCH = 100;
const BATCH_CALLERS = 8;
const PATIENCE_MS = 120_000;
const CRASH_PATIENCE_MS = 75_000;
/** Killed so far on its way; not between two of the even portions that a peer may fetch. */
const CRASH_SHARE = 0.43;
const RATE = 200;
const LATENCY_SECONDS = 10;
const HANGING = 50;
const HANGING_JOBS = 40;
const HEALTHY_RATE = 20;
const FAIRNESS_SECONDS = 20;

export const CONDITIONS = {
  RATE,
  LATENCY_SECONDS,
  HANGING,
  HANGING_JOBS,
  HEALTHY_RATE,
  FAIRNESS_SECONDS,
  CRASH_PATIENCE_MS,
};

export interface Throughput {
  /** Jobs per second. */
  readonly single: number;
  readonly batched: number;
  readonly drained: number;
  /** Of processor time for a job, from the call that makes it to the end of its delivery, whoever makes it included. */
  readonly cpuMicros: number;
  /** Of that, what its delivery takes. */
  readonly drainCpuMicros: number;
  readonly megabytes: number;
}

async function until(receiver: Receiver, distinct: number, patienceMs: number): Promise<boolean> {
  const giveUpAt = performance.now() + patienceMs;
  while ((await receiver.count()).distinct < distinct) {
    if (performance.now() > giveUpAt) return false;
    await Bun.sleep(10);
  }
  return true;
}

export async function measureThroughput(
  contender: Contender,
  receiver: Receiver,
  { round, jobs }: { readonly round: number; readonly jobs: number },
): Promise<Throughput> {
  await contender.rest();
  await receiver.forget();
  const pids = contender.pids();
  const before = cpuSecondsOf(pids);
  const single = await contender.enqueue({ prefix: `s${round}`, count: jobs, batch: 1, callers: CALLERS });
  const batched = await contender.enqueue({ prefix: `b${round}`, count: jobs, batch: BATCH, callers: BATCH_CALLERS });
  const enqueued = cpuSecondsOf(pids);
  if ((await receiver.count()).arrivals > 0) throw new Error(`${contender.name} sends while it rests`);
  await contender.work();
  if (!(await until(receiver, 2 * jobs, PATIENCE_MS))) {
    throw new Error(`${contender.name}: ${JSON.stringify(await receiver.count())} of ${2 * jobs}`);
  }
  const { arrivals, firstAt, lastAt } = await receiver.count();
  if (arrivals !== 2 * jobs) throw new Error(`${contender.name} sent ${arrivals} for ${2 * jobs}`);
  await contender.rest();
  const after = cpuSecondsOf(pids);
  const megabytes = megabytesOf(pids);
  await contender.work();
  const makers = single.cpuSeconds + batched.cpuSeconds;
  return {
    single: jobs / single.seconds,
    batched: jobs / batched.seconds,
    drained: (2 * jobs) / ((lastAt - firstAt) / 1_000),
    cpuMicros: ((after - before + makers) / (2 * jobs)) * 1e6,
    drainCpuMicros: ((after - enqueued) / (2 * jobs)) * 1e6,
    megabytes,
  };
}

export type Latencies = ReadonlyMap<string, readonly OpenLoopResult[]>;

/** In turns: what else runs on the machine should meet all of them. */
export async function measureLatency(contenders: readonly Contender[], rounds: number): Promise<Latencies> {
  const results = new Map<string, OpenLoopResult[]>(contenders.map(({ name }) => [name, []]));
  for (const contender of contenders) await contender.work();
  for (let round = 0; round < rounds; round++) {
    for (const contender of contenders) {
      const fixed = { rate: RATE, seconds: LATENCY_SECONDS, warmSeconds: 3, hanging: 0, hangingJobs: 0 };
      const result = await contender.openLoop({ ...fixed, prefix: `l${round}` });
      process.stderr.write(`  ${contender.name}: ${JSON.stringify(result)}\n`);
      results.get(contender.name)?.push(result);
    }
  }
  return results;
}

export interface Crash {
  readonly jobs: number;
  readonly missing: number;
  readonly twice: number;
  /** From the start of the next process to the last arrival; undefined where some did not come in the time of waiting. */
  readonly recoveredSeconds: number | undefined;
}

export async function measureCrash(
  contenders: readonly Contender[],
  receiver: Receiver,
  jobs: number,
): Promise<Map<string, Crash>> {
  const results = new Map<string, Crash>();
  for (const contender of contenders) {
    await contender.rest();
    await receiver.forget();
    await contender.enqueue({ prefix: "c", count: jobs, batch: BATCH, callers: BATCH_CALLERS });
    await contender.work();
    await until(receiver, Math.floor(jobs * CRASH_SHARE), PATIENCE_MS);
    const begun = performance.now();
    await contender.crash();
    const whole = await until(receiver, jobs, CRASH_PATIENCE_MS);
    const recovered = (performance.now() - begun) / 1_000;
    await Bun.sleep(1_000);
    const { arrivals, distinct } = await receiver.count();
    results.set(contender.name, {
      jobs,
      missing: jobs - distinct,
      twice: arrivals - distinct,
      recoveredSeconds: whole ? recovered : undefined,
    });
    process.stderr.write(`  ${contender.name}: ${JSON.stringify(results.get(contender.name))}\n`);
  }
  return results;
}

/** Endpoints that take the request and never answer, full of jobs before the healthy one gets its first. */
export async function measureFairness(contenders: readonly Contender[]): Promise<Map<string, OpenLoopResult>> {
  const results = new Map<string, OpenLoopResult>();
  for (const contender of contenders) {
    await contender.work();
    const result = await contender.openLoop({
      prefix: "f",
      rate: HEALTHY_RATE,
      seconds: FAIRNESS_SECONDS,
      warmSeconds: 2,
      hanging: HANGING,
      hangingJobs: HANGING_JOBS,
    });
    process.stderr.write(`  ${contender.name}: ${JSON.stringify(result)}\n`);
    results.set(contender.name, result);
    // Its hanging jobs would otherwise go on beside the next.
    await contender.close();
  }
  return results;
}
