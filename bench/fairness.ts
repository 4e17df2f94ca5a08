import { availableParallelism, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { call, setUpHatch, startHatch } from "../tests/support/hatch.ts";
import { PROGRAM } from "./bodies.ts";
import { ask, insist, quantile, rssOf, SECRET, say, seedWaiting } from "./waiting.ts";

// 300 endpoints that accept a request and never answer, one of them with a million deliveries waiting, and one that is
// well and gets 20 events a second: what does the healthy one notice? Runs the executable (HATCH_BINARY or dist/hatch).
//   bun bench/fairness.ts [--minutes 10] [--hanging 300] [--rows 1000000] [--rate 20]

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "10" },
    hanging: { type: "string", default: "300" },
    rows: { type: "string", default: "1000000" },
    rate: { type: "string", default: "20" },
  },
});
const minutes = Number(values.minutes);
const hanging = Number(values.hanging);
const rows = Number(values.rows);
const rate = Number(values.rate);
/** What waits for each hanging endpoint but the one. */
const ROWS_OF_OTHERS = 100;
/** Memory is compared with what it was by then: caches have filled, the compiler is warm. */
const SETTLED_AFTER_MS = 60_000;

let accepted = 0;
const deaf = Bun.listen({
  hostname: "127.0.0.1",
  port: 0,
  socket: {
    open() {
      accepted += 1;
    },
    data() {},
  },
});
const arrivedAt = new Map<number, number>();
let twice = 0;
const well = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  async fetch(request) {
    const at = performance.now();
    const body = (await request.json()) as { data: { properties: { sequence: number } } };
    const { sequence } = body.data.properties;
    if (arrivedAt.has(sequence)) twice += 1;
    else arrivedAt.set(sequence, at);
    return new Response(null, { status: 204 });
  },
});

const installation = await setUpHatch();
const key = installation.keys.test;
const start = () => startHatch(installation.directory, { args: ["--set", "log.level=warn"] });
let hatch = await start();
const program = { ...PROGRAM, eventTypes: { ...PROGRAM.eventTypes, never_sent: { forward: true } } };
await insist(hatch, key, "PUT", "/v1/program/draft", program);
await insist(hatch, key, "POST", "/v1/program/publish", {});
const subscribe = async (endpoint: string, type: string): Promise<string> =>
  (await insist(hatch, key, "POST", "/v1/webhooks", { endpoint, secret: SECRET, events: [type] })).id;
const deafIds: string[] = [];
for (let index = 0; index < hanging; index++) {
  deafIds.push(await subscribe(`http://127.0.0.1:${deaf.port}/${index}`, "never_sent"));
}
const wellId = await subscribe(`http://127.0.0.1:${well.port}/`, "lesson_completed");
await hatch.kill();
say(`${hanging + 1} subscriptions; writing ${rows.toLocaleString("en-US")} deliveries`);
seedWaiting(
  installation,
  deafIds.map((subscriptionId, index) => ({ subscriptionId, count: index === 0 ? rows : ROWS_OF_OTHERS })),
);
hatch = await start();

const acknowledgedAt = new Map<number, number>();
let refused = 0;
const memory: { readonly at: number; readonly mib: number }[] = [];
const begun = performance.now();
const waitUntil = (at: number): Promise<void> => Bun.sleep(Math.max(0, at - performance.now()));
const posts: Promise<void>[] = [];
const post = async (sequence: number): Promise<void> => {
  const event = {
    id: `f-${sequence}`,
    type: "lesson_completed",
    userId: `user_${sequence % 500}`,
    properties: { lesson: "fair", score: sequence % 101, sequence },
  };
  const answer = await call(hatch, key, "POST", "/v1/events", event).catch(() => ({ status: 0 }));
  if (answer.status >= 200 && answer.status < 300) acknowledgedAt.set(sequence, performance.now());
  else refused += 1;
};
let scrapeMs = 0;
for (let sequence = 0; performance.now() - begun < minutes * 60_000; sequence++) {
  await waitUntil(begun + (sequence * 1_000) / rate);
  posts.push(post(sequence));
  if (sequence % rate === 0) memory.push({ at: performance.now() - begun, mib: rssOf(hatch.pid) });
  if (sequence % (rate * 15) === 0) {
    const from = performance.now();
    await (await fetch(`${hatch.url}/metrics`)).arrayBuffer();
    scrapeMs = Math.max(scrapeMs, performance.now() - from);
  }
  if (sequence % (rate * 60) === 0) {
    const late = [...acknowledgedAt].map(([id, at]) => Math.max(0, (arrivedAt.get(id) ?? Number.NaN) - at));
    say(
      `  ${Math.round((performance.now() - begun) / 1_000)} s: ${arrivedAt.size} arrived, p95 ${quantile(late, 0.95).toFixed(1)} ms, ${accepted} requests hung, ${(memory.at(-1)?.mib ?? 0).toFixed(0)} MiB`,
    );
  }
}
await Promise.all(posts);
const patience = performance.now() + 30_000;
while (arrivedAt.size < acknowledgedAt.size && performance.now() < patience) await Bun.sleep(50);
await hatch.kill();

const waits = [...acknowledgedAt].map(([sequence, at]) =>
  Math.max(0, (arrivedAt.get(sequence) ?? Number.POSITIVE_INFINITY) - at),
);
const settledAt = Math.min(SETTLED_AFTER_MS, (minutes * 60_000) / 4);
const before = quantile(
  memory.filter(({ at }) => at < settledAt).map(({ mib }) => mib),
  0.9,
);
const most = Math.max(...memory.map(({ mib }) => mib));
const last = quantile(
  memory.slice(-30).map(({ mib }) => mib),
  0.5,
);
const verdicts = ask<{ verdict: string; count: number }>(
  installation,
  `SELECT a.verdict AS verdict, COUNT(*) AS count FROM attempts a, deliveries d
   WHERE d.id = a.delivery_id AND d.subscription_id = ? GROUP BY a.verdict`,
  wellId,
);
const timeouts = verdicts.filter(({ verdict }) => verdict !== "delivered").reduce((sum, { count }) => sum + count, 0);
const ms = (value: number): string => `${value.toFixed(1)} ms`;
const rowsShown: readonly (readonly [string, string, string, boolean | undefined])[] = [
  ["events acknowledged", `${acknowledgedAt.size} (${refused} refused)`, "", refused === 0],
  ["arrived", `${arrivedAt.size} (${twice} twice)`, "all", arrivedAt.size === acknowledgedAt.size],
  ["acknowledgement to arrival, p50", ms(quantile(waits, 0.5)), "", undefined],
  ["p95", ms(quantile(waits, 0.95)), "< 1 s", quantile(waits, 0.95) < 1_000],
  ["p99", ms(quantile(waits, 0.99)), "", undefined],
  ["longest", ms(Math.max(...waits)), "", undefined],
  ["its time-outs and other failures", `${timeouts}`, "0", timeouts === 0],
  ["requests that hung meanwhile", `${accepted}`, "", undefined],
  [
    "memory (RSS) at first, most, at the end",
    [before, most, last].map((mib) => `${mib.toFixed(0)} MiB`).join(", "),
    "",
    undefined,
  ],
  ["growth of memory", `${(most - before).toFixed(0)} MiB`, "≤ 64 MiB", most - before <= 64],
  ["longest scrape of /metrics", ms(scrapeMs), "", undefined],
];
process.stdout.write("| what | figure | aim | met |\n| --- | --- | --- | --- |\n");
for (const [what, figure, aim, met] of rowsShown) {
  process.stdout.write(`| ${what} | ${figure} | ${aim} | ${met === undefined ? "" : met ? "yes" : "no"} |\n`);
}
process.stdout.write(
  `\n${minutes} min, ${availableParallelism()} cores, load ${loadavg()[0]?.toFixed(1)}, ${rows.toLocaleString("en-US")} rows behind one of ${hanging} hanging endpoints, ${rate} events/s to the healthy one\n`,
);
installation.remove();
deaf.stop(true);
await well.stop(true);
process.exit(rowsShown.every(([, , , met]) => met !== false) ? 0 : 1);
