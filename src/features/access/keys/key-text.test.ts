import { expect, test } from "bun:test";
import { seededChance } from "../../../kernel/chance.ts";
import { maskCredentials } from "../../../kernel/log.ts";
import { hashOfSecret, isKeyText, makeKeyText, readKeyText, visiblePrefix } from "./key-text.ts";

const chance = seededChance("keys");
const secret = makeKeyText("secret", "live", chance);

test("a secret key names its environment's kind and carries 256 bits and a checksum", () => {
  expect(secret).toMatch(/^hk_live_[0-9A-Za-z]{49}$/);
  expect(makeKeyText("secret", "test", chance)).toMatch(/^hk_test_[0-9A-Za-z]{49}$/);
  const many = new Set(Array.from({ length: 500 }, () => makeKeyText("secret", "live", chance)));
  expect(many.size).toBe(500);
  for (const one of many) expect(isKeyText(one)).toBe(true);
});

test("a key of few bits is padded, not shortened", () => {
  const zeros = { bytes: (count: number) => new Uint8Array(count), fraction: () => 0 };
  expect(isKeyText(makeKeyText("secret", "live", zeros))).toBe(true);
});

test("any one character changed, left out or added is told without a look-up", () => {
  for (let at = 8; at < secret.length; at++) {
    const other = secret[at] === "x" ? "y" : "x";
    expect(isKeyText(secret.slice(0, at) + other + secret.slice(at + 1))).toBe(false);
    expect(isKeyText(secret.slice(0, at) + secret.slice(at + 1))).toBe(false);
  }
  for (const text of [
    `${secret}0`,
    ` ${secret}`,
    secret.replace("live", "test"),
    secret.replace("hk", "hpk"),
    "",
    "hk_live_",
  ]) {
    expect([text, isKeyText(text)]).toEqual([text, false]);
  }
});

test("a publishable key is told from a secret one, and one is not the other with another beginning", () => {
  const publishable = makeKeyText("publishable", "test", chance);
  expect(publishable).toMatch(/^hpk_test_[0-9A-Za-z]{49}$/);
  expect(readKeyText(publishable)).toEqual({ kind: "publishable", environment: "test", isIntact: true });
  expect(readKeyText(secret)).toEqual({ kind: "secret", environment: "live", isIntact: true });
  expect(isKeyText(publishable.replace("hpk_", "hk_"))).toBe(false);
  expect(visiblePrefix(publishable)).toBe(publishable.slice(0, 13));
  expect(maskCredentials(publishable)).toBe(`${visiblePrefix(publishable)}…`);
});

test.each([
  ["hk_live_short", { kind: "secret", environment: "live", isIntact: false }],
  ["hpk_test_", { kind: "publishable", environment: "test", isIntact: false }],
  ["hk_prod_x", undefined],
  ["sk_live_x", undefined],
  ["", undefined],
] as const)("%p reads as %j", (text, read) => {
  expect(readKeyText(text)).toEqual(read);
});

test("what is shown and what is kept do not give it away", () => {
  expect(visiblePrefix(secret)).toBe(secret.slice(0, 12));
  expect(maskCredentials(`Bearer ${secret}`)).toBe(`Bearer ${visiblePrefix(secret)}…`);
  expect(hashOfSecret(secret)).toMatch(/^[0-9a-f]{64}$/);
  expect(hashOfSecret("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
});
