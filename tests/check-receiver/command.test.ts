import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { makePlace, runHere, spawnHatch } from "../support/command-line.ts";
import { SECRET } from "./exam.ts";
import { hatchReceiver, type RunningReceiver, startReceive } from "./receivers.ts";

let place: ReturnType<typeof makePlace>;
let right: RunningReceiver;
beforeAll(() => {
  place = makePlace();
  right = startReceive(hatchReceiver(SECRET));
});
afterAll(async () => {
  await right.stop();
  place.remove();
});

function fileWith(name: string, text: string): string {
  const file = join(place.root, name);
  writeFileSync(file, text);
  return file;
}

describe("the secret", () => {
  test("is taken from a file, without the line break at its end", async () => {
    const { exit } = await runHere(["check-receiver", right.url, "--secret-file", fileWith("a.secret", `${SECRET}\n`)]);
    expect(exit).toBe(0);
  });

  test("is taken from the environment, and a flag goes before it", async () => {
    const env = { HATCH_WEBHOOK_SECRET: SECRET };
    expect((await runHere(["check-receiver", right.url], { env })).exit).toBe(0);
    expect((await runHere(["check-receiver", right.url, "--secret", "another one"], { env })).exit).toBe(1);
  });

  test("is never shown, not even by a receiver that answers it", async () => {
    for (const secret of [SECRET, "no prefix, forty characters of plain text"]) {
      const talkative = startReceive(
        ({ headers }) =>
          new Response(`expected ${secret}, got ${headers.get("x-hatch-signature")}`, {
            status: 401,
            headers: { location: `/${secret}` },
          }),
      );
      for (const args of [[], ["--json"]]) {
        const { out, error } = await runHere(["check-receiver", talkative.url, "--secret", secret, ...args]);
        expect(out).toContain("expected");
        expect(`${out}${error}`).not.toContain(secret);
        expect(`${out}${error}`).not.toContain(encodeURIComponent(secret));
      }
      await talkative.stop();
    }
  });
});

describe("what is shown", () => {
  test("is a line for each check, and of a failed one what was sent, what came, why, and where to read", async () => {
    const timeless = startReceive(hatchReceiver(SECRET, { isFresh: () => true }));
    const { exit, out } = await runHere(["check-receiver", timeless.url, "--secret", SECRET]);
    await timeless.stop();
    expect(exit).toBe(1);
    const lines = out.replaceAll(/\d+ ms/g, "N ms").split("\n");
    expect(lines).toContain("pass  A valid delivery                       204 in N ms");
    const at = lines.indexOf("FAIL  A delivery of an hour ago              204 in N ms");
    expect(lines.slice(at + 1, at + 6)).toEqual([
      "      sent      a delivery rightly signed with a timestamp of an hour ago",
      "      expected  4xx",
      "      It never checks the timestamp: whoever recorded a delivery can send it",
      "      again for ever.",
      "      docs/guides/verifying-signatures.md#old-timestamps",
    ]);
    expect(lines.slice(-6)).toEqual([
      "It goes by X-Hatch-Signature.",
      "To mend:",
      "  - It never checks the timestamp: whoever recorded a delivery can send it again",
      "    for ever.",
      "15 passed, 2 failed, 0 to note, 0 skipped.",
      "",
    ]);
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
    expect(out).not.toContain("\u001b");
  });

  test("of an answer is nothing that steers a terminal", async () => {
    const hostile = startReceive(
      () => new Response("\u001b[2J\u001b]0;owned\u0007\u202egnp.exe\r\nNext: \u009b31m line", { status: 401 }),
    );
    for (const args of [[], ["--json"]]) {
      const { out } = await runHere(["check-receiver", hostile.url, "--secret", SECRET, ...args]);
      expect(out).toContain("owned");
      expect(out.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    }
    await hostile.stop();
  });

  test("of a huge answer is the beginning", async () => {
    const huge = startReceive(() => new Response("x".repeat(500_000), { status: 401 }));
    const { out } = await runHere(["check-receiver", huge.url, "--secret", SECRET]);
    await huge.stop();
    expect(out.length).toBeLessThan(4_000);
  });

  test("of the address is not its query, which may hold a credential", async () => {
    const { out } = await runHere(["check-receiver", `${right.url}?token=s3cret`, "--secret", SECRET, "--json"]);
    expect(out).not.toContain("s3cret");
    expect(JSON.parse(out)).toMatchObject({ ok: true, url: `${right.url}?…` });
  });
});

describe("--body", () => {
  const INVITED = { type: "member.invited", data: { note: "ünusual/\u0000\u2028", amount: 12.5, list: [], of: {} } };

  test("sends what the receiver knows, in every check", async () => {
    const verify = hatchReceiver(SECRET);
    const picky = startReceive(async (got) => {
      const status = await verify(got);
      return status === 204 && JSON.parse(got.body).type !== "member.invited" ? 422 : status;
    });
    const file = fileWith("invited.json", JSON.stringify(INVITED));
    const without = await runHere(["check-receiver", picky.url, "--secret", SECRET]);
    expect([without.exit, without.out]).toEqual([1, expect.stringMatching(/Give\s+one\s+with\s+--body\./)]);
    const { exit, out } = await runHere(["check-receiver", picky.url, "--secret", SECRET, "--body", file]);
    await picky.stop();
    expect([exit, out]).toEqual([0, expect.stringContaining("16 passed")]);
    const bodies = picky.got.slice(-5).map(({ body }) => JSON.parse(body));
    expect(bodies).toEqual(bodies.map(() => INVITED));
  });

  test.each(["", "[1]", '"text"', "null", "{"])("refuses a file with %p", async (text) => {
    const { exit, error } = await runHere([
      ...["check-receiver", right.url, "--secret", SECRET, "--body", fileWith("wrong.json", text)],
    ]);
    expect([exit, error]).toEqual([2, expect.stringContaining("a JSON object")]);
  });
});

describe("what is asked for wrongly", () => {
  test.each([
    [[], "--url is missing"],
    [["example.com/hooks", "--secret", "s"], "begins with http:// or https://"],
    [["ftp://example.com", "--secret", "s"], "begins with http:// or https://"],
    [["file:///etc/passwd", "--secret", "s"], "begins with http:// or https://"],
    [["http://user:pass@localhost/", "--secret", "s"], "no place in it"],
    [["http://localhost/"], "secret is missing"],
    [["http://localhost/", "--secret", "a", "--secret-file", "b"], "give one of them"],
    [["http://localhost/", "--secret-file", "/nowhere/at.all"], "can't be read"],
    [["http://localhost/", "--secret-file", "/"], "can't be read"],
    [["http://localhost/", "--secret", "s", "--format", "svix"], "expected both, hatch, standard"],
    [["http://localhost/", "--secret", "s", "--timeout", "soon"], "expected a duration"],
    [["http://localhost/", "--secret", "s", "--timeout", "0s"], "expected a duration"],
    [["http://localhost/", "--secret", "s", "--timeout", "2m"], "at most 1m"],
    [["http://localhost/", "--secret", "s", "--body", "/nowhere.json"], "can't be read"],
  ])("%j: %s", async (args, message) => {
    const { exit, out, error } = await runHere(["check-receiver", ...args]);
    expect([exit, out]).toEqual([2, ""]);
    expect(error).toContain(message);
    expect(error).toContain("Example:");
  });

  test("an empty file is no secret", async () => {
    const { exit, error } = await runHere(["check-receiver", right.url, "--secret-file", fileWith("empty", "\n")]);
    expect([exit, error]).toEqual([2, expect.stringContaining("secret is missing")]);
  });
});

test("proxies of the environment are not asked", async () => {
  const proxy = startReceive(() => 204);
  const child = spawnHatch(["check-receiver", right.url, "--secret", SECRET, "--json"], {
    env: { HTTP_PROXY: proxy.url, http_proxy: proxy.url, HTTPS_PROXY: proxy.url, ALL_PROXY: proxy.url },
  });
  const exit = await child.exited;
  await proxy.stop();
  expect([exit, proxy.got.length]).toEqual([0, 0]);
});
