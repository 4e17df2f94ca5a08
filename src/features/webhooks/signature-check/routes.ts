import { Elysia } from "elysia";
import { callerOf, type Guard } from "../../../http/guard.ts";
import type { Room } from "../room.ts";
import { askAboutSignature, createSignatureDesk } from "./ask.ts";
import { CheckSignature } from "./schema.ts";

export function createSignatureCheckRoutes(room: Room, guard: Guard) {
  const desk = createSignatureDesk();
  return new Elysia({ name: "webhooks-signature-check" })
    .use(guard)
    .post(
      "/v1/webhooks/check-signature",
      ({ request, body }) => desk.ask(() => askAboutSignature(room, callerOf(request), body)),
      {
        access: { scope: "webhooks:read" },
        // It changes nothing, so that there is nothing to repeat, and what it is told is kept nowhere.
        ownIds: true,
        body: CheckSignature,
        detail: {
          operationId: "checkSignature",
          summary: "Why does this signature not verify?",
          description:
            "Hand in what came (`body` or `bodyBase64`, `headers`) and the `secret` or the `subscriptionId` that it is held against: the answer says whether it verifies, with which secret and how old it is, or names the mistake and what to do. Nothing of it is kept or shown again. `hatch check-signature` does the same without a server.",
          tags: ["Webhooks"],
        },
      },
    );
}
