import type { UnixMs } from "../kernel/units.ts";

/** What was done to the log, as far as it can be told. */
export type AuditFaultKind =
  | "changed"
  | "missing"
  /** The newest entries are gone, the head still speaks of them. */
  | "last_removed"
  /** The newest entries are gone and the head was set back: only what was kept elsewhere tells. */
  | "tail_cut"
  /** Another history was written in place of the one that somebody saw. */
  | "rewritten"
  | "head"
  | "checkpoint";

export interface AuditFault {
  readonly kind: AuditFaultKind;
  /** The chain's workspace, `""` for the installation's; undefined for a checkpoint. */
  readonly chain: string | undefined;
  /** Of the entry, or the number of the checkpoint. */
  readonly sequence: number;
  /** When that was written; of what is gone, when the last one before it was. */
  readonly at: UnixMs | undefined;
  /** In words, with the sequence number and the time. */
  readonly message: string;
}
