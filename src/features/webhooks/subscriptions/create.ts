import { type Changes, changesBetween } from "../../../journal/audit-changes.ts";
import { mutate } from "../../../journal/mutate.ts";
import { AppError, type ErrorDetail, validationFailed } from "../../../kernel/errors.ts";
import type { EnvironmentPrincipal } from "../../../kernel/principal.ts";
import type { Room } from "../room.ts";
import { vetEndpoint } from "./endpoint.ts";
import { type CreateSubscriptionInput, RATE_NOT_ENFORCED } from "./schema.ts";
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

function faultsOf(room: Room, { mode, endpoint, events, secret }: CreateSubscriptionInput): ErrorDetail[] {
  const faults = [...room.catalogue.check(events)];
  if (mode === "push" && endpoint === undefined) faults.push({ path: "endpoint", message: "Is required." });
  if (mode === "pull" && endpoint !== undefined) {
    faults.push({ path: "endpoint", message: "A pull subscription has no endpoint." });
  }
  if (secret !== undefined) faults.push(...secretFaults(secret));
  return faults;
}

/** Subscribes to outbound events. Without a secret one is made and shown once. */
export async function createSubscription(
  room: Room,
  principal: EnvironmentPrincipal,
  input: CreateSubscriptionInput,
): Promise<CreatedSubscription> {
  const { environmentId, environmentKind, workspaceId } = principal;
  const faults = faultsOf(room, input);
  if (faults.length > 0) throw validationFailed(faults);
  const warnings = [
    ...(input.endpoint === undefined ? [] : await vetEndpoint(room, environmentKind, input.endpoint)),
    ...(input.rateLimit ? [RATE_NOT_ENFORCED] : []),
  ];
  const secret = input.secret ?? makeSecret(room);

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
      endpoint: input.endpoint ?? null,
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
});
const AUDITED = [
  ...(["mode", "origin", "events", "status", "description"] as const),
  ...(["rateLimit", "retryDelays", "pauseAfter", "pauseFor"] as const),
];

export const changesOf = (before: SubscriptionRow | undefined, after: SubscriptionRow | undefined): Changes =>
  changesBetween(before && auditOf(before), after && auditOf(after), AUDITED);
