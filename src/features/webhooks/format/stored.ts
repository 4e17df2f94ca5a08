import type { Context } from "../../../context.ts";
import type { SealedPlace } from "../../../kernel/crypto.ts";
import type { Id } from "../../../kernel/ids.ts";
import type { SubscriptionRow } from "../subscriptions/store.ts";
import { type Format, NO_FORMAT } from "./format.ts";
import type { PresetSetting } from "./presets/preset.ts";
import { maskEndpoint } from "./secret-endpoint.ts";
import type { SignatureSetting } from "./signature.ts";

type Keyring = Context["keyring"];
type FormatColumns = Pick<SubscriptionRow, "signature" | "event_filter" | "payload_sealed" | "content_type" | "preset">;
type EndpointColumns = Pick<SubscriptionRow, "endpoint" | "endpoint_sealed">;

const place = (column: "payload_sealed" | "endpoint_sealed", row: Id<"sub">): SealedPlace => ({
  table: "subscriptions",
  column,
  row,
});

export const storedFormat = (keyring: Keyring, id: Id<"sub">, format: Format): FormatColumns => ({
  signature: format.signature === undefined || format.signature === "default" ? null : JSON.stringify(format.signature),
  event_filter: format.filter ?? null,
  payload_sealed: format.payload === undefined ? null : keyring.seal(place("payload_sealed", id), format.payload),
  content_type: format.contentType ?? null,
  preset: format.preset === undefined ? null : JSON.stringify(format.preset),
});

/** How what is sent to a subscription is made, opened. */
export function openFormat(keyring: Keyring, row: FormatColumns & Pick<SubscriptionRow, "id">): Format {
  const { signature, event_filter, payload_sealed, content_type, preset } = row;
  if (signature === null && event_filter === null && payload_sealed === null && preset === null) return NO_FORMAT;
  return {
    signature: signature === null ? undefined : (JSON.parse(signature) as SignatureSetting),
    filter: event_filter ?? undefined,
    payload: payload_sealed === null ? undefined : keyring.open(place("payload_sealed", row.id), payload_sealed),
    contentType: content_type ?? undefined,
    preset: preset === null ? undefined : (JSON.parse(preset) as PresetSetting),
  };
}

/** An endpoint as it is kept: sealed and masked where to know it is to be let in. */
export function storedEndpoint(
  keyring: Keyring,
  id: Id<"sub">,
  endpoint: string | undefined,
  isSecret: boolean,
): EndpointColumns {
  if (endpoint === undefined) return { endpoint: null, endpoint_sealed: null };
  if (!isSecret) return { endpoint, endpoint_sealed: null };
  return {
    endpoint: maskEndpoint(endpoint),
    endpoint_sealed: keyring.seal(place("endpoint_sealed", id), endpoint),
  };
}

/** The whole endpoint. */
export const openEndpoint = (
  keyring: Keyring,
  { id, endpoint, endpoint_sealed }: EndpointColumns & Pick<SubscriptionRow, "id">,
): string | undefined =>
  endpoint_sealed === null ? (endpoint ?? undefined) : keyring.open(place("endpoint_sealed", id), endpoint_sealed);
