import { BUILD } from "./config/build.ts";
import type { Config } from "./config/config.ts";
import type { RootKey } from "./config/root-key.ts";
import type { Context } from "./context.ts";
import { MIGRATIONS } from "./database/migrations.ts";
import { openDatabase } from "./database/open.ts";
import type { PostgresConnectionOptions } from "./database/postgres.ts";
import { refuseWithoutRootKey, unlock } from "./database/unlock.ts";
import type { Feature } from "./feature.ts";
import {
  ACCESS_EVENTS,
  ACCESS_REFERENCE,
  type Access,
  createAccess,
  PASSWORD_CHARACTERS_MIN,
  SetUp,
} from "./features/access/index.ts";
import { createEvents, EVENTS_REFERENCE, type EventsOptions, eventTypeChecks } from "./features/events/index.ts";
import { createLaunchesFeature, LAUNCH_EVENTS } from "./features/launches/index.ts";
import {
  createProgramCache,
  createProgression,
  PROGRESS_EVENTS,
  PROGRESSION_REFERENCE,
  type Progression,
} from "./features/progression/index.ts";
import {
  type Catalogue,
  createCatalogue,
  createWebhooks,
  listDeliveriesOfEvents,
  OPERATIONS_EVENTS,
  WEBHOOKS_REFERENCE,
} from "./features/webhooks/index.ts";
import type { ReadinessCheck } from "./http/probes.ts";
import { createDatabaseObserver, observeProcess } from "./http/process-metrics.ts";
import { createServer, type HttpServer } from "./http/server.ts";
import { createSite } from "./http/site.ts";
import { parseInput } from "./http/validate.ts";
import { createJobRunner, type JobRunner } from "./jobs/runner.ts";
import { listOutboundEventsOfInput } from "./journal/outbox.ts";
import { assert } from "./kernel/assert.ts";
import { systemChance } from "./kernel/chance.ts";
import type { Clock } from "./kernel/clock.ts";
import { createIds } from "./kernel/ids.ts";
import type { Log } from "./kernel/log.ts";
import { createMetrics } from "./kernel/metrics.ts";
import { SECOND } from "./kernel/units.ts";
import { createOutbound } from "./outbound/create-outbound.ts";

export interface AppOptions {
  readonly config: Config;
  readonly log: Log;
  readonly clock: Clock;
  readonly findRootKey: () => RootKey | undefined;
  /** A secret; where it is absent the database is the file in the data folder. */
  readonly databaseUrl?: string | undefined;
  /** Goes on in a folder whose installation was moved away. */
  readonly reopenMoved?: boolean;
  /** Called after the commit that made the first workspace. */
  readonly onClaimed: () => void;
}

export interface App {
  readonly context: Context;
  readonly access: Access;
  readonly progression: Progression;
  readonly claimant: string;
  /** What this opening did to the data folder. */
  readonly opening: {
    /** Where the database is, for people. */
    readonly place: string;
    readonly migrated: readonly number[];
    readonly snapshot: string | undefined;
    /** Where the root key was put, if it was made now. */
    readonly madeKey: string | undefined;
  };
  /** Every route that is served, with its rules. */
  readonly routes: HttpServer["routes"];
  /** Begins the background work, then opens the socket. @returns where it listens */
  start(): Promise<string>;
  /** Answers one request as the socket would. */
  readonly fetch: (request: Request) => Promise<Response>;
  /** Ends everything in the reverse order of the start. Stopping twice is fine. */
  stop(deadline: AbortSignal): Promise<void>;
}

type Floors = Omit<Context, "fanOut">;

/** How the database's server is reached; undefined where the database is a file. */
export const serverOf = ({ database }: Config, url: string | undefined): PostgresConnectionOptions | undefined =>
  url === undefined
    ? undefined
    : {
        url,
        ...(database.tls === undefined ? {} : { tls: database.tls }),
        ...(database.caFile === undefined ? {} : { tlsCaFile: database.caFile }),
        readConnections: database.readConnections,
        statementTimeoutMs: database.statementTimeout,
        connectTimeoutMs: database.connectTimeout,
      };

/** Opens everything from the ground up; nothing runs and nothing listens before `start`. */
export async function createApp(options: AppOptions): Promise<App> {
  const { config, clock, log } = options;
  const metrics = createMetrics();
  const server = serverOf(config, options.databaseUrl);
  // Looked for before anything is written there.
  if (server) refuseWithoutRootKey(options.findRootKey(), config.dataDirectory);
  const { database, place, migrated, snapshot } = await openDatabase({
    dataDirectory: config.dataDirectory,
    clock,
    migrations: MIGRATIONS,
    observer: createDatabaseObserver({ metrics, log, clock }),
    server,
    reopenMoved: options.reopenMoved ?? false,
  });
  try {
    const { keyring, madeKey } = await unlock({
      database,
      dataDirectory: config.dataDirectory,
      findRootKey: options.findRootKey,
      chance: systemChance,
    });
    const floors = layFloors({ config, log, clock, metrics, database, keyring });
    const claimant = floors.ids.uuid();
    const rooms = await furnish(floors, { claimant, onClaimed: options.onClaimed });
    const { context, access, progression } = rooms;
    const opening = { place, migrated, snapshot, madeKey };
    return { context, access, progression, claimant, opening, ...openHouse(rooms, claimant) };
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** Everything that rooms stand on, but for the way from the outbox to the subscriptions, which one of them gives. */
export const layFloors = (given: Omit<Floors, "chance" | "ids" | "outbound">): Floors => ({
  ...given,
  chance: systemChance,
  ids: createIds(given.clock, systemChance),
  outbound: createOutbound(given),
});

interface Rooms {
  readonly context: Context;
  readonly access: Access;
  readonly progression: Progression;
  readonly catalogue: Catalogue;
  /** In the order of their start. */
  readonly features: readonly Feature[];
}

interface Life {
  /** Names this life of the process: what was claimed under another name is taken up by it. */
  readonly claimant: string;
  readonly onClaimed: () => void;
}

/** Every room, and what it is handed of the others. */
export async function furnish(floors: Floors, { claimant, onClaimed }: Life): Promise<Rooms> {
  const catalogue = createCatalogue([...PROGRESS_EVENTS, ...LAUNCH_EVENTS, ...OPERATIONS_EVENTS, ...ACCESS_EVENTS]);
  const webhooks = createWebhooks(floors, { catalogue, claimant, userAgent: `Hatch/${BUILD.version}` });
  const context: Context = { ...floors, fanOut: webhooks.fanOut };
  const access = await createAccess(context, onClaimed);
  const programs = createProgramCache(context);
  const { isReserved } = catalogue;
  const progression = createProgression(context, programs, { ...eventTypeChecks, isReserved });
  const { recorder } = progression;
  const events = createEvents(context, { programs, recorder, isReserved, findDeliveries });
  const launches = createLaunchesFeature();
  const features = [access.feature, progression.feature, events, launches, webhooks.feature];
  return { context, access, progression, catalogue, features };
}

/** An event knows its outbound events by the journal, and they their deliveries by the room that makes them. */
const findDeliveries: EventsOptions["findDeliveries"] = async (reader, environmentId, inputSequence) => {
  const caused = await listOutboundEventsOfInput(reader, environmentId, inputSequence);
  const ids = caused.map(({ id }) => id);
  return (await listDeliveriesOfEvents(reader, environmentId, ids)).map((delivery) => ({ ...delivery }));
};

const HEARTBEAT_MAX_MS = 30 * SECOND;

/** Ready is who would also run what is due: a scheduler that hangs is found by the load balancer. */
const heartbeat = (jobs: JobRunner, clock: Clock): ReadinessCheck => ({
  name: "jobs",
  async check() {
    const silentMs = clock.now() - (jobs.lastTickAt() ?? clock.now());
    assert(silentMs < HEARTBEAT_MAX_MS, `the job scheduler has not ticked for ${silentMs} ms`);
  },
});

/** What runs: each part is started in this order and stopped in the reverse one, the database last of all. */
function openHouse(
  { context, access, catalogue, features }: Rooms,
  claimant: string,
): Pick<App, "routes" | "start" | "fetch" | "stop"> {
  const { clock, database } = context;
  const work = features.flatMap((feature) => feature.jobs ?? []);
  const jobs = createJobRunner(context, work, claimant);
  let address = "";
  const site = createSite(context, {
    version: BUILD.version,
    passwordCharactersMin: PASSWORD_CHARACTERS_MIN,
    routes: () => server.app.routes,
    rooms: [EVENTS_REFERENCE, PROGRESSION_REFERENCE, WEBHOOKS_REFERENCE, ACCESS_REFERENCE],
    catalogue: catalogue.list(),
    isClaimed: access.isClaimed,
    setUp: async ({ token = "", ...form }, request) => {
      await access.assertMaySetUp(token);
      return access.setUp({ kind: "system", name: "setup", request }, { ...parseInput(SetUp, form), token });
    },
    address: () => address,
  });
  const server: HttpServer = createServer({
    context,
    authenticate: access.authenticate,
    isClaimed: access.isClaimed,
    features: [...features, site],
    readiness: [heartbeat(jobs, clock)],
  });
  let endObservation = (): void => {};
  const parts: readonly Pick<Feature, "start" | "stop">[] = [
    { stop: () => database.close() },
    {
      start: async () => {
        endObservation = observeProcess(context);
      },
      stop: async () => endObservation(),
    },
    ...features,
    jobs,
    {
      start: async () => {
        address = server.listen();
      },
      async stop(deadline) {
        for (const feature of features) feature.drain?.();
        await server.stop(deadline);
      },
    },
  ];
  return {
    routes: server.routes,
    async start() {
      for (const part of parts) await part.start?.();
      return address;
    },
    fetch: (request) => server.handle(request),
    async stop(deadline) {
      for (const part of parts.toReversed()) await part.stop?.(deadline);
    },
  };
}
