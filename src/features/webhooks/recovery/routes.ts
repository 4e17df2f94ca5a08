import { Elysia } from "elysia";
import { callerOf, type Guard } from "../../../http/guard.ts";
import type { EnvironmentPrincipal } from "../../../kernel/principal.ts";
import type { Room } from "../room.ts";
import { subscriptionIdOf } from "../subscriptions/routes.ts";
import { countRecovery, startRecovery, type Whose } from "./recover.ts";
import { Recover, RecoverAll, type RecoverInput } from "./schema.ts";

const TAGS = ["Webhooks"];
const WRITE = { scope: "webhooks:write" } as const;

interface Answering {
  status?: number | string;
  headers: Record<string, string | number>;
}

async function answer(room: Room, caller: EnvironmentPrincipal, whose: Whose, input: RecoverInput, set: Answering) {
  if (input.dryRun) return countRecovery(room, caller, whose, input);
  const job = await startRecovery(room, caller, whose, input);
  set.status = 202;
  set.headers.location = `/v1/jobs/${job.id}`;
  return job;
}

export const createRecoveryRoutes = (room: Room, guard: Guard) =>
  new Elysia({ name: "webhooks-recovery" })
    .use(guard)
    .post(
      "/v1/webhooks/recover",
      ({ request, body, set }) => answer(room, callerOf(request), "all", body, set as Answering),
      {
        access: WRITE,
        body: RecoverAll,
        detail: {
          operationId: "recoverWebhooks",
          summary: "Bring back what did not arrive, at all subscriptions",
          description:
            "As for one subscription, for all of the environment or those that are named, each at its own rate. Disabled ones are left out, with the reason.",
          tags: TAGS,
        },
      },
    )
    .post(
      "/v1/webhooks/:id/recover",
      ({ request, params, body, set }) =>
        answer(room, callerOf(request), subscriptionIdOf(params.id), body, set as Answering),
      {
        access: WRITE,
        body: Recover,
        detail: {
          operationId: "recoverWebhook",
          summary: "Bring back what did not arrive",
          description:
            "Deliveries that ended as `failed` or `skipped` in a time are sent again under their ids, with the whole retry ladder before each; and wanted events of the last 30 days that no delivery was made of get one. `dryRun` only counts. Without it the answer is a job, which goes on over restarts and can be paused and canceled.",
          tags: TAGS,
        },
      },
    );
