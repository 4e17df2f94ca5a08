/**
 * Why there is no tunnel.
 * `unreachable`, `credentials`: the proxy's own, whatever was asked of it.
 * `unanswered`, `status`: the proxy's, or those of the host that was asked for; proxies often try that one before they
 * answer. See standing.ts, which tells the two apart.
 */
export type ProxyFaultKind = "unreachable" | "credentials" | "unanswered" | "status";

/** No tunnel came about, and nothing of the request was sent. The message is a sentence for a person. */
export class ProxyFault extends Error {
  override readonly name = "ProxyFault";
  readonly kind: ProxyFaultKind;

  constructor(kind: ProxyFaultKind, message: string) {
    super(message);
    this.kind = kind;
  }
}

/** The proxy does not let anybody go there: a matter of the destination. The message is a sentence for a person. */
export class DestinationRefused extends Error {
  override readonly name = "DestinationRefused";
}

/** Time was up before there was a tunnel. */
export const faultInTime = ({ reached }: { readonly reached: boolean }): ProxyFault =>
  reached
    ? new ProxyFault("unanswered", "The egress proxy did not answer in time.")
    : new ProxyFault("unreachable", "The egress proxy can't be reached: it did not accept the connection in time.");
