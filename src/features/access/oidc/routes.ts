import { Elysia } from "elysia";
import * as v from "valibot";
import { type Guard, requestOf } from "../../../http/guard.ts";
import { ownPlace } from "../../../http/site-refusal.ts";
import { AppError } from "../../../kernel/errors.ts";
import { describeError } from "../../../kernel/log.ts";
import type { AccessRoom } from "../room.ts";
import { originOf } from "../sign-in/routes.ts";
import { assertSafeWay } from "../sign-in/sign-in.ts";
import { openAttempt, sealAttempt, signInByProvider } from "./oidc.ts";
import type { Provider } from "./provider.ts";

const TAGS = ["Sign-in"];

async function providerOf(room: AccessRoom): Promise<Provider> {
  const provider = await room.findProvider();
  if (!provider) throw new AppError("not_configured", "No identity provider is set here (setting oidc.issuer).");
  return provider;
}

const goTo = (location: string, cookies: readonly string[]): Response => {
  const headers = new Headers({ location, "cache-control": "no-store" });
  for (const cookie of cookies) headers.append("set-cookie", cookie);
  return new Response(null, { status: 303, headers });
};

/** What a person is told on the sign-in page: never what the provider said, which goes to the log. */
const problemOf = (error: unknown): string => {
  if (!(error instanceof AppError)) return "refused";
  if (error.code === "forbidden") return "not_allowed";
  return error.code === "unauthenticated" ? "too_late" : "unavailable";
};

export const createOidcRoutes = (room: AccessRoom, guard: Guard) =>
  new Elysia({ name: "oidc" })
    .use(guard)
    .get(
      "/v1/auth/oidc/start",
      async ({ request, query }) => {
        assertSafeWay(room, originOf(request));
        const provider = await providerOf(room);
        const { url, attempt } = await provider.begin(ownPlace(query.next));
        return goTo(url, [room.cookies.setAttempt(sealAttempt(room, attempt))]);
      },
      {
        access: "public",
        query: v.object({ next: v.optional(v.string()) }),
        detail: {
          operationId: "beginOidcSignIn",
          summary: "Sign in through the identity provider",
          description: "Sends the browser there, with PKCE, state and nonce.",
          tags: TAGS,
        },
      },
    )
    .get(
      "/v1/auth/oidc/callback",
      async ({ request }) => {
        const provider = await providerOf(room);
        try {
          const attempt = openAttempt(room, room.cookies.readAttempt(request.headers.get("cookie")));
          const at = request.url.indexOf("?");
          const vouched = await provider.finish(at === -1 ? "" : request.url.slice(at), attempt);
          const session = await signInByProvider(room, provider, originOf(request), vouched);
          return goTo(attempt.next, [...room.cookies.set(session), room.cookies.clearAttempt()]);
        } catch (error) {
          const { id: requestId } = requestOf(request);
          room.context.log.warn("sign-in through the identity provider failed", { requestId, ...describeError(error) });
          return goTo(`/sign-in?problem=${problemOf(error)}`, [room.cookies.clearAttempt()]);
        }
      },
      {
        access: "public",
        detail: {
          operationId: "finishOidcSignIn",
          summary: "Where the identity provider sends the browser back to",
          description: "Begins the session and leads on; where it was refused, to the sign-in page, which says why.",
          tags: TAGS,
        },
      },
    );
