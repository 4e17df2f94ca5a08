import { join } from "node:path";

export interface Counted {
  readonly arrivals: number;
  readonly distinct: number;
  /** Milliseconds of the receiver's own clock. */
  readonly firstAt: number;
  readonly lastAt: number;
}

export interface Receiver {
  readonly url: string;
  count(): Promise<Counted>;
  forget(): Promise<void>;
  stop(): void;
}

/** In a process of its own: what it costs is charged to nobody. */
export async function openReceiver(): Promise<Receiver> {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, "receiver.ts")], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "inherit",
  });
  const reader = child.stdout.getReader();
  const port = Number(new TextDecoder().decode((await reader.read()).value));
  reader.releaseLock();
  const url = `http://127.0.0.1:${port}/hook`;
  return {
    url,
    count: async () => (await (await fetch(url)).json()) as Counted,
    forget: async () => void (await fetch(url, { method: "DELETE" })),
    stop: () => child.kill(),
  };
}
