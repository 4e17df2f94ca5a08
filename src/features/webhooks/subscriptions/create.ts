import { type Changes, changesBetween } from "../../../journal/audit-changes.ts";
import { mutate } from "../../../journal/mutate.ts";
import { sha256Hex } from "../../../kernel/crypto.ts";
import { AppError, type ErrorDetail, validationFailed } from "../../../kernel/errors.ts";
import type { EnvironmentPrincipal } from "../../../kernel/principal.ts";
import { type Fitting, formatFaults, formatWarnings } from "../format/check-format.ts";
import type { Format } from "../format/format.ts";
import { isSecretEndpoint } from "../format/secret-endpoint.ts";
import { storedEndpoint, storedFormat } from "../format/stored.ts";
import type { Room } from "../room.ts";
import { NO_HEADERS } from "../types.ts";
import { changeTls, NO_TLS } from "./client-tls.ts";
import { vetEndpoint } from "./endpoint.ts";
import type { CreateSubscriptionInput } from "./schema.ts";
import { headersPlace, makeSecret, secretFaults, storeSecret } from "./secrets.ts";
import { type SubscriptionView, showSubscription } from "./show.ts";
import { countSubscriptions, insertSubscription, type SubscriptionRow } from "./store.ts";

/** Each announcement is matched against all of them, and one event may mean as many deliveries. */
const SUBSCRIPTIONS_MAX = 10_000;

export interface CreatedSubscription extends SubscriptionView {
  /** Only where it was made here: shown this once. */
  readonly secret?: string;
  readonly warnings?: readonly string[];
}

function faultsOf(room: Room, input: CreateSubscriptionInput): ErrorDetail[] {
  const { mode, endpoint, events, secret } = input;
  const faults = [...room.catalogue.check(events)];
  if (mode === "push" && endpoint === undefined) faults.push({ path: "endpoint", message: "Is required." });
  if (mode === "pull" && endpoint !== undefined) {
    faults.push({ path: "endpoint", message: "A pull subscription has no endpoint." });
  }
  if (secret !== undefined) faults.push(...secretFaults(secret));
  return [...faults, ...formatFaults(room.catalogue, fittingOf(input))];
}

/** Whether to know its endpoint is to be let in. */
export const isSecretFitting = ({ endpoint, format }: Fitting): boolean =>
  endpoint !== undefined && isSecretEndpoint(endpoint, format.preset);

export const fittingOf = (
  input: Pick<CreateSubscriptionInput, "mode" | "endpoint" | "events" | "headers" | keyof Format>,
): Fitting => ({
  mode: input.mode,
  endpoint: input.endpoint,
  events: input.events,
  headers: input.headers ?? NO_HEADERS,
  format: {
    signature: input.signature ?? undefined,
    filter: input.filter ?? undefined,
    payload: input.payload ?? undefined,
    contentType: input.contentType ?? undefined,
    preset: input.preset ?? undefined,
  },
});

/** Subscribes to outbound events. Without a secret one is made and shown once. */
export async function createSubscription(
  room: Room,
  principal: EnvironmentPrincipal,
  input: CreateSubscriptionInput,
): Promise<CreatedSubscription> {
  const { environmentId, environmentKind, workspaceId } = principal;
  const faults = faultsOf(room, input);
  if (faults.length > 0) throw validationFailed(faults);
  const fitting = fittingOf(input);
  const warnings = [
    ...(input.endpoint === undefined ? [] : await vetEndpoint(room, environmentKind, input.endpoint)),
    ...(await formatWarnings(room.catalogue, fitting)),
  ];
  const tls = changeTls(room, input.tls, input);
  warnings.push(...tls.warnings);
  const secret = input.secret ?? makeSecret(room, input.secretPrefix ?? null);

  return mutate(room, principal, async (writer) => {
    if ((await countSubscriptions(writer, environmentId)) >= SUBSCRIPTIONS_MAX) {
      throw new AppError("conflict", `An environment has at most ${SUBSCRIPTIONS_MAX} subscriptions.`);
    }
    const id = room.ids.next("sub");
    const created: SubscriptionRow = {
      id,
      workspace_id: workspaceId,
      environment_id: environmentId,
      environment_kind: environmentKind,
      owner_key_id: principal.kind === "key" ? principal.keyId : principal.accountId,
      mode: input.mode,
      ...storedEndpoint(room.keyring, id, fitting.endpoint, isSecretFitting(fitting)),
      ...storedFormat(room.keyring, id, fitting.format),
      ...tls.stored(room.keyring, { id, ...NO_TLS }),
      secret_prefix: input.secretPrefix ?? null,
      events: JSON.stringify([...new Set(input.events)]),
      description: input.description ?? null,
      headers_sealed: input.headers ? room.keyring.seal(headersPlace(id), JSON.stringify(input.headers)) : null,
      rate_limit: input.rateLimit ? JSON.stringify(input.rateLimit) : null,
      retry_delays: input.retryDelays ? JSON.stringify(input.retryDelays) : null,
      pause_after: input.pauseAfter ?? null,
      pause_for: input.pauseFor ?? null,
      status: "active",
      reason: null,
      paused_until: null,
      paused_since: null,
      probes: 0,
      created_at: writer.now,
      updated_at: writer.now,
      deleted_at: null,
    };
    await insertSubscription(writer, created);
    await storeSecret(room, writer, id, secret);
    room.directory.forget(environmentId, id);
    return {
      result: {
        ...showSubscription(room, created),
        ...(input.secret === undefined ? { secret } : {}),
        ...(warnings.length > 0 ? { warnings } : {}),
      },
      audit: [{ workspaceId, environmentId, action: "webhook.created", target: id, ...changesOf(undefined, created) }],
      announce: [],
      jobs: [],
    };
  });
}

const parsed = (text: string | null): unknown => (text === null ? null : JSON.parse(text));

/** What the audit log says of a subscription: the path and query of an endpoint may hold a credential. */
const auditOf = (row: SubscriptionRow) => ({
  mode: row.mode,
  origin: row.endpoint === null ? null : new URL(row.endpoint).origin,
  events: parsed(row.events),
  status: row.status,
  description: row.description,
  rateLimit: parsed(row.rate_limit),
  retryDelays: parsed(row.retry_delays),
  pauseAfter: row.pause_after,
  pauseFor: row.pause_for,
  signature: parsed(row.signature),
  prefix: row.secret_prefix,
  filter: row.event_filter,
  // It may hold a receiver's credential: that it is another one is all that is said.
  payload: row.payload_sealed === null ? null : sha256Hex(row.payload_sealed).slice(0, 16),
  contentType: row.content_type,
  preset: parsed(row.preset),
  // Names and fingerprints.
  tls: parsed(row.tls),
});
const AUDITED = [
  ...(["mode", "origin", "events", "status", "description"] as const),
  ...(["rateLimit", "retryDelays", "pauseAfter", "pauseFor"] as const),
  ...(["signature", "prefix", "filter", "payload", "contentType", "preset", "tls"] as const),
];

export const changesOf = (before: SubscriptionRow | undefined, after: SubscriptionRow | undefined): Changes =>
  changesBetween(before && auditOf(before), after && auditOf(after), AUDITED);
