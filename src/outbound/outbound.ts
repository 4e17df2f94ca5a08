import type { ErrorDetail } from "../kernel/errors.ts";
import type { DurationMs } from "../kernel/units.ts";

/** Where a request may go beside the public internet. */
export interface AddressPolicy {
  /** CIDR networks that are allowed though private. */
  readonly allowNetworks: readonly string[];
  /** Loopback is allowed: the test environment of a server that listens on loopback only. */
  readonly allowLoopback: boolean;
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
}

/** How long each part took, in milliseconds. */
export interface Timings {
  readonly dns: number;
  /** Connection, TLS and the wait for the first byte together: fetch does not tell them apart. */
  readonly firstByte: number;
  readonly body: number;
}

export type FailureKind = "forbidden_address" | "dns" | "connect" | "tls" | "timeout" | "protocol" | "aborted";

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
    };

/** The only way out of the process. */
export interface Outbound {
  /** Whether an endpoint may be set: https (http only to allowed networks), no userinfo, no bad port, no forbidden address. */
  vet(url: string, policy: AddressPolicy): Promise<UrlVerdict>;
  /** Vets and pins every address anew, follows nothing, obeys no proxy of the environment. Never throws. */
  send(request: OutboundRequest, signal?: AbortSignal): Promise<OutboundResult>;
}
