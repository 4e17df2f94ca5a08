import type { JsonObject } from "./json.ts";

/** `*` in a subscription means everything but `operations`, which is chosen by name and never reports on itself. */
export type OutboundEventFamily = "progress" | "launch" | "operations" | "forwarded";

/** One kind of outbound event as the catalogue shows it. The schema and the example are of `data`. */
export interface OutboundEventType {
  readonly name: string;
  readonly family: OutboundEventFamily;
  /** One sentence: when it is sent. */
  readonly description: string;
  /** JSON Schema 2020-12. Open: a later version may add fields. */
  readonly schema: JsonObject;
  readonly example: JsonObject;
  /** Its name and shape are settled and it can be subscribed to, but nothing of this version sends it. */
  readonly planned?: true;
}
