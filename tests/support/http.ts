import type { Credential, KeyIdentity } from "../../src/http/exchange.ts";
import { createServer, type HttpServer, type Mountable, type ServerOptions } from "../../src/http/server.ts";
import type { KeyPrincipal } from "../../src/kernel/principal.ts";
import type { TestContext } from "./context.ts";

export interface CallOptions {
  /** The secret of a key made with `keyFor`. */
  readonly key?: string;
  /** Sent as JSON; a string is sent as it is. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** The address at the other end. */
  readonly peer?: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body as JSON; undefined where it is none. Tests look into it freely. */
  // biome-ignore lint/suspicious/noExplicitAny: a test says by its expectation what it takes the body for
  readonly body: any;
}

export interface TestServer extends HttpServer {
  /** A secret that is good until it is revoked. No access room is involved: for the tests of other rooms. */
  keyFor(principal: KeyPrincipal): string;
  revoke(secret: string): void;
  call(method: string, path: string, options?: CallOptions): Promise<Answer>;
}

/** The real server over a test's context, without a socket. Keys are simply known; access has tests of its own. */
export function createTestServer(
  context: TestContext,
  features: readonly Mountable[],
  overrides: Partial<ServerOptions> = {},
): TestServer {
  const known = new Map<string, Credential>();
  const revoked = new Set<string>();
  const server = createServer({
    context,
    features,
    isClaimed: () => true,
    authenticate: {
      bearer: (secret) => {
        const credential = known.get(secret);
        return credential?.isUsable() ? credential : undefined;
      },
      session: () => undefined,
    },
    ...overrides,
  });
  return {
    ...server,
    keyFor({ request: _request, ...identity }) {
      const secret = `hk_${identity.environmentKind}_${known.size}`;
      known.set(secret, { identity: identity satisfies KeyIdentity, isUsable: () => !revoked.has(secret) });
      return secret;
    },
    revoke: (secret) => void revoked.add(secret),
    call: (method, path, options) => call(server, method, path, options),
  };
}

export async function call(
  server: Pick<HttpServer, "handle">,
  method: string,
  path: string,
  { key, body, headers = {}, peer }: CallOptions = {},
): Promise<Answer> {
  const request = new Request(`http://localhost${path}`, {
    method,
    headers: {
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  const response = await server.handle(request, peer);
  const text = await response.text();
  const isJson = text !== "" && /\bjson\b/.test(response.headers.get("content-type") ?? "");
  return { status: response.status, headers: response.headers, text, body: isJson ? JSON.parse(text) : undefined };
}
