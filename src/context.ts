import type { Config } from "./config/config.ts";
import type { Database, Writer } from "./database/database.ts";
import type { Chance } from "./kernel/chance.ts";
import type { Clock } from "./kernel/clock.ts";
import type { Keyring } from "./kernel/crypto.ts";
import type { Id, Ids } from "./kernel/ids.ts";
import type { Log } from "./kernel/log.ts";
import type { Metrics } from "./kernel/metrics.ts";
import type { UnixMs } from "./kernel/units.ts";
import type { Outbound } from "./outbound/outbound.ts";

/** An outbound event that has just been written, as matching needs it. */
export interface WrittenOutboundEvent {
  readonly id: Id<"evt">;
  readonly environmentId: Id<"env">;
  readonly type: string;
  /** The bytes that are delivered. */
  readonly body: string;
  readonly createdAt: UnixMs;
  /** The subscription that it tells of: none is told of itself. */
  readonly about?: Id<"sub">;
}

/**
 * How the journal's outbox reaches the subscriptions without knowing the room that keeps them: webhooks gives it, app.ts
 * hands it over. Both run inside the announcer's transaction.
 */
export interface FanOut {
  /** Whether any subscription, in whatever state, wants this type: otherwise no row is written at all. */
  wants(writer: Writer, environmentId: Id<"env">, type: string): Promise<boolean>;
  /** Writes a delivery for each event and matching subscription, and wakes the dispatcher after the commit. */
  expand(writer: Writer, events: readonly WrittenOutboundEvent[]): Promise<void>;
}

/** All that a verb may use. Time, chance, network and environment come in by here and by no other way. */
export interface Context {
  readonly clock: Clock;
  readonly chance: Chance;
  readonly ids: Ids;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly config: Config;
  readonly database: Database;
  readonly keyring: Keyring;
  readonly outbound: Outbound;
  readonly fanOut: FanOut;
}
