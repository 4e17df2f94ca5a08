/** Where the guide explains what to do instead. */
const GUIDE = "docs/guides/verifying-signatures.md";

/** One thing that is wrong with a receiver, as it is named to its author. */
export interface Mistake {
  readonly id: string;
  /** One sentence: what it does. */
  readonly what: string;
  /** The heading of the guide. */
  readonly anchor: string;
}

export const guideOf = ({ anchor }: Mistake): string => `${GUIDE}#${anchor}`;

/** Those that an answer shows by itself. What only a search finds stands in deviations.ts. */
const SEEN = {
  reserialises: {
    what: "It verifies the body parsed and written anew, not the raw bytes as they came.",
    anchor: "raw-body",
  },
  alters: {
    what: "It does not verify the raw bytes: the same JSON in another spelling is refused.",
    anchor: "raw-body",
  },
  unbound: {
    what: "It accepts a changed body under a right signature: what it verifies is not the body that came.",
    anchor: "raw-body",
  },
  unchecked: {
    what: "It accepts a wrong signature: it never checks, or it answers before it has checked.",
    anchor: "check-before-answering",
  },
  prefix: {
    what: "It compares only a part of the signature.",
    anchor: "compare-the-whole-signature",
  },
  inverted: {
    what: "It accepts a wrong signature and refuses the right one: the result of the comparison is taken the wrong way round.",
    anchor: "compare-the-whole-signature",
  },
  empty: {
    what: "It accepts an empty signature.",
    anchor: "missing-and-empty-signatures",
  },
  missing: {
    what: "It accepts a delivery without a signature.",
    anchor: "missing-and-empty-signatures",
  },
  late: {
    what: "It never checks the timestamp: whoever recorded a delivery can send it again for ever.",
    anchor: "old-timestamps",
  },
  future: {
    what: "It checks the timestamp's age only, not whether it lies in the future.",
    anchor: "future-timestamps",
  },
  impatient: {
    what: "It allows the clocks to differ by less than two minutes.",
    anchor: "old-timestamps",
  },
  "first-only": {
    what: "It compares only the first signature in the list.",
    anchor: "several-signatures",
  },
  "last-only": {
    what: "It compares only the last signature in the list.",
    anchor: "several-signatures",
  },
  "one-only": {
    what: "It takes webhook-signature for one signature; it is a list, parted by spaces.",
    anchor: "several-signatures",
  },
  "other-version": {
    what: "It gives up at a signature of a version that it does not know, instead of skipping it.",
    anchor: "several-signatures",
  },
  rotation: {
    what: "It refuses a delivery in the overlap of a rotation, so changing the secret loses deliveries.",
    anchor: "several-signatures",
  },
  duplicate: {
    what: "It does not answer 2xx to a delivery that it has had before.",
    anchor: "duplicates",
  },
  parallel: {
    what: "It fails when the same delivery arrives twice at once.",
    anchor: "two-at-once",
  },
  collapses: {
    what: "It refuses by falling over: a 5xx reads as an outage, is tried again for hours, and hides that the signature was wrong.",
    anchor: "what-to-answer",
  },
  "not-401": {
    what: "It refuses the old secret's signature otherwise than by 401 or 403, so Hatch does not try the new secret.",
    anchor: "several-signatures",
  },
  "collapses-at-garbage": {
    what: "It falls over at a signature of another length: timingSafeEqual and its like throw there.",
    anchor: "compare-the-whole-signature",
  },
  "always-collapses": {
    what: "It falls over whenever a delivery comes: look into its log.",
    anchor: "what-to-answer",
  },
  disturbed: {
    what: "It refuses a valid delivery after what was sent before: something of that has put it out of order.",
    anchor: "what-to-answer",
  },
  breaks: {
    what: "It closed the connection instead of answering.",
    anchor: "what-to-answer",
  },
  garbled: {
    what: "What answers there does not speak HTTP as it is written.",
    anchor: "what-to-answer",
  },
  untrusted: {
    what: "It speaks no TLS, or with a certificate that is not believed; Hatch always checks it.",
    anchor: "what-to-answer",
  },
  gone: {
    what: "It is gone: what was sent before ended it.",
    anchor: "what-to-answer",
  },
  unreachable: {
    what: "Nothing answers at this address.",
    anchor: "what-to-answer",
  },
  redirects: {
    what: "It answers with a redirect. Redirects are never followed: use the address that it points to.",
    anchor: "what-to-answer",
  },
  slow: {
    what: "It does not answer in time. Store the delivery, answer, and work on it afterwards.",
    anchor: "answer-quickly",
  },
  "wrong-path": {
    what: "There is nothing for a POST at this path.",
    anchor: "what-to-answer",
  },
  "refuses-content": {
    what: "It verifies the signature, and then refuses what it verified.",
    anchor: "what-to-answer",
  },
  "rate-limited": {
    what: "It refuses because it is asked too often.",
    anchor: "what-to-answer",
  },
  unknown: {
    what: "It refuses what is rightly signed, and no known mistake explains why. Most likely it has another secret.",
    anchor: "the-secret",
  },
} as const satisfies Readonly<Record<string, Omit<Mistake, "id">>>;

export type SeenMistake = keyof typeof SEEN;

export const mistake = (id: SeenMistake): Mistake => ({ id, ...SEEN[id] });

export const SEEN_MISTAKES: readonly Mistake[] = (Object.keys(SEEN) as SeenMistake[]).map(mistake);
