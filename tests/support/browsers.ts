import { type Access, createAccess, type NewWorkspace } from "../../src/features/access/index.ts";
import { createEvents, eventTypeChecks } from "../../src/features/events/index.ts";
import { createProgramCache, createProgression } from "../../src/features/progression/index.ts";
import { createServer, type HttpServer } from "../../src/http/server.ts";
import type { JsonObject } from "../../src/kernel/json.ts";
import type { OperatorPrincipal } from "../../src/kernel/principal.ts";
import type { TestContext } from "./context.ts";
import { type Answer, type CallOptions, call } from "./http.ts";

export const OPERATOR: OperatorPrincipal = { kind: "operator", request: { id: "req_test" } };
export const PAGE = "https://app.example.com";

/** One type that pages may send, one that they may not. */
const PROGRAM: JsonObject = {
  timezone: "UTC",
  eventTypes: {
    glossary_opened: {
      clientSafe: true,
      schema: { type: "object", properties: { word: { type: "string" } } },
    },
    lesson_shared: { clientSafe: true },
    lesson_completed: {},
  },
  currencies: { xp: { kind: "progress" } },
  rules: {
    reader: { on: "glossary_opened", then: [{ credit: "xp", amount: 1 }] },
    learner: { on: "lesson_completed", then: [{ credit: "xp", amount: 100 }] },
  },
};

/** Access, events and progression behind the real server, with two customers. */
export interface Browsers {
  readonly access: Access;
  readonly server: HttpServer;
  readonly acme: NewWorkspace;
  readonly other: NewWorkspace;
  /** As a server calls. */
  call(method: string, path: string, options?: CallOptions): Promise<Answer>;
  /** As a page of `PAGE` calls; another origin, or null for none, where it is named. */
  fromPage(
    method: string,
    path: string,
    credential: string,
    options?: { readonly body?: unknown; readonly origin?: string | null } & Pick<CallOptions, "headers" | "peer">,
  ): Promise<Answer>;
  publishable(body?: Record<string, unknown>, key?: string): Promise<{ readonly id: string; readonly key: string }>;
  token(
    body?: Record<string, unknown>,
    key?: string,
  ): Promise<{ readonly id: string; readonly token: string; readonly expiresAt: string }>;
}

export async function openBrowsers(context: TestContext): Promise<Browsers> {
  const access = await createAccess(context);
  const programs = createProgramCache(context);
  const isReserved = () => false;
  const progression = createProgression(context, programs, { ...eventTypeChecks, isReserved });
  const { recorder } = progression;
  const events = createEvents(context, { programs, recorder, isReserved, findDeliveries: async () => [] });
  const { authenticate, isClaimed } = access;
  const features = [access.feature, progression.feature, events];
  const server = createServer({ context, authenticate, isClaimed, features });
  access.learnRoutes(server.routes);
  const acme = await access.createWorkspace(OPERATOR, { name: "Acme" });
  const other = await access.createWorkspace(OPERATOR, { name: "Other" });
  const ask = (method: string, path: string, options?: CallOptions) => call(server, method, path, options);
  const must = async (answering: Promise<Answer>, status: number): Promise<Answer> => {
    const answer = await answering;
    if (answer.status !== status) throw new Error(`expected ${status}: ${answer.status} ${answer.text}`);
    return answer;
  };
  for (const { environments } of [acme, other]) {
    for (const { secretKey: key } of [environments.live, environments.test]) {
      await must(ask("POST", "/v1/program/publish", { key, body: { program: PROGRAM } }), 200);
    }
  }
  const secret = acme.environments.test.secretKey;
  return {
    access,
    server,
    acme,
    other,
    call: ask,
    fromPage: (method, path, credential, { origin = PAGE, headers = {}, ...options } = {}) =>
      ask(method, path, {
        ...options,
        key: credential,
        headers: { ...(origin === null ? {} : { origin, "sec-fetch-site": "cross-site" }), ...headers },
      }),
    publishable: async (body = {}, key = secret) => {
      const wanted = { name: "Website", kind: "publishable", origins: [PAGE], ...body };
      const made = (await must(ask("POST", "/v1/keys", { key, body: wanted }), 201)).body;
      return { id: made.id, key: made.secretKey };
    },
    token: async (body = {}, key = secret) => {
      const wanted = { userId: "user_42", scopes: ["progress:read", "events:send"], origin: PAGE, ...body };
      return (await must(ask("POST", "/v1/widget-sessions", { key, body: wanted }), 201)).body;
    },
  };
}
