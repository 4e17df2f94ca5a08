import type { Reader } from "../../../database/database.ts";
import { findOutboundEvent, listLatestTypes } from "../../../journal/outbox.ts";
import { isoSeconds } from "../../../kernel/clock.ts";
import { type Signer, sha256Hex } from "../../../kernel/crypto.ts";
import { type ErrorDetail, notFound, validationFailed } from "../../../kernel/errors.ts";
import { type Id, isId } from "../../../kernel/ids.ts";
import type { EnvironmentPrincipal } from "../../../kernel/principal.ts";
import { masked } from "../dispatch/send.ts";
import type { Room } from "../room.ts";
import { plannedHeaders, type SigningSecret, signatureHeaders } from "../signing.ts";
import { chooseType } from "../subscriptions/choose-type.ts";
import { makeBody } from "./body.ts";
import { type Fitting, formatFaults, formatWarnings } from "./check-format.ts";
import type { PresetSetting } from "./presets/preset.ts";
import { PRESETS } from "./presets/presets.ts";
import { isSecretEndpoint, maskEndpoint, redactor } from "./secret-endpoint.ts";
import { Sieve } from "./sieve.ts";
import { planOf } from "./signature.ts";

/** So many of the latest outbound events are looked at for one of a type. */
const LOOKED_AT_MAX = 1_000;
const UNSIGNED: Signer = { bytes: () => new Uint8Array(), hex: () => "***", base64: () => "***" };

export interface Preview {
  readonly event: {
    readonly id: string;
    readonly name: string;
    readonly timestamp: string;
    /** A real one, or what the catalogue shows. */
    readonly source: "sent" | "example";
  };
  /** Null where there is no filter, or it failed. */
  readonly passes: boolean | null;
  /** Why nothing would be sent, in words. */
  readonly fault: string | null;
  /** Null where nothing would be. */
  readonly request: {
    readonly method: "POST";
    readonly url: string | null;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
    readonly bytes: number;
    readonly sha256: string;
  } | null;
  readonly warnings: readonly string[];
}

/** Shows what a subscription with these settings would be sent of an event. Nothing is sent, nothing is written. */
export async function previewFitting(
  room: Room,
  { environmentId }: EnvironmentPrincipal,
  fitting: Fitting,
  wanted: string | undefined,
): Promise<Preview> {
  const faults: ErrorDetail[] = [...room.catalogue.check(fitting.events), ...formatFaults(room.catalogue, fitting)];
  if (faults.length > 0) throw validationFailed(faults);
  const found = await room.database.read((reader) => findSample(room, reader, environmentId, fitting, wanted));
  const { format, endpoint } = fitting;
  const { filter } = format;
  const sifted =
    filter === undefined
      ? "wanted"
      : (new Sieve(room.catalogue, found.body, { inLane: false }).ask(filter) ?? "wanted");
  const made = makeBody(room.catalogue, { format, endpoint, body: found.body });
  const fault =
    typeof sifted === "object" ? sifted.fault : "fault" in made ? `the payload failed: ${made.fault}` : null;
  const { id, event, timestamp } = JSON.parse(found.body) as { id: string; event: string; timestamp: string };
  return {
    event: { id, name: event, timestamp, source: found.source },
    passes: filter === undefined || typeof sifted === "object" ? null : sifted === "wanted",
    fault,
    request: "fault" in made ? null : requestOf(room, fitting, { event, eventId: found.id, ...made }),
    warnings: await formatWarnings(room.catalogue, fitting),
  };
}

interface Sample {
  readonly id: Id<"evt">;
  readonly body: string;
  readonly source: "sent" | "example";
}

const EXAMPLE_ID: Id<"evt"> = "evt_01kag6w8zq4d6c2x9mhs7ykt3e";

/** The event that is asked for by its id, the latest of its type, or of any that is wanted; else the catalogue's example. */
async function findSample(
  room: Room,
  reader: Reader,
  environmentId: Id<"env">,
  { events }: Fitting,
  wanted: string | undefined,
): Promise<Sample> {
  if (wanted !== undefined && isId("evt", wanted)) {
    const row = await findOutboundEvent(reader, environmentId, wanted);
    if (row?.body == null) throw notFound("The outbound event");
    return { id: row.id, body: row.body, source: "sent" };
  }
  const sample = wanted === undefined ? undefined : chooseType(room, events, wanted);
  const isWanted = (type: string): boolean =>
    sample === undefined ? room.catalogue.matches(events, type) : type === sample.name;
  const latest = await listLatestTypes(reader, environmentId, LOOKED_AT_MAX);
  const id = latest.find(({ type }) => isWanted(type))?.id;
  const row = id && (await findOutboundEvent(reader, environmentId, id));
  if (row && row.body !== null) return { id: row.id, body: row.body, source: "sent" };
  const { name, example } = sample ?? chooseType(room, events, undefined);
  const body = { id: EXAMPLE_ID, event: name, timestamp: isoSeconds(room.clock.now()), data: example };
  return { id: EXAMPLE_ID, body: JSON.stringify(body), source: "example" };
}

interface Previewed {
  readonly event: string;
  readonly eventId: Id<"evt">;
  readonly body: string;
  readonly contentType: string;
}

/** As it would be sent, but for the signature: whoever may have any body signed needs no secret to pass for us. */
function requestOf(room: Room, fitting: Fitting, previewed: Previewed): NonNullable<Preview["request"]> {
  const { endpoint, headers, format } = fitting;
  const { event, eventId, body, contentType } = previewed;
  const plan = planOf(format.signature);
  const isSecret = endpoint !== undefined && isSecretEndpoint(endpoint, format.preset);
  const secret: SigningSecret = {
    plain: UNSIGNED,
    standard: UNSIGNED,
    planned: UNSIGNED,
    createdAt: room.clock.now(),
    expiresAt: undefined,
  };
  const signable = {
    event,
    eventId,
    deliveryId: room.ids.next("dlv"),
    attempt: 1,
    timestamp: Math.floor(room.clock.now() / 1000),
    body,
    secrets: [secret],
    refusals: 0,
  };
  const signed = plan === undefined ? signatureHeaders(signable) : plannedHeaders(plan, signable);
  return {
    method: "POST",
    url: endpoint === undefined ? null : shownAddress(endpoint, fitting),
    headers: {
      ...masked(headers),
      "Content-Type": contentType,
      "User-Agent": room.userAgent,
      ...signed,
    },
    body: isSecret ? shownBody(endpoint, body, format.preset) : body,
    bytes: Buffer.byteLength(body),
    sha256: sha256Hex(body),
  };
}

function shownBody(endpoint: string, body: string, preset: PresetSetting | undefined): string {
  const hidden = (preset && PRESETS[preset.name].hidden?.(body, new URL(endpoint))) ?? body;
  return redactor(endpoint)(hidden);
}

function shownAddress(endpoint: string, { format: { preset } }: Fitting): string {
  const address = (preset && PRESETS[preset.name].address?.(endpoint)) ?? endpoint;
  return isSecretEndpoint(endpoint, preset) ? maskEndpoint(address) : address;
}
