import { Elysia } from "elysia";
import * as v from "valibot";
import { type Guard, keyOf, requestOf } from "../../http/guard.ts";
import { listQuery, pageOf, parsePage } from "../../http/pages.ts";
import { isoTime } from "../../kernel/clock.ts";
import type { SystemPrincipal } from "../../kernel/principal.ts";
import type { UnixMs } from "../../kernel/units.ts";
import { createKey } from "./create-key.ts";
import { keyIdOf } from "./permissions.ts";
import { revokeKey } from "./revoke-key.ts";
import type { AccessRoom } from "./room.ts";
import { rotateKey } from "./rotate-key.ts";
import { assertMaySetUp, setUp } from "./set-up.ts";
import { tokenOf } from "./setup-token.ts";
import { listKeys } from "./store.ts";
import { CreateKey, type IssuedKey, type Key, RotateKey, SetUpWithToken } from "./types.ts";

const TAGS = ["Keys"];
const timeOrNull = (at: UnixMs | undefined): string | null => (at === undefined ? null : isoTime(at));

const keyView = (key: Key) => ({
  id: key.id,
  name: key.name,
  scopes: key.scopes,
  createdBy: key.createdBy,
  createdAt: isoTime(key.createdAt),
  expiresAt: timeOrNull(key.expiresAt),
  revokedAt: timeOrNull(key.revokedAt),
  lastUsedAt: timeOrNull(key.lastUsedAt),
  secrets: key.secrets.map(({ prefix, createdAt, expiresAt }) => ({
    prefix,
    createdAt: isoTime(createdAt),
    expiresAt: timeOrNull(expiresAt),
  })),
});

const issuedView = ({ key, secretKey }: IssuedKey) => ({ ...keyView(key), secretKey });

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
    .get(
      "/v1/keys",
      async ({ request, query }) => {
        const { limit, after } = parsePage(query);
        const { environmentId } = keyOf(request);
        const page = { before: after, limit: limit + 1, now: room.context.clock.now() };
        const keys = await room.context.database.read((reader) => listKeys(reader, environmentId, page));
        return pageOf(keys, limit, (key) => key.id, keyView);
      },
      {
        access: { scope: "keys:write" },
        query: v.object(listQuery),
        detail: {
          operationId: "listKeys",
          summary: "List the environment's keys, newest first",
          description: "`secrets` are those that still work, by their visible beginning.",
          tags: TAGS,
        },
      },
    )
    .post(
      "/v1/keys",
      async ({ request, body, set }) => {
        const principal = keyOf(request);
        const issued = await createKey(room, principal, { ...body, environmentId: principal.environmentId });
        set.status = 201;
        return issuedView(issued);
      },
      {
        access: { scope: "keys:write" },
        body: CreateKey,
        detail: {
          operationId: "createKey",
          summary: "Create a key in this environment",
          description: "Its scopes are among those of the calling key. The secret is shown here and never again.",
          tags: TAGS,
        },
      },
    )
    .post(
      "/v1/keys/:id/rotate",
      async ({ request, params, body }) => {
        const principal = keyOf(request);
        const keyId = keyIdOf(params.id);
        const { environmentId } = principal;
        return issuedView(await rotateKey(room, principal, { ...body, environmentId, keyId }));
      },
      {
        access: { scope: "keys:write" },
        body: v.optional(RotateKey),
        detail: {
          operationId: "rotateKey",
          summary: "Give a key a new secret",
          description:
            "The old one works until the end of the overlap: 24 hours if nothing is said, `0` ends it at once.",
          tags: TAGS,
        },
      },
    )
    .delete(
      "/v1/keys/:id",
      async ({ request, params }) => {
        const principal = keyOf(request);
        const { environmentId } = principal;
        return keyView(await revokeKey(room, principal, { environmentId, keyId: keyIdOf(params.id) }));
      },
      {
        access: { scope: "keys:write" },
        detail: {
          operationId: "revokeKey",
          summary: "Revoke a key at once",
          description: "Its subscriptions go on. Revoking twice is fine.",
          tags: TAGS,
        },
      },
    );
