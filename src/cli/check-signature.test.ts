import { afterEach, beforeEach, expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { runHere } from "../../tests/support/command-line.ts";
import { readRecorded } from "./check-signature-request.ts";

const SECRET = `whsec_${Buffer.alloc(32, 3).toString("base64")}`;
const BODY = '{"id":"evt_1","event":"level.changed","timestamp":"2026-11-20T18:04:00Z","data":{"n":1}}';
const TIME = 1_795_197_840;
const AT = ["--received-at", "2026-11-20T18:04:05Z"];

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hatch-check-signature-"));
  writeFileSync(join(folder, "secret"), `${SECRET}\n`);
  writeFileSync(join(folder, "body"), BODY);
  const signature = createHmac("sha256", SECRET).update(`${TIME}.${BODY}`).digest("hex");
  writeFileSync(join(folder, "headers"), `X-Hatch-Timestamp: ${TIME}\r\nX-Hatch-Signature: sha256=${signature}\r\n`);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const file = (name: string): string => join(folder, name);
const check = (...args: readonly string[]) =>
  runHere(["check-signature", file("headers"), "--secret-file", file("secret"), ...AT, ...args]);

test("what is right ends with 0, what is not with 1, and no server is asked", async () => {
  const good = await check("--body", file("body"));
  expect([good.exit, good.out.split("\n")[0]]).toEqual([0, "The signature is right."]);
  writeFileSync(file("body"), gzipSync(BODY));
  const bad = await check("--body", file("body"));
  expect([bad.exit, bad.out.split("\n")[0]]).toEqual([1, "body_compressed"]);
  const json = JSON.parse((await check("--body", file("body"), "--json")).out);
  expect([json.valid, json.mistake.code, json.mistake.proven]).toEqual([false, "body_compressed", true]);
  expect(bad.out + bad.error).not.toContain(SECRET);
});

test("the secret comes from the environment or from stdin, and never from the command line", async () => {
  const args = ["check-signature", file("headers"), "--body", file("body"), ...AT];
  expect((await runHere(args, { env: { HATCH_WEBHOOK_SECRET: SECRET } })).exit).toBe(0);
  expect((await runHere(args, { stdin: `${SECRET}\n` })).exit).toBe(0);
  expect((await runHere([...args, "--secret", SECRET], {})).exit).toBe(2);
  const none = await runHere(args, { stdin: "" });
  expect([none.exit, none.error]).toEqual([2, expect.stringContaining("The secret is missing")]);
});

test("what can't be read is a usage error", async () => {
  expect((await check()).error).toContain("--body is missing.");
  expect((await check("--body", file("nowhere"))).error).toContain("can't be read");
  expect((await check("--body", file("body"), "--tolerance", "soon")).exit).toBe(2);
  writeFileSync(file("body"), "x".repeat(600_000));
  expect((await check("--body", file("body"))).error).toContain("longer than 512 KiB");
  writeFileSync(file("headers"), "nothing of the kind");
  expect((await check("--body", file("body"))).error).toContain("expected lines of Name: value");
});

test("a request is read as it was recorded: whole, as lines, as JSON, with the marks of curl", () => {
  const whole = readRecorded(
    Buffer.from("POST /x HTTP/1.1\r\nHost: a\r\nX-Hatch-Timestamp: 1\r\n\r\nbody\r\n\r\nmore"),
  );
  expect(whole?.headers).toEqual([
    ["Host", "a"],
    ["X-Hatch-Timestamp", "1"],
  ]);
  expect(Buffer.from(whole?.body ?? []).toString()).toBe("body\r\n\r\nmore");
  expect(readRecorded(Buffer.from("> webhook-id: dlv_1\n> a: b\n"))?.headers).toEqual([
    ["webhook-id", "dlv_1"],
    ["a", "b"],
  ]);
  expect(readRecorded(Buffer.from('{"a":["1","2"],"b":3}'))?.headers).toEqual([
    ["a", "1"],
    ["a", "2"],
    ["b", "3"],
  ]);
  expect(readRecorded(Buffer.from("[]"))).toBeUndefined();
});
