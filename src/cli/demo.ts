import type { App } from "../app.ts";
import { createHatch, type Hatch } from "../client/index.ts";
import type { Environment } from "../config/environment.ts";
import type { Finding } from "../feature.ts";
import { startStopwatch, systemClock } from "../kernel/clock.ts";
import { eventsOf, eventTypesOf, nextOf, tellOfProgram } from "./demo-any-program.ts";
import { createDemoClock, type DemoClock } from "./demo-clock.ts";
import { tellEnd, tellHead } from "./demo-frame.ts";
import type { DemoPlace } from "./demo-place.ts";
import { type DemoReceiver, startDemoReceiver } from "./demo-receiver.ts";
import { LESSON } from "./demo-school.ts";
import { Stage, Stopped } from "./demo-stage.ts";
import { LESSONS, nextLesson, tellOfSchool } from "./demo-story.ts";
import { type Subject, subjectOf } from "./demo-subject.ts";
import { tellMembers, tellSums } from "./demo-summary.ts";
import { Telling } from "./demo-telling.ts";
import { latestTerm } from "./demo-term.ts";
import { trickle } from "./demo-trickle.ts";
import { OPERATIONS, operatorOf } from "./operations.ts";
import type { Terminal } from "./terminal.ts";
import { paletteFor } from "./view.ts";

export interface DemoOptions {
  readonly app: App;
  /** The app's own. */
  readonly clock: DemoClock;
  /** Where the server listens. */
  readonly url: string;
  readonly terminal: Terminal;
  readonly environment: Environment;
  readonly place: DemoPlace;
  /** What `hatch doctor` finds. */
  readonly examine: () => Promise<readonly Finding[]>;
  readonly stopping: AbortSignal;
}

const WORKSPACE = "Small school";
const RECEIVER = "The demo's own receiver";
const OF_THE_SCHOOL = ["lesson_completed", "points.*", "level.changed", "badge.awarded"];
/** The story shows the ladder of single deliveries: nothing but the ladder is to hold one back. */
const PAUSE_AFTER = 1_000;

/** For the app: at the beginning of the term where the story is still to be told, else today. */
export function openDemoClock({ isToldAlready }: DemoPlace): DemoClock {
  const now = systemClock.now();
  const clock = createDemoClock(isToldAlready ? now : latestTerm(now).start);
  if (isToldAlready) clock.follow();
  return clock;
}

/** Who signs in to look around. */
const EMAIL = "demo@example.com";

interface Entry {
  readonly key: string;
  /** Of the account, where it was made now. */
  readonly password?: string;
}

/** Of a workspace made now; in a folder that has one already, of that. */
async function findEntry(app: App): Promise<Entry> {
  const operator = operatorOf(app);
  if (app.access.isClaimed()) {
    const input = { environment: "test", workspace: null, name: "demo", scopes: [], expires: null };
    return { key: (await OPERATIONS["keys.create"](app, operator, input)).secretKey as string };
  }
  const password = Buffer.from(app.context.chance.bytes(24)).toString("base64url");
  const made = await OPERATIONS.setup(app, operator, { email: EMAIL, workspace: WORKSPACE, password });
  const { test } = made.environments as { readonly test: { readonly secretKey: string } };
  return { key: test.secretKey, password };
}

async function publish(hatch: Hatch, { program, isSchool }: Subject): Promise<string> {
  await hatch.request({ method: "PUT", path: "/v1/program/draft", body: program });
  const { version } = await hatch.program.publish({ note: "The demonstration's." });
  return `version ${version}, ${isSchool ? "of a small learning app" : "of the configuration"}`;
}

/** A receiver of an earlier demonstration in the same folder listens no more. */
async function subscribe(hatch: Hatch, receiver: DemoReceiver, { isSchool }: Subject): Promise<string> {
  const { data } = await hatch.webhooks.list({ all: true, limit: 200 });
  for (const { id, description } of data) if (description === RECEIVER) await hatch.webhooks.delete(id);
  const { id, secret = "" } = await hatch.webhooks.create({
    endpoint: receiver.endpoint,
    events: isSchool ? OF_THE_SCHOOL : ["*"],
    description: RECEIVER,
    pauseAfter: PAUSE_AFTER,
  });
  receiver.trust(secret);
  return id;
}

async function perform(options: DemoOptions, receiver: DemoReceiver): Promise<void> {
  const { app, clock, url, terminal, place, stopping } = options;
  const palette = paletteFor(terminal.interactive, options.environment.NO_COLOR);
  const { key, password } = await findEntry(app);
  const keyFile = place.keepKey(key);
  const signIn = password === undefined ? undefined : { email: EMAIL, passwordFile: place.keepPassword(password) };
  const hatch = createHatch({ url, key });
  const subject = subjectOf(app.context.config.program);
  const program = await publish(hatch, subject);
  const subscriptionId = await subscribe(hatch, receiver, subject);
  const stage = new Stage({ clock, hatch, subscriptionId, receiver, terminal, palette, stopping });
  const term = latestTerm(systemClock.now());
  let types = eventTypesOf(subject.program);
  const telling = new Telling(stage, term, subject.isSchool ? LESSONS : eventsOf(types));

  tellHead(stage, { url, place, program, term });
  if (!place.isToldAlready) {
    const elapsed = startStopwatch();
    if (subject.isSchool) await tellOfSchool(telling);
    else types = await tellOfProgram(telling, types);
    await tellMembers(telling);
    await tellSums(stage, options.examine, Math.round(elapsed() / 1_000));
    clock.follow();
    await stage.settle();
  }
  tellEnd(stage, {
    url,
    place,
    keyFile,
    signIn,
    isSchool: subject.isSchool,
    type: types.find(({ name }) => !subject.isSchool || name === LESSON),
  });
  await trickle(telling, subject.isSchool ? nextLesson : nextOf(types), stopping);
}

/** Tells the whole way of an event by the public API alone, then stays until it is told to stop. */
export async function runDemo(options: DemoOptions): Promise<void> {
  const receiver = startDemoReceiver(options.clock);
  try {
    await perform(options, receiver);
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
  } finally {
    await receiver.stop();
  }
}
