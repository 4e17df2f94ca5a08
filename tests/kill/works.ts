import { call, type RunningHatch } from "../support/hatch.ts";
import type { Clients } from "./clients.ts";
import { countFailed, type Witnesses } from "./evidence.ts";
import type { Receiver } from "./receiver.ts";
import { type WorkloadType, workloadEvent } from "./workload.ts";

/** The long work that kills cut off, and its subscriptions. */

export interface Scene {
  readonly seed: string;
  readonly key: string;
  readonly receiver: Receiver;
  readonly clients: Clients;
  readonly witnesses: Witnesses;
  /** The subscription whose endpoint turns away what comes, at times. */
  readonly deskId: string;
  /** Unix milliseconds. */
  readonly begunAt: number;
}

const TURNED_AWAY_AT_ONCE = 150;
const CREATED_AT_ONCE = 16;
const PATIENCE_MS = 30_000;

export async function insist(
  hatch: { readonly url: string },
  key: string,
  method: string,
  path: string,
  body: unknown,
): Promise<Readonly<Record<string, unknown>>> {
  const answer = await call(hatch, key, method, path, body);
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body;
}

/** So many that pull, more than one transaction writes deliveries for. */
export async function subscribePullers(hatch: RunningHatch, key: string, count: number): Promise<void> {
  let left = count;
  const create = async (): Promise<void> => {
    while (left-- > 0) await insist(hatch, key, "POST", "/v1/webhooks", { mode: "pull", events: ["notice_posted"] });
  };
  await Promise.all(Array.from({ length: CREATED_AT_ONCE }, create));
}

/** The next events of a type that only the works send. */
function nextOf({ seed, clients }: Scene, type: WorkloadType, count: number) {
  const from = [...clients.sent.values()].filter((event) => event.type === type).length;
  return Array.from({ length: count }, (_, index) => workloadEvent(seed, type, from + index));
}

export async function beginFanOut(scene: Scene): Promise<void> {
  await scene.clients.send(nextOf(scene, "notice_posted", 1));
}

/** As fast as a recovery can be asked for. */
const RATE = { count: 1_000, per: "1s" };

const recover = (scene: Scene, hatch: RunningHatch, since: number) =>
  insist(hatch, scene.key, "POST", `/v1/webhooks/${scene.deskId}/recover`, {
    since: new Date(since).toISOString(),
    statuses: ["failed"],
    rate: RATE,
  });

/** Lets deliveries fail for good, then asks for them again. */
export async function beginRecover(scene: Scene, hatch: RunningHatch): Promise<void> {
  const { clients, receiver, witnesses } = scene;
  const since = Date.now() - 1_000;
  receiver.takesAtDesk = false;
  await clients.send(nextOf(scene, "quiz_done", TURNED_AWAY_AT_ONCE));
  const giveUpAt = performance.now() + PATIENCE_MS;
  while ((await witnesses.beside(countFailed)) < TURNED_AWAY_AT_ONCE && performance.now() < giveUpAt) {
    await Bun.sleep(20);
  }
  receiver.takesAtDesk = true;
  await recover(scene, hatch, since);
}

/** What failed once more while a recovery was cut off. */
export async function recoverAll(scene: Scene, hatch: RunningHatch): Promise<void> {
  if ((await scene.witnesses.beside(countFailed)) > 0) await recover(scene, hatch, scene.begunAt);
}
