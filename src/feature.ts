import type { AnyElysia } from "elysia";
import type { Context } from "./context.ts";
import type { Guard } from "./http/guard.ts";
import type { JobDefinition } from "./jobs/job.ts";
import type { Forget, RetentionRule } from "./jobs/retention.ts";
import type { OutboundEventType } from "./kernel/catalogue.ts";
import type { SealedColumn } from "./kernel/crypto.ts";

/** What `hatch doctor` says of one thing. */
export interface Finding {
  readonly check: string;
  readonly ok: boolean;
  /** One sentence; for a fault also what to do. */
  readonly message: string;
}

/** What a room gives to app.ts. Everything is optional but the name. */
export interface Feature {
  readonly name: string;
  /** One Elysia instance with the room's routes, full paths, each with its `access`. */
  readonly routes?: (guard: Guard) => AnyElysia;
  readonly jobs?: readonly JobDefinition[];
  /** How long each of its tables keeps what: every table is in one rule at least. */
  readonly retention?: readonly RetentionRule[];
  /** Takes what a deleted workspace left, batch by batch. */
  readonly forget?: readonly Forget[];
  /** What it announces, for the catalogue. */
  readonly emits?: readonly OutboundEventType[];
  /** Where its tables keep what the root key seals: the rotation of that key, and the doctor, reach every one. */
  readonly sealed?: readonly SealedColumn[];
  /** Begins background work, after the migrations and before the first request. */
  readonly start?: () => Promise<void>;
  /** Lets go of requests that wait on purpose, before the server waits for its requests. */
  readonly drain?: () => void;
  /** Ends background work; what is not done by the deadline is handed back. Stopping twice is fine. */
  readonly stop?: (deadline: AbortSignal) => Promise<void>;
  /** Rebuilds what is derived and compares; reads only. */
  readonly examine?: (context: Context) => Promise<readonly Finding[]>;
}
