import * as v from "valibot";
import { listQuery } from "../../../http/pages.ts";
import { parseInput } from "../../../http/validate.ts";
import { AUDIT_FORMATS, type AuditFormat } from "../../../journal/audit-export.ts";
import type { AuditFilter } from "../../../journal/audit-read.ts";
import { parseIsoTime } from "../../../kernel/clock.ts";
import type { UnixMs } from "../../../kernel/units.ts";

const TEXT_CHARACTERS_MAX = 300;

const Text = v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(TEXT_CHARACTERS_MAX)));
const Time = v.optional(
  v.pipe(
    v.string(),
    v.check((text) => parseIsoTime(text) !== undefined, "Must be an ISO 8601 time with its offset."),
  ),
);
const Action = v.optional(
  v.pipe(
    v.string(),
    v.maxLength(TEXT_CHARACTERS_MAX),
    v.regex(/^[a-z_]+(?:\.[a-z_]*)*\*?$/, "Must be an action such as key.created, or a beginning such as key.*"),
  ),
);

const filters = { actor: Text, action: Action, target: Text, requestId: Text, since: Time, until: Time };
const Filters = v.object(filters);
const Format = v.object({ format: v.optional(v.picklist(AUDIT_FORMATS), "jsonl") });

export const AuditQuery = v.object({ ...listQuery, ...filters });
export const ExportQuery = v.object({ ...Format.entries, ...filters });

const timeOf = (text: string | undefined): UnixMs | undefined => (text === undefined ? undefined : parseIsoTime(text));

export function filterOf(query: unknown): AuditFilter {
  const { since, until, ...rest } = parseInput(Filters, query);
  return { ...rest, since: timeOf(since), until: timeOf(until) };
}

export const formatOf = (query: unknown): AuditFormat => parseInput(Format, query).format;
