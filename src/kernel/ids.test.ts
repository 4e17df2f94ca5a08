import { describe, expect, test } from "bun:test";
import { FakeClock } from "../../tests/support/clock.ts";
import { seededChance, systemChance } from "./chance.ts";
import { createIds, deriveId, isId, timeOfId } from "./ids.ts";
import { unixMs } from "./units.ts";

const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";

/** The 128 bits behind the prefix, as hex: read the slow and obvious way. */
function bitsOf(id: string): string {
  let value = 0n;
  for (const character of id.slice(id.indexOf("_") + 1)) value = value * 32n + BigInt(ALPHABET.indexOf(character));
  return value.toString(16).padStart(32, "0");
}

const timeOf = (id: string): number => Number.parseInt(bitsOf(id).slice(0, 12), 16);

describe("an id", () => {
  const at = Date.UTC(2026, 10, 20, 18, 4, 0, 123);

  test("tells when it was made", () => {
    const ids = createIds(new FakeClock(at), systemChance);
    expect(timeOfId(ids.next("evt"))).toBe(unixMs(at));
    expect(timeOfId(deriveId("eff", unixMs(at), "seed"))).toBe(unixMs(at));
  });

  test("is its prefix and a UUIDv7 of its time", () => {
    const ids = createIds(new FakeClock(at), systemChance);
    for (let n = 0; n < 1_000; n++) {
      const id = ids.next("evt");
      expect(isId("evt", id)).toBe(true);
      expect(timeOf(id)).toBe(at);
      expect(bitsOf(id)[12]).toBe("7");
      expect("89ab").toContain(bitsOf(id)[16] as string);
    }
  });

  test("of the edges of time is one, too", () => {
    for (const edge of [1, 2 ** 32, 2 ** 48 - 1]) {
      expect(timeOf(createIds(new FakeClock(edge), systemChance).next("req"))).toBe(edge);
    }
  });

  test("differs from every other, and each bit of chance is used", () => {
    const ids = createIds(new FakeClock(at), systemChance);
    const all = Array.from({ length: 1_000 }, () => ids.next("key"));
    expect(new Set(all.map((id) => id.slice(-12))).size).toBe(1_000);
    const numbers = all.map((id) => BigInt(`0x${bitsOf(id)}`));
    for (let bit = 66; bit < 128; bit++) {
      const ones = numbers.filter((number) => (number >> BigInt(127 - bit)) & 1n).length;
      expect(ones).toBeGreaterThan(350);
      expect(ones).toBeLessThan(650);
    }
  });

  test("is later than the one before: within a millisecond, over its 4,096, and when the clock steps back", () => {
    const clock = new FakeClock(at);
    const ids = createIds(clock, seededChance("ids"));
    let last = ids.next("evt");
    for (let n = 0; n < 10_000; n++) {
      if (n === 9_000) clock.set(at - 60_000);
      const next = ids.next("evt");
      expect(next > last).toBe(true);
      last = next;
    }
    expect(timeOf(last)).toBe(at + 2);
  });

  test("is the same again for the same seed and time", () => {
    const once = () => createIds(new FakeClock(at), seededChance("same"));
    const [left, right] = [once(), once()];
    for (let n = 0; n < 500; n++) expect(left.next("txn")).toBe(right.next("txn"));
    expect(left.uuid()).toBe(right.uuid());
    expect(deriveId("eff", unixMs(at), "seed")).toBe(deriveId("eff", unixMs(at), "seed"));
    expect(deriveId("eff", unixMs(at), "seed")).not.toBe(deriveId("eff", unixMs(at), "deed"));
  });

  test("may be asked for as a plain UUID", () => {
    const uuid = createIds(new FakeClock(at), systemChance).uuid();
    expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(Number.parseInt(uuid.replaceAll("-", "").slice(0, 12), 16)).toBe(at);
  });
});

test("what is no id of its kind is told by its form", () => {
  const id = createIds(new FakeClock(), systemChance).next("key");
  for (const text of [
    id.slice(0, -1),
    `${id}0`,
    id.toUpperCase(),
    id.replace("key", "evt"),
    "key_",
    "",
    id.replace(/.$/, "u"),
  ]) {
    expect([text, isId("key", text)]).toEqual([text, false]);
  }
  expect(isId("key", `key_8${id.slice(5)}`)).toBe(false);
});
