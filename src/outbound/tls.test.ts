import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Certificates, createCertificates } from "../../tests/support/certificates.ts";
import { type OtherEnd, startOtherEnd, wire } from "../../tests/support/other-end.ts";
import { systemClock } from "../kernel/clock.ts";
import { durationMs } from "../kernel/units.ts";
import { createOutbound } from "./create-outbound.ts";
import type { OutboundResult } from "./outbound.ts";

let certificates: Certificates;
const ends: OtherEnd[] = [];
beforeAll(() => {
  certificates = createCertificates();
});
afterAll(() => certificates.remove());
afterEach(() => {
  for (const end of ends.splice(0)) end.close();
});

const serve = async (tls: { readonly key: string; readonly cert: string }): Promise<OtherEnd> => {
  const end = await startOtherEnd({ tls, onData: (socket) => socket.write(wire("200 OK", "ok")) });
  ends.push(end);
  return end;
};

const outboundWith = (caFile: string | undefined) =>
  createOutbound({ clock: systemClock, config: { outbound: { caFile } }, resolver: async () => ["127.0.0.1"] });

const sendTo = (url: string, caFile: string | undefined, outbound = outboundWith(caFile)): Promise<OutboundResult> =>
  outbound.send({
    url,
    method: "POST",
    headers: {},
    body: "secret body",
    timeout: durationMs(5_000),
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
      message: "The certificate is signed by an unknown authority.",
    });
    expect(end.received).toBe("");
  });

  test.each([
    ["is for another name", () => certificates.issue("other.example.com"), "The certificate is for another name."],
    ["is for the address only", () => certificates.issue("127.0.0.1"), "The certificate is for another name."],
    ["has expired", () => certificates.issue("hooks.example.com", "past"), "The certificate has expired."],
    ["is self-signed", () => certificates.selfSigned("hooks.example.com"), "The certificate is self-signed."],
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
    const send = (host: string) => sendTo(`https://${host}:${end.port}/`, undefined, outbound);
    expect(await send("hooks.example.com")).toMatchObject({ status: 200 });
    expect(await send("other.example.com")).toMatchObject({ failure: "tls" });
    expect(await send("hooks.example.com")).toMatchObject({ status: 200 });
    expect(end.connections).toBe(1);
  });
});

test("https to a port that speaks something else fails as TLS, http to a TLS port as a closed connection", async () => {
  const plain = await startOtherEnd({ onData: (socket) => socket.end("SSH-2.0-OpenSSH\r\n") });
  ends.push(plain);
  expect(await sendTo(`https://hooks.example.com:${plain.port}/`, undefined)).toMatchObject({
    failure: "tls",
    message: "The TLS handshake failed.",
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
