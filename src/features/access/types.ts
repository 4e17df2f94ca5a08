import * as v from "valibot";
import type { Id } from "../../kernel/ids.ts";
import { type EnvironmentKind, SCOPES, type Scope } from "../../kernel/principal.ts";
import type { UnixMs } from "../../kernel/units.ts";

export const PASSWORD_CHARACTERS_MIN = 10;
const PASSWORD_CHARACTERS_MAX = 1_000;
const NAME_CHARACTERS_MAX = 100;
const EMAIL_CHARACTERS_MAX = 254;
const TOKEN_CHARACTERS_MAX = 200;

/** A name that people give: one line, without controls or half characters. */
const Name = v.pipe(
  v.string(),
  v.trim(),
  v.minLength(1),
  v.maxLength(NAME_CHARACTERS_MAX),
  v.regex(/^[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}]*$/u, "Must be one line without control characters."),
);

/** In the one spelling under which an address is known here. */
const Email = v.pipe(
  v.string(),
  v.trim(),
  v.normalize("NFC"),
  v.toLowerCase(),
  v.maxLength(EMAIL_CHARACTERS_MAX),
  v.regex(/^[^\s@\p{Cc}\p{Cs}]{1,64}@[^\s@\p{Cc}\p{Cs}]+\.[^\s@.\p{Cc}\p{Cs}]+$/u, "Must be an e-mail address."),
);

const Password = v.pipe(v.string(), v.minLength(PASSWORD_CHARACTERS_MIN), v.maxLength(PASSWORD_CHARACTERS_MAX));

export const SetUp = v.strictObject({ email: Email, password: Password, workspace: Name });
export type SetUp = v.InferOutput<typeof SetUp>;

export const SetUpWithToken = v.strictObject({
  token: v.pipe(v.string(), v.maxLength(TOKEN_CHARACTERS_MAX)),
  ...SetUp.entries,
});

export const CreateWorkspace = v.strictObject({ name: Name });
export type CreateWorkspace = v.InferOutput<typeof CreateWorkspace>;

export const CreateKey = v.strictObject({
  name: Name,
  /** All that the caller has, if absent. */
  scopes: v.optional(v.pipe(v.array(v.picklist(SCOPES)), v.minLength(1), v.maxLength(SCOPES.length))),
  /** ISO 8601. */
  expiresAt: v.optional(v.string()),
});
export type CreateKey = v.InferOutput<typeof CreateKey>;

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
  readonly scopes: readonly Scope[];
  /** An id or a fixed name, as the audit log has it. */
  readonly createdBy: string;
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
