import type { Reader, Writer } from "../../../database/database.ts";
import type { Id } from "../../../kernel/ids.ts";
import type { UnixMs } from "../../../kernel/units.ts";

/** When the first that waits for one subscription is due. */
export async function findHeadOf(reader: Reader, subscriptionId: Id<"sub">): Promise<UnixMs | undefined> {
  const row = await reader.get<{ due_at: UnixMs | null }>(
    "SELECT MIN(due_at) AS due_at FROM deliveries WHERE subscription_id = ? AND status = 'pending'",
    [subscriptionId],
  );
  return row?.due_at ?? undefined;
}

/** Hands deliveries out: they stay pending, due again when the lease ends. */
export async function leaseDeliveries(
  writer: Writer,
  claims: readonly { readonly id: Id<"dlv">; readonly epoch: number; readonly attempt: number }[],
  until: UnixMs,
): Promise<void> {
  await writer.updateMany({
    table: "deliveries",
    columns: ["waiting_for", "due_at", "epoch", "attempts"],
    keyColumns: ["id"],
    rows: claims.map(({ id, epoch, attempt }) => ["acknowledgement", until, epoch, attempt, id]),
  });
}
