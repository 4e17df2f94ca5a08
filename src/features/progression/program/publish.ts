import type { Writer } from "../../../database/database.ts";
import { changesBetween } from "../../../journal/audit-changes.ts";
import { type Mutation, mutate } from "../../../journal/mutate.ts";
import { isoTime } from "../../../kernel/clock.ts";
import { AppError, notFound, validationFailed } from "../../../kernel/errors.ts";
import type { JsonObject } from "../../../kernel/json.ts";
import { actorOf, type Principal } from "../../../kernel/principal.ts";
import { versionTag } from "./compare.ts";
import { checksFor, type ProgramPlace, type ProgramRoom } from "./room.ts";
import { type SaveDraft, saveDraftWithin } from "./save-draft.ts";
import { findDraft, findPublished, findVersion, insertVersion, type PublishedProgram } from "./store.ts";
import { validateProgram } from "./validate.ts";

/** What a publication came to. */
export interface Publication {
  readonly program: PublishedProgram;
  /** False where this very content was published already: then there is no new number. */
  readonly isNew: boolean;
}

interface Note {
  readonly note?: string | undefined;
}

interface Bound {
  /** Of {@link versionTag}: what has to be published still, else nothing is; `*` is anything. */
  readonly ifPublished?: readonly string[] | undefined;
}

/** Makes the draft the program, in one atomic switch: each event is decided by exactly one version. */
export function publishDraft(
  room: ProgramRoom,
  principal: Principal,
  input: ProgramPlace & Note & Bound,
): Promise<Publication> {
  return mutate(room.context, principal, async (writer) => {
    const draft = await findDraft(writer, input.environmentId);
    if (!draft) throw notFound("A draft");
    // Types that were registered one by one may be gone since the draft was saved.
    const verdict = validateProgram(draft.content, await checksFor(room, writer, input.environmentId));
    if ("problems" in verdict) throw validationFailed(verdict.problems, "The draft is no longer valid.");
    return publishWithin(room, writer, principal, { ...input, action: "program.published", ...draft });
  });
}

/** Publishes the content of an earlier version under a new number. The draft stays as it is. */
export function rollBack(
  room: ProgramRoom,
  principal: Principal,
  { version, ...input }: ProgramPlace & Note & { readonly version: number },
): Promise<Publication> {
  return mutate(room.context, principal, async (writer) => {
    const earlier = await findVersion(writer, input.environmentId, version);
    if (!earlier) throw notFound(`Version ${version}`);
    const note = input.note ?? `Back to version ${version}`;
    return publishWithin(room, writer, principal, { ...earlier, ...input, note, action: "program.rolled_back" });
  });
}

/** Saves and publishes in one transaction, for a program that lives in a file. */
export function applyProgram(
  room: ProgramRoom,
  principal: Principal,
  input: SaveDraft & Note & Bound,
): Promise<Publication> {
  return mutate(room.context, principal, async (writer) => {
    const saved = await saveDraftWithin(room, writer, principal, input);
    const published = await publishWithin(room, writer, principal, {
      ...input,
      ...saved.result,
      action: "program.published",
    });
    return { ...published, audit: [...saved.audit, ...published.audit] };
  });
}

async function publishWithin(
  { context, programs }: ProgramRoom,
  writer: Writer,
  principal: Principal,
  {
    workspaceId,
    environmentId,
    content,
    checksum,
    note,
    action,
    ifPublished,
  }: ProgramPlace & Note & Bound & { readonly content: JsonObject; readonly checksum: string; readonly action: string },
): Promise<Mutation<Publication>> {
  const before = await findPublished(writer, environmentId);
  if (ifPublished && !ifPublished.some((tag) => tag === "*" || tag === versionTag(before))) {
    throw new AppError("version_conflict", "Another version was published since: compare with that one first.");
  }
  if (before?.checksum === checksum) {
    return { result: { program: before, isNew: false }, audit: [], announce: [], jobs: [] };
  }
  const program: PublishedProgram = {
    id: context.ids.next("prg"),
    version: (before?.version ?? 0) + 1,
    checksum,
    note,
    publishedBy: actorOf(principal),
    publishedAt: writer.now,
    content,
  };
  await insertVersion(writer, environmentId, program);
  // Now, for what shares this commit; and once more when readers can see it.
  programs.forget(environmentId);
  writer.afterCommit(() => programs.forget(environmentId));
  const told = { programId: program.id, version: program.version, checksum, note: note ?? null };
  const changes = changesBetween(before, program, ["version", "checksum"]);
  return {
    result: { program, isNew: true },
    audit: [{ workspaceId, environmentId, action, target: program.id, ...changes, details: { note: note ?? null } }],
    announce: [{ environmentId, type: "program.published", data: { ...told, publishedAt: isoTime(writer.now) } }],
    jobs: [],
  };
}
