import type { Context } from "../../../context.ts";
import type { Credential, Renewal, Wanted } from "../../../http/exchange.ts";
import { AppError, notFound, validationFailed } from "../../../kernel/errors.ts";
import { isId } from "../../../kernel/ids.ts";
import { scopesOfRole } from "../../../kernel/roles.ts";
import type { TokenSigning } from "../tokens/signing.ts";
import type { CookieJar } from "./cookies.ts";
import { csrfOf } from "./csrf.ts";
import type { LiveSession, LiveSessions } from "./live-sessions.ts";
import type { Renewed } from "./session.ts";
import type { PlaceRow } from "./store.ts";

interface SessionDoor {
  readonly context: Pick<Context, "keyring">;
  readonly signing: TokenSigning;
  readonly sessions: LiveSessions;
  readonly cookies: CookieJar;
}

/** The session that these cookies prove; undefined where they prove none, or one that is over. */
async function findSessionOf(door: SessionDoor, cookies: string | null): Promise<LiveSession | undefined> {
  const token = door.cookies.read(cookies).session;
  if (!token) return undefined;
  const verdict = await door.signing.verify("session", token);
  if (verdict.kind === "bad" || !isId("ses", verdict.claims.sid)) return undefined;
  return door.sessions.find(verdict.claims.sid);
}

const roleIn = ({ kind, role, live_role }: PlaceRow) => (kind === "live" ? (live_role ?? role) : role);

function assertFactor(session: LiveSession, place: PlaceRow): void {
  const role = roleIn(place);
  if (session.hasFactor || session.impersonation || !place.factor_roles.split(",").includes(role)) return;
  throw new AppError(
    "forbidden",
    `This workspace asks the role ${role} for a second factor: set one up and sign in again.`,
  );
}

/** Who somebody with this session is to a route. Throws where they may not enter what it is about. */
function credentialOf(door: SessionDoor, session: LiveSession, { as, environment }: Wanted): Credential {
  const { id: sessionId, accountId, isOperator, impersonation, acting } = session;
  const common = { accountId, sessionId, isOperator, ...(impersonation ? { impersonation } : {}) };
  const credential = {
    csrf: csrfOf(door.context.keyring, sessionId),
    isUsable: () => door.sessions.isLive(session),
    ...(acting ? { acting } : {}),
  };
  if (as === "account") return { identity: { kind: "account", ...common }, ...credential };
  if (session.mustChangePassword) throw new AppError("forbidden", "Set a password of your own first.");
  if (as === "operator") return { identity: { kind: "account", ...common }, ...credential };
  if (environment === null) {
    throw validationFailed([{ path: "environment", message: "Name the environment: `?environment=env_…`." }]);
  }
  const place = isId("env", environment) ? session.places.get(environment) : undefined;
  if (!place) throw notFound("The environment");
  if (place.suspended_reason !== null) {
    throw new AppError("forbidden", `This workspace is suspended: ${place.suspended_reason}`);
  }
  assertFactor(session, place);
  const role = roleIn(place);
  return {
    identity: {
      kind: "person",
      ...common,
      workspaceId: place.workspace_id,
      environmentId: place.environment_id,
      environmentKind: place.kind,
      role,
      scopes: scopesOfRole(role),
    },
    ...credential,
  };
}

/** Who the guard lets in by the cookies of a session. */
export const createSessionAuthentication =
  (door: SessionDoor) =>
  async (cookies: string, wanted: Wanted): Promise<Credential | undefined> => {
    const session = await findSessionOf(door, cookies);
    return session && credentialOf(door, session, wanted);
  };

/** For pages, which nobody sees fail because a token was fifteen minutes old. */
export const createSessionRenewal =
  (door: SessionDoor, renew: (request: Request) => Promise<Renewed | undefined>) =>
  async (request: Request, wanted: Wanted): Promise<Renewal> => {
    const renewed = await renew(request);
    const session = renewed && (await door.sessions.find(renewed.id));
    if (!renewed || !session) return { credential: undefined, cookies: door.cookies.clear() };
    return { credential: credentialOf(door, session, wanted), cookies: door.cookies.set(renewed) };
  };
