import { describe, expect, test } from "bun:test";
import { describeFailure } from "../../../outbound/failures.ts";
import type { FailureKind, OutboundResult } from "../../../outbound/outbound.ts";
import { adviceOf, CAUSES, type Cause, causeOf, titleOf } from "./causes.ts";

const TIMINGS = { dns: 0, firstByte: 0, body: 0 };

const answered = (status: number): OutboundResult => ({
  kind: "answered",
  status,
  headers: {},
  body: new Uint8Array(),
  timings: TIMINGS,
  address: "192.0.2.1",
});

const failed = (failure: string, message = ""): OutboundResult => ({
  kind: "failed",
  failure: failure as FailureKind,
  message,
  timings: TIMINGS,
  address: undefined,
});

/** As fetch throws it. */
function thrown(code: string): OutboundResult {
  const { failure, message } = describeFailure(Object.assign(new Error("x"), { code }));
  return failed(failure, message);
}

describe("the cause of an answer", () => {
  test.each<[number, Cause | undefined, string]>([
    [200, undefined, ""],
    [204, undefined, ""],
    [299, undefined, ""],
    [301, "redirect", "It leads elsewhere, and redirects are not followed (301)"],
    [304, "redirect", "It leads elsewhere, and redirects are not followed (304)"],
    [400, "rejected", "It rejects the delivery (400)"],
    [401, "signature", "It refuses the signature (401)"],
    [403, "forbidden", "It forbids the request (403)"],
    [404, "path", "There is nothing at its path (404)"],
    [405, "method", "It takes no POST (405)"],
    [408, "busy", "It was not ready in time (408)"],
    [410, "gone", "It says that it is gone for good (410)"],
    [413, "too_large", "It finds the body too large (413)"],
    [422, "rejected", "It rejects the delivery (422)"],
    [425, "busy", "It was not ready in time (425)"],
    [429, "rate_limited", "It asks to be called less often (429)"],
    [500, "server_error", "It fails inside (500)"],
    [501, "server_error", "It fails inside (501)"],
    [502, "gateway", "The proxy in front of it gets no answer (502)"],
    [503, "unavailable", "It is not available (503)"],
    [504, "gateway", "The proxy in front of it gets no answer (504)"],
    [999, "odd_status", "It answers with a status that means nothing (999)"],
    [199, "odd_status", "It answers with a status that means nothing (199)"],
  ])("%d is %p", (status, cause, title) => {
    expect(causeOf(answered(status))).toBe(cause);
    if (cause !== undefined) expect(titleOf(cause, status)).toBe(title);
  });
});

describe("the cause of no answer", () => {
  test.each<[string, Cause, string]>([
    ["ECONNREFUSED", "connection_refused", "It refuses the connection"],
    ["ConnectionRefused", "connection_refused", "It refuses the connection"],
    ["EHOSTUNREACH", "unreachable", "Its address can't be reached"],
    ["ENETUNREACH", "unreachable", "Its address can't be reached"],
    ["FailedToOpenSocket", "unreachable", "Its address can't be reached"],
    ["ETIMEDOUT", "unreachable", "Its address can't be reached"],
    ["ECONNRESET", "connection_closed", "It closes the connection without an answer"],
    ["ConnectionClosed", "connection_closed", "It closes the connection without an answer"],
    ["EPIPE", "connection_closed", "It closes the connection without an answer"],
    ["EPROTO", "tls", "No TLS connection comes about"],
    ["CERT_HAS_EXPIRED", "tls_expired", "Its certificate has expired"],
    ["CERT_NOT_YET_VALID", "tls_not_yet", "Its certificate is not valid yet"],
    ["CERT_REVOKED", "tls", "No TLS connection comes about"],
    ["ERR_TLS_CERT_ALTNAME_INVALID", "tls_other_name", "Its certificate is for another name"],
    ["DEPTH_ZERO_SELF_SIGNED_CERT", "tls_self_signed", "Its certificate is self-signed"],
    ["SELF_SIGNED_CERT_IN_CHAIN", "tls_authority", "Its certificate comes from an authority that is not known here"],
    [
      "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
      "tls_authority",
      "Its certificate comes from an authority that is not known here",
    ],
    ["CERT_UNTRUSTED", "tls", "No TLS connection comes about"],
    ["ResponseHeadersTooLarge", "protocol", "What it answers is no HTTP"],
    ["Malformed_HTTP_Response", "protocol", "What it answers is no HTTP"],
    ["SomethingElse", "unreachable", "Its address can't be reached"],
  ])("%s is %p", (code, cause, title) => {
    expect(causeOf(thrown(code))).toBe(cause);
    expect(titleOf(cause, null)).toBe(title);
  });

  test.each<[string, Cause]>([
    ["The TLS handshake failed. The receiver may not accept the client certificate of the subscription.", "tls_client"],
    ["The client certificate of the subscription ended on 2026-11-20: give a renewed one.", "tls_client"],
    [
      "The TLS handshake failed. A receiver that asks for a client certificate gets it by `tls` of the subscription.",
      "tls",
    ],
  ])("TLS that ends with %p is %p", (message, cause) => {
    expect(causeOf(failed("tls", message))).toBe(cause);
  });

  test.each<[string, Cause | undefined]>([
    ["timeout", "timeout"],
    ["dns", "dns"],
    ["protocol", "protocol"],
    ["forbidden_address", "forbidden_address"],
    ["proxy", "proxy"],
    ["aborted", undefined],
    ["not known yet", "other"],
  ])("a failure of the kind %s is %p", (failure, cause) => {
    expect(causeOf(failed(failure))).toBe(cause);
  });
});

test("every cause has a sentence without its full stop, and a next step with one", () => {
  for (const cause of CAUSES) {
    expect(titleOf(cause, null)).toMatch(/^[A-Z].*[^.!]$/);
    expect(adviceOf(cause)).toMatch(/^[A-Z].*\.$/);
  }
});
