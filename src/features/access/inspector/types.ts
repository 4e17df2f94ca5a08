import * as v from "valibot";
import type { BrowserIdentity, KeyIdentity } from "../../../http/exchange.ts";
import type { Id } from "../../../kernel/ids.ts";
import type { UnixMs } from "../../../kernel/units.ts";
import { Origin } from "../types.ts";

const CREDENTIAL_CHARACTERS_MAX = 8_000;
const PATH_CHARACTERS_MAX = 2_000;
const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] as const;

export const Credential = v.pipe(v.string(), v.minLength(1), v.maxLength(CREDENTIAL_CHARACTERS_MAX));

/** A credential, and if it is to be told why it is refused somewhere, the request that it comes with. */
export const InspectCredential = v.pipe(
  v.strictObject({
    credential: Credential,
    method: v.optional(v.picklist(METHODS)),
    path: v.optional(v.pipe(v.string(), v.maxLength(PATH_CHARACTERS_MAX), v.startsWith("/", "must begin with /"))),
    /** Of the page that sends it. */
    origin: v.optional(Origin),
  }),
  v.forward(
    v.partialCheck(
      [["method"], ["path"]],
      ({ method, path }) => (method === undefined) === (path === undefined),
      "goes with `path`: send both, or neither",
    ),
    ["method"],
  ),
);
export type InspectCredential = v.InferOutput<typeof InspectCredential>;

export type CredentialKind =
  | "secret_key"
  | "publishable_key"
  | "widget_token"
  | "embed_token"
  | "session_token"
  | "webhook_secret"
  | "one_time_link"
  | "setup_token"
  | "unknown";

/** Why a credential is refused; programs decide by the code. */
export interface Problem {
  readonly code:
    | "surrounded"
    | "no_credential"
    | "cut_or_mistyped"
    | "unknown_here"
    | "other_environment"
    | "revoked"
    | "expired"
    | "rotated_out"
    | "malformed_token"
    | "unknown_signing_key"
    | "wrong_signature"
    | "wrong_use"
    | "workspace_closed"
    | "origin_missing"
    | "origin_not_listed"
    | "secret_key_in_browser"
    | "no_such_route"
    | "not_allowed";
  readonly message: string;
}

/** What is known of a credential of the asker's own environment. */
export interface KnownFacts {
  readonly id: Id<"key"> | Id<"wst">;
  readonly name: string | undefined;
  readonly identity: KeyIdentity | BrowserIdentity;
  readonly origins: readonly string[] | undefined;
  readonly createdBy: string;
  readonly ownedBy: string | undefined;
  readonly createdAt: UnixMs;
  readonly lastUsedAt: UnixMs | undefined;
  readonly expiresAt: UnixMs | undefined;
  readonly revokedAt: UnixMs | undefined;
}

export interface Inspection {
  readonly kind: CredentialKind;
  /** Whether it would let a request of its own kind in at all, now. */
  readonly inForce: boolean;
  readonly facts: KnownFacts | undefined;
  /** Why it is refused; empty where the request that was described would be let in. */
  readonly problems: readonly Problem[];
}
