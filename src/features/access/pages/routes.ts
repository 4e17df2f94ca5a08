import { Elysia } from "elysia";
import type { Guard } from "../../../http/guard.ts";
import type { AccessRoom } from "../room.ts";
import { createLinkPages } from "./links/routes.ts";
import { createOperatorPages } from "./operator/routes.ts";
import { createOwnPages } from "./own/routes.ts";
import { createSignInPages } from "./sign-in/routes.ts";

/** What people meet: signing in, their own account, and what the operator does with those of others. */
export const createPages = (room: AccessRoom, guard: Guard) =>
  new Elysia({ name: "access-pages" })
    .use(createSignInPages(room, guard))
    .use(createLinkPages(room, guard))
    .use(createOwnPages(room, guard))
    .use(createOperatorPages(room, guard));
