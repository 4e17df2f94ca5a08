import { mutate } from "../../../journal/mutate.ts";
import { AppError, notFound } from "../../../kernel/errors.ts";
import type { Id } from "../../../kernel/ids.ts";
import type { EnvironmentPrincipal } from "../../../kernel/principal.ts";
import { REASON_CANCELED } from "../deliver.ts";
import type { Room } from "../room.ts";
import type { ReplayOrigin } from "../types.ts";
import { type DeliveryView, showDelivery } from "./show.ts";
import { type DeliveryRow, endDelivery, findDelivery, requestCancel } from "./store.ts";

/**
 * Cancels what waits. The request that is under way can't be called back: if it fails, nothing follows. A replay that is
 * canceled leaves what was before it.
 */
export async function cancelDelivery(
  room: Room,
  principal: EnvironmentPrincipal,
  id: Id<"dlv">,
): Promise<DeliveryView> {
  const { environmentId, workspaceId } = principal;
  const row = await mutate(room, principal, async (writer) => {
    const before = await findDelivery(writer, environmentId, id);
    if (!before) throw notFound("The delivery");
    if (before.status === "sending") await requestCancel(writer, id);
    else if (before.status === "pending") await endDelivery(writer, before, endOf(before, writer.now));
    else throw new AppError("conflict", `The delivery has ended already: it is ${before.status}.`);
    const after = await findDelivery(writer, environmentId, id);
    if (!after) throw notFound("The delivery");
    return {
      result: after,
      audit: [
        { workspaceId, environmentId, action: "delivery.canceled", target: id, details: { status: before.status } },
      ],
      announce: [],
      jobs: [],
    };
  });
  return showDelivery(row);
}

function endOf(row: DeliveryRow, now: DeliveryRow["due_at"]): Pick<ReplayOrigin, "status" | "reason" | "endedAt"> {
  const origin = row.replay_from === null ? undefined : (JSON.parse(row.replay_from) as ReplayOrigin);
  if (origin !== undefined && origin.status !== "pending") return origin;
  return { status: "canceled", reason: REASON_CANCELED, endedAt: now };
}
