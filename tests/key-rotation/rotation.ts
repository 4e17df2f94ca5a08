import { readFileSync } from "node:fs";
import { join } from "node:path";
import { keyIdOf } from "../../src/kernel/crypto.ts";
import { freePort } from "../support/free-port.ts";
import { call, type RunningHatch, runHatch, setUpHatch, startHatch } from "../support/hatch.ts";
import { startVerifyingReceiver } from "./receiver.ts";
import { countSealedBy, seedSecrets } from "./values.ts";

export interface RotationOptions {
  /** `environment`: both keys are given at each start. `file`: Hatch makes the other key itself, while it runs. */
  readonly form: "environment" | "file";
  /** Sealed secrets besides those of the subscriptions that are sent to. */
  readonly secrets: number;
  readonly kills: number;
  readonly say: (line: string) => void;
}

export interface RotationReport {
  readonly form: string;
  readonly secrets: number;
  /** How many of the secrets the other key sealed at each kill. */
  readonly kills: readonly number[];
  readonly acknowledged: number;
  readonly verified: number;
  readonly unverifiable: number;
  readonly seconds: number;
  readonly violations: readonly string[];
}

const SUBSCRIPTIONS = 4;
const CLIENTS = 4;
const PATIENCE_MS = 90_000;
const made = (): Buffer => Buffer.from(crypto.getRandomValues(new Uint8Array(32)));
const retryDelays = Array.from({ length: 20 }, () => "1s");

async function until(isSo: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const giveUpAt = performance.now() + PATIENCE_MS;
  while (!(await isSo())) {
    if (performance.now() > giveUpAt) throw new Error(`waited in vain for ${what}`);
    await Bun.sleep(5);
  }
}

/** Sends events until it is told to stop; one that got no answer is sent again under its id. */
function startClients(url: string, key: string) {
  const acknowledged = new Set<string>();
  let isOver = false;
  let next = 0;
  const send = async (id: string): Promise<void> => {
    const body = { id, type: "lesson_completed", userId: `user_${id.length}`, properties: { score: 94 } };
    for (;;) {
      const answer = await call({ url }, key, "POST", "/v1/events", body).catch(() => undefined);
      if (answer && answer.status < 300) break;
      await Bun.sleep(50);
    }
    acknowledged.add(id);
  };
  const clients = Array.from({ length: CLIENTS }, async () => {
    while (!isOver) {
      await send(`event-${next++}`);
      await Bun.sleep(20);
    }
  });
  return {
    acknowledged,
    async stop() {
      isOver = true;
      await Promise.all(clients);
    },
  };
}

/** Exchanges the root key while events come in and webhooks go out, and kills the server half-way. */
export async function runKeyRotation({ form, secrets, kills, say }: RotationOptions): Promise<RotationReport> {
  const started = performance.now();
  const violations: string[] = [];
  const expect = (isSo: boolean, what: string): void => void (isSo || violations.push(what));
  const [former, other] = [made(), made()];
  const isFile = form === "file";
  const env = (own: Record<string, string>): Record<string, string> => (isFile ? {} : own);
  const first = env({ WEBHOOK_ENCRYPTION_KEY: former.toString("base64") });
  const second = env({ WEBHOOK_ENCRYPTION_KEY: other.toString("base64") });
  const both = env({ ...second, WEBHOOK_ENCRYPTION_KEY_PREVIOUS: former.toString("base64") });
  const installation = await setUpHatch(first);
  const { directory } = installation;
  const keyFile = (): Buffer => Buffer.from(readFileSync(join(directory, "root.key"), "utf8"), "base64");
  const rootKey = new Uint8Array(isFile ? keyFile() : former);
  const receiver = startVerifyingReceiver();
  const port = freePort();
  const start = (given: Record<string, string>): Promise<RunningHatch> =>
    startHatch(directory, { port, env: given, args: ["--set", "log.level=warn"] });
  const key = installation.keys.test;
  let hatch = await start(first);
  try {
    const insist = async (method: string, path: string, body: unknown) => {
      const answer = await call(hatch, key, method, path, body);
      if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
      return answer.body;
    };
    await insist("PUT", "/v1/event-types/lesson_completed", { forward: true });
    const subscriptions: { readonly id: string; readonly path: string }[] = [];
    for (let index = 0; index < SUBSCRIPTIONS; index++) {
      const path = `/${index}`;
      const fields = { endpoint: `${receiver.url}${path}`, events: ["lesson_completed"], retryDelays };
      const { id, secret } = await insist("POST", "/v1/webhooks", { ...fields, headers: { "X-Number": path } });
      receiver.knows(path, secret);
      subscriptions.push({ id, path });
    }
    await hatch.kill("SIGTERM");
    seedSecrets(directory, { rootKey, count: secrets });
    hatch = await start(both);
    const clients = startClients(hatch.url, key);
    if (isFile) {
      const begun = await runHatch(["encryption", "rotate", "--no-wait", "--data", directory]);
      expect(begun.code === 0, `hatch encryption rotate: ${begun.stderr}`);
    }
    const nextId = keyIdOf(new Uint8Array(isFile ? keyFile() : other));
    const killedAt: number[] = [];
    for (let index = 0; index < kills; index++) {
      const enough = Math.floor((secrets * (index + 0.5)) / (kills + 0.5));
      await until(() => countSealedBy(directory, nextId) >= enough, `kill ${index + 1}`);
      await hatch.kill("SIGKILL");
      const sealed = countSealedBy(directory, nextId);
      killedAt.push(sealed);
      say(
        `kill ${index + 1} of ${kills}: ${sealed} of ${secrets} sealed anew, ${clients.acknowledged.size} acknowledged`,
      );
      expect(sealed > 0 && sealed < secrets, `kill ${index + 1} was not half-way: ${sealed} of ${secrets}`);
      if (index === 0 && !isFile) await refuseEither();
      hatch = await start(both);
      if (index === 0) {
        const [rotated] = subscriptions;
        const { secret } = await insist("POST", `/v1/webhooks/${rotated?.id}/rotate-secret`, { overlap: "1h" });
        receiver.knows(rotated?.path ?? "", secret, Math.floor(Date.now() / 1000) + 1);
      }
    }
    const rotated = await runHatch(["encryption", "rotate", "--json", "--data", directory]);
    // The key in a file is exchanged once more where the rotation was over before it was asked for.
    const outcome =
      rotated.code === 0 ? (JSON.parse(rotated.stdout) as { state: string; keyId: string; left: number }) : undefined;
    expect(outcome?.state === "done" && outcome.left === 0, `the rotation ended as ${rotated.stdout}${rotated.stderr}`);
    await Bun.sleep(500);
    await clients.stop();
    const all = [...clients.acknowledged];
    const isDelivered = ({ path }: { readonly path: string }): boolean =>
      all.every((id) => receiver.events(path).has(id));
    await until(() => subscriptions.every(isDelivered), "the deliveries").catch((error) =>
      violations.push(String(error)),
    );
    await hatch.kill("SIGTERM");
    if (!isFile) {
      const old = await runHatch(["keys", "list", "--data", directory], { env: first });
      expect(
        old.code === 3 && old.stderr.includes("sealed by key"),
        `the former key was not refused: ${old.code} ${old.stderr}`,
      );
    }
    hatch = await start(second);
    await insist("POST", "/v1/events", { id: "the-last", type: "lesson_completed", userId: "user_1", properties: {} });
    await until(() => subscriptions.every(({ path }) => receiver.events(path).has("the-last")), "the last event");
    const doctor = await runHatch(["doctor", "--data", directory], { env: second });
    expect(doctor.code === 0, `hatch doctor: ${doctor.stdout}`);
    const process = await runHatch(["encryption", "status", "--json", "--data", directory], { env: second });
    expect(!process.stdout.includes(other.toString("base64")), "the status shows the key");
    expect(![former, other].some((secret) => hatch.log().includes(secret.toString("base64"))), "the log shows a key");
    expect(receiver.unverifiable.length === 0, `unverifiable: ${receiver.unverifiable[0]}`);
    return {
      form,
      secrets,
      kills: killedAt,
      acknowledged: all.length,
      verified: receiver.verified(),
      unverifiable: receiver.unverifiable.length,
      seconds: Math.round((performance.now() - started) / 100) / 10,
      violations,
    };
  } finally {
    await hatch.kill("SIGKILL");
    receiver.stop();
    installation.remove();
  }

  /** Half-way one key alone is not enough, whichever it is. */
  async function refuseEither(): Promise<void> {
    for (const [name, alone] of [
      ["former", first],
      ["other", second],
    ] as const) {
      const { code, stderr } = await runHatch(["serve", "--data", directory, "--port", "0"], { env: alone });
      expect(
        code === 3 && stderr.includes("is not finished and needs both"),
        `the ${name} key alone: ${code} ${stderr}`,
      );
    }
  }
}
