// Kept-alive raw sockets on the loop of whoever asks: far cheaper than `fetch`, and an answer is known on the very loop on
// which its delivery arrives, so that one clock sees both.

interface Waiting {
  readonly request: string;
  readonly resolve: (status: number) => void;
  readonly reject: (error: Error) => void;
}

type Line = Bun.Socket<undefined>;

export class Connections {
  readonly #port: number;
  readonly #max: number;
  readonly #headers: string;
  readonly #idle: Line[] = [];
  readonly #busy = new Map<Line, Waiting>();
  readonly #waiting: Waiting[] = [];
  #open = 0;

  constructor(port: number, headers: Readonly<Record<string, string>>, max = 64) {
    this.#port = port;
    this.#max = max;
    this.#headers = Object.entries({ Host: `127.0.0.1:${port}`, "Content-Type": "application/json", ...headers })
      .map(([name, value]) => `${name}: ${value}\r\n`)
      .join("");
  }

  /** @returns the status of the answer. */
  post(path: string, body: string): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const length = Buffer.byteLength(body);
    const request = `POST ${path} HTTP/1.1\r\n${this.#headers}Content-Length: ${length}\r\n\r\n${body}`;
    this.#waiting.push({ request, resolve, reject });
    this.#next();
    return promise;
  }

  close(): void {
    for (const line of this.#idle.splice(0)) line.end();
  }

  #next(): void {
    if (this.#waiting.length === 0) return;
    const line = this.#idle.pop();
    if (line) this.#send(line);
    else if (this.#open < this.#max) void this.#connect();
  }

  #send(line: Line): void {
    const waiting = this.#waiting.shift();
    if (!waiting) {
      this.#idle.push(line);
      return;
    }
    this.#busy.set(line, waiting);
    line.write(waiting.request);
  }

  async #connect(): Promise<void> {
    this.#open++;
    const decoder = new TextDecoder("latin1");
    let received = "";
    const lost = (line: Line): void => {
      this.#busy.get(line)?.reject(new Error("the connection was closed"));
      this.#busy.delete(line);
      const at = this.#idle.indexOf(line);
      if (at >= 0) this.#idle.splice(at, 1);
      this.#open--;
    };
    const socket = {
      open: (line: Line) => this.#send(line),
      data: (line: Line, chunk: Uint8Array) => {
        received += decoder.decode(chunk);
        const head = received.indexOf("\r\n\r\n");
        if (head < 0) return;
        const length = /\r\ncontent-length: (\d+)/i.exec(received.slice(0, head))?.[1];
        if (received.length < head + 4 + Number(length ?? 0)) return;
        const status = Number(received.slice(9, 12));
        received = "";
        const waiting = this.#busy.get(line);
        this.#busy.delete(line);
        this.#send(line);
        waiting?.resolve(status);
      },
      close: lost,
    };
    await Bun.connect({ hostname: "127.0.0.1", port: this.#port, socket }).catch((error: unknown) => {
      this.#open--;
      this.#waiting.shift()?.reject(error instanceof Error ? error : new Error(String(error)));
    });
  }
}
