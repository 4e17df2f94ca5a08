import { afterEach, describe, expect, test } from "bun:test";
import { gzipSync } from "node:zlib";
import { FakeClock } from "../../tests/support/clock.ts";
import { FORBIDDEN_ENDPOINTS } from "../../tests/support/forbidden-endpoints.ts";
import { type OtherEnd, startOtherEnd, wire } from "../../tests/support/other-end.ts";
import { systemClock } from "../kernel/clock.ts";
import { durationMs } from "../kernel/units.ts";
import { createOutbound } from "./create-outbound.ts";
import type { AddressPolicy, OutboundRequest, OutboundResult } from "./outbound.ts";

const NOTHING_ALLOWED: AddressPolicy = { allowNetworks: [], allowLoopback: false };
const LOOPBACK: AddressPolicy = { allowNetworks: [], allowLoopback: true };

const ends: OtherEnd[] = [];
const start = async (...options: Parameters<typeof startOtherEnd>): Promise<OtherEnd> => {
  const end = await startOtherEnd(...options);
  ends.push(end);
  return end;
};
afterEach(() => {
  for (const end of ends.splice(0)) end.close();
});

/** Names are looked up in this table; those that it lacks do not exist. */
const outboundWith = (names: Record<string, readonly string[]> = {}) =>
  createOutbound({
    clock: systemClock,
    config: { outbound: { caFile: undefined } },
    resolver: async (name) => {
      const found = names[name];
      if (!found) throw Object.assign(new Error("no such name"), { code: "ENOTFOUND" });
      return found;
    },
  });

const request = (url: string, overrides: Partial<OutboundRequest> = {}): OutboundRequest => ({
  url,
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body: `{"id":"evt_1"}`,
  timeout: durationMs(5_000),
  policy: LOOPBACK,
  ...overrides,
});

const answered = (result: OutboundResult) => {
  if (result.kind !== "answered") throw new Error(`not answered: ${result.failure}: ${result.message}`);
  return result;
};
const failed = (result: OutboundResult) => {
  if (result.kind !== "failed") throw new Error(`answered with ${result.status}`);
  return result;
};
const textOf = (result: OutboundResult) => new TextDecoder().decode(answered(result).body);

describe("a forbidden endpoint", () => {
  test.each(FORBIDDEN_ENDPOINTS)("is refused when it is set and when it is sent to: $what", async ({ url }) => {
    const outbound = outboundWith({ "hooks.example.com": ["8.8.8.8"] });
    expect(await outbound.vet(url, NOTHING_ALLOWED)).toMatchObject({
      kind: "refused",
      details: [{ path: "endpoint", message: expect.stringMatching(/\.$/) }],
    });
    const result = failed(await outbound.send(request(url, { policy: NOTHING_ALLOWED })));
    expect(result).toMatchObject({ failure: "forbidden_address", address: undefined });
  });
});

describe("a name", () => {
  test.each([
    ["loopback", ["127.0.0.1"]],
    ["loopback in IPv6", ["::1"]],
    ["a private address behind a public one", ["8.8.8.8", "10.0.0.1"]],
    ["a private address before a public one", ["10.0.0.1", "8.8.8.8"]],
    ["metadata among IPv6 addresses", ["2606:4700::1111", "169.254.169.254"]],
    ["a mapped address", ["::ffff:127.0.0.1"]],
    ["an address with a zone", ["fe80::1%eth0"]],
    ["no address at all but text", ["localhost"]],
  ])("that resolves to %s is refused, and the address is not given away", async (_, addresses) => {
    const outbound = outboundWith({ "hooks.example.com": addresses });
    const verdict = await outbound.vet("https://hooks.example.com/", NOTHING_ALLOWED);
    expect(verdict).toMatchObject({ kind: "refused" });
    expect(JSON.stringify(verdict)).not.toContain(addresses[0]!);
  });

  test("that resolves to public addresses only is allowed", async () => {
    const outbound = outboundWith({ "hooks.example.com": ["8.8.8.8", "2606:4700::1111"] });
    expect(await outbound.vet("https://hooks.example.com/", NOTHING_ALLOWED)).toEqual({ kind: "allowed" });
    expect(await outbound.vet("http://hooks.example.com/", LOOPBACK)).toMatchObject({ kind: "refused" });
  });

  test("that does not resolve is accepted with a warning, and fails when it is sent to", async () => {
    const outbound = outboundWith();
    expect(await outbound.vet("https://hooks.example.com/", NOTHING_ALLOWED)).toMatchObject({
      kind: "unresolved",
      warning: expect.stringContaining("does not resolve"),
    });
    expect(await outbound.vet("http://hooks.example.com/", NOTHING_ALLOWED)).toMatchObject({ kind: "refused" });
    const result = failed(await outbound.send(request("https://hooks.example.com/", { policy: NOTHING_ALLOWED })));
    expect(result).toMatchObject({ failure: "dns", message: "The name does not resolve.", address: undefined });
  });

  test("that the machine itself can't resolve is a DNS failure too", async () => {
    const outbound = createOutbound({ clock: systemClock, config: { outbound: { caFile: undefined } } });
    const url = "https://no-such-host.invalid/";
    expect(await outbound.vet(url, NOTHING_ALLOWED)).toMatchObject({ kind: "unresolved" });
    expect(await outbound.send(request(url))).toMatchObject({ kind: "failed", failure: "dns" });
  });

  test("below localhost is this machine whatever a name server says", async () => {
    const trap = await start({});
    const outbound = outboundWith({ localhost: ["8.8.8.8"], "a.localhost": ["8.8.8.8"] });
    for (const host of ["localhost", "a.localhost"]) {
      expect(await outbound.vet(`https://${host}/`, NOTHING_ALLOWED)).toMatchObject({ kind: "refused" });
      expect(await outbound.vet(`http://${host}/`, LOOPBACK)).toEqual({ kind: "allowed" });
      const onlyIpv4 = { allowNetworks: ["127.0.0.0/8"], allowLoopback: false };
      expect(await outbound.vet(`http://${host}/`, onlyIpv4)).toEqual({ kind: "allowed" });
      await outbound.send(request(`http://${host}:${trap.port}/`, { policy: NOTHING_ALLOWED }));
    }
    expect(trap.connections).toBe(0);
  });

  test("that has come to mean a forbidden address since it was set is not connected to", async () => {
    const trap = await start({ onData: (socket) => socket.end(wire("200 OK")) });
    const names: Record<string, readonly string[]> = { "hooks.example.com": ["8.8.8.8"] };
    expect(await outboundWith(names).vet(`https://hooks.example.com:${trap.port}/`, NOTHING_ALLOWED)).toEqual({
      kind: "allowed",
    });
    names["hooks.example.com"] = ["127.0.0.1"];
    for (const scheme of ["https", "http"]) {
      const url = `${scheme}://hooks.example.com:${trap.port}/`;
      const result = failed(await outboundWith(names).send(request(url, { policy: NOTHING_ALLOWED })));
      expect(result).toMatchObject({ failure: "forbidden_address", address: undefined });
    }
    expect(trap.connections).toBe(0);
  });

  test("is refused though a connection is kept, once it means a forbidden address as well", async () => {
    const end = await start({ onData: (socket) => socket.write(wire("200 OK")) });
    const clock = new FakeClock();
    let addresses = ["127.0.0.1"];
    const resolver = async () => addresses;
    const outbound = createOutbound({ clock, config: { outbound: { caFile: undefined } }, resolver });
    const policy: AddressPolicy = { allowNetworks: ["127.0.0.1"], allowLoopback: false };
    const send = () => outbound.send(request(`http://hooks.example.com:${end.port}/`, { policy }));
    expect(answered(await send()).status).toBe(200);
    const { received } = end;
    for (addresses of [["127.0.0.1", "10.0.0.1"], ["8.8.8.8", "127.0.0.1"], ["169.254.169.254"]]) {
      await clock.advance(5_000);
      expect(failed(await send())).toMatchObject({ failure: "forbidden_address", address: undefined });
    }
    expect({ received: end.received, connections: end.connections }).toEqual({ received, connections: 1 });
  });

  test("is not looked up again between vetting and connecting", async () => {
    const end = await start({ onData: (socket) => socket.write(wire("200 OK")) });
    const answers = [["127.0.0.1"], ["127.0.0.2"], ["10.0.0.1"]];
    let asked = 0;
    const outbound = createOutbound({
      clock: systemClock,
      config: { outbound: { caFile: undefined } },
      resolver: async () => answers[asked++] ?? [],
    });
    const result = await outbound.send(request(`http://hooks.example.com:${end.port}/`));
    expect(answered(result).address).toBe("127.0.0.1");
    expect({ asked, connections: end.connections }).toEqual({ asked: 1, connections: 1 });
  });

  test("whose first address refuses the connection is tried at the next", async () => {
    const end = await start({ onData: (socket) => socket.write(wire("200 OK")) });
    const outbound = outboundWith({ "hooks.example.com": ["127.0.0.9", "127.0.0.1"] });
    const result = await outbound.send(request(`http://hooks.example.com:${end.port}/`));
    expect(answered(result)).toMatchObject({ status: 200, address: "127.0.0.1" });
    expect(end.connections).toBe(1);
  });

  test("with far too many addresses is not tried at all", async () => {
    const outbound = outboundWith({ "hooks.example.com": Array.from({ length: 65 }, () => "127.0.0.1") });
    expect(await outbound.send(request("http://hooks.example.com:8080/"))).toMatchObject({ failure: "dns" });
  });

  test("is remembered for seconds, and forgotten when it fails", async () => {
    const end = await start({ onData: (socket) => socket.write(wire("200 OK")) });
    let asked = 0;
    const outbound = createOutbound({
      clock: systemClock,
      config: { outbound: { caFile: undefined } },
      resolver: async () => {
        asked += 1;
        return ["127.0.0.1"];
      },
    });
    const send = () => outbound.send(request(`http://hooks.example.com:${end.port}/`));
    await Promise.all([send(), send()]);
    await send();
    expect(asked).toBe(1);
    end.close();
    await send();
    await send();
    expect(asked).toBeGreaterThan(1);
  });

  test("whose server does not answer ends with the time of the request", async () => {
    const outbound = createOutbound({
      clock: systemClock,
      config: { outbound: { caFile: undefined } },
      resolver: () => new Promise(() => {}),
    });
    const result = await outbound.send(request("https://hooks.example.com/", { timeout: durationMs(80) }));
    expect(failed(result)).toMatchObject({ failure: "timeout", message: "0.1 s passed looking up the name." });
  });
});

describe("a request", () => {
  test("carries the body's bytes, the name in Host, and nothing that the caller may not set", async () => {
    const end = await start({ onData: (socket) => socket.write(wire("200 OK")) });
    const outbound = outboundWith({ "hooks.example.com": ["127.0.0.1"] });
    const result = await outbound.send(
      request(`http://hooks.example.com:${end.port}/a/b?c=d`, {
        body: `{"name":"Zoë","n":1}`,
        headers: {
          "X-Hatch-Event": "points.earned",
          host: "other.example",
          HOST: "third.example",
          "content-length": "3",
          "Transfer-Encoding": "chunked",
          Connection: "close",
          "accept-encoding": "gzip",
          "Proxy-Authorization": "Basic x",
        },
      }),
    );
    expect(answered(result).status).toBe(200);
    const [head, body] = end.received.split("\r\n\r\n");
    const lines = head!.toLowerCase().split("\r\n");
    expect(lines[0]).toBe("post /a/b?c=d http/1.1");
    expect(lines.filter((line) => line.startsWith("host:"))).toEqual([`host: hooks.example.com:${end.port}`]);
    expect(lines).toContain("x-hatch-event: points.earned");
    expect(lines).toContain("accept-encoding: identity");
    expect(lines).toContain("user-agent: hatch");
    expect(lines).toContain(`content-length: ${Buffer.byteLength(`{"name":"Zoë","n":1}`)}`);
    expect(head).not.toMatch(/transfer-encoding|proxy-authorization|other\.example|third\.example|connection: close/i);
    expect(Buffer.from(body!, "latin1").toString("utf8")).toBe(`{"name":"Zoë","n":1}`);
  });

  test("can't smuggle a second one through a header", async () => {
    const end = await start({ onData: (socket) => socket.write(wire("200 OK")) });
    const headers = { "X-Custom": "a\r\nHost: evil.example\r\n\r\nGET /admin HTTP/1.1" };
    const result = await outboundWith().send(request(`http://127.0.0.1:${end.port}/`, { headers }));
    expect(failed(result)).toMatchObject({ failure: "protocol", message: "The request can't be written as HTTP." });
    expect(end.connections).toBe(0);
  });

  test("as GET has no body", async () => {
    const end = await start({ onData: (socket) => socket.write(wire("200 OK")) });
    await outboundWith().send(request(`http://127.0.0.1:${end.port}/`, { method: "GET", body: "unsent" }));
    expect(end.received).toStartWith("GET / HTTP/1.1\r\n");
    expect(end.received).not.toContain("unsent");
  });

  test("keeps its connection for the next one", async () => {
    const end = await start({ onData: (socket) => socket.write(wire("200 OK", "ok")) });
    const outbound = outboundWith();
    for (let turn = 0; turn < 5; turn++) {
      expect(textOf(await outbound.send(request(`http://127.0.0.1:${end.port}/`)))).toBe("ok");
    }
    expect(end.connections).toBe(1);
  });

  test("on a kept connection that the other end closes meanwhile is sent once more on a fresh one", async () => {
    const requests: number[] = [];
    const end = await start({
      onData: (socket, connection) => {
        requests.push(connection);
        if (requests.length === 2) socket.destroy();
        else socket.write(wire("200 OK"));
      },
    });
    const outbound = outboundWith();
    const send = () => outbound.send(request(`http://127.0.0.1:${end.port}/`));
    expect(answered(await send()).status).toBe(200);
    expect(answered(await send()).status).toBe(200);
    expect(requests).toEqual([1, 1, 2]);
  });

  test("on a fresh connection that is closed without an answer is not repeated", async () => {
    const end = await start({ onData: (socket) => socket.destroy() });
    const result = failed(await outboundWith().send(request(`http://127.0.0.1:${end.port}/`)));
    expect(result).toMatchObject({ failure: "connect", address: "127.0.0.1" });
    expect(result.message).toBe("The connection was closed before an answer came.");
    expect(end.connections).toBe(1);
  });

  test("that finds nobody listening says so", async () => {
    const end = await start({});
    end.close();
    const result = failed(await outboundWith().send(request(`http://127.0.0.1:${end.port}/`)));
    expect(result).toMatchObject({ failure: "connect", message: "The connection was refused." });
  });

  test("that is never answered ends in time and closes its connection", async () => {
    const end = await start({});
    const result = await outboundWith().send(request(`http://127.0.0.1:${end.port}/`, { timeout: durationMs(150) }));
    expect(failed(result)).toMatchObject({ failure: "timeout", address: "127.0.0.1" });
    expect(result.timings.firstByte).toBeWithin(100, 1_000);
    await end.closed;
  });

  test("whose headers drip for ever ends in time", async () => {
    const end = await start({
      onData: (socket) => {
        socket.write("HTTP/1.1 200 OK\r\n");
        const drip = setInterval(() => socket.write("X-More: yes\r\n"), 20);
        socket.on("close", () => clearInterval(drip));
      },
    });
    const result = await outboundWith().send(request(`http://127.0.0.1:${end.port}/`, { timeout: durationMs(200) }));
    expect(failed(result).failure).toBe("timeout");
    await end.closed;
  });

  test("is given up when whoever asked for it gives up", async () => {
    const end = await start({});
    const controller = new AbortController();
    const sending = outboundWith().send(request(`http://127.0.0.1:${end.port}/`), controller.signal);
    setTimeout(() => controller.abort(), 50);
    expect(failed(await sending)).toMatchObject({ failure: "aborted", message: "The request was given up." });
    await end.closed;
  });

  test("that was given up before it began makes no connection", async () => {
    const end = await start({});
    const result = await outboundWith().send(request(`http://127.0.0.1:${end.port}/`), AbortSignal.abort());
    expect(failed(result).failure).toBe("aborted");
    expect(end.connections).toBe(0);
  });

  test("waits its turn, its time-out not running, where more are under way than fetch can take", async () => {
    let open = 0;
    let most = 0;
    const server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      async fetch() {
        most = Math.max(most, ++open);
        await Bun.sleep(100);
        open -= 1;
        return new Response("ok");
      },
    });
    const outbound = outboundWith();
    const results = await Promise.all(
      Array.from({ length: 600 }, () => outbound.send(request(`http://127.0.0.1:${server.port}/`))),
    );
    await server.stop(true);
    expect(results.filter(({ kind }) => kind === "answered")).toHaveLength(600);
    expect(most).toBeLessThanOrEqual(240);
    expect(most).toBeGreaterThan(100);
  });
});

describe("an answer", () => {
  const sendTo = (end: OtherEnd, overrides: Partial<OutboundRequest> = {}) =>
    outboundWith().send(request(`http://127.0.0.1:${end.port}/`, overrides));

  test("comes back with status, headers, body, times and address", async () => {
    const end = await start({ onData: (socket) => socket.write(wire("202 Accepted", "thanks", "X-Id: 7\r\n")) });
    const result = answered(await sendTo(end));
    expect(result).toMatchObject({ status: 202, headers: { "x-id": "7" }, address: "127.0.0.1" });
    expect(textOf(result)).toBe("thanks");
    expect(result.timings.firstByte).toBeGreaterThan(0);
  });

  test("without an end is cut at 16 KiB and its connection closed", async () => {
    const end = await start({
      onData: (socket) => {
        socket.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        const chunk = `1000\r\n${"a".repeat(4_096)}\r\n`;
        const flood = setInterval(() => socket.write(chunk), 1);
        socket.on("close", () => clearInterval(flood));
      },
    });
    const result = answered(await sendTo(end));
    expect(result.body).toHaveLength(16 * 1_024);
    await end.closed;
  });

  test("that announces gigabytes is cut at 16 KiB", async () => {
    const end = await start({
      onData: (socket) => socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 9999999999\r\n\r\n${"b".repeat(50_000)}`),
    });
    expect(answered(await sendTo(end)).body).toHaveLength(16 * 1_024);
    await end.closed;
  });

  test("that drips is read for a second, counts as answered, and keeps what has come", async () => {
    const end = await start({
      onData: (socket) => {
        socket.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        const drip = setInterval(() => socket.write("1\r\nz\r\n"), 50);
        socket.on("close", () => clearInterval(drip));
      },
    });
    const result = answered(await sendTo(end, { timeout: durationMs(300) }));
    expect(result.status).toBe(200);
    expect(textOf(result)).toMatch(/^z{5,40}$/);
    expect(result.timings.body).toBeWithin(900, 2_000);
    await end.closed;
  });

  test("whose short body stalls counts as answered", async () => {
    const end = await start({ onData: (socket) => socket.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nab") });
    expect(answered(await sendTo(end)).status).toBe(200);
    await end.closed;
  });

  test("whose body breaks off counts as answered", async () => {
    const end = await start({ onData: (socket) => socket.end("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nab") });
    expect(answered(await sendTo(end)).status).toBe(200);
  });

  test("that is compressed is not inflated", async () => {
    const bomb = gzipSync(Buffer.alloc(50 * 1_024 * 1_024));
    const server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: () => new Response(bomb, { headers: { "Content-Encoding": "gzip" } }),
    });
    const result = answered(await outboundWith().send(request(`http://127.0.0.1:${server.port}/`)));
    await server.stop(true);
    expect(result.body).toEqual(new Uint8Array(bomb.subarray(0, 16 * 1_024)));
  });

  test("with huge headers is cut or refused", async () => {
    const big = await start({
      onData: (socket) => socket.write(wire("200 OK", "", `X-Big: ${"h".repeat(100_000)}\r\n`)),
    });
    expect(answered(await sendTo(big)).headers["x-big"]).toHaveLength(1_024);
    const huge = await start({
      onData: (socket) => socket.write(wire("200 OK", "", `X-Big: ${"h".repeat(3_000_000)}\r\n`)),
    });
    expect(failed(await sendTo(huge))).toMatchObject({
      failure: "protocol",
      message: "The headers of the answer are too large.",
    });
    const many = await start({
      onData: (socket) =>
        socket.write(wire("200 OK", "", Array.from({ length: 200 }, (_, n) => `X-${n}: 1\r\n`).join(""))),
    });
    const result = await sendTo(many);
    if (result.kind === "answered") expect(Object.keys(result.headers).length).toBeLessThanOrEqual(100);
    else expect(result.failure).toBe("protocol");
  });

  test("of 204 and interim answers before the real one are understood", async () => {
    const end = await start({
      onData: (socket) => socket.write("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"),
    });
    expect(answered(await sendTo(end))).toMatchObject({ status: 204, body: new Uint8Array(0) });
  });
});
