import { afterAll, beforeAll, expect, test } from "bun:test";
import {
  bearer,
  bySession,
  createWorld,
  OUR_PAGES,
  PASSWORD,
  type Person,
  type World,
} from "./access-inventory/world.ts";
import { openApp } from "./support/app.ts";

// Each kind of credential is taken away while requests with it go on, over a real socket: none that is sent after the
// taking was answered is let in.

const AT_ONCE = 8;
/** How many have to be let in before, and refused after. */
const ENOUGH = 60;

let world: World;

beforeAll(async () => {
  const app = await openApp({
    server: { host: "127.0.0.1", port: 0, publicUrl: "https://localhost" },
    limits: { secretKeyPerMinute: 0, browserPerMinute: 0, anonymousPerMinute: 0, failedAuthPerMinute: 0 },
  });
  world = await createWorld(app);
});
afterAll(() => world.app.close());

/** A credential in use, and how it is taken away. */
interface Use {
  readonly path: string;
  readonly method?: "GET" | "POST";
  readonly headers: Readonly<Record<string, string>>;
  readonly take: () => Promise<unknown>;
  /** What is answered after; 401 if nothing else is said. */
  readonly refusal?: number;
}

async function watch({ path, method = "GET", headers, take, refusal = 401 }: Use) {
  const counted = { before: 0, after: 0, acceptedAfter: 0, statuses: new Set<number>() };
  let isTaken = false;
  const useOnce = async (): Promise<void> => {
    const wasTaken = isTaken;
    const sent = method === "GET" ? { headers } : { method, headers, body: '"nonsense"' };
    const response = await fetch(`${world.app.url}${path}`, sent);
    await response.arrayBuffer();
    const isIn = response.status !== 401 && response.status !== 403 && response.status !== 404;
    if (!wasTaken) counted.before += isIn ? 1 : 0;
    else if (isIn) counted.acceptedAfter += 1;
    else counted.after += 1;
    if (wasTaken) counted.statuses.add(response.status);
  };
  const worker = async (): Promise<void> => {
    while (counted.after < ENOUGH && counted.acceptedAfter === 0) await useOnce();
  };
  const workers = Array.from({ length: AT_ONCE }, worker);
  const patience = Date.now() + 10_000;
  while (counted.before < ENOUGH) {
    if (Date.now() > patience) throw new Error(`only ${counted.before} requests were let in to begin with`);
    await Bun.sleep(1);
  }
  await take();
  isTaken = true;
  await Promise.all(workers);
  expect({ ...counted, statuses: [...counted.statuses] }).toMatchObject({ acceptedAfter: 0, statuses: [refusal] });
  return counted;
}

const at = (kind: "live" | "test" = "test"): string => `?environment=${world.ours.environments[kind]}`;
const server = () => bearer(world.ours.keys.test);
const json = { "content-type": "application/json" };
let people = 0;
const somebody = (role: "viewer" | "developer" | "owner" = "viewer"): Promise<Person> =>
  world.addPerson(`person-${people++}`, { in: world.ours, role });
const operator = (): Promise<Person> => world.addPerson(`operator-${people++}`, undefined, true);

const KINDS: Readonly<Record<string, () => Promise<Use>>> = {
  "a key that is revoked": async () => {
    const key = await world.addKey("test");
    const take = () => world.ask("DELETE", `/v1/keys/${key.id}`, server());
    return { path: "/v1/members", headers: bearer(key.secret), take };
  },
  "a key that is revoked at the command line": async () => {
    const { id: keyId, secret } = await world.addKey("test");
    const place = { environmentId: world.ours.environments.test, keyId };
    const take = () => world.app.access.revokeKey({ kind: "operator", request: { id: "cli" } }, place);
    return { path: "/v1/members", headers: bearer(secret), take };
  },
  "a key that is reported as leaked": async () => {
    const { secret } = await world.addKey("test");
    const take = () => world.ask("POST", "/v1/keys/report-leak", {}, { key: secret });
    return { path: "/v1/members", headers: bearer(secret), take };
  },
  "a key that is rotated without an overlap": async () => {
    const key = await world.addKey("test");
    const take = () => world.ask("POST", `/v1/keys/${key.id}/rotate`, server(), { overlap: "0" });
    return { path: "/v1/members", headers: bearer(key.secret), take };
  },
  "a session that is ended": async () => {
    const person = await somebody();
    const other = await world.signIn(person.email);
    const take = () => world.ask("DELETE", `/v1/me/sessions/${person.sessionId}`, bySession(other));
    return { path: `/v1/members${at()}`, headers: bySession(person), take };
  },
  "a session that signs itself out": async () => {
    const person = await somebody();
    const take = () => world.ask("POST", "/v1/auth/logout", bySession(person));
    return { path: `/v1/members${at()}`, headers: bySession(person), take };
  },
  "all other sessions of a person": async () => {
    const person = await somebody();
    const other = await world.signIn(person.email);
    const take = () => world.ask("DELETE", "/v1/me/sessions", bySession(other));
    return { path: `/v1/members${at()}`, headers: bySession(person), take };
  },
  "the sessions of somebody who changes their password": async () => {
    const person = await somebody();
    const other = await world.signIn(person.email);
    const passwords = { current: PASSWORD, password: "an other horse battery" };
    const take = () => world.ask("POST", "/v1/me/password", bySession(other), passwords);
    return { path: `/v1/members${at()}`, headers: bySession(person), take };
  },
  "the sessions of somebody who is given a one-time password": async () => {
    const [person, by] = [await somebody(), await operator()];
    const path = `/v1/accounts/${person.id}/one-time-password`;
    const take = () => world.ask("POST", path, bySession(by), { reason: "lost" });
    return { path: `/v1/members${at()}`, headers: bySession(person), take };
  },
  "the sessions of somebody who is disabled": async () => {
    const [person, by] = [await somebody(), await operator()];
    const take = () => world.ask("POST", `/v1/accounts/${person.id}/disable`, bySession(by), { reason: "gone" });
    return { path: `/v1/members${at()}`, headers: bySession(person), take };
  },
  "the right of a role that is taken": async () => {
    const [person, by] = [await somebody("developer"), await somebody("owner")];
    const take = () => world.ask("PATCH", `/v1/team/${person.id}${at()}`, bySession(by), { role: "viewer" });
    return { path: `/v1/event-types${at()}`, headers: bySession(person), take };
  },
  "a place in the team that is taken": async () => {
    const [person, by] = [await somebody(), await somebody("owner")];
    const take = () => world.ask("DELETE", `/v1/team/${person.id}${at()}`, bySession(by));
    return { path: `/v1/members${at()}`, headers: bySession(person), take };
  },
  "the right of an operator that is taken": async () => {
    const [person, by] = [await operator(), await operator()];
    const path = `/v1/accounts/${person.id}/operator`;
    const take = () => world.ask("DELETE", path, bySession(by), { password: PASSWORD });
    return { path: "/v1/workspaces", headers: bySession(person), take };
  },
  "acting as another, which is ended": async () => {
    const [person, by] = [await somebody(), await operator()];
    await world.ask("POST", "/v1/impersonations", bySession(by), { accountId: person.id, reason: "a look" });
    const take = () => world.ask("DELETE", "/v1/impersonations/current", bySession(by));
    return { path: `/v1/members${at()}`, headers: bySession(by), take, refusal: 404 };
  },
  "a widget token that is revoked": async () => {
    const body = { userId: "user_42", scopes: ["progress:read"] };
    const token = await world.ask("POST", "/v1/widget-sessions", server(), body);
    const take = () => world.ask("DELETE", `/v1/widget-sessions/${token.id}`, server());
    return { path: "/v1/widget/state", headers: bearer(token.token), take };
  },
  "the tokens of a member": async () => {
    const body = { userId: "user_43", scopes: ["events:send"] };
    const token = await world.ask("POST", "/v1/widget-sessions", server(), body);
    const take = () => world.ask("DELETE", "/v1/members/user_43/widget-sessions", server());
    return { path: "/v1/events", method: "POST", headers: { ...json, ...bearer(token.token) }, take };
  },
  "an embed token that is revoked": async () => {
    const token = await world.ask("POST", "/v1/embed-tokens", server(), { userId: "user_42" });
    const take = () => world.ask("DELETE", `/v1/widget-sessions/${token.id}`, server());
    return { path: "/v1/widget/state", headers: bearer(token.token), take };
  },
  "a publishable key that is revoked": async () => {
    const wanted = { name: "Page", kind: "publishable", origins: [OUR_PAGES] };
    const key = await world.ask("POST", "/v1/keys", server(), wanted);
    const take = () => world.ask("DELETE", `/v1/keys/${key.id}`, server());
    const headers = { ...json, ...bearer(key.secretKey), origin: OUR_PAGES };
    return { path: "/v1/events", method: "POST", headers, take };
  },
};

test.each(Object.entries(KINDS))(
  "%s lets nobody in any more",
  async (_name, prepare) => {
    await watch(await prepare());
  },
  30_000,
);

test("the keys and the people of a workspace that is suspended are let in no more, and again when it goes on", async () => {
  const [person, by] = [await somebody(), await operator()];
  const suspend = () =>
    world.ask("POST", `/v1/workspaces/${world.ours.workspaceId}/suspend`, bySession(by), { reason: "unpaid" });
  const resume = () => world.ask("POST", `/v1/workspaces/${world.ours.workspaceId}/resume`, bySession(by), {});
  const { secret } = await world.addKey("live");
  await watch({ path: "/v1/members", headers: bearer(secret), take: suspend });
  await resume();
  await watch({ path: `/v1/members${at()}`, headers: bySession(person), take: suspend, refusal: 403 });
  await resume();
  const again = await fetch(`${world.app.url}/v1/members`, { headers: bearer(secret) });
  expect(again.status).toBe(200);
}, 30_000);

test("a request that waits when its key is revoked is refused, not answered", async () => {
  const key = await world.addKey("test");
  const pull = await world.ask("POST", "/v1/webhooks", bearer(key.secret), { mode: "pull", events: ["points.*"] });
  const waiting = fetch(`${world.app.url}/v1/webhooks/${pull.id}/pull?wait=2s`, { headers: bearer(key.secret) });
  await Bun.sleep(100);
  await world.ask("DELETE", `/v1/keys/${key.id}`, server());
  expect((await waiting).status).toBe(401);
}, 30_000);
