import { constants, createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import type { TlsSettings } from "../config/tls.ts";
import { AppError } from "../kernel/errors.ts";
import { type UnixMs, unixMs } from "../kernel/units.ts";

/** What a server shows of itself, and the proof that it is it. */
export interface ServerCertificate {
  /** PEM: the server's own first, then those above it. */
  readonly cert: string;
  readonly key: string;
  readonly notBefore: UnixMs;
  readonly notAfter: UnixMs;
}

function unusable(setting: "certFile" | "keyFile", file: string, why: string, cause?: unknown): AppError {
  const path = `tls.${setting}`;
  return new AppError("validation_failed", `${path} ${why}.`, {
    details: [{ path, message: `${file} ${why}.` }],
    hint: "Set tls.certFile and tls.keyFile to PEM files that belong together and that the process may read.",
    cause,
  });
}

function readPem(setting: "certFile" | "keyFile", file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw unusable(setting, file, "can't be read", cause);
  }
}

function parseCertificate(file: string, pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw unusable("certFile", file, "holds no certificate in PEM", cause);
  }
}

function parseKey(file: string, pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    const isLocked = (cause as { code?: string }).code === "ERR_MISSING_PASSPHRASE";
    throw unusable("keyFile", file, isLocked ? "has a passphrase" : "holds no private key in PEM", cause);
  }
}

/** @throws AppError that names the file which can't be used, and why */
export function readCertificate({ certFile, keyFile }: Pick<TlsSettings, "certFile" | "keyFile">): ServerCertificate {
  const cert = readPem("certFile", certFile);
  const key = readPem("keyFile", keyFile);
  const parsed = parseCertificate(certFile, cert);
  if (!parsed.checkPrivateKey(parseKey(keyFile, key))) {
    throw unusable("keyFile", keyFile, "is not the key of the certificate in tls.certFile");
  }
  const [notBefore, notAfter] = [parsed.validFromDate, parsed.validToDate].map((date) => unixMs(date.getTime()));
  return { cert, key, notBefore: notBefore as UnixMs, notAfter: notAfter as UnixMs };
}

/** As `Bun.serve` takes it: 1.2 is its own least. */
export const optionsOf = (
  { cert, key }: ServerCertificate,
  minVersion: TlsSettings["minVersion"],
): { readonly cert: string; readonly key: string; readonly secureOptions?: number } => ({
  cert,
  key,
  ...(minVersion === "1.3" ? { secureOptions: constants.SSL_OP_NO_TLSv1_2 } : {}),
});
