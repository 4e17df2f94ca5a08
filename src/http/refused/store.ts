import type { Reader, Writer } from "../../database/database.ts";
import { type Id, isId } from "../../kernel/ids.ts";
import type { UnixMs } from "../../kernel/units.ts";

/** A request that was refused, as the tracer shows it. */
export interface RefusedRequest {
  readonly id: Id<"req">;
  readonly at: UnixMs;
  readonly requestId: string;
  readonly environmentId: Id<"env"> | null;
  readonly actor: string | null;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

const COLUMNS = [
  "id",
  "at",
  "request_id",
  "environment_id",
  "actor",
  "method",
  "path",
  "status",
  "code",
  "message",
] as const;

export const insertRefusedRequests = (writer: Writer, refused: readonly RefusedRequest[]): Promise<void> =>
  writer.insertMany({
    table: "refused_requests",
    columns: COLUMNS,
    rows: refused.map((one) => [
      one.id,
      one.at,
      one.requestId,
      one.environmentId,
      one.actor,
      one.method,
      one.path,
      one.status,
      one.code,
      one.message,
    ]),
  });

/** A request id may be the caller's own and stand there more than once. */
const SAME_REQUEST_MAX = 20;

/**
 * What was refused under this request id. A caller without a good credential belongs to no environment: it is found by
 * an id of our making, which only that caller was told, never by one that callers make up.
 */
export function findRefusedRequests(
  reader: Reader,
  environmentId: Id<"env">,
  requestId: string,
): Promise<RefusedRequest[]> {
  return reader.all<RefusedRequest>(
    `SELECT id, at, request_id AS "requestId", environment_id AS "environmentId", actor, method, path, status, code, message
     FROM refused_requests WHERE request_id = ? AND (environment_id = ? OR (environment_id IS NULL AND 1 = ?))
     ORDER BY at DESC LIMIT ${SAME_REQUEST_MAX}`,
    [requestId, environmentId, isId("req", requestId) ? 1 : 0],
  );
}

/** @returns how many were removed, at most `limit` */
export const purgeRefusedRequests = (writer: Writer, before: UnixMs, limit: number): Promise<number> =>
  writer.run(
    "DELETE FROM refused_requests WHERE id IN (SELECT id FROM refused_requests WHERE at < ? ORDER BY at LIMIT ?)",
    [before, limit],
  );
