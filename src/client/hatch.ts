import { makeId } from "./chance.ts";
import type * as f from "./format-types.ts";
import type {
  NewPublication,
  Program,
  ProgramCheck,
  ProgramVersion,
  Publication,
  PublishedProgram,
} from "./program.ts";
import {
  type Answer,
  type Call,
  type CallOptions,
  type Fetch,
  type Query,
  request,
  type Transport,
} from "./request.ts";
import { sleep } from "./time.ts";
import type * as k from "./token-types.ts";
import type * as t from "./types.ts";
import type * as w from "./webhook-types.ts";

export interface HatchOptions {
  /** Where the server is, such as `https://hatch.example.com`. */
  readonly url: string;
  /** A secret key, `hk_live_…` or `hk_test_…`; it chooses the environment. */
  readonly key: string;
  readonly fetch?: Fetch | undefined;
  /** Of each try; 30,000 if not given. */
  readonly timeoutMs?: number | undefined;
  /** Tries after the first one; 3 if not given. */
  readonly retries?: number | undefined;
}

const TIMEOUT_MS = 30_000;
const RETRIES = 3;
/** An event has its name inside; what changes nothing needs none. */
const UNNAMED = { "idempotency-key": undefined };

function transportOf(options: HatchOptions): Transport {
  const { protocol, username, password, origin, pathname } = new URL(options.url);
  if (protocol !== "https:" && protocol !== "http:")
    throw new TypeError("The url of a Hatch server begins with https.");
  if (username !== "" || password !== "") throw new TypeError("The url must not hold a credential: give it as `key`.");
  if (typeof options.key !== "string" || options.key === "") throw new TypeError("A `key` is needed.");
  return {
    url: `${origin}${pathname}`.replace(/\/+$/, ""),
    key: options.key,
    fetch: options.fetch ?? ((url, init) => fetch(url, init)),
    timeoutMs: options.timeoutMs ?? TIMEOUT_MS,
    retries: options.retries ?? RETRIES,
    sleep,
  };
}

/** As one step of a path. A step of dots would lead to another address. */
function step(text: string): string {
  if (text === "" || text === "." || text === "..") throw new TypeError(`${JSON.stringify(text)} is no id.`);
  return encodeURIComponent(text);
}

/** An interface has no index signature, a query is read by its names. */
const queryOf = (query: object | undefined): Query => ({ ...query }) as Query;

const named = (event: t.NewEvent): t.NewEvent => (event.id === undefined ? { ...event, id: makeId() } : event);

interface IfMatch {
  readonly ifMatch?: string | undefined;
}
const quoted = (tag: string | undefined): string | undefined => (tag === undefined ? undefined : `"${tag}"`);

/** A Hatch server, as one key may call it. Made once and kept. */
export function createHatch(options: HatchOptions) {
  const transport = transportOf(options);
  /** The cast of the whole client: that answers have these shapes is checked against the server's own document. */
  const ask = async <Body>(call: Call): Promise<Body> => (await request(transport, call)).body as Body;

  return {
    /** Any address of the server; nothing is made of the path but the whole URL. */
    request: (call: Call): Promise<Answer> => request(transport, call),

    events: {
      /** The id is made before the first try, so a retry is the same event. */
      send: (event: t.NewEvent, options?: CallOptions) =>
        ask<t.SentEvent>({ method: "POST", path: "/v1/events", body: named(event), headers: UNNAMED, options }),
      /** 1 to 1,000. One bad event never fails its neighbours. */
      sendBatch: (events: readonly t.NewEvent[], options?: CallOptions) =>
        ask<t.SentBatch>({
          method: "POST",
          path: "/v1/events/batch",
          body: { events: events.map(named) },
          headers: UNNAMED,
          options,
        }),
      list: (query?: t.EventQuery, options?: CallOptions) =>
        ask<t.Page<t.StoredEvent>>({ method: "GET", path: "/v1/events", query: queryOf(query), options }),
      /** @param query.browserOf of an event that a page sent under an id of its own: the member */
      get: (id: string, query?: { readonly explain?: boolean; readonly browserOf?: string }, options?: CallOptions) =>
        ask<t.ExplainedEvent>({ method: "GET", path: `/v1/events/${step(id)}`, query: queryOf(query), options }),
      /** Those of a week that were not accepted, with why. */
      refused: (query?: t.RefusedQuery, options?: CallOptions) =>
        ask<t.Page<t.RefusedEvent>>({ method: "GET", path: "/v1/events/refused", query: queryOf(query), options }),
    },

    eventTypes: {
      put: (name: string, definition: t.EventTypeDefinition, options?: CallOptions) =>
        ask<t.EventType>({ method: "PUT", path: `/v1/event-types/${step(name)}`, body: definition, options }),
      list: (query?: t.PageQuery, options?: CallOptions) =>
        ask<t.Page<t.EventType>>({ method: "GET", path: "/v1/event-types", query: queryOf(query), options }),
      get: (name: string, options?: CallOptions) =>
        ask<t.EventType>({ method: "GET", path: `/v1/event-types/${step(name)}`, options }),
    },

    members: {
      list: (query?: t.PageQuery, options?: CallOptions) =>
        ask<t.Page<t.Member>>({ method: "GET", path: "/v1/members", query: queryOf(query), options }),
      get: (userId: string, options?: CallOptions) =>
        ask<t.Member>({ method: "GET", path: `/v1/members/${step(userId)}`, options }),
      /** What is not named stays. */
      update: (userId: string, change: t.MemberChange, options?: CallOptions) =>
        ask<t.Member>({ method: "PUT", path: `/v1/members/${step(userId)}`, body: change, options }),
      ledger: (userId: string, query?: t.PageQuery, options?: CallOptions) =>
        ask<t.Page<t.LedgerEntry>>({
          method: "GET",
          path: `/v1/members/${step(userId)}/ledger`,
          query: queryOf(query),
          options,
        }),
      events: (userId: string, query?: t.PageQuery, options?: CallOptions) =>
        ask<t.Page<t.MemberInput>>({
          method: "GET",
          path: `/v1/members/${step(userId)}/events`,
          query: queryOf(query),
          options,
        }),
      adjust: (userId: string, adjustment: t.Adjustment, options?: CallOptions) =>
        ask<t.Adjusted>({
          method: "POST",
          path: `/v1/members/${step(userId)}/adjustments`,
          body: adjustment,
          options,
        }),
    },

    program: {
      /** The published one. */
      get: (options?: CallOptions) => ask<PublishedProgram>({ method: "GET", path: "/v1/program", options }),
      getDraft: (options?: CallOptions) => ask<Program>({ method: "GET", path: "/v1/program/draft", options }),
      /** @param match.ifMatch the checksum that the draft has to have still; else 412 */
      saveDraft: (program: Program, { ifMatch }: IfMatch = {}, options?: CallOptions) =>
        ask<Program>({
          method: "PUT",
          path: "/v1/program/draft",
          body: program,
          headers: { "if-match": quoted(ifMatch) },
          options,
        }),
      /** @param query.members counts who has to do with each change */
      validate: (program: unknown, query?: { readonly members?: boolean }, options?: CallOptions) =>
        ask<ProgramCheck>({
          method: "POST",
          path: "/v1/program/validate",
          query: queryOf(query),
          body: program,
          headers: UNNAMED,
          options,
        }),
      /** @param publication.ifMatch the `tag` of a difference: 412 where another was published since */
      publish: ({ ifMatch, ...body }: NewPublication & IfMatch = {}, options?: CallOptions) =>
        ask<Publication>({
          method: "POST",
          path: "/v1/program/publish",
          body,
          headers: { "if-match": quoted(ifMatch) },
          options,
        }),
      rollBack: (to: { readonly version: number; readonly note?: string }, options?: CallOptions) =>
        ask<Publication>({ method: "POST", path: "/v1/program/rollback", body: to, options }),
      versions: (query?: t.PageQuery, options?: CallOptions) =>
        ask<t.Page<ProgramVersion>>({ method: "GET", path: "/v1/program/versions", query: queryOf(query), options }),
    },

    webhooks: {
      create: (subscription: w.NewSubscription, options?: CallOptions) =>
        ask<w.CreatedSubscription>({ method: "POST", path: "/v1/webhooks", body: subscription, options }),
      list: (query?: w.SubscriptionQuery, options?: CallOptions) =>
        ask<t.Page<w.Subscription>>({ method: "GET", path: "/v1/webhooks", query: queryOf(query), options }),
      get: (id: string, options?: CallOptions) =>
        ask<w.Subscription>({ method: "GET", path: `/v1/webhooks/${step(id)}`, options }),
      update: (id: string, change: w.SubscriptionChange, options?: CallOptions) =>
        ask<w.ChangedSubscription>({ method: "PATCH", path: `/v1/webhooks/${step(id)}`, body: change, options }),
      /** Cancels what waits. */
      delete: (id: string, options?: CallOptions) =>
        ask<void>({ method: "DELETE", path: `/v1/webhooks/${step(id)}`, options }),
      /** @param test.event a name of the catalogue; the first that the subscription wants, if not given */
      test: (id: string, test: { readonly event?: string } = {}, options?: CallOptions) =>
        ask<w.TestDelivery>({ method: "POST", path: `/v1/webhooks/${step(id)}/test`, body: test, options }),
      /** What a subscription would be sent, as it is or with other settings. Nothing is sent. */
      preview: (id: string, change: f.PreviewChange = {}, options?: CallOptions) =>
        ask<f.WebhookPreview>({ method: "POST", path: `/v1/webhooks/${step(id)}/preview`, body: change, options }),
      /** The same of settings that are kept nowhere yet. */
      previewSettings: (settings: f.PreviewSettings, options?: CallOptions) =>
        ask<f.WebhookPreview>({ method: "POST", path: "/v1/webhooks/preview", body: settings, options }),
      rotateSecret: (id: string, rotation: w.SecretRotation = {}, options?: CallOptions) =>
        ask<w.RotatedSecret>({
          method: "POST",
          path: `/v1/webhooks/${step(id)}/rotate-secret`,
          body: rotation,
          options,
        }),
      finishRotation: (id: string, options?: CallOptions) =>
        ask<w.RotatedSecret>({ method: "POST", path: `/v1/webhooks/${step(id)}/rotate-secret/finish`, options }),
      resume: (id: string, options?: CallOptions) =>
        ask<w.Subscription>({ method: "POST", path: `/v1/webhooks/${step(id)}/resume`, options }),
      /** Brings back what did not arrive, as a job; with `dryRun` it only counts. */
      recover: <R extends w.RecoveryRequest>(id: string, request: R, options?: CallOptions) =>
        ask<w.RecoveryAnswer<R>>({
          method: "POST",
          path: `/v1/webhooks/${step(id)}/recover`,
          body: request,
          options,
        }),
      /** The same for all subscriptions of the environment, or those that are named. */
      recoverAll: <R extends w.RecoveryOfAllRequest>(request: R, options?: CallOptions) =>
        ask<w.RecoveryAnswer<R>>({ method: "POST", path: "/v1/webhooks/recover", body: request, options }),
      health: (id: string, options?: CallOptions) =>
        ask<w.SubscriptionHealth>({ method: "GET", path: `/v1/webhooks/${step(id)}/health`, options }),
      /** How all endpoints of the environment do: who needs a person first, then a page of every one. */
      overview: (query?: t.PageQuery, options?: CallOptions) =>
        ask<w.EnvironmentHealth>({ method: "GET", path: "/v1/webhooks/health", query: queryOf(query), options }),
      /** What is due for a pull subscription. Each comes again a minute later unless it is acknowledged. */
      pull: async (id: string, { waitMs = 0, limit }: w.PullQuery = {}, options?: CallOptions) => {
        const query = { wait: waitMs === 0 ? undefined : `${Math.ceil(waitMs / 1000)}s`, limit };
        const path = `/v1/webhooks/${step(id)}/pull`;
        type Pulled = { readonly deliveries: readonly w.PulledDelivery[] };
        return ask<Pulled>({ method: "GET", path, query, waitMs, options });
      },
      ack: (id: string, deliveries: readonly string[], options?: CallOptions) =>
        ask<w.Acknowledged>({ method: "POST", path: `/v1/webhooks/${step(id)}/ack`, body: { deliveries }, options }),
      /** Why a signature does not verify. What is handed in is kept nowhere. */
      checkSignature: (request: w.SignatureQuestion, options?: CallOptions) =>
        ask<w.SignatureAnswer>({
          method: "POST",
          path: "/v1/webhooks/check-signature",
          body: request,
          headers: UNNAMED,
          options,
        }),
      /** The catalogue of outbound events. */
      events: (options?: CallOptions) =>
        ask<{ readonly data: readonly w.OutboundEventType[] }>({ method: "GET", path: "/v1/webhooks/events", options }),
    },

    jobs: {
      list: (query?: t.PageQuery, options?: CallOptions) =>
        ask<t.Page<w.Job>>({ method: "GET", path: "/v1/jobs", query: queryOf(query), options }),
      get: (id: string, options?: CallOptions) => ask<w.Job>({ method: "GET", path: `/v1/jobs/${step(id)}`, options }),
      pause: (id: string, options?: CallOptions) =>
        ask<w.Job>({ method: "POST", path: `/v1/jobs/${step(id)}/pause`, options }),
      resume: (id: string, options?: CallOptions) =>
        ask<w.Job>({ method: "POST", path: `/v1/jobs/${step(id)}/resume`, options }),
      /** What it has done stays done. */
      cancel: (id: string, options?: CallOptions) =>
        ask<w.Job>({ method: "POST", path: `/v1/jobs/${step(id)}/cancel`, options }),
    },

    deliveries: {
      list: (query?: w.DeliveryQuery, options?: CallOptions) =>
        ask<t.Page<w.Delivery>>({ method: "GET", path: "/v1/deliveries", query: queryOf(query), options }),
      get: (id: string, options?: CallOptions) =>
        ask<w.ShownDelivery>({ method: "GET", path: `/v1/deliveries/${step(id)}`, options }),
      replay: (id: string, replay: { readonly asNew?: boolean } = {}, options?: CallOptions) =>
        ask<w.Delivery>({ method: "POST", path: `/v1/deliveries/${step(id)}/replay`, body: replay, options }),
      cancel: (id: string, options?: CallOptions) =>
        ask<w.Delivery>({ method: "POST", path: `/v1/deliveries/${step(id)}/cancel`, options }),
    },

    outboundEvents: {
      get: (id: string, options?: CallOptions) =>
        ask<w.OutboundEvent>({ method: "GET", path: `/v1/outbound-events/${step(id)}`, options }),
    },

    audit: {
      /** Who changed what, in this environment and its workspace. A page may be short: go on while there is a `next`. */
      list: (query?: t.AuditQuery, options?: CallOptions) =>
        ask<t.Page<t.AuditEntry>>({ method: "GET", path: "/v1/audit", query: queryOf(query), options }),
    },

    keys: {
      list: (query?: t.PageQuery, options?: CallOptions) =>
        ask<t.Page<t.Key>>({ method: "GET", path: "/v1/keys", query: queryOf(query), options }),
      create: (key: t.NewKey, options?: CallOptions) =>
        ask<t.IssuedKey>({ method: "POST", path: "/v1/keys", body: key, options }),
      update: (id: string, change: t.KeyChange, options?: CallOptions) =>
        ask<t.Key>({ method: "PATCH", path: `/v1/keys/${step(id)}`, body: change, options }),
      rotate: (id: string, rotation: { readonly overlap?: string } = {}, options?: CallOptions) =>
        ask<t.IssuedKey>({ method: "POST", path: `/v1/keys/${step(id)}/rotate`, body: rotation, options }),
      revoke: (id: string, options?: CallOptions) =>
        ask<t.Key>({ method: "DELETE", path: `/v1/keys/${step(id)}`, options }),
    },

    /** For the browser of one member who has signed in to your application. */
    tokens: {
      createWidget: (session: k.NewWidgetSession, options?: CallOptions) =>
        ask<k.IssuedToken>({ method: "POST", path: "/v1/widget-sessions", body: session, options }),
      /** Reads that member's progress and does nothing else. */
      createEmbed: (token: k.NewEmbedToken, options?: CallOptions) =>
        ask<k.IssuedToken>({ method: "POST", path: "/v1/embed-tokens", body: token, options }),
      list: (userId: string, query?: t.PageQuery, options?: CallOptions) =>
        ask<t.Page<k.WidgetSession>>({
          method: "GET",
          path: `/v1/members/${step(userId)}/widget-sessions`,
          query: queryOf(query),
          options,
        }),
      revoke: (id: string, options?: CallOptions) =>
        ask<k.WidgetSession>({ method: "DELETE", path: `/v1/widget-sessions/${step(id)}`, options }),
      /** All of a member's, when they sign out. */
      revokeAll: (userId: string, options?: CallOptions) =>
        ask<{ readonly revoked: number }>({
          method: "DELETE",
          path: `/v1/members/${step(userId)}/widget-sessions`,
          options,
        }),
    },

    credentials: {
      /** What it is, whose, and why it is refused. */
      inspect: (request: k.InspectedRequest, options?: CallOptions) =>
        ask<k.Inspection>({
          method: "POST",
          path: "/v1/credentials/inspect",
          body: request,
          headers: UNNAMED,
          options,
        }),
    },
  };
}

export type Hatch = ReturnType<typeof createHatch>;
