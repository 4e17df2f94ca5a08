import { createServer } from "node:net";
import { startConnectProxy } from "../support/connect-proxy.ts";
import { BAD_RECEIVERS, gzipBomb } from "./receivers.ts";

// All of them, each on a port of its own, in a process of its own: its memory is not what is measured.

gzipBomb();
const ports = await Promise.all(
  BAD_RECEIVERS.map(
    ({ play }) =>
      new Promise<number>((resolve) => {
        const server = createServer((socket) => {
          socket.on("error", () => {});
          socket.on("data", () => play(socket));
        });
        server.listen(0, "127.0.0.1", () => {
          const address = server.address();
          resolve(typeof address === "object" && address ? address.port : 0);
        });
      }),
  ),
);
const proxy = await startConnectProxy((destination) => ({ tunnelTo: Number(destination.split(":")[1]) }));
process.stdout.write(`${JSON.stringify([proxy.port, ...ports])}\n`);
