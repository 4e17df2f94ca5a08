import { generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Issued {
  /** PEM. */
  readonly key: string;
  readonly cert: string;
}

/** An authority of a test's own, made here: no tool of the machine is needed. */
export interface Certificates {
  readonly directory: string;
  /** The authority's certificate, for `outbound.caFile`. */
  readonly caFile: string;
  /** A server's key and certificate, signed by the authority; `hooks.example.com` or `127.0.0.1`. */
  issue(host: string, validity?: "now" | "past" | "future", purpose?: "any" | "clients", days?: number): Issued;
  selfSigned(host: string): Issued;
  remove(): void;
}

const DAY_MS = 86_400_000;

/** @param called one authority is known from another by its name */
export function createCertificates(called = "Hatch test authority"): Certificates {
  const directory = mkdtempSync(join(tmpdir(), "hatch-certificates-"));
  const authority = keyPair();
  const caFile = join(directory, "ca.pem");
  const authorityName = name(called);
  const isAuthority = extension("551d13", sequence(Buffer.from("0101ff", "hex")), true);
  writeFileSync(
    caFile,
    certificate({
      issuer: authorityName,
      signer: authority.privateKey,
      subject: authorityName,
      key: authority.publicKey,
      extensions: [isAuthority],
    }),
  );
  return {
    directory,
    caFile,
    issue(host, validity = "now", purpose = "any", days = 1) {
      const pair = keyPair();
      const shift = { past: -30, now: 0, future: 30 }[validity] * DAY_MS;
      const cert = certificate({
        issuer: authorityName,
        signer: authority.privateKey,
        subject: name("server"),
        key: pair.publicKey,
        extensions: [alternativeName(host), ...(purpose === "clients" ? [FOR_CLIENTS] : [])],
        shift,
        days,
      });
      return { key: pemOf(pair.privateKey), cert };
    },
    selfSigned(host) {
      const pair = keyPair();
      const itself = name("self");
      const cert = certificate({
        issuer: itself,
        signer: pair.privateKey,
        subject: itself,
        key: pair.publicKey,
        extensions: [alternativeName(host)],
      });
      return { key: pemOf(pair.privateKey), cert };
    },
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}

const keyPair = () => generateKeyPairSync("ec", { namedCurve: "prime256v1" });
const pemOf = (key: KeyObject): string => key.export({ type: "pkcs8", format: "pem" }).toString();

interface Draft {
  readonly issuer: Buffer;
  readonly signer: KeyObject;
  readonly subject: Buffer;
  readonly key: KeyObject;
  readonly extensions: readonly Buffer[];
  /** Moves the days of its validity. */
  readonly shift?: number;
  /** From now to its end. */
  readonly days?: number;
}

/** RFC 5280, as little of it as a TLS client asks for. */
function certificate({ issuer, signer, subject, key, extensions, shift = 0, days = 1 }: Draft): string {
  const ecdsaWithSha256 = sequence(oid("2a8648ce3d040302"));
  const version3 = tagged(0xa0, tagged(0x02, Buffer.from([2])));
  const serial = tagged(0x02, Buffer.concat([Buffer.from([0x01]), randomBytes(8)]));
  const validity = sequence(time(Date.now() - DAY_MS + shift), time(Date.now() + days * DAY_MS + shift));
  const publicKey = key.export({ type: "spki", format: "der" });
  const extended = tagged(0xa3, sequence(...extensions));
  const toSign = sequence(version3, serial, ecdsaWithSha256, issuer, validity, subject, publicKey, extended);
  const signature = tagged(0x03, Buffer.concat([Buffer.from([0]), sign("sha256", toSign, signer)]));
  const der = sequence(toSign, ecdsaWithSha256, signature).toString("base64");
  return `-----BEGIN CERTIFICATE-----\n${der.replace(/.{64}(?=.)/g, "$&\n")}\n-----END CERTIFICATE-----\n`;
}

/** DER: a tag, a length, the content. */
function tagged(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const head =
    length < 128 ? [tag, length] : length < 256 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from(head), content]);
}

const sequence = (...parts: readonly Buffer[]): Buffer => tagged(0x30, Buffer.concat(parts));
const oid = (hex: string): Buffer => tagged(0x06, Buffer.from(hex, "hex"));
const name = (commonName: string): Buffer =>
  sequence(tagged(0x31, sequence(oid("550403"), tagged(0x0c, Buffer.from(commonName)))));
const time = (at: number): Buffer =>
  tagged(0x17, Buffer.from(`${new Date(at).toISOString().slice(2, 19).replace(/[-:T]/g, "")}Z`));

function extension(id: string, content: Buffer, critical = false): Buffer {
  const value = tagged(0x04, content);
  return critical ? sequence(oid(id), Buffer.from("0101ff", "hex"), value) : sequence(oid(id), value);
}

/** Extended key usage: clientAuth, and nothing else. */
const FOR_CLIENTS = extension("551d25", sequence(oid("2b06010505070302")));

function alternativeName(host: string): Buffer {
  const isAddress = /^[\d.]+$/.test(host);
  const entry = isAddress ? tagged(0x87, Buffer.from(host.split(".").map(Number))) : tagged(0x82, Buffer.from(host));
  return extension("551d11", sequence(entry));
}
