import { resolve } from "node:path";
import { createHatch, type Fetch, type Hatch } from "../client/index.ts";
import { readSmallTextFile } from "../config/text-file.ts";
import { AppError } from "../kernel/errors.ts";
import type { JsonObject } from "../kernel/json.ts";
import type { EnvironmentKind, Scope } from "../kernel/principal.ts";
import type { Invocation, Options } from "./command.ts";
import { askRunningServer } from "./control-client.ts";
import { UsageError } from "./exit.ts";
import { environmentOf } from "./keys-flags.ts";
import type { OperationName } from "./operations.ts";
import { callAddress } from "./outgoing.ts";

/** How a command that calls the API says where. */
export const CONNECTION_OPTIONS: Options = {
  url: { value: "URL", description: "A server elsewhere (HATCH_URL), called with a key of it." },
  "key-file": { value: "FILE", description: "Holds that key (HATCH_KEY_FILE); or give the key in HATCH_KEY." },
  environment: { value: "ENV", description: "live, test (if not given), or an env_… id; a key has its own." },
  workspace: { value: "WORKSPACE", description: "Its ws_… id or its name; needed where there are several." },
};

export interface Connection {
  readonly client: Hatch;
  /** Without a slash at its end. */
  readonly url: string;
  readonly environment: EnvironmentKind;
  /**
   * For those that stay: where the running server moved, or no longer knows the key that it issued, another connection;
   * else the same one. Throws while no server runs.
   */
  refresh(why: { readonly keyRefused: boolean }): Promise<Connection>;
  /** Where a key was issued for this command, ends it. */
  close(): Promise<void>;
}

export interface Wanted {
  /** Of the key that the running server issues. One given by hand has its own. */
  readonly scopes: readonly Scope[];
  /** What the issued key is called, such as `hatch listen`. */
  readonly name: string;
  /** The command goes on until somebody ends it. */
  readonly stays?: true;
}

/** Of an issued key: it is revoked when the command ends, and ends by itself where that could not happen. */
const KEY_LIFETIME = { ofOneThatEnds: "15m", ofOneThatStays: "24h" } as const;
const SECRET_KEY = /^hk_(live|test)_\S+$/;
const LOOPBACK = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/;

const fetchAddress: Fetch = (url, { method, headers, body, signal }) =>
  callAddress(url, { method, headers, signal, ...(body === undefined ? {} : { body }) });

const clientFor = (url: string, key: string): Hatch => createHatch({ url, key, fetch: fetchAddress });

/** The key is never a flag: arguments are read by every process of the machine. */
function findKey(invocation: Invocation): string | undefined {
  const { environment, workingDirectory } = invocation;
  const named = invocation.text("key-file");
  if (named === undefined && environment.HATCH_KEY) return environment.HATCH_KEY;
  const file = named ?? (environment.HATCH_KEY_FILE || undefined);
  if (file === undefined) return undefined;
  const text = readSmallTextFile(resolve(workingDirectory, file))?.trim();
  if (!text) {
    const source = named === undefined ? "HATCH_KEY_FILE" : "--key-file";
    throw new UsageError(`${source} ${file}: expected a readable file that holds a key.`);
  }
  return text;
}

function parseUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if ((url?.protocol !== "https:" && url?.protocol !== "http:") || url.username !== "" || url.password !== "") {
    throw new UsageError("--url: expected an address such as https://hatch.example.com, without a credential in it.");
  }
  return `${url.origin}${url.pathname}`.replace(/\/+$/, "");
}

function connectElsewhere(invocation: Invocation, written: string): Connection {
  const url = parseUrl(written);
  const key = findKey(invocation);
  if (key === undefined) {
    throw new UsageError(`A key for ${url} is missing: put it into HATCH_KEY, or a file of it into --key-file.`);
  }
  const environment = SECRET_KEY.exec(key)?.[1] as EnvironmentKind | undefined;
  if (!environment) throw new UsageError("The key is no secret key of Hatch: expected hk_live_… or hk_test_….");
  const asked = environmentOf(invocation);
  if (asked !== undefined && asked !== environment) {
    throw new UsageError(`--environment ${asked}: the key is one of ${environment}, and it chooses the environment.`);
  }
  if (url.startsWith("http:") && !LOOPBACK.test(new URL(url).hostname)) {
    invocation.terminal.error(`The key and all that is sent are readable on the way to ${url}: it is not https.`);
  }
  const connection: Connection = {
    client: clientFor(url, key),
    url,
    environment,
    refresh: async () => connection,
    close: async () => {},
  };
  return connection;
}

async function ask(dataDirectory: string, name: OperationName, input: JsonObject): Promise<JsonObject> {
  const answer = await askRunningServer(dataDirectory, name, input);
  if (answer) return answer;
  throw new AppError("unavailable", `No server runs in ${dataDirectory}.`, {
    hint: "Start it with `hatch serve`, name its folder with --data, or name a server elsewhere with --url and HATCH_KEY.",
  });
}

interface IssuedKey {
  readonly id: string;
  readonly secretKey: string;
}

async function connectHere(invocation: Invocation, wanted: Wanted): Promise<Connection> {
  if (invocation.text("key-file") !== undefined) {
    throw new UsageError("--key-file is for a server elsewhere: name it with --url or HATCH_URL.");
  }
  const { scopes, name, stays } = wanted;
  const { dataDirectory } = (await invocation.loadConfig()).config;
  const status = await ask(dataDirectory, "status", {});
  if (status.claimed === false) {
    throw new AppError("not_configured", "The server is not set up yet.", {
      hint: `Make the first workspace on its page, ${status.url}, or with \`hatch setup --help\`.`,
    });
  }
  const issued = await ask(dataDirectory, "keys.create", {
    name,
    environment: environmentOf(invocation) ?? "test",
    workspace: invocation.text("workspace") ?? null,
    scopes: [...scopes],
    expires: stays ? KEY_LIFETIME.ofOneThatStays : KEY_LIFETIME.ofOneThatEnds,
  });
  const { id, secretKey } = issued as unknown as IssuedKey;
  const url = status.url as string;
  const connection: Connection = {
    client: clientFor(url, secretKey),
    url,
    environment: secretKey.startsWith("hk_live_") ? "live" : "test",
    async refresh({ keyRefused }) {
      const moved = (await ask(dataDirectory, "status", {})).url !== url;
      if (!moved && !keyRefused) return connection;
      await connection.close();
      return connectHere(invocation, wanted);
    },
    async close() {
      // Where the server ended before us there is nobody to ask: the key ends by itself.
      await askRunningServer(dataDirectory, "keys.revoke", { key: id });
    },
  };
  return connection;
}

/** The API of a server elsewhere with a key of it, or that of the server that runs in the data folder. */
export async function connect(invocation: Invocation, wanted: Wanted): Promise<Connection> {
  const url = invocation.text("url") ?? (invocation.environment.HATCH_URL || undefined);
  return url === undefined ? connectHere(invocation, wanted) : connectElsewhere(invocation, url);
}
