import { connect, createServer, type Socket } from "node:net";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";

/** What a proxy says to one CONNECT: bytes, or a tunnel to a port of this machine. */
export type ProxyAnswer =
  | { readonly tunnelTo: number; readonly head?: string; readonly behind?: string }
  | { readonly say: string; readonly then?: "stay" | "end" | "reset" }
  | { readonly drip: string };

export interface ConnectProxy {
  readonly port: number;
  /** The heads of all requests, as they came. */
  readonly requests: string[];
  /** Whom tunnels were asked for. */
  readonly destinations: string[];
  connections: number;
  /** What it says from now on. */
  answer: (destination: string, head: string) => ProxyAnswer;
  /** Nobody listens until it is opened again, on the same port; what stands is cut. */
  shut(): Promise<void>;
  reopen(): Promise<void>;
  close(): void;
}

function play(socket: Socket, answer: ProxyAnswer): void {
  if ("drip" in answer) {
    const timer = setInterval(() => socket.write(answer.drip), 20);
    socket.on("close", () => clearInterval(timer));
  } else if ("say" in answer) {
    socket.write(Buffer.from(answer.say, "latin1"), () => {
      if (answer.then === "end") socket.end();
      if (answer.then === "reset") socket.resetAndDestroy();
    });
  } else {
    const target = connect(answer.tunnelTo, "127.0.0.1", () => {
      socket.write(`${answer.head ?? "HTTP/1.1 200 Connection established\r\n\r\n"}${answer.behind ?? ""}`);
      socket.pipe(target);
      target.pipe(socket);
    });
    target.on("error", () => socket.destroy());
    target.on("close", () => socket.destroy());
    socket.on("close", () => target.destroy());
  }
}

/** A real CONNECT proxy of this machine, which looks names up as the test says. */
export async function startConnectProxy(
  answer: ConnectProxy["answer"],
  { tls }: { readonly tls?: TlsOptions } = {},
): Promise<ConnectProxy> {
  const sockets = new Set<Socket>();
  const accept = (socket: Socket): void => {
    proxy.connections += 1;
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    let head = "";
    const read = (data: Buffer): void => {
      head += data.toString("latin1");
      if (!head.includes("\r\n\r\n")) return;
      socket.removeListener("data", read);
      proxy.requests.push(head);
      const destination = /^CONNECT (\S+) HTTP\/1\.1\r\n/.exec(head)?.[1] ?? "";
      proxy.destinations.push(destination);
      play(socket, proxy.answer(destination, head));
    };
    socket.on("data", read);
  };
  const server = tls ? createTlsServer(tls, accept) : createServer(accept);
  const listen = (port: number): Promise<void> => new Promise((resolve) => server.listen(port, "127.0.0.1", resolve));
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  await listen(0);
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  const proxy: ConnectProxy = {
    port,
    requests: [],
    destinations: [],
    connections: 0,
    answer,
    async shut() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      cut();
      await closed;
    },
    reopen: () => listen(port),
    close() {
      cut();
      server.close();
    },
  };
  return proxy;
}

export const PROXY_LOGIN = { user: "hatch", password: "s3cret-of-the-pröxy" };

/** Lets nobody through who does not sign in. */
export const withLogin =
  (answer: ConnectProxy["answer"]): ConnectProxy["answer"] =>
  (destination, head) => {
    const expected = Buffer.from(`${PROXY_LOGIN.user}:${PROXY_LOGIN.password}`).toString("base64");
    const isRight = head.includes(`\r\nProxy-Authorization: Basic ${expected}\r\n`);
    if (isRight) return answer(destination, head);
    return {
      say: "HTTP/1.1 407 Sign in\r\nProxy-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n",
      then: "end",
    };
  };
