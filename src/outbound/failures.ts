import type { FailureKind } from "./outbound.ts";

/** Why no answer came: a word to decide by and one sentence for a person. */
export interface Failure {
  readonly failure: FailureKind;
  readonly message: string;
}

const CLOSED = "The connection was closed before an answer came.";
const UNREACHABLE = "The address can't be reached.";
const SELF_SIGNED = "The certificate is self-signed.";
const NOT_HTTP = "The answer is not HTTP, or has more than 256 headers.";
const UNKNOWN_AUTHORITY = "The certificate is signed by an unknown authority.";

const HANDSHAKE: Failure = { failure: "tls", message: "The TLS handshake failed." };

/** What fetch calls its errors. */
const FAILURES: Readonly<Record<string, Failure>> = {
  ECONNREFUSED: { failure: "connect", message: "The connection was refused." },
  ConnectionRefused: { failure: "connect", message: "The connection was refused." },
  EHOSTUNREACH: { failure: "connect", message: UNREACHABLE },
  ENETUNREACH: { failure: "connect", message: UNREACHABLE },
  EADDRNOTAVAIL: { failure: "connect", message: UNREACHABLE },
  FailedToOpenSocket: { failure: "connect", message: UNREACHABLE },
  ETIMEDOUT: { failure: "connect", message: "The address did not answer the connection." },
  ECONNRESET: { failure: "connect", message: CLOSED },
  ConnectionClosed: { failure: "connect", message: CLOSED },
  EPIPE: { failure: "connect", message: CLOSED },
  EPROTO: HANDSHAKE,
  CERT_HAS_EXPIRED: { failure: "tls", message: "The certificate has expired." },
  CERT_NOT_YET_VALID: { failure: "tls", message: "The certificate is not valid yet." },
  INVALID_PURPOSE: { failure: "tls", message: "The certificate is not one for servers." },
  CERT_REVOKED: { failure: "tls", message: "The certificate was revoked." },
  ERR_TLS_CERT_ALTNAME_INVALID: { failure: "tls", message: "The certificate is for another name." },
  DEPTH_ZERO_SELF_SIGNED_CERT: { failure: "tls", message: SELF_SIGNED },
  SELF_SIGNED_CERT_IN_CHAIN: { failure: "tls", message: UNKNOWN_AUTHORITY },
  CERT_SIGNATURE_FAILURE: { failure: "tls", message: UNKNOWN_AUTHORITY },
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: { failure: "tls", message: UNKNOWN_AUTHORITY },
  UNABLE_TO_GET_ISSUER_CERT: { failure: "tls", message: UNKNOWN_AUTHORITY },
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: { failure: "tls", message: UNKNOWN_AUTHORITY },
  HPE_HEADER_OVERFLOW: { failure: "protocol", message: "The headers of the answer are too large." },
  ResponseHeadersTooLarge: { failure: "protocol", message: "The headers of the answer are too large." },
  Malformed_HTTP_Response: { failure: "protocol", message: NOT_HTTP },
  InvalidHTTPResponse: { failure: "protocol", message: NOT_HTTP },
  InvalidContentLength: { failure: "protocol", message: "The Content-Length of the answer is not one number." },
  UnsupportedTransferEncoding: { failure: "protocol", message: "The Transfer-Encoding of the answer is not known." },
  UnrequestedUpgrade: { failure: "protocol", message: "The answer asks for another protocol." },
};

/** What node:http calls answers that it can't read, behind a proxy. */
const OF_PARSER: Failure = { failure: "protocol", message: NOT_HTTP };

const CODE = /^[A-Za-z0-9_]{1,64}$/;

/** The verifier of certificates has several dozen: words joined by `_`, unlike `ECONNRESET` and fetch's own. */
const OF_TLS = /CERT|TLS|SSL|^(?!ERR_)[A-Z]+(?:_[A-Z0-9]+)+$/;

/** The messages of fetch hold URLs and advice for programmers: only its codes are passed on. */
export function describeFailure(error: unknown): Failure {
  const code = codeOf(error);
  if (code === undefined) return { failure: "protocol", message: "The request can't be written as HTTP." };
  const known = FAILURES[code];
  if (known) return known;
  if (code.startsWith("HPE_")) return OF_PARSER;
  if (code.includes("_ALERT_")) return HANDSHAKE;
  if (OF_TLS.test(code)) return { failure: "tls", message: `The certificate is not accepted (${code}).` };
  return { failure: "connect", message: `The request failed (${code}).` };
}

/** Nothing was sent: another address of the same name may do better. */
export function isNeverConnected(error: unknown): boolean {
  const code = codeOf(error);
  return code !== undefined && FAILURES[code]?.failure === "connect" && FAILURES[code]?.message !== CLOSED;
}

/** What a kept connection says that the other end had closed meanwhile, or on which it went on speaking. */
export function isOfKeptConnection(error: unknown): boolean {
  const message = FAILURES[codeOf(error) ?? ""]?.message;
  return message === CLOSED || message === NOT_HTTP;
}

function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" && CODE.test(error.code) ? error.code : undefined;
}
