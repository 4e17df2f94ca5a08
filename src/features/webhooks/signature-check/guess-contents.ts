import { parseIsoTime } from "../../../kernel/clock.ts";
import { deviationsOf } from "../signatures/deviations.ts";
import { type FamilyRules, type Parts, RULES } from "./families.ts";
import { type Guess, guess, madeOtherwise, right } from "./guess.ts";
import type { MistakeCode } from "./mistakes.ts";

type Join = FamilyRules["join"];

function codeOf(id: string, what: string): MistakeCode {
  if (id === "no-dot") return "content_separator";
  if (id === "body-only" || what.includes("webhook-timestamp out")) return "content_without_timestamp";
  return what.includes("webhook-id out") ? "content_without_id" : "content_parts";
}

const SEPARATORS = [":", ",", "|", "\n", "-", "_", " ", "&"] as const;

const shown = (separator: string): string => (separator === "\n" ? "a line break" : JSON.stringify(separator));

function otherSeparators({ signsId, signsTime }: FamilyRules): Guess<Join>[] {
  if (!signsTime) return [];
  const joined =
    (separator: string): Join =>
    ({ id, time, body }) =>
      [...(signsId ? [id] : []), time, body].join(separator);
  return SEPARATORS.map((separator) =>
    guess(
      "content_separator",
      madeOtherwise(`It joins the parts by ${shown(separator)} in place of a full stop.`),
      joined(separator),
    ),
  );
}

/** Every way of joining the parts that is known, the right one first. */
export function guessJoins(rules: FamilyRules): readonly Guess<Join>[] {
  const { family, signsTime, signsId } = rules;
  const known = family === "standard" ? "standard" : "hatch";
  const deviations = deviationsOf(known, "").filter(
    ({ step, id }) => step === "join" && (signsTime || id !== "body-only"),
  );
  const turned = (sign: string, join: Join): Guess<Join> =>
    guess("content_parts", madeOtherwise(`It joins the parts in another order: ${sign}.`), join);
  return [
    right(rules.join),
    ...deviations.flatMap(({ id, what, change }) =>
      change.join === undefined ? [] : [guess(codeOf(id, what), madeOtherwise(what), change.join as Join)],
    ),
    ...otherSeparators(rules),
    ...(signsTime
      ? [
          turned("body, timestamp", ({ time, body }: Parts) => `${body}.${time}`),
          turned("body, timestamp, without a full stop", ({ time, body }: Parts) => `${body}${time}`),
        ]
      : [guess<Join>("content_parts", madeOtherwise("It signs a timestamp before the body."), RULES.hatch.join)]),
    ...(signsId ? [turned("timestamp, id, body", ({ id, time, body }: Parts) => `${time}.${id}.${body}`)] : []),
  ];
}

const SECONDS = /^\d{1,12}$/;
const MILLISECONDS = /^\d{13}$/;

/** Unix seconds of a timestamp as it was given, whatever its form; undefined for what is none. */
export function secondsOf(time: string): number | undefined {
  if (SECONDS.test(time)) return Number(time);
  if (/^\d+(?:\.\d+)?$/.test(time))
    return Math.floor(MILLISECONDS.test(time.split(".")[0] ?? "") ? Number(time) / 1000 : Number(time));
  const at = parseIsoTime(time);
  return at === undefined ? undefined : Math.floor(at / 1000);
}

const NOT_SECONDS = "The timestamp is given in another form than unix seconds: as those, it is right.";
const IN_MILLISECONDS = "The timestamp is in milliseconds; it is unix seconds.";

/** How far from what is given the signed timestamp is looked for. */
const NEAR_SECONDS = 300;

/** Every timestamp that may have been signed, the given one first. */
export function guessTimes(given: string | undefined): readonly Guess<string>[] {
  if (given === undefined) return [right("")];
  if (SECONDS.test(given)) {
    return [right(given), guess("timestamp_milliseconds", madeOtherwise(IN_MILLISECONDS), `${given}000`)];
  }
  const seconds = secondsOf(given);
  if (MILLISECONDS.test(given)) {
    return [
      guess("timestamp_milliseconds", IN_MILLISECONDS, given),
      guess("timestamp_milliseconds", `${IN_MILLISECONDS} As seconds, it is right.`, String(seconds)),
    ];
  }
  return [
    guess("timestamp_format", "The timestamp is signed in another form than unix seconds.", given),
    ...(seconds === undefined ? [] : [guess("timestamp_format", NOT_SECONDS, String(seconds))]),
  ];
}

/** Those of other attempts, near the given one. */
export function guessNearTimes(given: string | undefined): readonly Guess<string>[] {
  if (given === undefined || !SECONDS.test(given)) return [];
  const at = Number(given);
  return Array.from({ length: NEAR_SECONDS * 2 }, (_, index) => {
    const offset = index % 2 === 0 ? index / 2 + 1 : -(index + 1) / 2;
    const message = `The signature is over the timestamp ${at + offset}, not over the ${given} that came with it.`;
    return guess("timestamp_changed", message, String(at + offset));
  });
}

export function guessIds(
  given: string | undefined,
  {
    deliveryId,
    body,
    otherIds,
  }: { readonly deliveryId: string | undefined; readonly body: string; readonly otherIds: readonly string[] },
): readonly Guess<string>[] {
  const own = right(given ?? "");
  const others = new Set([...(deliveryId === undefined ? [] : [deliveryId]), ...otherIds]);
  const inBody = /"id"\s*:\s*"(\w{1,64})"/.exec(body.slice(0, 500))?.[1];
  if (inBody !== undefined) others.add(inBody);
  others.delete(given ?? "");
  return [
    own,
    ...[...others].map((id) =>
      guess(
        "id_differs",
        `The signature is for the delivery ${id.slice(0, 80)}, not for the id that came with it.`,
        id,
      ),
    ),
  ];
}
