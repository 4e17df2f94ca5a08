import { isoSeconds } from "../../kernel/clock.ts";
import type { JsonObject } from "../../kernel/json.ts";
import type { UnixMs } from "../../kernel/units.ts";
import type { Format } from "./signatures.ts";

/** Means nothing to anyone, so that a receiver which works does no work for it. */
const SAMPLE_EVENT = "receiver.check";

const PLAIN_TEXT = "Sent by hatch check-receiver.";
/** Two, three and four bytes of UTF-8, and what some serialisers escape. */
const FAR_TEXT = "Grüße, 世界 🥚 </p> & 1/2";

/**
 * A body as Hatch sends it. For Standard Webhooks, which recommends `type` for the name, it has that as well, so that a
 * receiver of either kind knows its own.
 */
export function sampleBody(format: Format, id: string, now: UnixMs, text: "plain" | "far"): JsonObject {
  const data = { text: text === "plain" ? PLAIN_TEXT : FAR_TEXT, count: 3, tags: ["a", "b"], nothing: null };
  const rest = { event: SAMPLE_EVENT, timestamp: isoSeconds(now), data };
  return format === "standard" ? { id, type: SAMPLE_EVENT, ...rest } : { id, ...rest };
}
