import type { Writer } from "../../../database/database.ts";
import { changesBetween } from "../../../journal/audit-changes.ts";
import { type Mutation, mutate } from "../../../journal/mutate.ts";
import { AppError, validationFailed } from "../../../kernel/errors.ts";
import type { JsonObject } from "../../../kernel/json.ts";
import { actorOf, type Principal } from "../../../kernel/principal.ts";
import { checksFor, type ProgramPlace, type ProgramRoom } from "./room.ts";
import { findDraft, type ProgramDraft, saveDraftRow } from "./store.ts";
import { validateProgram } from "./validate.ts";

export interface SaveDraft extends ProgramPlace {
  /** As it came: it is looked at before anything is believed of it. */
  readonly content: unknown;
  /** The checksums of which one must be the present draft's; `*` is any draft. */
  readonly ifMatch?: readonly string[];
}

/** Checks a program in full and keeps it as the draft. A draft can therefore always be published as it stands. */
export function saveDraft(room: ProgramRoom, principal: Principal, input: SaveDraft): Promise<ProgramDraft> {
  return mutate(room.context, principal, (writer) => saveDraftWithin(room, writer, principal, input));
}

/** The same inside a transaction that goes on. */
export async function saveDraftWithin(
  room: ProgramRoom,
  writer: Writer,
  principal: Principal,
  { workspaceId, environmentId, content, ifMatch }: SaveDraft,
): Promise<Mutation<ProgramDraft>> {
  const before = await findDraft(writer, environmentId);
  if (ifMatch && !isMatched(ifMatch, before)) {
    throw new AppError("version_conflict", "The draft was changed since it was read: read it again.");
  }
  const verdict = validateProgram(content, await checksFor(room, writer, environmentId));
  if ("problems" in verdict) throw validationFailed(verdict.problems, "The program is not valid.");
  const { checksum } = verdict.ok;
  const draft: ProgramDraft = {
    content: content as JsonObject,
    checksum,
    updatedBy: actorOf(principal),
    updatedAt: writer.now,
  };
  await saveDraftRow(writer, environmentId, draft);
  const changes = changesBetween(before, draft, ["checksum"]);
  return {
    result: draft,
    audit: [{ workspaceId, environmentId, action: "program.draft_saved", target: environmentId, ...changes }],
    announce: [],
    jobs: [],
  };
}

const isMatched = (ifMatch: readonly string[], draft: ProgramDraft | undefined): boolean =>
  draft !== undefined && ifMatch.some((tag) => tag === "*" || tag === draft.checksum);
