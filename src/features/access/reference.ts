import * as v from "valibot";
import { page, said, text, time, timeOrNull } from "../../http/openapi-fields.ts";
import type { RoomReference } from "../../http/openapi-types.ts";
import { SCOPES } from "../../kernel/principal.ts";

const Key = v.object({
  id: text("`key_…`; it stays when the secret is rotated."),
  name: text("What the key is for, in your words."),
  scopes: said(v.array(v.picklist(SCOPES)), "What the key may do."),
  createdBy: text("The key or the operator that made it, as the audit log names them."),
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

const NewEnvironment = (kind: string) =>
  v.object({
    id: text("`env_…`"),
    secretKey: said(
      v.string(),
      `A secret key with all scopes in \`${kind}\`. It is shown in this answer and never again.`,
    ),
  });

const NewInstallation = v.object({
  workspace: v.object({ id: text("`ws_…`"), name: v.string() }),
  environments: said(
    v.object({ live: NewEnvironment("live"), test: NewEnvironment("test") }),
    "Two environments: the same code with separate keys, members, events and webhooks.",
  ),
  account: said(
    v.object({ id: text("`acc_…`"), email: v.string() }),
    "You: owner of the workspace and operator of the installation.",
  ),
});

const KEY_ID = "key_01kag6w8yj4e8n6r3tq1p0z9xb";
const KEY_EXAMPLE = {
  id: KEY_ID,
  name: "Backend",
  scopes: ["events:write", "members:read"],
  createdBy: "key_01kag6w8ya0c2m7d5fs9w4h1ve",
  createdAt: "2026-11-20T18:04:00.000Z",
  expiresAt: null,
  revokedAt: null,
  lastUsedAt: null,
  secrets: [{ prefix: "hk_test_7Qm2", createdAt: "2026-11-20T18:04:00.000Z", expiresAt: null }],
};
const ISSUED_EXAMPLE = { ...KEY_EXAMPLE, secretKey: "hk_test_7Qm2…" };
const KEY_PATH = { id: { description: "The key's id.", example: KEY_ID } };

export const ACCESS_REFERENCE: RoomReference = {
  tags: [
    {
      name: "Keys",
      description:
        "Secret keys of this environment. Give each program its own, with no more scopes than it needs: then one can be revoked without the others.",
    },
    { name: "Set-up", description: "How a fresh installation gets its first workspace. It happens once." },
  ],
  schemas: { Key },
  operations: {
    setUp: {
      body: {
        example: {
          token: "hst_…",
          email: "ada@riverside.example",
          password: "a few words in a row",
          workspace: "Riverside School",
        },
        fields: {
          token: "The one-time token of the first start.",
          email: "You sign in with it.",
          password: "Kept only as an argon2id hash.",
          workspace: "The company or application whose events come in.",
        },
      },
      answers: {
        201: {
          description: "The installation is claimed; the token is spent.",
          schema: NewInstallation,
          example: {
            workspace: { id: "ws_01kag6w8y50v3a9j2k7c4e6g8m", name: "Riverside School" },
            environments: {
              live: { id: "env_01kag6w8y6xz4d1q8b5n9t3r2p", secretKey: "hk_live_…" },
              test: { id: "env_01kag6w8y7h6s2f0m3v9w5k1ya", secretKey: "hk_test_…" },
            },
            account: { id: "acc_01kag6w8y8t7e4x1z6p2q9r5jd", email: "ada@riverside.example" },
          },
        },
      },
      errors: ["conflict"],
    },
    listKeys: {
      answers: {
        200: {
          description: "The keys, without their secrets.",
          schema: page(Key),
          example: { data: [KEY_EXAMPLE], next: null },
        },
      },
    },
    createKey: {
      body: {
        example: { name: "Backend", scopes: ["events:write", "members:read"] },
        fields: {
          name: "What the key is for, in your words.",
          scopes: "What it may do. Left out, it gets all that the calling key has.",
          expiresAt: "When it ends by itself. Left out, it does not.",
        },
      },
      answers: { 201: { description: "The key with its secret.", schema: IssuedKey, example: ISSUED_EXAMPLE } },
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
