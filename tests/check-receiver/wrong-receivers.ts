import { KEY, SECRET } from "./exam.ts";
import { equalTexts, hatchReceiver, hexOf, isFresh, type Receive, standardReceiver } from "./receivers.ts";

const deliveryOf = (headers: Headers): string => headers.get("x-hatch-delivery") ?? "";

/** Knows what it has had before. */
function answeringDuplicates(status: number): (headers: Headers) => number {
  const known = new Set<string>();
  return (headers) => {
    const isDuplicate = known.has(deliveryOf(headers)) && headers.get("x-hatch-attempt") !== "1";
    known.add(deliveryOf(headers));
    return isDuplicate ? status : 204;
  };
}

/** Is at work for a moment, in which its twin may come. */
function answeringTwins(status: number): (headers: Headers) => Promise<number> {
  const atWork = new Map<string, () => void>();
  return async (headers) => {
    const delivery = deliveryOf(headers);
    const meet = atWork.get(delivery);
    if (meet) {
      meet();
      return status;
    }
    await Promise.race([new Promise<void>((resolve) => atWork.set(delivery, resolve)), Bun.sleep(60)]);
    atWork.delete(delivery);
    return 204;
  };
}

const plainAlone = (headers: Headers): readonly (string | null)[] => [headers.get("x-hatch-signature")];

const pythonDefault = (body: string): string =>
  JSON.stringify(JSON.parse(body), null, 1)
    .replaceAll(/\n */g, " ")
    .replaceAll(/([{[]) /g, "$1")
    .replaceAll(/ ([}\]])/g, "$1")
    .replaceAll(/[\u0080-\uffff]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`);

const sortedKeys = (value: unknown): unknown =>
  typeof value !== "object" || value === null || Array.isArray(value)
    ? value
    : Object.fromEntries(
        Object.entries(value)
          .sort(([left], [right]) => (left < right ? -1 : 1))
          .map(([key, inner]) => [key, sortedKeys(inner)]),
      );

/** What is wrong with it, and what is to be said of it; nothing else may be. */
export interface Wrong {
  readonly name: string;
  readonly receive: Receive;
  readonly mistakes: readonly string[];
  readonly failed: readonly string[];
  readonly noted?: readonly string[];
  /** A part of what is said. */
  readonly says: string;
  readonly anchor: string;
  readonly args?: readonly string[];
}

const content = (text: (timestamp: string, body: string) => string): Receive =>
  hatchReceiver(SECRET, { content: text });
const mac = (make: (content: string) => string): Receive => hatchReceiver(SECRET, { mac: make });
const atFirst = (receive: Receive, id: string, says: string, anchor: string): Omit<Wrong, "name"> => ({
  ...{ receive, says, anchor },
  mistakes: [id],
  failed: ["valid"],
});

export const WRONG: readonly Wrong[] = [
  {
    name: "verifies the body parsed and written anew, in JavaScript",
    receive: content((timestamp, body) => `${timestamp}.${JSON.stringify(JSON.parse(body))}`),
    mistakes: ["reserialises"],
    failed: ["unusual-spelling", "rewritten-body"],
    says: "written anew as JavaScript's JSON.stringify does it",
    anchor: "raw-body",
  },
  {
    name: "verifies the body parsed and written anew, in Python",
    ...atFirst(
      content((timestamp, body) => `${timestamp}.${pythonDefault(body)}`),
      "reserialises",
      "as Python's json.dumps does it",
      "raw-body",
    ),
  },
  {
    name: "verifies the body parsed and written anew, with its keys sorted",
    ...atFirst(
      content((timestamp, body) => `${timestamp}.${JSON.stringify(sortedKeys(JSON.parse(body)))}`),
      "reserialises",
      "as Go's json.Marshal does it with a map",
      "raw-body",
    ),
  },
  {
    name: "verifies a parsed body that became a text",
    ...atFirst(
      content((timestamp) => `${timestamp}.[object Object]`),
      "body-lost",
      "[object Object]",
      "raw-body",
    ),
  },
  {
    name: "verifies a body that was read before",
    ...atFirst(
      content((timestamp) => `${timestamp}.`),
      "body-lost",
      "an empty body",
      "raw-body",
    ),
  },
  {
    name: "reads the body as Latin-1",
    receive: content((timestamp, body) => `${timestamp}.${Buffer.from(body).toString("latin1")}`),
    mistakes: ["charset"],
    failed: ["text-beyond-ascii"],
    says: "Latin-1",
    anchor: "raw-body",
  },
  {
    name: "trims the body",
    receive: content((timestamp, body) => `${timestamp}.${body.trim()}`),
    mistakes: ["trims"],
    failed: ["unusual-spelling"],
    says: "trims the body",
    anchor: "raw-body",
  },
  {
    name: "never checks the timestamp",
    receive: hatchReceiver(SECRET, { isFresh: () => true }),
    mistakes: ["late"],
    failed: ["late", "future"],
    says: "never checks the timestamp",
    anchor: "old-timestamps",
  },
  {
    name: "checks the age only",
    receive: hatchReceiver(SECRET, { isFresh: (timestamp) => Date.now() / 1000 - Number(timestamp) <= 300 }),
    mistakes: ["future"],
    failed: ["future"],
    says: "not whether it lies in the future",
    anchor: "future-timestamps",
  },
  {
    name: "allows a minute",
    receive: hatchReceiver(SECRET, { isFresh: (timestamp) => Math.abs(Date.now() / 1000 - Number(timestamp)) <= 60 }),
    mistakes: [],
    failed: [],
    noted: ["clock-skew"],
    says: "less than two minutes",
    anchor: "old-timestamps",
  },
  {
    name: "takes the timestamp for milliseconds",
    ...atFirst(
      hatchReceiver(SECRET, { isFresh: (timestamp) => Math.abs(Date.now() - Number(timestamp)) <= 300_000 }),
      "milliseconds",
      "for milliseconds",
      "old-timestamps",
    ),
  },
  {
    name: "never checks the signature",
    receive: ({ headers }) => (isFresh(headers.get("x-hatch-timestamp")) ? 200 : 401),
    mistakes: ["unchecked"],
    failed: [
      "wrong-signature",
      "part-of-the-signature",
      "empty-signature",
      "missing-signature",
      "changed-body",
      "rewritten-body",
    ],
    says: "it never checks, or it answers before it has checked",
    anchor: "check-before-answering",
  },
  {
    name: "accepts an empty signature",
    receive: hatchReceiver(SECRET, { equal: (expected, given) => given === "" || equalTexts(expected, given) }),
    mistakes: ["empty"],
    failed: ["empty-signature"],
    says: "accepts an empty signature",
    anchor: "missing-and-empty-signatures",
  },
  {
    name: "checks a signature only where there is one",
    receive: (got) => (got.headers.has("x-hatch-signature") ? hatchReceiver(SECRET)(got) : 204),
    mistakes: ["missing"],
    failed: ["missing-signature"],
    says: "without a signature",
    anchor: "missing-and-empty-signatures",
  },
  {
    name: "takes the comparison the wrong way round",
    ...atFirst(
      hatchReceiver(SECRET, { equal: (expected, given) => expected !== given }),
      "inverted",
      "the wrong way round",
      "compare-the-whole-signature",
    ),
  },
  {
    name: "decodes the secret for X-Hatch-Signature",
    ...atFirst(
      mac((text) => `sha256=${hexOf(KEY, text)}`),
      "decoded-secret",
      "decodes the secret",
      "the-secret",
    ),
  },
  {
    name: "takes the prefix off the secret for X-Hatch-Signature",
    ...atFirst(
      mac((text) => `sha256=${hexOf(SECRET.slice(6), text)}`),
      "secret-without-prefix",
      "takes whsec_ off",
      "the-secret",
    ),
  },
  {
    name: "uses the secret's characters for Standard Webhooks",
    ...atFirst(
      standardReceiver(SECRET, { key: SECRET }),
      "secret-characters",
      "signs with the secret's characters",
      "the-secret",
    ),
  },
  {
    name: "has a line break in its secret",
    ...atFirst(
      mac((text) => `sha256=${hexOf(`${SECRET}\n`, text)}`),
      "secret-line-break",
      "a line break at its end",
      "the-secret",
    ),
  },
  {
    name: "has no secret at all",
    ...atFirst(
      mac((text) => `sha256=${hexOf("undefined", text)}`),
      "secret-unset",
      "is not set",
      "the-secret",
    ),
  },
  {
    name: "signs the body alone",
    ...atFirst(
      content((_, body) => body),
      "body-only",
      "signs the body alone",
      "what-is-signed",
    ),
  },
  {
    name: "leaves webhook-id out",
    ...atFirst(
      standardReceiver(SECRET, { content: (_id, timestamp, body) => `${timestamp}.${body}` }),
      "other-parts",
      "leaves webhook-id out",
      "what-is-signed",
    ),
  },
  {
    name: "forgets sha256=",
    ...atFirst(
      mac((text) => hexOf(SECRET, text)),
      "no-scheme",
      "without the sha256=",
      "how-the-signature-is-written",
    ),
  },
  {
    name: "makes two mistakes: the body alone, and no sha256=",
    receive: hatchReceiver(SECRET, { content: (_, body) => body, mac: (text) => hexOf(SECRET, text) }),
    mistakes: ["body-only", "no-scheme"],
    failed: ["valid"],
    says: "signs the body alone",
    anchor: "what-is-signed",
  },
  {
    name: "makes two mistakes: the decoded secret, and a body written anew",
    receive: hatchReceiver(SECRET, {
      content: (timestamp, body) => `${timestamp}.${pythonDefault(body)}`,
      mac: (text) => `sha256=${hexOf(KEY, text)}`,
    }),
    mistakes: ["decoded-secret", "reserialises"],
    failed: ["valid"],
    says: "json.dumps",
    anchor: "raw-body",
  },
  {
    name: "reads the headers of Svix",
    ...atFirst(
      ({ headers, body }) =>
        headers.has("svix-id")
          ? standardReceiver(SECRET)({
              headers: new Headers([...headers].map(([name, value]) => [name.replace(/^svix-/, "webhook-"), value])),
              body,
            })
          : 400,
      "other-headers",
      "svix-signature",
      "the-headers",
    ),
  },
  {
    name: "compares only the first signature in the list",
    receive: standardReceiver(SECRET, { given: (list) => list.split(" ").slice(0, 1) }),
    mistakes: ["first-only"],
    failed: ["rotation-old-secret", "other-version"],
    says: "only the first signature in the list",
    anchor: "several-signatures",
  },
  {
    name: "compares only the last signature in the list",
    receive: standardReceiver(SECRET, { given: (list) => list.split(" ").slice(-1) }),
    mistakes: ["last-only"],
    failed: ["rotation-new-secret"],
    says: "only the last signature in the list",
    anchor: "several-signatures",
  },
  {
    name: "takes the list for one signature",
    receive: standardReceiver(SECRET, { given: (list) => [list] }),
    mistakes: ["one-only"],
    failed: ["rotation-old-secret", "rotation-new-secret", "other-version"],
    says: "it is a list, parted by spaces",
    anchor: "several-signatures",
  },
  {
    name: "demands that the next secret's signature is its own too",
    receive: hatchReceiver(SECRET, {
      signatures: (headers) => [headers.get("x-hatch-signature-next") ?? headers.get("x-hatch-signature")],
    }),
    mistakes: ["rotation"],
    failed: ["rotation-old-secret"],
    says: "changing the secret loses deliveries",
    anchor: "several-signatures",
  },
  {
    name: "verifies only the fields that it knows",
    receive: content((timestamp, body) => {
      const { id, event, timestamp: at, data } = JSON.parse(body);
      return `${timestamp}.${JSON.stringify({ id, event, timestamp: at, data })}`;
    }),
    mistakes: ["reserialises", "unbound"],
    failed: ["unusual-spelling", "changed-body", "rewritten-body"],
    says: "accepts a changed body under a right signature",
    anchor: "raw-body",
  },
  {
    name: "compares as far as the given one goes",
    receive: hatchReceiver(SECRET, { equal: (expected, given) => expected.startsWith(given) }),
    mistakes: ["prefix", "empty"],
    failed: ["part-of-the-signature", "empty-signature"],
    says: "only a part of the signature",
    anchor: "compare-the-whole-signature",
  },
  {
    name: "compares the first eight characters",
    receive: hatchReceiver(SECRET, {
      equal: (expected, given) => equalTexts(expected.slice(0, 15), given.slice(0, 15)),
    }),
    mistakes: ["prefix"],
    failed: ["part-of-the-signature"],
    says: "only a part of the signature",
    anchor: "compare-the-whole-signature",
  },
  {
    name: "reads X-Hatch-Signature alone and refuses by 400",
    receive: hatchReceiver(SECRET, { signatures: plainAlone, refuse: 400 }),
    mistakes: ["not-401"],
    failed: ["rotation-new-secret"],
    says: "otherwise than by 401 or 403",
    anchor: "several-signatures",
  },
  {
    name: "gives up at a version that it does not know",
    receive: standardReceiver(SECRET, {
      given: (list) => (list.includes("v1a,") ? [] : list.split(" ")),
    }),
    mistakes: ["other-version"],
    failed: ["other-version"],
    says: "instead of skipping it",
    anchor: "several-signatures",
  },
  {
    name: "answers 500 to what it refuses",
    receive: hatchReceiver(SECRET, { refuse: 500 }),
    mistakes: ["collapses"],
    failed: ["wrong-signature", "missing-signature", "late", "future", "changed-body", "rewritten-body"],
    noted: ["part-of-the-signature", "empty-signature"],
    says: "a 5xx reads as an outage",
    anchor: "what-to-answer",
  },
  {
    name: "answers 500 to a duplicate",
    receive: hatchReceiver(SECRET, { accept: answeringDuplicates(500) }),
    mistakes: ["duplicate"],
    failed: ["duplicate"],
    says: "had before",
    anchor: "duplicates",
  },
  {
    name: "answers 409 to a duplicate",
    receive: hatchReceiver(SECRET, { accept: answeringDuplicates(409) }),
    mistakes: ["duplicate"],
    failed: ["duplicate"],
    says: "had before",
    anchor: "duplicates",
  },
  {
    name: "dies of two at once",
    receive: hatchReceiver(SECRET, { accept: answeringTwins(500) }),
    mistakes: ["parallel"],
    failed: ["two-at-once"],
    says: "twice at once",
    anchor: "two-at-once",
  },
  {
    name: "refuses the second of two at once",
    receive: hatchReceiver(SECRET, { accept: answeringTwins(409) }),
    mistakes: [],
    failed: [],
    noted: ["two-at-once"],
    says: "twice at once",
    anchor: "two-at-once",
  },
  {
    name: "verifies, and then refuses the event",
    ...atFirst(
      hatchReceiver(SECRET, { accept: () => 422 }),
      "refuses-content",
      "then refuses what it verified",
      "what-to-answer",
    ),
  },
  {
    name: "falls over whatever comes",
    ...atFirst(() => 500, "always-collapses", "falls over whenever", "what-to-answer"),
  },
  {
    name: "has another secret",
    ...atFirst(hatchReceiver(`${SECRET}x`), "unknown", "Most likely it has another secret", "the-secret"),
  },
  {
    name: "is at another path",
    ...atFirst(() => 404, "wrong-path", "nothing for a POST", "what-to-answer"),
  },
  {
    name: "limits how often it is asked",
    ...atFirst(() => 429, "rate-limited", "too often", "what-to-answer"),
  },
  {
    name: "redirects",
    ...atFirst(
      () => new Response(null, { status: 308, headers: { location: "https://example.com/hooks/" } }),
      "redirects",
      "Redirects are never followed",
      "what-to-answer",
    ),
  },
  {
    name: "never answers",
    ...atFirst(() => new Promise<number>(() => undefined), "slow", "does not answer in time", "answer-quickly"),
    args: ["--timeout", "150ms"],
  },
];
