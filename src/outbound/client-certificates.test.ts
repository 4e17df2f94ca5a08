import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer, type TLSSocket } from "node:tls";
import { type Certificates, createCertificates, type Issued } from "../../tests/support/certificates.ts";
import { startConnectProxy } from "../../tests/support/connect-proxy.ts";
import { wire } from "../../tests/support/other-end.ts";
import { createSender } from "../../tests/support/sending.ts";
import { sha256Hex } from "../kernel/crypto.ts";
import { unixMs } from "../kernel/units.ts";
import type { OutboundResult, ReceiverTls } from "./outbound.ts";

/** Of the receivers' company, and another that nobody asked for. */
let company: Certificates;
let stranger: Certificates;
beforeAll(() => {
  company = createCertificates();
  stranger = createCertificates("Another test authority");
});
afterAll(() => {
  company.remove();
  stranger.remove();
});

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

const HOST = "hooks.example.com";
const authority = (of: Certificates): string => readFileSync(of.caFile, "utf8");
const serial = (own: Issued): string => new X509Certificate(own.cert).serialNumber;

function tlsOf(own: Issued | undefined, authorities: string | undefined): ReceiverTls {
  const endsAt = own && unixMs(new X509Certificate(own.cert).validToDate.getTime());
  const key = sha256Hex(`${own?.key} ${own?.cert} ${authorities}`);
  return { key, certificate: own?.cert, privateKey: own?.key, authorities, endsAt };
}

/** A server that demands a certificate of the company's; it notes whose came with each request. */
async function startDemanding(own: Issued = company.issue(HOST)) {
  const shown: string[] = [];
  const demands = { ca: authority(company), requestCert: true, rejectUnauthorized: true };
  const server = createServer({ ...own, ...demands }, (socket: TLSSocket) => {
    socket.on("error", () => {});
    let request = "";
    socket.on("data", (data) => {
      request += data.toString("latin1");
      if (!request.endsWith("{}")) return;
      request = "";
      shown.push(socket.getPeerCertificate().serialNumber);
      socket.write(wire("200 OK"));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => server.close());
  const address = server.address();
  return { shown, port: typeof address === "object" && address ? address.port : 0 };
}

type Caller = (tls?: ReceiverTls) => Promise<OutboundResult>;

type Way = "straight" | "through the egress proxy";

async function callerOf(way: Way, port: number, caFile = company.caFile): Promise<Caller> {
  const policy = { allowNetworks: [], allowLoopback: true };
  if (way === "straight") {
    const sender = createSender(caFile);
    closing.push(() => sender.close());
    return (tls) => sender.send({ port }, { url: `https://${HOST}:${port}/`, body: "{}", policy, tls });
  }
  const proxy = await startConnectProxy(() => ({ tunnelTo: port }));
  const setting = { scheme: "http", host: "127.0.0.1", port: proxy.port, user: undefined, bypass: [] } as const;
  const sender = createSender(caFile, { settings: { proxy: setting } });
  closing.push(() => {
    sender.close();
    proxy.close();
  });
  return (tls) => sender.send({ port }, { url: `https://${HOST}:${port}/`, body: "{}", policy, tls });
}

const messageOf = (result: OutboundResult): string =>
  result.kind === "answered" ? `answered ${result.status}` : result.message;

describe.each<Way>(["straight", "through the egress proxy"])("%s", (way) => {
  test("each identity has connections of its own, however often they take turns", async () => {
    const { port, shown } = await startDemanding();
    const call = await callerOf(way, port);
    const [ada, bob] = [company.issue("ada", "now", "clients"), company.issue("bob", "now", "clients")];
    const turns = [ada, bob, ada, ada, bob, ada, bob, bob];
    for (const own of turns) expect(messageOf(await call(tlsOf(own, undefined)))).toBe("answered 200");
    expect(shown).toEqual(turns.map(serial));

    shown.length = 0;
    const crowd = Array.from({ length: 20 }, (_, at) => (at % 2 === 0 ? ada : bob));
    await Promise.all(crowd.map((own) => call(tlsOf(own, undefined))));
    expect(shown.toSorted()).toEqual(crowd.map(serial).toSorted());
    // Who has none gets nowhere, also while connections of others are kept.
    expect(messageOf(await call())).toBe(
      "The TLS handshake failed. A receiver that asks for a client certificate gets it by `tls` of the subscription.",
    );
  });

  test("a certificate that the receiver does not accept is told as such, an expired one too", async () => {
    const { port, shown } = await startDemanding();
    const call = await callerOf(way, port);
    const wrong = messageOf(await call(tlsOf(stranger.issue("eve", "now", "clients"), undefined)));
    expect(wrong).toEndWith("The receiver may not accept the client certificate of the subscription.");
    const expired = messageOf(await call(tlsOf(company.issue("old", "past", "clients"), undefined)));
    expect(expired).toMatch(
      /The client certificate of the subscription ended on \d{4}-\d\d-\d\d: give a renewed one\.$/,
    );
    expect(shown).toEqual([]);
  });

  test("an authority of one's own is believed by who named it, and by nobody else", async () => {
    const { port } = await startDemanding(stranger.issue(HOST));
    const call = await callerOf(way, port);
    const own = company.issue("ada", "now", "clients");
    expect(messageOf(await call(tlsOf(own, authority(stranger))))).toBe("answered 200");
    expect(messageOf(await call(tlsOf(own, undefined)))).toBe(
      "The certificate is signed by an unknown authority. Its authority can be given in outbound.caFile, or as `tls.ca` of a subscription.",
    );
    // Who named another believes that one only: neither the public ones nor outbound.caFile.
    const companys = await startDemanding();
    const callCompany = await callerOf(way, companys.port);
    expect(messageOf(await callCompany(tlsOf(own, authority(stranger))))).toBe(
      "The certificate is signed by an unknown authority. It has to be signed by an authority in `tls.ca` of the subscription.",
    );
    expect(messageOf(await callCompany(tlsOf(own, undefined)))).toBe("answered 200");
  });

  test("an authority of one's own does not vouch for another name, nor beyond the end", async () => {
    for (const [own, message] of [
      [stranger.issue("other.example.com"), "The certificate is for another name."],
      [stranger.issue(HOST, "past"), "The certificate has expired."],
    ] as const) {
      const { port, shown } = await startDemanding(own);
      const call = await callerOf(way, port);
      expect(messageOf(await call(tlsOf(company.issue("ada", "now", "clients"), authority(stranger))))).toBe(message);
      expect(shown).toEqual([]);
    }
  });
});
