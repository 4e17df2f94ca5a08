import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Config } from "../../src/config/config.ts";
import type { Context, FanOut } from "../../src/context.ts";
import type { Database } from "../../src/database/database.ts";
import { migrate, planMigrations } from "../../src/database/migrate.ts";
import { MIGRATIONS } from "../../src/database/migrations.ts";
import { openSqlite } from "../../src/database/sqlite.ts";
import { seededChance } from "../../src/kernel/chance.ts";
import { createKeyring } from "../../src/kernel/crypto.ts";
import { createIds, type Id } from "../../src/kernel/ids.ts";
import { createLog } from "../../src/kernel/log.ts";
import { createMetrics } from "../../src/kernel/metrics.ts";
import type { EnvironmentKind, KeyPrincipal } from "../../src/kernel/principal.ts";
import { SCOPES } from "../../src/kernel/principal.ts";
import { DAY, durationMs, HOUR, MINUTE } from "../../src/kernel/units.ts";
import type { Outbound } from "../../src/outbound/outbound.ts";
import { FakeClock } from "./clock.ts";
import { openTestPostgres } from "./postgres-database.ts";

export const TEST_CONFIG: Config = {
  dataDirectory: "",
  server: { host: "127.0.0.1", port: 0, publicUrl: undefined },
  adminListener: undefined,
  tls: undefined,
  http: { allowInsecureCookies: false, allowedHosts: [], adminNetworks: [], trustedProxies: [] },
  database: {
    tls: undefined,
    caFile: undefined,
    readConnections: 4,
    statementTimeout: durationMs(30_000),
    connectTimeout: durationMs(5_000),
  },
  limits: { secretKeyPerMinute: 0, browserPerMinute: 600, anonymousPerMinute: 120, failedAuthPerMinute: 20 },
  events: { lateWindow: durationMs(30 * DAY), personalUserIds: "warn" },
  webhooks: {
    allowNetworks: [],
    retryDelays: [MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 6 * HOUR].map(durationMs),
    retryJitter: 0,
    timeout: durationMs(10_000),
    concurrency: 64,
    concurrencyPerEndpoint: 16,
    secretPrefix: "whsec_",
  },
  outbound: { caFile: undefined },
  digest: { at: "08:00", zone: undefined, mail: "traffic" },
  mail: undefined,
  oidc: undefined,
  retention: {
    inboundPayloads: durationMs(400 * DAY),
    outboundBodies: durationMs(30 * DAY),
    deliveries: durationMs(400 * DAY),
    attempts: DAY,
    refused: durationMs(7 * DAY),
    mails: durationMs(30 * DAY),
    jobs: durationMs(30 * DAY),
    revokedKeys: durationMs(30 * DAY),
    deletedWorkspaces: durationMs(30 * DAY),
  },
  metrics: { allowNetworks: [] },
  log: { level: "error" },
  audit: { streamTo: undefined, streamFile: undefined, keepDetails: durationMs(1_095 * DAY) },
  program: undefined,
};

/** Refuses every send: a test that wants the network hands in the real one. */
export const noOutbound: Outbound = {
  vet: async () => ({ kind: "allowed" }),
  send: async () => {
    throw new Error("this test was not to send anything");
  },
};

export const noFanOut: FanOut = { wants: async () => false, expand: async () => {} };

export interface TestContext extends Context {
  readonly clock: FakeClock;
  readonly logged: string[];
  readonly directory: string;
  close(): Promise<void>;
}

type Engine = Database["capabilities"]["engine"];

/** `HATCH_TEST_ENGINE=postgres` takes every test that does not ask for an engine to the other one. */
const ENGINE: Engine = process.env.HATCH_TEST_ENGINE === "postgres" ? "postgres" : "sqlite";

async function openTestDatabase(engine: Engine, directory: string, clock: FakeClock) {
  if (engine === "postgres") return openTestPostgres(clock);
  const database = openSqlite({ file: join(directory, "hatch.db"), clock });
  await migrate(database, await planMigrations(database, MIGRATIONS));
  return { database, remove: () => database.close() };
}

/** A real database of its own, a clock that stands still, seeded chance. */
export async function createTestContext({
  engine = ENGINE,
  ...overrides
}: Partial<Context> & { readonly seed?: string; readonly engine?: Engine } = {}): Promise<TestContext> {
  const directory = mkdtempSync(join(tmpdir(), "hatch-test-"));
  const clock = new FakeClock();
  const chance = seededChance(overrides.seed ?? "hatch");
  const { database, remove } = await openTestDatabase(engine, directory, clock);
  const logged: string[] = [];
  return {
    chance,
    ids: createIds(clock, chance),
    log: createLog({ clock, level: "debug", write: (line) => logged.push(line) }),
    metrics: createMetrics(),
    config: { ...TEST_CONFIG, dataDirectory: directory },
    database,
    keyring: createKeyring(chance.bytes(32), chance),
    outbound: noOutbound,
    fanOut: noFanOut,
    ...overrides,
    clock,
    logged,
    directory,
    async close() {
      await remove();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** A workspace with both environments, written straight into its tables. */
export async function createTestWorkspace(context: TestContext): Promise<{
  readonly workspaceId: Id<"ws">;
  readonly live: Id<"env">;
  readonly test: Id<"env">;
  principal(kind: EnvironmentKind, overrides?: Partial<KeyPrincipal>): KeyPrincipal;
}> {
  const workspaceId = context.ids.next("ws");
  const live = context.ids.next("env");
  const test = context.ids.next("env");
  const now = context.clock.now();
  await context.database.write(async (writer) => {
    await writer.insertMany({
      table: "workspaces",
      columns: ["id", "name", "created_at"],
      rows: [[workspaceId, "Acme", now]],
    });
    await writer.insertMany({
      table: "environments",
      columns: ["id", "workspace_id", "kind", "created_at"],
      rows: [
        [live, workspaceId, "live", now],
        [test, workspaceId, "test", now],
      ],
    });
  });
  return {
    workspaceId,
    live,
    test,
    principal: (kind, overrides = {}) => ({
      kind: "key",
      keyId: context.ids.next("key"),
      name: "test",
      workspaceId,
      environmentId: kind === "live" ? live : test,
      environmentKind: kind,
      scopes: new Set(SCOPES),
      request: { id: context.ids.next("req") },
      ...overrides,
    }),
  };
}
