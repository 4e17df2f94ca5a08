import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { type Certificates, createCertificates } from "../../../../../tests/support/certificates.ts";
import { FakeClock } from "../../../../../tests/support/clock.ts";
import { type ConnectProxy, type ProxyAnswer, startConnectProxy } from "../../../../../tests/support/connect-proxy.ts";
import { TEST_CONFIG } from "../../../../../tests/support/context.ts";
import { type OtherEnd, startOtherEnd, wire } from "../../../../../tests/support/other-end.ts";
import { createTestWebhooks, type TestWebhooks, until } from "../../../../../tests/support/webhooks.ts";
import { SECOND } from "../../../../kernel/units.ts";
import { createOutbound } from "../../../../outbound/create-outbound.ts";

let certificates: Certificates;
let end: OtherEnd;
let proxy: ConnectProxy;
let hatch: TestWebhooks;
/** What the proxy does with each host; by default it opens a tunnel. */
let says: Record<string, ProxyAnswer>;

beforeAll(() => {
  certificates = createCertificates();
});
afterAll(() => certificates.remove());

beforeEach(async () => {
  says = {};
  end = await startOtherEnd({
    tls: certificates.issue("*.example.com"),
    onData: (socket, _, data) => void (data.includes("POST ") && socket.write(wire("200 OK"))),
  });
  proxy = await startConnectProxy((to) => says[to.replace(".example.com:443", "")] ?? { tunnelTo: end.port });
  const setting = { scheme: "http", host: "127.0.0.1", port: proxy.port, user: undefined, bypass: [] } as const;
  const clock = new FakeClock();
  const config = { ...TEST_CONFIG, outbound: { caFile: certificates.caFile, proxy: setting } };
  // Its certificates are of the real time; what waits goes by the clock of the test.
  hatch = await createTestWebhooks({ overrides: { outbound: createOutbound({ clock, config }) } });
  const advance = hatch.context.clock.advance.bind(hatch.context.clock);
  clock.set(hatch.context.clock.now());
  hatch.context.clock.advance = async (ms: number) => {
    await clock.advance(ms);
    await advance(ms);
  };
});
afterEach(async () => {
  await hatch.close();
  proxy.close();
  end.close();
});

const subscribe = (name: string, fields: Record<string, unknown> = {}) =>
  hatch.subscribe({ endpoint: `https://${name}.example.com/in`, ...fields });
const settled = () =>
  until(async () => (await hatch.rows("SELECT 1 FROM deliveries WHERE status = 'sending'")).length === 0);
const deliveriesOf = async (id: string) => (await hatch.call("GET", `/v1/deliveries?subscription=${id}`)).body.data;
const tried = (count: number) => until(() => proxy.requests.length >= count);

/** Goes on second by second until it has come about. */
async function goOn(ask: () => Promise<boolean> | boolean, secondsMax = 200): Promise<number> {
  for (let seconds = 0; seconds < secondsMax; seconds++) {
    if (await ask()) return seconds;
    await hatch.context.clock.advance(SECOND);
    await settled();
  }
  throw new Error("waited in vain");
}

describe("while the egress proxy is away", () => {
  test("deliveries wait without using up a retry, nobody is paused, and all arrive once it is back", async () => {
    const a = await subscribe("a", { pauseAfter: 1, retryDelays: ["1s"] });
    const b = await subscribe("b", { pauseAfter: 1, retryDelays: [] });
    await proxy.shut();
    for (let count = 0; count < 3; count++) await hatch.announce();
    await until(async () => hatch.context.outbound.proxy?.outage !== undefined);
    await settled();
    for (let seconds = 0; seconds < 40; seconds++) {
      await hatch.context.clock.advance(SECOND);
      await settled();
    }
    for (const id of [a, b]) {
      expect((await hatch.call("GET", `/v1/webhooks/${id}`)).body).toMatchObject({ status: "active" });
      const waiting = await deliveriesOf(id);
      expect(waiting).toHaveLength(3);
      for (const delivery of waiting) {
        expect(delivery).toMatchObject({
          status: "pending",
          waitingFor: "proxy",
          reason: "The egress proxy can't be reached: the connection was refused.",
          nextAttemptAt: expect.any(String),
        });
      }
    }
    const rows = await hatch.rows("SELECT failures, interruptions, attempts FROM deliveries");
    expect(rows.every(({ failures, interruptions }) => failures === 0 && interruptions === 0)).toBe(true);
    // One looks after a growing delay, not each of them again and again.
    const attempts = rows.reduce((sum, row) => sum + Number(row.attempts), 0);
    expect(attempts).toBeLessThanOrEqual(6 + 7);
    const health = await hatch.rows("SELECT failures_in_row, last_failure_at FROM subscription_health");
    expect(health.every((row) => row.failures_in_row === 0 && row.last_failure_at === null)).toBe(true);

    await proxy.reopen();
    await goOn(async () => (await hatch.rows("SELECT 1 FROM deliveries WHERE status = 'delivered'")).length === 6);
    expect(end.received.match(/POST \/in/g)).toHaveLength(6);
    expect(hatch.context.outbound.proxy?.outage).toBeUndefined();
  });

  test("a replay and a probe wait as well, and lose nothing", async () => {
    const id = await subscribe("a");
    await hatch.announce();
    await until(async () => (await hatch.delivery()).status === "delivered");
    await proxy.shut();
    const { id: delivery } = await hatch.delivery();
    expect((await hatch.call("POST", `/v1/deliveries/${delivery}/replay`)).status).toBe(202);
    await until(async () => hatch.context.outbound.proxy?.outage !== undefined);
    await settled();
    expect((await deliveriesOf(id))[0]).toMatchObject({ status: "delivered", replaying: true });
    await proxy.reopen();
    await goOn(async () => (await deliveriesOf(id))[0].replaying === false);
    expect(end.received.match(/POST \/in/g)).toHaveLength(2);
  });
});

describe("one destination that the proxy opens no tunnel to", () => {
  test("waits alone; where others get theirs, it is charged to its endpoint", async () => {
    says.dead = { say: "HTTP/1.1 503 Service Unavailable\r\n\r\n", then: "end" };
    const dead = await subscribe("dead", { retryDelays: ["1s"] });
    const good = await subscribe("good", { events: ["points.earned", "level.changed"] });
    await hatch.announce();
    await tried(2);
    await settled();
    // The first fault could have been the proxy's own.
    const [first] = await deliveriesOf(dead);
    expect(first).toMatchObject({ status: "pending", waitingFor: "proxy", attemptCount: 1 });
    expect((await deliveriesOf(good))[0]).toMatchObject({ status: "delivered" });
    // Others are led to since then? So it is the destination that fails, and its ladder that counts.
    await goOn(async () => {
      await hatch.announce("level.changed");
      return (await deliveriesOf(dead))[0].status === "failed";
    });
    const detail = (await hatch.call("GET", `/v1/deliveries/${first.id}`)).body;
    expect(detail.failures).toBe(2);
    expect(detail.reason).toBe("The egress proxy opened no tunnel (503): the last of 2 failures");
    expect(hatch.context.outbound.proxy?.outage).toBeUndefined();
  });

  test("that is forbidden by the proxy fails like any other, and says what to do", async () => {
    says.forbidden = { say: "HTTP/1.1 403 Forbidden\r\n\r\n" };
    const id = await subscribe("forbidden", { retryDelays: [] });
    await hatch.announce();
    await until(async () => (await hatch.delivery()).status === "failed");
    expect((await deliveriesOf(id))[0]).toMatchObject({
      status: "failed",
      reason: "The egress proxy does not let us go to this host (403): have it allowed there.",
    });
  });
});
