import { exchangeOf } from "../../../http/exchange.ts";
import { accountOf } from "../../../http/guard.ts";
import { answerPage, type PageAnswer } from "../../../http/site-answer.ts";
import { AppError } from "../../../kernel/errors.ts";
import type { AccountPrincipal } from "../../../kernel/principal.ts";
import type { AccessRoom } from "../room.ts";
import { csrfOf } from "../sessions/csrf.ts";
import type { LiveSession } from "../sessions/live-sessions.ts";

/** A person who looks at a page, signed in. */
export interface Visit {
  readonly request: Request;
  readonly principal: AccountPrincipal;
  readonly session: LiveSession;
  readonly csrf: string;
  /** Whose pages they see: their own address, or that of whom they act as. */
  readonly email: string;
  /** The installation's, with an operator's rights in force. */
  readonly isOperator: boolean;
}

/** Whoever is signed in, on a page that is for everybody; undefined for nobody. */
export async function findVisit(room: AccessRoom, request: Request): Promise<Visit | undefined> {
  const { principal } = exchangeOf(request);
  if (principal?.kind !== "account") return undefined;
  const session = await room.sessions.find(principal.sessionId);
  if (!session) return undefined;
  return {
    request,
    principal,
    session,
    csrf: csrfOf(room.context.keyring, session.id),
    email: session.acting?.person ?? session.email,
    isOperator: session.isOperator && !session.acting,
  };
}

/** Whoever is signed in, on a page with `access: { account }`. */
export async function visitOf(room: AccessRoom, request: Request): Promise<Visit> {
  accountOf(request);
  const visit = await findVisit(room, request);
  if (!visit) throw new AppError("unauthenticated", "Sign in: the session is over.");
  return visit;
}

/** Whether nothing is open to them before they have set a password of their own. */
export const mustSetPassword = ({ session }: Visit): boolean => session.mustChangePassword && !session.acting;

export const show = (room: AccessRoom, request: Request, text: string, answer?: PageAnswer): Promise<Response> =>
  answerPage(room.context, request, text, answer);

/** What this installation is called where somebody signs in: by the settings, never by what a request says. */
export const installationOf = ({ context }: AccessRoom): string => {
  const { publicUrl } = context.config.server;
  return publicUrl === undefined ? "this installation of Hatch" : `Hatch at ${new URL(publicUrl).host}`;
};
