import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { makePlace, PASSWORD } from "../../tests/support/command-line.ts";
import { runCommandLine } from "./run.ts";

let place: ReturnType<typeof makePlace>;
beforeEach(() => {
  place = makePlace();
});
afterEach(() => place.remove());

/** At a terminal where somebody answers with these, one after the other. */
async function setUp(answers: readonly (string | undefined)[], ...more: readonly string[]) {
  const asked: string[] = [];
  let out = "";
  let error = "";
  const terminal = {
    interactive: true,
    out: (line: string) => {
      out += `${line}\n`;
    },
    error: (line: string) => {
      error += `${line}\n`;
    },
    readInput: async () => "",
    askSecret: async (question: string) => {
      asked.push(question);
      return answers[asked.length - 1];
    },
  };
  const args = ["setup", "--data", place.data, "--email", "ada@example.com", "--workspace", "Acme", ...more];
  const exit = await runCommandLine(args, { terminal, environment: {}, workingDirectory: place.root });
  return { exit, out, error, asked };
}

test("a person is asked for the password twice, and gets the keys", async () => {
  const { exit, out, error, asked } = await setUp([PASSWORD, PASSWORD]);
  expect(exit).toBe(0);
  expect(asked).toEqual(["A password to sign in with, 10 characters at least: ", "Once more: "]);
  expect(out).toMatch(/test {2}hk_test_\w+\n {2}live {2}hk_live_\w+/);
  expect(out + error).not.toContain(PASSWORD);
});

test("nobody has to read the log to find the result, unless they asked for it", async () => {
  expect((await setUp([PASSWORD, PASSWORD])).error).toBe("");
  place.remove();
  place = makePlace();
  expect((await setUp([PASSWORD, PASSWORD], "--set", "log.level=info")).error).toContain('"level":"info"');
});

test.each([
  ["is too short", ["short"], 2, "has 5 characters, 10 are needed"],
  ["is not the same twice", [PASSWORD, `${PASSWORD}!`], 2, "not the same"],
  ["is not given", [undefined], 3, "nothing was made"],
  ["is not given again", [PASSWORD, undefined], 2, "not the same"],
])("nothing is made where the password %s", async (_, answers, code, told) => {
  const { exit, error } = await setUp(answers);
  expect(exit).toBe(code as 2);
  expect(error).toContain(told);
  expect(error).not.toContain(PASSWORD);
  expect(existsSync(place.data)).toBe(false);
});
