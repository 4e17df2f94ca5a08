import type { PulledDelivery } from "../../client/index.ts";
import { checkFamilies, type FamilyVerdict } from "../../client/verify-webhook.ts";
import { systemClock } from "../../kernel/clock.ts";
import { timeOfId } from "../../kernel/ids.ts";
import type { JsonObject } from "../../kernel/json.ts";

/** A delivery as it came, looked at. */
export interface Arrival {
  readonly delivery: string;
  readonly event: string;
  readonly attempt: number;
  /** Undefined where the body does not say. */
  readonly outboundEvent: string | undefined;
  readonly userId: string | undefined;
  /** Since it was announced, by this machine's clock; undefined where the two clocks can't both be right. */
  readonly latencyMs: number | undefined;
  readonly hatch: FamilyVerdict;
  readonly standard: FamilyVerdict;
  readonly body: JsonObject | undefined;
}

function readObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined;
  } catch {
    return undefined;
  }
}

const textOf = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

/** Looks at a delivery as its receiver would: what it is, and whether both signatures hold. */
export async function examine({ id, headers, body }: PulledDelivery, secret: string): Promise<Arrival> {
  const content = readObject(body);
  const outboundEvent = textOf(content?.id);
  const latencyMs = outboundEvent === undefined ? -1 : systemClock.now() - timeOfId(outboundEvent);
  const { hatch, standard } = await checkFamilies(body, headers, secret);
  return {
    delivery: id,
    event: textOf(content?.event) ?? headers["X-Hatch-Event"] ?? "",
    attempt: Number(headers["X-Hatch-Attempt"] ?? 1),
    outboundEvent,
    userId: textOf((content?.data as JsonObject | undefined)?.userId),
    latencyMs: latencyMs >= 0 ? latencyMs : undefined,
    hatch,
    standard,
    body: content,
  };
}

export const isVerified = ({ hatch, standard }: Arrival): boolean => hatch === "ok" && standard === "ok";
