import type { Witness } from "./evidence.ts";
import type { Receiver } from "./receiver.ts";

/** What a kill cut off, by what it left behind. One kill may cut off several. */
export const MOMENTS = ["ingest", "claim", "outcome", "fan-out", "recover", "rotation"] as const;
export type Moment = (typeof MOMENTS)[number];

export interface Cut {
  readonly moments: readonly Moment[];
  /** Deliveries that were under way. */
  readonly inFlight: number;
}

interface Count {
  readonly n: number | string;
}

const some = async (witness: Witness, sql: string): Promise<boolean> =>
  Number((await witness.ask<Count>(sql))[0]?.n ?? 0) > 0;

/** Looks at the database as the dead server left it. @param unanswered requests of clients that it took along */
export async function whatWasCut(
  witness: Witness,
  { receiver, unanswered }: { readonly receiver: Receiver; readonly unanswered: number },
): Promise<Cut> {
  const sending = await witness.ask<{ id: string; number: number | string }>(
    `SELECT deliveries.id AS id, MAX(attempts.number) AS number FROM deliveries
       JOIN attempts ON attempts.delivery_id = deliveries.id WHERE deliveries.status = 'sending' GROUP BY deliveries.id`,
  );
  const isAnswered = ({ id, number }: (typeof sending)[number]): boolean => receiver.answered.has(`${id} ${number}`);
  /** Begun, and not at its end. */
  const cutOff = (kind: string): Promise<boolean> =>
    some(
      witness,
      `SELECT COUNT(*) AS n FROM jobs WHERE kind = '${kind}' AND started_at IS NOT NULL AND ended_at IS NULL`,
    );
  const cut: Record<Moment, boolean> = {
    ingest: unanswered > 0,
    // Written down as taken, and no request of it ever arrived: between the commit and the socket.
    claim: sending.some((row) => !isAnswered(row)),
    // Answered by the receiver, and the answer is not on the disk.
    outcome: sending.some(isAnswered),
    "fan-out": await cutOff("webhooks.fan_out"),
    recover: await cutOff("webhooks.recover"),
    // Some sealed by one key, some by the other.
    rotation: await some(witness, "SELECT COUNT(DISTINCT SUBSTR(sealed, 1, 8)) - 1 AS n FROM subscription_secrets"),
  };
  return { moments: MOMENTS.filter((moment) => cut[moment]), inFlight: sending.length };
}
