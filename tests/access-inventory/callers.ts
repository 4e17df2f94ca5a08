import type { InventoryEntry } from "../../src/http/access-inventory.ts";
import { SCOPES, WIDGET_SCOPES, type WidgetScope } from "../../src/kernel/principal.ts";
import { ROLES, type Role } from "../../src/kernel/roles.ts";
import { bearer, bySession, OTHER_PAGES, OUR_PAGES, type Person, type World } from "./world.ts";

/** What the inventory says a caller is answered with: let in, or refused with this status. */
export type Verdict = "in" | 401 | 403 | 404 | 422;

export interface Caller {
  readonly name: string;
  /** What a request of theirs carries; undefined where the route is of no interest to this caller. */
  readonly headers: (entry: InventoryEntry) => Readonly<Record<string, string>> | undefined;
  /** The environment that the request names. */
  readonly environment?: string;
  /** Sent with forms in place of the header. */
  readonly csrf?: string;
  readonly verdict: (entry: InventoryEntry) => Verdict;
}

const isChange = ({ method }: InventoryEntry): boolean => method !== "GET" && method !== "HEAD";
const inIf = (isIn: boolean): Verdict => (isIn ? "in" : 403);
const always = (verdict: Verdict) => (): Verdict => verdict;

const byKey = ({ isPublic, scope }: InventoryEntry): Verdict => inIf(isPublic || scope !== undefined);
const byToken =
  (scopes: readonly WidgetScope[]) =>
  ({ isPublic, widget }: InventoryEntry): Verdict =>
    inIf(isPublic || (widget !== undefined && scopes.includes(widget)));

/** By a session, in an environment where the person has this role. */
const byRole =
  (role: Role) =>
  ({ isPublic, account, roles }: InventoryEntry): Verdict => {
    if (isPublic || account === "self") return "in";
    return inIf(account === undefined && roles.includes(role));
  };

/** On routes that ask for nothing a cookie is no credential: whatever it is, it keeps nobody out. */
const unlessPublic =
  (verdict: Verdict) =>
  ({ isPublic }: InventoryEntry): Verdict =>
    isPublic ? "in" : verdict;

async function strangers(world: World): Promise<readonly Caller[]> {
  const { app, ours, change } = world;
  const revoked = await world.addKey("test");
  const place = { environmentId: ours.environments.test, keyId: revoked.id };
  await app.access.revokeKey({ kind: "operator", request: { id: "callers" } }, place);
  const expired = await world.addKey("test");
  await change("UPDATE api_key_secrets SET expires_at = 1 WHERE key_id = ?", [expired.id]);
  await change("UPDATE api_keys SET expires_at = 1 WHERE id = ?", [expired.id]);
  const wrong = (name: string, secret: string): Caller => ({
    name,
    headers: () => bearer(secret),
    verdict: always(401),
  });
  return [
    { name: "nobody", headers: () => ({}), verdict: ({ isPublic }) => (isPublic ? "in" : 401) },
    wrong("a garbled key", "hk_test_garbled"),
    wrong("a key of another form", `${ours.keys.test}x`),
    wrong("an expired key", expired.secret),
    wrong("a revoked key", revoked.secret),
    { name: "a scheme that is none", headers: () => ({ authorization: "Digest x" }), verdict: always(401) },
  ];
}

async function keys(world: World): Promise<readonly Caller[]> {
  const { ours } = world;
  const narrowed = await Promise.all(
    SCOPES.map(async (scope) => ({
      scope,
      only: await world.addKey("test", [scope]),
      without: await world.addKey(
        "test",
        SCOPES.filter((other) => other !== scope),
      ),
    })),
  );
  const of = (entry: InventoryEntry) => narrowed.find(({ scope }) => scope === entry.scope);
  const maybe = (secret: string | undefined) => (secret === undefined ? undefined : bearer(secret));
  return [
    { name: "a key for live", headers: () => bearer(ours.keys.live), verdict: byKey },
    { name: "a key for test", headers: () => bearer(ours.keys.test), verdict: byKey },
    { name: "a key with just the scope", headers: (entry) => maybe(of(entry)?.only.secret), verdict: always("in") },
    { name: "a key with all other scopes", headers: (entry) => maybe(of(entry)?.without.secret), verdict: always(403) },
    {
      name: "a key in a browser, by Origin",
      headers: () => ({ ...bearer(ours.keys.test), origin: OUR_PAGES }),
      verdict: always(403),
    },
    {
      name: "a key in a browser, by Sec-Fetch-Site",
      headers: () => ({ ...bearer(ours.keys.test), "sec-fetch-site": "same-origin" }),
      verdict: always(403),
    },
  ];
}

async function browsers(world: World): Promise<readonly Caller[]> {
  const { ours, ask, change } = world;
  const server = bearer(ours.keys.test);
  const publishable = () =>
    ask("POST", "/v1/keys", server, { name: "Page", kind: "publishable", origins: [OUR_PAGES] });
  const widget = (scopes: readonly WidgetScope[], origin?: string) =>
    ask("POST", "/v1/widget-sessions", server, { userId: "user_42", scopes, ...(origin ? { origin } : {}) });
  const key = (await publishable()).secretKey as string;
  const ended = await publishable();
  await ask("DELETE", `/v1/keys/${ended.id}`, server);
  const token = await widget(WIDGET_SCOPES);
  const bound = await widget(WIDGET_SCOPES, OUR_PAGES);
  const embed = await ask("POST", "/v1/embed-tokens", server, { userId: "user_42" });
  const revoked = await widget(WIDGET_SCOPES);
  await ask("DELETE", `/v1/widget-sessions/${revoked.id}`, server);
  const expired = await widget(WIDGET_SCOPES);
  await change("UPDATE widget_sessions SET expires_at = 1 WHERE id = ?", [expired.id]);
  const lacking = new Map<string, string>();
  for (const scope of WIDGET_SCOPES) {
    lacking.set(scope, (await widget(WIDGET_SCOPES.filter((other) => other !== scope))).token);
  }
  const from = (origin: string) => ({ origin, "sec-fetch-site": "cross-site" });
  return [
    {
      name: "a publishable key, from its pages",
      headers: () => ({ ...bearer(key), ...from(OUR_PAGES) }),
      verdict: ({ isPublic, publishable }) => inIf(isPublic || publishable),
    },
    {
      name: "a publishable key, from elsewhere",
      headers: () => ({ ...bearer(key), ...from(OTHER_PAGES) }),
      verdict: always(403),
    },
    { name: "a publishable key, from no page", headers: () => bearer(key), verdict: always(403) },
    {
      name: "a revoked publishable key",
      headers: () => ({ ...bearer(ended.secretKey), ...from(OUR_PAGES) }),
      verdict: always(401),
    },
    { name: "a widget token with every scope", headers: () => bearer(token.token), verdict: byToken(WIDGET_SCOPES) },
    {
      name: "a widget token without the scope",
      headers: ({ widget }) => (widget === undefined ? undefined : bearer(lacking.get(widget) ?? "")),
      verdict: always(403),
    },
    {
      name: "a widget token, from its page",
      headers: () => ({ ...bearer(bound.token), ...from(OUR_PAGES) }),
      verdict: byToken(WIDGET_SCOPES),
    },
    {
      name: "a widget token, from elsewhere",
      headers: () => ({ ...bearer(bound.token), ...from(OTHER_PAGES) }),
      verdict: always(403),
    },
    { name: "a widget token that was revoked", headers: () => bearer(revoked.token), verdict: always(401) },
    { name: "a widget token that ran out", headers: () => bearer(expired.token), verdict: always(401) },
    { name: "a widget token whose end was cut", headers: () => bearer(token.token.slice(0, -3)), verdict: always(401) },
    {
      name: "an embed token",
      headers: () => bearer(embed.token),
      verdict: ({ isPublic, embed }) => inIf(isPublic || embed),
    },
  ];
}

async function members({ ours, theirs, addPerson, signIn, change }: World): Promise<readonly Caller[]> {
  const { live, test } = ours.environments;
  const people: Caller[] = [];
  for (const role of ROLES) {
    const person = await addPerson(role, { in: ours, role });
    for (const [kind, environment] of [
      ["live", live],
      ["test", test],
    ] as const) {
      const name = `${role} in ${kind}`;
      people.push({ name, headers: () => bySession(person), environment, csrf: person.csrf, verdict: byRole(role) });
    }
  }
  const mixed = await addPerson("mixed", { in: ours, role: "owner", live: "viewer" });
  const stranger = await addPerson("stranger", { in: theirs, role: "owner" });
  const owner = await addPerson("tester", { in: ours, role: "owner" });
  const over = await signIn(owner.email);
  await change("UPDATE sessions SET expires_at = 1 WHERE id = ?", [over.sessionId]);
  const ended = await signIn(owner.email);
  await change("UPDATE sessions SET ended_at = 1 WHERE id = ?", [ended.sessionId]);
  const common = { environment: test, csrf: owner.csrf };
  const changing = (headers: Readonly<Record<string, string>>) => (entry: InventoryEntry) =>
    isChange(entry) && !entry.isPublic ? headers : undefined;
  return [
    ...people,
    {
      ...common,
      name: "owner, but viewer in live: live",
      headers: () => bySession(mixed),
      csrf: mixed.csrf,
      environment: live,
      verdict: byRole("viewer"),
    },
    {
      ...common,
      name: "owner, but viewer in live: test",
      headers: () => bySession(mixed),
      csrf: mixed.csrf,
      verdict: byRole("owner"),
    },
    {
      name: "a session of another tenant",
      headers: () => bySession(stranger),
      environment: test,
      csrf: stranger.csrf,
      verdict: ({ isPublic, account }) => (isPublic || account === "self" ? "in" : account === "operator" ? 403 : 404),
    },
    {
      name: "a session that names no environment",
      headers: () => bySession(owner),
      csrf: owner.csrf,
      verdict: ({ isPublic, account }) => (isPublic || account === "self" ? "in" : account === "operator" ? 403 : 422),
    },
    {
      ...common,
      name: "a session without its token",
      headers: changing({ cookie: owner.cookie, "sec-fetch-site": "same-origin" }),
      csrf: "",
      verdict: always(403),
    },
    {
      ...common,
      name: "a session with a wrong token",
      headers: changing({ ...bySession(owner), "x-hatch-csrf": "x" }),
      csrf: "x",
      verdict: always(403),
    },
    {
      ...common,
      name: "a session from another origin",
      headers: changing({ ...bySession(owner), "sec-fetch-site": "cross-site" }),
      verdict: always(403),
    },
    {
      ...common,
      name: "a session from another page of the site",
      headers: changing({ ...bySession(owner), "sec-fetch-site": "same-site" }),
      verdict: always(403),
    },
    {
      ...common,
      name: "a session that says nothing of where it is",
      headers: changing({ cookie: owner.cookie, "x-hatch-csrf": owner.csrf }),
      verdict: always(403),
    },
    { ...common, name: "a session that ran out", headers: () => bySession(over), verdict: unlessPublic(401) },
    { ...common, name: "a session that was ended", headers: () => bySession(ended), verdict: unlessPublic(401) },
    {
      ...common,
      name: "a session that is garbled",
      headers: () => ({ ...bySession(owner), cookie: `${owner.cookie.split("=")[0]}=eyJ.x.y` }),
      verdict: unlessPublic(401),
    },
  ];
}

async function operators(world: World): Promise<readonly Caller[]> {
  const { ours, ask, addPerson, signIn } = world;
  const operator = await addPerson("operator", undefined, true);
  const subject = await addPerson("subject", { in: ours, role: "owner" });
  const acting = async (changes: boolean): Promise<Person> => {
    const session = await signIn(operator.email);
    await ask("POST", "/v1/impersonations", bySession(session), { accountId: subject.id, reason: "a look", changes });
    return session;
  };
  const environment = ours.environments.test;
  const caller = (name: string, person: Person, verdict: Caller["verdict"]): Caller => ({
    name,
    headers: () => bySession(person),
    environment,
    csrf: person.csrf,
    verdict,
  });
  const asAnother =
    (mayChange: boolean) =>
    ({ isPublic, asAnother }: InventoryEntry): Verdict =>
      inIf(isPublic || asAnother === "always" || (mayChange && asAnother === "changing"));
  return [
    caller("the operator, who is no member", operator, ({ isPublic, account }) =>
      isPublic || account !== undefined ? "in" : 404,
    ),
    caller("the operator as another, looking", await acting(false), asAnother(false)),
    caller("the operator as another, changing", await acting(true), asAnother(true)),
  ];
}

export const createCallers = async (world: World): Promise<readonly Caller[]> => [
  ...(await strangers(world)),
  ...(await keys(world)),
  ...(await browsers(world)),
  ...(await members(world)),
  ...(await operators(world)),
];
