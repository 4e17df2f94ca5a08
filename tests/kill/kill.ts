import { freePort } from "../support/free-port.ts";
import { type Engine, environmentFor, type RunningHatch, runHatch, setUpHatch, startHatch } from "../support/hatch.ts";
import { sharedPostgres } from "../support/postgres.ts";
import { startClients } from "./clients.ts";
import { countSending, countUnfinished, dropOneEvent, gather, witnessesOfFile, witnessesOfServer } from "./evidence.ts";
import { MOMENTS, type Moment, whatWasCut } from "./moments.ts";
import { startReceiver } from "./receiver.ts";
import { createRotation } from "./rotation.ts";
import { violationsOf } from "./violations.ts";
import { type Amounts, expectedBalances, makeLives, PROGRAM, workloadEvent } from "./workload.ts";
import { beginFanOut, beginRecover, insist, recoverAll, type Scene, subscribePullers } from "./works.ts";

export interface KillOptions {
  readonly engine: Engine;
  readonly seed: string;
  /** At least so many are sent and acknowledged. */
  readonly events: number;
  readonly kills: number;
  /** Subscriptions that an event of a fan-out goes to; over a hundred make it a job. */
  readonly pullers: number;
  /** Takes an acknowledged event away before the checks: they must fail. */
  readonly canary: boolean;
  readonly say: (line: string) => void;
}

export interface KillReport {
  readonly engine: Engine;
  readonly seed: string;
  readonly kills: number;
  /** Kills by what they cut off; one may cut off several. */
  readonly cut: Readonly<Record<Moment, number>>;
  readonly sent: number;
  readonly acknowledged: number;
  readonly lost: number;
  readonly stored: number;
  /** Different deliveries that were taken, each with a genuine signature. */
  readonly delivered: number;
  /** Refused for good at first, and delivered under the same id by a recovery. */
  readonly recovered: number;
  /** Deliveries of the fan-outs, each written once. */
  readonly fannedOut: number;
  /** How often the root key was exchanged for another. */
  readonly rotations: number;
  /** Deliveries that were taken more than once, and how many were under way when the server was killed. */
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
const PATIENCE_MS = 180_000;
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

/** Sets up, lets clients send, kills at the seed's moments, starts again, waits for the end and looks. */
export async function runKills({
  engine,
  seed,
  events,
  kills,
  pullers,
  canary,
  say,
}: KillOptions): Promise<KillReport> {
  const started = performance.now();
  const begunAt = Date.now() - 1_000;
  const { env, database } = await environmentFor(engine);
  const installation = await setUpHatch(env);
  const { directory } = installation;
  const witnesses =
    database === undefined ? witnessesOfFile(directory) : witnessesOfServer(await sharedPostgres(), database);
  const key = installation.keys.test;
  const port = freePort();
  const receiver = startReceiver(SECRET);
  const rotation = createRotation({ directory, env, witnesses });
  const start = () => startHatch(directory, { port, env: rotation.env(), args: ["--set", "log.level=warn"] });
  let hatch: RunningHatch = await start();
  try {
    await insist(hatch, key, "PUT", "/v1/program/draft", PROGRAM);
    await insist(hatch, key, "POST", "/v1/program/publish", {});
    const shared = { secret: SECRET, retryDelays: RETRY_DELAYS, pauseAfter: 1_000 };
    await insist(hatch, key, "POST", "/v1/webhooks", {
      ...shared,
      endpoint: receiver.hook,
      events: ["lesson_completed"],
    });
    const desk = { ...shared, endpoint: receiver.desk, events: ["quiz_done"] };
    const { id: deskId } = await insist(hatch, key, "POST", "/v1/webhooks", desk);
    await subscribePullers(hatch, key, pullers);

    const lessonAt = (index: number) => workloadEvent(seed, "lesson_completed", index);
    const clients = startClients({ url: hatch.url, key, eventAt: lessonAt, count: CLIENTS });
    const scene: Scene = { seed, key, receiver, clients, witnesses, deskId: String(deskId), begunAt };
    const cut = Object.fromEntries(MOMENTS.map((moment) => [moment, 0])) as Record<Moment, number>;
    let inFlightAtKills = 0;
    let lastStart = performance.now();
    for (const [index, { events: count, delayMs, work }] of makeLives(seed, { kills, events }).entries()) {
      const { size } = clients.acknowledged;
      clients.allow(count * 2);
      if (work === "recover") await beginRecover(scene, hatch);
      await clients.reached(size + count);
      if (work === "fan-out") await beginFanOut(scene);
      if (work === "rotation") await rotation.begin();
      await Bun.sleep(delayMs);
      const unanswered = clients.waiting;
      await hatch.kill("SIGKILL");
      const { moments, inFlight } = await witnesses.afterKill((witness) =>
        whatWasCut(witness, { receiver, unanswered }),
      );
      for (const moment of moments) cut[moment]++;
      inFlightAtKills += inFlight;
      hatch = await start();
      lastStart = performance.now();
      say(
        `kill ${index + 1} of ${kills}: ${clients.acknowledged.size} acknowledged, ${inFlight} in flight, cut off ${moments.join(", ")}`,
      );
    }
    clients.allow(Math.max(0, events - clients.acknowledged.size));
    await clients.reached(events);
    await clients.finish();
    say(`all ${clients.acknowledged.size} acknowledged, waiting for the deliveries`);

    const giveUpAt = performance.now() + PATIENCE_MS;
    receiver.takesAtDesk = true;
    const finished = async (): Promise<void> => {
      while ((await witnesses.beside(countUnfinished)) > 0 && performance.now() < giveUpAt) await Bun.sleep(100);
    };
    await finished();
    await recoverAll(scene, hatch);
    await finished();
    await rotation.finish(giveUpAt);
    await Bun.sleep(Math.max(0, lastStart + SETTLED_AFTER_MS - performance.now()));
    const stuckSending = await witnesses.beside(countSending);
    const exitCode = await hatch.kill("SIGTERM");
    if (canary) await witnesses.beside(dropOneEvent);
    const doctor = await runHatch(["doctor", "--data", directory], { env: rotation.env() });
    const evidence = await witnesses.afterKill(gather);
    const expected = expectedBalances(clients.sent.values());
    const duplicates = [...receiver.taken.values()].filter((times) => times > 1).length;
    return {
      engine,
      seed,
      kills,
      cut,
      sent: clients.sent.size,
      acknowledged: clients.acknowledged.size,
      lost: [...clients.acknowledged].filter((id) => !evidence.stored.has(id)).length,
      stored: evidence.stored.size,
      delivered: receiver.taken.size,
      recovered: [...receiver.turnedAway.keys()].filter((delivery) => receiver.taken.has(delivery)).length,
      fannedOut: evidence.pulled.reduce((sum, rows) => sum + rows, 0),
      rotations: rotation.finished,
      duplicates,
      inFlightAtKills,
      repeated: clients.repeated,
      ledgerSums: evidence.ledgerSums,
      points: totalOf(evidence.balances),
      expectedPoints: totalOf(expected),
      stuckSending,
      seconds: Math.round((performance.now() - started) / 100) / 10,
      violations: violationsOf({
        clients,
        receiver,
        evidence,
        expected,
        pullers,
        duplicates,
        inFlightAtKills,
        stuckSending,
        doctor,
        exitCode,
      }),
    };
  } finally {
    await hatch.kill("SIGKILL");
    receiver.stop();
    installation.remove();
  }
}
