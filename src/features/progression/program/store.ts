import type { Reader, Writer } from "../../../database/database.ts";
import type { Id } from "../../../kernel/ids.ts";
import type { JsonObject } from "../../../kernel/json.ts";
import type { UnixMs } from "../../../kernel/units.ts";

/** A published version without its content, as lists show it. */
export interface ProgramVersion {
  readonly id: Id<"prg">;
  readonly version: number;
  readonly checksum: string;
  readonly note: string | undefined;
  readonly publishedBy: string;
  readonly publishedAt: UnixMs;
}

export interface PublishedProgram extends ProgramVersion {
  readonly content: JsonObject;
}

export interface ProgramDraft {
  readonly content: JsonObject;
  readonly checksum: string;
  readonly updatedBy: string;
  readonly updatedAt: UnixMs;
}

interface VersionRow {
  readonly id: Id<"prg">;
  readonly version: number;
  readonly checksum: string;
  readonly note: string | null;
  readonly published_by: string;
  readonly published_at: UnixMs;
}

interface DraftRow {
  readonly content: string;
  readonly checksum: string;
  readonly updated_by: string;
  readonly updated_at: UnixMs;
}

const VERSION_COLUMNS = "id, version, checksum, note, published_by, published_at";

const versionOf = (row: VersionRow): ProgramVersion => ({
  id: row.id,
  version: row.version,
  checksum: row.checksum,
  note: row.note ?? undefined,
  publishedBy: row.published_by,
  publishedAt: row.published_at,
});

const publishedOf = (row: VersionRow & { readonly content: string }): PublishedProgram => ({
  ...versionOf(row),
  // Was checked before it was written; the order of its keys is the order of the rules.
  content: JSON.parse(row.content) as JsonObject,
});

/** The newest version's number: 0 where nothing was published. */
export async function findLatestVersion(reader: Reader, environmentId: Id<"env">): Promise<number> {
  const row = await reader.get<{ version: number }>(
    "SELECT version FROM programs WHERE environment_id = ? ORDER BY version DESC LIMIT 1",
    [environmentId],
  );
  return row?.version ?? 0;
}

export async function findPublished(reader: Reader, environmentId: Id<"env">): Promise<PublishedProgram | undefined> {
  const row = await reader.get<VersionRow & { content: string }>(
    `SELECT ${VERSION_COLUMNS}, content FROM programs WHERE environment_id = ? ORDER BY version DESC LIMIT 1`,
    [environmentId],
  );
  return row && publishedOf(row);
}

export async function findVersion(
  reader: Reader,
  environmentId: Id<"env">,
  version: number,
): Promise<PublishedProgram | undefined> {
  const row = await reader.get<VersionRow & { content: string }>(
    `SELECT ${VERSION_COLUMNS}, content FROM programs WHERE environment_id = ? AND version = ?`,
    [environmentId, version],
  );
  return row && publishedOf(row);
}

/** Newest first, below the number `before`. */
export async function listVersions(
  reader: Reader,
  environmentId: Id<"env">,
  page: { readonly before: number; readonly limit: number },
): Promise<ProgramVersion[]> {
  const rows = await reader.all<VersionRow>(
    `SELECT ${VERSION_COLUMNS} FROM programs WHERE environment_id = ? AND version < ? ORDER BY version DESC LIMIT ?`,
    [environmentId, page.before, page.limit],
  );
  return rows.map(versionOf);
}

export function insertVersion(writer: Writer, environmentId: Id<"env">, program: PublishedProgram): Promise<void> {
  return writer.insertMany({
    table: "programs",
    columns: ["environment_id", "version", "id", "content", "checksum", "note", "published_by", "published_at"],
    rows: [
      [
        environmentId,
        program.version,
        program.id,
        JSON.stringify(program.content),
        program.checksum,
        program.note ?? null,
        program.publishedBy,
        program.publishedAt,
      ],
    ],
  });
}

export async function findDraft(reader: Reader, environmentId: Id<"env">): Promise<ProgramDraft | undefined> {
  const row = await reader.get<DraftRow>(
    "SELECT content, checksum, updated_by, updated_at FROM program_drafts WHERE environment_id = ?",
    [environmentId],
  );
  if (!row) return undefined;
  return {
    content: JSON.parse(row.content) as JsonObject,
    checksum: row.checksum,
    updatedBy: row.updated_by,
    updatedAt: row.updated_at,
  };
}

export function saveDraftRow(writer: Writer, environmentId: Id<"env">, draft: ProgramDraft): Promise<void> {
  return writer.upsertMany({
    table: "program_drafts",
    columns: ["environment_id", "content", "checksum", "updated_by", "updated_at"],
    keyColumns: ["environment_id"],
    rows: [[environmentId, JSON.stringify(draft.content), draft.checksum, draft.updatedBy, draft.updatedAt]],
  });
}
