import { resolve } from "node:path";
import { type ExplainedEvent, type Hatch, HatchError, type NewEvent, type SentEvent } from "../client/index.ts";
import { readSmallTextFile } from "../config/text-file.ts";
import { startStopwatch, systemClock } from "../kernel/clock.ts";
import type { Command, Invocation } from "./command.ts";
import { CONNECTION_OPTIONS, connect } from "./connection.ts";
import { sentLines } from "./events-view.ts";
import { EXIT, type ExitCode, UsageError } from "./exit.ts";
import { paletteFor } from "./view.ts";

/** How long the first attempts are watched, and how often. */
const WATCH_MS = 1_500;
const LOOK_MS = 75;

const isObject = (value: unknown): value is NonNullable<NewEvent["properties"]> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function propertiesOf(invocation: Invocation): NewEvent["properties"] {
  const written = invocation.text("properties");
  if (written === undefined) return undefined;
  const file = written.startsWith("@") ? resolve(invocation.workingDirectory, written.slice(1)) : undefined;
  const text = file === undefined ? written : readSmallTextFile(file);
  if (text === undefined) throw new UsageError(`--properties @${file}: expected a readable file of at most 64 KiB.`);
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value;
  } catch {
    // Told below, in one way for both.
  }
  throw new UsageError(`--properties: expected a JSON object, such as '{"score":94}', or @FILE.`);
}

function eventOf(invocation: Invocation): NewEvent {
  const id = invocation.text("id");
  const occurredAt = invocation.text("occurred-at");
  const properties = propertiesOf(invocation);
  return {
    type: invocation.required("type"),
    userId: invocation.required("user"),
    ...(id === undefined ? {} : { id }),
    ...(occurredAt === undefined ? {} : { occurredAt }),
    ...(properties === undefined ? {} : { properties }),
  };
}

const isUnderWay = ({ deliveries }: ExplainedEvent): boolean =>
  deliveries.some(({ status }) => status === "sending" || status === "pending");

/** What the event caused, once its deliveries have ended or a moment has passed. Undefined where the key may not look. */
async function follow({ events }: Hatch, { id }: SentEvent): Promise<ExplainedEvent | undefined> {
  const elapsed = startStopwatch();
  try {
    for (;;) {
      const event = await events.get(id, { explain: true });
      if (!isUnderWay(event) || elapsed() > WATCH_MS) return event;
      await systemClock.sleep(LOOK_MS);
    }
  } catch (error) {
    if (error instanceof HatchError && error.code === "forbidden") return undefined;
    throw error;
  }
}

async function send(invocation: Invocation): Promise<ExitCode> {
  const { terminal, json, environment } = invocation;
  const event = eventOf(invocation);
  const connection = await connect(invocation, {
    name: "hatch events send",
    scopes: ["events:write", "events:read"],
  });
  try {
    const elapsed = startStopwatch();
    const sent = await connection.client.events.send(event);
    const tookMs = elapsed();
    const followed = await follow(connection.client, sent);
    if (json) {
      terminal.out(JSON.stringify({ ...sent, considered: followed?.considered, deliveries: followed?.deliveries }));
    } else {
      const palette = paletteFor(terminal.interactive, environment.NO_COLOR);
      const facts = { sent, followed, tookMs, environment: connection.environment };
      for (const line of sentLines(palette, facts)) terminal.out(line);
    }
    return EXIT.done;
  } finally {
    await connection.close();
  }
}

export const command: Command = {
  name: "events send",
  summary: "Sends one event and shows what follows.",
  options: {
    type: { value: "TYPE", description: "The event type; may also stand without --type." },
    user: { value: "USER", description: "Whom it is about: your own id of the user." },
    properties: { value: "JSON|@FILE", description: `What is known of it, e.g. '{"score":94}'.` },
    id: { value: "ID", description: "Your id of it: the same one counts once. One is made if not given." },
    "occurred-at": { value: "TIME", description: "When it happened, ISO 8601; now if not given." },
    ...CONNECTION_OPTIONS,
  },
  positional: "type",
  example: `hatch events send lesson_completed --user ada --properties '{"score":94}'`,
  run: send,
};
