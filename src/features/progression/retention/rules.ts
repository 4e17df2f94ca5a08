import type { RetentionRule } from "../../../jobs/retention.ts";
import { purgePayloads } from "./store.ts";

export const PROGRESSION_RETENTION: readonly RetentionRule[] = [
  {
    name: "inboundPayloads",
    what: "The properties of an event, and which rules were looked at; a keyed hash of its id stays, so that a repeat is known for ever",
    tables: ["inputs", "input_payload_marks"],
    kept: ({ retention }) => retention.inboundPayloads,
    setting: "retention.inboundPayloads",
    after: "it came",
    purge: purgePayloads,
  },
  {
    name: "inputs",
    what: "The log: type, times and effects of every event and command; the ledger; members and what they have",
    tables: ["inputs", "input_heads", "ledger_transfers", "members", "shared_counters"],
    kept: undefined,
    after: "",
  },
  {
    name: "programs",
    what: "Published versions of the program, and the draft",
    tables: ["programs", "program_drafts"],
    kept: undefined,
    after: "",
  },
];
