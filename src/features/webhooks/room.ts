import type { Context } from "../../context.ts";
import type { Catalogue } from "./catalogue.ts";
import type { DigestPlans } from "./digest/plan.ts";
import type { Directory } from "./directory.ts";
import type { Dispatcher } from "./dispatch/dispatcher.ts";
import type { HourBook } from "./health/hours.ts";
import type { PullWaiters } from "./pull/waiters.ts";

/** What the verbs of this room may use besides the context. */
export interface Room extends Context {
  readonly catalogue: Catalogue;
  readonly directory: Directory;
  readonly dispatcher: Dispatcher;
  readonly waiters: PullWaiters;
  /** Where attempts are counted by the hour. */
  readonly hours: HourBook;
  /** Which workspaces get a daily digest, and when. */
  readonly digestPlans: DigestPlans;
  /** How requests name us: `Hatch/1.2.3`. */
  readonly userAgent: string;
  /** Has jobs that were just written begin at once. */
  readonly wakeJobs: () => void;
}
