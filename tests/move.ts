import { createHmac } from "node:crypto";
import { parseArgs } from "node:util";
import { PROGRAM } from "./kill/workload.ts";
import { call, cleanEnvironment, hatchCommand, runHatch, setUpHatch, startHatch } from "./support/hatch.ts";
import { startPostgres } from "./support/postgres.ts";
import { startReceiver } from "./support/receiver.ts";

// Moves a large installation from its file to Postgres, killed half-way and taken up again, and compares what clients see.
//   bun tests/move.ts [--events 200000]
// With retries that wait and a secret half rotated; afterwards replayed deliveries must carry both signatures.

const { values } = parseArgs({ options: { events: { type: "string", default: "200000" } } });
const EVENTS = Number(values.events);
const MEMBERS = 2_000;
const BATCH = 1_000;
const SAMPLED = 50;
const REPLAYED = 10;
const OLD_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=";

const say = (what: string, value: unknown): void => console.log(what.padEnd(22), String(value));
function insist(holds: boolean, what: string): void {
  if (holds) return;
  console.error(`NOT SO: ${what}`);
  process.exit(1);
}

const server = await startPostgres({ settings: ["shared_buffers=128MB", "max_wal_size=1GB"] });
const database = await server.createDatabase();
let isDown = true;
const receiver = startReceiver(() => new Response(null, { status: isDown ? 503 : 200 }));
const installation = await setUpHatch();
const quiet = { args: ["--set", "log.level=warn"] };
let hatch = await startHatch(installation.directory, quiet);
const api = async (method: string, path: string, body?: unknown) => {
  const answer = await call(hatch, installation.keys.test, method, path, body);
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body;
};
const sample = () =>
  Promise.all(Array.from({ length: SAMPLED }, (_, index) => api("GET", `/v1/members/u-${index * 7}`)));

await api("PUT", "/v1/program/draft", PROGRAM);
await api("POST", "/v1/program/publish", {});
const endpoint = { endpoint: receiver.url, events: ["lesson_completed"], secret: OLD_SECRET, retryDelays: ["1h"] };
const subscription = await api("POST", "/v1/webhooks", endpoint);
const rotated = await api("POST", `/v1/webhooks/${subscription.id}/rotate-secret`, { overlap: "24h" });
const event = (number: number) => ({
  id: `e-${number}`,
  type: "lesson_completed",
  userId: `u-${number % MEMBERS}`,
  properties: { score: 1 + (number % 100) },
});
for (let from = 0; from < EVENTS; from += BATCH) {
  const count = Math.min(BATCH, EVENTS - from);
  await api("POST", "/v1/events/batch", { events: Array.from({ length: count }, (_, index) => event(from + index)) });
}
const before = await sample();
await hatch.kill();
say("events", EVENTS);
say("file MB", Math.round(Bun.file(`${installation.directory}/hatch.db`).size / 1e6));

const env = { HATCH_DATABASE_URL: server.urlOf(database) };
const command = ["migrate-to", "--data", installation.directory];
let begun = performance.now();
const first = Bun.spawn([...hatchCommand(), ...command], {
  stdin: "ignore",
  stdout: "ignore",
  stderr: "ignore",
  env: cleanEnvironment(env),
});
for (;;) {
  const [mark] = await server.ask<{ state: string }>("SELECT state FROM hatch_move", database).catch(() => []);
  if (mark && JSON.parse(mark.state).after?.[1] > EVENTS / 2) break;
  insist(first.exitCode === null, "the move was not over before it was killed");
  await Bun.sleep(20);
}
first.kill("SIGKILL");
await first.exited;
say("killed after s", ((performance.now() - begun) / 1000).toFixed(1));
begun = performance.now();
const moved = await runHatch(command, { env });
insist(moved.code === 0, `the second run ends well: ${moved.stderr}`);
say("then moved in s", ((performance.now() - begun) / 1000).toFixed(1));

hatch = await startHatch(installation.directory, { ...quiet, env });
insist(Bun.deepEquals(before, await sample()), "the members are the same");
const [held] = await server.ask<{ n: number }>("SELECT count(*)::int AS n FROM deliveries", database);
insist(held?.n === EVENTS, `every delivery is there: ${held?.n} of ${EVENTS}`);
say("members compared", SAMPLED);
say("deliveries", held?.n);

isDown = false;
const seen = receiver.received.length;
const { data } = await api("GET", `/v1/deliveries?status=pending&limit=${REPLAYED}`);
for (const { id } of data) await api("POST", `/v1/deliveries/${id}/replay`, {});
const sign = (secret: string, text: string) => `sha256=${createHmac("sha256", secret).update(text).digest("hex")}`;
await receiver.arrived(seen + data.length);
for (const { headers, body } of receiver.received.slice(seen)) {
  const text = `${headers.get("x-hatch-timestamp")}.${body}`;
  insist(headers.get("x-hatch-signature") === sign(OLD_SECRET, text), "the old secret signs until its overlap ends");
  insist(headers.get("x-hatch-signature-next") === sign(rotated.secret, text), "the new secret signs beside it");
}
say("signatures checked", 2 * data.length);
await hatch.kill();
const doctor = await runHatch(["doctor", "--data", installation.directory], { env });
insist(doctor.code === 0, `the doctor finds nothing: ${doctor.stdout}`);
receiver.stop();
installation.remove();
await server.remove();
console.log("moved: the same members, deliveries and signatures");
process.exit(0);
