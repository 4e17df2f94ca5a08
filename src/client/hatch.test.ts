import { afterEach, describe, expect, test } from "bun:test";
import type { HatchError } from "./error.ts";
import { createHatch, type HatchOptions } from "./hatch.ts";
import { request, type Transport } from "./request.ts";

/** One request as it arrived at a server that answers what it is told to. */
interface Seen {
  readonly method: string;
  readonly path: string;
  readonly headers: Headers;
  readonly body: string;
}

let stop = (): void => {};
afterEach(() => stop());

type Answering = (seen: Seen, index: number) => Response | Promise<Response>;

function serve(answer: Answering): { readonly url: string; readonly seen: Seen[] } {
  const seen: Seen[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(incoming) {
      const { pathname, search } = new URL(incoming.url);
      const one = {
        method: incoming.method,
        path: `${pathname}${search}`,
        headers: incoming.headers,
        body: await incoming.text(),
      };
      seen.push(one);
      return answer(one, seen.length - 1);
    },
  });
  stop = () => void server.stop(true);
  return { url: `http://127.0.0.1:${server.port}`, seen };
}

const EVENT = { type: "lesson_completed", userId: "ada" };
const made = (): Response => Response.json({ id: "x", status: "accepted", effects: [] }, { status: 201 });
const refusal = (status: number, code: string, headers: Record<string, string> = {}): Response =>
  Response.json({ error: { code, message: "No.", requestId: "req_1", details: [] } }, { status, headers });

/** A transport whose waiting is written down and takes no time. */
function transportTo(url: string, overrides: Partial<Transport> = {}): Transport & { readonly slept: number[] } {
  const slept: number[] = [];
  return {
    url,
    key: "hk_test_1",
    fetch: (address, init) => fetch(address, init),
    timeoutMs: 5_000,
    retries: 3,
    sleep: async (delayMs) => void slept.push(delayMs),
    slept,
    ...overrides,
  };
}

const failure = (promise: Promise<unknown>): Promise<HatchError> =>
  promise.then(
    () => Promise.reject(new Error("it succeeded")),
    (error) => error,
  );

const write = { method: "POST", path: "/v1/webhooks", body: { events: ["*"] } } as const;

describe("a retry", () => {
  test("sends an event with the id of the first try, so it counts once", async () => {
    const { url, seen } = serve((_, index) => (index === 0 ? refusal(500, "internal") : made()));
    await createHatch({ url, key: "hk_test_1" }).events.send(EVENT);
    expect(seen).toHaveLength(2);
    expect(seen[1]?.body).toBe(seen[0]?.body as string);
    expect(JSON.parse(seen[0]?.body ?? "").id).toMatch(/^[0-9a-f]{32}$/);
  });

  test("sends another write under the same Idempotency-Key, two writes under two", async () => {
    const { url, seen } = serve((_, index) => (index === 0 ? refusal(503, "unavailable") : made()));
    const transport = transportTo(url);
    await request(transport, write);
    await request(transport, write);
    const keys = seen.map(({ headers }) => headers.get("idempotency-key"));
    expect(keys[0]).toBe(keys[1] as string);
    expect(keys[2]).not.toBe(keys[0] as string);
    expect(keys[0]).toMatch(/^[0-9a-f]{32}$/);
  });

  test("keeps the key that the caller chose", async () => {
    const { url, seen } = serve(made);
    await request(transportTo(url), { ...write, options: { idempotencyKey: "order-7" } });
    expect(seen[0]?.headers.get("idempotency-key")).toBe("order-7");
  });

  test.each([
    [408, "timeout"],
    [429, "rate_limited"],
    [500, "internal"],
    [502, "unexpected_answer"],
    [503, "unavailable"],
  ])("follows a %d", async (status, code) => {
    const { url, seen } = serve((_, index) => (index === 0 ? refusal(status, code) : made()));
    await request(transportTo(url), write);
    expect(seen).toHaveLength(2);
  });

  test.each([
    [400, "malformed_json"],
    [401, "unauthenticated"],
    [404, "not_found"],
    [409, "conflict"],
    [412, "version_conflict"],
    [422, "validation_failed"],
    [501, "internal"],
    [503, "not_configured"],
  ])("does not follow a %d %s", async (status, code) => {
    const { url, seen } = serve(() => refusal(status, code));
    const error = await failure(request(transportTo(url), write));
    expect(error).toMatchObject({ name: "HatchError", status, code, message: "No.", requestId: "req_1", details: [] });
    expect(seen).toHaveLength(1);
  });

  test("ends after the retries that were given", async () => {
    const { url, seen } = serve(() => refusal(500, "internal"));
    const transport = transportTo(url);
    expect(await failure(request(transport, write))).toMatchObject({ status: 500 });
    expect([seen.length, transport.slept.length]).toEqual([4, 3]);
    expect(await failure(request(transport, { ...write, options: { retries: 0 } }))).toMatchObject({ status: 500 });
    expect(seen).toHaveLength(5);
  });

  test("waits longer each time, with chance in it, never more than ten seconds", async () => {
    const { url } = serve(() => refusal(500, "internal"));
    const transport = transportTo(url, { retries: 8 });
    await failure(request(transport, write));
    transport.slept.forEach((delayMs, index) => {
      const whole = Math.min(10_000, 400 * 2 ** index);
      expect(delayMs).toBeGreaterThanOrEqual(whole / 2);
      expect(delayMs).toBeLessThanOrEqual(whole);
    });
    expect(new Set(transport.slept).size).toBe(8);
  });

  test("waits for as long as the server asks, in seconds or until a date", async () => {
    const soon = new Date(Date.now() + 20_000).toUTCString();
    const { url } = serve((_, index) => {
      const wishes = ["30", soon];
      const wish = wishes[index];
      return wish === undefined ? made() : refusal(429, "rate_limited", { "retry-after": wish });
    });
    const transport = transportTo(url);
    await request(transport, write);
    expect(transport.slept[0]).toBe(30_000);
    expect(transport.slept[1]).toBeGreaterThan(17_000);
    expect(transport.slept[1]).toBeLessThanOrEqual(20_000);
  });

  test("comes back for the answer of an earlier try that is still at work", async () => {
    const { url, seen } = serve((_, index) =>
      index === 0 ? refusal(409, "conflict", { "retry-after": "1" }) : made(),
    );
    const transport = transportTo(url);
    await request(transport, write);
    expect(transport.slept).toEqual([1_000]);
    expect(new Set(seen.map(({ headers }) => headers.get("idempotency-key"))).size).toBe(1);
  });

  test("leaves a longer wait than a minute to the caller", async () => {
    const { url, seen } = serve(() => refusal(429, "rate_limited", { "retry-after": "3600" }));
    const error = await failure(request(transportTo(url), write));
    expect(error).toMatchObject({ code: "rate_limited", retryAfterSeconds: 3600 });
    expect(seen).toHaveLength(1);
  });

  test("follows a connection that breaks and a server that is not there", async () => {
    const transport = transportTo("http://127.0.0.1:9", { retries: 2 });
    const error = await failure(request(transport, write));
    expect(error).toMatchObject({ status: 0, code: "network" });
    expect(error.cause).toBeDefined();
    expect(transport.slept).toHaveLength(2);
  });

  test("follows an answer that does not come in time", async () => {
    const { promise, resolve } = Promise.withResolvers<Response>();
    const { url, seen } = serve((_, index) => (index < 2 ? promise : made()));
    const hasty = transportTo(url, { timeoutMs: 50, retries: 0 });
    expect(await failure(request(hasty, write))).toMatchObject({ status: 0, code: "timeout" });
    await request({ ...hasty, retries: 1 }, write);
    expect(seen).toHaveLength(3);
    resolve(made());
  });
});

describe("a caller's signal", () => {
  test("ends a call under way with its own reason, without a retry", async () => {
    const { url, seen } = serve(() => new Promise<Response>(() => {}));
    const controller = new AbortController();
    const asking = failure(request(transportTo(url), { ...write, options: { signal: controller.signal } }));
    while (seen.length === 0) await Bun.sleep(1);
    const reason = new Error("enough");
    controller.abort(reason);
    expect(await asking).toBe(reason as HatchError);
    expect(seen).toHaveLength(1);
  });

  test("ends the wait between two tries", async () => {
    const { url, seen } = serve(() => refusal(503, "unavailable", { "retry-after": "60" }));
    const controller = new AbortController();
    const asking = failure(createHatch({ url, key: "hk_test_1" }).events.send(EVENT, { signal: controller.signal }));
    while (seen.length === 0) await Bun.sleep(1);
    controller.abort();
    expect((await asking).name).toBe("AbortError");
    expect(seen).toHaveLength(1);
  });

  test("that is aborted already sends nothing", async () => {
    const { url, seen } = serve(made);
    await failure(request(transportTo(url), { ...write, options: { signal: AbortSignal.abort() } }));
    expect(seen).toHaveLength(0);
  });
});

describe("an answer", () => {
  test("that is no JSON says that this may be no Hatch server", async () => {
    const { url } = serve(() => new Response("<html>", { headers: { "content-type": "text/html" } }));
    expect(await failure(request(transportTo(url), write))).toMatchObject({ status: 200, code: "unexpected_answer" });
  });

  test("of a proxy in between keeps its status", async () => {
    const { url } = serve(() => new Response("Bad gateway", { status: 502 }));
    expect(await failure(request(transportTo(url, { retries: 0 }), write))).toMatchObject({
      status: 502,
      code: "unexpected_answer",
      message: "The server answered 502.",
    });
  });

  test("that points elsewhere is not followed: the key goes nowhere else", async () => {
    const { url, seen } = serve(() => Response.redirect("http://127.0.0.1:9/", 302));
    expect(await failure(request(transportTo(url), write))).toMatchObject({ status: 302 });
    expect(seen).toHaveLength(1);
  });

  test("never shows the key in its error", async () => {
    const { url } = serve(() => refusal(401, "unauthenticated"));
    const key = "hk_test_very-secret";
    for (const address of [url, "http://127.0.0.1:9"]) {
      const error = await failure(createHatch({ url: address, key, retries: 0 }).events.send(EVENT));
      expect(Bun.inspect(error)).not.toContain(key);
    }
  });
});

describe("a client", () => {
  test.each<[string, Partial<HatchOptions>]>([
    ["another protocol", { url: "ftp://hatch.example" }],
    ["no address", { url: "hatch" }],
    ["a credential in the address", { url: "https://me:secret@hatch.example" }],
    ["no key", { key: "" }],
  ])("is refused with %s, which is not shown", (_, wrong) => {
    const make = (): unknown => createHatch({ url: "https://hatch.example", key: "hk_test_1", ...wrong });
    expect(make).toThrow(TypeError);
    expect(make).not.toThrow("secret@");
  });

  test("keeps the folder that its address names", async () => {
    const { url, seen } = serve(made);
    await createHatch({ url: `${url}/hatch//`, key: "hk_test_1" }).events.send(EVENT);
    expect(seen[0]?.path).toBe("/hatch/v1/events");
  });

  test("takes no id that would lead to another address", async () => {
    const { url, seen } = serve(made);
    const { members } = createHatch({ url, key: "hk_test_1" });
    for (const id of ["", ".", ".."]) expect(() => members.get(id)).toThrow("is no id");
    await members.get("../keys");
    expect(seen.map(({ path }) => path)).toEqual(["/v1/members/..%2Fkeys"]);
  });

  test("sends its key as a header and nowhere else", async () => {
    const { url, seen } = serve(made);
    await createHatch({ url, key: "hk_test_1" }).events.send(EVENT);
    expect(seen[0]?.headers.get("authorization")).toBe("Bearer hk_test_1");
    expect(`${seen[0]?.path}${seen[0]?.body}`).not.toContain("hk_test_1");
  });
});
