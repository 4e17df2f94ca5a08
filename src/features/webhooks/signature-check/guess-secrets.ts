import { deviationsOf } from "../signatures/deviations.ts";
import { standardKeyOf } from "../signing.ts";
import { type FamilyRules, RULES } from "./families.ts";
import { type Guess, guess, madeOtherwise, right } from "./guess.ts";
import type { MistakeCode } from "./mistakes.ts";

type Key = string | Uint8Array;

const PREFIX = "whsec_";

function decoded(text: string, how: (text: string) => string): string | undefined {
  try {
    const plain = how(text);
    return /^[\x21-\x7e]{16,512}$/.test(plain) ? plain : undefined;
  } catch {
    return undefined;
  }
}

/** What the secret may have been before it came into the hands of whoever asks. */
function beforeItWasSpoilt(given: string): Guess<string>[] {
  const found: Guess<string>[] = [];
  const add = (code: MistakeCode, message: string, text: string | undefined): void => {
    if (text !== undefined && text !== "" && text !== given) found.push(guess(code, message, text));
  };
  const trimmed = given.trim();
  const what = /[\r\n]$/.test(given) ? "a line break at its end" : "spaces around it";
  add("secret_whitespace", `The secret that you gave has ${what}: without, it is right.`, trimmed);
  const bare = trimmed.replace(/^["'`]+|["'`]+$/g, "");
  add("secret_quoted", "The secret that you gave has quotation marks around it: without, it is right.", bare);
  const assigned = /^(?:export\s+)?\w+\s*[=:]\s*["']?([^"']+)["']?$/.exec(trimmed)?.[1];
  add("secret_quoted", "The secret that you gave has its name before it: without, it is right.", assigned);
  add("secret_prefix", "The secret that you gave lacks the whsec_ that it begins with.", `${PREFIX}${bare}`);
  if (bare.startsWith(PREFIX + PREFIX)) {
    add("secret_prefix", "The secret that you gave begins with whsec_ twice.", bare.slice(PREFIX.length));
  }
  const encoded = "The secret that you gave is not the secret but";
  add(
    "secret_encoded",
    `${encoded} its base64, as some stores of secrets keep it.`,
    decoded(bare, (text) => Buffer.from(text, "base64").toString("latin1")),
  );
  add("secret_encoded", `${encoded} what percent-encoding made of it.`, decoded(bare, decodeURIComponent));
  add(
    "secret_encoded",
    `${encoded} what was left after its plus signs were taken for spaces.`,
    bare.replaceAll(" ", "+"),
  );
  add("secret_encoded", `${encoded} its JSON text.`, bare.replaceAll("\\/", "/").replaceAll("\\", ""));
  return found;
}

const CODES: Readonly<Record<string, MistakeCode>> = {
  "secret-line-break": "secret_whitespace",
  "secret-quoted": "secret_quoted",
  "secret-unset": "secret_unset",
  "decoded-secret": "secret_decoded",
  "secret-without-prefix": "secret_prefix",
  "secret-characters": "secret_not_decoded",
};

/** Every key that is known to be taken for the right one, the right one first. */
export function guessKeys(rules: FamilyRules, secret: string): readonly Guess<Key>[] {
  const family = rules.family === "standard" ? "standard" : "hatch";
  const other = RULES[family === "standard" ? "hatch" : "standard"];
  const deviations = deviationsOf(family, secret).filter(({ step }) => step === "key");
  return [
    right(rules.keyOf(secret)),
    ...beforeItWasSpoilt(secret).map(({ value, mistake }) => ({ value: rules.keyOf(value), mistake })),
    ...deviations.flatMap(({ id, what, change }) => {
      const code = CODES[id];
      return code === undefined || change.key === undefined ? [] : [guess(code, madeOtherwise(what), change.key)];
    }),
    guess(
      family === "hatch" ? "secret_decoded" : "secret_not_decoded",
      madeOtherwise("It takes the key of the other family."),
      other.keyOf(secret),
    ),
    guess(
      family === "hatch" ? "secret_decoded" : "secret_not_decoded",
      madeOtherwise("It decodes the secret as base64 in another way."),
      family === "hatch"
        ? Buffer.from(secret.replace(PREFIX, ""), "base64")
        : standardKeyOf(secret.replace(PREFIX, "")),
    ),
  ];
}
