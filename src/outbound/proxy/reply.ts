import type { Socket } from "node:net";
import { DestinationRefused, ProxyFault } from "./faults.ts";

/** Of the whole head; proxies say little. */
const HEAD_BYTES_MAX = 16 * 1_024;
const STATUS_LINE = /^HTTP\/1\.[01] (\d{3})(?: |$)/;

const unanswered = (message: string): ProxyFault => new ProxyFault("unanswered", message);

/** What a proxy's refusal means. The words of the proxy are not repeated: it may say anything, our credentials too. */
function refusalOf(status: number, head: string): ProxyFault | DestinationRefused {
  if (status === 407) {
    const isBasic = /^proxy-authenticate:.*\bbasic\b/im.test(head) || !/^proxy-authenticate:/im.test(head);
    return new ProxyFault(
      "credentials",
      isBasic
        ? "The egress proxy does not accept outbound.proxyUser and its password (407)."
        : "The egress proxy wants another way of signing in than Basic (407).",
    );
  }
  if (status >= 400 && status < 500 && status !== 408 && status !== 425 && status !== 429) {
    return new DestinationRefused(
      `The egress proxy does not let us go to this host (${status}): have it allowed there.`,
    );
  }
  return new ProxyFault("status", `The egress proxy opened no tunnel (${status}).`);
}

/** The head once it is whole, with what came behind it. @throws ProxyFault where it never will be */
function splitHead(bytes: Buffer): { readonly head: string; readonly rest: Buffer } | undefined {
  const end = bytes.indexOf("\r\n\r\n");
  if (end >= 0 && end <= HEAD_BYTES_MAX) {
    return { head: bytes.toString("latin1", 0, end), rest: bytes.subarray(end + 4) };
  }
  if (bytes.length > HEAD_BYTES_MAX) throw unanswered("The egress proxy's answer has too large a head.");
  const begin = bytes.toString("latin1", 0, 5);
  if (!"HTTP/".startsWith(begin)) throw unanswered("The egress proxy does not answer by HTTP.");
  return undefined;
}

function judge(head: string): void {
  const status = Number(STATUS_LINE.exec(head)?.[1] ?? Number.NaN);
  if (Number.isNaN(status)) throw unanswered("The egress proxy does not answer by HTTP.");
  // RFC 9110, 9.3.6: any 2xx is a tunnel; lengths that it may name mean nothing.
  if (status < 200 || status > 299) throw refusalOf(status, head);
}

export interface ReplyOptions {
  readonly signal: AbortSignal;
  /** Whether the host may speak first, as mail servers do; by TLS it never does, so who speaks is the proxy. */
  readonly mayGreet: boolean;
}

/**
 * Reads what the proxy answers to CONNECT. @returns the socket, which is the tunnel now; what the host has already said
 * is read from it first. @throws ProxyFault, DestinationRefused, and the socket is closed
 */
export function readReply(socket: Socket, { signal, mayGreet }: ReplyOptions): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  let bytes: Buffer = Buffer.alloc(0);
  const settle = (error?: Error): void => {
    socket.removeListener("data", onData);
    socket.removeListener("close", onClose);
    signal.removeEventListener("abort", onAbort);
    if (error) {
      socket.destroy();
      reject(error);
    } else resolve(socket);
  };
  const onData = (data: Buffer): void => {
    bytes = bytes.length === 0 ? data : Buffer.concat([bytes, data]);
    try {
      const whole = splitHead(bytes);
      if (!whole) return;
      judge(whole.head);
      if (whole.rest.length > 0 && !mayGreet) throw unanswered("The egress proxy speaks in the place of the host.");
      settle();
      // Whoever takes the socket reads on when it likes; where nobody may speak yet, nothing is lost by not waiting.
      if (mayGreet) socket.pause();
      if (whole.rest.length > 0) socket.unshift(whole.rest);
    } catch (error) {
      settle(error as Error);
    }
  };
  const onClose = (): void => settle(unanswered("The egress proxy hung up before it had answered."));
  const onAbort = (): void => settle(unanswered("The egress proxy did not answer in time."));
  socket.on("data", onData);
  socket.once("close", onClose);
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  return promise;
}
