import { afterEach, describe, expect, test } from "bun:test";
import { saying, wire } from "../../tests/support/other-end.ts";
import { createSender, latin1Of } from "../../tests/support/sending.ts";
import { durationMs } from "../kernel/units.ts";

const sender = createSender();
afterEach(() => sender.close());

const CHUNKED = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
const length = (text: string, body = "hello") => `HTTP/1.1 200 OK\r\nContent-Length: ${text}\r\n\r\n${body}`;
const interim = (line: string) => `HTTP/1.1 ${line}\r\nLink: </style.css>\r\n\r\n`;

describe("an answer counts by its status line", () => {
  test.each([
    ["a 304 that claims a body", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", 304, ""],
    ["a 204 that has one", "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello", 204, ""],
    ["no reason", "HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok", 200, "ok"],
    ["a reason that is no text", "HTTP/1.1 503 \xff\xfe\r\nContent-Length: 2\r\n\r\nno", 503, "no"],
    ["lines without carriage returns", "HTTP/1.1 200 OK\nContent-Length: 2\n\nok", 200, "ok"],
    ["a hundred times 100 before it", interim("100 Continue").repeat(100) + wire("200 OK", "ok"), 200, "ok"],
    ["a hundred times 103 before it", interim("103 Early Hints").repeat(100) + wire("200 OK", "ok"), 200, "ok"],
    ["102 before it", interim("102 Processing") + wire("202 Accepted", "ok"), 202, "ok"],
    ["more than it announced", length("2", "hello"), 200, "he"],
    [
      "both lengths, of which chunks win",
      CHUNKED.replace("\r\n\r\n", "\r\nContent-Length: 3\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
      200,
      "hello",
    ],
    [
      "the same the other way round",
      "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
      200,
      "hello",
    ],
    [
      "no length beside chunks",
      "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
      200,
      "hello",
    ],
    ["chunks with extensions", `${CHUNKED}5;a="b"\r\nhello\r\n0\r\n\r\n`, 200, "hello"],
    ["an extension of 100 KB", `${CHUNKED}5;${"a".repeat(100_000)}\r\nhello\r\n0\r\n\r\n`, 200, "hello"],
    ["a chunk whose size is no number", `${CHUNKED}zz\r\nhello\r\n0\r\n\r\n`, 200, ""],
    ["a chunk of negative size", `${CHUNKED}-5\r\nhello\r\n0\r\n\r\n`, 200, ""],
    ["a chunk larger than numbers go", `${CHUNKED}${"F".repeat(40)}\r\nhello`, 200, ""],
    ["NUL and broken UTF-8 in its body", length("5", "a\0b\xff\xfe"), 200, "a\0b\xff\xfe"],
  ])("%s", async (_, bytes, status, body) => {
    const end = await sender.open({ onData: saying(bytes) });
    const result = await sender.send(end);
    expect(result).toMatchObject({ kind: "answered", status });
    expect(latin1Of(result)).toBe(body);
  });

  test.each([
    ["is ended", "end"],
    ["is reset", "reset"],
  ] as const)("though its connection %s in the middle", async (_, then) => {
    for (const bytes of [length("100"), length("100").replace("200 OK", "500 No"), `${CHUNKED}5\r\nhello\r\n`]) {
      const end = await sender.open({ onData: saying(bytes, then) });
      expect(await sender.send(end)).toMatchObject({ kind: "answered", status: Number(bytes.slice(9, 12)) });
    }
  });

  test("and ends with its connection where nothing else says so", async () => {
    const end = await sender.open({ onData: saying("HTTP/1.0 200 OK\r\n\r\nhello", "end") });
    const result = await sender.send(end);
    expect(result).toMatchObject({ kind: "answered", status: 200 });
    expect(latin1Of(result)).toBe("hello");
  });

  test("and what never ends is waited for a second, then its connection is closed", async () => {
    const never = [
      "HTTP/1.0 200 OK\r\n\r\nhello",
      length("100").replace("200 OK", "500 No"),
      `${CHUNKED}7fffffff\r\nhello`,
      `${CHUNKED}FFFFFFFFFFFFFFFF\r\nhello`,
      `${CHUNKED}5\r\nhello\r\n0\r\nX-Trailer: never ends`,
    ];
    const seen = await Promise.all(
      never.map(async (bytes) => {
        const end = await sender.open({ onData: saying(bytes) });
        const result = await sender.send(end);
        await end.closed;
        return result;
      }),
    );
    for (const result of seen) {
      expect(latin1Of(result)).toBe("hello");
      expect(result.timings.body).toBeWithin(900, 3_000);
    }
  });

  test("and trailers are not among its headers", async () => {
    const trailer = "Retry-After: 5\r\nLocation: http://127.0.0.1/\r\n";
    const end = await sender.open({ onData: saying(`${CHUNKED}5\r\nhello\r\n0\r\n${trailer}\r\n`) });
    const result = await sender.send(end);
    expect(result.kind === "answered" && Object.keys(result.headers)).toEqual(["transfer-encoding"]);
  });
});

describe("what is no answer is a failure, and its connection is closed", () => {
  const NOT_HTTP = "The answer is not HTTP, or has more than 256 headers.";
  const unknown = (status: number) => `The answer has the status ${status}, which HTTP does not know.`;
  const NO_LENGTH = "The Content-Length of the answer is not one number.";
  const NO_ENCODING = "The Transfer-Encoding of the answer is not known.";
  const TOO_LARGE = "The headers of the answer are too large.";

  test.each([
    ["a status of 0", "HTTP/1.1 000 X\r\n\r\n", unknown(0)],
    ["a status of 99", "HTTP/1.1 099 X\r\n\r\n", unknown(99)],
    ["a status of 600", "HTTP/1.1 600 X\r\n\r\n", unknown(600)],
    ["a status of 999", "HTTP/1.1 999 X\r\n\r\n", unknown(999)],
    ["a status of two digits", "HTTP/1.1 20 X\r\n\r\n", NOT_HTTP],
    ["a status of four digits", "HTTP/1.1 2000 X\r\n\r\n", NOT_HTTP],
    ["a negative status", "HTTP/1.1 -200 X\r\n\r\n", NOT_HTTP],
    ["a status in full-width digits", "HTTP/1.1 \xef\xbc\x92\xef\xbc\x90\xef\xbc\x90 OK\r\n\r\n", NOT_HTTP],
    ["NUL in the reason", "HTTP/1.1 200 a\0b\r\n\r\n", NOT_HTTP],
    ["HTTP/0.9", "<html>hello</html>\r\n\r\n", NOT_HTTP],
    ["HTTP/2 by its line", "HTTP/2.0 200 OK\r\n\r\n", NOT_HTTP],
    ["HTTP/3.9", "HTTP/3.9 200 OK\r\n\r\n", NOT_HTTP],
    ["http in small letters", "http/1.1 200 OK\r\n\r\n", NOT_HTTP],
    ["SSH", "SSH-2.0-OpenSSH_9.7\r\n", NOT_HTTP],
    ["SMTP", "220 mail.example.com ESMTP\r\n", NOT_HTTP],
    ["empty lines first", `\r\n\r\n${wire("200 OK")}`, NOT_HTTP],
    ["NUL in a header", wire("200 OK", "", "X-A: a\0b\r\n"), NOT_HTTP],
    ["NUL in the name of one", wire("200 OK", "", "X\0A: a\r\n"), NOT_HTTP],
    ["UTF-8 in the name of one", wire("200 OK", "", "X-\xc3\xa9: a\r\n"), NOT_HTTP],
    ["an escape sequence in a header", wire("200 OK", "", "X-A: \x1b[2J\r\n"), NOT_HTTP],
    ["a carriage return in a header", wire("200 OK", "", "X-A: a\rX-B: b\r\n"), NOT_HTTP],
    ["a folded header", wire("200 OK", "", "X-A: a\r\n b\r\n"), NOT_HTTP],
    ["a header without a colon", wire("200 OK", "", "Junk\r\n"), NOT_HTTP],
    ["a header without a name", wire("200 OK", "", ": junk\r\n"), NOT_HTTP],
    ["a space before the colon", "HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nok", NOT_HTTP],
    ["10,000 headers", wire("200 OK", "", "X-A: b\r\n".repeat(10_000)), NOT_HTTP],
    ["a header of 2 MB", wire("200 OK", "", `X-A: ${"b".repeat(2_000_000)}\r\n`), TOO_LARGE],
    ["a reason of 2 MB", `HTTP/1.1 200 ${"b".repeat(2_000_000)}\r\n\r\n`, TOO_LARGE],
    ["a negative length", length("-5"), NO_LENGTH],
    ["a length with a sign", length("+5"), NO_LENGTH],
    ["a length in hexadecimal", length("0x5"), NO_LENGTH],
    ["an empty length", length(""), NO_LENGTH],
    ["a length beyond all numbers", length("1".repeat(30)), NO_LENGTH],
    ["two lengths in one line", length("5, 3"), NO_LENGTH],
    ["two lengths that differ", length("5\r\nContent-Length: 3"), NO_LENGTH],
    ["an unknown encoding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: banana\r\n\r\nhello", NO_ENCODING],
    ["chunks that are not the last encoding", CHUNKED.replace("chunked", "chunked, gzip"), NO_ENCODING],
    [
      "an encoding after the chunks",
      CHUNKED.replace("\r\n\r\n", "\r\nTransfer-Encoding: identity\r\n\r\n"),
      NO_ENCODING,
    ],
    [
      "another protocol",
      "HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
      "The answer asks for another protocol.",
    ],
  ])("%s", async (_, bytes, message) => {
    const end = await sender.open({ onData: saying(bytes) });
    const result = await sender.send(end, { timeout: durationMs(3_000) });
    expect(result).toMatchObject({ kind: "failed", failure: "protocol", message, address: "127.0.0.1" });
    await end.closed;
    // Twice where the system gave this end the port of an earlier one, to which a connection was kept.
    expect(end.connections).toBeLessThanOrEqual(2);
  });

  test.each([
    ["nothing", "", "end"],
    ["a reset", "", "reset"],
    ["only 100", "HTTP/1.1 100 Continue\r\n\r\n", "end"],
    ["half a status line", "HTTP/1.", "end"],
    ["a status line", "HTTP/1.1 200 OK\r\n", "end"],
    ["half a header", "HTTP/1.1 200 OK\r\nContent-Le", "end"],
    ["half a header and a reset", "HTTP/1.1 200 OK\r\nContent-Le", "reset"],
  ] as const)("%s before the connection ends", async (_, bytes, then) => {
    const end = await sender.open({ onData: saying(bytes, then) });
    const message = "The connection was closed before an answer came.";
    expect(await sender.send(end)).toMatchObject({ kind: "failed", failure: "connect", message });
    // Twice where the system gave this end the port of an earlier one, to which a connection was kept.
    expect(end.connections).toBeLessThanOrEqual(2);
  });

  test("and it takes no longer than the request may, whatever drips", async () => {
    const drips = ["HTTP/1.1 200 ", "HTTP/1.1 200 OK\r\nX-Slow: ", interim("100 Continue"), interim("103 Early Hints")];
    const seen = await Promise.all(
      drips.map(async (start) => {
        const end = await sender.open({
          onData(socket) {
            socket.write(start);
            const piece = start.startsWith("HTTP/1.1 10") ? start : "T";
            const drip = setInterval(() => socket.write(piece), 40);
            socket.on("close", () => clearInterval(drip));
          },
        });
        const began = performance.now();
        const result = await sender.send(end, { timeout: durationMs(400) });
        await end.closed;
        return { result, took: performance.now() - began };
      }),
    );
    for (const { result, took } of seen) {
      expect(result).toMatchObject({ failure: "timeout", message: "0.4 s passed waiting for the answer." });
      expect(took).toBeLessThan(3_000);
    }
  });
});

describe("the headers of an answer", () => {
  test("may be called as the parts of an object are", async () => {
    const own = "__proto__: a\r\nconstructor: b\r\ntoString: c\r\nhasOwnProperty: d\r\n";
    const end = await sender.open({ onData: saying(wire("200 OK", "", own)) });
    const result = await sender.send(end);
    expect(result.kind === "answered" && Object.entries(result.headers).sort()).toEqual([
      ["__proto__", "a"],
      ["constructor", "b"],
      ["content-length", "0"],
      ["hasownproperty", "d"],
      ["tostring", "c"],
    ]);
  });

  test("are read byte by byte, and joined where they were sent twice", async () => {
    const own = "X-A: caf\xe9\r\nX-B: \xff\xfe\r\nRetry-After: 5\r\nRetry-After: 120\r\nX-C: \r\n";
    const end = await sender.open({ onData: saying(wire("429 Slow", "", own)) });
    expect(await sender.send(end)).toMatchObject({
      headers: { "x-a": "café", "x-b": "ÿþ", "x-c": "", "retry-after": "5, 120" },
    });
  });

  test("may be 256, of which a hundred are kept", async () => {
    const count = async (own: number) => {
      const end = await sender.open({
        onData: saying(wire("200 OK", "", Array.from({ length: own }, (_, n) => `X-${n}: 1\r\n`).join(""))),
      });
      const result = await sender.send(end);
      return result.kind === "answered" ? Object.keys(result.headers).length : result.failure;
    };
    expect(await count(255)).toBe(100);
    expect(await count(256)).toBe("protocol");
  });
});

describe("a redirect", () => {
  const METADATA = "http://169.254.169.254/latest/meta-data/iam/security-credentials/";

  test("of any kind, to anywhere, is shown and not followed", async () => {
    const trap = await sender.open({});
    const targets = [
      `http://127.0.0.1:${trap.port}/`,
      METADATA,
      "file:///etc/passwd",
      "//evil.example/",
      "\\\\evil",
      "",
    ];
    for (const status of [300, 301, 302, 303, 304, 305, 306, 307, 308, 399]) {
      for (const target of targets) {
        const end = await sender.open({ onData: saying(wire(`${status} X`, "", `Location: ${target}\r\n`)) });
        const result = await sender.send(end);
        expect(result).toMatchObject({ kind: "answered", status, headers: { location: target } });
        expect(end.received.match(/HTTP\/1\.1\r\n/g)).toHaveLength(1);
      }
    }
    expect(trap.connections).toBe(0);
  });

  test("by a refresh, a 201 or two places at once is none either", async () => {
    const trap = await sender.open({});
    const there = `http://127.0.0.1:${trap.port}/`;
    for (const bytes of [
      wire("200 OK", "", `Refresh: 0; url=${there}\r\n`),
      wire("201 Created", "", `Location: ${there}\r\n`),
      wire("302 Found", "", `Location: ${there}\r\nLocation: ${METADATA}\r\n`),
      wire("200 OK", "", `Link: <${there}>; rel=preload\r\nAlt-Svc: h3="127.0.0.1:${trap.port}"\r\n`),
    ]) {
      const end = await sender.open({ onData: saying(bytes) });
      expect(await sender.send(end)).toMatchObject({ kind: "answered", status: Number(bytes.slice(9, 12)) });
    }
    expect(trap.connections).toBe(0);
  });
});
