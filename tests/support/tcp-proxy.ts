import { connect, createServer, type Socket } from "node:net";

/** What becomes of bytes on their way to the server. */
export type Verdict = "pass" | "pass and cut" | "cut" | "swallow";

export interface TcpProxy {
  readonly port: number;
  /** Asked for every piece that a client sends. */
  watch(judge: (bytes: Buffer) => Verdict): void;
  /** From here on nothing arrives in either direction, and nobody is told: an unplugged cable. */
  unplug(): void;
  /** New connections go through again; the unplugged ones stay dead. */
  plugIn(): void;
  close(): Promise<void>;
}

/** Stands between a client and a server on this machine, and does what networks do. */
export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  let judge: (bytes: Buffer) => Verdict = () => "pass";
  let unplugged = false;
  const dead = new WeakSet<Socket>();
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const target = connect(targetPort, "127.0.0.1");
    let swallowing = false;
    for (const socket of [client, target]) {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => sockets.delete(socket));
    }
    const silent = (): boolean => swallowing || unplugged || dead.has(client);
    client.on("data", (bytes) => {
      if (silent()) return;
      const verdict = judge(bytes as Buffer);
      swallowing = verdict !== "pass";
      if (verdict === "pass" || verdict === "pass and cut") target.write(bytes);
      if (verdict === "cut" || verdict === "pass and cut") client.destroy();
      if (verdict === "cut") target.destroy();
    });
    target.on("data", (bytes) => void (silent() || client.write(bytes)));
    client.on("close", () => {
      if (!swallowing && !dead.has(client)) target.end();
      // The server is left to do what it was told before it hears that nobody listens.
      else if (swallowing) setTimeout(() => target.destroy(), 100);
    });
    target.on("close", () => void (silent() || client.destroy()));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    port: address.port,
    watch(next) {
      judge = next;
    },
    unplug() {
      unplugged = true;
      for (const socket of sockets) dead.add(socket);
    },
    plugIn() {
      unplugged = false;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
