import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { inventoryMarkdown, inventoryOf, inventoryText, readInventory } from "../src/cli/access-view.ts";
import type { SqlValue } from "../src/database/database.ts";
import { accessInventory, type InventoryEntry } from "../src/http/access-inventory.ts";
import { type Caller, createCallers, type Verdict } from "./access-inventory/callers.ts";
import { createThings, dumpOf, MARK, OWN_NAMES, type Things } from "./access-inventory/things.ts";
import { addressOf, bearer, bySession, createWorld, type Person, type World } from "./access-inventory/world.ts";
import { openApp } from "./support/app.ts";
import type { Document } from "./support/document.ts";

type Row = Readonly<Record<string, SqlValue>>;

// Every route that is mounted, really called with every kind of credential: who is let in is who the inventory says.

const DOCUMENT = join(import.meta.dir, "..", "docs", "access-inventory.md");

let world: World;
let inventory: readonly InventoryEntry[];
let callers: readonly Caller[];
let kept: readonly { readonly table: string; readonly rows: readonly Row[] }[];

beforeAll(async () => {
  const app = await openApp({
    server: { host: "127.0.0.1", port: 0, publicUrl: "https://localhost" },
    limits: { secretKeyPerMinute: 0, browserPerMinute: 0, anonymousPerMinute: 0, failedAuthPerMinute: 0 },
  });
  world = await createWorld(app);
  inventory = accessInventory(app.routes);
  callers = await createCallers(world);
  kept = await Promise.all(
    Object.keys(KEYS).map(async (table) => ({
      table,
      rows: await app.context.database.read((reader) => reader.all<Row>(`SELECT * FROM ${table}`)),
    })),
  );
}, 60_000);
afterAll(() => world.app.close());

/** What a route may take from the people of this test, such as their session: it is put back for the next one. */
const KEYS = {
  accounts: ["id"],
  sessions: ["id"],
  impersonations: ["id"],
  memberships: ["account_id", "workspace_id"],
};

const putBack = (): Promise<void> =>
  world.app.context.database.write(async (writer) => {
    for (const { table, rows } of kept) {
      const columns = Object.keys(rows[0] ?? {});
      const keyColumns = KEYS[table as keyof typeof KEYS];
      await writer.upsertMany({
        table,
        columns,
        keyColumns,
        rows: rows.map((row) => columns.map((column) => row[column] ?? null)),
      });
    }
  });

/** Never what any route wants: whoever is let in changes nothing by it. */
const NONSENSE = '"nonsense"';

function requestFor(entry: InventoryEntry, { headers, environment, csrf }: Caller) {
  const carried = headers(entry);
  // Pages are for browsers: keys and tokens are tried on the routes that are for them.
  if (!carried || (carried.authorization !== undefined && !entry.path.startsWith("/v1/"))) return undefined;
  const query = environment === undefined ? "" : `?environment=${environment}`;
  const address = `${addressOf(entry)}${query}`;
  const { method, path } = entry;
  if (method === "GET" || method === "HEAD") return { address, sent: { method, headers: carried } };
  // Pages take forms, and their token in a field.
  if (!path.startsWith("/v1/")) {
    const { "x-hatch-csrf": _token, ...rest } = carried;
    const form = { ...rest, "content-type": "application/x-www-form-urlencoded" };
    return { address, sent: { method, headers: form, body: new URLSearchParams({ csrf: csrf ?? "" }).toString() } };
  }
  return { address, sent: { method, headers: { ...carried, "content-type": "application/json" }, body: NONSENSE } };
}

/** Where a route itself, not who may call it, answers 401 or 403 to what this test sends: each has a proof of its own. */
const OWN_PROOFS: ReadonlySet<string> = new Set([
  // The cookie that renews, which is no part of the session.
  "POST /v1/auth/refresh",
  // The token of a link.
  "POST /invitation/accept",
  "POST /invitation/join",
  // The password, asked for once more.
  "POST /me/second-factor/remove",
]);

/** Leads whoever has a password of their own to another page, whatever their form says: nothing is done. */
const LEADS_AWAY = "POST /set-password";

function verdictOf({ method, path }: InventoryEntry, { status }: Response, text: string): Verdict | number {
  const isRefused = (status === 401 || status === 403) && !OWN_PROOFS.has(`${method} ${path}`);
  const isBroken = status >= 500 && !text.includes("not_configured");
  return isRefused || isBroken ? status : "in";
}

test("every route answers every caller as the inventory says", async () => {
  const faults: string[] = [];
  let calls = 0;
  const seen = new Map<Verdict, number>();
  for (const entry of inventory) {
    for (const caller of callers) {
      const request = requestFor(entry, caller);
      if (!request) continue;
      const response = await world.call(request.address, request.sent);
      const text = await response.text();
      const expected = caller.verdict(entry);
      const isLedAway = response.status === 303 && `${entry.method} ${entry.path}` === LEADS_AWAY;
      const verdict = expected === "in" ? verdictOf(entry, response, text) : isLedAway ? expected : response.status;
      calls += 1;
      seen.set(expected, (seen.get(expected) ?? 0) + 1);
      if (verdict !== expected) {
        faults.push(
          `${entry.method} ${entry.path}, ${caller.name}: expected ${expected}, was ${response.status} ${text.slice(0, 160).replaceAll("\n", " ")}`,
        );
      }
      if (response.status < 400 && entry.method !== "GET") await putBack();
    }
  }
  process.stdout.write(`${inventory.length} routes, ${callers.length} callers, ${calls} calls\n`);
  expect(faults).toEqual([]);
  for (const verdict of ["in", 401, 403, 404, 422] as const) expect(seen.get(verdict)).toBeGreaterThan(10);
}, 300_000);

describe("the inventory", () => {
  test("in the documents is of these routes", () => {
    const made = inventoryMarkdown(readInventory(inventoryOf(world.app.routes)));
    const hint = "run: hatch access inventory --markdown > docs/access-inventory.md";
    expect({ hint, text: readFileSync(DOCUMENT, "utf8") }).toEqual({ hint, text: made });
  });

  test("lets a viewer change nothing but their own, and nobody without a proof do more than begin", () => {
    const changed = inventory.filter(({ method }) => method !== "GET");
    const named = (entries: readonly InventoryEntry[]) => entries.map(({ method, path }) => `${method} ${path}`);
    expect(named(changed.filter(({ roles }) => roles.includes("viewer")))).toEqual([
      "POST /v1/program/validate",
      "POST /v1/team/leave",
      "POST /v1/webhooks/:id/preview",
      "POST /v1/webhooks/check-signature",
      "POST /v1/webhooks/preview",
    ]);
    const begun = changed.filter(({ isPublic, path }) => isPublic && path.startsWith("/v1/"));
    expect(named(begun.filter(({ path }) => !path.startsWith("/v1/auth/")))).toEqual(["POST /v1/keys/report-leak"]);
  });

  test("is told in a line for each route, too", () => {
    const lines = inventoryText(readInventory(inventoryOf(world.app.routes))).split("\n");
    const at = lines.indexOf("POST   /v1/events");
    expect(lines[at + 1]?.trim()).toBe(
      "keys with events:write, developer, admin, owner, publishable keys, widget tokens with events:send",
    );
  });
});

describe("what is ours", () => {
  let things: Things;
  let theirOwner: Person;
  let document: Document;
  let mine: Awaited<ReturnType<typeof dumpOf>>;

  beforeAll(async () => {
    const owner = await world.addPerson("our-owner", { in: world.ours, role: "owner" });
    theirOwner = await world.addPerson("their-owner", { in: world.theirs, role: "owner" });
    things = await createThings(world, owner, await world.addPerson("second-operator", undefined, true));
    document = (await (await world.call("/openapi.json")).json()) as Document;
    mine = await dumpOf(world, world.ours);
  });

  /** The example that the document gives: with our own credential it would be accepted. */
  const bodyOf = ({ method, path }: InventoryEntry): string | undefined => {
    const operation = document.paths[path.replaceAll(/:(\w+)/g, "{$1}")]?.[method.toLowerCase()];
    const example = operation?.requestBody?.content["application/json"].example;
    return example === undefined ? undefined : JSON.stringify(example);
  };
  const placeOf = ({ path }: InventoryEntry): string | undefined => /^.*:\w+/.exec(path)?.[0];
  const withThings = () =>
    inventory.filter((entry) => entry.path.startsWith("/v1/") && !entry.isPublic && placeOf(entry) !== undefined);

  async function ask(entry: InventoryEntry, headers: Readonly<Record<string, string>>, query: string) {
    const place = placeOf(entry) ?? "";
    const path = entry.path.replace(place, place.replace(/:\w+/, things[place] ?? ""));
    const body = entry.method === "GET" ? undefined : bodyOf(entry);
    const json = body === undefined ? {} : { body };
    const sent = { method: entry.method, headers: { "content-type": "application/json", ...headers }, ...json };
    const response = await world.call(`${path}${query}`, sent);
    return { status: response.status, text: await response.text() };
  }

  test("is named here for every route that takes an id: who adds one says what it is of", () => {
    expect(
      withThings()
        .map(placeOf)
        .filter((place) => things[place ?? ""] === undefined),
    ).toEqual([]);
    expect(withThings().length).toBeGreaterThan(40);
  });

  test.each(["a key", "a session"] as const)(
    "is not there for %s of another tenant, and stays as it is",
    async (kind) => {
      const faults: string[] = [];
      for (const entry of withThings()) {
        if (kind === "a key" && entry.scope === undefined) continue;
        const headers = kind === "a key" ? bearer(world.theirs.keys.test) : bySession(theirOwner);
        const query = kind === "a key" ? "" : `?environment=${world.theirs.environments.test}`;
        const { status, text } = await ask(entry, headers, query);
        const isOwnName = OWN_NAMES.has(placeOf(entry) ?? "");
        const isHidden = entry.account === "operator" ? status === 403 : isOwnName || status === 404;
        if (!isHidden || text.includes(MARK))
          faults.push(`${entry.method} ${entry.path}: ${status} ${text.slice(0, 200)}`);
      }
      expect(faults).toEqual([]);
      expect(await dumpOf(world, world.ours)).toEqual(mine);
    },
  );

  test("is there for ours: the same requests find it", async () => {
    const found = new Set<string>();
    for (const entry of withThings().filter(({ method, scope }) => method === "GET" && scope !== undefined)) {
      const { status, text } = await ask(entry, bearer(world.ours.keys.test), "");
      if (status === 200 && text !== "") found.add(placeOf(entry) ?? "");
    }
    for (const place of ["/v1/members/:userId", "/v1/webhooks/:id", "/v1/deliveries/:id", "/v1/outbound-events/:id"]) {
      expect(found).toContain(place);
    }
  });

  test("is in no list of theirs", async () => {
    for (const entry of inventory.filter(({ method, path, scope, permission }) => {
      return method === "GET" && path.startsWith("/v1/") && !path.includes(":") && (scope ?? permission) !== undefined;
    })) {
      const query = `?environment=${world.theirs.environments.test}`;
      const bySomeone = await world.call(`${entry.path}${query}`, { headers: bySession(theirOwner) });
      expect([entry.path, (await bySomeone.text()).includes(MARK)]).toEqual([entry.path, false]);
      if (entry.scope === undefined) continue;
      const byTheirs = await world.call(entry.path, { headers: bearer(world.theirs.keys.test) });
      expect([entry.path, (await byTheirs.text()).includes(MARK)]).toEqual([entry.path, false]);
    }
  });
});
