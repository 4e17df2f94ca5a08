import type { JsonValue } from "../../../kernel/json.ts";
import { standardKeyOf } from "../signing.ts";
import { REWRITINGS, writeJson } from "./json-text.ts";
import type { Family, Recipe } from "./recipe.ts";

/*
 * A receiver that refuses what is right accepts something else: exactly what its own, wrong computation gives. So the
 * wrong computations that are known are made here, one by one and in pairs, until one of them is accepted; that it is
 * accepted proves it, for nobody guesses an HMAC.
 */

/** One step taken otherwise. */
export interface Deviation {
  readonly id: string;
  /** One sentence: what it does. */
  readonly what: string;
  /** The heading of the guide on verifying that tells what to do instead. */
  readonly anchor: string;
  readonly step: keyof Recipe;
  readonly change: Partial<Recipe>;
}

const RAW = "raw-body";
const SECRET = "the-secret";
const CONTENT = "what-is-signed";
const WRITING = "how-the-signature-is-written";
const NAMES = "the-headers";

const deviation = (
  step: keyof Recipe,
  id: string,
  anchor: string,
  what: string,
  change: Partial<Recipe>,
): Deviation => ({
  ...{ step, id, anchor, what, change },
});

const REPLACED: readonly (readonly [written: string, what: string])[] = [
  ["[object Object]", "It signs the text [object Object]: the body was parsed, and then joined to a text."],
  ["", "It signs an empty body: something read the body before."],
  [
    "undefined",
    "It signs the text undefined in the place of the body: something read the body before, or nothing did.",
  ],
  ["null", "It signs the text null in the place of the body."],
  ["{}", "It signs the text {} in the place of the body: something read the body before."],
];

const bodies = (): Deviation[] => [
  ...REWRITINGS.map((style) =>
    deviation(
      "body",
      "reserialises",
      RAW,
      `It verifies the body parsed and written anew ${style.name}, not the raw bytes as they came.`,
      { body: (raw) => writeJson(JSON.parse(raw) as JsonValue, style) },
    ),
  ),
  deviation("body", "trims", RAW, "It trims the body before it verifies it.", { body: (raw) => raw.trim() }),
  deviation("body", "line-break", RAW, "It adds a line break to the body before it verifies it.", {
    body: (raw) => `${raw}\n`,
  }),
  deviation("body", "charset", RAW, "It reads the body as Latin-1, not as the UTF-8 that it is.", {
    body: (raw) => Buffer.from(raw).toString("latin1"),
  }),
  deviation("body", "charset", RAW, "It reads the body as ASCII and loses what lies beyond.", {
    body: (raw) => raw.replaceAll(/[\u0080-\uffff]/g, ""),
  }),
  ...REPLACED.map(([written, what]) => deviation("body", "body-lost", RAW, what, { body: () => written })),
];

const BASE64_BODY = /^whsec_/;

/** Faults of the secret itself, whatever the family. @param keyOf what the family makes of a secret */
const spoiltSecrets = (secret: string, keyOf: (text: string) => string | Uint8Array): Deviation[] => [
  deviation("key", "secret-line-break", SECRET, "Its secret has a line break at its end.", {
    key: keyOf(`${secret}\n`),
  }),
  deviation("key", "secret-quoted", SECRET, "Its secret has quotation marks around it.", { key: keyOf(`"${secret}"`) }),
  ...["", "undefined", "null", "None"].map((text) =>
    deviation("key", "secret-unset", SECRET, "Its secret is not set: it verifies with an empty or undefined one.", {
      key: text,
    }),
  ),
];

const hatchOnly = (secret: string): Deviation[] => [
  deviation(
    "key",
    "decoded-secret",
    SECRET,
    "It decodes the secret; X-Hatch-Signature takes its characters as they are.",
    {
      key: standardKeyOf(secret),
    },
  ),
  deviation(
    "key",
    "decoded-secret",
    SECRET,
    "It decodes the secret's hex; X-Hatch-Signature takes its characters as they are.",
    {
      key: /^(?:[0-9a-f]{2})+$/i.test(secret) ? Buffer.from(secret, "hex") : secret,
    },
  ),
  deviation(
    "key",
    "secret-without-prefix",
    SECRET,
    "It takes whsec_ off the secret; X-Hatch-Signature takes all of its characters.",
    {
      key: secret.replace(BASE64_BODY, ""),
    },
  ),
  ...spoiltSecrets(secret, (text) => text),
  deviation("join", "body-only", CONTENT, "It signs the body alone; the timestamp and a dot come before it.", {
    join: ({ body }) => body,
  }),
  deviation("join", "no-dot", CONTENT, "It leaves out the dot between the timestamp and the body.", {
    join: ({ time, body }) => `${time}${body}`,
  }),
  deviation(
    "join",
    "other-parts",
    CONTENT,
    "It signs delivery, timestamp and body; X-Hatch-Signature covers timestamp and body.",
    {
      join: ({ id, time, body }) => `${id}.${time}.${body}`,
    },
  ),
  deviation("write", "no-scheme", WRITING, "It compares X-Hatch-Signature without the sha256= that it begins with.", {
    write: (mac) => mac.toString("hex"),
  }),
  deviation("write", "base64", WRITING, "It writes the signature in base64; X-Hatch-Signature is in hex.", {
    write: (mac) => `sha256=${mac.toString("base64")}`,
  }),
  deviation(
    "write",
    "base64",
    WRITING,
    "It writes the signature in base64 without sha256=; X-Hatch-Signature is sha256= and hex.",
    {
      write: (mac) => mac.toString("base64"),
    },
  ),
  deviation("write", "upper-case", WRITING, "It writes the hex of the signature in capitals.", {
    write: (mac) => `sha256=${mac.toString("hex").toUpperCase()}`,
  }),
  deviation("name", "other-headers", NAMES, "It reads X-Hub-Signature-256, as GitHub sends it, over the body alone.", {
    join: ({ body }) => body,
    name: ({ signature }) => ({ "X-Hub-Signature-256": signature }),
  }),
  deviation("name", "other-headers", NAMES, "It reads Stripe-Signature, as Stripe sends it.", {
    write: (mac) => mac.toString("hex"),
    name: ({ time, signature }) => ({ "Stripe-Signature": `t=${time},v1=${signature}` }),
  }),
];

const standardOnly = (secret: string): Deviation[] => [
  deviation(
    "key",
    "secret-characters",
    SECRET,
    "It signs with the secret's characters; Standard Webhooks takes the bytes that the base64 after whsec_ stands for.",
    {
      key: secret,
    },
  ),
  deviation(
    "key",
    "secret-characters",
    SECRET,
    "It takes whsec_ off the secret and does not decode the base64 that is left.",
    {
      key: secret.replace(BASE64_BODY, ""),
    },
  ),
  deviation("key", "secret-characters", SECRET, "It decodes the whole secret as base64, whsec_ included.", {
    key: Buffer.from(secret, "base64"),
  }),
  ...spoiltSecrets(secret, standardKeyOf),
  deviation("join", "body-only", CONTENT, "It signs the body alone; webhook-id and webhook-timestamp come before it.", {
    join: ({ body }) => body,
  }),
  deviation("join", "other-parts", CONTENT, "It leaves webhook-id out of what is signed.", {
    join: ({ time, body }) => `${time}.${body}`,
  }),
  deviation("join", "other-parts", CONTENT, "It leaves webhook-timestamp out of what is signed.", {
    join: ({ id, body }) => `${id}.${body}`,
  }),
  deviation("join", "no-dot", CONTENT, "It leaves out the dots between webhook-id, webhook-timestamp and the body.", {
    join: ({ id, time, body }) => `${id}${time}${body}`,
  }),
  deviation("write", "no-scheme", WRITING, "It compares webhook-signature without the v1, that it begins with.", {
    write: (mac) => mac.toString("base64"),
  }),
  deviation("write", "hex", WRITING, "It writes the signature in hex; Standard Webhooks is in base64.", {
    write: (mac) => `v1,${mac.toString("hex")}`,
  }),
  deviation("write", "base64url", WRITING, "It writes the signature in base64url; Standard Webhooks is in base64.", {
    write: (mac) => `v1,${mac.toString("base64url")}`,
  }),
  deviation(
    "write",
    "no-scheme",
    WRITING,
    "It expects v1= before the signature; Standard Webhooks has v1 and a comma.",
    {
      write: (mac) => `v1=${mac.toString("base64")}`,
    },
  ),
  deviation("name", "other-headers", NAMES, "It reads svix-id, svix-timestamp and svix-signature.", {
    name: ({ message, time, signature }) => ({
      "svix-id": message.deliveryId,
      "svix-timestamp": time,
      "svix-signature": signature,
    }),
  }),
];

export const deviationsOf = (family: Family, secret: string): readonly Deviation[] => [
  ...bodies(),
  ...(family === "hatch" ? hatchOnly(secret) : standardOnly(secret)),
  deviation("time", "milliseconds", "old-timestamps", "It takes the timestamp for milliseconds; it is in seconds.", {
    time: (seconds) => `${seconds}000`,
  }),
];
