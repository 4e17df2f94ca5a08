import { describe, expect, test } from "bun:test";
import { seededChance, systemChance } from "./chance.ts";
import { systemClock } from "./clock.ts";
import { createKeyring, encodeBase62, WrongKeyError } from "./crypto.ts";
import { createLog } from "./log.ts";

const keyring = (seed: string) => createKeyring(seededChance(seed).bytes(32), systemChance);
const PLACE = { table: "subscription_secrets", column: "sealed", row: "sub_1" };

describe("a sealed value", () => {
  test("opens in its place with its key, and never looks the same twice", () => {
    const own = keyring("a");
    const [first, second] = [own.seal(PLACE, "whsec_ä"), own.seal(PLACE, "whsec_ä")];
    expect(first).not.toBe(second);
    expect([own.open(PLACE, first), own.open(PLACE, second)]).toEqual(["whsec_ä", "whsec_ä"]);
    expect(first).not.toContain("whsec");
  });

  test.each([
    ["another row", { ...PLACE, row: "sub_2" }],
    ["another column", { ...PLACE, column: "headers" }],
    ["another table", { ...PLACE, table: "accounts" }],
  ])("does not open in %s", (_, place) => {
    const own = keyring("a");
    expect(() => own.open(place, own.seal(PLACE, "x"))).toThrow(WrongKeyError);
  });

  test("does not open with another key, nor with any bit changed", () => {
    const own = keyring("a");
    const sealed = own.seal(PLACE, "secret");
    expect(() => keyring("b").open(PLACE, sealed)).toThrow(WrongKeyError);
    const [key = "", text = ""] = sealed.split(".");
    const bytes = Buffer.from(text, "base64url");
    for (let index = 0; index < bytes.length; index++) {
      const changed = Buffer.from(bytes);
      changed[index] = (changed[index] ?? 0) ^ 1;
      expect(() => own.open(PLACE, `${key}.${changed.toString("base64url")}`)).toThrow(WrongKeyError);
    }
  });
});

test("keys of different purposes differ, and the key's name does not give it away", () => {
  const own = keyring("a");
  const keys = (["event-ids", "audit", "tokens", "cookies"] as const).map((purpose) =>
    Buffer.from(own.keyFor(purpose)).toString("hex"),
  );
  expect(new Set(keys).size).toBe(4);
  expect(keys.some((key) => key.startsWith(own.keyId))).toBe(false);
});

test("base62 keeps its width", () => {
  expect(encodeBase62(new Uint8Array(32), 43)).toBe("0".repeat(43));
  expect(encodeBase62(new Uint8Array(32).fill(255), 43)).toHaveLength(43);
});

test("a log line never holds a credential, whatever field it came in", () => {
  const lines: string[] = [];
  const log = createLog({ clock: systemClock, level: "debug", write: (line) => lines.push(line) });
  const secrets = [
    `hk_live_${"a1".repeat(24)}`,
    `hpk_test_${"b2".repeat(24)}`,
    `whsec_${"c3/+".repeat(11)}=`,
    `hst_${"d4".repeat(20)}`,
  ];
  for (const secret of secrets)
    log.with({ bound: secret }).error(`failed with ${secret}`, { nested: { deep: [secret] } });
  for (const line of lines) for (const secret of secrets) expect(line).not.toContain(secret.slice(12));
  expect(lines[0]).toContain("hk_live_a1a1…");
});
