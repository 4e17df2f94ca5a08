import { Elysia } from "elysia";
import { type Guard, requestOf } from "../../http/guard.ts";
import type { SystemPrincipal } from "../../kernel/principal.ts";
import { createAuditRoutes } from "./audit/routes.ts";
import { createImpersonationRoutes } from "./impersonation/routes.ts";
import { createInspectorRoutes } from "./inspector/routes.ts";
import { createLeakRoutes } from "./keys/leak-routes.ts";
import { createKeyRoutes } from "./keys/routes.ts";
import { createOidcRoutes } from "./oidc/routes.ts";
import { createPages } from "./pages/routes.ts";
import { createPasswordRoutes } from "./passwords/routes.ts";
import { createPeopleRoutes } from "./people/routes.ts";
import type { AccessRoom } from "./room.ts";
import { createFactorRoutes } from "./second-factor/routes.ts";
import { assertMaySetUp, setUp } from "./set-up.ts";
import { tokenOf } from "./setup-token.ts";
import { createSignInRoutes } from "./sign-in/routes.ts";
import { createTokenRoutes } from "./tokens/routes.ts";
import { SetUpWithToken } from "./types.ts";
import { createWorkspaceRoutes } from "./workspaces/routes.ts";
import { createSettingsRoutes } from "./workspaces/settings-routes.ts";

export const createAccessRoutes = (room: AccessRoom, guard: Guard) =>
  new Elysia({ name: "access" })
    .use(guard)
    .post(
      "/v1/auth/setup",
      async ({ request, body, set }) => {
        const principal: SystemPrincipal = { kind: "system", name: "setup", request: requestOf(request) };
        const made = await setUp(room, principal, body);
        set.status = 201;
        return made;
      },
      {
        access: "public",
        beforeClaim: true,
        bodyCredential: (body: unknown) => assertMaySetUp(room, tokenOf(body)),
        body: SetUpWithToken,
        detail: {
          operationId: "setUp",
          summary: "Claim a fresh installation",
          description:
            "Takes the one-time token that the first start made. Answers with the first workspace and one secret key for each environment: they are shown here and never again.",
          tags: ["Set-up"],
        },
      },
    )
    .use(createPages(room, guard))
    .use(createSignInRoutes(room, guard))
    .use(createFactorRoutes(room, guard))
    .use(createPasswordRoutes(room, guard))
    .use(createPeopleRoutes(room, guard))
    .use(createWorkspaceRoutes(room, guard))
    .use(createSettingsRoutes(room, guard))
    .use(createImpersonationRoutes(room, guard))
    .use(createOidcRoutes(room, guard))
    .use(createTokenRoutes(room, guard))
    .use(createInspectorRoutes(room, guard))
    .use(createLeakRoutes(room, guard))
    .use(createKeyRoutes(room, guard))
    .use(createAuditRoutes(room.context, guard));
