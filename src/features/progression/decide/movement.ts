import type { Balance } from "../types.ts";
import { endOfSpan } from "./expiry.ts";
import { siblingId, type Work } from "./work.ts";

export interface Movement {
  readonly kind: "credit" | "debit";
  /** Of the transfer, unique within the input. */
  readonly key: string;
  readonly effectKey: string;
  readonly currency: string;
  readonly amount: number;
  readonly clipped: number;
  /** After it. */
  readonly balance: Balance;
  readonly from: { readonly rule: string; readonly reason: string };
}

/** Moves an amount between the program and the member: the balance, the transfer, and the effect that tells of it. */
export function recordMovement(work: Work, movement: Movement): void {
  const { kind, key, currency, amount, clipped, balance, from } = movement;
  const { program, member, input } = work;
  const id = work.effectId(movement.effectKey);
  const span = kind === "credit" ? program.currencies.get(currency)?.expiresAfter : undefined;
  work.setBalance(currency, balance);
  work.transfers.push({
    id: siblingId("txn", id),
    key,
    memberId: member.id,
    currency,
    debit: kind === "credit" ? "program" : member.id,
    credit: kind === "credit" ? member.id : "program",
    amount,
    expiresAt: span === undefined ? undefined : endOfSpan(input.receivedAt, span, member.timezone ?? program.timezone),
    reason: from.reason,
  });
  const fields = { currency, amount, balance: balance.available, ...(clipped > 0 ? { clipped } : {}) };
  work.effect(id, kind === "credit" ? "points.earned" : "points.spent", from, fields);
}
