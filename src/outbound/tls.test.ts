import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TlsOptions } from "node:tls";
import { type Certificates, createCertificates } from "../../tests/support/certificates.ts";
import { type OtherEnd, startOtherEnd, wire } from "../../tests/support/other-end.ts";
import { systemClock } from "../kernel/clock.ts";
import { durationMs } from "../kernel/units.ts";
import { createOutbound } from "./create-outbound.ts";
import type { OutboundResult } from "./outbound.ts";

const HANDSHAKE =
  "The TLS handshake failed. A receiver that asks for a client certificate gets it by `tls` of the subscription.";

let certificates: Certificates;
const ends: OtherEnd[] = [];
beforeAll(() => {
  certificates = createCertificates();
});
afterAll(() => certificates.remove());
afterEach(() => {
  for (const end of ends.splice(0)) end.close();
});

const serve = async (tls: TlsOptions): Promise<OtherEnd> => {
  const end = await startOtherEnd({ tls, onData: (socket) => socket.write(wire("200 OK", "ok")) });
  ends.push(end);
  return end;
};

const outboundWith = (caFile: string | undefined) =>
  createOutbound({ clock: systemClock, config: { outbound: { caFile } }, resolver: async () => ["127.0.0.1"] });

const sendTo = (
  url: string,
  caFile: string | undefined,
  { outbound = outboundWith(caFile), timeout = durationMs(5_000) } = {},
): Promise<OutboundResult> =>
  outbound.send({
    url,
    method: "POST",
    headers: {},
    body: "secret body",
    timeout,
    policy: { allowNetworks: [], allowLoopback: true },
  });

describe("a certificate", () => {
  test("of the company's own authority is accepted by outbound.caFile, and only by it", async () => {
    const end = await serve(certificates.issue("hooks.example.com"));
    const url = `https://hooks.example.com:${end.port}/`;
    const trusted = await sendTo(url, certificates.caFile);
    expect(trusted).toMatchObject({ kind: "answered", status: 200, address: "127.0.0.1" });
    expect(end.received.toLowerCase()).toContain(`host: hooks.example.com:${end.port}\r\n`);
    end.received = "";
    expect(await sendTo(url, undefined)).toMatchObject({
      kind: "failed",
      failure: "tls",
      message:
        "The certificate is signed by an unknown authority. Its authority can be given in outbound.caFile, or as `tls.ca` of a subscription.",
    });
    expect(end.received).toBe("");
  });

  test.each([
    ["is for another name", () => certificates.issue("other.example.com"), "The certificate is for another name."],
    ["is for the address only", () => certificates.issue("127.0.0.1"), "The certificate is for another name."],
    ["has expired", () => certificates.issue("hooks.example.com", "past"), "The certificate has expired."],
    ["is not valid yet", () => certificates.issue("hooks.example.com", "future"), "The certificate is not valid yet."],
    [
      "is for clients",
      () => certificates.issue("hooks.example.com", "now", "clients"),
      "The certificate is not one for servers.",
    ],
    ["is for too many names", () => certificates.issue("*.com"), "The certificate is for another name."],
    [
      "is self-signed",
      () => certificates.selfSigned("hooks.example.com"),
      "The certificate is self-signed. Its authority can be given in outbound.caFile, or as `tls.ca` of a subscription.",
    ],
  ])("that %s is refused, and the body stays here", async (_, make, message) => {
    const end = await serve(make());
    const result = await sendTo(`https://hooks.example.com:${end.port}/`, certificates.caFile);
    expect(result).toMatchObject({ kind: "failed", failure: "tls", message, address: "127.0.0.1" });
    expect(end.received).toBe("");
  });

  test("of an address is checked against the address", async () => {
    const named = await serve(certificates.issue("localhost"));
    expect(await sendTo(`https://127.0.0.1:${named.port}/`, certificates.caFile)).toMatchObject({ failure: "tls" });
    const numbered = await serve(certificates.issue("127.0.0.1"));
    expect(await sendTo(`https://127.0.0.1:${numbered.port}/`, certificates.caFile)).toMatchObject({ status: 200 });
  });

  test("accepted for one name opens no connection for another at the same address", async () => {
    const end = await serve(certificates.issue("hooks.example.com"));
    const outbound = outboundWith(certificates.caFile);
    const send = (host: string) => sendTo(`https://${host}:${end.port}/`, undefined, { outbound });
    expect(await send("hooks.example.com")).toMatchObject({ status: 200 });
    expect(await send("other.example.com")).toMatchObject({ failure: "tls" });
    expect(await send("hooks.example.com")).toMatchObject({ status: 200 });
    expect(end.connections).toBe(1);
  });
});

describe("a handshake", () => {
  test.each([
    ["in an old version", { maxVersion: "TLSv1.1", minVersion: "TLSv1" }],
    ["for HTTP/2 only", { ALPNProtocols: ["h2"] }],
    ["that demands a certificate of ours", { requestCert: true, rejectUnauthorized: true }],
  ] as const)("%s fails, and the body stays here", async (_, options) => {
    const end = await serve({ ...certificates.issue("hooks.example.com"), ...options });
    const result = await sendTo(`https://hooks.example.com:${end.port}/`, certificates.caFile);
    expect(result).toMatchObject({ kind: "failed", failure: "tls", message: HANDSHAKE });
    expect(end.received).toBe("");
  });

  const LONG_RECORD = Buffer.from([22, 3, 3, 0x3f, 0xff]);
  const ALERT = Buffer.from([21, 3, 3, 0, 2, 2, 40]);

  test.each([
    ["that never answers", undefined],
    ["that drips", LONG_RECORD],
  ])("%s ends with the time of the request", async (_, start) => {
    const end = await startOtherEnd({
      onData(socket) {
        if (start === undefined) return;
        socket.write(start);
        const drip = setInterval(() => socket.write("x"), 30);
        socket.on("close", () => clearInterval(drip));
      },
    });
    ends.push(end);
    const began = performance.now();
    const url = `https://hooks.example.com:${end.port}/`;
    const result = await sendTo(url, undefined, { timeout: durationMs(200) });
    expect(result).toMatchObject({ failure: "timeout", message: "0.2 s passed waiting for the answer." });
    await end.closed;
    expect(performance.now() - began).toBeLessThan(3_000);
  });

  test.each([
    ["an alert", ALERT, "tls"],
    ["a record of nothing", Buffer.alloc(2_000), "tls"],
    ["nothing", Buffer.alloc(0), "connect"],
  ])("that is answered with %s is a failure", async (_, bytes, failure) => {
    const end = await startOtherEnd({ onData: (socket) => socket.end(bytes) });
    ends.push(end);
    expect(await sendTo(`https://hooks.example.com:${end.port}/`, undefined)).toMatchObject({
      kind: "failed",
      failure,
    });
  });
});

test("https to a port that speaks something else fails as TLS, http to a TLS port as a closed connection", async () => {
  const plain = await startOtherEnd({ onData: (socket) => socket.end("SSH-2.0-OpenSSH\r\n") });
  ends.push(plain);
  expect(await sendTo(`https://hooks.example.com:${plain.port}/`, undefined)).toMatchObject({
    failure: "tls",
    message: HANDSHAKE,
  });
  const secure = await serve(certificates.issue("hooks.example.com"));
  expect(await sendTo(`http://hooks.example.com:${secure.port}/`, undefined)).toMatchObject({ failure: "connect" });
});

test("a caFile that can't be used stops the start with the setting's name", () => {
  expect(() => outboundWith("/nowhere/ca.pem")).toThrow("outbound.caFile can't be read.");
  const empty = join(certificates.directory, "empty.pem");
  writeFileSync(empty, "nothing");
  expect(() => outboundWith(empty)).toThrow("outbound.caFile holds no PEM certificate.");
});
