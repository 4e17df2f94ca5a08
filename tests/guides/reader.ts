import { LAST_WORD, openScreen, patternOf, type Screen } from "./terminal.ts";

const BLOCK_MS = 30_000;
const SHOW_MS = 30_000;

export const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

interface Server {
  readonly screen: Screen;
  /** What was shown up to here has been looked at. */
  seen: number;
}

/** Somebody who follows a guide: one terminal for what ends, one more for each thing that stays. */
export class Reader {
  readonly #servers = new Map<string, Server>();
  #latest: Server | undefined;
  #shown = "";
  /** All that was ever shown by what has ended. */
  #read = "";

  readonly folder: string;
  readonly #state: string;
  readonly #env: Readonly<Record<string, string>>;

  /** @param state where one block leaves for the next what it exports */
  constructor(folder: string, state: string, env: Readonly<Record<string, string>>) {
    this.folder = folder;
    this.#state = state;
    this.#env = env;
  }

  #script(before: string, code: string): string {
    const state = quoted(this.#state);
    return `if [ -f ${state} ]; then . ${state}; cd "$PWD"; fi\n${before}\nset -eu\n${this.#complete(code)}`;
  }

  async run(code: string): Promise<void> {
    const leave = `trap "export -p > ${this.#state}; printf '${LAST_WORD}'" EXIT`;
    const screen = openScreen(this.#script(leave, code), this.folder, this.#env);
    const giveUpAt = performance.now() + BLOCK_MS;
    const exit = await Promise.race([screen.exited, Bun.sleep(BLOCK_MS).then(() => undefined)]);
    while (!screen.isComplete() && performance.now() < giveUpAt) await Bun.sleep(5);
    this.#shown = screen.shown();
    this.#read += this.#shown;
    if (exit !== 0) await screen.end();
    if (exit === undefined) throw new Error(`it did not end:\n${this.#shown}`);
    if (exit !== 0) throw new Error(`exit ${exit}:\n${this.#shown}`);
  }

  start(mark: string, code: string): void {
    const server = { screen: openScreen(this.#script("", code), this.folder, this.#env), seen: 0 };
    this.#servers.set(mark, server);
    this.#latest = server;
  }

  /** What a guide cuts short (`hk_test_…`) is what was shown last and begins so. */
  #complete(code: string): string {
    return code.replaceAll(/\b([a-z]+_(?:[a-z]+_)?)…/g, (short, prefix: string) => {
      const found = [...this.#read.matchAll(new RegExp(`\\b${prefix}[\\w/+=-]+`, "g"))].at(-1)?.[0];
      if (found === undefined) throw new Error(`nothing was shown that begins like ${short}`);
      return found;
    });
  }

  /** Has the last block shown this, and nothing else? */
  expect(text: string): void {
    if (new RegExp(`^${patternOf(text)}\\s*$`).test(this.#shown)) return;
    throw new Error(`the guide says:\n${text}\nit was:\n${this.#shown}`);
  }

  async expectOfServer(mark: string, text: string): Promise<void> {
    const server = mark === "server" ? this.#latest : this.#servers.get(mark);
    if (!server) throw new Error(`nothing runs that was started by ${mark}`);
    const pattern = new RegExp(`${patternOf(text)}(?=\\s|$)`);
    const giveUpAt = performance.now() + SHOW_MS;
    for (;;) {
      const shown = server.screen.shown().slice(server.seen);
      const found = pattern.exec(shown);
      if (found) {
        server.seen += found.index + found[0].length;
        return;
      }
      if (performance.now() > giveUpAt) throw new Error(`the guide says:\n${text}\nwhat came is:\n${shown}`);
      await Bun.sleep(20);
    }
  }

  /** For the eyes of who mends a guide. */
  shownByServers(): string {
    return [...this.#servers].map(([mark, { screen }]) => `${mark} has shown:\n${screen.shown()}`).join("\n");
  }

  async end(): Promise<void> {
    await Promise.all([...this.#servers.values()].map(({ screen }) => screen.end()));
  }
}
