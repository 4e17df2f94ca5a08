import * as v from "valibot";
import { said, text } from "../../../http/openapi-fields.ts";
import type { RoomReference } from "../../../http/openapi-types.ts";

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
export const SET_UP_REFERENCE: RoomReference = {
  tags: [{ name: "Set-up", description: "How a fresh installation gets its first workspace. It happens once." }],
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
  },
};
