import { cleanEnvironment } from "../../tests/support/hatch.ts";
import type { OpenLoopResult } from "../open-loop.ts";
import type { Contender } from "./contender.ts";
import type { Installed } from "./install.ts";
import type { Answer, Ask } from "./protocol.ts";
import { cpuSecondsOf } from "./usage.ts";

interface Peer {
  readonly pid: number;
  ask<T>(ask: Ask): Promise<T>;
  end(signal?: NodeJS.Signals): Promise<void>;
}

async function startPeer({ node, main }: Installed, kind: string, url: string): Promise<Peer> {
  const child = Bun.spawn([node, main, kind, url], {
    stdin: "pipe",
    stdout: "pipe",
    stderr: "inherit",
    env: cleanEnvironment({ NODE_ENV: "production" }),
  });
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  const read = async <T>(): Promise<T> => {
    while (!text.includes("\n")) {
      const { value, done } = await lines.read();
      if (done) throw new Error(`${kind} ended with ${await child.exited}`);
      text += value;
    }
    const end = text.indexOf("\n");
    const answer = JSON.parse(text.slice(0, end)) as Answer;
    text = text.slice(end + 1);
    if (!answer.ok) throw new Error(`${kind}: ${answer.error}`);
    return answer.value as T;
  };
  await read();
  return {
    pid: child.pid,
    ask<T>(ask: Ask): Promise<T> {
      child.stdin.write(`${JSON.stringify(ask)}\n`);
      child.stdin.flush();
      return read<T>();
    },
    async end(signal = "SIGTERM") {
      child.kill(signal);
      await child.exited;
    },
  };
}

export interface LibraryOptions {
  readonly installed: Installed;
  readonly name: string;
  readonly kind: string;
  readonly url: string;
  /** What keeps its jobs. */
  readonly server: { readonly pid: number; remove(): Promise<void> };
  /** Where drained jobs go. */
  readonly target: string;
}

export async function openLibrary({ installed, name, kind, url, server, target }: LibraryOptions): Promise<Contender> {
  const producer = await startPeer(installed, kind, url);
  let worker = await startPeer(installed, kind, url);
  return {
    name,
    pids: () => [worker.pid, server.pid],
    rest: () => worker.ask({ do: "rest" }),
    work: () => worker.ask({ do: "work" }),
    async enqueue(what) {
      const before = cpuSecondsOf([producer.pid]);
      const seconds = await producer.ask<number>({ do: "enqueue", ...what, url: target });
      return { seconds, cpuSeconds: cpuSecondsOf([producer.pid]) - before };
    },
    openLoop: (what) => producer.ask<OpenLoopResult>({ do: "open-loop", ...what }),
    async crash() {
      await worker.end("SIGKILL");
      worker = await startPeer(installed, kind, url);
      await worker.ask({ do: "work" });
    },
    async close() {
      await Promise.all([producer.end("SIGKILL"), worker.end("SIGKILL")]);
      await server.remove();
    },
    kill: () => void Promise.all([producer.end("SIGKILL"), worker.end("SIGKILL")]),
  };
}
