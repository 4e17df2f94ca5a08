import { existsSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { HatchError } from "../client/index.ts";
import { readSmallTextFile } from "../config/text-file.ts";
import { systemChance } from "../kernel/chance.ts";
import { systemClock } from "../kernel/clock.ts";
import { AppError } from "../kernel/errors.ts";
import type { Command, Invocation } from "./command.ts";
import { CONNECTION_OPTIONS, type Connection, connect } from "./connection.ts";
import { EXIT, type ExitCode, UsageError } from "./exit.ts";
import { untilInterrupted } from "./interrupt.ts";
import { listen } from "./listen/listen.ts";
import { type Hearing, type Listening, openSubscription } from "./listen/subscription.ts";
import { headLines, noProgramLines } from "./listen/view.ts";
import { paletteFor } from "./view.ts";

const SCOPES = ["webhooks:read", "webhooks:write", "program:read"] as const;
const OWNER_ONLY = 0o600;
const SECRET_BYTES = 32;
const NAME = /^[\w.-]{1,60}$/;

/** `localhost:3000/hooks` is what a person types. */
function forwardAddress(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const address = /^https?:\/\//i.test(text) ? text : `http://${text}`;
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (!url || text.includes("://") !== (text === address)) {
    throw new UsageError(`--forward-to ${text}: expected an address such as http://localhost:3000/hooks.`);
  }
  if (url.username !== "" || url.password !== "") {
    throw new UsageError("--forward-to: expected an address without a credential in it.");
  }
  return url.href;
}

function nameOf(invocation: Invocation): string | undefined {
  const name = invocation.text("name");
  if (name === undefined || NAME.test(name)) return name;
  throw new UsageError(`--name ${name}: expected letters, digits, "-", "_" or ".", at most 60.`);
}

/** A secret that the receiver is set to: read again at every start, made at the first one. */
function secretIn(path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  if (!existsSync(path)) {
    const secret = `whsec_${Buffer.from(systemChance.bytes(SECRET_BYTES)).toString("base64")}`;
    writeFileSync(path, `${secret}\n`, { mode: OWNER_ONLY, flag: "wx" });
    return secret;
  }
  const secret = readSmallTextFile(path)?.trim();
  if (!secret) throw new UsageError(`--secret-file ${path}: expected a readable file that holds a secret.`);
  return secret;
}

/** Undefined where the key may not look. */
async function isProgramPublished({ client }: Connection): Promise<boolean | undefined> {
  try {
    await client.program.get();
    return true;
  } catch (error) {
    if (error instanceof HatchError) return error.code === "not_found" ? false : undefined;
    throw error;
  }
}

interface Opened {
  readonly connection: Connection;
  readonly listening: Listening;
  readonly published: boolean | undefined;
}

async function open(invocation: Invocation, hearing: () => Hearing): Promise<Opened> {
  const connection = await connect(invocation, { name: "hatch listen", scopes: SCOPES, stays: true });
  try {
    const listening = await openSubscription(connection.client, hearing());
    return { connection, listening, published: await isProgramPublished(connection) };
  } catch (error) {
    await connection.close();
    throw error;
  }
}

/** What a server has left to answer in when a person breaks off before it has begun. */
const GRACE_MS = 2_000;

/** A server that does not answer is no reason to stay. */
function opened(opening: Promise<Opened>, stopping: AbortSignal): Promise<Opened> {
  const { promise, reject } = Promise.withResolvers<never>();
  const giveUp = (): void => reject(new AppError("conflict", "Broken off before it had begun."));
  stopping.addEventListener("abort", () => systemClock.after(GRACE_MS, giveUp), { once: true });
  return Promise.race([opening, promise]);
}

async function run(invocation: Invocation, stopping: AbortSignal): Promise<ExitCode> {
  const { terminal, environment, json, workingDirectory } = invocation;
  const forwardTo = forwardAddress(invocation.text("forward-to"));
  const name = nameOf(invocation);
  const file = invocation.text("secret-file");
  const secretFile = file === undefined ? undefined : resolve(workingDirectory, file);
  const events = invocation.list("events");
  const palette = paletteFor(terminal.interactive && !json, environment.NO_COLOR);

  const hearing = () => ({ events: events.length === 0 ? ["*"] : events, name, secret: secretIn(secretFile) });
  const { connection, listening, published } = await opened(open(invocation, hearing), stopping);
  const head = { url: connection.url, environment: connection.environment, listening, forwardTo, secretFile };
  const lines = [
    ...headLines(palette, head),
    ...(published === false ? noProgramLines(palette, connection.environment) : []),
  ];
  for (const line of lines) json ? terminal.error(line) : terminal.out(line);
  await listen({ connection, listening, forwardTo, name, json, terminal, palette, stopping });
  return EXIT.done;
}

export const command: Command = {
  name: "listen",
  summary: "Shows webhooks as they come, and passes them on to this machine.",
  options: {
    events: { value: "EVENTS", multiple: true, description: "Names or families by comma, e.g. points.*; all (*)." },
    "forward-to": { value: "URL", description: "Where each is passed on to, byte for byte, with its headers." },
    name: { value: "NAME", description: "Keeps the subscription under this name; the next start goes on with it." },
    "secret-file": { value: "FILE", description: "Holds the secret that signs, so that it stays; made if not there." },
    ...CONNECTION_OPTIONS,
  },
  example: "hatch listen --events points.*,level.changed --forward-to http://localhost:3000/hooks",
  run: (invocation) => untilInterrupted((stopping) => run(invocation, stopping)),
};
