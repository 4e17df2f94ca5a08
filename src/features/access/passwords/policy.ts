import commonest from "../../../../static/passwords/commonest.txt" with { type: "text" };
import { sha256Hex } from "../../../kernel/crypto.ts";
import { validationFailed } from "../../../kernel/errors.ts";

const DIGITS = 10;
const SEQUENCES = ["abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm", "01234567890123456789"];
const DISTINCT_MIN = 5;

let known: ReadonlySet<string> | undefined;

/** The beginnings of the SHA-256 of the commonest passwords of at least ten characters, in lower case. */
const isCommon = (password: string): boolean => {
  known ??= new Set(commonest.trim().split("\n"));
  return known.has(sha256Hex(password).slice(0, DIGITS));
};

const isSequence = (text: string): boolean =>
  SEQUENCES.some((sequence) => sequence.includes(text) || [...sequence].reverse().join("").includes(text));

/**
 * What stands against a password beside its length (NIST SP 800-63B, 3.1.1.2: no rules of composition, but the commonest
 * ones, and what belongs to the person, are refused). Undefined where nothing does.
 */
export function weaknessOf(password: string, { email }: { readonly email: string }): string | undefined {
  const plain = password.normalize("NFC").toLowerCase();
  if (isCommon(plain)) return "It is one of the commonest passwords.";
  if (new Set(plain).size < DISTINCT_MIN) return "It repeats too few characters.";
  if (isSequence(plain)) return "It is a row of the alphabet or of the keyboard.";
  const [name = ""] = email.toLowerCase().split("@");
  const isPersons = plain === email.toLowerCase() || (name.length >= 4 && plain.replaceAll(/[^a-z]/g, "") === name);
  return isPersons ? "It is made of the e-mail address." : undefined;
}

/** @throws validation_failed at `path` */
export function assertGoodPassword(password: string, whose: { readonly email: string }, path = "password"): void {
  const weakness = weaknessOf(password, whose);
  if (weakness) throw validationFailed([{ path, message: `${weakness} Take a few words in a row instead.` }]);
}
