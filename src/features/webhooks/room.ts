import type { Context } from "../../context.ts";
import type { Catalogue } from "./catalogue.ts";
import type { Directory } from "./directory.ts";
import type { Dispatcher } from "./dispatch/dispatcher.ts";
import type { PullWaiters } from "./pull/waiters.ts";

/** What the verbs of this room may use besides the context. */
export interface Room extends Context {
  readonly catalogue: Catalogue;
  readonly directory: Directory;
  readonly dispatcher: Dispatcher;
  readonly waiters: PullWaiters;
  /** How requests name us: `Hatch/1.2.3`. */
  readonly userAgent: string;
}
