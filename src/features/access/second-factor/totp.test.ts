import { describe, expect, test } from "bun:test";
import { unixMs } from "../../../kernel/units.ts";
import { encodeBase32, findStep, keyUri, totpCode } from "./totp.ts";

const SECRET = new TextEncoder().encode("12345678901234567890");

describe("one-time codes", () => {
  test.each([
    [59, "287082"],
    [1_111_111_109, "081804"],
    [1_111_111_111, "050471"],
    [1_234_567_890, "005924"],
    [2_000_000_000, "279037"],
    [20_000_000_000, "353130"],
  ])("at %d s are those of RFC 6238, appendix B", (seconds, code) => {
    expect(totpCode(SECRET, unixMs(seconds * 1_000))).toBe(code);
  });

  const now = unixMs(1_234_567_890_000);
  const code = totpCode(SECRET, now);

  test("are good in their own step and one to either side, and no longer", () => {
    const at = (seconds: number) => findStep(SECRET, code, { now: unixMs(now + seconds * 1_000), lastStep: null });
    expect([at(-60), at(-30), at(0), at(30), at(60)].map((step) => step !== undefined)).toEqual([
      false,
      true,
      true,
      true,
      false,
    ]);
  });

  test("are good once", () => {
    const step = findStep(SECRET, code, { now, lastStep: null });
    expect(step).toBe(41_152_263);
    expect(findStep(SECRET, code, { now, lastStep: 41_152_263 })).toBeUndefined();
    expect(findStep(SECRET, code, { now, lastStep: 41_152_262 })).toBe(41_152_263);
  });

  test("may be typed with a space, and nothing else is taken for one", () => {
    expect(findStep(SECRET, `${code.slice(0, 3)} ${code.slice(3)}`, { now, lastStep: null })).toBeDefined();
    for (const wrong of ["", "000000", code.slice(1), `${code}0`, "abcdef", "０".repeat(6)]) {
      expect(findStep(SECRET, wrong, { now, lastStep: null })).toBeUndefined();
    }
  });
});

test("base32 is that of RFC 4648, section 10, without its padding", () => {
  const encode = (text: string) => encodeBase32(new TextEncoder().encode(text));
  expect(["", "f", "fo", "foo", "foob", "fooba", "foobar"].map(encode)).toEqual([
    "",
    "MY",
    "MZXQ",
    "MZXW6",
    "MZXW6YQ",
    "MZXW6YTB",
    "MZXW6YTBOI",
  ]);
});

test("the key's URI names issuer and account, whatever characters they have", () => {
  expect(keyUri("ABC", "ada+x@example.com", "Hatch & Co")).toBe(
    "otpauth://totp/Hatch%20%26%20Co:ada%2Bx%40example.com?secret=ABC&issuer=Hatch%20%26%20Co&algorithm=SHA1&digits=6&period=30",
  );
});
