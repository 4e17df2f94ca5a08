import type { Config } from "../../src/config/config.ts";
import type { Context } from "../../src/context.ts";
import { LAUNCH_EVENTS } from "../../src/features/launches/catalogue.ts";
import { PROGRESS_EVENTS } from "../../src/features/progression/catalogue.ts";
import { createCatalogue } from "../../src/features/webhooks/catalogue.ts";
import { createWebhooks, type Webhooks } from "../../src/features/webhooks/feature.ts";
import { OPERATIONS_EVENTS } from "../../src/features/webhooks/operations-events.ts";
import { announce } from "../../src/journal/outbox.ts";
import type { Id } from "../../src/kernel/ids.ts";
import type { JsonObject } from "../../src/kernel/json.ts";
import type { KeyPrincipal } from "../../src/kernel/principal.ts";
import { createOutbound } from "../../src/outbound/create-outbound.ts";
import { createTestContext, createTestWorkspace, TEST_CONFIG, type TestContext } from "./context.ts";
import { type Answer, type CallOptions, createTestServer, type TestServer } from "./http.ts";

const catalogue = createCatalogue([...PROGRESS_EVENTS, ...LAUNCH_EVENTS, ...OPERATIONS_EVENTS]);

export interface TestWebhooks {
  readonly context: TestContext;
  readonly webhooks: Webhooks;
  readonly server: TestServer;
  /** A key of the live environment with every scope. */
  readonly principal: KeyPrincipal;
  readonly key: string;
  readonly workspace: Awaited<ReturnType<typeof createTestWorkspace>>;
  call(method: string, path: string, options?: CallOptions): Promise<Answer>;
  /** Subscribes with a known secret. */
  subscribe(fields: Record<string, unknown>): Promise<Id<"sub">>;
  announce(name?: string, data?: JsonObject): Promise<Id<"evt"> | undefined>;
  /** The one delivery, or the first that `where` finds. */
  delivery(where?: string): Promise<Record<string, unknown>>;
  rows(sql: string): Promise<Record<string, unknown>[]>;
  close(): Promise<void>;
}

export const SECRET = "whsec_a_strong_random_string_you_generate";

/** The room on real SQLite and the real way out, with a clock that stands still. */
export async function createTestWebhooks(
  options: {
    readonly config?: Partial<Config["webhooks"]>;
    readonly overrides?: Partial<Context>;
    /** Stands before the real database: for faults. */
    readonly wrapDatabase?: (database: Context["database"]) => Context["database"];
    readonly start?: boolean;
    readonly engine?: "sqlite" | "postgres";
  } = {},
): Promise<TestWebhooks> {
  const config: Config = {
    ...TEST_CONFIG,
    webhooks: { ...TEST_CONFIG.webhooks, allowNetworks: ["127.0.0.0/8"], ...options.config },
  };
  const bare = await createTestContext({ config, ...(options.engine && { engine: options.engine }) });
  const base = { ...bare, database: options.wrapDatabase?.(bare.database) ?? bare.database };
  const floors = { ...base, outbound: createOutbound({ clock: base.clock, config }), ...options.overrides };
  const webhooks = createWebhooks(floors, { catalogue, claimant: "boot_1", userAgent: "Hatch/0.0.0" });
  const context: TestContext = { ...floors, clock: base.clock, fanOut: webhooks.fanOut };
  const workspace = await createTestWorkspace(context);
  const principal = workspace.principal("live");
  const server = createTestServer(context, [webhooks.feature]);
  const key = server.keyFor(principal);
  if (options.start !== false) await webhooks.feature.start?.();
  const call = (method: string, path: string, with_: CallOptions = {}) => server.call(method, path, { key, ...with_ });
  const rows = (sql: string) => context.database.read((reader) => reader.all<Record<string, unknown>>(sql));
  return {
    context,
    webhooks,
    server,
    principal,
    key,
    workspace,
    call,
    async subscribe(fields) {
      const answer = await call("POST", "/v1/webhooks", {
        body: { events: ["points.earned"], secret: SECRET, ...fields },
      });
      if (answer.status !== 201) throw new Error(answer.text);
      return answer.body.id;
    },
    async announce(name = "points.earned", data = { userId: "user_42", amount: 10 }) {
      const [id] = await context.database.write((writer) =>
        announce(context, writer, [{ environmentId: principal.environmentId, type: name, data }]),
      );
      return id;
    },
    async delivery(where = "1 = 1") {
      const [row] = await rows(`SELECT * FROM deliveries WHERE ${where} ORDER BY id`);
      if (!row) throw new Error("no such delivery");
      return row;
    },
    rows,
    async close() {
      await webhooks.feature.stop?.(AbortSignal.abort());
      await context.close();
    },
  };
}

/** Waits, in real time, for something that a socket or a commit brings about. */
export async function until<T>(
  ask: () => Promise<T | undefined | false> | T | undefined | false,
  patienceMs = 5_000,
): Promise<T> {
  const giveUpAt = performance.now() + patienceMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() > giveUpAt) throw new Error("waited in vain");
    await Bun.sleep(2);
  }
}
