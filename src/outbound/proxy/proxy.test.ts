import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { type Certificates, createCertificates } from "../../../tests/support/certificates.ts";
import {
  type ConnectProxy,
  PROXY_LOGIN,
  type ProxyAnswer,
  startConnectProxy,
  withLogin,
} from "../../../tests/support/connect-proxy.ts";
import { type OtherEnd, startOtherEnd, wire } from "../../../tests/support/other-end.ts";
import { createSender, type Sender } from "../../../tests/support/sending.ts";
import type { OutboundSettings, ProxySettings } from "../../config/proxy.ts";
import { systemClock } from "../../kernel/clock.ts";
import { createLog } from "../../kernel/log.ts";
import { createMetrics } from "../../kernel/metrics.ts";
import { durationMs } from "../../kernel/units.ts";
import type { OutboundRequest, OutboundResult } from "../outbound.ts";

let certificates: Certificates;
beforeAll(() => {
  certificates = createCertificates();
});
afterAll(() => certificates.remove());

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

const NOTHING_ALLOWED = { allowNetworks: [], allowLoopback: false };
const closed = <T extends { close(): void }>(thing: T): T => {
  closing.push(() => thing.close());
  return thing;
};

async function endpoint(host = "hooks.example.com"): Promise<OtherEnd> {
  const answer = { onData: (socket: { write(text: string): void }) => socket.write(wire("200 OK", "ok")) };
  return closed(await startOtherEnd({ ...answer, tls: certificates.issue(host) }));
}

interface Setting extends Partial<OutboundSettings> {
  readonly scheme?: ProxySettings["scheme"];
  readonly host?: string;
  readonly user?: string;
  readonly password?: string;
  readonly bypass?: readonly string[];
}

interface Proxied {
  readonly sender: Sender;
  readonly lines: string[];
  readonly scrape: () => Promise<string>;
  post(url: string, overrides?: Partial<OutboundRequest>): Promise<OutboundResult>;
}

function through(proxy: ConnectProxy, setting: Setting = {}): Proxied {
  const { scheme = "http", host = "127.0.0.1", user, password, bypass = [], ...settings } = setting;
  const lines: string[] = [];
  const metrics = createMetrics();
  const log = createLog({ clock: systemClock, level: "debug", write: (line) => void lines.push(line) });
  const sender = closed(
    createSender(certificates.caFile, {
      settings: { ...settings, proxy: { scheme, host, port: proxy.port, user, bypass } },
      ...(password === undefined ? {} : { proxyPassword: password }),
      metrics,
      log,
    }),
  );
  return {
    sender,
    lines,
    scrape: () => metrics.render(),
    post: (url, overrides) => sender.send({ port: 0 }, { url, policy: NOTHING_ALLOWED, ...overrides }),
  };
}

const startProxy = async (...options: Parameters<typeof startConnectProxy>): Promise<ConnectProxy> =>
  closed(await startConnectProxy(...options));

const failureOf = (result: OutboundResult) =>
  result.kind === "failed" ? { failure: result.failure, message: result.message } : { answered: result.status };

describe("a request through the egress proxy", () => {
  test("goes by a tunnel that the proxy opens by name, with TLS from us to the endpoint", async () => {
    const end = await endpoint();
    const proxy = await startProxy(() => ({ tunnelTo: end.port }));
    const { post } = through(proxy);
    expect(await post("https://hooks.example.com/in?a=1", { body: "secret body" })).toMatchObject({
      kind: "answered",
      status: 200,
    });
    expect(proxy.requests).toEqual([
      "CONNECT hooks.example.com:443 HTTP/1.1\r\nHost: hooks.example.com:443\r\nUser-Agent: Hatch\r\n\r\n",
    ]);
    expect(end.received).toStartWith("POST /in?a=1 HTTP/1.1\r\n");
    expect(end.received).toContain("\r\nHost: hooks.example.com\r\n");
    expect(end.received).toContain("\r\nContent-Length: 11\r\n");
    expect(end.received).toEndWith("\r\n\r\nsecret body");
  });

  test("shares a kept tunnel with the next to the same host, and with no other host", async () => {
    const ends = {
      "a.example.com:443": await endpoint("a.example.com"),
      "b.example.com:443": await endpoint("b.example.com"),
    };
    const proxy = await startProxy((to) => ({ tunnelTo: ends[to as keyof typeof ends].port }));
    const { post } = through(proxy);
    for (const host of ["a", "b", "a", "b", "a"]) {
      expect(await post(`https://${host}.example.com/`)).toMatchObject({ kind: "answered", status: 200 });
    }
    expect(proxy.destinations).toEqual(["a.example.com:443", "b.example.com:443"]);
    expect(ends["a.example.com:443"].received.match(/POST/g)).toHaveLength(3);
  });

  test("takes a fresh tunnel, once, where the endpoint had closed the kept one", async () => {
    let answers = 0;
    const end = closed(
      await startOtherEnd({
        tls: certificates.issue("hooks.example.com"),
        onData: (socket, _, received) => {
          if (!received.startsWith("POST")) return;
          answers += 1;
          if (answers === 2) socket.destroy();
          else socket.write(wire("200 OK"));
        },
      }),
    );
    const proxy = await startProxy(() => ({ tunnelTo: end.port }));
    const { post } = through(proxy);
    for (let count = 0; count < 3; count++) {
      expect(await post("https://hooks.example.com/")).toMatchObject({ kind: "answered", status: 200 });
    }
    // The kept one, its replacement for that one request, and the next that is kept.
    expect(proxy.connections).toBe(3);
    expect(answers).toBe(4);
  });

  test("signs in at the proxy, and shows the credentials to nobody else", async () => {
    const end = await endpoint();
    const proxy = await startProxy(withLogin(() => ({ tunnelTo: end.port })));
    const { post, lines, scrape } = through(proxy, PROXY_LOGIN);
    const headers = { "Proxy-Authorization": "Basic smuggled", "X-Own": "1" };
    expect(await post("https://hooks.example.com/", { headers })).toMatchObject({ kind: "answered", status: 200 });
    expect(proxy.requests[0]).not.toContain("smuggled");
    expect(end.received).toContain("X-Own: 1");
    expect(end.received.toLowerCase()).not.toContain("proxy-");
    expect(lines.join("") + (await scrape())).not.toContain("s3cret");
  });

  test("reaches a proxy that is itself spoken to by TLS, by a certificate of the company's authority", async () => {
    const end = await endpoint();
    const proxy = await startProxy(
      withLogin(() => ({ tunnelTo: end.port })),
      { tls: certificates.issue("proxy.corp.example") },
    );
    const { post } = through(proxy, { ...PROXY_LOGIN, scheme: "https", host: "proxy.corp.example" });
    expect(await post("https://hooks.example.com/")).toMatchObject({ kind: "answered", status: 200 });

    const other = await startProxy(() => ({ tunnelTo: end.port }), { tls: certificates.issue("other.example") });
    const wrong = through(other, { ...PROXY_LOGIN, scheme: "https", host: "proxy.corp.example" });
    expect(failureOf(await wrong.post("https://hooks.example.com/"))).toEqual({
      failure: "proxy",
      message: "The egress proxy can't be reached: the certificate is for another name.",
    });
    expect(other.requests).toEqual([]);
  });

  test("takes any 2xx for a tunnel, whatever length it names", async () => {
    const end = await endpoint();
    const head = "HTTP/1.0 299 Fine\r\nContent-Length: 500\r\nTransfer-Encoding: chunked\r\n\r\n";
    const proxy = await startProxy(() => ({ tunnelTo: end.port, head }));
    expect(await through(proxy).post("https://hooks.example.com/")).toMatchObject({ kind: "answered", status: 200 });
  });

  test("twenty at once all arrive", async () => {
    const end = await endpoint();
    const proxy = await startProxy(() => ({ tunnelTo: end.port }));
    const { post } = through(proxy);
    const results = await Promise.all(Array.from({ length: 20 }, () => post("https://hooks.example.com/")));
    expect(results.map(({ kind }) => kind)).toEqual(Array(20).fill("answered"));
  });
});

describe("behind the tunnel", () => {
  const behind = async (tls: Parameters<typeof startOtherEnd>[0], overrides: Partial<OutboundRequest> = {}) => {
    const end = closed(await startOtherEnd(tls));
    const proxy = await startProxy(() => ({ tunnelTo: end.port }));
    return { end, result: failureOf(await through(proxy).post("https://hooks.example.com/", overrides)) };
  };

  test("the certificate is checked as ever, and nothing is said before", async () => {
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = "0";
    closing.push(() => delete process.env.NODE_TLS_REJECT_UNAUTHORIZED);
    for (const [tls, message] of [
      [certificates.issue("other.example.com"), "The certificate is for another name."],
      [certificates.issue("hooks.example.com", "past"), "The certificate has expired."],
      [certificates.selfSigned("hooks.example.com"), expect.stringContaining("The certificate is self-signed.")],
    ] as const) {
      const { end, result } = await behind({ tls });
      expect(result).toEqual({ failure: "tls", message });
      expect(end.received).toBe("");
    }
  });

  test("an address is checked against the certificate's addresses", async () => {
    const end = closed(
      await startOtherEnd({ tls: certificates.issue("203.0.113.9"), onData: (s) => s.write(wire("200 OK")) }),
    );
    const proxy = await startProxy(() => ({ tunnelTo: end.port }));
    const policy = { allowNetworks: ["203.0.113.0/24"], allowLoopback: false };
    const { post } = through(proxy);
    expect(await post("https://203.0.113.9/", { policy })).toMatchObject({ kind: "answered", status: 200 });
    expect(failureOf(await post("https://203.0.113.10/", { policy }))).toMatchObject({ failure: "tls" });
  });

  test("an endpoint that hangs, hangs up or does not speak TLS is charged itself", async () => {
    const timeout = durationMs(300);
    expect((await behind({}, { timeout })).result).toEqual({
      failure: "timeout",
      message: "0.3 s passed waiting for the answer.",
    });
    const tls = certificates.issue("hooks.example.com");
    expect((await behind({ tls }, { timeout })).result).toMatchObject({ failure: "timeout" });
    expect((await behind({ tls, onData: (socket) => socket.destroy() })).result).toMatchObject({ failure: "connect" });
    expect((await behind({ onConnection: (socket) => socket.end() })).result).toMatchObject({ failure: "connect" });
    expect((await behind({ onData: (socket) => socket.write("SSH-2.0-x\r\n") })).result).toMatchObject({
      failure: "tls",
    });
  });

  test("a proxy that answers in the endpoint's place is not believed", async () => {
    const proxy = await startProxy(() => ({ say: `HTTP/1.1 200 OK\r\n\r\n${wire("200 OK", "lie")}` }));
    expect(failureOf(await through(proxy).post("https://hooks.example.com/"))).toEqual({
      failure: "proxy",
      message: "The egress proxy speaks in the place of the host.",
    });
  });
});

describe("no tunnel", () => {
  const REFUSED: readonly (readonly [string, ProxyAnswer, string])[] = [
    ["502", { say: "HTTP/1.1 502 Bad\r\n\r\n" }, "The egress proxy opened no tunnel (502)."],
    [
      "503",
      { say: "HTTP/1.1 503 No\r\nContent-Length: 9\r\n\r\ns3cret!!!" },
      "The egress proxy opened no tunnel (503).",
    ],
    ["504", { say: "HTTP/1.1 504 Late\r\n\r\n" }, "The egress proxy opened no tunnel (504)."],
    [
      "a redirect",
      { say: "HTTP/1.1 302 Go\r\nLocation: https://evil.example/\r\n\r\n" },
      "The egress proxy opened no tunnel (302).",
    ],
    ["a reset", { say: "", then: "reset" }, "The egress proxy hung up before it had answered."],
    ["half a head", { say: "HTTP/1.1 200 OK\r\nX: ", then: "end" }, "The egress proxy hung up before it had answered."],
    ["another protocol", { say: "SSH-2.0-OpenSSH\r\n" }, "The egress proxy does not answer by HTTP."],
    ["HTTP/2", { say: "HTTP/2 200\r\n\r\n" }, "The egress proxy does not answer by HTTP."],
    ["silence", { say: "" }, "The egress proxy did not answer in time."],
    ["a head without end", { drip: "X-More: y\r\n" }, "The egress proxy does not answer by HTTP."],
    ["a dripping head", { drip: "HTTP/" }, "The egress proxy did not answer in time."],
    [
      "a line of 2 MB",
      { say: `HTTP/1.1 200 OK\r\nX: ${"a".repeat(2_000_000)}\r\n\r\n` },
      "The egress proxy's answer has too large a head.",
    ],
  ];
  test.each(REFUSED)("for %s is a fault of the way, not of the endpoint", async (_, answer, message) => {
    const proxy = await startProxy(() => answer);
    const { post } = through(proxy);
    const result = await post("https://hooks.example.com/", { timeout: durationMs(400), body: "secret body" });
    expect(failureOf(result)).toEqual({ failure: "proxy", message });
    expect(result).toMatchObject({ notBefore: expect.any(Number) });
    expect(proxy.requests.join("")).not.toContain("secret");
  });

  test.each([403, 404, 400, 451])("for %p is about the destination, and charged to it", async (status) => {
    const proxy = await startProxy(() => ({ say: `HTTP/1.1 ${status} No\r\n\r\n` }));
    const { post, sender } = through(proxy);
    expect(failureOf(await post("https://hooks.example.com/"))).toEqual({
      failure: "connect",
      message: `The egress proxy does not let us go to this host (${status}): have it allowed there.`,
    });
    expect(sender.outbound.holdOf?.("https://hooks.example.com/")).toBeUndefined();
  });

  test("for want of the right credentials says so, whoever asked", async () => {
    const proxy = await startProxy(withLogin(() => ({ say: "" })));
    const { post, sender, lines } = through(proxy, { ...PROXY_LOGIN, password: "wrong-s3cret" });
    const result = await post("https://hooks.example.com/");
    expect(failureOf(result)).toEqual({
      failure: "proxy",
      message: "The egress proxy does not accept outbound.proxyUser and its password (407).",
    });
    expect(sender.outbound.holdOf?.("https://other.example.com/")).toMatchObject({ until: expect.any(Number) });
    expect(JSON.stringify(result) + lines.join("")).not.toContain("wrong-s3cret");
  });

  test("for want of a way of signing in that we have says so", async () => {
    const proxy = await startProxy(() => ({ say: "HTTP/1.1 407 No\r\nProxy-Authenticate: NTLM\r\n\r\n" }));
    expect(failureOf(await through(proxy).post("https://hooks.example.com/"))).toMatchObject({
      message: "The egress proxy wants another way of signing in than Basic (407).",
    });
  });
});

describe("an outage of the proxy", () => {
  test("is told once, holds everything back, and is seen to be over by one request", async () => {
    const end = await endpoint("*.example.com");
    const proxy = await startProxy(() => ({ tunnelTo: end.port }));
    await proxy.shut();
    const { post, sender, lines, scrape } = through(proxy);
    const { outbound } = sender;
    const first = await Promise.all(["a", "b", "c"].map((name) => post(`https://${name}.example.com/`)));
    expect(new Set(first.map((result) => failureOf(result).message))).toEqual(
      new Set(["The egress proxy can't be reached: the connection was refused."]),
    );
    expect(outbound.proxy).toMatchObject({ place: `127.0.0.1:${proxy.port}`, outage: { message: expect.any(String) } });
    expect(await scrape()).toContain("hatch_outbound_proxy_up 0");
    await proxy.reopen();

    const hold = outbound.holdOf?.("https://d.example.com/");
    expect(hold?.until).toBeGreaterThan(systemClock.now());
    // Held back: nothing is even tried.
    expect(failureOf(await post("https://d.example.com/"))).toMatchObject({ failure: "proxy" });
    expect(proxy.connections).toBe(0);

    while ((outbound.holdOf?.("https://d.example.com/")?.until ?? 0) > systemClock.now()) await systemClock.sleep(20);
    expect(await post("https://d.example.com/")).toMatchObject({ kind: "answered", status: 200 });
    expect(outbound.proxy?.outage).toBeUndefined();
    expect(outbound.holdOf?.("https://a.example.com/")).toBeUndefined();
    expect(await scrape()).toContain("hatch_outbound_proxy_up 1");
    const told = lines.map((line) => JSON.parse(line)).map(({ level, message }) => [level, message]);
    expect(told).toEqual([
      ["warn", "the egress proxy does not answer"],
      ["info", "the egress proxy answers again"],
    ]);
  });
});

describe("through the proxy nobody gets further than before", () => {
  const REFUSED: readonly string[] = [
    "https://10.0.0.1/",
    "https://127.0.0.1/",
    "https://[::1]/",
    "https://localhost/",
    "https://169.254.169.254/latest/meta-data/",
    "https://[fd00:ec2::254]/",
    "https://[::ffff:169.254.169.254]/",
    "https://metadata.google.internal/",
    "https://metadata/",
    "https://db.internal/",
    "https://printer.local/",
    "https://intranet/",
    "https://api.default.svc.cluster.local/",
    "https://0x7f.1/",
    "https://2130706433/",
    "http://hooks.example.com/",
    "http://93.184.216.34/",
    "https://user:pass@hooks.example.com/",
    "https://hooks.example.com:22/",
  ];
  test.each(REFUSED)("%s", async (url) => {
    const proxy = await startProxy(() => ({ say: wire("200 OK") }));
    const { post, sender } = through(proxy);
    expect(failureOf(await post(url))).toMatchObject({ failure: "forbidden_address" });
    expect(await sender.outbound.vet(url, NOTHING_ALLOWED)).toMatchObject({ kind: "refused" });
    expect(proxy.connections).toBe(0);
  });

  test("the lists of hosts say where endpoints may lie", async () => {
    const end = await endpoint("*.example.com");
    const proxy = await startProxy(() => ({ tunnelTo: end.port }));
    const { post, sender } = through(proxy, {
      allowHosts: ["*.example.com", "db.internal"],
      denyHosts: ["b.example.com"],
    });
    expect(await post("https://a.example.com/")).toMatchObject({ kind: "answered" });
    expect(failureOf(await post("https://b.example.com/"))).toEqual({
      failure: "forbidden_address",
      message: "b.example.com is among the hosts of outbound.denyHosts.",
    });
    expect(failureOf(await post("https://example.com/"))).toMatchObject({
      message: "example.com is not among the hosts of outbound.allowHosts.",
    });
    expect(await sender.outbound.vet("https://db.internal/", NOTHING_ALLOWED)).toEqual({ kind: "allowed" });
    // They are for the hosts that customers name.
    const operators = { ...NOTHING_ALLOWED, namedByOperator: true };
    expect(await sender.outbound.vet("https://login.corp.internal/", operators)).toEqual({ kind: "allowed" });
  });

  test("what is reached without it is vetted by its addresses", async () => {
    const end = closed(await startOtherEnd({ onData: (socket) => socket.write(wire("200 OK")) }));
    const proxy = await startProxy(() => ({ say: wire("299 Trapped") }));
    const { post } = through(proxy, { bypass: ["*.inside.example", "10.0.0.0/8"] });
    const url = `http://hooks.inside.example:${end.port}/`;
    // The test's resolver says 127.0.0.1 to every name.
    expect(failureOf(await post(url))).toMatchObject({ failure: "forbidden_address" });
    expect(await post(url, { policy: { allowNetworks: [], allowLoopback: true } })).toMatchObject({ status: 200 });
    expect(
      await post(`http://127.0.0.1:${end.port}/`, { policy: { allowNetworks: [], allowLoopback: true } }),
    ).toMatchObject({ status: 200 });
    expect(proxy.connections).toBe(0);
  });
});
