import * as v from "valibot";
import { page, said, text, textOrNull, time, timeOrNull } from "../../../http/openapi-fields.ts";
import type { RoomReference } from "../../../http/openapi-types.ts";
import { SCOPES } from "../../../kernel/principal.ts";
import { ACCOUNT_ID } from "./examples.ts";

const Key = v.object({
  id: text("`key_…`; it stays when the secret is rotated."),
  name: text("What the key is for, in your words."),
  kind: said(v.picklist(["secret", "publishable"]), "`secret` for your servers, `publishable` for your pages."),
  scopes: said(v.array(v.picklist(SCOPES)), "What a secret key may do; a publishable one has none."),
  origins: v.optional(said(v.array(v.string()), "Of a publishable key: the pages that it works from.")),
  eventTypes: v.optional(
    said(
      v.nullable(v.array(v.string())),
      "Of a publishable key: what it may send of the types that are safe for browsers; `null` is all of them.",
    ),
  ),
  createdBy: text("The key, the person or the operator that made it, as the audit log names them."),
  ownedBy: textOrNull("The account that answers for it. The key outlives it: `null` is nobody."),
  createdAt: time("When it was made."),
  expiresAt: timeOrNull("When it ends by itself."),
  revokedAt: timeOrNull("When it was revoked."),
  lastUsedAt: timeOrNull("When it was last used; written down about once a minute."),
  secrets: said(
    v.array(
      v.object({
        prefix: text("The visible beginning of the secret, to tell it by."),
        createdAt: time("When this secret was made."),
        expiresAt: timeOrNull("When it stops working; set on the old one during a rotation."),
      }),
    ),
    "The secrets that still work, newest first.",
  ),
});

const IssuedKey = v.object({
  ...Key.entries,
  secretKey: text("The secret itself. It is shown in this answer and never again."),
});
const KEY_ID = "key_01kag6w8yj4e8n6r3tq1p0z9xb";
const KEY_EXAMPLE = {
  id: KEY_ID,
  name: "Backend",
  kind: "secret",
  scopes: ["events:write", "members:read"],
  createdBy: ACCOUNT_ID,
  ownedBy: ACCOUNT_ID,
  createdAt: "2026-11-20T18:04:00.000Z",
  expiresAt: null,
  revokedAt: null,
  lastUsedAt: null,
  secrets: [{ prefix: "hk_test_7Qm2", createdAt: "2026-11-20T18:04:00.000Z", expiresAt: null }],
};
const PUBLISHABLE_EXAMPLE = {
  ...KEY_EXAMPLE,
  name: "Website",
  kind: "publishable",
  scopes: [],
  origins: ["https://app.riverside.example"],
  eventTypes: null,
  secrets: [{ prefix: "hpk_test_4Kd8", createdAt: "2026-11-20T18:04:00.000Z", expiresAt: null }],
};
const ISSUED_EXAMPLE = { ...KEY_EXAMPLE, secretKey: "hk_test_7Qm2…" };
const KEY_PATH = { id: { description: "The key's id.", example: KEY_ID } };
export const KEYS_REFERENCE: RoomReference = {
  tags: [
    {
      name: "Keys",
      description:
        "Secret keys are for your servers: give each program its own, with no more scopes than it needs, and one can be revoked without the others. Publishable keys are for your pages, from the origins that you list.",
    },
  ],
  schemas: { Key },
  operations: {
    listKeys: {
      answers: {
        200: {
          description: "The keys, without their secrets.",
          schema: page(Key),
          example: { data: [PUBLISHABLE_EXAMPLE, KEY_EXAMPLE], next: null },
        },
      },
    },
    createKey: {
      body: {
        example: { name: "Backend", scopes: ["events:write", "members:read"] },
        fields: {
          name: "What the key is for, in your words.",
          kind: "`secret` if absent.",
          scopes: "What a secret key may do. Left out, it gets all that the caller has.",
          origins:
            "Required for a publishable key: the pages that it works from, as browsers send them (`https://app.example.com`). In `test` also `http://localhost:3000` and the like.",
          eventTypes:
            "What a publishable key may send of the types that are safe for browsers. All of them, if absent.",
          expiresAt: "When it ends by itself. Left out, it does not.",
        },
      },
      answers: { 201: { description: "The key with its secret.", schema: IssuedKey, example: ISSUED_EXAMPLE } },
    },
    changeKey: {
      path: KEY_PATH,
      body: {
        example: { name: "Website", origins: ["https://app.riverside.example", "https://www.riverside.example"] },
        fields: {
          name: "What the key is for.",
          ownedBy: "The account of this workspace that answers for it, or `null`.",
          origins: "Of a publishable key: all its origins, in place of those before.",
          eventTypes: "Of a publishable key: what it may send; `null` is whatever browsers may.",
        },
      },
      answers: {
        200: { description: "The key as it is now.", schema: Key, example: PUBLISHABLE_EXAMPLE },
      },
      errors: ["conflict"],
    },
    rotateKey: {
      path: KEY_PATH,
      body: {
        example: { overlap: "24h" },
        optional: true,
        fields: { overlap: "How long the old secret works on. `0` ends it at once." },
      },
      answers: {
        200: {
          description: "The same key with a new secret.",
          schema: IssuedKey,
          example: {
            ...ISSUED_EXAMPLE,
            secrets: [
              { prefix: "hk_test_9Zx4", createdAt: "2026-12-01T08:00:00.000Z", expiresAt: null },
              { prefix: "hk_test_7Qm2", createdAt: "2026-11-20T18:04:00.000Z", expiresAt: "2026-12-02T08:00:00.000Z" },
            ],
            secretKey: "hk_test_9Zx4…",
          },
        },
      },
      errors: ["conflict"],
    },
    revokeKey: {
      path: KEY_PATH,
      answers: {
        200: {
          description: "The key as it is now.",
          schema: Key,
          example: { ...KEY_EXAMPLE, revokedAt: "2026-12-01T08:00:00.000Z", secrets: [] },
        },
      },
    },
  },
};
