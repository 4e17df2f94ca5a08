import type { FamilyRules } from "./families.ts";
import type { MistakeCode } from "./mistakes.ts";

/** A digest that a value may stand for, and what is wrong with how it is written. */
export interface GivenMac {
  /** In hex; shorter than 64 characters where it was cut off. */
  readonly hex: string;
  readonly fault: { readonly code: MistakeCode; readonly message: string } | undefined;
  /** Where it stood. */
  readonly header: string;
}

const MAC_BYTES = { sha1: 20, sha256: 32, sha384: 48, sha512: 64 } as const;
/** Enough of a digest that it proves something. */
const CUT_BYTES_MIN = 8;
const OTHER_DIGESTS: ReadonlyMap<number, string> = new Map([
  [20, "SHA-1"],
  [32, "SHA-256"],
  [48, "SHA-384"],
  [64, "SHA-512"],
]);

const SCHEME = /^((?:sha256=|sha-256=|hmac-sha256=|v1,|v1=)*)(.*)$/is;

type Writing = "hex" | "base64";

function bytesOf(
  digest: string,
): { readonly bytes: Buffer; readonly writing: Writing; readonly isOwn: boolean } | undefined {
  if (/^[0-9a-f]+$/i.test(digest) && digest.length % 2 === 0 && digest.length >= CUT_BYTES_MIN * 2) {
    return { bytes: Buffer.from(digest, "hex"), writing: "hex", isOwn: digest === digest.toLowerCase() };
  }
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(digest)) return undefined;
  const bytes = Buffer.from(digest, "base64");
  return bytes.length < CUT_BYTES_MIN
    ? undefined
    : { bytes, writing: "base64", isOwn: bytes.toString("base64") === digest };
}

function faultOf(
  { title, scheme, encoding, algorithm = "sha256" }: FamilyRules,
  found: { readonly scheme: string; readonly isBare: boolean; readonly read: NonNullable<ReturnType<typeof bytesOf>> },
): GivenMac["fault"] {
  const { bytes, writing, isOwn } = found.read;
  const most = MAC_BYTES[algorithm];
  const other = bytes.length === most ? undefined : OTHER_DIGESTS.get(bytes.length);
  if (!found.isBare) {
    return { code: "signature_surrounded", message: `Quotation marks or spaces stand around the value of ${title}.` };
  }
  if (other !== undefined && writing === encoding) {
    return {
      code: "signature_algorithm",
      message: `The digest in ${title} has ${bytes.length} bytes, as ${other} makes them.`,
    };
  }
  if (writing !== encoding || !isOwn) {
    const as =
      writing !== encoding ? (writing === "hex" ? "hex" : "base64") : writing === "hex" ? "capitals" : "another base64";
    return {
      code: "signature_encoding",
      message: `The digest in ${title} is written in ${as}, not in ${encoding === "hex" ? "lower-case hex" : "plain base64"}.`,
    };
  }
  if (bytes.length < most) {
    return {
      code: "signature_truncated",
      message: `The digest in ${title} has ${bytes.length} of its ${most} bytes.`,
    };
  }
  if (found.scheme === scheme) return undefined;
  const is =
    found.scheme === ""
      ? `lacks the ${scheme} that it begins with`
      : `begins with ${found.scheme} in place of ${scheme}`;
  return { code: "signature_scheme", message: `The value of ${title} ${is}.` };
}

/** What one value stands for; undefined where it can't be a digest. */
export function readMac(text: string, header: string, rules: FamilyRules): GivenMac | undefined {
  const bare = text.replace(/^[\s"'`]+|[\s"'`]+$/g, "");
  const [, scheme = "", digest = ""] = SCHEME.exec(bare) ?? [];
  const read = bytesOf(digest);
  if (!read) return undefined;
  // Spaces at the ends are no part of a header's value (RFC 9110, section 5.5).
  const fault = faultOf({ ...rules, title: header }, { scheme, isBare: bare === text.trim(), read });
  return { hex: read.bytes.toString("hex"), fault, header };
}

/** Whether it is this digest, or the beginning of it. */
export const isMac = ({ hex }: GivenMac, computed: string): boolean =>
  hex.length <= computed.length && hex.length >= CUT_BYTES_MIN * 2 && computed.startsWith(hex);
