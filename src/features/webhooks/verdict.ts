import type { UnixMs } from "../../kernel/units.ts";

/** What an answer, or its absence, means for a delivery. */
export type Verdict =
  | { readonly kind: "delivered"; readonly reason: string }
  | { readonly kind: "retry"; readonly reason: string; readonly notBefore?: UnixMs }
  | { readonly kind: "refused"; readonly reason: string; readonly signatureRefused: boolean }
  | { readonly kind: "gone"; readonly reason: string }
  /** What the subscription makes of the event is no body: mended, it can be sent. */
  | { readonly kind: "unsendable"; readonly reason: string }
  /** The way out is shut: nothing was sent, and nobody is to blame but the egress proxy. */
  | { readonly kind: "waits"; readonly reason: string; readonly notBefore: UnixMs }
  /** The event was erased: there is nothing left to send. */
  | { readonly kind: "purged" }
  /** Not the receiver's doing. `counted`: by a crash, not by an orderly stop. */
  | { readonly kind: "interrupted"; readonly counted: boolean };
