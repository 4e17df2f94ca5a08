import { mutate } from "../../../journal/mutate.ts";
import { AppError, notFound, validationFailed } from "../../../kernel/errors.ts";
import type { Id } from "../../../kernel/ids.ts";
import type { EnvironmentPrincipal } from "../../../kernel/principal.ts";
import type { UnixMs } from "../../../kernel/units.ts";
import { openHeaders } from "../directory.ts";
import { liftHold } from "../dispatch/holds/store.ts";
import { type Fitting, formatFaults, formatWarnings } from "../format/check-format.ts";
import { openEndpoint, openFormat, storedEndpoint, storedFormat } from "../format/stored.ts";
import type { Room } from "../room.ts";
import { changeTls } from "./client-tls.ts";
import { changesOf, fittingOf, isSecretFitting } from "./create.ts";
import { vetEndpoint } from "./endpoint.ts";
import type { ChangeSubscriptionInput } from "./schema.ts";
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
  const fitting = fittingAfter(room, before, input);
  const misfits = touchesFit(input) ? formatFaults(room.catalogue, fitting) : [];
  if (misfits.length > 0) throw validationFailed(misfits);
  const warnings = [
    ...(input.endpoint === undefined ? [] : await vetEndpoint(room, environmentKind, input.endpoint)),
    ...(touchesFit(input) ? await formatWarnings(room.catalogue, fitting) : []),
  ];
  const tls = changeTls(room, input.tls, { mode: before.mode, endpoint: fitting.endpoint }, before);
  warnings.push(...tls.warnings);

  const row = await mutate(room, principal, async (writer) => {
    const current = await findSubscription(writer, environmentId, id);
    if (!current) throw notFound("The subscription");
    const next = { ...changed(room, current, input, writer.now), ...tls.stored(room.keyring, current) };
    await replaceSubscription(writer, next);
    // Whoever makes it active again begins anew: the failures so far are no reason to pause at the next one.
    if (current.status !== "active" && next.status === "active") await forgetFailures(writer, id);
    // What the endpoint asked for holds no longer, once it is another one or somebody says that it is well.
    if (input.endpoint !== undefined || input.active) await liftHold(writer, id);
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

const FORMAT_FIELDS = ["signature", "filter", "payload", "contentType", "preset"] as const;
const FITTED = ["endpoint", "events", "headers", ...FORMAT_FIELDS] as const;

const touches = (input: ChangeSubscriptionInput, fields: readonly (typeof FITTED)[number][]): boolean =>
  fields.some((field) => input[field] !== undefined);

/** Only what is changed is checked: a stricter release does not keep anybody from pausing what an older one let in. */
const touchesFit = (input: ChangeSubscriptionInput): boolean => touches(input, FITTED);

/** The subscription with the change, so far as its parts have to fit each other. */
export function fittingAfter(
  room: Pick<Room, "keyring">,
  row: SubscriptionRow,
  input: ChangeSubscriptionInput,
): Fitting {
  const { signature, filter, payload, contentType, preset } = openFormat(room.keyring, row);
  return fittingOf({
    mode: row.mode,
    endpoint: input.endpoint ?? openEndpoint(room.keyring, row),
    events: input.events ?? (JSON.parse(row.events) as string[]),
    headers: input.headers === undefined ? openHeaders(room.keyring, row) : input.headers,
    signature: input.signature === undefined ? signature : input.signature,
    filter: input.filter === undefined ? filter : input.filter,
    payload: input.payload === undefined ? payload : input.payload,
    contentType: input.contentType === undefined ? contentType : input.contentType,
    preset: input.preset === undefined ? preset : input.preset,
  });
}

const stored = (value: unknown): string | null => (value === null ? null : JSON.stringify(value));

function changed(room: Room, row: SubscriptionRow, input: ChangeSubscriptionInput, now: UnixMs): SubscriptionRow {
  const { headers } = input;
  const sealed = (value: NonNullable<typeof headers>): string =>
    room.keyring.seal(headersPlace(row.id), JSON.stringify(value));
  const fitting = fittingAfter(room, row, input);
  const { endpoint, format } = fitting;
  // What was sealed stays so: nobody unseals an address by taking the preset away.
  const isSecret = isSecretFitting(fitting) || (input.endpoint === undefined && row.endpoint_sealed !== null);
  // One that an older release kept in plain text is sealed with the first change of anything.
  const isBare = isSecret && row.endpoint_sealed === null;
  const moves = isBare || input.endpoint !== undefined || input.preset !== undefined;
  return {
    ...row,
    ...(moves ? storedEndpoint(room.keyring, row.id, endpoint, isSecret) : {}),
    ...(touches(input, FORMAT_FIELDS) ? storedFormat(room.keyring, row.id, format) : {}),
    // Sealed anew it would look like another one to the audit log.
    ...(input.payload === undefined ? { payload_sealed: row.payload_sealed } : {}),
    secret_prefix: input.secretPrefix === undefined ? row.secret_prefix : input.secretPrefix,
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
