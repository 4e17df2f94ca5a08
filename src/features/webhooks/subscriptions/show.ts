import { isoTime } from "../../../kernel/clock.ts";
import type { Id } from "../../../kernel/ids.ts";
import type { JsonObject } from "../../../kernel/json.ts";
import { formatDuration } from "../../../kernel/units.ts";
import { openHeaders } from "../directory.ts";
import { masked } from "../dispatch/send.ts";
import type { PresetSetting } from "../format/presets/preset.ts";
import type { SignatureSetting } from "../format/signature.ts";
import { openFormat } from "../format/stored.ts";
import type { Room } from "../room.ts";
import type { SubscriptionMode, SubscriptionStatus } from "../types.ts";
import { type ClientTlsView, showTls } from "./client-tls.ts";
import type { SubscriptionRow } from "./store.ts";

/** A subscription as answers show it: the origin document's four fields first. Never a secret. */
export interface SubscriptionView {
  readonly id: Id<"sub">;
  readonly endpoint: string | null;
  readonly events: readonly string[];
  readonly active: boolean;
  readonly status: SubscriptionStatus;
  readonly reason: string | null;
  readonly mode: SubscriptionMode;
  readonly description: string | null;
  /** Names, with their values masked. */
  readonly headers: Readonly<Record<string, string>>;
  /** A name, or a template; Hatch's own headers if `default`. */
  readonly signature: SignatureSetting;
  readonly secretPrefix: string;
  readonly filter: string | null;
  readonly payload: string | null;
  readonly contentType: string | null;
  readonly preset: PresetSetting | null;
  readonly tls: ClientTlsView | null;
  readonly rateLimit: { readonly count: number; readonly per: string } | null;
  readonly retryDelays: readonly string[];
  readonly pauseAfter: number | null;
  readonly pauseFor: string | null;
  readonly pausedUntil: string | null;
  readonly createdBy: Id<"key"> | Id<"acc">;
  readonly createdAt: string;
  readonly updatedAt: string;
}

export interface StoredRateLimit extends JsonObject {
  readonly count: number;
  readonly per: number;
}

export function showSubscription(room: Pick<Room, "keyring" | "config">, row: SubscriptionRow): SubscriptionView {
  const rateLimit = row.rate_limit === null ? null : (JSON.parse(row.rate_limit) as StoredRateLimit);
  const format = openFormat(room.keyring, row);
  const delays =
    row.retry_delays === null ? room.config.webhooks.retryDelays : (JSON.parse(row.retry_delays) as number[]);
  return {
    id: row.id,
    endpoint: row.endpoint,
    events: JSON.parse(row.events) as string[],
    active: row.status === "active",
    status: row.status,
    reason: row.reason,
    mode: row.mode,
    description: row.description,
    headers: masked(openHeaders(room.keyring, row)),
    signature: format.signature ?? "default",
    secretPrefix: row.secret_prefix ?? room.config.webhooks.secretPrefix,
    filter: format.filter ?? null,
    payload: format.payload ?? null,
    contentType: format.contentType ?? null,
    preset: format.preset ?? null,
    tls: showTls(row),
    rateLimit: rateLimit === null ? null : { count: rateLimit.count, per: formatDuration(rateLimit.per) },
    retryDelays: delays.map((delay) => formatDuration(delay)),
    pauseAfter: row.pause_after,
    pauseFor: row.pause_for === null ? null : formatDuration(row.pause_for),
    pausedUntil: row.paused_until === null ? null : isoTime(row.paused_until),
    createdBy: row.owner_key_id,
    createdAt: isoTime(row.created_at),
    updatedAt: isoTime(row.updated_at),
  };
}
