/** What a job carries: all that its request needs. The body is made once, when the job is, as Hatch does. */
export interface Job {
  readonly id: string;
  readonly url: string;
  readonly body: string;
}

/** One library, set up as its own documents advise. A process is either a producer or a worker. */
export interface Library {
  /** Makes what has to be there before the first job. */
  open(): Promise<void>;
  /** Resolves when the job is as durable as the library makes it. */
  add(job: Job): Promise<void>;
  addMany(jobs: readonly Job[]): Promise<void>;
  /** Begins to work, `CONCURRENCY` at once; a throw is a failure to be retried. */
  work(deliver: (job: Job) => Promise<void>): Promise<void>;
  /** Ends working when what is under way has ended. */
  rest(): Promise<void>;
}

export const CONCURRENCY = 64;
/** Six attempts, as Hatch: one, and five retries whose delays grow from a minute. */
export const ATTEMPTS = 6;
export const FIRST_RETRY_SECONDS = 60;
/** Connections to Postgres, for each process. */
export const POOL = 25;
/** They stay open between the rounds: nobody pays for connecting. */
export const IDLE_MS = 600_000;
