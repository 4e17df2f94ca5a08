import * as v from "valibot";
import type { Id } from "../../../kernel/ids.ts";
import { WIDGET_SCOPES, type WidgetScope } from "../../../kernel/principal.ts";
import { isCallerId } from "../../../kernel/text.ts";
import type { UnixMs } from "../../../kernel/units.ts";
import { Origin } from "../types.ts";

const UserId = v.pipe(
  v.string(),
  v.check(isCallerId, "must be 1–255 printable characters, the stable id that your application gives its user"),
  v.metadata({ minLength: 1, maxLength: 255 }),
);

export const OneMember = v.object({ userId: UserId });

export const CreateWidgetSession = v.strictObject({
  userId: UserId,
  scopes: v.pipe(v.array(v.picklist(WIDGET_SCOPES)), v.minLength(1), v.maxLength(WIDGET_SCOPES.length)),
  /** `"15m"` if absent. */
  ttl: v.optional(v.string()),
  origin: v.optional(Origin),
});
export type CreateWidgetSession = v.InferOutput<typeof CreateWidgetSession>;

export const CreateEmbedToken = v.strictObject({
  userId: UserId,
  /** `"1h"` if absent. */
  ttl: v.optional(v.string()),
  origin: v.optional(Origin),
});
export type CreateEmbedToken = v.InferOutput<typeof CreateEmbedToken>;

export type TokenKind = "widget" | "embed";

/** What stands behind a token of a member's browser: asked on every use. */
export interface WidgetSession {
  readonly id: Id<"wst">;
  readonly environmentId: Id<"env">;
  readonly kind: TokenKind;
  readonly userId: string;
  readonly scopes: readonly WidgetScope[];
  readonly origin: string | undefined;
  /** An id, as the audit log has it. */
  readonly createdBy: string;
  readonly createdAt: UnixMs;
  readonly expiresAt: UnixMs;
  readonly revokedAt: UnixMs | undefined;
}

/** The only moment at which the token can be seen. */
export interface IssuedToken {
  readonly session: WidgetSession;
  readonly token: string;
}
