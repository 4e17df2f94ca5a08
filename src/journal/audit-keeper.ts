import type { Context } from "../context.ts";
import type { Clock } from "../kernel/clock.ts";
import { describeError } from "../kernel/log.ts";
import { SECOND } from "../kernel/units.ts";
import { signNewHeads } from "./audit-checkpoint.ts";
import { type AuditSink, AuditStream, observeStream } from "./audit-stream.ts";
import { createFileSink } from "./audit-stream-file.ts";

/** What goes on beside the writing of entries, as long as the installation is open. */
export interface AuditKeeper {
  start(): Promise<void>;
  /** After a signal: writes what waits, to a file that may be a new one. */
  reopen(): void;
  /** Signs what came since the last checkpoint and hands the stream the rest. Stopping twice is fine. */
  stop(): Promise<void>;
}

/** A database or a disk that does not answer must not hold up the end of everything. */
const END_MS = 2 * SECOND;

function sinkOf({ config }: Context, stdout: AuditSink | undefined): AuditSink | undefined {
  const { streamTo, streamFile } = config.audit;
  if (streamFile !== undefined) return createFileSink(streamFile);
  return streamTo === "stdout" ? stdout : undefined;
}

function within(clock: Clock, limitMs: number, work: Promise<void>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = clock.after(limitMs, resolve);
  return Promise.race([promise, work]).finally(() => timer.cancel());
}

/** @param stdout where `audit.streamTo: "stdout"` leads; a command that prints a result of its own has none */
export function createAuditKeeper(context: Context, stdout: AuditSink | undefined): AuditKeeper {
  const sink = sinkOf(context, stdout);
  const stream = sink && new AuditStream(context, sink);
  if (!stream) observeStream(context, false);
  let isStarted = false;
  let stopping: Promise<void> | undefined;
  const end = async (): Promise<void> => {
    try {
      await signNewHeads(context);
    } catch (error) {
      context.log.warn("the audit log's end was not signed: the next start does it", describeError(error));
    }
    if (isStarted) await stream?.stop();
  };
  return {
    async start() {
      isStarted = true;
      stream?.start();
    },
    reopen: () => void stream?.wake(),
    stop() {
      stopping ??= within(context.clock, END_MS, end());
      return stopping;
    },
  };
}
