import { isoTime } from "../kernel/clock.ts";
import type { UnixMs } from "../kernel/units.ts";
import type { Failure } from "./failures.ts";
import type { ReceiverTls } from "./outbound.ts";

const ABOUT_AUTHORITIES = new Set([
  "The certificate is self-signed.",
  "The certificate is signed by an unknown authority.",
]);
const HANDSHAKE = "The TLS handshake failed.";
const CLOSED = "The connection was closed before an answer came.";

function adviceOn({ message }: Failure, tls: ReceiverTls | undefined, now: UnixMs): string | undefined {
  if (ABOUT_AUTHORITIES.has(message)) {
    return tls?.authorities === undefined
      ? "Its authority can be given in outbound.caFile, or as `tls.ca` of a subscription."
      : "It has to be signed by an authority in `tls.ca` of the subscription.";
  }
  const isRefusal = message === HANDSHAKE;
  if (tls?.certificate === undefined) {
    return isRefusal
      ? "A receiver that asks for a client certificate gets it by `tls` of the subscription."
      : undefined;
  }
  if (!isRefusal && message !== CLOSED) return undefined;
  if (tls.endsAt !== undefined && tls.endsAt <= now) {
    return `The client certificate of the subscription ended on ${isoTime(tls.endsAt).slice(0, 10)}: give a renewed one.`;
  }
  return "The receiver may not accept the client certificate of the subscription.";
}

/** Says what to do about a failure of TLS, where more is known than the failure tells. */
export function adviseOf(failure: Failure, tls: ReceiverTls | undefined, now: UnixMs): Failure {
  const advice = failure.failure === "tls" || tls !== undefined ? adviceOn(failure, tls, now) : undefined;
  return advice === undefined ? failure : { ...failure, message: `${failure.message} ${advice}` };
}
