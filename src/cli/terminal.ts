import { writeSync } from "node:fs";

/** The process's three streams. Results go out, everything else is for the eyes and for logs. */
export interface Terminal {
  /** A person reads stdout. */
  readonly interactive: boolean;
  /** A person reads stderr. */
  readonly showsErrors?: true;
  out(line: string): void;
  error(line: string): void;
  /** False once whoever read stdout is known to have gone away. */
  readonly isHeard?: () => boolean;
  /** All of stdin, at most `charactersMax`. */
  readInput(charactersMax: number): Promise<string>;
  /** One line from whoever sits there; absent where nobody does. */
  readonly askPerson?: (question: string) => Promise<string>;
  /** The same, without showing what is typed; undefined where the person broke off. */
  readonly askSecret?: (question: string) => Promise<string | undefined>;
}

let isHeard = true;

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
      if (descriptor === 1) isHeard = false;
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

const ANSWER_CHARACTERS_MAX = 1_000;

async function askPerson(question: string): Promise<string> {
  writeAll(2, question);
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of Bun.stdin.stream()) {
    text += decoder.decode(chunk, { stream: true });
    if (text.includes("\n") || text.length > ANSWER_CHARACTERS_MAX) break;
  }
  return text.split("\n")[0] ?? "";
}

const ENTER: ReadonlySet<string> = new Set(["\r", "\n"]);
/** Ctrl-C and Ctrl-D. */
const BREAK: ReadonlySet<string> = new Set(["\u0003", "\u0004"]);
const ERASE: ReadonlySet<string> = new Set(["\b", "\u007f"]);

async function askSecret(question: string): Promise<string | undefined> {
  const { stdin } = process;
  // First: what is typed meanwhile would be shown.
  stdin.setRawMode(true);
  writeAll(2, question);
  const characters: string[] = [];
  const decoder = new TextDecoder();
  const take = (chunk: Uint8Array): "done" | "broken" | undefined => {
    for (const character of decoder.decode(chunk, { stream: true })) {
      if (ENTER.has(character)) return "done";
      if (BREAK.has(character)) return "broken";
      if (ERASE.has(character)) characters.pop();
      else if (characters.length < ANSWER_CHARACTERS_MAX) characters.push(character);
    }
    return undefined;
  };
  try {
    const ended = await new Promise<"done" | "broken">((resolve) => {
      stdin.on("data", (chunk: Buffer) => {
        const end = take(chunk);
        if (end !== undefined) resolve(end);
      });
      stdin.on("end", () => resolve("broken"));
      stdin.resume();
    });
    return ended === "done" ? characters.join("") : undefined;
  } finally {
    stdin.removeAllListeners("data");
    stdin.removeAllListeners("end");
    stdin.setRawMode(false);
    stdin.pause();
    writeAll(2, "\n");
  }
}

export const systemTerminal: Terminal = {
  interactive: process.stdout.isTTY === true,
  ...(process.stderr.isTTY === true ? { showsErrors: true } : {}),
  out: (line) => writeAll(1, `${line}\n`),
  error: (line) => writeAll(2, `${line}\n`),
  isHeard: () => isHeard,
  readInput,
  ...(process.stdin.isTTY === true && process.stderr.isTTY === true ? { askPerson, askSecret } : {}),
};
