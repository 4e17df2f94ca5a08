import { describe, expect, test } from "bun:test";
import type { JsonObject } from "../../../kernel/json.ts";
import { PRETTY, REWRITINGS, writeJson, writeUnusually } from "./json-text.ts";

const VALUE: JsonObject = {
  id: "evt_1",
  data: { text: 'Grüße, 世界 🥚 </p> & 1/2 \u2028\u001e"\\\n', list: [1, 2.5, -3, true, null, []], of: {}, "é/x": "" },
  big: 12345678901234,
};
const [JAVASCRIPT] = REWRITINGS;
const styleNamed = (part: string) => REWRITINGS.find(({ name }) => name.includes(part)) ?? PRETTY;

/** What a language itself makes of it. */
function writtenBy(command: readonly string[]): string {
  const { stdout } = Bun.spawnSync([...command], { stdin: new Blob([JSON.stringify(VALUE)]) as never });
  return stdout.toString().replace(/\n$/, "");
}

test("in JavaScript's style it is what JSON.stringify writes", () => {
  expect(writeJson(VALUE, JAVASCRIPT ?? PRETTY)).toBe(JSON.stringify(VALUE));
  expect(writeJson(VALUE, PRETTY)).toBe(JSON.stringify(VALUE, null, 2));
  expect(writeJson(VALUE, styleNamed("four spaces"))).toBe(JSON.stringify(VALUE, null, 4));
});

describe.skipIf(Bun.which("python3") === null)("in Python's styles it is what json.dumps writes", () => {
  test.each([
    ["as Python's json.dumps does it", ""],
    ["without ensure_ascii", ", ensure_ascii=False"],
    ["tight separators", ', separators=(",", ":")'],
    ["keys sorted", ", sort_keys=True"],
  ])("%s", (name, options) => {
    const style = REWRITINGS.find((one) => one.name === name) ?? styleNamed(`json.dumps does it with its ${name}`);
    const found = name.startsWith("as") || name === "keys sorted" ? style : styleNamed(name);
    const program = `import json,sys; print(json.dumps(json.load(sys.stdin)${options}))`;
    expect(writeJson(VALUE, found)).toBe(writtenBy(["python3", "-X", "utf8", "-c", program]));
  });
});

test.skipIf(Bun.which("php") === null)("in PHP's style it is what json_encode writes", () => {
  const program = 'echo json_encode(json_decode(file_get_contents("php://stdin")));';
  expect(writeJson(VALUE, styleNamed("PHP"))).toBe(writtenBy(["php", "-r", program]));
});

test("however it is written, it means the same", () => {
  for (const style of REWRITINGS) expect(JSON.parse(writeJson(VALUE, style))).toEqual(VALUE);
  expect(JSON.parse(writeUnusually(VALUE))).toEqual(VALUE);
});

test("written unusually it is nobody's style, also where nothing in it lies beyond ASCII", () => {
  for (const value of [VALUE, { a: "plain", b: 1 }]) {
    const unusual = writeUnusually(value);
    expect(REWRITINGS.map((style) => writeJson(value, style))).not.toContain(unusual);
    expect(unusual).not.toMatch(/[\u0080-\uffff]/);
  }
});
