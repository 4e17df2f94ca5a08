import { createSocket } from "node:dgram";

/** A name server on this machine: it knows one IPv4 address for every name, but never answers about some. */
export interface NameServer {
  /** As `dns.setServers` takes it. */
  readonly address: string;
  readonly asked: readonly string[];
  close(): void;
}

const HEADER_BYTES = 12;
const IPV4 = 1;

export async function startNameServer(isSilent: (name: string) => boolean): Promise<NameServer> {
  const socket = createSocket("udp4");
  const asked: string[] = [];
  socket.on("message", (question, from) => {
    const { name, end } = nameOf(question);
    asked.push(name);
    if (!isSilent(name)) socket.send(answerTo(question, end), from.port, from.address);
  });
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  return { address: `127.0.0.1:${socket.address().port}`, asked, close: () => socket.close() };
}

function nameOf(question: Buffer): { readonly name: string; readonly end: number } {
  const labels: string[] = [];
  let at = HEADER_BYTES;
  for (let length = question[at] ?? 0; length > 0; length = question[at] ?? 0) {
    labels.push(question.toString("latin1", at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join("."), end: at + 5 };
}

function answerTo(question: Buffer, end: number): Buffer {
  const isIpv4 = question.readUInt16BE(end - 4) === IPV4;
  const header = Buffer.from(question.subarray(0, HEADER_BYTES));
  // A recursive answer without an error: one question, one record at most, nothing else.
  header.writeUInt16BE(0x8180, 2);
  header.writeUInt16BE(isIpv4 ? 1 : 0, 6);
  header.writeUInt32BE(0, 8);
  const record = Buffer.from([0xc0, HEADER_BYTES, 0, IPV4, 0, 1, 0, 0, 0, 0, 0, 4, 192, 0, 2, 7]);
  return Buffer.concat([header, question.subarray(HEADER_BYTES, end), ...(isIpv4 ? [record] : [])]);
}
