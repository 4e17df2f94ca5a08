import type { OpenLoopResult } from "../open-loop.ts";

export interface Enqueued {
  readonly seconds: number;
  /** Of whoever made the jobs; what the contender itself used is in its processes. */
  readonly cpuSeconds: number;
}

export interface Enqueuing {
  readonly prefix: string;
  readonly count: number;
  readonly batch: number;
  readonly callers: number;
}

export interface Fixed {
  readonly prefix: string;
  readonly rate: number;
  readonly seconds: number;
  readonly warmSeconds: number;
  readonly hanging: number;
  readonly hangingJobs: number;
}

/** Something that takes jobs, keeps them and sends them, so that all are asked for the same. */
export interface Contender {
  readonly name: string;
  /** Of everything that an operator would have to run for it. */
  pids(): readonly number[];
  /** While it rests, what is enqueued is kept and not sent. */
  rest(): Promise<void>;
  work(): Promise<void>;
  enqueue(what: Enqueuing): Promise<Enqueued>;
  /** Acknowledgement to arrival at a rate that waits for nobody, with endpoints that hang beside it. */
  openLoop(what: Fixed): Promise<OpenLoopResult>;
  /** Kills what sends with SIGKILL and starts it again. */
  crash(): Promise<void>;
  close(): Promise<void>;
  /** At once, on the way out: what sends. Servers see to themselves. */
  kill(): void;
}
