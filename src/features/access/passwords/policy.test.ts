import { expect, test } from "bun:test";
import { weaknessOf } from "./policy.ts";

const whose = { email: "adalovelace@example.com" };

test.each([
  ["password123", "commonest"],
  ["Qwertyuiop", "commonest"],
  ["1234567890", "commonest"],
  ["aaaaaaaaaaaaaaaa", "too few"],
  ["abababababab", "too few"],
  ["lkjhgfdsapoiuy", "a row"],
  ["bcdefghijklmno", "a row"],
  ["adalovelace@example.com", "e-mail"],
  ["AdaLovelace1815", "e-mail"],
])("%s is refused: %s", (password, reason) => {
  expect(weaknessOf(password, whose)).toContain(reason);
});

test.each(["correct horse battery", "Tr0ub4dor&3x", "grüne wiese im mai", "ada reads lovelace", "7391-5028-4417"])(
  "%s is accepted",
  (password) => {
    expect(weaknessOf(password, whose)).toBeUndefined();
  },
);
