import { Elysia } from "elysia";
import type { Context, FanOut } from "../../context.ts";
import type { Feature } from "../../feature.ts";
import type { Catalogue } from "./catalogue.ts";
import { createDeliveryRoutes } from "./deliveries/routes.ts";
import { Directory, type Wake } from "./directory.ts";
import { Dispatcher } from "./dispatch/dispatcher.ts";
import { examineWebhooks } from "./examine.ts";
import { createFanOut } from "./fan-out.ts";
import { createJobs } from "./jobs.ts";
import { registerMetrics } from "./metrics.ts";
import { OPERATIONS_EVENTS } from "./operations-events.ts";
import { createPullRoutes } from "./pull/routes.ts";
import { PullWaiters } from "./pull/waiters.ts";
import type { Room } from "./room.ts";
import type { FindContacts } from "./subscriptions/notices.ts";
import { createSubscriptionRoutes } from "./subscriptions/routes.ts";

export interface WebhooksOptions {
  readonly catalogue: Catalogue;
  /** Names this life of the process; deliveries claimed under another name are taken up at the start. */
  readonly claimant: string;
  /** How requests name us: `Hatch/1.2.3`. */
  readonly userAgent: string;
  /** Who is told of an endpoint's troubles; nobody if absent. */
  readonly findContacts?: FindContacts;
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
  const { catalogue, claimant, userAgent, findContacts = async () => [] } = options;
  const directory = new Directory(floors, catalogue);
  const waiters = new PullWaiters(floors.clock);
  // The dispatcher may announce, and what is announced may wake it: it is known to both once it is made.
  const wake: Wake = (matches) => {
    dispatcher.wake(matches.filter(({ mode }) => mode === "push").map(({ id }) => id));
    waiters.wake(matches.filter(({ mode }) => mode === "pull").map(({ id }) => id));
  };
  const fanOut = createFanOut(floors, directory, wake);
  const context: Context = { ...floors, fanOut };
  const dispatcher = new Dispatcher({ ...context, findContacts }, directory, { claimant, userAgent });
  const room: Room = { ...context, catalogue, directory, dispatcher, waiters, userAgent };
  registerMetrics(context, dispatcher, waiters);
  return { fanOut, room, feature: createFeature(room, wake, claimant) };
}

function createFeature(room: Room, wake: Wake, claimant: string): Feature {
  return {
    name: "webhooks",
    routes: (guard) =>
      new Elysia({ name: "webhooks" })
        .use(createSubscriptionRoutes(room, guard))
        .use(createPullRoutes(room, guard))
        .use(createDeliveryRoutes(room, guard)),
    jobs: createJobs(room.directory, wake),
    emits: OPERATIONS_EVENTS,
    start: () => room.dispatcher.start(),
    drain: () => room.waiters.close(),
    async stop(deadline) {
      room.waiters.close();
      await room.dispatcher.stop(deadline);
    },
    examine: (context) => examineWebhooks(context, claimant),
  };
}
