import { afterEach, describe, expect, test } from "bun:test";
import type { Socket } from "node:net";
import { wire } from "../../tests/support/other-end.ts";
import { createSender, latin1Of } from "../../tests/support/sending.ts";
import { durationMs } from "../kernel/units.ts";

let sender: ReturnType<typeof createSender>;
afterEach(() => sender.close());

/** An other end that is told at each request which one it is, over all its connections. */
async function open(onRequest: (socket: Socket, request: number, connection: number) => void) {
  let requests = 0;
  sender = createSender();
  return sender.open({
    onData(socket, connection, received) {
      if (received.includes("POST / ")) onRequest(socket, ++requests, connection);
    },
  });
}
const soon = (what: () => void) => setTimeout(what, 20);

describe("an answer that nobody asked for", () => {
  const FORGED = wire("500 Forged", "forged");
  const chunked = (body: string) => `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n${body}\r\n0\r\n\r\n`;

  test.each([
    ["behind the first", (body: string) => wire("200 OK", body) + FORGED],
    ["behind chunks", (body: string) => chunked(body) + FORGED],
    ["behind a length that is too short", (body: string) => wire("200 OK", body) + body],
    [
      "behind chunks and a length",
      (body: string) => chunked(body).replace("\r\n\r\n", "\r\nContent-Length: 3\r\n\r\n") + FORGED,
    ],
    ["of the interim kind", (body: string) => `${wire("200 OK", body)}HTTP/1.1 100 Continue\r\n\r\n`],
  ])("%s is not taken for that of the next request", async (_, bytes) => {
    const end = await open((socket, request) => socket.write(bytes(`no${request}`)));
    const bodies = [];
    for (let turn = 1; turn <= 4; turn++) bodies.push(latin1Of(await sender.send(end)));
    expect(bodies).toEqual(["no1", "no2", "no3", "no4"]);
  });

  test.each([
    ["a 204", "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello"],
    ["a 204 in chunks", "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"],
    ["a 304", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\nhello"],
  ])("as the body of %s is dropped", async (_, bytes) => {
    const end = await open((socket) => socket.write(bytes + FORGED));
    for (let turn = 1; turn <= 3; turn++) {
      const result = await sender.send(end);
      expect(result).toMatchObject({ kind: "answered", status: Number(bytes.slice(9, 12)), body: new Uint8Array(0) });
    }
  });

  test("while the connection waits ends it", async () => {
    const end = await open((socket, request) => {
      socket.write(wire("200 OK", `no${request}`));
      soon(() => socket.write(FORGED));
    });
    expect(latin1Of(await sender.send(end))).toBe("no1");
    await end.closed;
    expect(latin1Of(await sender.send(end))).toBe("no2");
    expect(end.connections).toBe(2);
  });
});

test("the rest of an answer that comes with the next request is no answer to it: it is sent on a fresh connection", async () => {
  const end = await open((socket, request, connection) => {
    if (connection === 1 && request > 1) socket.write("OK");
    socket.write("HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\n");
  });
  expect(await sender.send(end)).toMatchObject({ kind: "answered", status: 204 });
  expect(await sender.send(end)).toMatchObject({ kind: "answered", status: 204 });
  expect(end.connections).toBe(2);
});

test("what is no HTTP on a fresh connection is not asked again", async () => {
  const end = await open((socket) => socket.write(`${"nonsense ".repeat(10)}\r\n\r\n`));
  expect(await sender.send(end)).toMatchObject({ failure: "protocol" });
  expect(await sender.send(end)).toMatchObject({ failure: "protocol" });
  expect(end.connections).toBe(2);
});

describe("a kept connection that the other end gave up", () => {
  test.each([
    ["in order", (socket: Socket) => socket.end()],
    ["by a reset", (socket: Socket) => socket.resetAndDestroy()],
  ])("%s while it waited is not used again", async (_, giveUp) => {
    const end = await open((socket, request) => {
      socket.write(wire("200 OK", `no${request}`));
      if (request === 1) soon(() => giveUp(socket));
    });
    expect(latin1Of(await sender.send(end))).toBe("no1");
    await end.closed;
    expect(latin1Of(await sender.send(end))).toBe("no2");
  });

  test.each([
    ["in order", (socket: Socket) => socket.end()],
    ["by a reset", (socket: Socket) => socket.resetAndDestroy()],
    ["in the middle of a header", (socket: Socket) => socket.end("HTTP/1.1 200 OK\r\nConte")],
  ])("%s as the request came is replaced by a fresh one, once", async (_, giveUp) => {
    const end = await open((socket, request) => {
      if (request === 1) socket.write(wire("200 OK", "no1"));
      else giveUp(socket);
    });
    expect(latin1Of(await sender.send(end))).toBe("no1");
    expect(await sender.send(end)).toMatchObject({ failure: "connect", address: "127.0.0.1" });
    expect({ connections: end.connections, requests: end.received.split("POST / ").length - 1 }).toEqual({
      connections: 2,
      requests: 3,
    });
  });

  test("in silence costs one request its time, and no other: all that are kept are closed", async () => {
    let isSilent = false;
    const waiting: Socket[] = [];
    const end = await open((socket, _request, connection) => {
      if (isSilent && connection <= 3) return;
      waiting.push(socket);
      // The first three are answered together, so that three connections are kept.
      if (waiting.length === 3 || connection > 3) for (const one of waiting.splice(0)) one.write(wire("200 OK", "ok"));
    });
    await Promise.all([1, 2, 3].map(() => sender.send(end)));
    expect(end.connections).toBe(3);
    isSilent = true;
    expect(await sender.send(end, { timeout: durationMs(150) })).toMatchObject({ failure: "timeout" });
    expect(await sender.send(end)).toMatchObject({ kind: "answered", status: 200 });
    expect(end.connections).toBe(4);
  });
});

describe("an answer before the request was read", () => {
  const BODY = JSON.stringify({ text: "x".repeat(1_000_000) });
  const refusal = wire("413 Too Large", "too large", "Connection: close\r\n");

  test.each([
    ["and the connection stays", (socket: Socket) => void socket.write(refusal)],
    ["and the connection is ended", (socket: Socket) => void socket.end(refusal)],
    ["and nothing more is read", (socket: Socket) => void socket.pause().write(refusal)],
  ])("counts, %s", async (_, answer) => {
    const end = await open((socket) => answer(socket));
    for (let turn = 1; turn <= 2; turn++) {
      const result = await sender.send(end, { body: BODY });
      expect(result).toMatchObject({ kind: "answered", status: 413 });
      expect(latin1Of(result)).toBe("too large");
    }
    expect(end.connections).toBe(2);
  });

  test("even before there is one", async () => {
    sender = createSender();
    const end = await sender.open({ onConnection: (socket) => socket.write(wire("200 OK", "early")) });
    expect(latin1Of(await sender.send(end))).toBe("early");
  });

  test("never comes where nothing is read and nothing said", async () => {
    sender = createSender();
    const end = await sender.open({ onConnection: (socket) => socket.pause() });
    const result = await sender.send(end, { body: "x".repeat(20_000_000), timeout: durationMs(300) });
    expect(result).toMatchObject({ failure: "timeout" });
  });
});
