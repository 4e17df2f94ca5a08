import { Elysia } from "elysia";
import * as v from "valibot";
import { callerOf, type Guard } from "../../../http/guard.ts";
import { listQuery, pageOf, parsePage } from "../../../http/pages.ts";
import { isoTime } from "../../../kernel/clock.ts";
import type { UnixMs } from "../../../kernel/units.ts";
import { keyIdOf } from "../permissions.ts";
import type { AccessRoom } from "../room.ts";
import { ChangeKey, CreateKey, type IssuedKey, type Key, RotateKey } from "../types.ts";
import { changeKey } from "./change-key.ts";
import { createKey } from "./create-key.ts";
import { revokeKey } from "./revoke-key.ts";
import { rotateKey } from "./rotate-key.ts";
import { listKeys } from "./store.ts";

const TAGS = ["Keys"];
const timeOrNull = (at: UnixMs | undefined): string | null => (at === undefined ? null : isoTime(at));

const keyView = (key: Key) => ({
  id: key.id,
  name: key.name,
  kind: key.kind,
  scopes: key.scopes,
  ...(key.kind === "secret" ? {} : { origins: key.origins ?? [], eventTypes: key.eventTypes ?? null }),
  createdBy: key.createdBy,
  ownedBy: key.ownedBy ?? null,
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

export const createKeyRoutes = (room: AccessRoom, guard: Guard) =>
  new Elysia({ name: "keys" })
    .use(guard)
    .get(
      "/v1/keys",
      async ({ request, query }) => {
        const { limit, after } = parsePage(query);
        const { environmentId } = callerOf(request);
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
        const principal = callerOf(request);
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
          description:
            "A secret key for a server, with scopes among those of the caller; or a publishable one for pages of the listed origins, which sends event types that are safe for browsers and is answered without effects. The key is shown here and never again.",
          tags: TAGS,
        },
      },
    )
    .patch(
      "/v1/keys/:id",
      async ({ request, params, body }) => {
        const principal = callerOf(request);
        const { environmentId } = principal;
        return keyView(await changeKey(room, principal, { ...body, environmentId, keyId: keyIdOf(params.id) }));
      },
      {
        access: { scope: "keys:write" },
        body: ChangeKey,
        detail: {
          operationId: "changeKey",
          summary: "Change a key",
          description:
            "What it is called and who answers for it; of a publishable key also its origins and event types. It holds from the next request on.",
          tags: TAGS,
        },
      },
    )
    .post(
      "/v1/keys/:id/rotate",
      async ({ request, params, body }) => {
        const principal = callerOf(request);
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
        const principal = callerOf(request);
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
