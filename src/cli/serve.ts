import type { App } from "../app.ts";
import { systemClock } from "../kernel/clock.ts";
import { describeError, type Log } from "../kernel/log.ts";
import { SECOND } from "../kernel/units.ts";
import type { Command, Invocation } from "./command.ts";
import { serveControl } from "./control.ts";
import { EXIT, type ExitCode } from "./exit.ts";
import { type Installation, logOf, openApp } from "./open-app.ts";
import { answerOperation } from "./operations.ts";
import { publishProgramOfFile } from "./program-of-file.ts";
import { announce, announceToPrograms } from "./serve-announce.ts";
import { type ProcessWatch, watchProcess } from "./serve-signals.ts";
import { issueSetupToken } from "./setup-token.ts";

/** How long those under way may take to end; the rest of half a minute is for the last commit and checkpoint. */
const DRAIN_MS = 24 * SECOND;
/** Whatever hangs: the process is gone by then. */
const END_MS = 29 * SECOND;

/** What one way of serving does besides serving. */
interface Occasion extends Installation {
  readonly log: Log;
  /** Called after the commit that made the first workspace. */
  onClaimed?(): void;
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
  const control = serveControl({ dataDirectory: config.dataDirectory, answer: answerOperation(app), log });
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
  const { config, databaseUrl } = await invocation.loadConfig();
  const log = logOf(invocation, config);
  let publish = async (): Promise<void> => {};
  return open(invocation, {
    config,
    databaseUrl,
    log,
    onClaimed: () => void publish(),
    async prepare(app) {
      await publishProgramOfFile(app);
      publish = () =>
        publishProgramOfFile(app).catch((error) => log.error("the program was not published", describeError(error)));
    },
    accompany: async (app, url) => announce(invocation, app, url, await issueSetupToken(app)),
  });
}

async function demonstrate(invocation: Invocation): Promise<ExitCode> {
  const { runDemo } = await import("./demo.ts");
  const { makeDemoPlace } = await import("./demo-place.ts");
  const { terminal, environment } = invocation;
  const loaded = await invocation.loadConfig();
  const { config, temporary, remove } = makeDemoPlace(loaded.config, invocation.text("data") !== undefined);
  try {
    return await open(invocation, {
      config,
      // Whatever is configured: a demonstration has a file of its own.
      databaseUrl: undefined,
      log: logOf(invocation, config),
      accompany(app, url, stopping) {
        announceToPrograms(terminal, url);
        return runDemo({ app, url, terminal, environment, temporary, stopping });
      },
    });
  } finally {
    remove();
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
    demo: { description: "Shows the whole way of an event, on this machine only." },
  },
  example: "hatch serve --data ./hatch-data --port 4282",
  run: (invocation) => (invocation.yes("demo") ? demonstrate(invocation) : serve(invocation)),
};
