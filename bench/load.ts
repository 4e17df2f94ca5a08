import { makeBody } from "./bodies.ts";

// The load: raw sockets kept alive, each sends its next request when the last one is answered. A process of its own, and
// far cheaper per request than a server, so that it is the server that is measured. Prints one line of JSON.

export interface LoadOptions {
  readonly port: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly connections: number;
  readonly seconds: number;
  /** Ends after so many requests, if that is sooner. */
  readonly requests?: number;
  /** Events in a request; 1 sends the event itself. */
  readonly batch: number;
  /** Begins every id, so that no two rounds share one. */
  readonly prefix: string;
}

export interface LoadResult {
  readonly requests: number;
  readonly failed: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Of one core that the load itself used. */
  readonly cpu: number;
}

const decoder = new TextDecoder("latin1");

interface Exchange {
  readonly ok: boolean;
  readonly length: number;
}

/** One whole answer at the beginning of the text, if it is all there. */
function readAnswer(text: string): Exchange | undefined {
  const head = text.indexOf("\r\n\r\n");
  if (head < 0) return undefined;
  const length = /\r\ncontent-length: (\d+)/i.exec(text.slice(0, head))?.[1];
  const total = head + 4 + Number(length ?? 0);
  return text.length < total ? undefined : { ok: text.startsWith("HTTP/1.1 2"), length: total };
}

export async function runLoad({
  port,
  path,
  headers,
  connections,
  seconds,
  requests = Number.POSITIVE_INFINITY,
  batch,
  prefix,
}: LoadOptions): Promise<LoadResult> {
  const fixed = `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: application/json\r\n${Object.entries(
    headers,
  )
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join("")}`;
  let sequence = 0;
  let failed = 0;
  const took: number[] = [];
  const end = performance.now() + seconds * 1000;
  const cpuBefore = process.cpuUsage();
  const begun = performance.now();

  await Promise.all(
    Array.from(
      { length: connections },
      () =>
        new Promise<void>((resolve, reject) => {
          let received = "";
          let sentAt = 0;
          const send = (socket: { write(text: string): number; end(): void }): void => {
            if (performance.now() >= end || sequence >= requests * batch) {
              socket.end();
              resolve();
              return;
            }
            const body = makeBody(prefix, sequence, batch);
            sequence += batch;
            sentAt = performance.now();
            socket.write(`${fixed}Content-Length: ${body.length}\r\n\r\n${body}`);
          };
          Bun.connect({
            hostname: "127.0.0.1",
            port,
            socket: {
              open: (socket) => send(socket),
              data(socket, chunk) {
                received += decoder.decode(chunk);
                const answer = readAnswer(received);
                if (!answer) return;
                received = received.slice(answer.length);
                took.push(performance.now() - sentAt);
                if (!answer.ok) failed++;
                send(socket);
              },
              error: (_, error) => reject(error),
              close: () => resolve(),
            },
          }).catch(reject);
        }),
    ),
  );
  const lasted = (performance.now() - begun) / 1000;
  const { user, system } = process.cpuUsage(cpuBefore);
  took.sort((a, b) => a - b);
  const at = (share: number): number => took[Math.min(took.length - 1, Math.floor(took.length * share))] ?? Number.NaN;
  return {
    requests: took.length,
    failed,
    perSecond: took.length / lasted,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    cpu: (user + system) / 1e6 / lasted,
  };
}

if (import.meta.main) {
  process.stdout.write(`${JSON.stringify(await runLoad(JSON.parse(process.argv[2] as string)))}\n`);
}
