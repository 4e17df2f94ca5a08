import type { ErrorDetail } from "../kernel/errors.ts";
import type { DurationMs, UnixMs } from "../kernel/units.ts";

/** Where a request may go beside the public internet. */
export interface AddressPolicy {
  /** CIDR networks that are allowed though private. */
  readonly allowNetworks: readonly string[];
  /** Loopback is allowed: the test environment of a server that listens on loopback only. */
  readonly allowLoopback: boolean;
  /** The operator named the host in the settings: the lists of hosts are for those that others name. */
  readonly namedByOperator?: boolean;
}

/** Who we are to a receiver, and who it has to be, where that is agreed upon with this one receiver. */
export interface ReceiverTls {
  /** Names whose connections they are: a request is sent over those of its own key only. */
  readonly key: string;
  /** PEM: the certificate that we show, with those above it, and its private key. */
  readonly certificate: string | undefined;
  readonly privateKey: string | undefined;
  /** PEM: the authorities that its certificate is believed by, in place of all others. */
  readonly authorities: string | undefined;
  /** When our certificate ends. */
  readonly endsAt: UnixMs | undefined;
}

export type UrlVerdict =
  | { readonly kind: "allowed" }
  /** The name can't be resolved now; the address is vetted again at every send. */
  | { readonly kind: "unresolved"; readonly warning: string }
  | { readonly kind: "refused"; readonly details: readonly ErrorDetail[] };

export interface OutboundRequest {
  readonly url: string;
  readonly method: "POST" | "GET";
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Covers look-up, connection, TLS and the answer's headers. */
  readonly timeout: DurationMs;
  readonly policy: AddressPolicy;
  /** How much of the answer's body is read; 16 KiB if absent, at most a mebibyte. */
  readonly answerBytesMax?: number;
  readonly tls?: ReceiverTls | undefined;
}

/** How long each part took, in milliseconds. */
export interface Timings {
  readonly dns: number;
  /** Connection, TLS and the wait for the first byte together: fetch does not tell them apart. */
  readonly firstByte: number;
  readonly body: number;
}

export type FailureKind =
  | "forbidden_address"
  | "dns"
  | "connect"
  | "tls"
  | "timeout"
  | "protocol"
  | "aborted"
  /** The way out, not whom we wanted to reach: nothing was sent. */
  | "proxy";

export type OutboundResult =
  | {
      readonly kind: "answered";
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
      /** At most 16 KiB or what was asked for, read for at most a second. */
      readonly body: Uint8Array;
      readonly timings: Timings;
      readonly address: string;
    }
  | {
      readonly kind: "failed";
      readonly failure: FailureKind;
      /** One sentence for a person; never the body, never a credential. */
      readonly message: string;
      readonly timings: Timings;
      readonly address: string | undefined;
      /** Where the failure is `proxy`: not worth trying again before. */
      readonly notBefore?: UnixMs;
    };

/** How the egress proxy does. */
export interface ProxyState {
  /** Host and port, without credentials. */
  readonly place: string;
  /** Undefined while it answers. */
  readonly outage: { readonly since: UnixMs; readonly message: string } | undefined;
}

/** The way to an endpoint is in doubt: nothing is sent before, and then one request, to see. */
export interface Hold {
  /** Whether it is about all that goes through the proxy, or about this one host. */
  readonly of: "proxy" | "host";
  readonly until: UnixMs;
  readonly message: string;
}

/** The only way out of the process. */
export interface Outbound {
  /** Whether an endpoint may be set: https (http only to allowed networks), no userinfo, no bad port, no forbidden address. */
  vet(url: string, policy: AddressPolicy): Promise<UrlVerdict>;
  /** Vets and pins every address anew, follows nothing, obeys no proxy of the environment. Never throws. */
  send(request: OutboundRequest, signal?: AbortSignal): Promise<OutboundResult>;
  /** What is known against the way to an endpoint, so that nothing need be taken up for it; undefined where nothing is. */
  holdOf?(url: string): Hold | undefined;
  /** Undefined where there is no proxy. */
  readonly proxy?: ProxyState | undefined;
}
