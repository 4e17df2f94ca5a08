import { writeFileSync } from "node:fs";
import { join } from "node:path";
import example from "../../hatch.config.ts";
import type { App } from "../app.ts";
import { BUILD } from "../config/build.ts";
import type { Environment } from "../config/environment.ts";
import { AppError } from "../kernel/errors.ts";
import type { JsonObject } from "../kernel/json.ts";
import type { MonotonicMs } from "../kernel/units.ts";
import { createDemoClient, type DemoClient } from "./demo-client.ts";
import { type Arrival, type DemoReceiver, startDemoReceiver } from "./demo-receiver.ts";
import {
  type ArrivalView,
  arrivalLine,
  commandLines,
  countOf,
  effectLines,
  fact,
  headline,
  isVerified,
  type Palette,
  paletteFor,
  shellWord,
  unfiredLines,
} from "./demo-view.ts";
import { OPERATIONS, operatorOf } from "./operations.ts";
import type { Terminal } from "./terminal.ts";

export interface DemoOptions {
  readonly app: App;
  /** Where the server listens. */
  readonly url: string;
  readonly terminal: Terminal;
  readonly environment: Environment;
  /** The data folder goes when the demonstration ends. */
  readonly temporary: boolean;
  readonly stopping: AbortSignal;
}

const WORKSPACE = "Learning app";
const RECEIVER = "The demo's own receiver";
const SUBSCRIBED = ["lesson_completed", "points.*", "level.changed", "badge.awarded"];
/** How long a delivery may take before the story goes on without it. */
const PATIENCE_MS = 10_000;
/** Between two events where a person reads. */
const PACE_MS = 350;

interface Scene {
  readonly title: string;
  readonly id: string;
  readonly userId: string;
  readonly score: number;
}

/** The first is told again at the end: it must change nothing. */
const SCENES: readonly Scene[] = [
  { title: "ada completes a lesson, score 94", id: "lesson-1", userId: "ada", score: 94 },
  { title: "ben completes a lesson, score 41", id: "lesson-2", userId: "ben", score: 41 },
  { title: "ada completes a lesson, score 88", id: "lesson-3", userId: "ada", score: 88 },
  { title: "ada completes a lesson, score 72", id: "lesson-4", userId: "ada", score: 72 },
  { title: "the first one is sent again, same id", id: "lesson-1", userId: "ada", score: 94 },
];

interface Effect extends JsonObject {
  readonly type: string;
  readonly rule: string;
  readonly reason: string;
}

interface SentEvent {
  readonly status: "accepted" | "duplicate";
  readonly effects: readonly Effect[];
}

interface StoredEvent {
  readonly considered: readonly { readonly rule: string; readonly fired: boolean; readonly reason: string }[];
  readonly deliveries: readonly { readonly id: string }[];
}

/** One telling of the story, and what has come in so far. */
class Demo {
  readonly #options: DemoOptions;
  readonly #palette: Palette;
  readonly #arrived = new Map<string, ArrivalView>();
  /** When the event was sent whose deliveries are waited for. */
  #sentAt: MonotonicMs | undefined;
  /** Tells what arrives after the story at once. */
  #live = false;
  #woken = (): void => {};

  constructor(options: DemoOptions) {
    this.#options = options;
    this.#palette = paletteFor(options.terminal.interactive, options.environment.NO_COLOR);
  }

  async run(): Promise<void> {
    const { app, url, terminal } = this.#options;
    terminal.out(headline(this.#palette, BUILD.version));
    const key = await this.#findKey();
    const client = createDemoClient({ url, key });
    const version = await this.#publish(client);
    let secret = "";
    const receiver = startDemoReceiver({
      clock: app.context.clock,
      secret: () => secret,
      arrived: (arrival) => this.#receive(arrival),
    });
    try {
      secret = await this.#subscribe(client, receiver);
      this.#tellHead(receiver, version);
      for (const [index, scene] of SCENES.entries()) {
        if (this.#options.stopping.aborted) return;
        await this.#play(client, index + 1, scene);
      }
      this.#tellEnd(key);
      this.#sentAt = undefined;
      this.#live = true;
      await stopped(this.#options.stopping);
    } finally {
      await receiver.stop();
    }
  }

  /** Of a workspace made now; in a folder that has one already, of that. */
  async #findKey(): Promise<string> {
    const { app } = this.#options;
    const operator = operatorOf(app);
    const password = Buffer.from(app.context.chance.bytes(24)).toString("base64url");
    try {
      const made = await OPERATIONS.setup(app, operator, { email: "demo@example.com", workspace: WORKSPACE, password });
      const { test } = made.environments as { readonly test: { readonly secretKey: string } };
      return test.secretKey;
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== "conflict") throw error;
      const input = { environment: "test", workspace: null, name: "demo", scopes: [], expires: null };
      return (await OPERATIONS["keys.create"](app, operator, input)).secretKey as string;
    }
  }

  /** What the configuration says; without a program in it, the example's. */
  async #publish(client: DemoClient): Promise<number> {
    const program = this.#options.app.context.config.program ?? (example.program as unknown as JsonObject);
    await client.call("PUT", "/v1/program/draft", program);
    const { body } = await client.call("POST", "/v1/program/publish", { note: "The demonstration's." });
    return body.version as number;
  }

  /** A receiver of an earlier demonstration in the same folder listens no more. */
  async #subscribe(client: DemoClient, receiver: DemoReceiver): Promise<string> {
    const { body } = await client.call("GET", "/v1/webhooks?all=true&limit=200");
    for (const old of body.data as readonly JsonObject[]) {
      if (old.description === RECEIVER) await client.call("DELETE", `/v1/webhooks/${old.id}`);
    }
    const subscription = { endpoint: receiver.endpoint, events: SUBSCRIBED, description: RECEIVER };
    return (await client.call("POST", "/v1/webhooks", subscription)).body.secret as string;
  }

  #tellHead(receiver: DemoReceiver, version: number): void {
    const { app, url, terminal, temporary } = this.#options;
    const palette = this.#palette;
    const { dataDirectory } = app.context.config;
    terminal.out(fact(palette, "server", `${palette.accent(url)}  this machine only`));
    terminal.out(fact(palette, "data", dataDirectory));
    if (temporary)
      terminal.out(fact(palette, "", palette.quiet("made for this run, removed at its end; --data DIR keeps it")));
    terminal.out(fact(palette, "program", `version ${version}, published from the configuration`));
    terminal.out(fact(palette, "receiver", `${receiver.endpoint}  subscribed by POST /v1/webhooks`));
    terminal.out(fact(palette, "", palette.quiet("checks X-Hatch-Signature (sha256) and webhook-signature (v1)")));
    terminal.out("");
  }

  async #play(client: DemoClient, number: number, { title, id, userId, score }: Scene): Promise<void> {
    const { app, terminal } = this.#options;
    const { clock } = app.context;
    if (terminal.interactive) await clock.sleep(PACE_MS);
    const begun = clock.monotonic();
    this.#sentAt = begun;
    const event = { id, type: "lesson_completed", userId, properties: { lesson: "algebra", score } };
    const { status, body } = await client.call("POST", "/v1/events", event);
    const sent = body as unknown as SentEvent;
    const took = Math.max(1, Math.round(clock.monotonic() - begun));
    terminal.out(`  ${this.#palette.strong(`${number}  ${title}`)}`);
    terminal.out(
      `     ${this.#palette.quiet(`POST /v1/events → ${status} ${sent.status}, on the disk after ${took} ms`)}`,
    );
    if (sent.status === "duplicate") {
      terminal.out(
        `     the first answer again, ${countOf(sent.effects.length, "effect")}; nothing is given or sent twice`,
      );
    } else {
      await this.#tellWhatFollows(client, id, sent.effects);
    }
    terminal.out("");
  }

  async #tellWhatFollows(client: DemoClient, id: string, effects: readonly Effect[]): Promise<void> {
    const { terminal } = this.#options;
    const stored = (await client.call("GET", `/v1/events/${id}?explain=true`)).body as unknown as StoredEvent;
    const unfired = stored.considered.filter(({ fired }) => !fired);
    for (const line of [
      ...effects.flatMap((effect) => effectLines(this.#palette, effect)),
      ...unfired.flatMap(({ rule, reason }) => unfiredLines(this.#palette, rule, reason)),
    ]) {
      terminal.out(line);
    }
    const expected = stored.deliveries.map((delivery) => delivery.id);
    await this.#waitFor(expected);
    for (const delivery of expected) {
      const arrival = this.#arrived.get(delivery);
      terminal.out(
        arrival ? arrivalLine(this.#palette, arrival) : `     ${this.#palette.bad(`${delivery} has not arrived`)}`,
      );
    }
  }

  #receive({ event, delivery, hatchSignature, standardWebhook }: Arrival): void {
    const since = this.#sentAt;
    const afterMs = since === undefined ? undefined : Math.round(this.#options.app.context.clock.monotonic() - since);
    const arrival = { event, delivery, afterMs, hatchSignature, standardWebhook };
    this.#arrived.set(delivery, arrival);
    if (this.#live) this.#options.terminal.out(arrivalLine(this.#palette, arrival));
    this.#woken();
  }

  async #waitFor(deliveries: readonly string[]): Promise<void> {
    const { clock } = this.#options.app.context;
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = (): void => {
      if (deliveries.every((delivery) => this.#arrived.has(delivery))) resolve();
    };
    const timer = clock.after(PATIENCE_MS, resolve);
    this.#woken = look;
    look();
    await promise;
    timer.cancel();
    this.#woken = () => {};
  }

  #tellEnd(key: string): void {
    const { app, url, terminal } = this.#options;
    const palette = this.#palette;
    const verified = [...this.#arrived.values()].filter(isVerified).length;
    const sum = `${countOf(this.#arrived.size, "delivery", "deliveries")} arrived, ${verified} verified.`;
    terminal.out(`  ${verified === this.#arrived.size ? palette.good(sum) : palette.bad(sum)}`);
    terminal.out("");

    const settings = join(app.context.config.dataDirectory, "curl.conf");
    const headers = [`Authorization: Bearer ${key}`, "Content-Type: application/json"];
    writeFileSync(settings, headers.map((header) => `header = "${header}"\n`).join(""), { mode: 0o600 });
    const curl = `curl -sK ${shellWord(settings)}`;
    const event = '{"type":"lesson_completed","userId":"cleo","properties":{"score":97}}';
    const commands: readonly (readonly [string, readonly string[]])[] = [
      ["Send an event of your own, and watch it arrive here", [`${curl} ${url}/v1/events`, `-d '${event}'`]],
      ["Ask why the second one gave no points", [curl, `'${url}/v1/events/lesson-2?explain=true'`]],
      ["See what ada has now", [`${curl} ${url}/v1/members/ada`]],
    ];
    terminal.out(`  Try next, in another terminal ${palette.quiet("(curl.conf holds this run's test key)")}`);
    terminal.out("");
    for (const [title, lines] of commands) for (const line of commandLines(palette, title, lines)) terminal.out(line);
    terminal.out(`  All calls: ${palette.accent(`${url}/docs`)}   Ctrl-C ends it.`);
    terminal.out("");
  }
}

const stopped = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });

/** Tells the whole way of an event by the public API alone, then stays until it is told to stop. */
export const runDemo = (options: DemoOptions): Promise<void> => new Demo(options).run();
