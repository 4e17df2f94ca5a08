import { describe, expect, test } from "bun:test";
import { createServer, type Socket } from "node:net";
import { examine, examineAt, SECRET, statuses } from "./exam.ts";
import { hatchReceiver, startReceive } from "./receivers.ts";
import { WRONG } from "./wrong-receivers.ts";

describe("a receiver's mistake is named, and nothing else is, where it", () => {
  test.each(WRONG)("$name", async ({ receive, mistakes, failed, noted = [], says, anchor, args = [] }) => {
    const { exit, report, graded } = await examine(receive, ...args);
    expect({ failed: graded("fail"), noted: graded("note"), mistakes: report.mistakes.map(({ id }) => id) }).toEqual({
      failed: [...failed],
      noted: [...noted],
      mistakes: [...mistakes],
    });
    expect([report.ok, exit]).toEqual(failed.length === 0 ? [true, 0] : [false, 1]);
    const named = report.checks.flatMap((check) => check.mistakes);
    const guides = named.filter(({ what }) => what.includes(says)).map(({ guide }) => guide);
    expect(new Set(guides)).toEqual(new Set([`docs/guides/verifying-signatures.md#${anchor}`]));
  });
});

describe("a receiver that refuses the valid delivery", () => {
  test("is asked nothing else, for what it refuses would show nothing", async () => {
    const { report, graded, got } = await examine(() => 401);
    expect(graded("fail")).toEqual(["valid"]);
    expect(graded("skipped")).toHaveLength(report.checks.length - 1);
    // The search has its bound.
    expect(got.length).toBeLessThan(410);
    expect(got.length).toBeGreaterThan(60);
  });

  test("by a redirect is shown where it leads, and nothing is sent there", async () => {
    const target = startReceive(() => 204);
    const { check, got } = await examine(() => Response.redirect(target.url, 307));
    await target.stop();
    expect(check("valid").answers).toMatchObject([{ status: 307, location: target.url }]);
    expect([got.length, target.got.length]).toEqual([1, 0]);
  });

  test("once, and then accepts it, is told so and examined on", async () => {
    let count = 0;
    const right = hatchReceiver(SECRET);
    const { exit, graded, check } = await examine((got) => (count++ === 0 ? 503 : right(got)));
    expect(exit).toBe(0);
    expect(graded("note")).toEqual(["valid"]);
    expect(check("valid").remark).toContain("accepted the second");
    expect(statuses(check("valid"))).toEqual([503, 204]);
  });
});

describe("what is no HTTP answer", () => {
  test("nobody at the address", async () => {
    const receiver = startReceive(() => 204);
    await receiver.stop();
    const { exit, check, report } = await examineAt(receiver.url);
    expect(exit).toBe(1);
    expect(report.mistakes.map(({ id }) => id)).toEqual(["unreachable"]);
    expect(check("valid").answers).toEqual([
      { error: "The connection was refused.", tookMs: expect.any(Number) } as never,
    ]);
  });

  /** @returns what is named of whoever does this with a connection on which something was said */
  async function mistakesOf(answer: (socket: Socket) => void, scheme = "http"): Promise<readonly string[]> {
    const server = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.once("data", () => answer(socket));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    const { exit, report } = await examineAt(`${scheme}://127.0.0.1:${port}/`);
    server.close();
    expect(exit).toBe(1);
    return report.mistakes.map(({ id }) => id);
  }

  test("a receiver that hangs up", async () => {
    expect(await mistakesOf((socket) => socket.destroy())).toEqual(["breaks"]);
  });

  test("one that speaks something else", async () => {
    expect(await mistakesOf((socket) => socket.end("220 mail.example.com ESMTP\r\n\r\n"))).toEqual(["garbled"]);
  });

  test("one that speaks no TLS where https was asked for", async () => {
    const answer = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
    expect(await mistakesOf((socket) => socket.end(answer), "https")).toEqual(["untrusted"]);
  });

  test("a name that nobody has", async () => {
    const { check, report } = await examineAt("http://no-such-host.invalid/");
    expect(report.mistakes.map(({ id }) => id)).toEqual(["unreachable"]);
    expect(check("valid").answers).toMatchObject([{ error: "There is no host of this name." }]);
  });

  test("a receiver that an empty signature ends: the rest is skipped, and the reason said", async () => {
    const right = hatchReceiver(SECRET);
    const receiver = startReceive((got) => {
      if (got.headers.get("x-hatch-signature") === "") void receiver.stop();
      return right(got);
    });
    const { exit, report, graded, check } = await examineAt(receiver.url);
    expect(exit).toBe(1);
    expect(graded("fail").length).toBeGreaterThan(0);
    expect(report.mistakes.map(({ id }) => id)).toContain("gone");
    expect(check("afterwards").grade).toBe("skipped");
    expect(check("afterwards").remark).toContain("Nothing answers at this address any more");
  });

  test("a receiver that is slow now and then is not waited for again and again", async () => {
    const right = hatchReceiver(SECRET);
    let count = 0;
    const { exit, report, check } = await examine(
      (got) => (count++ < 3 ? right(got) : new Promise<number>(() => undefined)),
      "--timeout",
      "500ms",
    );
    expect(exit).toBe(1);
    expect(report.mistakes.map(({ id }) => id)).toEqual(["slow"]);
    expect(check("afterwards").remark).toContain("3 requests run out of time");
  });

  test("a receiver that needs more than half of the time is told so", async () => {
    const right = hatchReceiver(SECRET);
    const { exit, graded, check } = await examine(
      async (got) => {
        const status = await right(got);
        if (got.headers.get("x-hatch-attempt") === "2") await Bun.sleep(1_100);
        return status;
      },
      "--timeout",
      "2s",
    );
    expect(exit).toBe(0);
    expect(graded("note")).toEqual(["afterwards"]);
    expect(check("afterwards").remark).toMatch(/^The slowest answer took \d+ ms of the 2000 ms/);
  });
});
