import type { OutboundResult } from "../../../outbound/outbound.ts";

/** Why an attempt failed, as a person who runs the endpoint would tell it. */
export const CAUSES = [
  "signature",
  "forbidden",
  "path",
  "gone",
  "method",
  "too_large",
  "rejected",
  "rate_limited",
  "busy",
  "unavailable",
  "gateway",
  "server_error",
  "redirect",
  "odd_status",
  "timeout",
  "dns",
  "connection_refused",
  "unreachable",
  "connection_closed",
  "tls_expired",
  "tls_not_yet",
  "tls_self_signed",
  "tls_other_name",
  "tls_authority",
  "tls_client",
  "tls",
  "protocol",
  "forbidden_address",
  "proxy",
  "other",
] as const;
export type Cause = (typeof CAUSES)[number];

const BY_STATUS: Readonly<Record<number, Cause>> = {
  401: "signature",
  403: "forbidden",
  404: "path",
  405: "method",
  408: "busy",
  410: "gone",
  413: "too_large",
  425: "busy",
  429: "rate_limited",
  502: "gateway",
  503: "unavailable",
  504: "gateway",
};

function causeOfStatus(status: number): Cause | undefined {
  const named = BY_STATUS[status];
  if (named) return named;
  if (status >= 200 && status < 300) return undefined;
  if (status >= 300 && status < 400) return "redirect";
  if (status >= 400 && status < 500) return "rejected";
  return status >= 500 && status < 600 ? "server_error" : "odd_status";
}

/** By the one sentence that the way out has for each failure. */
const TLS_WORDS: readonly (readonly [RegExp, Cause])[] = [
  [/has expired/, "tls_expired"],
  [/not valid yet/, "tls_not_yet"],
  [/self-signed/, "tls_self_signed"],
  [/another name/, "tls_other_name"],
  [/client certificate of the subscription/, "tls_client"],
  [/unknown authority/, "tls_authority"],
];
const CONNECTION_WORDS: readonly (readonly [RegExp, Cause])[] = [
  [/refused/, "connection_refused"],
  [/closed/, "connection_closed"],
  [/reached|did not answer/, "unreachable"],
];

const byWords = (words: typeof TLS_WORDS, message: string, otherwise: Cause): Cause =>
  words.find(([pattern]) => pattern.test(message))?.[1] ?? otherwise;

/** Undefined where nothing failed. */
export function causeOf(result: Pick<OutboundResult, "kind"> & OutboundResult): Cause | undefined {
  if (result.kind === "answered") return causeOfStatus(result.status);
  const { failure, message } = result;
  // Written as text: the way out may learn of more kinds than are known here.
  switch (failure as string) {
    case "aborted":
      return undefined;
    case "timeout":
    case "dns":
    case "protocol":
    case "forbidden_address":
    case "proxy":
      return failure as Cause;
    case "tls":
      return byWords(TLS_WORDS, message, "tls");
    case "connect":
      return byWords(CONNECTION_WORDS, message, "unreachable");
    default:
      return "other";
  }
}

interface Words {
  /** What the endpoint does: a sentence, without its full stop. */
  readonly title: string;
  /** The next step of whoever runs it. */
  readonly advice: string;
}

const WORDS: Readonly<Record<Cause, Words>> = {
  signature: {
    title: "It refuses the signature",
    advice: "Check that it verifies the raw body, with the current secret.",
  },
  forbidden: {
    title: "It forbids the request",
    advice: "Check its firewall and its list of allowed callers, then the secret that it verifies with.",
  },
  path: { title: "There is nothing at its path", advice: "Check the path of the endpoint, and that it is deployed." },
  gone: {
    title: "It says that it is gone for good",
    advice: "Delete the subscription, or point it at the endpoint that took its place and resume it.",
  },
  method: { title: "It takes no POST", advice: "Check that the path is that of the webhook, and that it takes POST." },
  too_large: { title: "It finds the body too large", advice: "Raise the limit on the size of a body in front of it." },
  rejected: {
    title: "It rejects the delivery",
    advice: "Read what it answered in the attempt; it is not sent again unless you recover it.",
  },
  rate_limited: {
    title: "It asks to be called less often",
    advice: "Give the subscription a rateLimit that it can keep up with.",
  },
  busy: { title: "It was not ready in time", advice: "Answer first and work afterwards; it is tried again by itself." },
  unavailable: {
    title: "It is not available",
    advice: "Check that it runs; it is tried again by itself.",
  },
  gateway: {
    title: "The proxy in front of it gets no answer",
    advice: "Check that the program behind the proxy runs, and how long the proxy waits for it.",
  },
  server_error: { title: "It fails inside", advice: "Look into its log at the time of the attempt." },
  redirect: {
    title: "It leads elsewhere, and redirects are not followed",
    advice:
      "Make the endpoint the address that it leads to: https, the right host, with or without a slash at the end.",
  },
  odd_status: {
    title: "It answers with a status that means nothing",
    advice: "Check what answers there: it does not seem to be a web server.",
  },
  timeout: {
    title: "It does not answer in time",
    advice: "Answer 2xx at once and do the work afterwards.",
  },
  dns: { title: "Its name does not resolve", advice: "Check the host name of the endpoint and its DNS records." },
  connection_refused: {
    title: "It refuses the connection",
    advice: "Check that it runs and listens on the port of the endpoint.",
  },
  unreachable: {
    title: "Its address can't be reached",
    advice: "Check its network and its firewall.",
  },
  connection_closed: {
    title: "It closes the connection without an answer",
    advice: "Check whether its program crashes on the request, or a proxy in front of it cuts it.",
  },
  tls_expired: { title: "Its certificate has expired", advice: "Renew the certificate." },
  tls_not_yet: {
    title: "Its certificate is not valid yet",
    advice: "Check its clock and the dates of the certificate.",
  },
  tls_self_signed: {
    title: "Its certificate is self-signed",
    advice: "Use one of a public authority, or have your own trusted for this endpoint.",
  },
  tls_other_name: {
    title: "Its certificate is for another name",
    advice: "Use a certificate for the host name of the endpoint.",
  },
  tls_authority: {
    title: "Its certificate comes from an authority that is not known here",
    advice: "Send the whole chain of certificates, or have the authority trusted.",
  },
  tls_client: {
    title: "It does not accept the client certificate",
    advice: "Check the subscription's client certificate, and which authorities the endpoint accepts.",
  },
  tls: {
    title: "No TLS connection comes about",
    advice: "Check its certificate and the versions of TLS that it speaks.",
  },
  protocol: { title: "What it answers is no HTTP", advice: "Check that a web server answers at the endpoint's port." },
  forbidden_address: {
    title: "Its name leads to an address that is not allowed",
    advice: "Point it at a public address, or have the operator allow its network.",
  },
  proxy: {
    title: "The way out of this installation is disturbed",
    advice: "This is the egress proxy, not the endpoint: the operator has to look at it.",
  },
  other: { title: "The request could not be made", advice: "Read the error of the attempt." },
};

/** With the status where one was answered: "It refuses the signature (401)". */
export function titleOf(cause: Cause, status: number | null): string {
  const { title } = WORDS[cause];
  return status === null ? title : `${title} (${status})`;
}

export const adviceOf = (cause: Cause): string => WORDS[cause].advice;
