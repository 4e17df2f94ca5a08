import { isoTime } from "../../../kernel/clock.ts";
import { validationFailed } from "../../../kernel/errors.ts";
import type { Id } from "../../../kernel/ids.ts";
import type { JsonObject } from "../../../kernel/json.ts";
import { programChecksum } from "./checksum.ts";
import { countConcerned } from "./concerned.ts";
import { type ProgramChange, programDifference } from "./difference.ts";
import { checksFor, type ProgramRoom } from "./room.ts";
import { findDraft, findPublished, type ProgramDraft, type PublishedProgram } from "./store.ts";
import { validateProgram } from "./validate.ts";

export interface ConcerningChange extends ProgramChange {
  /** How many members have to do with it; absent where that was not asked for, or can't be told. */
  readonly members?: number | undefined;
}

/** What publishing a program would change. */
export interface Comparison {
  readonly published: PublishedProgram | undefined;
  /** Of the program that was compared. */
  readonly checksum: string;
  readonly changes: readonly ConcerningChange[];
  /** Somebody's, neither what is published nor this program: publishing this one writes over it. */
  readonly replacedDraft: ProgramDraft | undefined;
}

export interface Compared {
  readonly environmentId: Id<"env">;
  readonly content: JsonObject;
  /** Whether to count who is concerned, which looks at every member. */
  readonly withMembers: boolean;
}

/** Names a published version, or that there is none: what a publication may be bound to. */
export const versionTag = (published: Pick<PublishedProgram, "version" | "checksum"> | undefined): string =>
  published ? `${published.version}-${published.checksum}` : "0";

/** Sets a program beside the one that is published. @param content checked before */
export async function compareProgram(
  { context }: ProgramRoom,
  { environmentId, content, withMembers }: Compared,
): Promise<Comparison> {
  const [published, draft] = await context.database.read(async (reader) => [
    await findPublished(reader, environmentId),
    await findDraft(reader, environmentId),
  ]);
  const checksum = programChecksum(content);
  const before = published?.content ?? {};
  const changes = programDifference(before, content);
  const members = withMembers ? await countConcerned(context, environmentId, changes, before) : [];
  return {
    published,
    checksum,
    changes: changes.map((change, index) =>
      members[index] === undefined ? change : { ...change, members: members[index] },
    ),
    replacedDraft: draft && draft.checksum !== checksum && draft.checksum !== published?.checksum ? draft : undefined,
  };
}

/** The same for a program that nobody has checked. @throws AppError with each path that is wrong */
export async function checkAndCompareProgram(
  room: ProgramRoom,
  { content, ...rest }: Omit<Compared, "content"> & { readonly content: unknown },
): Promise<Comparison> {
  const checks = await room.context.database.read((reader) => checksFor(room, reader, rest.environmentId));
  const verdict = validateProgram(content, checks);
  if ("problems" in verdict) throw validationFailed(verdict.problems, "The program is not valid.");
  return compareProgram(room, { ...rest, content: content as JsonObject });
}

export const comparisonView = ({ published, checksum, changes, replacedDraft }: Comparison) => ({
  published: published
    ? {
        version: published.version,
        checksum: published.checksum,
        note: published.note ?? null,
        publishedBy: published.publishedBy,
        publishedAt: isoTime(published.publishedAt),
      }
    : null,
  tag: versionTag(published),
  unchanged: published?.checksum === checksum,
  replacedDraft: replacedDraft
    ? { updatedBy: replacedDraft.updatedBy, updatedAt: isoTime(replacedDraft.updatedAt) }
    : null,
  changes,
});
