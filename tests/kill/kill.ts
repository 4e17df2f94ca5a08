import { freePort } from "../support/free-port.ts";
import {
  call,
  type Engine,
  environmentFor,
  type RunningHatch,
  runHatch,
  setUpHatch,
  startHatch,
} from "../support/hatch.ts";
import { sharedPostgres } from "../support/postgres.ts";
import { startClients } from "./clients.ts";
import {
  countSending,
  countWaiting,
  dropOneEvent,
  type Evidence,
  gather,
  witnessesOfFile,
  witnessesOfServer,
} from "./evidence.ts";
import { startReceiver } from "./receiver.ts";
import { type Amounts, expectedBalances, makeWorkload, PROGRAM, SUBSCRIBED } from "./workload.ts";

export interface KillOptions {
  readonly engine: Engine;
  readonly seed: string;
  readonly events: number;
  readonly kills: number;
  /** Takes an acknowledged event away before the checks: they must fail. */
  readonly canary: boolean;
  readonly say: (line: string) => void;
}

export interface KillReport {
  readonly engine: Engine;
  readonly seed: string;
  readonly kills: number;
  readonly sent: number;
  readonly acknowledged: number;
  readonly stored: number;
  /** Different deliveries that arrived, each with a genuine signature. */
  readonly delivered: number;
  /** Deliveries that arrived more than once, and how many were under way when the server was killed. */
  readonly duplicates: number;
  readonly inFlightAtKills: number;
  /** Retries that were told `duplicate`: stored before the kill, never answered. */
  readonly repeated: number;
  /** By currency. The sums over all accounts have to be 0. */
  readonly ledgerSums: Amounts;
  readonly points: Amounts;
  readonly expectedPoints: Amounts;
  /** Five seconds after the last start. */
  readonly stuckSending: number;
  readonly seconds: number;
  readonly violations: readonly string[];
}

const CLIENTS = 32;
const SETTLED_AFTER_MS = 5_000;
const PATIENCE_MS = 120_000;
/** The third interruption in a row uses up a retry: not worth a minute here. */
const RETRY_DELAYS = Array.from({ length: 20 }, () => "1s");
const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=";

const totalOf = (balances: ReadonlyMap<string, Amounts>): Amounts => {
  const total: Record<string, number> = {};
  for (const own of balances.values()) {
    for (const [currency, amount] of Object.entries(own)) total[currency] = (total[currency] ?? 0) + amount;
  }
  return total;
};

function differences(
  name: string,
  actual: ReadonlyMap<string, Amounts>,
  expected: ReadonlyMap<string, Amounts>,
): string[] {
  return [...expected].flatMap(([userId, amounts]) =>
    Object.entries(amounts)
      .filter(([currency, amount]) => (actual.get(userId)?.[currency] ?? 0) !== amount)
      .map(
        ([currency, amount]) =>
          `${name}: ${userId} has ${actual.get(userId)?.[currency] ?? 0} ${currency}, not ${amount}`,
      ),
  );
}

/** Sets up, lets clients send, kills at the seed's moments, starts again, waits for the end and looks. */
export async function runKills({ engine, seed, events, kills, canary, say }: KillOptions): Promise<KillReport> {
  const started = performance.now();
  const workload = makeWorkload(seed, events, kills);
  const { env, database } = await environmentFor(engine);
  const installation = await setUpHatch(env);
  const { directory } = installation;
  const witnesses =
    database === undefined ? witnessesOfFile(directory) : witnessesOfServer(await sharedPostgres(), database);
  const key = installation.keys.test;
  const port = freePort();
  const receiver = startReceiver(SECRET);
  const start = () => startHatch(directory, { port, env, args: ["--set", "log.level=warn"] });
  let hatch: RunningHatch = await start();
  try {
    const insist = async (method: string, path: string, body: unknown): Promise<void> => {
      const answer = await call(hatch, key, method, path, body);
      if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    };
    await insist("PUT", "/v1/program/draft", PROGRAM);
    await insist("POST", "/v1/program/publish", {});
    const subscription = { endpoint: receiver.url, events: SUBSCRIBED, secret: SECRET, retryDelays: RETRY_DELAYS };
    await insist("POST", "/v1/webhooks", subscription);

    const clients = startClients({ url: hatch.url, key, events: workload.events, count: CLIENTS });
    let inFlightAtKills = 0;
    let lastStart = performance.now();
    for (const [index, at] of workload.killsAt.entries()) {
      while (clients.acknowledged.size < at) await Bun.sleep(1);
      await Bun.sleep(workload.killDelaysMs[index] as number);
      await hatch.kill("SIGKILL");
      const inFlight = await witnesses.afterKill(countSending);
      inFlightAtKills += inFlight;
      hatch = await start();
      lastStart = performance.now();
      say(`kill ${index + 1} of ${kills}: ${clients.acknowledged.size} acknowledged, ${inFlight} in flight`);
    }
    await clients.done;
    say(`all ${clients.acknowledged.size} acknowledged, waiting for the deliveries`);

    const giveUpAt = performance.now() + PATIENCE_MS;
    while ((await witnesses.beside(countWaiting)) > 0 && performance.now() < giveUpAt) await Bun.sleep(100);
    await Bun.sleep(Math.max(0, lastStart + SETTLED_AFTER_MS - performance.now()));
    const stuckSending = await witnesses.beside(countSending);
    const exitCode = await hatch.kill("SIGTERM");
    if (canary) await witnesses.beside(dropOneEvent);
    const doctor = await runHatch(["doctor", "--data", directory], { env });
    const evidence = await witnesses.afterKill(gather);

    const expected = expectedBalances(workload.events);
    const duplicates = [...receiver.seen.values()].filter((times) => times > 1).length;
    return {
      engine,
      seed,
      kills,
      sent: workload.events.length,
      acknowledged: clients.acknowledged.size,
      stored: evidence.stored.size,
      delivered: receiver.seen.size,
      duplicates,
      inFlightAtKills,
      repeated: clients.repeated,
      ledgerSums: evidence.ledgerSums,
      points: totalOf(evidence.balances),
      expectedPoints: totalOf(expected),
      stuckSending,
      seconds: Math.round((performance.now() - started) / 100) / 10,
      violations: violationsOf(evidence),
    };

    function violationsOf({
      stored,
      storedTwice,
      deliveries,
      ledgerSums,
      balances,
      states,
      integrity,
    }: Evidence): string[] {
      const lost = [...clients.acknowledged].filter((id) => !stored.has(id));
      const undelivered = [...clients.acknowledged].filter((id) => !receiver.events.has(id));
      const faults: readonly (readonly [boolean, string])[] = [
        [clients.refused.length > 0, `${clients.refused.length} refused, the first: ${clients.refused[0]}`],
        [
          clients.acknowledged.size !== workload.events.length,
          `${clients.acknowledged.size} acknowledged of ${workload.events.length}`,
        ],
        [lost.length > 0, `${lost.length} acknowledged and lost, the first: ${lost[0]}`],
        [stored.size !== workload.events.length, `${stored.size} stored of ${workload.events.length}`],
        [storedTwice > 0, `${storedTwice} stored twice`],
        [undelivered.length > 0, `${undelivered.length} never delivered, the first: ${undelivered[0]}`],
        [
          receiver.seen.size !== workload.events.length,
          `${receiver.seen.size} different deliveries of ${workload.events.length}`,
        ],
        [deliveries.delivered !== workload.events.length, `deliveries by status: ${JSON.stringify(deliveries)}`],
        [duplicates > inFlightAtKills, `${duplicates} delivered twice, ${inFlightAtKills} were in flight at the kills`],
        [receiver.refused > 0, `${receiver.refused} deliveries with a wrong signature`],
        [stuckSending > 0, `${stuckSending} still sending`],
        [
          Object.values(ledgerSums).some((sum) => sum !== 0),
          `the ledger does not sum to zero: ${JSON.stringify(ledgerSums)}`,
        ],
        [integrity !== "ok", `integrity: ${integrity}`],
        [
          doctor.code !== 0,
          `hatch doctor: ${doctor.stdout
            .split("\n")
            .filter((line) => !line.startsWith("ok"))
            .join(" ")}`,
        ],
        [exitCode !== 0, `the last server ended with ${exitCode}`],
      ];
      return [
        ...faults.filter(([broken]) => broken).map(([, fault]) => fault),
        ...differences("ledger", balances, expected).slice(0, 5),
        ...differences("state", states, expected).slice(0, 5),
      ];
    }
  } finally {
    await hatch.kill("SIGKILL");
    receiver.stop();
    installation.remove();
  }
}
