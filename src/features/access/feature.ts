import type { Context } from "../../context.ts";
import type { Feature } from "../../feature.ts";
import type { Authenticate } from "../../http/exchange.ts";
import { type Route, RouteTable } from "../../http/route-table.ts";
import type { OutboundEventType } from "../../kernel/catalogue.ts";
import type { Id } from "../../kernel/ids.ts";
import type { OperatorPrincipal, Principal } from "../../kernel/principal.ts";
import { MINUTE, SECOND } from "../../kernel/units.ts";
import { createBearerAuthentication } from "./authenticate-bearer.ts";
import { KnownOrigins } from "./browsers/known-origins.ts";
import { createWorkspace } from "./create-workspace.ts";
import { CredentialCache } from "./credential-cache.ts";
import { examineAccess } from "./examine.ts";
import { endImpersonationJob } from "./impersonation/impersonation.ts";
import { inspectCredential } from "./inspector/inspect.ts";
import type { InspectCredential, Inspection } from "./inspector/types.ts";
import { createKey } from "./keys/create-key.ts";
import { LastUse } from "./keys/last-use.ts";
import { revokeKey } from "./keys/revoke-key.ts";
import { rotateKey } from "./keys/rotate-key.ts";
import { listKeys } from "./keys/store.ts";
import { signInClaimant } from "./pages/claimant.ts";
import { showHome } from "./pages/home.ts";
import { resetJob } from "./passwords/passwords.ts";
import { openPeopleDoor, type PeopleDoor } from "./people/door.ts";
import { ACCESS_RETENTION } from "./retention/rules.ts";
import { ACCESS_FORGET } from "./retention/store.ts";
import type { AccessRoom } from "./room.ts";
import { createAccessRoutes } from "./routes.ts";
import { createSessionAuthentication, createSessionRenewal } from "./sessions/authenticate-session.ts";
import { createCookieJar } from "./sessions/cookies.ts";
import { LiveSessions } from "./sessions/live-sessions.ts";
import { assertMaySetUp, setUp } from "./set-up.ts";
import { createSetupToken } from "./setup-token.ts";
import { renewSession } from "./sign-in/renew.ts";
import { type TurnRules, Turns } from "./sign-in/turns.ts";
import { hasWorkspace, listEnvironments } from "./store.ts";
import { rotateTokenKey } from "./tokens/rotate-token-key.ts";
import { TokenSigning } from "./tokens/signing.ts";
import type {
  CreateKey,
  CreateWorkspace,
  Environment,
  IssuedKey,
  Key,
  NewInstallation,
  NewWorkspace,
  RotateKey,
  SetUp,
} from "./types.ts";

interface KeyPlace {
  readonly environmentId: Id<"env">;
}

/** What app.ts and the command line use of this room. */
export interface Access {
  readonly feature: Feature;
  readonly authenticate: Authenticate;
  /** Whether the installation has a workspace; true from the moment its making is on the disk. */
  isClaimed(): boolean;
  /** Makes the one-time token anew; undefined where the installation is claimed. */
  createSetupToken(): Promise<string | undefined>;
  /** Refuses whoever may not set up: before anything else is said of what they sent. */
  assertMaySetUp(token: string): Promise<void>;
  setUp(principal: Principal, input: SetUp & { readonly token?: string }): Promise<NewInstallation>;
  createWorkspace(principal: Principal, input: CreateWorkspace): Promise<NewWorkspace>;
  listEnvironments(): Promise<readonly Environment[]>;
  /** Newest first. */
  listKeys(
    environmentId: Id<"env">,
    page: { readonly before?: string; readonly limit: number },
  ): Promise<readonly Key[]>;
  createKey(principal: Principal, input: CreateKey & KeyPlace): Promise<IssuedKey>;
  rotateKey(principal: Principal, input: RotateKey & KeyPlace & { readonly keyId: Id<"key"> }): Promise<IssuedKey>;
  revokeKey(principal: Principal, input: KeyPlace & { readonly keyId: Id<"key"> }): Promise<Key>;
  /** What a credential is and why it is refused, for the operator: whichever environment it belongs to. */
  inspectCredential(principal: OperatorPrincipal, input: InspectCredential): Promise<Inspection>;
  /** @returns the id of the key that signs tokens from now on */
  rotateTokenKey(principal: Principal): Promise<string>;
  /** Told once the server is there: the inspector says which routes a credential may call. */
  learnRoutes(routes: readonly Route[]): void;
  /** What the operator does at the machine with people and workspaces. */
  readonly people: PeopleDoor;
  /** The start page of whoever is signed in; undefined for everybody else. */
  showHome(request: Request): Promise<Response | undefined>;
  /** Signs in whoever has just claimed the installation. @returns values of `Set-Cookie`, none where the way is not safe */
  signInClaimant(request: Request, accountId: Id<"acc">): Promise<readonly string[]>;
}

const KEY_ROTATED: OutboundEventType = {
  name: "key.rotated",
  family: "operations",
  description: "A secret key got a new secret; the old one ends with the overlap.",
  schema: {
    type: "object",
    required: ["keyId", "name", "oldSecretEndsAt"],
    properties: {
      keyId: { type: "string" },
      name: { type: "string" },
      oldSecretEndsAt: { type: "string", format: "date-time" },
    },
    additionalProperties: false,
  },
  example: { keyId: "key_01m7wz1p4kf0g8t2d9xq5n3rcb", name: "Backend", oldSecretEndsAt: "2026-11-21T18:04:00.000Z" },
};

/** A person mistypes a few times; whoever guesses gets a try every four to sixteen seconds, over all addresses together. */
const TRIES_AT_ACCOUNT: TurnRules = {
  free: 8,
  memoryMs: 15 * MINUTE,
  everyMs: 4 * SECOND,
  waitingMax: 8,
  patienceMs: 5 * SECOND,
};
/** An office behind one address has many people who mistype, and who all come in the morning. */
const TRIES_FROM_ADDRESS: TurnRules = { ...TRIES_AT_ACCOUNT, free: 40, everyMs: SECOND, waitingMax: 256 };

/** The library is loaded when somebody signs in through it, and not before. */
function createProviderFinder(context: Context, secret: string | undefined): AccessRoom["findProvider"] {
  const { oidc } = context.config;
  let found: ReturnType<AccessRoom["findProvider"]> | undefined;
  const load = async () => {
    if (oidc === undefined) return undefined;
    const { Provider } = await import("./oidc/provider.ts");
    return new Provider(context, oidc, secret);
  };
  return () => {
    found ??= load();
    return found;
  };
}

/** What this room announces, for the catalogue. */
export const ACCESS_EVENTS: readonly OutboundEventType[] = [KEY_ROTATED];

/**
 * Opens the room over a migrated database. `onClaimed` is called once, after the commit that made the first workspace:
 * the one-time token's file can go.
 */
export async function createAccess(
  context: Context,
  onClaimed: () => void = () => {},
  secrets: {
    readonly oidcClientSecret?: string | undefined;
    readonly afterWorkspaceChange?: AccessRoom["afterChange"];
  } = {},
): Promise<Access> {
  let isClaimed = await context.database.read(hasWorkspace);
  const claimed = (): void => {
    if (isClaimed) return;
    isClaimed = true;
    onClaimed();
  };
  let routes = new RouteTable([]);
  const room: AccessRoom = {
    context,
    routes: () => routes,
    cache: new CredentialCache(),
    knownOrigins: new KnownOrigins(context),
    signing: new TokenSigning(context),
    sessions: new LiveSessions(context),
    afterChange: secrets.afterWorkspaceChange ?? (() => []),
    cookies: createCookieJar(context.config),
    findProvider: createProviderFinder(context, secrets.oidcClientSecret),
    turns: {
      account: new Turns(context.clock, TRIES_AT_ACCOUNT),
      address: new Turns(context.clock, TRIES_FROM_ADDRESS),
    },
    passwordChecks: context.metrics.counter("password_checks_total", "Passwords that were compared with a hash."),
    tokensMade: context.metrics.counter("tokens_made_total", "Tokens of members' browsers that were made, by kind."),
    leaksReported: context.metrics.counter(
      "leaks_reported_total",
      "Reports of leaked credentials, by what came of it.",
    ),
    claimed,
  };
  const lastUse = new LastUse(context);
  return {
    feature: {
      name: "access",
      routes: (guard) => createAccessRoutes(room, guard),
      jobs: [resetJob, endImpersonationJob],
      retention: ACCESS_RETENTION,
      forget: ACCESS_FORGET,
      emits: ACCESS_EVENTS,
      sealed: [
        { table: "accounts", column: "totp_secret", key: "id" },
        { table: "token_keys", column: "secret", key: "id" },
        { table: "oidc_sessions", column: "refresh_token", key: "session_id" },
      ],
      stop: () => lastUse.flush(),
      examine: examineAccess,
    },
    authenticate: {
      bearer: createBearerAuthentication(room, lastUse),
      session: createSessionAuthentication(room),
      renew: createSessionRenewal(room, (request) => renewSession(room, request)),
      isKnownOrigin: (origin) => room.knownOrigins.isKnown(origin),
    },
    isClaimed: () => isClaimed,
    createSetupToken: () => createSetupToken(room),
    assertMaySetUp: (token) => assertMaySetUp(room, token),
    setUp: (principal, input) => setUp(room, principal, input),
    createWorkspace: (principal, input) => createWorkspace(room, principal, input),
    listEnvironments: () => context.database.read(listEnvironments),
    listKeys: (environmentId, { before, limit }) =>
      context.database.read((reader) => listKeys(reader, environmentId, { before, limit, now: context.clock.now() })),
    createKey: (principal, input) => createKey(room, principal, input),
    rotateKey: (principal, input) => rotateKey(room, principal, input),
    revokeKey: (principal, input) => revokeKey(room, principal, input),
    inspectCredential: (principal, input) => inspectCredential(room, principal, input),
    rotateTokenKey: (principal) => rotateTokenKey(room, principal),
    learnRoutes: (served) => {
      routes = new RouteTable(served);
    },
    people: openPeopleDoor(room),
    showHome: (request) => showHome(room, request),
    signInClaimant: (request, accountId) => signInClaimant(room, request, accountId),
  };
}
