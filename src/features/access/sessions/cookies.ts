import type { Config } from "../../../config/config.ts";
import { SESSION_COOKIE } from "../../../http/front-door.ts";

const REFRESH_COOKIE = "hatch_refresh";
/** What belongs to a sign-in at an identity provider, while the browser is there. */
const ATTEMPT_COOKIE = "hatch_oidc";
const ATTEMPT_SECONDS = 600;
/** What a right password was answered with, while the page asks for the code. */
const CHALLENGE_COOKIE = "hatch_factor";
const CHALLENGE_SECONDS = 300;
/** The secret of an invitation that is being looked at, so that it need not stand in an address or on a page. */
const INVITATION_COOKIE = "hatch_invitation";
const INVITATION_SECONDS = 600;

/** A cookie that is there for one thing and a few minutes. */
interface ShortCookie {
  read(header: string | null): string | undefined;
  /** @returns a value of `Set-Cookie` */
  set(value: string): string;
  clear(): string;
}

/** What a browser holds of a session: a token for fifteen minutes, and what renews it. */
export interface SessionCookies {
  readonly session: string | undefined;
  readonly refresh: string | undefined;
}

/** Under https the browser itself guarantees where the cookie came from (RFC 6265bis, the `__Host-` prefix). */
export function createCookieJar({ server }: Pick<Config, "server">) {
  const isHttps = server.publicUrl?.startsWith("https:") ?? false;
  const name = (plain: string): string => (isHttps ? `__Host-${plain}` : plain);
  const write = (plain: string, value: string, maxAgeSeconds: number): string =>
    `${name(plain)}=${value}; Path=/; HttpOnly; SameSite=Lax; Max-Age=${maxAgeSeconds}${isHttps ? "; Secure" : ""}`;
  const parse = (header: string | null): ReadonlyMap<string, string> =>
    new Map(
      (header ?? "").split(";").map((pair): [string, string] => {
        const split = pair.indexOf("=");
        return [pair.slice(0, split).trim(), pair.slice(split + 1).trim()];
      }),
    );
  const short = (plain: string, seconds: number): ShortCookie => ({
    read: (header) => parse(header).get(name(plain)) || undefined,
    set: (value) => write(plain, value, seconds),
    clear: () => write(plain, "", 0),
  });
  return {
    challenge: short(CHALLENGE_COOKIE, CHALLENGE_SECONDS),
    invitation: short(INVITATION_COOKIE, INVITATION_SECONDS),
    read(header: string | null): SessionCookies {
      const cookies = parse(header);
      return { session: cookies.get(name(SESSION_COOKIE)), refresh: cookies.get(name(REFRESH_COOKIE)) };
    },
    /** @returns values of `Set-Cookie`; without a refresh token the browser keeps the one that it has */
    set: (made: {
      readonly token: string;
      readonly refresh: string | undefined;
      readonly keptSeconds: number;
    }): readonly string[] => [
      write(SESSION_COOKIE, made.token, made.keptSeconds),
      ...(made.refresh === undefined ? [] : [write(REFRESH_COOKIE, made.refresh, made.keptSeconds)]),
    ],
    readAttempt: (header: string | null): string | undefined => parse(header).get(name(ATTEMPT_COOKIE)),
    setAttempt: (sealed: string): string => write(ATTEMPT_COOKIE, sealed, ATTEMPT_SECONDS),
    clearAttempt: (): string => write(ATTEMPT_COOKIE, "", 0),
    clear: (): readonly string[] => [write(SESSION_COOKIE, "", 0), write(REFRESH_COOKIE, "", 0)],
  };
}
export type CookieJar = ReturnType<typeof createCookieJar>;
