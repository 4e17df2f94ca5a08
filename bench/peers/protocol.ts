/** What the bench asks of a peer's process, a line of JSON each. */
export type Ask =
  | { readonly do: "work" }
  | { readonly do: "rest" }
  | {
      readonly do: "enqueue";
      readonly prefix: string;
      readonly count: number;
      /** Jobs in a call. */
      readonly batch: number;
      /** Calls under way at once. */
      readonly callers: number;
      readonly url: string;
    }
  | {
      readonly do: "open-loop";
      readonly prefix: string;
      readonly rate: number;
      readonly seconds: number;
      readonly warmSeconds: number;
      /** Endpoints that never answer, and how many jobs each has before it begins. */
      readonly hanging: number;
      readonly hangingJobs: number;
    };

export type Answer = { readonly ok: true; readonly value?: unknown } | { readonly ok: false; readonly error: string };
