import { hashPassword } from "../../src/features/access/passwords/hashing.ts";
import type { InventoryEntry } from "../../src/http/access-inventory.ts";
import type { Id } from "../../src/kernel/ids.ts";
import { SCOPES, type Scope } from "../../src/kernel/principal.ts";
import type { Role } from "../../src/kernel/roles.ts";
import type { OpenApp } from "../support/app.ts";

// Two tenants, people of every role, and every kind of credential in every state: what routes are called with.

export const PASSWORD = "correct horse battery";
export const OUR_PAGES = "https://app.example.com";
export const OTHER_PAGES = "https://evil.example.net";
const OPERATOR = { kind: "operator", request: { id: "world" } } as const;

export interface Tenant {
  readonly workspaceId: Id<"ws">;
  readonly environments: { readonly live: Id<"env">; readonly test: Id<"env"> };
  /** Secret keys with every scope. */
  readonly keys: { readonly live: string; readonly test: string };
}

/** Somebody in a browser. */
export interface Person {
  readonly id: Id<"acc">;
  readonly email: string;
  readonly cookie: string;
  readonly csrf: string;
  readonly sessionId: string;
}

export interface Sent {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface World {
  readonly app: OpenApp;
  readonly ours: Tenant;
  readonly theirs: Tenant;
  call(path: string, sent?: Sent): Promise<Response>;
  /** With a JSON body, as a server or a browser with these headers; throws where it is not a success. */
  // biome-ignore lint/suspicious/noExplicitAny: answers are read freely
  ask(method: string, path: string, headers: Readonly<Record<string, string>>, body?: unknown): Promise<any>;
  addPerson(
    name: string,
    roles?: { readonly in: Tenant; readonly role: Role; readonly live?: Role } | undefined,
    isOperator?: boolean,
  ): Promise<Person>;
  signIn(email: string): Promise<Person>;
  addKey(
    kind: "live" | "test",
    scopes?: readonly Scope[],
  ): Promise<{ readonly id: Id<"key">; readonly secret: string }>;
  /** Changes rows behind the product's back, as time would. */
  change(statement: string, values: readonly (string | number)[]): Promise<void>;
}

export const bearer = (secret: string): Record<string, string> => ({ authorization: `Bearer ${secret}` });

export const bySession = ({ cookie, csrf }: Pick<Person, "cookie" | "csrf">): Record<string, string> => ({
  cookie,
  "x-hatch-csrf": csrf,
  "sec-fetch-site": "same-origin",
});

export async function createWorld(app: OpenApp): Promise<World> {
  const { database, ids, clock } = app.context;
  const tenantOf = (made: Awaited<ReturnType<typeof app.access.createWorkspace>>): Tenant => {
    const { live, test } = made.environments;
    return {
      workspaceId: made.workspace.id,
      environments: { live: live.id, test: test.id },
      keys: { live: live.secretKey, test: test.secretKey },
    };
  };
  const ours = tenantOf(
    await app.access.setUp(OPERATOR, { email: "first@example.com", password: PASSWORD, workspace: "Ours" }),
  );
  const theirs = tenantOf(await app.access.createWorkspace(OPERATOR, { name: "Theirs" }));
  const passwordHash = await hashPassword(PASSWORD);

  const call = (path: string, { method = "GET", headers = {}, body }: Sent = {}): Promise<Response> =>
    app.fetch(new Request(`http://localhost${path}`, { method, headers, ...(body === undefined ? {} : { body }) }));
  const ask: World["ask"] = async (method, path, headers, body) => {
    const json = body === undefined ? {} : { body: JSON.stringify(body) };
    const response = await call(path, { method, headers: { "content-type": "application/json", ...headers }, ...json });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text === "" ? undefined : JSON.parse(text);
  };
  const signIn = async (email: string): Promise<Person> => {
    const headers = { "content-type": "application/json" };
    const body = JSON.stringify({ email, password: PASSWORD });
    const response = await call("/v1/auth/login", { method: "POST", headers, body });
    const { account, session, csrf } = (await response.json()) as {
      account: { id: Id<"acc"> };
      session: { id: string };
      csrf: string;
    };
    const cookie = response.headers.getSetCookie().map((one) => one.split(";")[0]);
    return { id: account.id, email, cookie: cookie.join("; "), csrf, sessionId: session.id };
  };
  return {
    app,
    ours,
    theirs,
    call,
    ask,
    signIn,
    async addPerson(name, roles, isOperator = false) {
      const id = ids.next("acc");
      const email = `${name}@example.com`;
      await database.write(async (writer) => {
        await writer.insertMany({
          table: "accounts",
          columns: ["id", "email", "password_hash", "operator", "created_at"],
          rows: [[id, email, passwordHash, isOperator ? 1 : 0, clock.now()]],
        });
        if (!roles) return;
        await writer.insertMany({
          table: "memberships",
          columns: ["account_id", "workspace_id", "role", "live_role", "created_at"],
          rows: [[id, roles.in.workspaceId, roles.role, roles.live ?? roles.role, clock.now()]],
        });
      });
      return signIn(email);
    },
    async addKey(kind, scopes = SCOPES) {
      const input = { name: "of the world", scopes: [...scopes], environmentId: ours.environments[kind] };
      const { key, secretKey } = await app.access.createKey(OPERATOR, input);
      return { id: key.id, secret: secretKey };
    },
    change: (statement, values) => database.write(async (writer) => void (await writer.run(statement, [...values]))),
  };
}

/** The address of a route, with something in place of each parameter that is nobody's. */
export const addressOf = ({ path }: Pick<InventoryEntry, "path">): string => path.replaceAll(/[:*]\w*\??/g, "x");
