import { writeSync } from "node:fs";

/** The process's three streams. Results go out, everything else is for the eyes and for logs. */
export interface Terminal {
  /** A person reads stdout. */
  readonly interactive: boolean;
  out(line: string): void;
  error(line: string): void;
  /** All of stdin, at most `charactersMax`. */
  readInput(charactersMax: number): Promise<string>;
}

const MOMENT = new Int32Array(new SharedArrayBuffer(4));

/** Whole lines at once, whatever stands at the other end of the pipe; a reader that went away is not our failure. */
function writeAll(descriptor: 1 | 2, text: string): void {
  let bytes = Buffer.from(text);
  while (bytes.length > 0) {
    try {
      bytes = bytes.subarray(writeSync(descriptor, bytes));
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "EAGAIN") {
        Atomics.wait(MOMENT, 0, 0, 1);
        continue;
      }
      return;
    }
  }
}

async function readInput(charactersMax: number): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of Bun.stdin.stream()) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > charactersMax) break;
  }
  return text.slice(0, charactersMax + 1);
}

export const systemTerminal: Terminal = {
  interactive: process.stdout.isTTY === true,
  out: (line) => writeAll(1, `${line}\n`),
  error: (line) => writeAll(2, `${line}\n`),
  readInput,
};
