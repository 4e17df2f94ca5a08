import { join } from "node:path";
import {
  call,
  type Engine,
  environmentFor,
  type Installation,
  type RunningHatch,
  setUpHatch,
  startHatch,
} from "../../tests/support/hatch.ts";
import type { PostgresServer } from "../../tests/support/postgres.ts";
import { makeBody, PROGRAM } from "../bodies.ts";
import { Connections } from "../connections.ts";
import type { LoadOptions, LoadResult } from "../load.ts";
import { type OpenLoopResult, OpenLoopRun } from "../open-loop.ts";
import type { Contender, Enqueued, Enqueuing, Fixed } from "./contender.ts";

const TYPE = "lesson_completed";
const CONCURRENCY = 64;
/** As many sockets to one endpoint as the peers have in all: they know no bound for each. */
const SETTINGS = ["--set", "log.level=warn", "--set", `webhooks.concurrencyPerEndpoint=${CONCURRENCY}`];

export interface HatchOptions {
  readonly name: string;
  readonly engine: Engine;
  readonly target: string;
  readonly server: { readonly pid: number; readonly postgres: PostgresServer; remove(): Promise<void> } | undefined;
}

class HatchContender implements Contender {
  readonly name: string;
  readonly #options: HatchOptions;
  readonly #installation: Installation;
  #hatch: RunningHatch;
  #subscription = "";

  private constructor(options: HatchOptions, installation: Installation, hatch: RunningHatch) {
    this.name = options.name;
    this.#options = options;
    this.#installation = installation;
    this.#hatch = hatch;
  }

  static async open(options: HatchOptions): Promise<HatchContender> {
    const { engine, server, target } = options;
    const findServer = async (): Promise<PostgresServer> => {
      if (!server) throw new Error("no Postgres was started");
      return server.postgres;
    };
    const installation = await setUpHatch((await environmentFor(engine, findServer)).env);
    const started = await startHatch(installation.directory, { args: SETTINGS, env: installation.env });
    const hatch = new HatchContender(options, installation, started);
    await hatch.#call("PUT", "/v1/program/draft", PROGRAM);
    await hatch.#call("POST", "/v1/program/publish", {});
    hatch.#subscription = await hatch.#subscribe(target, TYPE);
    return hatch;
  }

  async #call(method: string, path: string, body: unknown): Promise<unknown> {
    const answer = await call(this.#hatch, this.#installation.keys.test, method, path, body);
    if (answer.status < 300) return answer.body;
    throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  }

  async #subscribe(endpoint: string, type: string): Promise<string> {
    const subscription = (await this.#call("POST", "/v1/webhooks", { endpoint, events: [type] })) as { id: string };
    return subscription.id;
  }

  pids(): readonly number[] {
    const { server } = this.#options;
    return server ? [this.#hatch.pid, server.pid] : [this.#hatch.pid];
  }

  rest = async (): Promise<void> =>
    void (await this.#call("PATCH", `/v1/webhooks/${this.#subscription}`, { active: false }));
  work = async (): Promise<void> => void (await this.#call("POST", `/v1/webhooks/${this.#subscription}/resume`, {}));

  async enqueue({ prefix, count, batch, callers }: Enqueuing): Promise<Enqueued> {
    const options: LoadOptions = {
      port: Number(new URL(this.#hatch.url).port),
      path: batch === 1 ? "/v1/events" : "/v1/events/batch",
      headers: { Authorization: `Bearer ${this.#installation.keys.test}` },
      connections: callers,
      seconds: 300,
      requests: count / batch,
      batch,
      prefix,
    };
    const child = Bun.spawn([process.execPath, join(import.meta.dir, "..", "load.ts"), JSON.stringify(options)], {
      stdout: "pipe",
      stderr: "inherit",
    });
    const result = JSON.parse(await new Response(child.stdout).text()) as LoadResult;
    if (result.failed > 0 || result.requests !== count / batch) throw new Error(`the load failed: ${result.failed}`);
    const seconds = result.requests / result.perSecond;
    return { seconds, cpuSeconds: result.cpu * seconds };
  }

  async openLoop({ prefix, rate, seconds, warmSeconds, hanging, hangingJobs }: Fixed): Promise<OpenLoopResult> {
    const id = new RegExp(`"data":\\{"id":"${prefix}-(\\d+)"`);
    let run: OpenLoopRun | undefined;
    const receiver = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      idleTimeout: 120,
      async fetch(request) {
        if (new URL(request.url).pathname.startsWith("/hang")) return new Promise<Response>(() => {});
        run?.arrived(Number(id.exec(await request.text())?.[1]));
        return new Response(null, { status: 204 });
      },
    });
    const main = `/v1/webhooks/${this.#subscription}`;
    await this.#call("PATCH", main, { endpoint: `${receiver.url}healthy` });
    const types = Array.from({ length: hanging }, (_, index) => `hang_${prefix}_${index}`);
    const made: string[] = [];
    for (const [index, type] of types.entries()) {
      await this.#call("PUT", `/v1/event-types/${type}`, { forward: true });
      made.push(await this.#subscribe(`${receiver.url}hang/${index}`, type));
    }
    for (let round = 0; round < hangingJobs; round++) {
      const events = types.map((type, index) => ({
        id: `${prefix}h-${round}-${index}`,
        type,
        userId: `user_${index}`,
        properties: { score: 1 },
      }));
      await this.#call("POST", "/v1/events/batch", { events });
    }
    const connections = new Connections(Number(new URL(this.#hatch.url).port), {
      Authorization: `Bearer ${this.#installation.keys.test}`,
    });
    run = new OpenLoopRun({
      rate,
      seconds,
      warmSeconds,
      async send(sequence) {
        const status = await connections.post("/v1/events", makeBody(prefix, sequence, 1));
        if (status !== 201) throw new Error(`answered ${status}`);
      },
    });
    const result = await run.run();
    connections.close();
    await this.#call("PATCH", main, { endpoint: this.#options.target });
    for (const subscription of made) await this.#call("DELETE", `/v1/webhooks/${subscription}`, undefined);
    await receiver.stop(true);
    return result;
  }

  async crash(): Promise<void> {
    await this.#hatch.kill("SIGKILL");
    const { directory, env } = this.#installation;
    this.#hatch = await startHatch(directory, { args: SETTINGS, env });
  }

  kill(): void {
    void this.#hatch.kill("SIGKILL");
    this.#installation.remove();
  }

  async close(): Promise<void> {
    await this.#hatch.kill();
    this.#installation.remove();
    await this.#options.server?.remove();
  }
}

export const openHatch = (options: HatchOptions): Promise<Contender> => HatchContender.open(options);
