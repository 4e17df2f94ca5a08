import type { Writer } from "../../../database/database.ts";
import { mutate } from "../../../journal/mutate.ts";
import { isoTime } from "../../../kernel/clock.ts";
import { AppError, notFound } from "../../../kernel/errors.ts";
import type { Id } from "../../../kernel/ids.ts";
import type { EnvironmentPrincipal } from "../../../kernel/principal.ts";
import { addMs, type DurationMs, durationMs, MINUTE, type UnixMs } from "../../../kernel/units.ts";
import { settle } from "../deliver.ts";
import { type Claim, type Taken, withBodies } from "../dispatch/claim.ts";
import { ownHeaders } from "../dispatch/send.ts";
import { progressOf } from "../dispatch/settle.ts";
import { closeAttempts, insertAttempts, listDue, lockDeliveries, settleDeliveries } from "../dispatch/store.ts";
import { JSON_TYPE } from "../format/body.ts";
import type { Room } from "../room.ts";
import { validSecrets } from "../signing.ts";
import { findHealth, findSubscription, updateHealth } from "../subscriptions/store.ts";
import { findHeadOf, leaseDeliveries } from "./store.ts";

/** An unacknowledged delivery comes again after this. */
const LEASE = MINUTE;
export const PULLED_AT_ONCE_MAX = 100;
/** Below the half minute of silence after which a connection is closed. */
export const WAIT_MAX = durationMs(25_000);

export interface Pulled {
  readonly id: Id<"dlv">;
  readonly leasedUntil: string;
  /** As a push would send them. */
  readonly headers: Readonly<Record<string, string>>;
  /** The bytes that are signed. */
  readonly body: string;
}

async function findPullSubscription(room: Room, principal: EnvironmentPrincipal, id: Id<"sub">): Promise<void> {
  const row = await room.database.read((reader) => findSubscription(reader, principal.environmentId, id));
  if (!row) throw notFound("The subscription");
  if (row.mode !== "pull")
    throw new AppError("conflict", "The subscription pushes to its endpoint: nothing is pulled.");
}

export interface Puller {
  readonly signal: AbortSignal;
  /** Throws once the caller's credential has ended: a wait is long enough for that. */
  readonly assertStillAdmitted: () => void;
}

/** Leases what is due; where nothing is, waits for it to come. */
export async function pullDeliveries(
  room: Room,
  principal: EnvironmentPrincipal,
  input: { readonly id: Id<"sub">; readonly wait: DurationMs; readonly limit: number },
  puller: Puller,
): Promise<readonly Pulled[]> {
  const { signal } = puller;
  const { id, wait, limit } = input;
  await findPullSubscription(room, principal, id);
  const until = addMs(room.clock.now(), wait);
  for (;;) {
    const dueAt = await room.database.read((reader) => findHeadOf(reader, id));
    const now = room.clock.now();
    if (dueAt !== undefined && dueAt <= now) {
      const pulled = await leaseDue(room, puller, id, limit);
      if (pulled.length > 0) return pulled;
    }
    if (now >= until || signal.aborted || room.waiters.closed) return [];
    // A lease that ends makes something due without anybody's wake.
    const next = dueAt !== undefined && dueAt > now ? Math.min(dueAt, until) : until;
    await room.waiters.wait(id, next - now, signal);
    puller.assertStillAdmitted();
  }
}

function leaseDue(room: Room, puller: Puller, id: Id<"sub">, limit: number): Promise<readonly Pulled[]> {
  return room.database.write(async (writer) => {
    // Here, and not only before: the write lane may have been busy with the very revocation.
    puller.assertStillAdmitted();
    const target = await room.directory.target(writer, id);
    if (target?.mode !== "pull" || target.status !== "active") return [];
    const rows = await listDue(writer, id, limit);
    const taken: Taken[] = rows.map((row) => ({ target, row, isProbe: false }));
    const claims = (await withBodies(writer, taken)).filter(({ body }) => body !== undefined);
    const leasedUntil = addMs(writer.now, LEASE);
    await lease(writer, claims, leasedUntil);
    const secrets = validSecrets(target.secrets, writer.now);
    return claims.map((claim) => ({
      id: claim.id,
      leasedUntil: isoTime(leasedUntil),
      headers: ownHeaders(claim, {
        secrets,
        startedAt: writer.now,
        userAgent: room.userAgent,
        body: claim.body ?? "",
        contentType: JSON_TYPE,
      }),
      body: claim.body ?? "",
    }));
  });
}

/** Each lease is an attempt; the one before it, if any, was not acknowledged. */
async function lease(writer: Writer, claims: readonly Claim[], until: UnixMs): Promise<void> {
  await closeAttempts(
    writer,
    claims.filter(({ attempt }) => attempt > 1).map(({ id, attempt }) => ({ deliveryId: id, number: attempt - 1 })),
    "expired",
  );
  await leaseDeliveries(writer, claims, until);
  await insertAttempts(
    writer,
    claims.map(({ id, attempt, epoch }) => ({ deliveryId: id, attempt, epoch })),
  );
}

export interface Acknowledged {
  readonly acknowledged: readonly Id<"dlv">[];
  /** Unknown here, never handed out, or ended otherwise. */
  readonly ignored: readonly string[];
}

/** Ends deliveries that were pulled; acknowledging twice is fine. */
export async function acknowledgeDeliveries(
  room: Room,
  principal: EnvironmentPrincipal,
  input: { readonly id: Id<"sub">; readonly deliveries: readonly Id<"dlv">[] },
): Promise<Acknowledged> {
  await findPullSubscription(room, principal, input.id);
  const wanted = [...new Set(input.deliveries)];
  return mutate(room, principal, async (writer) => {
    const rows = (await lockDeliveries(writer, wanted)).filter(({ subscription_id }) => subscription_id === input.id);
    const handedOut = rows.filter(({ status, attempts }) => status === "pending" && attempts > 0);
    const rules = {
      endedAt: writer.now,
      retryDelays: [],
      retryJitter: 0,
      chance: room.chance,
      resting: "waits" as const,
      validSecrets: 0,
    };
    await settleDeliveries(
      writer,
      handedOut.map((row) => ({
        ...settle(progressOf(row), { kind: "delivered", reason: "acknowledged" }, rules),
        id: row.id,
        epoch: row.epoch,
      })),
    );
    await closeAttempts(
      writer,
      handedOut.map(({ id, attempts }) => ({ deliveryId: id, number: attempts })),
      "delivered",
    );
    if (handedOut.length > 0) {
      const { environmentId } = principal;
      await room.hours.noteAcknowledged(writer, { subscriptionId: input.id, environmentId }, handedOut);
      const health = await findHealth(writer, [input.id]);
      await updateHealth(
        writer,
        health.map((row) => ({ ...row, failures_in_row: 0, failing_since: null, last_success_at: writer.now })),
      );
    }
    const ended = new Set<string>(rows.filter(({ status }) => status === "delivered").map(({ id }) => id));
    for (const { id } of handedOut) ended.add(id);
    const result = {
      acknowledged: wanted.filter((id) => ended.has(id)),
      ignored: wanted.filter((id) => !ended.has(id)),
    };
    return { result, audit: [], announce: [], jobs: [] };
  });
}
