import { type Access, createAccess, type NewInstallation } from "../../src/features/access/index.ts";
import { createServer, type HttpServer } from "../../src/http/server.ts";
import type { TestContext } from "./context.ts";
import { type Answer, call } from "./http.ts";

export const EMAIL = "ada@example.com";
export const PASSWORD = "correct horse battery";
const SAME_ORIGIN = { "sec-fetch-site": "same-origin" };

/** A signed-in browser: its cookies, and what its changes carry. */
export interface Browser {
  readonly cookie: string;
  readonly csrf: string;
  readonly sessionId: string;
}

/** The access room behind the real server, claimed by its first person. */
export interface People {
  readonly access: Access;
  readonly server: HttpServer;
  readonly made: NewInstallation;
  login(password?: string, email?: string, peer?: string): Promise<Answer>;
  signIn(email?: string, password?: string): Promise<Browser>;
  get(path: string, browser: Pick<Browser, "cookie">): Promise<Answer>;
  send(method: string, path: string, browser: Browser, body?: unknown): Promise<Answer>;
}

/** As a browser keeps them. */
export const cookiesOf = (answer: Answer): string =>
  answer.headers
    .getSetCookie()
    .map((cookie) => cookie.split(";")[0])
    .join("; ");

export function browserOf(answer: Answer): Browser {
  if (answer.status !== 200) throw new Error(`not signed in: ${answer.status} ${answer.text}`);
  return { cookie: cookiesOf(answer), csrf: answer.body.csrf, sessionId: answer.body.session.id };
}

export async function openPeople(
  context: TestContext,
  secrets: { readonly oidcClientSecret?: string } = {},
): Promise<People> {
  const access = await createAccess(context, undefined, secrets);
  const server = createServer({
    context,
    authenticate: access.authenticate,
    isClaimed: access.isClaimed,
    features: [access.feature],
  });
  const made = await access.setUp(
    { kind: "operator", request: { id: "test" } },
    { email: EMAIL, password: PASSWORD, workspace: "Acme" },
  );
  const login = (password = PASSWORD, email = EMAIL, peer = "127.0.0.1"): Promise<Answer> =>
    call(server, "POST", "/v1/auth/login", { body: { email, password }, peer });
  return {
    access,
    server,
    made,
    login,
    signIn: async (email, password) => browserOf(await login(password, email)),
    get: (path, { cookie }) => call(server, "GET", path, { headers: { cookie } }),
    send: (method, path, { cookie, csrf }, body) =>
      call(server, method, path, {
        headers: { cookie, "x-hatch-csrf": csrf, ...SAME_ORIGIN },
        ...(body === undefined ? {} : { body }),
      }),
  };
}
