import type { Context } from "../context.ts";
import type { Reader } from "../database/database.ts";
import { parseIsoTime } from "../kernel/clock.ts";
import { type Checkpoint, isGenuine, readCheckpoint, walkCheckpoints } from "./audit-checkpoint.ts";
import type { AuditFault } from "./audit-fault.ts";
import { listMarks } from "./audit-marks.ts";

/** Somebody who has seen an entry: it has to be there still, and the same. */
export interface Witness {
  readonly chain: string;
  readonly sequence: number;
  /** Undefined where only the number was kept. */
  readonly digest: string | undefined;
  /** Names it at the end of a sentence: `checkpoint 7 of 2026-11-20T18:04:00.000Z`. */
  readonly source: string;
}

/** A file in which somebody kept what verifies: its lines, and its name for people. */
export interface KeptFile {
  readonly name: string;
  readonly lines: AsyncIterable<string>;
}

export const witnessesOf = ({ number, at, heads }: Checkpoint, where = ""): Witness[] =>
  heads.map(({ workspaceId, sequence, digest }) => ({
    chain: workspaceId ?? "",
    sequence,
    digest,
    source: `checkpoint ${number} of ${at}${where}`,
  }));

const checkpointFault = (number: number, message: string, at: string | undefined): AuditFault => ({
  kind: "checkpoint",
  chain: undefined,
  sequence: number,
  at: at === undefined ? undefined : parseIsoTime(at),
  message,
});

/** The checkpoints of the database: each signed, numbered without a gap, and naming the one before it. */
export async function* checkpointsOfDatabase(
  context: Pick<Context, "keyring">,
  reader: Reader,
): AsyncGenerator<{ readonly checkpoint?: Checkpoint; readonly fault?: AuditFault }> {
  let last: { readonly number: number; readonly signature: string | undefined } = { number: 0, signature: "" };
  for await (const { number, checkpoint } of walkCheckpoints(reader)) {
    if (number !== last.number + 1) {
      const missing =
        number === last.number + 2
          ? `checkpoint ${last.number + 1} is`
          : `checkpoints ${last.number + 1} to ${number - 1} are`;
      yield { fault: checkpointFault(last.number + 1, `${missing} missing`, undefined) };
      last = { number: number - 1, signature: undefined };
    }
    const follows = last.signature === undefined || checkpoint?.previous === last.signature;
    if (checkpoint && follows && isGenuine(context, checkpoint)) {
      yield { checkpoint };
      last = { number, signature: checkpoint.signature };
    } else {
      yield { fault: checkpointFault(number, `checkpoint ${number} was changed`, checkpoint?.at) };
      last = { number, signature: undefined };
    }
  }
}

/** What the database itself remembers of its chains, besides their entries and heads. */
export async function* witnessesOfMarks(reader: Reader): AsyncGenerator<Witness> {
  for (const { mark, chain, sequence } of await listMarks(reader)) {
    const source = mark === "stream" ? "the stream, which was given it" : "the signing, which covered it";
    yield { chain, sequence, digest: undefined, source };
  }
}

const parseLine = (line: string): Readonly<Record<string, unknown>> | undefined => {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
};

/** A line of an export or of the stream, or the log's line of a head. */
function seenOf(line: Readonly<Record<string, unknown>>, where: string): Witness | undefined {
  const { workspaceId, sequence, digest, at, time } = line;
  const isChain = typeof workspaceId === "string" || workspaceId === null;
  if (!isChain || typeof sequence !== "number" || typeof digest !== "string") return undefined;
  const when = typeof at === "string" ? at : typeof time === "string" ? time : undefined;
  const isTime = when !== undefined && parseIsoTime(when) !== undefined;
  return { chain: workspaceId ?? "", sequence, digest, source: `${where}${isTime ? ` of ${when}` : ""}` };
}

/**
 * What a kept file has to say: checkpoints as `hatch audit checkpoint` prints them, the server's own log, an export or the
 * stream. Lines that are none of these are passed over; a checkpoint that this installation's key did not sign is a fault.
 */
export async function* readKeptFile(
  context: Pick<Context, "keyring">,
  { name, lines }: KeptFile,
): AsyncGenerator<{ readonly witnesses: readonly Witness[]; readonly fault?: AuditFault; readonly number?: number }> {
  let at = 0;
  for await (const text of lines) {
    at += 1;
    const line = text.includes('"digest"') || text.includes('"signature"') ? parseLine(text) : undefined;
    if (!line) continue;
    const where = ` in ${name}:${at}`;
    const checkpoint = readCheckpoint(line) ?? readCheckpoint(line.checkpoint);
    if (checkpoint) {
      const { number } = checkpoint;
      if (isGenuine(context, checkpoint)) yield { witnesses: witnessesOf(checkpoint, where), number };
      else {
        const message = `the checkpoint${where} was not signed by this installation's key, or was changed`;
        yield { witnesses: [], fault: checkpointFault(number, message, checkpoint.at) };
      }
      continue;
    }
    const seen = seenOf(line, `${name}:${at}`);
    if (seen) yield { witnesses: [seen] };
  }
}
