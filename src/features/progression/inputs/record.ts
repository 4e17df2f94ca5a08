import type { Context } from "../../../context.ts";
import type { Reader, Writer } from "../../../database/database.ts";
import { type Announcement, announce } from "../../../journal/outbox.ts";
import { isoTime } from "../../../kernel/clock.ts";
import { createSigner, equalBytes } from "../../../kernel/crypto.ts";
import { AppError, validationFailed } from "../../../kernel/errors.ts";
import type { Id } from "../../../kernel/ids.ts";
import type { UnixMs } from "../../../kernel/units.ts";
import { decide, needs } from "../decide/decide.ts";
import { localTimeOf } from "../decide/local-time.ts";
import { attributesText, insertMembers, lockMembers, type Member, stateText, updateMembers } from "../members/store.ts";
import type { ProgramCache } from "../program/cache.ts";
import type { CompiledProgram } from "../program/compile.ts";
import { type Decision, EMPTY_STATE, type Input, type MemberFacts } from "../types.ts";
import type { InputDraft, InputName, InputOutcome, LoggedInput, MemberChange } from "./draft.ts";
import {
  type ClaimedId,
  findClaimedIds,
  insertInputs,
  insertTransfers,
  lockCounters,
  lockHead,
  moveHead,
  type NewInput,
  type NewTransfer,
  saveCounters,
} from "./store.ts";

/** A member's state is read and written with each input: past this size an input is refused rather than all slowed down. */
const STATE_CHARS_MAX = 64 * 1024;
/** What is known of a member stays small for the same reason. */
const ATTRIBUTES_CHARS_MAX = 16 * 1024;
/** Half a SHA-256: beyond any chance of two ids meeting, and half the index. */
const ID_HASH_BYTES = 16;

export interface Recorder {
  /** The event that a caller knows by this name. */
  find(reader: Reader, environmentId: Id<"env">, name: InputName): Promise<LoggedInput | undefined>;
  /** What an input of this id and content would come to if it came again; undefined where the id is new. */
  recall(
    reader: Reader,
    environmentId: Id<"env">,
    draft: InputName & Pick<InputDraft, "contentHash">,
  ): Promise<InputOutcome | undefined>;
  /** Appends to the log of one environment, in order, inside the caller's transaction. One refused input leaves the others alone. */
  record(writer: Writer, environmentId: Id<"env">, drafts: readonly InputDraft[]): Promise<InputOutcome[]>;
}

/** What the fold carries from one input to the next, and what is written when it is done. */
interface Fold {
  readonly writer: Writer;
  readonly environmentId: Id<"env">;
  readonly program: CompiledProgram;
  readonly members: Map<string, Member>;
  /** Ids of members that have no row yet. */
  readonly added: Set<Id<"mem">>;
  readonly counters: Map<string, number>;
  sequence: number;
  readonly changedMembers: Set<string>;
  readonly changedCounters: Map<string, number>;
  readonly inputs: NewInput[];
  readonly transfers: NewTransfer[];
  readonly announcements: Announcement[];
}

/**
 * The one way into the log, told in order: the ids are claimed → what the inputs touch is loaded, once for all of them →
 * each is decided in the order received, on the facts that the one before it left → everything is written as sets. A
 * refusal happens only while deciding, so it costs nobody else anything.
 */
export function createRecorder(
  context: Pick<Context, "ids" | "keyring" | "fanOut" | "metrics">,
  programs: ProgramCache,
): Recorder {
  const failedExpressions = context.metrics.counter(
    "rule_errors_total",
    "Conditions and amounts that could not be evaluated, so that their rule did not fire.",
  );
  const idKey = createSigner(context.keyring.keyFor("event-ids"));
  // Neither part of a name holds a line end.
  const hashId = (environmentId: Id<"env">, name: InputName): Uint8Array => {
    const id = name.namespace === "browser" ? `${name.userId}\n${name.id}` : name.id;
    return idKey.bytes(`${environmentId}\n${name.namespace}\n${id}`).subarray(0, ID_HASH_BYTES);
  };

  return {
    async find(reader, environmentId, name) {
      const [claim] = await findClaimedIds(reader, environmentId, [hashId(environmentId, name)]);
      return claim?.input;
    },
    async recall(reader, environmentId, draft) {
      const [claim] = await findClaimedIds(reader, environmentId, [hashId(environmentId, draft)]);
      return claim && repeated(claim, draft);
    },

    async record(writer, environmentId, drafts) {
      const hashes = drafts.map((draft) => hashId(environmentId, draft));
      const claimed = new Map(
        (await findClaimedIds(writer, environmentId, hashes)).map((claim) => [keyOf(claim.idHash), claim]),
      );
      const fold = await openFold(context, programs, writer, environmentId, drafts);
      const outcomes = drafts.map((draft, index): InputOutcome => {
        const idHash = hashes[index] ?? hashId(environmentId, draft);
        const earlier = claimed.get(keyOf(idHash));
        if (earlier) return repeated(earlier, draft);
        const outcome = foldOne(fold, draft, idHash);
        if (outcome.kind === "accepted") {
          claimed.set(keyOf(idHash), { idHash, contentHash: draft.contentHash, input: outcome.input });
        }
        return outcome;
      });
      await writeFold(context, fold);
      const failed = fold.inputs.reduce((sum, { input }) => sum + countFailed(input.considered), 0);
      if (failed > 0) writer.afterCommit(() => failedExpressions.add(failed));
      return outcomes;
    },
  };
}

const repeated = (earlier: ClaimedId, { contentHash }: Pick<InputDraft, "contentHash">): InputOutcome =>
  equalBytes(earlier.contentHash, contentHash) ? { kind: "duplicate", input: earlier.input } : { kind: "conflict" };

const countFailed = (considered: LoggedInput["considered"]): number =>
  considered?.reduce((count, { failed }) => count + (failed === true ? 1 : 0), 0) ?? 0;

const keyOf = (hash: Uint8Array): string => Buffer.from(hash).toString("latin1");

async function openFold(
  context: Pick<Context, "ids">,
  programs: ProgramCache,
  writer: Writer,
  environmentId: Id<"env">,
  drafts: readonly InputDraft[],
): Promise<Fold> {
  const program = await programs.active(writer, environmentId);
  const sequence = await lockHead(writer, environmentId);
  const userIds = drafts.map((draft) => draft.userId);
  const members = new Map((await lockMembers(writer, environmentId, userIds)).map((member) => [member.userId, member]));
  const added = new Set<Id<"mem">>();
  const counters = new Set<string>();
  for (const draft of drafts) {
    if (!members.has(draft.userId)) {
      const member = blankMember(context, draft.userId, writer.now);
      members.set(draft.userId, member);
      added.add(member.id);
    }
    const wanted = needs(program, inputOf(environmentId, program, draft, members.get(draft.userId), 0, writer.now));
    for (const name of wanted.counters) counters.add(name);
  }
  return {
    writer,
    environmentId,
    program,
    members,
    added,
    counters: await lockCounters(writer, environmentId, [...counters]),
    sequence,
    changedMembers: new Set(),
    changedCounters: new Map(),
    inputs: [],
    transfers: [],
    announcements: [],
  };
}

const blankMember = (context: Pick<Context, "ids">, userId: string, now: UnixMs): Member => ({
  id: context.ids.next("mem"),
  userId,
  attributes: {},
  timezone: undefined,
  locale: undefined,
  state: EMPTY_STATE,
  createdAt: now,
  updatedAt: now,
});

function inputOf(
  environmentId: Id<"env">,
  program: CompiledProgram,
  draft: InputDraft,
  member: Member | undefined,
  sequence: number,
  now: UnixMs,
): Input {
  const occurredAt = draft.occurredAt ?? now;
  const { localDate, localHour } = localTimeOf(occurredAt, member?.timezone ?? program.timezone);
  return {
    environmentId,
    sequence,
    kind: draft.kind,
    id: draft.id,
    type: draft.type,
    userId: draft.userId,
    occurredAt,
    receivedAt: now,
    localDate,
    localHour,
    properties: draft.properties,
    backfill: draft.backfill,
    ...(draft.command === undefined || draft.command.kind === "member" ? {} : { command: draft.command }),
  };
}

const NOTHING: Decision = { effects: [], transfers: [], considered: [], members: new Map(), counters: new Map() };

function foldOne(fold: Fold, draft: InputDraft, idHash: Uint8Array): InputOutcome {
  const { writer, environmentId, program } = fold;
  const before = fold.members.get(draft.userId);
  if (!before) return { kind: "refused", error: new AppError("internal", "The member was not loaded.") };
  const input = inputOf(environmentId, program, draft, before, fold.sequence + 1, writer.now);
  const change = draft.command?.kind === "member" ? draft.command : undefined;
  const decision = change
    ? NOTHING
    : decide(program, { members: fold.members, counters: fold.counters }, input, writer.now);
  if (decision.refusal)
    return { kind: "refused", error: new AppError(decision.refusal.code, decision.refusal.message) };

  const after = new Map<string, Member>();
  for (const [userId, facts] of decision.members)
    after.set(userId, withFacts(fold.members.get(userId), facts, writer.now));
  if (change || !after.has(draft.userId)) {
    after.set(draft.userId, { ...(change ? applyChange(before, change) : before), updatedAt: writer.now });
  }
  if (change && attributesText(after.get(draft.userId)?.attributes ?? {}).length > ATTRIBUTES_CHARS_MAX) {
    const message = `must not exceed ${ATTRIBUTES_CHARS_MAX} characters together`;
    return { kind: "refused", error: validationFailed([{ path: "attributes", message }]) };
  }
  for (const member of after.values()) {
    if (stateText(member.state).length > STATE_CHARS_MAX) {
      return {
        kind: "refused",
        error: new AppError("validation_failed", "The member's progress has no room for more."),
      };
    }
  }

  fold.sequence += 1;
  for (const [userId, member] of after) {
    fold.members.set(userId, member);
    fold.changedMembers.add(userId);
  }
  for (const [name, used] of decision.counters) {
    fold.counters.set(name, used);
    fold.changedCounters.set(name, used);
  }
  for (const transfer of decision.transfers)
    fold.transfers.push({ inputSequence: input.sequence, at: writer.now, transfer });
  const logged: LoggedInput = {
    sequence: input.sequence,
    kind: input.kind,
    id: input.id,
    type: input.type,
    userId: input.userId,
    occurredAt: input.occurredAt,
    receivedAt: input.receivedAt,
    localDate: input.localDate,
    requestId: draft.requestId,
    traceparent: draft.traceparent,
    backfill: input.backfill,
    properties: input.properties,
    programVersion: program.version,
    effects: decision.effects,
    considered: decision.considered,
  };
  fold.inputs.push({ input: logged, idHash, contentHash: draft.contentHash, actor: draft.actor });
  fold.announcements.push(...announcementsOf(environmentId, logged, draft.forward));
  return { kind: "accepted", input: logged, memberId: before.id };
}

const withFacts = (known: Member | undefined, facts: MemberFacts, now: UnixMs): Member => ({
  locale: undefined,
  ...known,
  ...facts,
  updatedAt: now,
});

function applyChange(member: Member, change: MemberChange): Member {
  const attributes = new Map(Object.entries(member.attributes));
  for (const [name, value] of Object.entries(change.attributes ?? {})) {
    if (value === null) attributes.delete(name);
    else attributes.set(name, value);
  }
  return {
    ...member,
    attributes: Object.fromEntries(attributes),
    timezone: change.timezone === undefined ? member.timezone : (change.timezone ?? undefined),
    locale: change.locale === undefined ? member.locale : (change.locale ?? undefined),
  };
}

/** Each effect is news; so is the event itself where its type asks to be sent on. */
function announcementsOf(environmentId: Id<"env">, input: LoggedInput, forward: boolean): Announcement[] {
  const shared = {
    environmentId,
    userId: input.userId,
    inputSequence: input.sequence,
    ...(input.traceparent === undefined ? {} : { traceparent: input.traceparent }),
  };
  const occurredAt = isoTime(input.occurredAt);
  const announcements: Announcement[] = (input.effects ?? []).map(({ id, type, userId, ...fields }) => ({
    ...shared,
    type,
    userId,
    data: {
      userId,
      eventId: input.id,
      eventType: input.type,
      programVersion: input.programVersion,
      effectId: id,
      occurredAt,
      ...fields,
    },
  }));
  if (forward) {
    const { id, type, userId, properties } = input;
    announcements.push({ ...shared, type, data: { id, type, userId, occurredAt, properties: properties ?? {} } });
  }
  return announcements;
}

async function writeFold(context: Pick<Context, "ids" | "fanOut">, fold: Fold): Promise<void> {
  const { writer, environmentId } = fold;
  if (fold.inputs.length === 0) return;
  await moveHead(writer, environmentId, fold.sequence);
  await insertInputs(writer, environmentId, fold.inputs);
  const changed = [...fold.changedMembers].sort().flatMap((userId) => fold.members.get(userId) ?? []);
  const [added, known] = partition(changed, (member) => fold.added.has(member.id));
  if (added.length > 0) await insertMembers(writer, environmentId, added);
  if (known.length > 0) await updateMembers(writer, known);
  if (fold.transfers.length > 0) await insertTransfers(writer, environmentId, fold.transfers);
  if (fold.changedCounters.size > 0) await saveCounters(writer, environmentId, fold.changedCounters);
  if (fold.announcements.length > 0) await announce(context, writer, fold.announcements);
}

function partition<T>(items: readonly T[], isFirst: (item: T) => boolean): [T[], T[]] {
  const parts: [T[], T[]] = [[], []];
  for (const item of items) parts[isFirst(item) ? 0 : 1].push(item);
  return parts;
}
