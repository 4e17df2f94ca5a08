import { readFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import {
  call,
  cleanEnvironment,
  type Engine,
  environmentFor,
  hatchCommand,
  type Installation,
  type RunningHatch,
  setUpHatch,
  startHatch,
} from "../tests/support/hatch.ts";
import { type PostgresServer, startPostgres } from "../tests/support/postgres.ts";
import { PROGRAM } from "./bodies.ts";
import type { LoadOptions, LoadResult } from "./load.ts";

// Each figure beside its baseline, in the same run, in turns; the ratio is the median of the rounds' ratios. See README.md.

const ROUNDS = 5;
const SECONDS = 2;
const CONNECTIONS = 64;
const BATCH = 100;
const BATCH_CONNECTIONS = 8;
const BACKLOG = 24_000;
const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=";

const engine: Engine = process.argv.includes("--postgres") ? "postgres" : "sqlite";
let server: Promise<PostgresServer> | undefined;
/** One for all instances, each with a database of its own; it commits to the disk, as the file does. */
function findServer(): Promise<PostgresServer> {
  server ??= startPostgres({ durable: true, settings: ["shared_buffers=256MB", "max_wal_size=2GB"] });
  return server;
}

const script = (name: string): string => join(import.meta.dir, name);
const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

async function lineOf(name: string, ...args: readonly string[]): Promise<string> {
  const child = Bun.spawn([process.execPath, script(name), ...args], { stdout: "pipe", stderr: "inherit" });
  const text = await new Response(child.stdout).text();
  if ((await child.exited) !== 0) throw new Error(`${name} failed`);
  return text.trim();
}

const load = async (options: LoadOptions): Promise<LoadResult> => {
  const result = JSON.parse(await lineOf("load.ts", JSON.stringify(options))) as LoadResult;
  if (result.failed > 0) throw new Error(`${result.failed} of ${result.requests} requests to ${options.path} failed`);
  return result;
};

interface Helper {
  readonly port: number;
  readonly pid: number;
  stop(): void;
}

/** A helper that stays and prints its port. */
async function startHelper(name: string): Promise<Helper> {
  const child = Bun.spawn([process.execPath, script(name)], { stdout: "pipe", stderr: "inherit" });
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  reader.releaseLock();
  return { port: Number(new TextDecoder().decode(value)), pid: child.pid, stop: () => void child.kill() };
}

interface Instance {
  readonly hatch: RunningHatch;
  readonly installation: Installation;
  readonly port: number;
  readonly authorization: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/** @param endpoint of the one subscription; without one it waits to be pulled: rows are written, nothing is sent. */
async function startInstance(endpoint: string | undefined): Promise<Instance> {
  const installation = await setUpHatch((await environmentFor(engine, findServer)).env);
  const key = installation.keys.test;
  const hatch = await startHatch(installation.directory, {
    args: ["--set", "log.level=warn"],
    env: installation.env,
  });
  const insist = async (method: string, path: string, body: unknown): Promise<void> => {
    const answer = await call(hatch, key, method, path, body);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  };
  await insist("PUT", "/v1/program/draft", PROGRAM);
  await insist("POST", "/v1/program/publish", {});
  const how = endpoint === undefined ? { mode: "pull" } : { endpoint, secret: SECRET };
  await insist("POST", "/v1/webhooks", { ...how, events: ["lesson_completed"] });
  return {
    hatch,
    installation,
    port: Number(new URL(hatch.url).port),
    authorization: { Authorization: `Bearer ${key}` },
    async stop() {
      await hatch.kill();
      installation.remove();
    },
  };
}

const delivered = async (receiver: Helper): Promise<number> =>
  Number(await (await fetch(`http://127.0.0.1:${receiver.port}/`)).text());

/** Until nothing has arrived for a while: the rounds must not share the machine with the last one's deliveries. */
async function drained(receiver: Helper): Promise<void> {
  let before = -1;
  for (let now = await delivered(receiver); now !== before; now = await delivered(receiver)) {
    before = now;
    await Bun.sleep(400);
  }
}

const TICKS_PER_SECOND = 100;

/** Processor time that a process has used so far, in seconds: what others do on the machine does not count. */
function cpuSecondsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

interface Row {
  readonly what: string;
  readonly ours: string;
  readonly baseline: string;
  readonly ratio: number | undefined;
  readonly aim: string;
  readonly met: boolean;
}

const whole = (value: number): string => Math.round(value).toLocaleString("en-US");
const say = (text: string): void => void process.stderr.write(`${text}\n`);

function ratioRow(what: string, unit: string, pairs: readonly (readonly [number, number])[], aim: number): Row {
  const ratio = median(pairs.map(([ours, base]) => ours / base));
  return {
    what,
    ours: `${whole(median(pairs.map(([ours]) => ours)))} ${unit}`,
    baseline: `${whole(median(pairs.map(([, base]) => base)))} ${unit}`,
    ratio,
    aim: `≥ ${aim.toFixed(2)}`,
    met: ratio >= aim,
  };
}

/** Ours and the baseline in turns, the first of them changing with each round. */
async function inTurns(
  ours: (round: number) => Promise<number>,
  baseline: (round: number) => Promise<number>,
): Promise<[number, number][]> {
  const pairs: [number, number][] = [];
  for (let round = 0; round < ROUNDS; round++) {
    if (round % 2 === 0) {
      const own = await ours(round);
      pairs.push([own, await baseline(round)]);
    } else {
      const base = await baseline(round);
      pairs.push([await ours(round), base]);
    }
    say(`  round ${round + 1}: ${pairs.at(-1)?.map(whole).join(" / ")}`);
  }
  return pairs;
}

/** Each event by itself. With a receiver its deliveries go out beside it, over the same loop and the same two cores. */
async function measureIngest(receiver: Helper | undefined): Promise<{ readonly row: Row; readonly notes: string[] }> {
  const instance = await startInstance(receiver && `http://127.0.0.1:${receiver.port}/hook`);
  const echo = await startHelper("echo.ts");
  const results: LoadResult[] = [];
  const echoes: LoadResult[] = [];
  const cpu = { ours: [] as number[], echo: [] as number[] };
  const metered = async (pid: number, micros: number[], work: () => Promise<LoadResult>): Promise<LoadResult> => {
    const before = cpuSecondsOf(pid);
    const result = await work();
    micros.push(((cpuSecondsOf(pid) - before) / result.requests) * 1e6);
    return result;
  };
  const options = { connections: CONNECTIONS, batch: 1, headers: instance.authorization };
  const run = (round: number | string, seconds = SECONDS) =>
    load({ ...options, seconds, port: instance.port, path: "/v1/events", prefix: `a${round}` });
  const runEcho = (seconds = SECONDS) => load({ ...options, seconds, port: echo.port, path: "/", prefix: "e" });
  await run("warm", 1.5);
  await runEcho(1);
  if (receiver) await drained(receiver);
  const pairs = await inTurns(
    async (round) => {
      const result = await metered(instance.hatch.pid, cpu.ours, () => run(round));
      results.push(result);
      if (receiver) await drained(receiver);
      return result.perSecond;
    },
    async () => {
      const result = await metered(echo.pid, cpu.echo, () => runEcho());
      echoes.push(result);
      return result.perSecond;
    },
  );
  await instance.stop();
  echo.stop();
  const name = receiver ? "single events, each delivered" : "single events, kept to be pulled";
  const of = (all: readonly LoadResult[], figure: keyof LoadResult): number =>
    median(all.map((result) => result[figure]));
  return {
    row: ratioRow(name, "/s", pairs, 0.2),
    notes: [
      `${name}: p50 ${of(results, "p50Ms").toFixed(1)} ms, p99 ${of(results, "p99Ms").toFixed(1)} ms; the load used ${of(results, "cpu").toFixed(2)} of a core, ${of(echoes, "cpu").toFixed(2)} against the echo`,
      `${name}: ${whole(median(cpu.ours))} µs of processor time an event, the echo ${whole(median(cpu.echo))} µs`,
    ],
  };
}

async function measureBatches(): Promise<Row> {
  const instance = await startInstance(undefined);
  const run = (round: number | string, seconds = SECONDS) =>
    load({
      port: instance.port,
      path: "/v1/events/batch",
      headers: instance.authorization,
      connections: BATCH_CONNECTIONS,
      seconds,
      batch: BATCH,
      prefix: `b${round}`,
    });
  await run("warm", 1.5);
  const pairs = await inTurns(
    async (round) => (await run(round)).perSecond * BATCH,
    async () =>
      Number(await lineOf("raw-inserts.ts", join(instance.installation.directory, "hatch.db"), "12000", `${BATCH}`)),
  );
  await instance.stop();
  return ratioRow(`batches of ${BATCH}, ${BATCH_CONNECTIONS} connections`, "events/s", pairs, 0.7);
}

async function measureDeliveries(receiver: Helper): Promise<Row> {
  const instance = await startInstance(`http://127.0.0.1:${receiver.port}/hook`);
  const drain = async (round: number): Promise<number> => {
    // A backlog as fast as it can be made; what is measured begins when the last of it is stored.
    const before = await delivered(receiver);
    for (let from = 0; from < BACKLOG; from += 1_000) {
      const events = Array.from({ length: 1_000 }, (_, index) => ({
        id: `d${round}-${from + index}`,
        type: "lesson_completed",
        userId: `user_${(from + index) % 5_000}`,
        properties: { score: index % 101 },
      }));
      const answer = await call(instance.hatch, instance.installation.keys.test, "POST", "/v1/events/batch", {
        events,
      });
      if (answer.status !== 200) throw new Error(`batch: ${answer.status}`);
    }
    const begun = performance.now();
    const already = (await delivered(receiver)) - before;
    while ((await delivered(receiver)) - before < BACKLOG) await Bun.sleep(10);
    return (BACKLOG - already) / ((performance.now() - begun) / 1000);
  };
  await drain(-1);
  const pairs = await inTurns(drain, async () =>
    Number(await lineOf("bare-sender.ts", `http://127.0.0.1:${receiver.port}/hook`, `${BACKLOG}`)),
  );
  await instance.stop();
  return ratioRow("deliveries from a backlog", "/s", pairs, 0.8);
}

const rssOf = (pid: number): number =>
  Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024;

/** From the start of the process to the first answer of 200, asked for every millisecond; and what it holds when idle. */
async function measureStart(): Promise<Row[]> {
  const installation = await setUpHatch();
  const took: number[] = [];
  const memory: number[] = [];
  const probe = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response() });
  const port = probe.port as number;
  await probe.stop(true);
  for (let round = 0; round < ROUNDS * 2; round++) {
    const begun = performance.now();
    const child = Bun.spawn(
      [...hatchCommand(), "serve", "--data", installation.directory, "--host", "127.0.0.1", "--port", `${port}`],
      { stdio: ["ignore", "ignore", "ignore"], env: cleanEnvironment() },
    );
    while (
      !(await fetch(`http://127.0.0.1:${port}/readyz`).then(
        (answer) => answer.ok,
        () => false,
      ))
    )
      await Bun.sleep(1);
    took.push(performance.now() - begun);
    if (round % 3 === 0) {
      await Bun.sleep(3_000);
      memory.push(rssOf(child.pid));
    }
    child.kill();
    await child.exited;
  }
  installation.remove();
  const milliseconds = median(took);
  const megabytes = median(memory);
  return [
    {
      what: "first 200 after start",
      ours: `${whole(milliseconds)} ms`,
      baseline: "",
      ratio: undefined,
      aim: "≤ 100 ms",
      met: milliseconds <= 100,
    },
    {
      what: "idle memory (RSS)",
      ours: `${whole(megabytes)} MB`,
      baseline: "",
      ratio: undefined,
      aim: "≤ 80 MB",
      met: megabytes <= 80,
    },
  ];
}

const only = process.argv.slice(2).filter((word) => word !== "--postgres");
const wanted = (name: string): boolean => {
  const chosen = only.length === 0 || only.includes(name);
  if (chosen) say(name);
  return chosen;
};
const begun = performance.now();
const receiver = await startHelper("receiver.ts");
const rows: Row[] = [];
const notes: string[] = [];
for (const [name, target] of [
  ["ingest", receiver],
  ["ingest-pull", undefined],
] as const) {
  if (!wanted(name)) continue;
  const measured = await measureIngest(target);
  rows.push(measured.row);
  notes.push(...measured.notes);
}
// Its baseline reads the rows from the file.
if (engine === "sqlite" && wanted("batches")) rows.push(await measureBatches());
if (wanted("deliveries")) rows.push(await measureDeliveries(receiver));
if (wanted("start")) rows.push(...(await measureStart()));
receiver.stop();
await (await server)?.remove();

const cells = rows.map((row) => [
  row.what,
  row.ours,
  row.baseline,
  row.ratio?.toFixed(2) ?? "",
  row.aim,
  row.met ? "yes" : "no",
]);
const lines = [
  ["what", "ours", "baseline", "ratio", "aim", "met"],
  ["---", "---", "---", "---", "---", "---"],
  ...cells,
];
process.stdout.write(`${lines.map((line) => `| ${line.join(" | ")} |`).join("\n")}\n\n`);
for (const note of notes) process.stdout.write(`- ${note}\n`);
const how = hatchCommand()[0]?.endsWith("hatch") ? "the built executable" : "the sources";
process.stdout.write(
  `- ${cpus().length} cores (${cpus()[0]?.model}), Bun ${Bun.version}, ${engine}, ${how}, ${Math.round((performance.now() - begun) / 1000)} s\n`,
);
