import { totpCode } from "../../src/features/access/second-factor/totp.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import type { UnixMs } from "../../src/kernel/units.ts";
import type { OpenApp } from "./app.ts";
import { mailsOf, tokenIn } from "./team.ts";

// The operations that people call, for the test that holds answers against the document.

interface Called {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: a flow reads ids out of answers; the document is what checks them
  readonly body: any;
}
/** Calls the product and holds the answer against the document. */
type Call = (
  method: string,
  path: string,
  body?: unknown,
  options?: { readonly key?: string; readonly headers?: Record<string, string> },
) => Promise<Called>;

const PASSWORD = "correct horse battery";
const OTHER = "quite other words";
const ADA = "ada@riverside.example";
const GRACE = "grace@riverside.example";
const HALF_MINUTE = 30_000;
const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

const decodeBase32 = (text: string): Uint8Array => {
  const bits = [...text].map((letter) => BASE32.indexOf(letter).toString(2).padStart(5, "0")).join("");
  return Uint8Array.from(bits.match(/.{8}/g) ?? [], (byte) => Number.parseInt(byte, 2));
};

/** Whoever calls: answers other than the expected one are a fault. */
type Ask = (method: string, path: string, status: number, body?: unknown) => Promise<Called>;

export interface PeopleCalls {
  readonly anybody: Ask;
  /** By the session that this answer began. */
  by(answer: Called): Ask;
  signIn(email: string, password?: string): Promise<Called>;
  /** Of the newest mail of a kind, which may be on its way yet. */
  mailed(kind: string, recipient: string): Promise<string>;
}

export function peopleCalls(app: OpenApp, call: Call): PeopleCalls {
  const asking =
    (headers: Record<string, string>): Ask =>
    async (method, path, status, body) => {
      const answer = await call(method, path, body, { key: "", headers });
      if (answer.status === status) return answer;
      throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    };
  const anybody = asking({});
  return {
    anybody,
    by: ({ headers, body }) =>
      asking({
        cookie: headers
          .getSetCookie()
          .map((pair) => pair.split(";")[0])
          .join("; "),
        "x-hatch-csrf": body.csrf,
        "sec-fetch-site": "same-origin",
      }),
    signIn: (email, password = PASSWORD) => anybody("POST", "/v1/auth/login", 200, { email, password }),
    async mailed(kind, recipient) {
      for (let tries = 0; tries < 1_000; tries++) {
        const mails = await mailsOf(app.context);
        const found = mails.findLast((mail) => mail.kind === kind && mail.recipient === recipient);
        if (found) return tokenIn(found.text);
        await Bun.sleep(10);
      }
      throw new Error(`no mail ${kind} to ${recipient}`);
    },
  };
}

/** Signing in and out, second factor, passwords, one's own account. */
export async function callOwnAccount({ anybody, by, signIn, mailed }: PeopleCalls): Promise<void> {
  const first = await signIn(ADA);
  let ada = by(first);
  await anybody("POST", "/v1/auth/login", 401, { email: ADA, password: "not it at all" });
  await by(await signIn(ADA))("POST", "/v1/auth/logout", 204);
  ada = by({ ...(await ada("POST", "/v1/auth/refresh", 200)) });
  await ada("GET", "/v1/me", 200);
  const sessions = await ada("GET", "/v1/me/sessions", 200);
  const other = await signIn(ADA);
  await ada("DELETE", `/v1/me/sessions/${other.body.session.id}`, 204);
  await ada("DELETE", "/v1/me/sessions", 200);
  await ada("DELETE", `/v1/me/sessions/${sessions.body.data[0].id.replace(/.$/, "z")}`, 404);
  await ada("PATCH", "/v1/me", 204, { name: "Ada" });

  const { secret } = (await ada("POST", "/v1/me/second-factor", 201)).body;
  const at = (ms: number): string => totpCode(decodeBase32(secret), (systemClock.now() + ms) as UnixMs);
  await ada("POST", "/v1/me/second-factor/confirm", 200, { code: at(0) });
  const { challenge } = (await signIn(ADA)).body;
  // A step is good once; the next one is let in early.
  await anybody("POST", "/v1/auth/factor", 200, { challenge, code: at(HALF_MINUTE) });
  await ada("DELETE", "/v1/me/second-factor", 204, { password: PASSWORD });

  await ada("POST", "/v1/me/password", 204, { current: PASSWORD, password: OTHER });
  await anybody("POST", "/v1/auth/password/forgot", 202, { email: ADA });
  const token = await mailed("password_reset", ADA);
  await anybody("POST", "/v1/auth/password/reset", 422, { token, password: "1234567890" });
  await anybody("POST", "/v1/auth/password/reset", 204, { token, password: PASSWORD });

  ada = by(await signIn(ADA));
  const fresh = "ada@lovelace.example";
  await ada("POST", "/v1/me/email", 202, { email: fresh, password: PASSWORD });
  await ada("GET", "/v1/me/email", 200);
  await ada("DELETE", "/v1/me/email", 204);
  await ada("GET", "/v1/me/email", 200);
  await ada("POST", "/v1/me/email", 202, { email: "ada@elsewhere.example", password: PASSWORD });
  await anybody("POST", "/v1/auth/email/confirm", 200, { token: await mailed("email_confirm", ADA) });
  await anybody("POST", "/v1/auth/email/confirm", 401, { token: "hlt_x" });
  await ada("DELETE", "/v1/me/email", 204);
}

/** The team, its invitations, and the settings of the workspace. */
export async function callTeam({ anybody, by, signIn }: PeopleCalls, place: string): Promise<void> {
  const ada = by(await signIn(ADA));
  const at = `?environment=${place}`;
  const invite = async (email: string): Promise<Called> =>
    ada("POST", `/v1/invitations${at}`, 201, { email, role: "developer" });
  const tokenOf = ({ body }: Called): string => tokenIn(body.link);
  const first = await invite(GRACE);
  await ada("POST", `/v1/invitations${at}`, 409, { email: GRACE, role: "developer" });
  const again = await ada("POST", `/v1/invitations/${first.body.id}/resend${at}`, 200);
  await anybody("POST", "/v1/auth/invitations/read", 200, { token: tokenOf(again) });
  const accepting = { token: tokenOf(again), password: PASSWORD, name: "Grace" };
  const accepted = await anybody("POST", "/v1/auth/invitations/accept", 201, accepting);
  const grace = by(accepted);
  const { id } = accepted.body.account;
  const revoked = await invite("nobody@riverside.example");
  await ada("DELETE", `/v1/invitations/${revoked.body.id}${at}`, 204);
  await ada("GET", `/v1/invitations${at}`, 200);
  await ada("GET", `/v1/team${at}`, 200);
  await grace("GET", `/v1/team${at}`, 200);
  await grace("PATCH", `/v1/team/${id}${at}`, 403, { role: "admin" });
  await ada("PATCH", `/v1/team/${id}${at}`, 200, { role: "admin" });
  await ada("PATCH", `/v1/team/${id}${at}`, 422, {});
  await ada("POST", `/v1/team/${id}/one-time-password${at}`, 201, { reason: "Lost her phone" });
  await ada("POST", `/v1/team/ownership${at}`, 200, { accountId: id, password: PASSWORD, stay: true });
  await ada("DELETE", `/v1/team/${id}${at}`, 204);
  await ada("POST", `/v1/team/leave${at}`, 409);

  await ada("GET", `/v1/workspace${at}`, 200);
  await ada("PATCH", `/v1/workspace${at}`, 200, { factorRoles: ["viewer"] });
  await ada("PUT", `/v1/contacts/security${at}`, 200, { contacts: [{ email: "s@riverside.example", name: "S" }] });
  await ada("GET", `/v1/contacts${at}`, 200);
  await ada("DELETE", `/v1/contacts/security${at}`, 204);
}

/** What the operator does, and what its other people find then. */
export async function callInstallation({ by, signIn }: PeopleCalls): Promise<void> {
  const ada = by(await signIn(ADA));
  const grace = (await ada("GET", `/v1/accounts?email=${GRACE}`, 200)).body.data[0].id;
  const account = `/v1/accounts/${grace}`;
  const { password } = (await ada("POST", `${account}/one-time-password`, 201, { reason: "Lost it" })).body;
  await by(await signIn(GRACE, password))("POST", "/v1/me/password", 204, { current: password, password: PASSWORD });
  await ada("PUT", `${account}/operator`, 200, { password: PASSWORD });
  await ada("DELETE", `${account}/operator`, 200, { password: PASSWORD });
  await ada("POST", `${account}/disable`, 200, { reason: "Away" });
  await ada("POST", `${account}/enable`, 200);

  const opened = await ada("POST", "/v1/workspaces", 201, { name: "Umbrella", ownerEmail: GRACE });
  const workspace = `/v1/workspaces/${opened.body.id}`;
  const theirs = `?environment=${opened.body.environments.test}`;
  let person = by(await signIn(GRACE));
  await person("POST", "/v1/me/invitations/accept", 200, { token: tokenIn(opened.body.invitation.link) });
  await ada("POST", `${workspace}/owners`, 201, { email: "henry@riverside.example" });
  await ada("GET", "/v1/workspaces?limit=1", 200);
  await ada("GET", workspace, 200);
  await ada("PATCH", workspace, 200, { name: "Umbrella Ltd" });
  await ada("POST", `${workspace}/suspend`, 200, { reason: "Unpaid" });
  await person("GET", `/v1/team${theirs}`, 403);
  await ada("POST", `${workspace}/resume`, 200);
  await ada("POST", "/v1/impersonations", 201, { accountId: grace, reason: "Ticket 881" });
  await ada("GET", "/v1/me", 200);
  await ada("GET", "/v1/impersonations", 403);
  await ada("DELETE", "/v1/impersonations/current", 204);
  await ada("GET", "/v1/impersonations", 200);

  const own = (await ada("POST", "/v1/workspaces", 201, { name: "Mine" })).body;
  const mine = `?environment=${own.environments.live}`;
  const invited = await ada("POST", `/v1/invitations${mine}`, 201, { email: GRACE, role: "viewer" });
  person = by(await signIn(GRACE));
  await person("POST", "/v1/me/invitations/accept", 200, { token: tokenIn(invited.body.link) });
  await person("POST", `/v1/team/leave${mine}`, 204);
  await ada("DELETE", `/v1/workspace${mine}`, 204, { name: "Mine", password: PASSWORD });
  await ada("DELETE", workspace, 200, { name: "Umbrella Ltd" });
}
