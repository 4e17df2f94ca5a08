import { Elysia } from "elysia";
import type { Context } from "../../../context.ts";
import { accountOf, callerOf, type Guard } from "../../../http/guard.ts";
import { cursorOf, numberBefore, parsePage } from "../../../http/pages.ts";
import { type Exported, exportChain, headOf, noteExport } from "../../../journal/audit-export.ts";
import { type AuditFilter, listEntries, showEntry } from "../../../journal/audit-read.ts";
import { isoTime } from "../../../kernel/clock.ts";
import type { Principal } from "../../../kernel/principal.ts";
import { Pace } from "./pace.ts";
import { AuditQuery, ExportQuery, filterOf, formatOf } from "./query.ts";

const TAGS = ["Audit"];

const MEDIA_TYPES = {
  jsonl: "application/x-ndjson; charset=utf-8",
  csv: "text/csv; charset=utf-8; header=present",
} as const;

async function showPage({ database }: Context, chain: string, filter: AuditFilter, query: Record<string, unknown>) {
  const { limit, after } = parsePage(query);
  const below = after === undefined ? undefined : numberBefore(after);
  const { rows, next } = await database.read((reader) => listEntries(reader, chain, filter, { below, limit }));
  return { data: rows.map(showEntry), next: next === undefined ? null : cursorOf(next) };
}

/** As text, a few hundred entries at a time, no faster than it is taken. */
function streamOf(pace: Pace, chunks: AsyncGenerator<string>, first: string): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream(
    {
      start: (controller) => controller.enqueue(encoder.encode(first)),
      async pull(controller) {
        const { value, done } = await pace.run(() => chunks.next());
        if (done) controller.close();
        else controller.enqueue(encoder.encode(value));
      },
      async cancel() {
        await chunks.return(undefined);
      },
    },
    { highWaterMark: 0 },
  );
}

async function exportAs(
  { context, pace }: { readonly context: Context; readonly pace: Pace },
  principal: Principal,
  exported: Exported,
): Promise<Response> {
  const upTo = await noteExport(context, principal, exported);
  const { format } = exported;
  const day = isoTime(context.clock.now()).slice(0, 10);
  return new Response(streamOf(pace, exportChain(context.database, { ...exported, upTo }), headOf(format)), {
    headers: {
      "content-type": MEDIA_TYPES[format],
      "content-disposition": `attachment; filename="audit-${day}.${format}"`,
    },
  });
}

/** What an environment's callers see: its own entries, and those of the workspace itself. The other half stays apart. */
function ownOf(request: Request): { readonly chain: Exported["chain"]; readonly own: AuditFilter } {
  const { workspaceId, environmentId } = callerOf(request);
  return { chain: workspaceId, own: { environmentId } };
}

export function createAuditRoutes(context: Context, guard: Guard) {
  const room = { context, pace: new Pace() };
  return new Elysia({ name: "audit" })
    .use(guard)
    .get(
      "/v1/audit",
      ({ request, query }) => {
        const { chain, own } = ownOf(request);
        return showPage(context, chain, { ...filterOf(query), ...own }, query);
      },
      {
        access: { scope: "audit:read" },
        query: AuditQuery,
        detail: {
          operationId: "listAudit",
          summary: "List the environment's audit entries, newest first",
          tags: TAGS,
        },
      },
    )
    .get(
      "/v1/audit/export",
      ({ request, query }) => {
        const { chain, own } = ownOf(request);
        const exported = { chain, filter: { ...filterOf(query), ...own }, format: formatOf(query) };
        return exportAs(room, callerOf(request), exported);
      },
      {
        access: { scope: "audit:read", permission: "exports:read" },
        query: ExportQuery,
        detail: { operationId: "exportAudit", summary: "Export the environment's audit entries as a file", tags: TAGS },
      },
    )
    .get("/v1/instance/audit", ({ query }) => showPage(context, "", filterOf(query), query), {
      access: { account: "operator" },
      query: AuditQuery,
      detail: {
        operationId: "listInstanceAudit",
        summary: "List the installation's own audit entries, newest first",
        tags: TAGS,
      },
    })
    .get(
      "/v1/instance/audit/export",
      ({ request, query }) =>
        exportAs(room, accountOf(request), { chain: "", filter: filterOf(query), format: formatOf(query) }),
      {
        access: { account: "operator" },
        query: ExportQuery,
        detail: {
          operationId: "exportInstanceAudit",
          summary: "Export the installation's own audit entries",
          tags: TAGS,
        },
      },
    );
}
