import type { App } from "../app.ts";
import type { AuditSink } from "../journal/audit-stream.ts";
import { type Clock, systemClock } from "../kernel/clock.ts";
import { describeError, type Log } from "../kernel/log.ts";
import { SECOND } from "../kernel/units.ts";
import { createStdoutSink } from "./audit-out.ts";
import type { Command, Invocation } from "./command.ts";
import { type Answer, serveControl } from "./control.ts";
import { EXIT, type ExitCode } from "./exit.ts";
import { type Installation, logForPerson, logOf, openApp, rootKeyFinder } from "./open-app.ts";
import { answerOperation } from "./operations.ts";
import { publishProgramOfFile } from "./program-of-file.ts";
import { announce, announceToPrograms, tellPerson } from "./serve-announce.ts";
import { type ProcessWatch, watchProcess, watchReload } from "./serve-signals.ts";
import { issueSetupToken } from "./setup-token.ts";
import { countOf } from "./view.ts";

/** How long those under way may take to end; the rest of half a minute is for the last commit and checkpoint. */
const DRAIN_MS = 24 * SECOND;
/** Whatever hangs: the process is gone by then. */
const END_MS = 29 * SECOND;

/** What one way of serving does besides serving. */
interface Occasion extends Installation {
  readonly log: Log;
  /** In place of the machine's own. */
  readonly clock?: Clock;
  readonly auditOut?: AuditSink;
  /** Called after the commit that made the first workspace. */
  onClaimed?(): void;
  /** What that set off is done: whoever set up by a command finds the program published. */
  settled?(): Promise<void>;
  /** Done before the socket opens. */
  prepare?(app: App): Promise<void>;
  /** Goes on while requests are accepted, until it is told to stop. */
  accompany(app: App, url: string, stopping: AbortSignal): Promise<void>;
}

/** Accepts requests until the process is asked to end; then ends in order. */
async function accept(app: App, { ending }: ProcessWatch, occasion: Occasion): Promise<ExitCode> {
  const { clock, config, log } = app.context;
  await occasion.prepare?.(app);
  const url = await app.start();
  const operate = answerOperation(app);
  const answer: Answer = async (name, input) => {
    const result = await operate(name, input);
    await occasion.settled?.();
    return result;
  };
  const control = serveControl({ dataDirectory: config.dataDirectory, answer, log });
  try {
    const stopping = new AbortController();
    const accompanying = occasion.accompany(app, url, stopping.signal);
    const { reason, failed } = await Promise.race([ending, accompanying.then(() => ending)]);
    log.info("stopping", { reason });
    clock.after(END_MS, () => {
      log.error("stopping took too long: ended as it was");
      process.exit(EXIT.failed);
    });
    stopping.abort();
    await accompanying;
    return failed ? EXIT.failed : EXIT.done;
  } finally {
    await control.stop();
    await app.stop(clock.timeout(DRAIN_MS));
    log.info("stopped");
  }
}

async function open(invocation: Invocation, occasion: Occasion): Promise<ExitCode> {
  const { log } = occasion;
  const watch = watchProcess(log, systemClock);
  const app = await openApp(invocation, occasion, log, () => occasion.onClaimed?.());
  try {
    return await accept(app, watch, occasion);
  } finally {
    // Does nothing where all is stopped already.
    await app.stop(systemClock.timeout(0));
  }
}

async function serve(invocation: Invocation): Promise<ExitCode> {
  const { terminal } = invocation;
  const loaded = await invocation.loadConfig();
  const { config, databaseUrl, mailPassword, oidcClientSecret, proxyPassword, file } = loaded;
  // Whoever sits at the terminal reads lines of their own; a log that goes elsewhere keeps everything.
  const log =
    terminal.interactive && terminal.showsErrors ? logForPerson(invocation, loaded) : logOf(invocation, config);
  const publishNow = async (app: App): Promise<void> => {
    const count = await publishProgramOfFile(app);
    if (count > 0) tellPerson(terminal, `The program of ${file} was published in ${countOf(count, "environment")}.`);
  };
  const announced = Promise.withResolvers<void>();
  let publish = async (): Promise<void> => {};
  let publishing: Promise<void> | undefined;
  return open(invocation, {
    config,
    databaseUrl,
    mailPassword,
    oidcClientSecret,
    proxyPassword,
    log,
    onClaimed() {
      publishing = publish();
    },
    settled: async () => publishing,
    auditOut: createStdoutSink(systemClock, announced.promise),
    async prepare(app) {
      if (!terminal.interactive) watchReload(log, () => app.reload());
      await publishNow(app);
      publish = () =>
        publishNow(app).catch((error) => log.error("the program was not published", describeError(error)));
    },
    async accompany(app, url, stopping) {
      announce(invocation, app, url, await issueSetupToken(app));
      announced.resolve();
      stopping.addEventListener("abort", () => tellPerson(terminal, "Stopping. What is under way may end first."));
    },
  });
}

async function demonstrate(invocation: Invocation): Promise<ExitCode> {
  const { openDemoClock, runDemo } = await import("./demo.ts");
  const { makeDemoPlace } = await import("./demo-place.ts");
  const { examineInstallation } = await import("./doctor-installation.ts");
  const { terminal, environment } = invocation;
  const loaded = await invocation.loadConfig();
  const place = makeDemoPlace(loaded.config, invocation.text("data") !== undefined);
  const { config } = place;
  const log = logOf(invocation, config);
  const findRootKey = rootKeyFinder(invocation, config);
  const clock = openDemoClock(place);
  try {
    return await open(invocation, {
      config,
      // Whatever is configured: a demonstration has a file of its own.
      databaseUrl: undefined,
      log,
      clock,
      accompany(app, url, stopping) {
        announceToPrograms(terminal, url);
        const examine = () =>
          examineInstallation({ config, server: undefined, log, findRootKey, claimant: app.claimant });
        return runDemo({ app, clock, url, terminal, environment, place, examine, stopping });
      },
    });
  } finally {
    place.remove();
  }
}

export const command: Command = {
  name: "serve",
  summary: "Starts the server.",
  options: {
    host: { value: "HOST", description: "The address to listen on (127.0.0.1).", setting: "server.host" },
    port: { value: "PORT", description: "The port to listen on; 0 picks a free one.", setting: "server.port" },
    "public-url": { value: "URL", description: "Where people reach it.", setting: "server.publicUrl" },
    "reopen-moved": { description: "Goes on in a folder whose installation was moved by `hatch migrate-to`." },
    demo: { description: "Tells ninety days of a small school in a minute, on this machine only." },
  },
  example: "hatch serve --data ./hatch-data --port 4282",
  run: (invocation) => (invocation.yes("demo") ? demonstrate(invocation) : serve(invocation)),
};
