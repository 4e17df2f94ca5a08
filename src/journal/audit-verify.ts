import type { Context } from "../context.ts";
import type { Reader } from "../database/database.ts";
import { isoTime } from "../kernel/clock.ts";
import { sha256Hex } from "../kernel/crypto.ts";
import type { UnixMs } from "../kernel/units.ts";
import { AUDIT_COLUMNS, type AuditRow, isUnchanged } from "./audit.ts";
import type { AuditFault, AuditFaultKind } from "./audit-fault.ts";
import { CHECKPOINTS, listHeads } from "./audit-marks.ts";
import { findDroppedUntil } from "./audit-retention.ts";
import {
  checkpointsOfDatabase,
  type KeptFile,
  readKeptFile,
  type Witness,
  witnessesOf,
  witnessesOfMarks,
} from "./audit-witness.ts";

interface ChainVerdict {
  readonly chain: string;
  readonly entries: number;
  readonly lastAt: UnixMs | undefined;
  /** Entries whose details are gone though no retention run says that it dropped them. */
  readonly unexplained: number;
}

export interface AuditVerdict {
  readonly chains: readonly ChainVerdict[];
  readonly checkpoints: { readonly count: number; readonly lastAt: string | undefined };
  /** How much there was to compare with: heads in checkpoints, lines of kept files. */
  readonly witnesses: number;
  readonly faults: readonly AuditFault[];
}

const PAGE = 500;
/** Named of one chain; whoever has so many knows enough. */
const FAULTS_PER_CHAIN_MAX = 20;

const NO_DETAILS = sha256Hex("");
const when = (at: UnixMs | undefined): string => (at === undefined ? "" : ` (${isoTime(at)})`);
const entries = (from: number, to: number, one: string, many: string): string =>
  from === to ? `entry ${from} ${one}` : `entries ${from} to ${to} ${many}`;

/** One chain, walked from its first entry. */
class ChainWalk {
  readonly faults: AuditFault[] = [];
  readonly #key: Uint8Array;
  readonly #chain: string;
  readonly #droppedUntil: number;
  sequence = 0;
  at: UnixMs | undefined;
  digest: string | undefined = "";
  unexplained = 0;
  /** Entries that are there but not as they were written: no witness has to say it again. */
  readonly changed = new Set<number>();

  constructor(key: Uint8Array, chain: string, droppedUntil: number) {
    this.#key = key;
    this.#chain = chain;
    this.#droppedUntil = droppedUntil;
  }

  fault(kind: AuditFaultKind, sequence: number, at: UnixMs | undefined, message: string): void {
    if (this.faults.length < FAULTS_PER_CHAIN_MAX)
      this.faults.push({ kind, chain: this.#chain, sequence, at, message });
  }

  take(row: AuditRow): void {
    const { sequence, at, previous, digest } = row;
    if (sequence !== this.sequence + 1) {
      const before = this.at === undefined ? "" : `after ${isoTime(this.at)} and `;
      const message = `${entries(this.sequence + 1, sequence - 1, "is", "are")} missing, from ${before}before ${isoTime(at)}`;
      this.fault("missing", this.sequence + 1, this.at, message);
      this.digest = undefined;
    }
    if (!isUnchanged(this.#key, row)) {
      this.#tellChanged(sequence, at, `entry ${sequence} was changed${when(at)}`);
      // What follows links to the entry as it was: that is not known any more.
      this.digest = undefined;
    } else {
      if (this.digest !== undefined && previous !== this.digest) {
        const message = `entry ${sequence} does not follow entry ${sequence - 1}${when(at)}: they are of two histories`;
        this.fault("rewritten", sequence, at, message);
      }
      this.#checkDetails(row);
      this.digest = digest;
    }
    this.sequence = sequence;
    this.at = at;
  }

  #tellChanged(sequence: number, at: UnixMs, message: string): void {
    this.changed.add(sequence);
    this.fault("changed", sequence, at, message);
  }

  #checkDetails({ sequence, at, details, details_digest }: AuditRow): void {
    if (details === null) {
      if (details_digest !== NO_DETAILS && at >= this.#droppedUntil) this.unexplained += 1;
      return;
    }
    if (sha256Hex(details) === details_digest) return;
    this.#tellChanged(sequence, at, `the details of entry ${sequence} were changed${when(at)}`);
  }

  end(head: { readonly sequence: number; readonly digest: string } | undefined): void {
    const { sequence, at } = this;
    if (!head) {
      this.fault("head", sequence, at, "the chain has no head: it was removed");
    } else if (head.sequence > sequence) {
      const left = sequence === 0 ? "nothing is left" : `the last one left is entry ${sequence}${when(at)}`;
      const removed = `${entries(sequence + 1, head.sequence, "was", "were")} removed from the end`;
      this.fault("last_removed", sequence + 1, at, `${removed}: ${left}, and the head says ${head.sequence}`);
    } else if (head.sequence < sequence) {
      this.fault(
        "head",
        sequence,
        at,
        `the head says ${head.sequence}, the chain goes on to entry ${sequence}${when(at)}`,
      );
    } else if (this.digest !== undefined && head.digest !== this.digest) {
      this.fault("head", sequence, at, `the head does not match the last entry, ${sequence}${when(at)}`);
    }
  }
}

async function walkChain(
  reader: Reader,
  { key, chain, droppedUntil }: { readonly key: Uint8Array; readonly chain: string; readonly droppedUntil: number },
): Promise<ChainWalk> {
  const walk = new ChainWalk(key, chain, droppedUntil);
  for (;;) {
    const rows = await reader.all<AuditRow>(
      `SELECT ${AUDIT_COLUMNS.join(", ")} FROM audit_entries WHERE workspace_id = ? AND sequence > ? ORDER BY sequence LIMIT ${PAGE}`,
      [chain, walk.sequence],
    );
    for (const row of rows) walk.take(row);
    if (rows.length < PAGE) return walk;
  }
}

/** What witnesses say against one chain; told once, with the one that saw most. */
interface Contradiction {
  cut?: Witness;
  rewritten?: Witness;
}

/** Compares what was seen with what is there, some hundred at a time: a kept log may be longer than memory. */
class Comparison {
  #waiting: Witness[] = [];
  count = 0;
  readonly found = new Map<string, Contradiction>();
  readonly #reader: Reader;

  constructor(reader: Reader) {
    this.#reader = reader;
  }

  async add(witnesses: readonly Witness[]): Promise<void> {
    this.count += witnesses.length;
    this.#waiting.push(...witnesses);
    if (this.#waiting.length >= PAGE) await this.finish();
  }

  async finish(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = [];
    const rows = await this.#reader.findMany<{ workspace_id: string; sequence: number; digest: string }>({
      table: "audit_entries",
      columns: ["workspace_id", "sequence", "digest"],
      keyColumns: ["workspace_id", "sequence"],
      keys: waiting.map(({ chain, sequence }) => [chain, sequence]),
    });
    const digests = new Map(rows.map(({ workspace_id, sequence, digest }) => [`${workspace_id}:${sequence}`, digest]));
    for (const witness of waiting) this.#hear(witness, digests.get(`${witness.chain}:${witness.sequence}`));
  }

  #hear(witness: Witness, digest: string | undefined): void {
    const known = this.found.get(witness.chain) ?? {};
    if (digest === undefined) {
      if (known.cut === undefined || known.cut.sequence < witness.sequence) known.cut = witness;
    } else if (witness.digest !== undefined && witness.digest !== digest) {
      if (known.rewritten === undefined || known.rewritten.sequence > witness.sequence) known.rewritten = witness;
    } else return;
    this.found.set(witness.chain, known);
  }
}

/** What witnesses tell that the chain by itself did not. */
function tellContradiction(walk: ChainWalk, headAt: number, { cut, rewritten }: Contradiction): void {
  const { sequence, at } = walk;
  // Up to the head the chain has told by itself what is missing.
  if (cut && cut.sequence > Math.max(sequence, headAt)) {
    const left = sequence === 0 ? "nothing is left of the chain" : `it ends at entry ${sequence}${when(at)}`;
    const seen = `entry ${cut.sequence} was seen by ${cut.source}`;
    walk.fault("tail_cut", sequence + 1, at, `the tail was cut off together with the head: ${left}, but ${seen}`);
  }
  if (rewritten && !walk.changed.has(rewritten.sequence)) {
    const message = `entry ${rewritten.sequence} is not the one that was seen by ${rewritten.source}: the tail was cut off before it, and the chain went on`;
    walk.fault("rewritten", rewritten.sequence, undefined, message);
  }
}

/** The numbers of checkpoints that only a kept file or the stream knows: the newest were taken out. */
function missingCheckpoints(last: number, seen: number): AuditFault[] {
  if (seen <= last) return [];
  const gone = seen === last + 1 ? `checkpoint ${seen} is` : `checkpoints ${last + 1} to ${seen} are`;
  const message = `${gone} missing: the last one there is ${last}`;
  return [{ kind: "checkpoint", chain: undefined, sequence: last + 1, at: undefined, message }];
}

/** Hears everybody who has seen something. @returns what is wrong with the checkpoints themselves */
async function hearWitnesses(
  context: Pick<Context, "keyring">,
  reader: Reader,
  { kept, comparison }: { readonly kept: readonly KeptFile[]; readonly comparison: Comparison },
): Promise<Pick<AuditVerdict, "checkpoints" | "faults">> {
  const faults: AuditFault[] = [];
  let count = 0;
  let lastAt: string | undefined;
  let last = 0;
  for await (const { checkpoint, fault } of checkpointsOfDatabase(context, reader)) {
    if (fault) faults.push(fault);
    last = checkpoint?.number ?? Math.max(last, fault?.sequence ?? 0);
    if (!checkpoint) continue;
    count += 1;
    lastAt = checkpoint.at;
    await comparison.add(witnessesOf(checkpoint));
  }
  let seen = last;
  for await (const witness of witnessesOfMarks(reader)) {
    if (witness.chain === CHECKPOINTS) seen = Math.max(seen, witness.sequence);
    else await comparison.add([witness]);
  }
  for (const file of kept) {
    for await (const { witnesses, fault, number = 0 } of readKeptFile(context, file)) {
      if (fault) faults.push(fault);
      seen = Math.max(seen, number);
      await comparison.add(witnesses);
    }
  }
  await comparison.finish();
  return { checkpoints: { count, lastAt }, faults: [...faults, ...missingCheckpoints(last, seen)] };
}

/**
 * Walks every chain from its first entry and compares it with its head, with every checkpoint, and with what was kept
 * elsewhere. Entries whose details were dropped still hold.
 */
export async function verifyAudit(
  context: Pick<Context, "keyring">,
  reader: Reader,
  kept: readonly KeptFile[] = [],
): Promise<AuditVerdict> {
  const key = context.keyring.keyFor("audit");
  const droppedUntil = await findDroppedUntil(reader);
  const comparison = new Comparison(reader);
  const { checkpoints, faults: ofCheckpoints } = await hearWitnesses(context, reader, { kept, comparison });
  const heads = new Map((await listHeads(reader)).map((head) => [head.chain, head]));
  const named = await reader.all<{ chain: string }>("SELECT DISTINCT workspace_id AS chain FROM audit_entries");
  const names = new Set([...heads.keys(), ...named.map(({ chain }) => chain), ...comparison.found.keys()]);
  const chains: ChainVerdict[] = [];
  const faults: AuditFault[] = [];
  for (const chain of [...names].sort()) {
    const walk = await walkChain(reader, { key, chain, droppedUntil });
    const head = heads.get(chain);
    if (head || walk.sequence > 0) walk.end(head);
    tellContradiction(walk, head?.sequence ?? 0, comparison.found.get(chain) ?? {});
    chains.push({ chain, entries: walk.sequence, lastAt: walk.at, unexplained: walk.unexplained });
    faults.push(...walk.faults);
  }
  return { chains, checkpoints, witnesses: comparison.count, faults: [...faults, ...ofCheckpoints] };
}
