import { Elysia } from "elysia";
import type { Context, FanOut } from "../../context.ts";
import type { Feature } from "../../feature.ts";
import type { Catalogue } from "./catalogue.ts";
import { createDeliveryRoutes } from "./deliveries/routes.ts";
import { examineDigests } from "./digest/examine.ts";
import { createDigestJob } from "./digest/job.ts";
import { type DigestPlans, NO_DIGESTS } from "./digest/plan.ts";
import { Directory, type Wake } from "./directory.ts";
import { Dispatcher } from "./dispatch/dispatcher.ts";
import { examineWebhooks } from "./examine.ts";
import { createFanOut } from "./fan-out.ts";
import { HourBook } from "./health/hours.ts";
import { createHealthRoutes } from "./health/routes.ts";
import { createJobs } from "./jobs.ts";
import { registerMetrics } from "./metrics.ts";
import { OPERATIONS_EVENTS } from "./operations-events.ts";
import { createPullRoutes } from "./pull/routes.ts";
import { PullWaiters } from "./pull/waiters.ts";
import { createRecoverJob } from "./recovery/job.ts";
import { createRecoveryRoutes } from "./recovery/routes.ts";
import { WEBHOOKS_RETENTION } from "./retention/rules.ts";
import { WEBHOOKS_FORGET } from "./retention/store.ts";
import type { Room } from "./room.ts";
import { createSignatureCheckRoutes } from "./signature-check/routes.ts";
import type { FindContacts } from "./subscriptions/notices.ts";
import { createSubscriptionRoutes } from "./subscriptions/routes.ts";
import { createFollowJob, type FindWorkspaceState } from "./workspaces/follow.ts";

export interface WebhooksOptions {
  readonly catalogue: Catalogue;
  /** Names this life of the process; deliveries claimed under another name are taken up at the start. */
  readonly claimant: string;
  /** How requests name us: `Hatch/1.2.3`. */
  readonly userAgent: string;
  /** Who is told of an endpoint's troubles; nobody if absent. */
  readonly findContacts?: FindContacts;
  /** Whether anything may leave for a workspace; every one is open if absent. */
  readonly findWorkspaceState?: FindWorkspaceState;
  /** Which workspaces get a daily digest; none if absent. */
  readonly digestPlans?: DigestPlans;
  /** Has jobs that were just written begin at once; they begin within a second if absent. */
  readonly wakeJobs?: () => void;
}

/** The floors without the outbox's way to the subscriptions, which this room gives. */
export type Floors = Omit<Context, "fanOut">;

export interface Webhooks {
  /** For the context, so that whoever announces reaches the subscriptions. */
  readonly fanOut: FanOut;
  readonly room: Room;
  readonly feature: Feature;
}

/** The room, with what it hands back to the floors. */
export function createWebhooks(floors: Floors, options: WebhooksOptions): Webhooks {
  const {
    catalogue,
    claimant,
    userAgent,
    findContacts = async () => [],
    digestPlans = NO_DIGESTS,
    wakeJobs = () => {},
  } = options;
  const directory = new Directory(floors, catalogue);
  const waiters = new PullWaiters(floors.clock);
  const hours = new HourBook(floors);
  // The dispatcher may announce, and what is announced may wake it: it is known to both once it is made.
  const wake: Wake = (matches) => {
    dispatcher.wake(matches.filter(({ mode }) => mode === "push").map(({ id }) => id));
    waiters.wake(matches.filter(({ mode }) => mode === "pull").map(({ id }) => id));
  };
  const fanOut = createFanOut(floors, directory, { wake, wakeJobs });
  const context: Context = { ...floors, fanOut };
  const dispatcher = new Dispatcher({ ...context, findContacts, hours }, directory, { claimant, userAgent });
  const room: Room = { ...context, catalogue, directory, dispatcher, waiters, hours, userAgent, digestPlans, wakeJobs };
  registerMetrics(context, dispatcher, waiters);
  const follow = createFollowJob(room, options.findWorkspaceState ?? (async () => "open"));
  const feature = createFeature(room, wake, claimant, findContacts);
  return { fanOut, room, feature: { ...feature, jobs: [...(feature.jobs ?? []), follow] } };
}

function createFeature(room: Room, wake: Wake, claimant: string, findContacts: FindContacts): Feature {
  const made = room.metrics.counter("webhook_digests_total", "Daily digests that were made.");
  return {
    name: "webhooks",
    routes: (guard) =>
      new Elysia({ name: "webhooks" })
        .use(createSubscriptionRoutes(room, guard))
        .use(createRecoveryRoutes(room, guard))
        .use(createHealthRoutes(room, guard))
        .use(createPullRoutes(room, guard))
        .use(createDeliveryRoutes(room, guard))
        .use(createSignatureCheckRoutes(room, guard)),
    jobs: [...createJobs(room.directory, wake), createRecoverJob(room), createDigestJob(room, { findContacts, made })],
    retention: WEBHOOKS_RETENTION,
    forget: WEBHOOKS_FORGET,
    emits: OPERATIONS_EVENTS,
    sealed: [
      { table: "subscription_secrets", column: "sealed", key: "id" },
      { table: "subscriptions", column: "headers_sealed", key: "id" },
      { table: "subscriptions", column: "tls_sealed", key: "id" },
      { table: "subscriptions", column: "endpoint_sealed", key: "id" },
      { table: "subscriptions", column: "payload_sealed", key: "id" },
    ],
    start: () => room.dispatcher.start(),
    drain: () => room.waiters.close(),
    async stop(deadline) {
      room.waiters.close();
      await room.dispatcher.stop(deadline);
    },
    examine: async (context) => [
      ...(await examineWebhooks(context, claimant)),
      ...(await examineDigests(context, room.digestPlans)),
    ],
  };
}
