import type { Reader, Writer } from "../../database/database.ts";
import type { Id } from "../../kernel/ids.ts";
import { addMs, type UnixMs } from "../../kernel/units.ts";
import type { Verdict } from "./ladder.ts";

export const MAIL_STATES = ["waiting", "sent", "failed", "expired"] as const;
export type MailState = (typeof MAIL_STATES)[number];

export interface MailRow {
  readonly id: Id<"mail">;
  readonly workspace_id: Id<"ws"> | null;
  readonly kind: string;
  readonly recipient: string;
  readonly subject: string;
  readonly state: MailState;
  readonly attempts: number;
  readonly due_at: UnixMs;
  readonly expires_at: UnixMs;
  readonly last_error: string | null;
  readonly created_at: UnixMs;
  readonly ended_at: UnixMs | null;
}

/** With what it says; null once there is nothing left to send. */
export interface WholeMailRow extends MailRow {
  readonly content_sealed: string | null;
}

/** Taken for one try. */
export interface ClaimedMail {
  readonly id: Id<"mail">;
  readonly kind: string;
  readonly recipient: string;
  readonly subject: string;
  readonly content_sealed: string | null;
  /** The one that begins now included. */
  readonly attempts: number;
  readonly failures: number;
  readonly expires_at: UnixMs;
  readonly message_id: string;
  readonly created_at: UnixMs;
}

const COLUMNS =
  "id, workspace_id, kind, recipient, subject, state, attempts, due_at, expires_at, last_error, created_at, ended_at";

export async function isMailDue(reader: Reader, now: UnixMs): Promise<boolean> {
  const due = await reader.get("SELECT id FROM mails WHERE state = 'waiting' AND due_at <= ? LIMIT 1", [now]);
  return due !== undefined;
}

/** Ends what is no use any more and is not being tried. @returns how many */
export function expireMails(writer: Writer): Promise<number> {
  return writer.run(
    `UPDATE mails SET state = 'expired', content_sealed = NULL, claimed_by = NULL, ended_at = ?
     WHERE state = 'waiting' AND due_at <= ? AND expires_at <= ?`,
    [writer.now, writer.now, writer.now],
  );
}

/**
 * Takes the mails that have been due the longest. Their try is counted and their Message-ID given before a connection
 * opens; until `leaseMs` has passed nobody else takes them.
 */
export async function claimMails(
  writer: Writer,
  claim: { readonly limit: number; readonly claimant: string; readonly leaseMs: number; readonly host: string },
): Promise<ClaimedMail[]> {
  const rows = await writer.all<Omit<ClaimedMail, "message_id"> & { message_id: string | null }>(
    `SELECT id, kind, recipient, subject, content_sealed, attempts, failures, expires_at, message_id, created_at
     FROM mails WHERE state = 'waiting' AND due_at <= ? ORDER BY due_at, id LIMIT ?`,
    [writer.now, claim.limit],
  );
  const claimed = rows.map((row) => ({
    ...row,
    attempts: row.attempts + 1,
    message_id: row.message_id ?? `${row.id}@${claim.host}`,
  }));
  await writer.updateMany({
    table: "mails",
    columns: ["attempts", "message_id", "claimed_by", "due_at"],
    keyColumns: ["id"],
    rows: claimed.map(({ id, attempts, message_id }) => [
      attempts,
      message_id,
      claim.claimant,
      addMs(writer.now, claim.leaseMs),
      id,
    ]),
  });
  return claimed;
}

/** Records what a try meant. @returns false where the claim was no longer ours */
export async function settleMail(
  writer: Writer,
  { id, attempts }: ClaimedMail,
  verdict: Verdict,
  claimant: string,
): Promise<boolean> {
  const { state, failures, dueAt, lastError } = verdict;
  const changed = await writer.run(
    `UPDATE mails SET state = ?, attempts = ?, failures = ?, due_at = ?, last_error = ?, claimed_by = NULL,
       content_sealed = CASE WHEN ? = 1 THEN NULL ELSE content_sealed END, ended_at = ?
     WHERE id = ? AND state = 'waiting' AND claimed_by = ? AND attempts = ?`,
    [
      state,
      verdict.attempts,
      failures,
      dueAt,
      lastError,
      state === "sent" ? 1 : 0,
      state === "waiting" ? null : writer.now,
      id,
      claimant,
      attempts,
    ],
  );
  return changed === 1;
}

/** What another life of this process was trying is due at once. @returns how many */
export function rescueMails(writer: Writer, claimant: string): Promise<number> {
  return writer.run(
    "UPDATE mails SET due_at = ?, claimed_by = NULL WHERE state = 'waiting' AND claimed_by IS NOT NULL AND claimed_by <> ?",
    [writer.now, claimant],
  );
}

/** What was never tried waited for a mail server to be set: it is due now. @returns how many */
export function releaseMails(writer: Writer): Promise<number> {
  return writer.run("UPDATE mails SET due_at = ? WHERE state = 'waiting' AND attempts = 0 AND due_at > ?", [
    writer.now,
    writer.now,
  ]);
}

export function findMail(reader: Reader, id: Id<"mail">): Promise<WholeMailRow | undefined> {
  return reader.get<WholeMailRow>(`SELECT ${COLUMNS}, content_sealed FROM mails WHERE id = ?`, [id]);
}

/** Newest first. */
export function listMails(
  reader: Reader,
  { state, limit }: { readonly state: MailState | undefined; readonly limit: number },
): Promise<MailRow[]> {
  if (state === undefined) return reader.all<MailRow>(`SELECT ${COLUMNS} FROM mails ORDER BY id DESC LIMIT ?`, [limit]);
  return reader.all<MailRow>(`SELECT ${COLUMNS} FROM mails WHERE state = ? ORDER BY id DESC LIMIT ?`, [state, limit]);
}

/** Failed mails that still say something and are not too old; all of them, or one. @returns their ids and workspaces */
export async function reviveMails(
  writer: Writer,
  { id, limit }: { readonly id: Id<"mail"> | undefined; readonly limit: number },
): Promise<Pick<MailRow, "id" | "workspace_id">[]> {
  const rows = await writer.all<Pick<MailRow, "id" | "workspace_id">>(
    `SELECT id, workspace_id FROM mails WHERE state = 'failed' AND content_sealed IS NOT NULL AND expires_at > ?
     ${id === undefined ? "" : "AND id = ?"} ORDER BY id LIMIT ?`,
    [writer.now, ...(id === undefined ? [] : [id]), limit],
  );
  await writer.updateMany({
    table: "mails",
    columns: ["state", "failures", "due_at", "ended_at"],
    keyColumns: ["id"],
    rows: rows.map((row) => ["waiting", 0, writer.now, null, row.id]),
  });
  return rows;
}

/** Failed mails are kept to be tried again; once they have expired there is nothing left to say. */
export function dropContents(writer: Writer, before: UnixMs, limit: number): Promise<number> {
  return writer.run(
    `UPDATE mails SET content_sealed = NULL WHERE id IN (
       SELECT id FROM mails WHERE state = 'failed' AND content_sealed IS NOT NULL AND expires_at <= ? ORDER BY expires_at LIMIT ?
     )`,
    [before, limit],
  );
}

export function purgeMails(writer: Writer, endedBefore: UnixMs, limit: number): Promise<number> {
  return writer.run(
    "DELETE FROM mails WHERE id IN (SELECT id FROM mails WHERE ended_at IS NOT NULL AND ended_at < ? ORDER BY ended_at LIMIT ?)",
    [endedBefore, limit],
  );
}

export interface MailCounts {
  readonly waiting: number;
  readonly failed: number;
  /** Of those that wait. */
  readonly oldest: UnixMs | undefined;
}

export async function countMails(reader: Reader): Promise<MailCounts> {
  const waiting = await reader.get<{ n: number; oldest: UnixMs | null }>(
    "SELECT COUNT(*) AS n, MIN(created_at) AS oldest FROM mails WHERE state = 'waiting'",
  );
  const failed = await reader.get<{ n: number }>("SELECT COUNT(*) AS n FROM mails WHERE state = 'failed'");
  return { waiting: waiting?.n ?? 0, failed: failed?.n ?? 0, oldest: waiting?.oldest ?? undefined };
}

/** The newest word about why mails wait. */
export async function findLastError(reader: Reader, state: MailState): Promise<string | undefined> {
  const row = await reader.get<{ last_error: string }>(
    "SELECT last_error FROM mails WHERE state = ? AND last_error IS NOT NULL ORDER BY id DESC LIMIT 1",
    [state],
  );
  return row?.last_error;
}

export function listSealedMails(
  reader: Reader,
  after: string,
  limit: number,
): Promise<{ readonly id: Id<"mail">; readonly content_sealed: string }[]> {
  return reader.all(
    "SELECT id, content_sealed FROM mails WHERE content_sealed IS NOT NULL AND id > ? ORDER BY id LIMIT ?",
    [after, limit],
  );
}
