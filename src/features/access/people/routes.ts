import { Elysia } from "elysia";
import type { Guard } from "../../../http/guard.ts";
import type { AccessRoom } from "../room.ts";
import { createOwnAccountRoutes } from "./accounts/own-routes.ts";
import { createAccountRoutes } from "./accounts/routes.ts";
import { createInvitationRoutes } from "./invitations/routes.ts";
import { createTeamRoutes } from "./team/routes.ts";

export const createPeopleRoutes = (room: AccessRoom, guard: Guard) =>
  new Elysia({ name: "people" })
    .use(createTeamRoutes(room, guard))
    .use(createInvitationRoutes(room, guard))
    .use(createOwnAccountRoutes(room, guard))
    .use(createAccountRoutes(room, guard));
