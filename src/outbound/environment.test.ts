import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { type Certificates, createCertificates } from "../../tests/support/certificates.ts";
import { startConnectProxy } from "../../tests/support/connect-proxy.ts";
import { startOtherEnd, wire } from "../../tests/support/other-end.ts";

/** What a process with this environment gets from one send; the real process, for fetch reads these when it starts. */
async function sendIn(
  environment: Record<string, string>,
  url: string,
  caFile?: string,
  proxyPort?: number,
): Promise<{ readonly result: unknown; readonly output: string }> {
  const source = `
    import { createOutbound } from ${JSON.stringify(join(import.meta.dir, "create-outbound.ts"))};
    import { systemClock } from ${JSON.stringify(join(import.meta.dir, "../kernel/clock.ts"))};
    const proxy = { scheme: "http", host: "127.0.0.1", port: ${proxyPort ?? 0}, user: undefined, bypass: [] };
    const config = { outbound: { caFile: ${JSON.stringify(caFile)}${proxyPort === undefined ? "" : ", proxy"} } };
    const outbound = createOutbound({ clock: systemClock, config, resolver: async () => ["127.0.0.1"] });
    const policy = { allowNetworks: [], allowLoopback: true };
    const headers = { "X-Hatch-Signature": "sha256=feedface" };
    const request = { url: ${JSON.stringify(url)}, method: "POST", headers, body: "{}", timeout: 5000, policy };
    const { kind, status, failure } = await outbound.send(request);
    process.stdout.write("RESULT" + JSON.stringify({ kind, status, failure }));`;
  const child = Bun.spawn([process.execPath, "-e", source], {
    env: { PATH: process.env.PATH ?? "", HOME: process.env.HOME ?? "", ...environment },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  await child.exited;
  const at = stdout.indexOf("RESULT");
  if (at < 0) throw new Error(`no result: ${stderr}`);
  return { result: JSON.parse(stdout.slice(at + 6)), output: stdout.slice(0, at) + stderr };
}

describe("the environment of the process", () => {
  let certificates: Certificates;
  beforeAll(() => {
    certificates = createCertificates();
  });
  afterAll(() => certificates.remove());

  test.each(["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])(
    "can't put a proxy between us and the endpoint: %s",
    async (name) => {
      const proxy = await startOtherEnd({ onData: (socket) => socket.end(wire("299 Trapped")) });
      const answer = { onData: (socket: { write(text: string): void }) => socket.write(wire("200 OK")) };
      const plain = await startOtherEnd(answer);
      const secure = await startOtherEnd({ ...answer, tls: certificates.issue("hooks.example.com") });
      const environment = { [name]: `http://127.0.0.1:${proxy.port}` };
      const overHttp = await sendIn(environment, `http://hooks.example.com:${plain.port}/`);
      const overHttps = await sendIn(environment, `https://hooks.example.com:${secure.port}/`, certificates.caFile);
      for (const end of [proxy, plain, secure]) end.close();
      expect(overHttp.result).toEqual({ kind: "answered", status: 200 });
      expect(overHttps.result).toEqual({ kind: "answered", status: 200 });
      expect(proxy.connections).toBe(0);
    },
  );

  test.each(["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "NO_PROXY", "no_proxy"])(
    "can't turn anybody away from the proxy of the settings: %s",
    async (name) => {
      const trap = await startOtherEnd({ onData: (socket) => socket.end(wire("299 Trapped")) });
      const secure = await startOtherEnd({
        tls: certificates.issue("hooks.example.com"),
        onData: (socket) => socket.write(wire("200 OK")),
      });
      const ours = await startConnectProxy(() => ({ tunnelTo: secure.port }));
      const isList = name.toLowerCase() === "no_proxy";
      const environment = { [name]: isList ? "*" : `http://127.0.0.1:${trap.port}` };
      const { result } = await sendIn(environment, "https://hooks.example.com/", certificates.caFile, ours.port);
      for (const end of [trap, secure, ours]) end.close();
      expect(result).toEqual({ kind: "answered", status: 200 });
      expect(ours.destinations).toEqual(["hooks.example.com:443"]);
      expect(trap.connections).toBe(0);
    },
  );

  test("would lead a bare fetch to the proxy: the trap works", async () => {
    const proxy = await startOtherEnd({ onData: (socket) => socket.end(wire("299 Trapped")) });
    const source = `process.stdout.write(String((await fetch("http://127.0.0.1:9/")).status))`;
    const child = Bun.spawn([process.execPath, "-e", source], {
      env: { PATH: process.env.PATH ?? "", HTTP_PROXY: `http://127.0.0.1:${proxy.port}` },
      stdout: "pipe",
    });
    expect(await new Response(child.stdout).text()).toBe("299");
    proxy.close();
    expect(proxy.connections).toBe(1);
  });

  test("can't switch the check of certificates off", async () => {
    const end = await startOtherEnd({ tls: certificates.selfSigned("hooks.example.com") });
    const url = `https://hooks.example.com:${end.port}/`;
    const { result } = await sendIn({ NODE_TLS_REJECT_UNAUTHORIZED: "0" }, url);
    end.close();
    expect(result).toEqual({ kind: "failed", failure: "tls" });
    expect(end.received).toBe("");
  });

  test("can't have signatures printed", async () => {
    const end = await startOtherEnd({ onData: (socket) => socket.write(wire("200 OK")) });
    const url = `http://hooks.example.com:${end.port}/`;
    const { result, output } = await sendIn({ BUN_CONFIG_VERBOSE_FETCH: "curl" }, url);
    end.close();
    expect(result).toEqual({ kind: "answered", status: 200 });
    expect(output).not.toContain("feedface");
  });
});
