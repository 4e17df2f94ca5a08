import type { Socket } from "node:net";
import { gzipSync } from "node:zlib";
import type { FailureKind } from "../../src/outbound/outbound.ts";

/** One way to answer badly, played at the other end of a real socket. */
export interface BadReceiver {
  readonly name: string;
  /** How the attempt has to end: with a status, or for want of one. */
  readonly end: number | FailureKind;
  /** Through the egress proxy, where another parser reads the answer and is stricter. */
  readonly proxiedEnd?: FailureKind;
  readonly scheme?: "http" | "https";
  /** Called with each request. */
  play(socket: Socket): void;
}

const PIECE_BYTES = 64 * 1_024;
const OK = "HTTP/1.1 200 OK\r\n";
const CHUNKED = `${OK}Transfer-Encoding: chunked\r\n\r\n`;
const CHUNK = `4000\r\n${"a".repeat(0x4000)}\r\n`;
const LINE = `X-Line: ${"b".repeat(1_000)}\r\n`;

/** These bytes and nothing more; the connection stays. */
const says = (text: string) => (socket: Socket) => void socket.write(Buffer.from(text, "latin1"));

/** A beginning, then the same over and over, as fast as it is taken. */
function floods(beginning: string, piece: string): BadReceiver["play"] {
  const bytes = Buffer.from(piece.repeat(Math.ceil(PIECE_BYTES / piece.length)), "latin1");
  return (socket) => {
    if (socket.listenerCount("drain") > 0) return;
    const flood = (): void => {
      while (!socket.destroyed && socket.write(bytes));
    };
    socket.write(Buffer.from(beginning, "latin1"));
    socket.on("drain", flood);
    flood();
  };
}

/** A beginning, then a piece every twentieth of a second. */
const drips = (beginning: string, piece: string) => (socket: Socket) => {
  socket.write(beginning);
  const drip = setInterval(() => socket.write(piece), 50);
  socket.on("close", () => clearInterval(drip));
};

let bomb: Buffer | undefined;
/** 194 KB that would be 200 MB; to make it takes a while, and memory, the first time. */
export function gzipBomb(): Buffer {
  bomb ??= gzipSync(Buffer.alloc(200 * 1_024 * 1_024));
  return bomb;
}

const explodes = (socket: Socket): void => {
  socket.write(`${OK}Content-Encoding: gzip\r\nContent-Length: ${gzipBomb().length}\r\n\r\n`);
  socket.write(gzipBomb());
};

const metadata = "Location: http://169.254.169.254/latest/meta-data/\r\nContent-Length: 0\r\n\r\n";

export const BAD_RECEIVERS: readonly BadReceiver[] = [
  { name: "an endless body in chunks", end: 200, play: floods(CHUNKED, CHUNK) },
  { name: "an endless body without a length", end: 200, play: floods(`${OK}\r\n`, CHUNK) },
  { name: "a body of 10 GB", end: 200, play: floods(`${OK}Content-Length: 10000000000\r\n\r\n`, CHUNK) },
  {
    name: "endless chunks and a length of 3",
    end: 200,
    proxiedEnd: "protocol",
    play: floods(`${OK}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n`, CHUNK),
  },
  {
    name: "endless chunks and a length of 0",
    end: 200,
    proxiedEnd: "protocol",
    play: floods(`${OK}Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n`, CHUNK),
  },
  {
    name: "an endless body behind a 204",
    end: 204,
    play: floods("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n", CHUNK),
  },
  { name: "an endless body behind a 999", end: "protocol", play: floods(CHUNKED.replace("200", "999"), CHUNK) },
  { name: "endless trailers", end: 200, play: floods(`${CHUNKED}0\r\n`, LINE) },
  { name: "one endless trailer", end: 200, play: floods(`${CHUNKED}0\r\nX-Line: `, "b") },
  { name: "an endless chunk extension", end: 200, play: floods(`${CHUNKED}5;a=`, "b") },
  { name: "a chunk of 16 EiB", end: 200, play: says(`${CHUNKED}FFFFFFFFFFFFFFFF\r\nhello`) },
  { name: "a body that drips", end: 200, play: drips(CHUNKED, "1\r\nz\r\n") },
  { name: "a gzip of 194 KB that would be 200 MB", end: 200, play: explodes },
  { name: "endless headers", end: "protocol", play: floods(OK, LINE) },
  { name: "one endless header", end: "protocol", play: floods(`${OK}X-Line: `, "b") },
  { name: "an endless status line", end: "protocol", play: floods("HTTP/1.1 200 ", "b") },
  { name: "a header of 2 MB", end: "protocol", play: says(`${OK}X-Line: ${"b".repeat(2_000_000)}\r\n\r\n`) },
  { name: "10,000 headers", end: "protocol", play: says(`${OK}${"X-Line: b\r\n".repeat(10_000)}\r\n`) },
  { name: "headers that drip", end: "timeout", play: drips(`${OK}X-Line: `, "b") },
  {
    name: "endless 100 Continue",
    end: "timeout",
    proxiedEnd: "protocol",
    play: floods("", "HTTP/1.1 100 Continue\r\n\r\n"),
  },
  {
    name: "endless 103 Early Hints",
    end: "timeout",
    proxiedEnd: "protocol",
    play: floods("", `HTTP/1.1 103 Early Hints\r\n${LINE}\r\n`),
  },
  { name: "silence", end: "timeout", play: says("") },
  { name: "a redirect to the metadata service", end: 307, play: says(`HTTP/1.1 307 Temporary\r\n${metadata}`) },
  { name: "two answers at once", end: 200, play: says(`${OK}Content-Length: 0\r\n\r\n`.repeat(2)) },
  { name: "a reset in the middle", end: "connect", play: (socket) => void socket.resetAndDestroy() },
  { name: "bytes that are no HTTP", end: "protocol", play: floods("", "\0\xff\r\n") },
  { name: "TLS: a handshake that never answers", end: "timeout", scheme: "https", play: says("") },
  { name: "TLS: an endless record", end: "tls", scheme: "https", play: floods("\x16\x03\x03\x3f\xff", "\x02") },
];
