import * as v from "valibot";
import type { Context } from "../context.ts";
import type { Reader, Writer } from "../database/database.ts";
import type { JobDefinition } from "../jobs/job.ts";
import { isoTime } from "../kernel/clock.ts";
import { equalBytes, hmacSha256 } from "../kernel/crypto.ts";
import type { UnixMs } from "../kernel/units.ts";
import { canonical } from "./audit-changes.ts";
import { type AuditHead, findCutBack, listHeads, listHeadsPast, saveMarks } from "./audit-marks.ts";

// The heads of the chains, signed. A chain that is cut back together with its head is whole by itself: it takes something
// that was kept elsewhere to prove what is missing. Every checkpoint goes to the log and to the stream for that.

const KIND = "hatch.audit.checkpoint";

const Checkpoint = v.object({
  kind: v.literal(KIND),
  /** Counted from 1 without a gap. */
  number: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
  at: v.string(),
  /** The signature of the one before; empty for the first. */
  previous: v.string(),
  heads: v.array(
    v.object({
      /** Null for the chain of the installation. */
      workspaceId: v.nullable(v.string()),
      sequence: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
      digest: v.string(),
    }),
  ),
  signature: v.string(),
});
export type Checkpoint = v.InferOutput<typeof Checkpoint>;

/** What a line of a file says, if it is a checkpoint. */
export const readCheckpoint = (value: unknown): Checkpoint | undefined => {
  const read = v.safeParse(Checkpoint, value);
  return read.success ? read.output : undefined;
};

type Signing = Pick<Context, "keyring">;

function signatureOf({ keyring }: Signing, { signature: _, ...signed }: Checkpoint): string {
  return Buffer.from(hmacSha256(keyring.keyFor("audit"), canonical(signed))).toString("hex");
}

export const isGenuine = (signing: Signing, checkpoint: Checkpoint): boolean =>
  equalBytes(Buffer.from(signatureOf(signing, checkpoint)), Buffer.from(checkpoint.signature));

interface CheckpointRow {
  readonly number: number;
  readonly at: UnixMs;
  readonly heads: string;
  readonly previous: string;
  readonly signature: string;
}

const ofRow = ({ number, at, heads, previous, signature }: CheckpointRow): unknown => {
  try {
    return { kind: KIND, number, at: isoTime(at), previous, heads: JSON.parse(heads) as unknown, signature };
  } catch {
    return undefined;
  }
};

const ROWS_AT_ONCE = 200;

/** In their order; undefined in place of one that can't be read. */
export async function* walkCheckpoints(
  reader: Reader,
  above = 0,
): AsyncGenerator<{ readonly number: number; readonly checkpoint: Checkpoint | undefined }> {
  let last = above;
  for (;;) {
    const rows = await reader.all<CheckpointRow>(
      "SELECT number, at, heads, previous, signature FROM audit_checkpoints WHERE number > ? ORDER BY number LIMIT ?",
      [last, ROWS_AT_ONCE],
    );
    for (const row of rows) {
      yield { number: row.number, checkpoint: readCheckpoint(ofRow(row)) };
      last = row.number;
    }
    if (rows.length < ROWS_AT_ONCE) return;
  }
}

/** The number of the last one; 0 where there is none. */
export async function countCheckpoints(reader: Reader): Promise<number> {
  const row = await reader.get<{ last: number | null }>("SELECT MAX(number) AS last FROM audit_checkpoints");
  return row?.last ?? 0;
}

async function write(context: Signing, writer: Writer, heads: readonly AuditHead[]): Promise<Checkpoint> {
  const last = await writer.get<{ number: number; signature: string }>(
    "SELECT number, signature FROM audit_checkpoints ORDER BY number DESC LIMIT 1",
  );
  const unsigned: Checkpoint = {
    kind: KIND,
    number: (last?.number ?? 0) + 1,
    at: isoTime(writer.now),
    previous: last?.signature ?? "",
    heads: heads.map(({ chain, sequence, digest }) => ({ workspaceId: chain === "" ? null : chain, sequence, digest })),
    signature: "",
  };
  const checkpoint = { ...unsigned, signature: signatureOf(context, unsigned) };
  await writer.insertMany({
    table: "audit_checkpoints",
    columns: ["number", "at", "heads", "previous", "signature"],
    rows: [
      [checkpoint.number, writer.now, JSON.stringify(checkpoint.heads), checkpoint.previous, checkpoint.signature],
    ],
  });
  await saveMarks(writer, "checkpoint", heads);
  return checkpoint;
}

type Keeping = Pick<Context, "database" | "keyring" | "log">;

/** Of all chains, whatever was signed before: for somebody who keeps it elsewhere. */
export async function signAllHeads({ database, keyring, log }: Keeping): Promise<Checkpoint> {
  const checkpoint = await database.write(async (writer) => write({ keyring }, writer, await listHeads(writer)));
  log.info("audit checkpoint", { checkpoint });
  return checkpoint;
}

/** Chains of one checkpoint: more have one each. */
const HEADS_MAX = 2_000;

/** Signs the heads of the chains that grew since the last time. @returns how many checkpoints it took, mostly none or one */
export async function signNewHeads(context: Keeping): Promise<number> {
  const { database, log } = context;
  for (let signed = 0; ; signed += 1) {
    // Asked first without the write lane: mostly there is nothing to do.
    const isDue = (await database.read((reader) => listHeadsPast(reader, "checkpoint", 1))).length > 0;
    if (!isDue) return signed;
    const checkpoint = await database.write(async (writer) => {
      const heads = await listHeadsPast(writer, "checkpoint", HEADS_MAX);
      return heads.length === 0 ? undefined : write(context, writer, heads);
    });
    if (!checkpoint) return signed;
    log.info("audit checkpoint", { checkpoint });
  }
}

/** Told at once and not only when somebody verifies: a chain is shorter than it was. */
async function warnOfCuts({ database, log }: Keeping): Promise<number> {
  const cut = await database.read(findCutBack);
  for (const { chain, marked, sequence } of cut) {
    log.error("an audit chain was cut back: run `hatch audit verify`", {
      workspaceId: chain,
      was: marked,
      is: sequence,
    });
  }
  return cut.length;
}

export const checkpointJob: JobDefinition = {
  kind: "journal.audit_checkpoint",
  schedule: { cron: "7 * * * *", timezone: "UTC" },
  async run(context) {
    const cut = await warnOfCuts(context);
    return { kind: "done", progress: { signed: await signNewHeads(context), cut } };
  },
};
