import type { Config } from "../config/config.ts";
import { fromTheFront, type RetentionRule } from "../jobs/retention.ts";
import { DAY } from "../kernel/units.ts";
import { purgeClaims } from "./idempotency.ts";

/** What the floors keep, without a room. */
export const JOURNAL_RETENTION: readonly RetentionRule[] = [
  {
    name: "auditEntries",
    what: "Audit entries: who did what to what, and when",
    tables: ["audit_entries", "audit_heads", "audit_checkpoints", "audit_marks"],
    kept: undefined,
    after: "",
  },
  {
    name: "auditDetails",
    what: "What an audit entry says was changed; its digest stays, so that the chain holds",
    tables: ["audit_entries"],
    kept: ({ audit }: Config) => audit.keepDetails,
    setting: "audit.keepDetails",
    after: "the change",
  },
  {
    name: "idempotencyClaims",
    what: "Answers that are given again under an Idempotency-Key, sealed",
    tables: ["idempotency_claims"],
    kept: () => DAY,
    after: "the first request",
    purge: fromTheFront(purgeClaims),
  },
  {
    name: "installation",
    what: "Facts of the installation, and the keys of its purposes, sealed",
    tables: ["instance", "data_keys"],
    kept: undefined,
    after: "",
  },
];
