import { type Deviation, deviationsOf, signedWith } from "../../features/webhooks/index.ts";
import type { Examiner } from "./examiner.ts";
import { isAccepted } from "./send.ts";
import type { Family, Message } from "./signatures.ts";

const PROBES_MAX = 400;
const SEARCH_MAX_MS = 30_000;

/** Steps of which a receiver may well get two wrong, the likelier first. */
const PAIRS: readonly (readonly [Deviation["step"], Deviation["step"]])[] = [
  ["join", "write"],
  ["key", "write"],
  ["key", "join"],
  ["key", "body"],
  ["join", "body"],
  ["write", "body"],
];

/** Faults of one deployment rather than of a way of thinking: they seldom come in company. */
const ALONE: ReadonlySet<string> = new Set([
  "secret-line-break",
  "secret-quoted",
  "secret-unset",
  "body-lost",
  "trims",
  "line-break",
  "charset",
]);

type Candidate = readonly Deviation[];

const singles = (all: readonly Deviation[]): Candidate[] => all.map((one) => [one]);

function pairs(all: readonly Deviation[]): Candidate[] {
  const sociable = all.filter(({ id }) => !ALONE.has(id));
  const of = (wanted: Deviation["step"]): Deviation[] => sociable.filter(({ step }) => step === wanted);
  return PAIRS.flatMap(([first, second]) => of(first).flatMap((left) => of(second).map((right) => [left, right])));
}

export interface Search {
  /** What the receiver does instead; undefined where nothing was found. */
  readonly found: readonly Deviation[] | undefined;
  readonly tried: number;
}

/** Tries the known wrong computations one after the other. @param isOfInterest what of them */
export async function searchDeviations(
  examiner: Examiner,
  makeMessage: () => Message,
  isOfInterest: (one: Deviation) => boolean = () => true,
): Promise<Search> {
  const end = examiner.elapsedMs() + SEARCH_MAX_MS;
  let tried = 0;
  for (const combine of [singles, pairs]) {
    for (const family of examiner.families) {
      const all = combine(deviationsOf(family, examiner.secret).filter(isOfInterest));
      for (const candidate of distinctOf(family, examiner, makeMessage(), all)) {
        if (tried >= PROBES_MAX || examiner.elapsedMs() > end || examiner.standstill !== undefined)
          return { found: undefined, tried };
        const message = makeMessage();
        tried += 1;
        const answer = await examiner.send(signedWith(family, examiner.secret, message, candidate), message.body);
        if (isAccepted(answer)) return { found: candidate, tried };
      }
    }
  }
  return { found: undefined, tried };
}

/** Those that differ, for this very message, from what is right and from one another. */
function distinctOf(
  family: Family,
  { secret }: Examiner,
  message: Message,
  all: readonly Candidate[],
): readonly Candidate[] {
  const seen = new Set([JSON.stringify(signedWith(family, secret, message, []))]);
  return all.filter((candidate) => {
    const made = JSON.stringify(signedWith(family, secret, message, candidate));
    if (seen.has(made)) return false;
    seen.add(made);
    return true;
  });
}
