import { mutate } from "../../../journal/mutate.ts";
import { AppError, notFound, validationFailed } from "../../../kernel/errors.ts";
import type { Id } from "../../../kernel/ids.ts";
import type { EnvironmentPrincipal } from "../../../kernel/principal.ts";
import type { UnixMs } from "../../../kernel/units.ts";
import type { Room } from "../room.ts";
import { changesOf } from "./create.ts";
import { vetEndpoint } from "./endpoint.ts";
import { type ChangeSubscriptionInput, RATE_NOT_ENFORCED } from "./schema.ts";
import { headersPlace } from "./secrets.ts";
import { type SubscriptionView, showSubscription } from "./show.ts";
import { findSubscription, forgetFailures, replaceSubscription, type SubscriptionRow } from "./store.ts";

export interface ChangedSubscription extends SubscriptionView {
  readonly warnings?: readonly string[];
}

/** Changes what is named and leaves the rest; `null` takes a setting away. */
export async function changeSubscription(
  room: Room,
  principal: EnvironmentPrincipal,
  id: Id<"sub">,
  input: ChangeSubscriptionInput,
): Promise<ChangedSubscription> {
  const { environmentId, environmentKind, workspaceId } = principal;
  const before = await room.database.read((reader) => findSubscription(reader, environmentId, id));
  if (!before) throw notFound("The subscription");
  const faults = input.events === undefined ? [] : room.catalogue.check(input.events);
  if (faults.length > 0) throw validationFailed(faults);
  if (input.endpoint !== undefined && before.mode === "pull") {
    throw validationFailed([{ path: "endpoint", message: "A pull subscription has no endpoint." }]);
  }
  const warnings = [
    ...(input.endpoint === undefined ? [] : await vetEndpoint(room, environmentKind, input.endpoint)),
    ...(input.rateLimit ? [RATE_NOT_ENFORCED] : []),
  ];

  const row = await mutate(room, principal, async (writer) => {
    const current = await findSubscription(writer, environmentId, id);
    if (!current) throw notFound("The subscription");
    const next = changed(room, current, input, writer.now);
    await replaceSubscription(writer, next);
    // Whoever makes it active again begins anew: the failures so far are no reason to pause at the next one.
    if (current.status !== "active" && next.status === "active") await forgetFailures(writer, id);
    room.directory.forget(environmentId, id);
    writer.afterCommit(() => room.dispatcher.reconsider(id));
    if (next.status === "active") writer.afterCommit(() => room.waiters.wake([id]));
    return {
      result: next,
      audit: [
        {
          workspaceId,
          environmentId,
          action: "webhook.changed",
          target: id,
          ...changesOf(current, next),
          details: { fields: Object.keys(input) },
        },
      ],
      announce: [],
      jobs: [],
    };
  });
  return { ...showSubscription(room, row), ...(warnings.length > 0 ? { warnings } : {}) };
}

/** Makes a paused or disabled subscription active again; what waited goes on at once. */
export async function resumeSubscription(
  room: Room,
  principal: EnvironmentPrincipal,
  id: Id<"sub">,
): Promise<SubscriptionView> {
  return changeSubscription(room, principal, id, { active: true });
}

const stored = (value: unknown): string | null => (value === null ? null : JSON.stringify(value));

function changed(room: Room, row: SubscriptionRow, input: ChangeSubscriptionInput, now: UnixMs): SubscriptionRow {
  const { headers } = input;
  const sealed = (value: NonNullable<typeof headers>): string =>
    room.keyring.seal(headersPlace(row.id), JSON.stringify(value));
  return {
    ...row,
    endpoint: input.endpoint ?? row.endpoint,
    events: input.events === undefined ? row.events : JSON.stringify([...new Set(input.events)]),
    description: input.description === undefined ? row.description : input.description,
    headers_sealed: headers === undefined ? row.headers_sealed : headers === null ? null : sealed(headers),
    rate_limit: input.rateLimit === undefined ? row.rate_limit : stored(input.rateLimit),
    retry_delays: input.retryDelays === undefined ? row.retry_delays : stored(input.retryDelays),
    pause_after: input.pauseAfter === undefined ? row.pause_after : input.pauseAfter,
    pause_for: input.pauseFor === undefined ? row.pause_for : input.pauseFor,
    ...standing(row, input.active, now),
    updated_at: now,
  };
}

const ACTIVE = { status: "active", reason: null, paused_until: null, paused_since: null, probes: 0 } as const;

function standing(
  row: SubscriptionRow,
  active: boolean | undefined,
  now: UnixMs,
): Pick<SubscriptionRow, "status" | "reason" | "paused_until" | "paused_since" | "probes"> {
  const { status, reason, paused_until, paused_since, probes } = row;
  if (active === true) return ACTIVE;
  if (active === undefined) return { status, reason, paused_until, paused_since, probes };
  if (status === "disabled") throw new AppError("conflict", "The subscription is disabled: resume it first.");
  return { status: "paused", reason: "paused on request", paused_until: null, paused_since: now, probes: 0 };
}
