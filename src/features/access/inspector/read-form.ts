import { readKeyText } from "../keys/key-text.ts";
import { useOf } from "../tokens/find-token.ts";
import type { CredentialKind } from "./types.ts";

/** What is before a credential that was copied out of a header or of code. */
const BEFORE = /^[\s"'`]*(?:authorization:\s*)?(?:bearer\s+)?/i;
const BEHIND: ReadonlySet<string> = new Set([" ", "\t", "\r", "\n", '"', "'", "`", ",", ";"]);

/** The credential itself. From behind by hand: an expression would try at every space that is in the middle. */
export function bareCredential(text: string): string {
  let end = text.length;
  while (end > 0 && BEHIND.has(text.charAt(end - 1))) end -= 1;
  return text.slice(0, end).replace(BEFORE, "");
}

const BEGINNINGS: readonly (readonly [RegExp, CredentialKind])[] = [
  [/^whsec_/, "webhook_secret"],
  [/^hst_/, "setup_token"],
  [/^h[a-z]t_/, "one_time_link"],
];

const KINDS_OF_USE: Readonly<Record<string, CredentialKind>> = {
  widget: "widget_token",
  embed: "embed_token",
  session: "session_token",
  factor: "session_token",
};

/** What a text is by its form alone. */
export function kindOf(text: string): CredentialKind {
  const key = readKeyText(text);
  if (key) return key.kind === "secret" ? "secret_key" : "publishable_key";
  const beginning = BEGINNINGS.find(([form]) => form.test(text));
  if (beginning) return beginning[1];
  return KINDS_OF_USE[useOf(text) ?? ""] ?? "unknown";
}
