import canonicalize from "canonicalize";
import * as v from "valibot";
import type { Context } from "../../../context.ts";
import { mutate } from "../../../journal/mutate.ts";
import { sha256 } from "../../../kernel/crypto.ts";
import { AppError, notFound, validationFailed } from "../../../kernel/errors.ts";
import type { JsonObject, JsonValue } from "../../../kernel/json.ts";
import { actorOf, type EnvironmentPrincipal } from "../../../kernel/principal.ts";
import { isTimeZone } from "../../../kernel/time-zone.ts";
import type { InputDraft, LoggedInput, MemberChange } from "../inputs/draft.ts";
import type { Recorder } from "../inputs/record.ts";
import type { ProgramCache } from "../program/cache.ts";
import type { Command } from "../types.ts";
import { findMember, type Member } from "./store.ts";

/** |amount| ≤ 10¹², as everywhere. */
const AMOUNT_MAX = 1_000_000_000_000;

const Attributes = v.custom<JsonObject>(
  (value) => typeof value === "object" && value !== null && !Array.isArray(value),
  "must be an object",
);

export const PutMember = v.strictObject({
  attributes: v.optional(Attributes),
  timezone: v.optional(
    v.nullable(
      v.pipe(v.string(), v.check(isTimeZone, "must be an IANA time zone in its own spelling, such as Europe/Berlin")),
    ),
  ),
  locale: v.optional(
    v.nullable(
      v.pipe(v.string(), v.regex(/^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$/, "must be a language tag, such as de-AT")),
    ),
  ),
});
export type PutMember = v.InferOutput<typeof PutMember>;

export const Adjust = v.strictObject({
  currency: v.string(),
  amount: v.pipe(
    v.number(),
    v.integer("must be an integer in minor units"),
    v.check(
      (amount) => amount !== 0 && Math.abs(amount) <= AMOUNT_MAX,
      "must be between 1 and 10¹², or as much below zero",
    ),
  ),
  reason: v.pipe(v.string(), v.trim(), v.minLength(1, "must say why"), v.maxLength(500)),
});
export type Adjust = v.InferOutput<typeof Adjust>;

export interface MembersRoom {
  readonly context: Context;
  readonly recorder: Recorder;
  readonly programs: ProgramCache;
}

/** Makes a member known, or merges what is said of one; `null` deletes an attribute. */
export async function putMember(
  room: MembersRoom,
  principal: EnvironmentPrincipal,
  userId: string,
  input: PutMember,
): Promise<Member> {
  const { context, recorder } = room;
  const { environmentId } = principal;
  const draft = memberDraft(context, principal, userId, input);
  return mutate(context, principal, async (writer) => {
    const [outcome] = await recorder.record(writer, environmentId, [draft]);
    if (outcome?.kind === "refused") throw outcome.error;
    const member = await findMember(writer, environmentId, userId);
    if (!member) throw new AppError("internal", "The member was not written.");
    return { result: member, audit: [], announce: [], jobs: [] };
  });
}

/**
 * The input that says what is known of a member.
 * @param id the caller's own, of a message that may come again; else one is made
 */
export function memberDraft(
  context: Context,
  principal: EnvironmentPrincipal,
  userId: string,
  input: PutMember,
  id?: string,
): InputDraft {
  const change: MemberChange = { kind: "member", ...input };
  const draft = commandDraft(context, principal, userId, change, { ...input } as JsonObject);
  return id === undefined ? draft : { ...draft, id };
}

/** Gives or takes an amount by hand: an input like any other, with its effects and its place in the ledger. */
export async function adjustBalance(
  room: MembersRoom,
  principal: EnvironmentPrincipal,
  userId: string,
  input: Adjust,
): Promise<LoggedInput> {
  const { context, recorder, programs } = room;
  const { environmentId, workspaceId } = principal;
  const command: Command = { kind: "adjustment", ...input };
  const draft = commandDraft(context, principal, userId, command, { ...input });
  return mutate(context, principal, async (writer) => {
    const member = await findMember(writer, environmentId, userId);
    if (!member) throw notFound("The member");
    const program = await programs.active(writer, environmentId);
    if (!program.currencies.has(input.currency)) {
      throw validationFailed([
        { path: "currency", message: `${input.currency} is not a currency of the published program` },
      ]);
    }
    const [outcome] = await recorder.record(writer, environmentId, [draft]);
    if (outcome?.kind === "refused") throw outcome.error;
    if (outcome?.kind !== "accepted") throw new AppError("internal", "The adjustment was not recorded.");
    return {
      result: outcome.input,
      audit: [{ workspaceId, environmentId, action: "member.adjusted", target: member.id, details: { ...input } }],
      announce: [],
      jobs: [],
    };
  });
}

function commandDraft(
  context: Context,
  principal: EnvironmentPrincipal,
  userId: string,
  command: Command | MemberChange,
  properties: JsonObject,
): InputDraft {
  return {
    kind: "command",
    id: context.ids.next("cmd"),
    namespace: "command",
    type: command.kind === "member" ? "member.changed" : command.kind,
    userId,
    occurredAt: undefined,
    properties,
    backfill: false,
    contentHash: sha256(contentOf(properties)),
    command,
    forward: false,
    actor: actorOf(principal),
    requestId: principal.request.id,
    traceparent: principal.request.traceparent,
  };
}

function contentOf(properties: JsonValue): string {
  try {
    return canonicalize(properties) ?? "";
  } catch {
    throw validationFailed([
      { path: "", message: "holds text that is not valid Unicode, or a number too large for JSON" },
    ]);
  }
}
