import { Elysia } from "elysia";
import { callerOf, type Guard } from "../../../http/guard.ts";
import type { AccessRoom } from "../room.ts";
import { inspectCredential } from "./inspect.ts";
import { InspectCredential } from "./types.ts";
import { inspectionView } from "./view.ts";

export const createInspectorRoutes = (room: AccessRoom, guard: Guard) =>
  new Elysia({ name: "inspector" })
    .use(guard)
    .post(
      "/v1/credentials/inspect",
      async ({ request, body }) => inspectionView(await inspectCredential(room, callerOf(request), body)),
      {
        access: { scope: "keys:write", permission: "tokens:write" },
        // It changes nothing, so that there is nothing to repeat.
        ownIds: true,
        body: InspectCredential,
        detail: {
          operationId: "inspectCredential",
          summary: "Why is this credential refused?",
          description:
            "What it is, whose, what it may do, when it ends, and every reason why it is refused: here, and with `method` and `path` there. What belongs to another environment is unknown. The credential is neither kept nor shown again.",
          tags: ["Keys"],
        },
      },
    );
