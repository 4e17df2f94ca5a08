import { Database } from "bun:sqlite";
import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { freePort } from "../support/free-port.ts";
import { call, type Installation, type RunningHatch, setUpHatch, startHatch } from "../support/hatch.ts";

/*
 * Callers that give each write a name and send it until it is answered, while the server is killed under them: every
 * write is made once, and its answer comes to whoever asked for it.
 */

const WORKERS = 24;
const KILLS = 5;
const WRITES_PER_KIND = 250;

let installation: Installation;
let hatch: RunningHatch;
const port = freePort();
const start = () => startHatch(installation.directory, { port, args: ["--set", "log.level=error"] });

beforeAll(async () => {
  installation = await setUpHatch();
  hatch = await start();
  const { test: key } = installation.keys;
  const program = { timezone: "UTC", currencies: { coins: { kind: "spendable" } } };
  expect((await call(hatch, key, "PUT", "/v1/program/draft", program)).status).toBe(200);
  expect((await call(hatch, key, "POST", "/v1/program/publish", {})).status).toBe(200);
  expect((await call(hatch, key, "PUT", "/v1/members/ada", {})).status).toBe(200);
}, 30_000);
afterAll(() => installation.remove());

interface Write {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
}
const KINDS: Readonly<Record<string, (n: number) => Write>> = {
  adjustment: (n) => ({
    method: "POST",
    path: "/v1/members/ada/adjustments",
    body: { currency: "coins", amount: 1, reason: `gift ${n}` },
  }),
  webhook: (n) => ({
    method: "POST",
    path: "/v1/webhooks",
    body: { mode: "pull", events: ["*"], description: `${n}` },
  }),
  eventType: (n) => ({ method: "PUT", path: `/v1/event-types/type_${n % 7}`, body: { description: `${n}` } }),
};

interface Outcome {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: an answer is looked at freely
  readonly body: any;
  readonly isReplay: boolean;
}

/** Sends until there is an answer that will stay the same. */
async function insist(name: string, { method, path, body }: Write): Promise<Outcome> {
  for (;;) {
    try {
      const answer = await call(hatch, installation.keys.test, method, path, body, { "idempotency-key": name });
      const passes = answer.status >= 500 || answer.headers.has("retry-after");
      const isReplay = answer.headers.get("idempotency-replayed") === "true";
      if (!passes) return { status: answer.status, body: answer.body, isReplay };
    } catch {
      // Killed under the request: whether it was made, the next try tells.
    }
    await Bun.sleep(10);
  }
}

test("nothing named is made twice over five kills, and no answer is lost", async () => {
  const writes = Object.entries(KINDS).flatMap(([kind, make]) =>
    Array.from({ length: WRITES_PER_KIND }, (_, n) => ({ kind, name: `${kind}-${n}`, write: make(n) })),
  );
  writes.sort((left, right) => (Bun.hash(left.name) < Bun.hash(right.name) ? -1 : 1));
  const outcomes = new Map<string, Outcome>();
  let next = 0;
  const work = async (): Promise<void> => {
    for (let mine = writes[next++]; mine; mine = writes[next++])
      outcomes.set(mine.name, await insist(mine.name, mine.write));
  };
  const working = Promise.all(Array.from({ length: WORKERS }, work));
  for (let kill = 1; kill <= KILLS; kill++) {
    while (outcomes.size < (writes.length * kill) / (KILLS + 1)) await Bun.sleep(1);
    await hatch.kill("SIGKILL");
    hatch = await start();
  }
  await working;

  for (const { kind, name, write } of writes) {
    const first = outcomes.get(name);
    const again = await insist(name, write);
    expect(first?.status).toBeLessThan(300);
    expect([name, again.status, again.body, again.isReplay]).toEqual([name, first?.status, first?.body, true]);
    if (kind === "webhook") expect(first?.body.secret).toStartWith("whsec_");
  }
  // Made before a kill, answered after it: the kills have met what they were aimed at.
  expect([...outcomes.values()].filter(({ isReplay }) => isReplay)).not.toBeEmpty();
  const member = await call(hatch, installation.keys.test, "GET", "/v1/members/ada");
  expect(member.body.balances.coins.available).toBe(WRITES_PER_KIND);
  expect(await hatch.kill("SIGTERM")).toBe(0);

  const database = new Database(join(installation.directory, "hatch.db"), { readonly: true });
  const made = (table: string, where = "1 = 1") =>
    (database.query(`SELECT COUNT(*) AS n FROM ${table} WHERE ${where}`).get() as { n: number }).n;
  expect({
    adjustments: made("inputs", "type = 'adjustment'"),
    webhooks: made("subscriptions"),
    eventTypes: made("audit_entries", "action IN ('event_type.registered', 'event_type.changed')"),
    claims: made("idempotency_claims"),
  }).toEqual({
    adjustments: WRITES_PER_KIND,
    webhooks: WRITES_PER_KIND,
    eventTypes: WRITES_PER_KIND,
    claims: writes.length,
  });
  database.close();
}, 120_000);
