// A screen as a reader has it: what runs in it believes that a person looks on.

// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what a terminal is sent
const COLOURS = /\u001b\[[0-9;?]*[A-Za-z]|\u001b\][^\u0007]*\u0007/g;
/** What a script says last: a terminal shows nothing of it, and all that was shown before has arrived with it. */
export const LAST_WORD = "\\033]9;end\\007";
const LAST_WORD_SENT = "\u001b]9;end\u0007";
const WIDTH = 160;
const HEIGHT = 50;

export interface Screen {
  readonly pid: number;
  readonly exited: Promise<number>;
  /** Whether the last word has arrived. */
  isComplete(): boolean;
  /** All that was shown so far, without colours. */
  shown(): string;
  /** Ends it and whatever it started. */
  end(): Promise<void>;
}

/** Starts a script of a POSIX shell in a terminal of its own. */
export function openScreen(script: string, cwd: string, env: Readonly<Record<string, string>>): Screen {
  const decoder = new TextDecoder();
  let raw = "";
  const child = Bun.spawn(["sh", "-c", script], {
    cwd,
    env,
    terminal: {
      cols: WIDTH,
      rows: HEIGHT,
      data: (_terminal, bytes) => {
        raw += decoder.decode(bytes, { stream: true });
      },
    },
  });
  const signal = (name: NodeJS.Signals): void => {
    try {
      // A terminal is the leader of its own group.
      process.kill(-child.pid, name);
    } catch {
      child.kill(name);
    }
  };
  return {
    pid: child.pid,
    exited: child.exited,
    isComplete: () => raw.includes(LAST_WORD_SENT),
    shown: () => raw.replaceAll(COLOURS, "").replaceAll("\r\n", "\n"),
    async end() {
      signal("SIGTERM");
      const ended = await Promise.race([child.exited.then(() => true), Bun.sleep(5_000).then(() => false)]);
      if (!ended) signal("SIGKILL");
      await child.exited;
      child.terminal?.close();
    },
  };
}

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** A text of a guide: `…` is something else every time, on a line of its own any lines. */
export const patternOf = (text: string): string =>
  text
    .trimEnd()
    .split("\n")
    .map((line) =>
      line.trim() === "…" ? "[^]*?" : line.trimEnd().split("…").map(escaped).join("[^\\n]*?").concat("[ \\t]*"),
    )
    .join("\n")
    .replaceAll("\n[^]*?\n", "\n[^]*?");
