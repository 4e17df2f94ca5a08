import type { Context } from "../../context.ts";
import type { Reader } from "../../database/database.ts";
import { sha256Hex } from "../../kernel/crypto.ts";
import type { Id } from "../../kernel/ids.ts";
import { DAY, type DurationMs } from "../../kernel/units.ts";
import type { Catalogue } from "./catalogue.ts";
import type { RateLimit } from "./dispatch/holds/rate.ts";
import { findHolds } from "./dispatch/holds/store.ts";
import { makeBody } from "./format/body.ts";
import { type Format, makesBody } from "./format/format.ts";
import { PRESETS } from "./format/presets/presets.ts";
import { redactor } from "./format/secret-endpoint.ts";
import { Sifter } from "./format/sifter.ts";
import { planOf, type SigningPlan } from "./format/signature.ts";
import { openEndpoint, openFormat } from "./format/stored.ts";
import { createSigningSecret, type SigningSecret } from "./signing.ts";
import { openTls } from "./subscriptions/client-tls.ts";
import { headersPlace, secretPlace } from "./subscriptions/secrets.ts";
import {
  findForSending,
  listForMatching,
  listSecrets,
  type SecretRow,
  type SubscriptionRow,
} from "./subscriptions/store.ts";
import { NO_HEADERS, type SubscriptionMode, type SubscriptionStatus, type Target } from "./types.ts";

export interface Match {
  readonly id: Id<"sub">;
  readonly mode: SubscriptionMode;
  readonly status: SubscriptionStatus;
  /** A condition over the event; undefined wants every one. */
  readonly filter: string | undefined;
}

/** The subscriptions that want one type of event. */
export interface MatchSet {
  readonly matches: readonly Match[];
  /** Names the set in `fan_out_sets`; made when it is first asked for. */
  id(): string;
  /** When the row of the set was last written, on the writer's clock. */
  keptAt: number;
}

interface EnvironmentEntry {
  readonly subscriptions: readonly (Match & { readonly events: readonly string[] })[];
  readonly byType: Map<string, MatchSet>;
}

/** Environments whose subscriptions are remembered; over it the longest remembered is read anew when needed. */
const ENVIRONMENTS_MAX = 1_000;
/** Types remembered for one environment: an open test environment may invent names without end. */
const TYPES_MAX = 5_000;
/** Opened endpoints and secrets that are remembered. */
const TARGETS_MAX = 20_000;

/** Sets written longer ago are written again before they are used: the purge takes those that nobody uses. */
export const SET_KEPT_FOR = DAY;

/**
 * What the hot paths need to know of the subscriptions, remembered in memory. Read inside transactions of the one write
 * lane, so it may hold what is not committed yet: a change forgets what it touches, a rollback forgets everything.
 */
export class Directory {
  readonly #keyring: Context["keyring"];
  readonly #catalogue: Catalogue;
  readonly #environments = new Map<Id<"env">, EnvironmentEntry>();
  readonly #targets = new Map<Id<"sub">, Target>();
  /** Asks their filters. */
  readonly sifter: Sifter;

  constructor(context: Pick<Context, "database" | "keyring" | "metrics">, catalogue: Catalogue) {
    this.sifter = new Sifter(context, catalogue);
    this.#keyring = context.keyring;
    this.#catalogue = catalogue;
    context.database.onRollback(() => {
      this.#environments.clear();
      this.#targets.clear();
      this.sifter.forget();
    });
  }

  /** Who wants this type, in whatever state: nothing vanishes because a subscription is paused. */
  async matching(reader: Reader, environmentId: Id<"env">, type: string): Promise<MatchSet> {
    const entry = this.#environments.get(environmentId) ?? (await this.#load(reader, environmentId));
    const known = entry.byType.get(type);
    if (known) return known;
    const matches = entry.subscriptions.filter(({ events }) => this.#catalogue.matches(events, type));
    const set = createMatchSet(environmentId, matches);
    if (entry.byType.size >= TYPES_MAX) entry.byType.clear();
    entry.byType.set(type, set);
    return set;
  }

  /** All that a request to the subscription needs; undefined where it was deleted. */
  async target(reader: Reader, id: Id<"sub">): Promise<Target | undefined> {
    const known = this.#targets.get(id);
    if (known) return known;
    const row = await findForSending(reader, id);
    if (!row || row.deleted_at !== null) return undefined;
    const hold = (await findHolds(reader, [id])).get(id);
    const target = { ...this.#open(row, await listSecrets(reader, id)), heldUntil: hold?.heldUntil };
    evictOldest(this.#targets, TARGETS_MAX);
    this.#targets.set(id, target);
    return target;
  }

  /** Called inside the transaction that changes a subscription, after its rows are written. */
  forget(environmentId: Id<"env">, id: Id<"sub">): void {
    this.#environments.delete(environmentId);
    this.#targets.delete(id);
  }

  /** What its requests need changed, but not what it wants. */
  forgetTarget(id: Id<"sub">): void {
    this.#targets.delete(id);
  }

  async #load(reader: Reader, environmentId: Id<"env">): Promise<EnvironmentEntry> {
    const rows = await listForMatching(reader, environmentId);
    const subscriptions = rows.map(({ events, event_filter, ...row }) => ({
      ...row,
      filter: event_filter ?? undefined,
      events: JSON.parse(events) as string[],
    }));
    const entry = { subscriptions, byType: new Map<string, MatchSet>() };
    evictOldest(this.#environments, ENVIRONMENTS_MAX);
    this.#environments.set(environmentId, entry);
    return entry;
  }

  #open(row: SubscriptionRow, secrets: readonly SecretRow[]): Omit<Target, "heldUntil"> {
    const format = openFormat(this.#keyring, row);
    const signingPlan = planOf(format.signature);
    const endpoint = openEndpoint(this.#keyring, row);
    return {
      subscriptionId: row.id,
      environmentId: row.environment_id,
      environmentKind: row.environment_kind,
      mode: row.mode,
      status: row.status,
      endpoint: row.endpoint ?? undefined,
      ...addressOf(endpoint, row, format),
      format,
      makeBody: makesBody(format) ? (body) => makeBody(this.#catalogue, { format, endpoint, body }) : undefined,
      signingPlan,
      headers: openHeaders(this.#keyring, row),
      tls: openTls(this.#keyring, row),
      secrets: secrets.map((secret) => this.#openSecret(secret, signingPlan)).sort(byAge),
      retryDelays: row.retry_delays === null ? undefined : (JSON.parse(row.retry_delays) as DurationMs[]),
      rateLimit: row.rate_limit === null ? undefined : (JSON.parse(row.rate_limit) as RateLimit),
      pause: {
        pauseAfter: row.pause_after,
        pauseFor: row.pause_for as DurationMs | null,
        until: row.status === "paused" ? (row.paused_until ?? undefined) : undefined,
        probes: row.probes,
      },
    };
  }

  #openSecret({ id, sealed, created_at, expires_at }: SecretRow, plan: SigningPlan | undefined): SigningSecret {
    const text = this.#keyring.open(secretPlace(id), sealed);
    return createSigningSecret(text, { createdAt: created_at, expiresAt: expires_at ?? undefined }, plan);
  }
}

/** Where requests go: a preset may know a better place than people name. */
function addressOf(
  endpoint: string | undefined,
  { endpoint_sealed }: Pick<SubscriptionRow, "endpoint_sealed">,
  { preset }: Format,
): Pick<Target, "address" | "redact"> {
  if (endpoint === undefined) return { address: undefined, redact: undefined };
  return {
    address: (preset && PRESETS[preset.name].address?.(endpoint)) ?? endpoint,
    redact: endpoint_sealed === null ? undefined : redactor(endpoint),
  };
}

/** The custom headers of a subscription, opened. */
export function openHeaders(
  keyring: Context["keyring"],
  row: Pick<SubscriptionRow, "id" | "headers_sealed">,
): Readonly<Record<string, string>> {
  if (row.headers_sealed === null) return NO_HEADERS;
  return JSON.parse(keyring.open(headersPlace(row.id), row.headers_sealed)) as Record<string, string>;
}

/** The newest is the one without an end, whatever the clock said when they were made. */
const byAge = (a: SigningSecret, b: SigningSecret): number =>
  Number(a.expiresAt === undefined) - Number(b.expiresAt === undefined) || a.createdAt - b.createdAt;

function evictOldest<K>(map: Map<K, unknown>, max: number): void {
  if (map.size < max) return;
  const [oldest] = map.keys();
  if (oldest !== undefined) map.delete(oldest);
}

function createMatchSet(environmentId: Id<"env">, matches: readonly Match[]): MatchSet {
  let id: string | undefined;
  return {
    matches: matches.map(({ id, mode, status, filter }) => ({ id, mode, status, filter })),
    id() {
      id ??= sha256Hex(`${environmentId}:${matches.map((match) => match.id).join(",")}`);
      return id;
    },
    keptAt: 0,
  };
}

/** Who is told that something is due. */
export type Wake = (matches: readonly Pick<Match, "id" | "mode">[]) => void;
