import { Database } from "bun:sqlite";
import { mkdtempSync, rmSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { call, environmentFor, hatchCommand, setUpHatch, startHatch } from "../tests/support/hatch.ts";
import { startPostgres } from "../tests/support/postgres.ts";
import { makeBody, PROGRAM } from "./bodies.ts";
import { Connections } from "./connections.ts";
import { OpenLoopRun, type Spread, spreadOf } from "./open-loop.ts";

// From the acknowledgement of an event to its first arrival at the receiver, at a rate that waits for nobody. The caller and
// the receiver are this one process, so one clock sees both ends. Beside it, in the same run, what nothing can be quicker
// than: a commit to the disk and a bare POST, measured before and after. `--rate 200 --seconds 20 --subscriptions 1 --postgres`

const option = (name: string, otherwise: number): number => {
  const at = process.argv.indexOf(`--${name}`);
  const value = at < 0 ? otherwise : Number(process.argv[at + 1]);
  if (!(value > 0)) throw new Error(`--${name} must be a number above 0`);
  return value;
};
const rate = option("rate", 200);
const seconds = option("seconds", 20);
const subscriptions = option("subscriptions", 1);
const engine = process.argv.includes("--postgres") ? "postgres" : "sqlite";
const [loadBefore = 0] = loadavg();
const WARM_SECONDS = 5;
const PREFIX = "l";
const AIM_P95_MS = 50;

let arrived: (sequence: number) => void = () => {};
const receiver = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  async fetch(request) {
    const at = performance.now();
    const body = await request.text();
    const sequence = /"data":\{"id":"l-(\d+)"/.exec(body)?.[1];
    if (sequence !== undefined) arrived(Number(sequence));
    lag.push(performance.now() - at);
    return new Response(null, { status: 204 });
  },
});
/** How long this process itself took from the headers to the body. */
let lag: number[] = [];

/** What the disk takes for one row, alone, as the product has it: WAL and FULL. */
function measureCommits(count: number): number[] {
  const folder = mkdtempSync(join(tmpdir(), "hatch-commit-"));
  const database = new Database(join(folder, "bare.db"), { create: true });
  database.run("PRAGMA journal_mode = WAL");
  database.run("PRAGMA synchronous = FULL");
  database.run("CREATE TABLE rows (id INTEGER PRIMARY KEY, body TEXT NOT NULL)");
  const insert = database.prepare("INSERT INTO rows (body) VALUES (?)");
  const took: number[] = [];
  for (let index = 0; index < count; index++) {
    const begun = performance.now();
    insert.run(makeBody(PREFIX, index, 1));
    took.push(performance.now() - begun);
  }
  database.close();
  rmSync(folder, { recursive: true, force: true });
  return took;
}

/** From sending to the answer's status, one after another, to a server that does nothing else. */
async function measurePosts(count: number): Promise<number[]> {
  const took: number[] = [];
  for (let index = 0; index < count; index++) {
    const begun = performance.now();
    await fetch(receiver.url, { method: "POST", body: makeBody("none", index, 1) });
    took.push(performance.now() - begun);
  }
  return took;
}

const baseline = async (): Promise<{ commits: number[]; posts: number[] }> => ({
  commits: measureCommits(300),
  posts: await measurePosts(300),
});

const server =
  engine === "postgres" ? await startPostgres({ durable: true, settings: ["shared_buffers=256MB"] }) : undefined;
const installation = await setUpHatch(
  (await environmentFor(engine, async () => server ?? Promise.reject(new Error("no server")))).env,
);
const before = await baseline();
const hatch = await startHatch(installation.directory, {
  args: ["--set", "log.level=warn"],
  env: installation.env,
});
const key = installation.keys.test;
const insist = async (method: string, path: string, body: unknown): Promise<void> => {
  const answer = await call(hatch, key, method, path, body);
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
};
await insist("PUT", "/v1/program/draft", PROGRAM);
await insist("POST", "/v1/program/publish", {});
for (let index = 0; index < subscriptions; index++) {
  await insist("POST", "/v1/webhooks", { endpoint: `${receiver.url}hook/${index}`, events: ["lesson_completed"] });
}

const connections = new Connections(Number(new URL(hatch.url).port), { Authorization: `Bearer ${key}` });
const run = new OpenLoopRun({
  rate,
  seconds,
  warmSeconds: WARM_SECONDS,
  arrivals: subscriptions,
  async send(sequence) {
    const status = await connections.post("/v1/events", makeBody(PREFIX, sequence, 1));
    if (status !== 201) throw new Error(`answered ${status}`);
  },
});
arrived = (sequence) => run.arrived(sequence);
lag = [];
const result = await run.run();
const ownLag = spreadOf(lag);
connections.close();
await hatch.kill();
const after = await baseline();
installation.remove();
await server?.remove();
await receiver.stop(true);

const commits = spreadOf([...before.commits, ...after.commits]);
const posts = spreadOf([...before.posts, ...after.posts]);
const floor = { p50: commits.p50 + posts.p50, p95: commits.p95 + posts.p95 };
const ms = (value: number): string => value.toFixed(value < 10 ? 2 : 1);
const row = (what: string, { p50, p95, p99, max }: Spread): string =>
  `| ${what} | ${ms(p50)} | ${ms(p95)} | ${ms(p99)} | ${ms(max)} |\n`;
const several = subscriptions > 1;
process.stdout.write(
  [
    "| milliseconds | p50 | p95 | p99 | max |\n|---|---|---|---|---|\n",
    row("acknowledgement → first arrival", result.toFirstArrival),
    several ? row(`acknowledgement → last of ${subscriptions} arrivals`, result.toLastArrival) : "",
    row("due → acknowledgement", result.toAcknowledgement),
    row("due → first arrival", result.endToEnd),
    row("baseline: one commit, SQLite, FULL", commits),
    row("baseline: one bare POST", posts),
    `\n- ratio to one commit and one POST: p50 ${(result.toFirstArrival.p50 / floor.p50).toFixed(1)}, p95 ${(result.toFirstArrival.p95 / floor.p95).toFixed(1)}\n`,
    `- aim p95 ≤ ${AIM_P95_MS} ms: ${result.toFirstArrival.p95 <= AIM_P95_MS ? "met" : "missed"}\n`,
    `- ${result.sent} events, ${result.refused} refused, ${result.missing} never arrived, ${result.surplus} arrived again; the receiver's own p99 ${ms(ownLag.p99)} ms\n`,
    `- ${rate}/s for ${seconds} s after ${WARM_SECONDS} s of warming up, ${subscriptions} subscription(s), ${engine}, ${hatchCommand()[0] === "bun" ? "the sources" : "the built executable"}, ${cpus().length} cores (${cpus()[0]?.model}), Bun ${Bun.version}; the machine's load before it: ${loadBefore.toFixed(1)}\n`,
  ].join(""),
);
