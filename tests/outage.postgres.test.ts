import { afterAll, beforeAll, expect, test } from "bun:test";
import { startClients } from "./kill/clients.ts";
import { countUnfinished, gather, type Witnesses, witnessesOfServer } from "./kill/evidence.ts";
import { type Receiver, startReceiver } from "./kill/receiver.ts";
import { expectedBalances, PROGRAM, workloadEvent } from "./kill/workload.ts";
import {
  call,
  environmentFor,
  type Installation,
  type RunningHatch,
  runHatch,
  setUpHatch,
  startHatch,
} from "./support/hatch.ts";
import { type PostgresServer, startPostgres } from "./support/postgres.ts";

// The database's server goes away under load, in several ways, while the product runs on.

const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=";
const EVENTS = 4_000;
const CUTS = 5;

let server: PostgresServer;
let database: string;
let installation: Installation;
let witnesses: Witnesses;
let receiver: Receiver;
let hatch: RunningHatch;

const readiness = async (): Promise<number> => (await fetch(`${hatch.url}/readyz`)).status;

async function until(what: string, isSo: () => boolean | Promise<boolean>, patienceMs = 60_000): Promise<void> {
  const giveUpAt = performance.now() + patienceMs;
  while (!(await isSo())) {
    if (performance.now() > giveUpAt) throw new Error(`waited in vain: ${what}\n${hatch.log().slice(-3_000)}`);
    await Bun.sleep(20);
  }
}

beforeAll(async () => {
  server = await startPostgres();
  const given = await environmentFor("postgres", async () => server);
  database = given.database ?? "";
  installation = await setUpHatch(given.env);
  witnesses = witnessesOfServer(server, database);
  receiver = startReceiver(SECRET);
  hatch = await startHatch(installation.directory, { env: installation.env });
  for (const [method, path, body] of [
    ["PUT", "/v1/program/draft", PROGRAM],
    ["POST", "/v1/program/publish", {}],
    [
      "POST",
      "/v1/webhooks",
      { endpoint: receiver.hook, events: ["lesson_completed"], secret: SECRET, retryDelays: ["1s", "1s"] },
    ],
  ] as const) {
    expect((await call(hatch, installation.keys.test, method, path, body)).status).toBeLessThan(300);
  }
}, 60_000);

afterAll(async () => {
  await hatch?.kill("SIGKILL");
  receiver?.stop();
  installation?.remove();
  await server?.remove();
});

test("connections that are cut and a server that is killed lose nothing, double nothing, and are told by /readyz", async () => {
  const eventAt = (index: number) => workloadEvent("outage", "lesson_completed", index);
  const clients = startClients({ url: hatch.url, key: installation.keys.test, eventAt, count: 16 });
  clients.allow(EVENTS);
  const acknowledged = (share: number) =>
    until(`${share} acknowledged`, () => clients.acknowledged.size >= EVENTS * share);

  for (let cut = 1; cut <= CUTS; cut++) {
    await acknowledged(cut * 0.08);
    expect(await server.cut(database)).toBeGreaterThan(0);
  }
  await acknowledged(0.5);
  expect(await readiness()).toBe(200);

  await server.kill();
  await until("/readyz to tell", async () => (await readiness()) === 503);
  const refused = await call(hatch, installation.keys.test, "POST", "/v1/events", { ...eventAt(0), id: "refused" });
  expect(refused).toMatchObject({ status: 503, body: { error: { code: "unavailable" } } });
  expect((await fetch(`${hatch.url}/healthz`)).status).toBe(200);
  expect(await (await fetch(`${hatch.url}/metrics`)).text()).toContain("hatch_database_connected 0");
  await server.start();
  await until("/readyz to tell that it is back", async () => (await readiness()) === 200);
  await acknowledged(1);
  await clients.finish();

  const waiting = () => witnesses.beside(countUnfinished);
  await until("all to be delivered", async () => (await waiting()) === 0);
  expect(await hatch.kill("SIGTERM")).toBe(0);
  const evidence = await witnesses.afterKill(gather);
  expect(clients.refused).toEqual([]);
  const events = [...clients.sent.values()];
  expect(events.filter(({ id }) => !evidence.stored.has(id))).toEqual([]);
  expect([evidence.stored.size, evidence.storedTwice]).toEqual([EVENTS, 0]);
  expect(evidence.deliveries).toEqual({ delivered: EVENTS });
  expect(receiver.taken.size).toBe(EVENTS);
  // The product lived on, so it knew of everything that it had sent.
  expect([...receiver.taken].filter(([, times]) => times > 1)).toEqual([]);
  expect(Object.values(evidence.ledgerSums).every((sum) => sum === 0)).toBe(true);
  const expected = [...expectedBalances(events)].sort();
  expect([...evidence.balances].sort()).toEqual(expected);
  const doctor = await runHatch(["doctor", "--data", installation.directory], { env: installation.env });
  expect([doctor.code, doctor.stdout]).toEqual([0, expect.stringContaining("All is well")]);
  // The URL is a secret, in good times and in bad ones.
  expect(hatch.log()).not.toContain("postgres://");
  expect(hatch.log()).toContain("the database is away");
  expect(hatch.log()).toContain("the database is back");
}, 180_000);
