import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Configuration } from "oidc-provider";

/** A person at the provider, and what it says of them. */
export interface ProviderPerson {
  email: string;
  emailVerified: boolean;
  groups: readonly string[];
}

export interface TestProvider {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** By login name. Who is taken out is known to the provider no more. */
  readonly people: Map<string, ProviderPerson>;
  /** A browser's walk: from the provider's first address to the one that it sends back to. @returns that address */
  walk(url: string, login: string): Promise<string>;
  close(): Promise<void>;
}

/** It warns at length that it is set up for a test, which it is. */
async function quietly<T>(work: () => Promise<T>): Promise<T> {
  const { info, warn } = console;
  console.info = console.warn = () => {};
  try {
    return await work();
  } finally {
    Object.assign(console, { info, warn });
  }
}

/** A real OpenID Connect provider on loopback, whose people type no password. */
export async function openTestProvider(redirectUri: string): Promise<TestProvider> {
  const people = new Map<string, ProviderPerson>();
  const clientId = "hatch";
  const clientSecret = "a secret of the client and the provider";
  const http = createServer((request, response) => void handler?.(request, response));
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const issuer = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  const { Provider } = await quietly(() => import("oidc-provider"));
  const configuration: Configuration = {
    clients: [
      {
        client_id: clientId,
        client_secret: clientSecret,
        redirect_uris: [redirectUri],
        grant_types: ["authorization_code", "refresh_token"],
        response_types: ["code"],
      },
    ],
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name", "groups"] },
    cookies: { keys: ["a key for the provider's cookies"] },
    issueRefreshToken: async () => true,
    pkce: { required: () => true },
    async findAccount(_context, id) {
      const person = people.get(id);
      if (!person) return undefined;
      return {
        accountId: id,
        claims: async () => ({
          sub: id,
          email: person.email,
          email_verified: person.emailVerified,
          name: id,
          groups: [...person.groups],
        }),
      };
    },
  };
  const provider = await quietly(async () => new Provider(issuer, configuration));
  const handler = provider.callback();

  return {
    issuer,
    clientId,
    clientSecret,
    people,
    async walk(start, login) {
      const cookies = new Map<string, string>();
      const visit = async (url: string, form?: Record<string, string>): Promise<Response> => {
        const response = await fetch(url, {
          redirect: "manual",
          headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join("; ") },
          ...(form ? { method: "POST", body: new URLSearchParams(form) } : {}),
        });
        for (const cookie of response.headers.getSetCookie()) {
          const [pair = ""] = cookie.split(";");
          const split = pair.indexOf("=");
          cookies.set(pair.slice(0, split), pair.slice(split + 1));
        }
        return response;
      };
      let url = start;
      for (let step = 0; step < 20; step++) {
        if (url.startsWith(redirectUri)) return url;
        const response = await visit(url);
        const location = response.headers.get("location");
        if (location !== null) {
          url = new URL(location, url).href;
          continue;
        }
        const page = await response.text();
        const prompt = /name="prompt" value="(\w+)"/.exec(page)?.[1];
        if (prompt === undefined)
          throw new Error(`the provider stopped at ${url}: ${response.status} ${page.slice(0, 500)}`);
        const answered = await visit(url, prompt === "login" ? { prompt, login, password: "any" } : { prompt });
        url = new URL(answered.headers.get("location") ?? "", url).href;
      }
      throw new Error("the provider never came to an end");
    },
    close: () => new Promise((resolve) => http.close(() => resolve())),
  };
}
