import { expect, test } from "bun:test";
import { seededChance } from "../../kernel/chance.ts";
import { maskCredentials } from "../../kernel/log.ts";
import { hashOfSecret, isSecretKey, makeSecretKey, visiblePrefix } from "./secret-key.ts";

const chance = seededChance("keys");
const secret = makeSecretKey("live", chance);

test("a secret key names its environment's kind and carries 256 bits and a checksum", () => {
  expect(secret).toMatch(/^hk_live_[0-9A-Za-z]{49}$/);
  expect(makeSecretKey("test", chance)).toMatch(/^hk_test_[0-9A-Za-z]{49}$/);
  const many = new Set(Array.from({ length: 500 }, () => makeSecretKey("live", chance)));
  expect(many.size).toBe(500);
  for (const one of many) expect(isSecretKey(one)).toBe(true);
});

test("a key of few bits is padded, not shortened", () => {
  const zeros = { bytes: (count: number) => new Uint8Array(count), fraction: () => 0 };
  expect(isSecretKey(makeSecretKey("live", zeros))).toBe(true);
});

test("any one character changed, left out or added is told without a look-up", () => {
  for (let at = 8; at < secret.length; at++) {
    const other = secret[at] === "x" ? "y" : "x";
    expect(isSecretKey(secret.slice(0, at) + other + secret.slice(at + 1))).toBe(false);
    expect(isSecretKey(secret.slice(0, at) + secret.slice(at + 1))).toBe(false);
  }
  for (const text of [
    `${secret}0`,
    ` ${secret}`,
    secret.replace("live", "test"),
    secret.replace("hk", "hpk"),
    "",
    "hk_live_",
  ]) {
    expect([text, isSecretKey(text)]).toEqual([text, false]);
  }
});

test("what is shown and what is kept do not give it away", () => {
  expect(visiblePrefix(secret)).toBe(secret.slice(0, 12));
  expect(maskCredentials(`Bearer ${secret}`)).toBe(`Bearer ${visiblePrefix(secret)}…`);
  expect(hashOfSecret(secret)).toMatch(/^[0-9a-f]{64}$/);
  expect(hashOfSecret("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
});
