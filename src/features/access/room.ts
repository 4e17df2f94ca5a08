import type { Context } from "../../context.ts";
import type { KeyCache } from "./key-cache.ts";

/** What the verbs of this room share beside the context. */
export interface AccessRoom {
  readonly context: Context;
  readonly cache: KeyCache;
  /** Called after the commit that made the first workspace. */
  readonly claimed: () => void;
}
