import * as v from "valibot";
import type { Id } from "../../kernel/ids.ts";
import { type EnvironmentKind, SCOPES, type Scope } from "../../kernel/principal.ts";
import { isEventTypeName } from "../../kernel/text.ts";
import type { UnixMs } from "../../kernel/units.ts";
import type { KeyKind } from "./keys/key-text.ts";

export const PASSWORD_CHARACTERS_MIN = 10;
const PASSWORD_CHARACTERS_MAX = 1_000;
const NAME_CHARACTERS_MAX = 100;
const REASON_CHARACTERS_MAX = 500;
const EMAIL_CHARACTERS_MAX = 254;
const TOKEN_CHARACTERS_MAX = 200;
const ORIGIN_CHARACTERS_MAX = 300;
const ORIGINS_PER_KEY_MAX = 20;
const EVENT_TYPES_PER_KEY_MAX = 100;

/** A name that people give: one line, without controls or half characters. */
export const Name = v.pipe(
  v.string(),
  v.trim(),
  v.minLength(1),
  v.maxLength(NAME_CHARACTERS_MAX),
  v.regex(/^[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}]*$/u, "Must be one line without control characters."),
);

/** In the one spelling under which an address is known here. */
export const Email = v.pipe(
  v.string(),
  v.trim(),
  v.normalize("NFC"),
  v.toLowerCase(),
  v.maxLength(EMAIL_CHARACTERS_MAX),
  v.regex(/^[^\s@\p{Cc}\p{Cs}]{1,64}@[^\s@\p{Cc}\p{Cs}]+\.[^\s@.\p{Cc}\p{Cs}]+$/u, "Must be an e-mail address."),
);

/** What somebody says why they do it, for the audit log and for whom it is done to. */
export const Reason = v.pipe(
  v.string(),
  v.trim(),
  v.minLength(1),
  v.maxLength(REASON_CHARACTERS_MAX),
  v.regex(/^[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}]*$/u, "Must be one line without control characters."),
);

/** A password that is asked for again: whatever it is, it is compared and not kept. */
export const GivenPassword = v.pipe(v.string(), v.maxLength(PASSWORD_CHARACTERS_MAX));

export const Password = v.pipe(v.string(), v.minLength(PASSWORD_CHARACTERS_MIN), v.maxLength(PASSWORD_CHARACTERS_MAX));

export const SetUp = v.strictObject({ email: Email, password: Password, workspace: Name });
export type SetUp = v.InferOutput<typeof SetUp>;

export const SetUpWithToken = v.strictObject({
  token: v.pipe(v.string(), v.maxLength(TOKEN_CHARACTERS_MAX)),
  ...SetUp.entries,
});

export const CreateWorkspace = v.strictObject({ name: Name });
export type CreateWorkspace = v.InferOutput<typeof CreateWorkspace>;

/** As browsers send it; what it may be besides depends on the environment. */
export const Origin = v.pipe(v.string(), v.maxLength(ORIGIN_CHARACTERS_MAX));
const Origins = v.pipe(v.array(Origin), v.minLength(1), v.maxLength(ORIGINS_PER_KEY_MAX));
const EventTypes = v.pipe(
  v.array(v.pipe(v.string(), v.minLength(1), v.check(isEventTypeName, "must be the name of an event type"))),
  v.minLength(1),
  v.maxLength(EVENT_TYPES_PER_KEY_MAX),
);

export const CreateKey = v.strictObject({
  name: Name,
  /** `secret` if absent. */
  kind: v.optional(v.picklist(["secret", "publishable"])),
  /** Of a secret key: all that the caller has, if absent. */
  scopes: v.optional(v.pipe(v.array(v.picklist(SCOPES)), v.minLength(1), v.maxLength(SCOPES.length))),
  /** Of a publishable key: the pages that it works from. */
  origins: v.optional(Origins),
  /** Of a publishable key: what it may send of what browsers may; all of it, if absent. */
  eventTypes: v.optional(EventTypes),
  /** ISO 8601. */
  expiresAt: v.optional(v.string()),
});
export type CreateKey = v.InferOutput<typeof CreateKey>;

export const ChangeKey = v.strictObject({
  name: v.optional(Name),
  /** An account of the workspace; null is nobody. */
  ownedBy: v.optional(v.nullable(v.string())),
  origins: v.optional(Origins),
  /** Null: whatever browsers may send. */
  eventTypes: v.optional(v.nullable(EventTypes)),
});
export type ChangeKey = v.InferOutput<typeof ChangeKey>;

export const RotateKey = v.strictObject({
  /** How long the old secret works on: `"24h"` if absent, `"0"` ends it at once. */
  overlap: v.optional(v.string()),
});
export type RotateKey = v.InferOutput<typeof RotateKey>;

export interface KeySecret {
  readonly prefix: string;
  readonly createdAt: UnixMs;
  readonly expiresAt: UnixMs | undefined;
}

export interface Key {
  readonly id: Id<"key">;
  readonly environmentId: Id<"env">;
  readonly name: string;
  readonly kind: KeyKind;
  /** Of a publishable key none: what it may do is the same for all of them. */
  readonly scopes: readonly Scope[];
  /** The pages that a publishable key works from. */
  readonly origins: readonly string[] | undefined;
  /** What a publishable key may send; undefined is whatever browsers may. */
  readonly eventTypes: readonly string[] | undefined;
  /** An id or a fixed name, as the audit log has it. */
  readonly createdBy: string;
  /** Who answers for it; it outlives whoever made it. */
  readonly ownedBy: Id<"acc"> | undefined;
  readonly createdAt: UnixMs;
  readonly expiresAt: UnixMs | undefined;
  readonly revokedAt: UnixMs | undefined;
  readonly lastUsedAt: UnixMs | undefined;
  /** Those that still work, newest first; more than one during an overlap. */
  readonly secrets: readonly KeySecret[];
}

/** The only moment at which the secret can be seen. */
export interface IssuedKey {
  readonly key: Key;
  readonly secretKey: string;
}

export interface Environment {
  readonly id: Id<"env">;
  readonly kind: EnvironmentKind;
  readonly workspaceId: Id<"ws">;
  readonly workspaceName: string;
}

export interface NewEnvironment {
  readonly id: Id<"env">;
  readonly secretKey: string;
}

/** As `hatch setup --json` and `POST /v1/auth/setup` print it. */
export interface NewWorkspace {
  readonly workspace: { readonly id: Id<"ws">; readonly name: string };
  readonly environments: { readonly live: NewEnvironment; readonly test: NewEnvironment };
}

export interface NewInstallation extends NewWorkspace {
  readonly account: { readonly id: Id<"acc">; readonly email: string };
}
