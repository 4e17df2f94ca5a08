import { availableParallelism, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { type RunningHatch, setUpHatch, startHatch } from "../tests/support/hatch.ts";
import { PROGRAM } from "./bodies.ts";
import { ask, insist, quantile, rssOf, SECRET, say, seedWaiting } from "./waiting.ts";

// A million deliveries wait: how long from the start of the process until the first of them arrives, after a clean stop
// and after kill -9 with requests under way; and what it costs to look at them. Runs the executable.
//   bun bench/backlog.ts [--rows 1000000] [--subscriptions 100] [--rounds 5]

const { values } = parseArgs({
  options: {
    rows: { type: "string", default: "1000000" },
    subscriptions: { type: "string", default: "100" },
    rounds: { type: "string", default: "5" },
  },
});
const rows = Number(values.rows);
const subscriptions = Number(values.subscriptions);
const rounds = Number(values.rounds);
/** How long each life lasts once deliveries flow. */
const FLOW_MS = 2_000;

let first: number | undefined;
let arrived = 0;
const receiver = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  async fetch(request) {
    first ??= performance.now();
    arrived += 1;
    await request.arrayBuffer();
    return new Response(null, { status: 204 });
  },
});

const installation = await setUpHatch();
const key = installation.keys.test;
const start = () => startHatch(installation.directory, { args: ["--set", "log.level=warn"] });
let hatch = await start();
await insist(hatch, key, "PUT", "/v1/program/draft", PROGRAM);
await insist(hatch, key, "POST", "/v1/program/publish", {});
const ids: string[] = [];
for (let index = 0; index < subscriptions; index++) {
  const endpoint = `http://127.0.0.1:${receiver.port}/${index}`;
  ids.push(
    (await insist(hatch, key, "POST", "/v1/webhooks", { endpoint, secret: SECRET, events: ["lesson_completed"] })).id,
  );
}
await hatch.kill();
say(`writing ${rows.toLocaleString("en-US")} deliveries of ${subscriptions} subscriptions`);
seedWaiting(
  installation,
  ids.map((subscriptionId) => ({ subscriptionId, count: Math.ceil(rows / subscriptions) })),
);

interface Life {
  readonly readySeconds: number;
  readonly flowSeconds: number;
}

async function live(): Promise<{ readonly life: Life; readonly running: RunningHatch }> {
  first = undefined;
  const begun = performance.now();
  const running = await start();
  const ready = performance.now();
  while (first === undefined) {
    if (performance.now() - begun > 60_000) throw new Error("nothing arrived within a minute");
    await Bun.sleep(1);
  }
  const life = { readySeconds: (ready - begun) / 1_000, flowSeconds: (first - begun) / 1_000 };
  return { life, running };
}

const clean: Life[] = [];
const killed: Life[] = [];
const looks = new Map<string, number>();
const LOOKS = ["/readyz", "/metrics", "/v1/deliveries?limit=100", `/v1/webhooks/${ids[0]}/health`, "/v1/webhooks"];
let cutOff = 0;
let ratePerSecond = 0;
let rss = 0;
let afterKill = false;
for (let round = 0; round < rounds * 2; round++) {
  const { life, running } = await live();
  hatch = running;
  (afterKill ? killed : clean).push(life);
  say(
    `  ${afterKill ? "after kill -9" : "after a clean stop"}: ready ${life.readySeconds.toFixed(2)} s, flow ${life.flowSeconds.toFixed(2)} s`,
  );
  const before = arrived;
  await Bun.sleep(FLOW_MS);
  ratePerSecond = Math.max(ratePerSecond, ((arrived - before) / FLOW_MS) * 1_000);
  for (const path of LOOKS) {
    const from = performance.now();
    const answer = await fetch(`${hatch.url}${path}`, { headers: { Authorization: `Bearer ${key}` } });
    await answer.arrayBuffer();
    if (answer.status !== 200) throw new Error(`GET ${path}: ${answer.status}`);
    looks.set(path, Math.max(looks.get(path) ?? 0, performance.now() - from));
  }
  rss = Math.max(rss, rssOf(hatch.pid));
  afterKill = !afterKill;
  await hatch.kill(afterKill ? "SIGKILL" : "SIGTERM");
  if (afterKill) {
    const [row] = ask<{ count: number }>(
      installation,
      "SELECT COUNT(*) AS count FROM deliveries WHERE status = 'sending'",
    );
    cutOff += row?.count ?? 0;
  }
}
const [left] = ask<{ count: number }>(
  installation,
  "SELECT COUNT(*) AS count FROM deliveries WHERE status = 'pending'",
);

const seconds = (value: number): string => `${value.toFixed(2)} s`;
const shown = (name: string, lives: readonly Life[]): void => {
  const flow = lives.map(({ flowSeconds }) => flowSeconds);
  const ready = lives.map(({ readySeconds }) => readySeconds);
  process.stdout.write(
    `| ${name} | ${seconds(quantile(ready, 0.5))} | ${seconds(quantile(flow, 0.5))} | ${seconds(Math.max(...flow))} | ≤ 2 s | ${Math.max(...flow) <= 2 ? "yes" : "no"} |\n`,
  );
};
process.stdout.write("| start | listening (median) | first delivery arrives (median) | longest | aim | met |\n");
process.stdout.write("| --- | --- | --- | --- | --- | --- |\n");
shown("after a clean stop", clean);
shown("after kill -9", killed);
process.stdout.write(
  `\n${rounds} starts of each, ${availableParallelism()} cores, load ${loadavg()[0]?.toFixed(1)}; ${left?.count.toLocaleString("en-US")} still waited at the end, ${Math.round(cutOff / rounds)} were under way at each kill; ${Math.round(ratePerSecond).toLocaleString("en-US")} deliveries/s at best; ${rss.toFixed(0)} MiB at most\n`,
);
process.stdout.write(
  `looking at it meanwhile, longest: ${[...looks].map(([path, took]) => `${path.replace(ids[0] ?? "", ":id")} ${took.toFixed(0)} ms`).join(", ")}\n`,
);
installation.remove();
await receiver.stop(true);
process.exit([...clean, ...killed].every(({ flowSeconds }) => flowSeconds <= 2) ? 0 : 1);
