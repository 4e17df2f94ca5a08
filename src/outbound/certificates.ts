import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";
import { isoTime } from "../kernel/clock.ts";
import { type UnixMs, unixMs } from "../kernel/units.ts";

/** What people may see of a certificate. */
export interface CertificateFacts {
  readonly subject: string;
  readonly issuer: string;
  /** SHA-256, as OpenSSL writes it. */
  readonly fingerprint: string;
  readonly notBefore: string;
  readonly notAfter: string;
}

/** Certificates that were read and found fit; `pem` is them and nothing else. */
export interface Certificates {
  readonly pem: string;
  readonly all: readonly X509Certificate[];
}

/** A sentence on what is wrong. */
export class CertificateFault extends Error {
  override readonly name = "CertificateFault";
}

/** Base64 has no hyphen: a text of nothing but beginnings is not searched for an end from each of them. */
const BLOCK = /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----[^-]+-----END (?:X509 |TRUSTED )?CERTIFICATE-----/g;
const CURVES: ReadonlySet<string | undefined> = new Set(["prime256v1", "secp384r1", "secp521r1"]);
const RSA_BITS_MIN = 2_048;
/** A handshake signs with it, and all others wait meanwhile: at twice the length seven times as long. */
const RSA_BITS_MAX = 4_096;
const CLIENT_AUTH = "1.3.6.1.5.5.7.3.2";

const timeOf = (date: Date): UnixMs => unixMs(date.getTime());
export const endOf = (certificate: X509Certificate): UnixMs => timeOf(certificate.validToDate);

const oneLine = (name: string | undefined): string => (name ?? "").split("\n").join(", ").slice(0, 500);

export const factsOf = (certificate: X509Certificate): CertificateFacts => ({
  subject: oneLine(certificate.subject),
  issuer: oneLine(certificate.issuer),
  fingerprint: certificate.fingerprint256,
  notBefore: isoTime(timeOf(certificate.validFromDate)),
  notAfter: isoTime(endOf(certificate)),
});

function parse(block: string): X509Certificate {
  try {
    return new X509Certificate(block);
  } catch {
    throw new CertificateFault("Holds something that is no certificate.");
  }
}

/** Of a file that nobody but the operator writes. */
const FILE_MAX = 10_000;

/** @throws CertificateFault */
export function readCertificates(text: string, most: number = FILE_MAX): Certificates {
  if (/PRIVATE KEY-----/.test(text)) throw new CertificateFault("Holds a private key, which has a place of its own.");
  const blocks = text.match(BLOCK) ?? [];
  if (blocks.length === 0) throw new CertificateFault("Holds no certificate as PEM.");
  if (blocks.length > most)
    throw new CertificateFault(`Holds ${blocks.length} certificates, at most ${most} are taken.`);
  const all = blocks.map(parse);
  return { all, pem: all.map((certificate) => certificate.toString().trim()).join("\n") };
}

function assertInTime(certificate: X509Certificate, now: UnixMs): void {
  const { subject, notAfter, notBefore } = factsOf(certificate);
  if (endOf(certificate) <= now) throw new CertificateFault(`${subject} ended on ${notAfter.slice(0, 10)}.`);
  if (timeOf(certificate.validFromDate) > now)
    throw new CertificateFault(`${subject} is not valid before ${notBefore}.`);
}

/** The certificate that we show, and those above it in their order. @throws CertificateFault */
export function readChain(text: string, { most, now }: { readonly most: number; readonly now: UnixMs }): Certificates {
  const chain = readCertificates(text, most);
  for (const [at, certificate] of chain.all.entries()) {
    assertInTime(certificate, now);
    const above = chain.all[at + 1];
    if (above && !certificate.checkIssued(above)) {
      throw new CertificateFault("Is out of order: our certificate comes first, each next one is of its issuer.");
    }
  }
  return chain;
}

/** @throws CertificateFault */
export function readAuthorityBundle(
  text: string,
  { most, now }: { readonly most: number; readonly now: UnixMs },
): Certificates {
  const bundle = readCertificates(text, most);
  for (const certificate of bundle.all) {
    if (!certificate.ca)
      throw new CertificateFault(`${oneLine(certificate.subject)} is not the certificate of an authority.`);
    assertInTime(certificate, now);
  }
  return bundle;
}

/** @returns the key as PEM and nothing else. @throws CertificateFault */
export function readPrivateKey(text: string): { readonly pem: string; readonly key: KeyObject } {
  let key: KeyObject;
  try {
    key = createPrivateKey(text);
  } catch {
    const isSealed = /ENCRYPTED/.test(text);
    throw new CertificateFault(isSealed ? "Has a passphrase: give it without." : "Is no private key as PEM.");
  }
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  const bits = details?.modulusLength ?? 0;
  const isFit =
    type === "rsa" ? bits >= RSA_BITS_MIN && bits <= RSA_BITS_MAX : type === "ec" && CURVES.has(details?.namedCurve);
  if (!isFit) throw new CertificateFault("Must be RSA of 2048 to 4096 bits, or ECDSA on P-256, P-384 or P-521.");
  return { key, pem: key.export({ type: "pkcs8", format: "pem" }).toString().trim() };
}

/** Tries what a connection will do. @throws CertificateFault */
export function assertBelongTogether(chain: Certificates, { key, pem }: ReturnType<typeof readPrivateKey>): void {
  const [own] = chain.all;
  if (!own?.checkPrivateKey(key)) throw new CertificateFault("Is not the key of this certificate.");
  try {
    createSecureContext({ cert: chain.pem, key: pem });
  } catch {
    throw new CertificateFault("Can't be used with this certificate by TLS.");
  }
}

/** Whether it says that it is for something else than showing who a client is. */
export function isForOthers(certificate: X509Certificate): boolean {
  const uses = certificate.keyUsage as readonly string[] | undefined;
  return uses !== undefined && uses.length > 0 && !uses.includes(CLIENT_AUTH);
}
