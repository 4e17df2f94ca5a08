import { spawnSync } from "node:child_process";
import { cpus, loadavg } from "node:os";
import { hatchCommand } from "../../tests/support/hatch.ts";
import type { Contender } from "./contender.ts";
import { CONTENDERS, GROUPED } from "./contenders.ts";
import { installPeers } from "./install.ts";
import { measureCrash, measureFairness, measureLatency, measureThroughput, type Throughput } from "./measures.ts";
import { openReceiver } from "./receiving.ts";
import { crashTable, fairnessTable, latencyTable, throughputTables } from "./tables.ts";

// Peers on the same work in the same run: a payload is kept, signed and sent to a receiver on this machine. See ../README.md.
// `bun bench/peers/run.ts [--jobs 5000] [--rounds 3] [--only sqlite,bullmq] [--parts throughput,latency,crash,fairness]`

const option = (name: string): string | undefined => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? undefined : process.argv[at + 1];
};
const jobs = Number(option("jobs") ?? 5_000);
const rounds = Number(option("rounds") ?? 3);
const only = option("only")?.toLowerCase().split(",");
const parts = (option("parts") ?? "throughput,latency,crash,fairness").split(",");
if (!(jobs >= 100 && jobs % 100 === 0 && rounds >= 1))
  throw new Error("--jobs is a multiple of 100, --rounds at least 1");

const say = (text: string): void => void process.stderr.write(`${text}\n`);
const isWanted = (name: string): boolean => !only || only.some((word) => name.toLowerCase().includes(word));
const begun = performance.now();
const [loadBefore = 0] = loadavg();

const installed = installPeers();
const receiver = await openReceiver();
const opened: Contender[] = [];
/** Whoever ends it early leaves no server behind. */
process.on("exit", () => {
  for (const contender of opened) contender.kill();
  receiver.stop();
  installed.remove();
});
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(1));
try {
  for (const [name, open] of Object.entries(CONTENDERS)) {
    if (isWanted(name)) opened.push(await open({ name, target: receiver.url, installed }));
  }

  const throughput = new Map<string, Throughput[]>(opened.map(({ name }) => [name, []]));
  // Round 0 warms up and is forgotten; the first of each round changes.
  for (let round = 0; parts.includes("throughput") && round <= rounds; round++) {
    say(round === 0 ? "warming up" : `round ${round} of ${rounds}`);
    const order = opened.map((_, index) => opened[(index + round) % opened.length]).filter((one) => one !== undefined);
    for (const contender of order) {
      const count = round === 0 ? Math.max(1_000, jobs / 2) : jobs;
      const measured = await measureThroughput(contender, receiver, { round, jobs: count - (count % 100) });
      say(
        `  ${contender.name}: ${JSON.stringify(measured, (_, value) => (typeof value === "number" ? Math.round(value) : value))}`,
      );
      if (round > 0) throughput.get(contender.name)?.push(measured);
    }
  }
  if (parts.includes("throughput")) process.stdout.write(throughputTables(throughput));

  if (parts.includes("latency")) {
    say("latency");
    process.stdout.write(latencyTable(await measureLatency(opened, rounds)));
  }
  if (parts.includes("crash")) {
    say("kill -9 half-way");
    process.stdout.write(crashTable(await measureCrash(opened, receiver, jobs)));
  }
  if (parts.includes("fairness")) {
    say("hanging endpoints");
    for (const [name, open] of Object.entries(GROUPED)) {
      if (isWanted(name)) opened.push(await open({ name, target: receiver.url, installed }));
    }
    process.stdout.write(fairnessTable(await measureFairness(opened)));
  }
} finally {
  await Promise.allSettled(opened.splice(0).map((contender) => contender.close()));
}
const node = spawnSync(installed.node, ["--version"], { encoding: "utf8" }).stdout.trim();
const redis = /v=(\S+)/.exec(spawnSync("redis-server", ["--version"], { encoding: "utf8" }).stdout ?? "")?.[1];
process.stdout.write(
  `- ${cpus().length} cores (${cpus()[0]?.model}), Bun ${Bun.version} and ${hatchCommand()[0] === "bun" ? "the sources" : "the built executable"} for Hatch, Node ${node} for the peers; BullMQ ${installed.versionOf("bullmq")}, pg-boss ${installed.versionOf("pg-boss")}, graphile-worker ${installed.versionOf("graphile-worker")}, Redis ${redis}\n- ${jobs} jobs a part and round, ${rounds} rounds, ${Math.round((performance.now() - begun) / 1_000)} s in all; the machine's load before it: ${loadBefore.toFixed(1)}\n`,
);
process.exit(0);
