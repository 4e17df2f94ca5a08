import { BUILD } from "./config/build.ts";
import type { Config } from "./config/config.ts";
import type { RootKey } from "./config/root-key.ts";
import type { Context } from "./context.ts";
import type { Reader } from "./database/database.ts";
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
  findDigestSettings,
  findGoneWorkspace,
  findWorkspaceState,
  listContacts,
  listDigestSettings,
  PASSWORD_CHARACTERS_MIN,
  SetUp,
  type WorkspaceDigest,
} from "./features/access/index.ts";
import { createEncryption, type Encryption } from "./features/encryption/index.ts";
import { createEvents, EVENTS_REFERENCE, type EventsOptions, eventTypeChecks } from "./features/events/index.ts";
import { createJobsFeature, JOBS_REFERENCE } from "./features/jobs/index.ts";
import { createLaunchesFeature, LAUNCH_EVENTS } from "./features/launches/index.ts";
import { createMail, type Mail } from "./features/mail/index.ts";
import {
  createProgramCache,
  createProgression,
  PROGRESS_EVENTS,
  PROGRESSION_REFERENCE,
  type ProgramCache,
  type Progression,
} from "./features/progression/index.ts";
import { createStats } from "./features/stats/index.ts";
import {
  type Catalogue,
  createCatalogue,
  createWebhooks,
  type DigestPlan,
  FAN_OUT,
  followWorkspace,
  listDeliveriesOfEvents,
  OPERATIONS_EVENTS,
  reportInstance,
  WEBHOOKS_REFERENCE,
} from "./features/webhooks/index.ts";
import { requestOf } from "./http/guard.ts";
import type { ReadinessCheck } from "./http/probes.ts";
import { createDatabaseObserver, observeProcess } from "./http/process-metrics.ts";
import { createServer, type HttpServer } from "./http/server.ts";
import { createSite } from "./http/site.ts";
import { parseInput } from "./http/validate.ts";
import { createRetentionJob, type Retained, type RetentionRule } from "./jobs/retention.ts";
import { createJobRunner, JOB_LANES, type JobRunner } from "./jobs/runner.ts";
import { spaceJob } from "./jobs/space.ts";
import { checkpointJob } from "./journal/audit-checkpoint.ts";
import { type AuditKeeper, createAuditKeeper } from "./journal/audit-keeper.ts";
import { dropAuditDetailsJob } from "./journal/audit-retention.ts";
import type { AuditSink } from "./journal/audit-stream.ts";
import { listOutboundEventsOfInput } from "./journal/outbox.ts";
import { JOURNAL_RETENTION } from "./journal/retention.ts";
import { assert } from "./kernel/assert.ts";
import { type Bell, createBell } from "./kernel/bell.ts";
import { systemChance } from "./kernel/chance.ts";
import type { Clock } from "./kernel/clock.ts";
import { createIds } from "./kernel/ids.ts";
import type { Log } from "./kernel/log.ts";
import { createMetrics } from "./kernel/metrics.ts";
import { SECOND } from "./kernel/units.ts";
import { createOutbound } from "./outbound/create-outbound.ts";
import { createMailTransport } from "./outbound/mail/create-mail-transport.ts";

export interface AppOptions {
  readonly config: Config;
  readonly log: Log;
  readonly clock: Clock;
  readonly findRootKey: () => RootKey | undefined;
  /** A secret; where it is absent the database is the file in the data folder. */
  readonly databaseUrl?: string | undefined;
  /** A secret: of the user that signs in at the mail server. */
  readonly mailPassword?: string | undefined;
  readonly oidcClientSecret?: string | undefined;
  /** A secret: of the user that signs in at the egress proxy. */
  readonly proxyPassword?: string | undefined;
  /** Goes on in a folder whose installation was moved away. */
  readonly reopenMoved?: boolean;
  /** Called after the commit that made the first workspace. */
  readonly onClaimed: () => void;
  /** Where `audit.streamTo: "stdout"` leads; absent where stdout is for something else. */
  readonly auditOut?: AuditSink;
}

export interface App {
  readonly context: Context;
  readonly access: Access;
  readonly progression: Progression;
  readonly mail: Mail;
  readonly encryption: Encryption;
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
  /** How long everything is kept. */
  readonly retention: readonly RetentionRule[];
  /** How what a deleted workspace left is taken away. */
  readonly forgetting: Pick<Retained, "forget" | "findGone">;
  /** Every route that is served, with its rules. */
  readonly routes: HttpServer["routes"];
  /** Begins the background work, then opens the socket. @returns where it listens */
  start(): Promise<string>;
  /** Where it listens; empty before the start. */
  readonly address: () => string;
  /** Where the operator's own listener is; undefined where there is none. */
  readonly adminAddress: () => string | undefined;
  /** Answers one request as the socket would. */
  readonly fetch: (request: Request) => Promise<Response>;
  /** After a SIGHUP: files that were replaced or moved away are opened anew, those of the TLS certificate too. */
  reload(): void;
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
    const { onClaimed, mailPassword, oidcClientSecret, proxyPassword, findRootKey } = options;
    const floors = layFloors({ config, log, clock, metrics, database, keyring }, proxyPassword);
    const claimant = floors.ids.uuid();
    const secrets = { mailPassword, oidcClientSecret, proxyPassword };
    const rooms = await furnish(floors, { claimant, onClaimed, ...secrets, findRootKey });
    const { context, access, progression, mail, encryption } = rooms;
    const opening = { place, migrated, snapshot, madeKey };
    const audit = createAuditKeeper(context, options.auditOut);
    return {
      context,
      access,
      progression,
      mail,
      encryption,
      claimant,
      opening,
      retention: retentionOf(rooms.features),
      forgetting: retainedBy(rooms.features),
      ...openHouse(rooms, claimant, audit),
    };
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** Everything that rooms stand on, but for the way from the outbox to the subscriptions, which one of them gives. */
export const layFloors = (given: Omit<Floors, "chance" | "ids" | "outbound">, proxyPassword?: string): Floors => ({
  ...given,
  chance: systemChance,
  ids: createIds(given.clock, systemChance),
  outbound: createOutbound({ ...given, proxyPassword }),
});

interface Rooms {
  readonly context: Context;
  readonly access: Access;
  readonly progression: Progression;
  readonly mail: Mail;
  readonly encryption: Encryption;
  readonly catalogue: Catalogue;
  /** In the order of their start. */
  readonly features: readonly Feature[];
  /** Rung where work was left that should not wait for the next look. */
  readonly jobsBell: Bell;
}

interface Life {
  /** Names this life of the process: what was claimed under another name is taken up by it. */
  readonly claimant: string;
  readonly onClaimed: () => void;
  /** Absent where nothing is sent. */
  readonly mailPassword?: string | undefined;
  readonly oidcClientSecret?: string | undefined;
  readonly proxyPassword?: string | undefined;
  /** Absent where nothing is changed. */
  readonly findRootKey?: () => RootKey | undefined;
}

/** Every kind of outbound event that there is. */
export const createEventCatalogue = (): Catalogue =>
  createCatalogue([...PROGRESS_EVENTS, ...LAUNCH_EVENTS, ...OPERATIONS_EVENTS, ...ACCESS_EVENTS]);

/** Every room, and what it is handed of the others. */
export async function furnish(
  floors: Floors,
  { claimant, onClaimed, mailPassword, oidcClientSecret, proxyPassword, findRootKey }: Life,
): Promise<Rooms> {
  const catalogue = createEventCatalogue();
  const programs = createProgramCache(floors);
  const jobsBell = createBell();
  const webhooks = createWebhooks(floors, {
    catalogue,
    claimant,
    userAgent: `Hatch/${BUILD.version}`,
    findWorkspaceState,
    wakeJobs: jobsBell.ring,
    // A notice that nobody can be sent is not kept: it would arrive when it is no longer true.
    findContacts: async (reader, workspaceId) =>
      floors.config.mail === undefined ? [] : listContacts(reader, workspaceId, "technical"),
    digestPlans: {
      list: async (reader, page) => {
        const listed = await listDigestSettings(reader, page);
        return Promise.all(listed.map((workspace) => planDigest(floors.config, programs, reader, workspace)));
      },
      find: async (reader, id) => {
        const found = await findDigestSettings(reader, id);
        return found && planDigest(floors.config, programs, reader, found);
      },
    },
  });
  const context: Context = { ...floors, fanOut: webhooks.fanOut };
  const access = await createAccess(context, onClaimed, {
    oidcClientSecret,
    afterWorkspaceChange: (workspaceId) => [followWorkspace(workspaceId)],
  });
  const { isReserved } = catalogue;
  const progression = createProgression(context, programs, { ...eventTypeChecks, isReserved });
  const { recorder } = progression;
  const events = createEvents(context, { programs, recorder, isReserved, findDeliveries });
  const launches = createLaunchesFeature();
  const transport = createMailTransport({ ...floors, password: mailPassword, proxyPassword });
  const mail = createMail(context, { claimant, transport });
  const stats = createStats(context, {
    version: BUILD.version,
    schema: MIGRATIONS.at(-1)?.version ?? 0,
    webhooks: (query) => reportInstance(webhooks.room, query),
    environments: () => access.listEnvironments(),
    mails: () => mail.count(),
    fanOutKind: FAN_OUT,
  });
  const others = [access.feature, progression.feature, events, launches, webhooks.feature, mail.feature, stats];
  const encryption = createEncryption(context, others, { findRootKey });
  const jobs = createJobsFeature(
    context,
    others.flatMap((feature) => feature.jobs ?? []),
  );
  const features = [...others, jobs, encryption.feature];
  return { context, access, progression, mail, encryption, catalogue, features, jobsBell };
}

/** A workspace's own hour and zone, else the installation's, else the zone of the program that is live. */
async function planDigest(
  { digest: settings }: Config,
  programs: ProgramCache,
  reader: Reader,
  { id, name, environments, digest }: WorkspaceDigest,
): Promise<DigestPlan> {
  return {
    workspaceId: id,
    workspaceName: name,
    ...environments,
    at: digest.at ?? settings.at,
    zone: digest.zone ?? settings.zone ?? (await programs.active(reader, environments.live)).timezone,
    mail: digest.mail ?? settings.mail,
  };
}

/** An event knows its outbound events by the journal, and they their deliveries by the room that makes them. */
const findDeliveries: EventsOptions["findDeliveries"] = async (reader, environmentId, inputSequence) => {
  const caused = await listOutboundEventsOfInput(reader, environmentId, inputSequence);
  const ids = caused.map(({ id }) => id);
  return (await listDeliveriesOfEvents(reader, environmentId, ids)).map((delivery) => ({ ...delivery }));
};

/** How long everything is kept, room by room. */
const retentionOf = (features: readonly Feature[]): readonly RetentionRule[] => [
  ...JOURNAL_RETENTION,
  ...features.flatMap(({ retention }) => retention ?? []),
];

/** Whoever keeps the workspaces is the last to forget one. */
function retainedBy(features: readonly Feature[]): Retained {
  const last = features.filter(({ name }) => name === "access");
  const others = features.filter(({ name }) => name !== "access");
  return {
    rules: retentionOf(features),
    forget: [...others, ...last].flatMap(({ forget }) => forget ?? []),
    findGone: findGoneWorkspace,
  };
}

const HEARTBEAT_MAX_MS = 30 * SECOND;

/** Ready is who would also run what is due: a scheduler that hangs is found by the load balancer. */
const heartbeat = (jobs: JobRunner, clock: Clock): ReadinessCheck => ({
  name: "jobs",
  async check() {
    const silentMs = clock.monotonic() - (jobs.lastTickAt() ?? clock.monotonic());
    assert(silentMs < HEARTBEAT_MAX_MS, `the job scheduler has not ticked for ${silentMs} ms`);
  },
});

/** What runs: each part is started in this order and stopped in the reverse one, the database last of all. */
function openHouse(
  { context, access, catalogue, features, jobsBell }: Rooms,
  claimant: string,
  audit: AuditKeeper,
): Pick<App, "routes" | "start" | "address" | "adminAddress" | "fetch" | "reload" | "stop"> {
  const { clock, database } = context;
  const work = [
    checkpointJob,
    dropAuditDetailsJob,
    createRetentionJob(context, retainedBy(features)),
    spaceJob,
    ...features.flatMap((feature) => feature.jobs ?? []),
  ];
  const jobs = createJobRunner(context, work, claimant);
  jobsBell.listen(jobs.wake);
  context.metrics.gauge("jobs_running", "Jobs under way, by lane: long work has places of its own.", () =>
    JOB_LANES.map((lane) => ({ labels: { lane }, value: jobs.running(lane) })),
  );
  let address = "";
  const site = createSite(context, {
    version: BUILD.version,
    passwordCharactersMin: PASSWORD_CHARACTERS_MIN,
    routes: () => server.app.routes,
    rooms: [EVENTS_REFERENCE, PROGRESSION_REFERENCE, WEBHOOKS_REFERENCE, JOBS_REFERENCE, ACCESS_REFERENCE],
    catalogue: catalogue.list(),
    isClaimed: access.isClaimed,
    setUp: async ({ token = "", ...form }, request) => {
      await access.assertMaySetUp(token);
      const principal = { kind: "system", name: "setup", request: requestOf(request) } as const;
      const claimed = await access.setUp(principal, { ...parseInput(SetUp, form), token });
      return { claimed, cookies: await access.signInClaimant(request, claimed.account.id) };
    },
    home: access.showHome,
    address: () => address,
  });
  const server: HttpServer = createServer({
    context,
    authenticate: access.authenticate,
    isClaimed: access.isClaimed,
    features: [...features, site],
    readiness: [heartbeat(jobs, clock)],
  });
  access.learnRoutes(server.routes);
  let endObservation = (): void => {};
  const parts: readonly Pick<Feature, "start" | "stop">[] = [
    { stop: () => database.close() },
    audit,
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
    address: () => address,
    adminAddress: () => server.adminUrl(),
    fetch: (request) => server.handle(request),
    reload() {
      audit.reopen();
      server.renewCertificate();
    },
    async stop(deadline) {
      for (const part of parts.toReversed()) await part.stop?.(deadline);
    },
  };
}
