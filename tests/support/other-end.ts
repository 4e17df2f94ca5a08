import { createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";

/** A socket server at the other end of a test: what it was sent, byte by byte, and how often it was connected to. */
export interface OtherEnd {
  readonly port: number;
  connections: number;
  /** What came in, over all connections. */
  received: string;
  /** Resolves when a connection has been closed by the client. */
  readonly closed: Promise<void>;
  close(): void;
}

export type Behaviour = (socket: Socket, connection: number, received: string) => void;

interface Start {
  /** Called with each piece of data. */
  readonly onData?: Behaviour;
  readonly onConnection?: (socket: Socket, connection: number) => void;
  readonly tls?: TlsOptions;
  readonly host?: string;
}

export async function startOtherEnd({ onData, onConnection, tls, host = "127.0.0.1" }: Start): Promise<OtherEnd> {
  const sockets = new Set<Socket>();
  let noteClosed = (): void => {};
  const closed = new Promise<void>((resolve) => {
    noteClosed = resolve;
  });
  const accept = (socket: Socket): void => {
    end.connections += 1;
    const connection = end.connections;
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => {
      sockets.delete(socket);
      noteClosed();
    });
    onConnection?.(socket, connection);
    socket.on("data", (data) => {
      end.received += data.toString("latin1");
      onData?.(socket, connection, data.toString("latin1"));
    });
  };
  const server: Server = tls ? createTlsServer(tls, accept) : createServer(accept);
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const address = server.address();
  const end: OtherEnd = {
    port: typeof address === "object" && address ? address.port : 0,
    connections: 0,
    received: "",
    closed,
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
  return end;
}

/** Sends these bytes, one for each character, to the first request of each connection; then it stays, ends or resets. */
export function saying(bytes: string, then: "stay" | "end" | "reset" = "stay"): Behaviour {
  const answered = new WeakSet<Socket>();
  return (socket) => {
    if (answered.has(socket)) return;
    answered.add(socket);
    socket.write(Buffer.from(bytes, "latin1"), () => {
      if (then === "end") socket.end();
      // What was written has to leave before it, else the reset overtakes it.
      if (then === "reset") setTimeout(() => socket.resetAndDestroy(), 30);
    });
  };
}

/** An answer as it stands on the wire. */
export const wire = (status: string, body = "", headers = ""): string =>
  `HTTP/1.1 ${status}\r\n${headers}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
