import { describe, expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import { deflateSync, gzipSync } from "node:zlib";
import { seededChance } from "../../../kernel/chance.ts";
import type { JsonObject, JsonValue } from "../../../kernel/json.ts";
import { unixMs } from "../../../kernel/units.ts";
import { REWRITINGS, writeJson } from "../signatures/json-text.ts";
import { createSigningSecret, signatureHeaders, standardKeyOf } from "../signing.ts";
import { checkSignature } from "./check.ts";
import type { MistakeCode } from "./mistakes.ts";
import { MISTAKE_CODES } from "./mistakes.ts";
import type { SignatureAnswer, SignatureQuestion } from "./question.ts";

const NOW = 1_790_000_000;
const SEEDS = 6;

/** A request as Hatch makes it, and all that a person may hand in of it. */
interface Case {
  readonly secret: string;
  readonly body: string;
  readonly headers: Record<string, string>;
  readonly chance: ReturnType<typeof seededChance>;
  readonly deliveryId: string;
}

const pick = <T>(chance: Case["chance"], items: readonly T[]): T =>
  items[(chance.bytes(1)[0] ?? 0) % items.length] as T;
const word = (chance: Case["chance"]): string => Buffer.from(chance.bytes(6)).toString("hex");
const TEXTS = ["Grüße, 世界 🥚", "a/b & <c>", 'says "hi"', "plain", "tab\tand\nline"];

function anyData(chance: Case["chance"]): JsonObject {
  const data: Record<string, JsonValue> = { userId: `user_${word(chance)}` };
  data.zeta = pick(chance, TEXTS);
  data.amount = pick(chance, [1, 250, 0.5, -3]);
  data.alpha = { note: pick(chance, TEXTS), on: pick(chance, [true, false, null]) };
  return data;
}

function anyCase(seed: number, family: "hatch" | "standard" | "both" = "both", secrets?: readonly string[]): Case {
  const chance = seededChance(`signature-${seed}`);
  const secret = `whsec_${Buffer.from(chance.bytes(32)).toString("base64")}`;
  const body = JSON.stringify({
    id: `evt_${word(chance)}`,
    event: pick(chance, ["points.earned", "level.changed"]),
    timestamp: "2026-09-21T14:13:20Z",
    data: anyData(chance),
  });
  const deliveryId = `dlv_${word(chance)}`;
  const all = signatureHeaders({
    event: "points.earned",
    ...{ deliveryId, attempt: 1, timestamp: NOW - 3, body, refusals: 0 },
    secrets: (secrets ?? [secret]).map((text) =>
      createSigningSecret(text, { createdAt: unixMs(0), expiresAt: undefined }),
    ),
  });
  const headers = Object.fromEntries(
    Object.entries(all).filter(([name]) => {
      if (family === "both") return true;
      return name.startsWith("webhook-") === (family === "standard");
    }),
  );
  return { secret, body, headers, chance, deliveryId };
}

type Given = Partial<Omit<SignatureQuestion, "headers" | "body" | "secrets">> & {
  readonly headers?: Record<string, string | readonly string[]>;
  readonly body?: string | Uint8Array;
  readonly secret?: string;
};

function ask({ secret, body, headers }: Case, given: Given = {}): Promise<SignatureAnswer> {
  const { headers: otherHeaders = headers, body: otherBody = body, secret: otherSecret = secret, ...rest } = given;
  return checkSignature({
    headers: Object.entries(otherHeaders).flatMap(([name, value]) =>
      [value].flat().map((one) => [name, one as string] as const),
    ),
    body: typeof otherBody === "string" ? Buffer.from(otherBody) : otherBody,
    secrets: [{ text: otherSecret, name: "the secret that you gave" }],
    ...{ receivedAt: NOW, toleranceSeconds: 300, breathe: async () => {} },
    ...rest,
  });
}

const codesOf = ({ mistake, also }: SignatureAnswer): string[] =>
  [mistake, ...also].flatMap((one) => (one ? [one.code] : []));

const FAMILIES = ["hatch", "standard", "both"] as const;

describe("what is right", () => {
  test.each(FAMILIES)("in %s is valid, with the secret named and no mistake", async (family) => {
    for (let seed = 0; seed < SEEDS; seed += 1) {
      const answer = await ask(anyCase(seed, family));
      expect([seed, answer.valid, codesOf(answer), answer.ageSeconds]).toEqual([seed, true, [], 3]);
      expect(answer.secret).toBe("the secret that you gave");
      expect(answer.checks.every(({ ok }) => ok)).toBe(true);
    }
  });

  test("as GitHub and Stripe send it", async () => {
    const one = anyCase(1);
    const hex = (text: string) => createHmac("sha256", one.secret).update(text).digest("hex");
    const github = await ask(one, { headers: { "X-Hub-Signature-256": `sha256=${hex(one.body)}` } });
    expect([github.valid, github.family]).toEqual([true, "github"]);
    const stripe = await ask(one, { headers: { "Stripe-Signature": `t=${NOW},v1=${hex(`${NOW}.${one.body}`)}` } });
    expect([stripe.valid, stripe.family, stripe.ageSeconds]).toEqual([true, "stripe", 0]);
  });

  test("under the names that PHP and Ruby give to headers, and in any case", async () => {
    const one = anyCase(2);
    const cgi = Object.entries(one.headers).map(([name, value]) => [
      `HTTP_${name.toUpperCase().replaceAll("-", "_")}`,
      value,
    ]);
    expect((await ask(one, { headers: Object.fromEntries(cgi) })).valid).toBe(true);
    const lower = Object.entries(one.headers).map(([name, value]) => [name.toLowerCase(), value]);
    expect((await ask(one, { headers: Object.fromEntries(lower) })).valid).toBe(true);
  });

  test("with a secret of one's own that is no base64", async () => {
    const own = "a-strong-random-string-of-my-own-choosing";
    const one = anyCase(3, "both", [own]);
    expect(await ask(one, { secret: own })).toMatchObject({ valid: true, mistake: null });
  });

  test("in the overlap of a rotation: with the old one and with the newest, each with a word on it", async () => {
    for (const family of ["hatch", "standard"] as const) {
      const old = `whsec_${Buffer.alloc(32, 1).toString("base64")}`;
      const fresh = `whsec_${Buffer.alloc(32, 2).toString("base64")}`;
      const one = anyCase(4, family, [old, fresh]);
      const answers = [await ask(one, { secret: old }), await ask(one, { secret: fresh })];
      expect(answers.map(({ valid }) => valid)).toEqual([true, true]);
      if (family === "standard") continue;
      expect(answers[0]?.hint).toContain("the old one");
      expect(answers[1]?.hint).toContain("X-Hatch-Signature-Next");
    }
  });
});

const without = (headers: Record<string, string>, ...names: string[]): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !names.includes(name)));
const mapped = (
  headers: Record<string, string>,
  change: (name: string, value: string) => [string, string | string[]],
) => Object.fromEntries(Object.entries(headers).map(([name, value]) => change(name, value)));
const onSignatures = (headers: Record<string, string>, change: (value: string) => string | string[]) =>
  mapped(headers, (name, value) => [name, name.toLowerCase().endsWith("signature") ? change(value) : value]);
const macOf = (value: string): Buffer =>
  value.startsWith("v1,") ? Buffer.from(value.slice(3), "base64") : Buffer.from(value.replace("sha256=", ""), "hex");

/** Signs anew, as somebody's wrong code does it. */
function resigned(
  one: Case,
  made: { key?: string | Uint8Array; content: (parts: { id: string; time: string; body: string }) => string },
) {
  return mapped(one.headers, (name, value) => {
    const isStandard = name === "webhook-signature";
    if (!isStandard && name !== "X-Hatch-Signature") return [name, value];
    const key = made.key ?? (isStandard ? standardKeyOf(one.secret) : one.secret);
    const content = made.content({ id: one.deliveryId, time: String(NOW - 3), body: one.body });
    const mac = createHmac("sha256", key).update(content);
    return [name, isStandard ? `v1,${mac.digest("base64")}` : `sha256=${mac.digest("hex")}`];
  });
}
const rightContent =
  (family: string, change: (body: string) => string = (body) => body) =>
  ({ id, time, body }: { id: string; time: string; body: string }): string =>
    family === "standard" ? `${id}.${time}.${change(body)}` : `${time}.${change(body)}`;

type Family = "hatch" | "standard";
interface Spoilt {
  readonly name: string;
  readonly code: MistakeCode;
  readonly spoil: (one: Case, family: Family) => Given;
  readonly only?: Family;
}
const spoilt = (name: string, code: MistakeCode, spoil: Spoilt["spoil"], only?: Family): Spoilt => ({
  ...{ name, code, spoil },
  ...(only ? { only } : {}),
});

const sortKeys = (value: JsonValue): JsonValue =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.fromEntries(
        Object.entries(value)
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([key, inner]) => [key, sortKeys(inner as JsonValue)]),
      )
    : value;
const parsed = (body: string): JsonObject => JSON.parse(body) as JsonObject;

const SECRETS: readonly Spoilt[] = [
  spoilt("a line break at its end", "secret_whitespace", ({ secret }) => ({ secret: `${secret}\n` })),
  spoilt("CR LF at its end", "secret_whitespace", ({ secret }) => ({ secret: `${secret}\r\n` })),
  spoilt("a space before it", "secret_whitespace", ({ secret }) => ({ secret: ` ${secret}` })),
  spoilt("double quotes", "secret_quoted", ({ secret }) => ({ secret: `"${secret}"` })),
  spoilt("single quotes", "secret_quoted", ({ secret }) => ({ secret: `'${secret}'` })),
  spoilt("its name before it", "secret_quoted", ({ secret }) => ({ secret: `WEBHOOK_SECRET=${secret}` })),
  spoilt("the prefix taken off", "secret_prefix", ({ secret }) => ({ secret: secret.slice(6) })),
  spoilt("the prefix twice", "secret_prefix", ({ secret }) => ({ secret: `whsec_${secret}` })),
  spoilt("base64 of it", "secret_encoded", ({ secret }) => ({ secret: Buffer.from(secret).toString("base64") })),
  spoilt(
    "signed with a line break in the secret",
    "secret_whitespace",
    (one, family) => ({
      headers: resigned(one, { key: `${one.secret}\n`, content: rightContent(family) }),
    }),
    "hatch",
  ),
  spoilt(
    "signed with the decoded secret",
    "secret_decoded",
    (one) => ({
      headers: resigned(one, { key: standardKeyOf(one.secret), content: rightContent("hatch") }),
    }),
    "hatch",
  ),
  spoilt(
    "signed without its prefix",
    "secret_prefix",
    (one) => ({
      headers: resigned(one, { key: one.secret.slice(6), content: rightContent("hatch") }),
    }),
    "hatch",
  ),
  spoilt(
    "signed with its characters",
    "secret_not_decoded",
    (one) => ({
      headers: resigned(one, { key: one.secret, content: rightContent("standard") }),
    }),
    "standard",
  ),
  spoilt("signed with no secret", "secret_unset", (one, family) => ({
    headers: resigned(one, { key: "undefined", content: rightContent(family) }),
  })),
];

const BODIES: readonly Spoilt[] = [
  spoilt("a line break after it", "body_line_break", ({ body }) => ({ body: `${body}\n` })),
  spoilt("CR LF after it", "body_line_break", ({ body }) => ({ body: `${body}\r\n` })),
  spoilt("spaces around it", "body_whitespace", ({ body }) => ({ body: `  ${body} ` })),
  spoilt("a byte order mark", "body_bom", ({ body }) => ({ body: `\ufeff${body}` })),
  spoilt("gzip", "body_compressed", ({ body }) => ({ body: gzipSync(body) })),
  spoilt("deflate", "body_compressed", ({ body }) => ({ body: deflateSync(body) })),
  spoilt("indented", "body_reserialised", ({ body }) => ({ body: JSON.stringify(JSON.parse(body), null, 2) })),
  spoilt("sorted keys", "body_reserialised", ({ body }) => ({ body: JSON.stringify(sortKeys(parsed(body))) })),
  spoilt("numbers of another form", "body_reserialised", ({ body }) => ({
    body: body.replace(/"amount":(-?[\d.]+)/, '"amount":$1e0'),
  })),
  ...REWRITINGS.filter(({ comma, indent }) => comma === ", " || indent !== undefined).map((style) =>
    spoilt(`written anew ${style.name}`, "body_reserialised", ({ body }) => ({ body: writeJson(parsed(body), style) })),
  ),
  spoilt("a JSON text of it", "body_double_encoded", ({ body }) => ({ body: JSON.stringify(body) })),
  spoilt("a form", "body_form_encoded", ({ body }) => ({ body: `payload=${encodeURIComponent(body)}` })),
  spoilt("a form that it is the key of", "body_form_encoded", ({ body }) => ({ body: `${encodeURIComponent(body)}=` })),
  spoilt("base64", "body_base64", ({ body }) => ({ body: Buffer.from(body).toString("base64") })),
  spoilt("escaped for HTML", "body_escaped", ({ body }) => ({
    body: body.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;"),
  })),
  spoilt("the event of a platform", "body_wrapped", ({ body }) => ({
    body: JSON.stringify({ httpMethod: "POST", body, isBase64Encoded: false }),
  })),
  spoilt("the event of a platform, in base64", "body_wrapped", ({ body }) => ({
    body: JSON.stringify({ body: Buffer.from(body).toString("base64"), isBase64Encoded: true }),
  })),
  spoilt("cut off", "body_truncated", ({ body, chance }) => ({
    body: body.slice(0, 20 + ((chance.bytes(1)[0] ?? 0) % 60)),
  })),
  spoilt("cut off, where it is known", "body_truncated", ({ body }) => ({ body: body.slice(0, 50), sentBody: body })),
  spoilt("empty", "body_lost", () => ({ body: "" })),
  spoilt("[object Object]", "body_lost", () => ({ body: "[object Object]" })),
  spoilt("{}", "body_lost", () => ({ body: "{}" })),
  spoilt("changed, where it is known", "body_changed", ({ body }) => ({
    body: JSON.stringify({ ...parsed(body), added: 1 }),
    sentBody: body,
  })),
  spoilt("of another event, where it is known", "body_of_other", (one) => ({
    body: anyCase(900).body,
    otherBodies: [{ text: one.body, message: "The signature is for another event." }],
  })),
  spoilt("signed as [object Object]", "body_lost", (one, family) => ({
    headers: resigned(one, { content: rightContent(family, () => "[object Object]") }),
  })),
  spoilt("signed as Python writes it", "body_reserialised", (one, family) => ({
    headers: resigned(one, { content: rightContent(family, (body) => writeJson(parsed(body), REWRITINGS[1]!)) }),
  })),
];

const CONTENTS: readonly Spoilt[] = [
  spoilt("the body alone", "content_without_timestamp", (one) => ({
    headers: resigned(one, { content: ({ body }) => body }),
  })),
  spoilt("no separator", "content_separator", (one, family) => ({
    headers: resigned(one, { content: ({ id, time, body }) => `${family === "standard" ? id : ""}${time}${body}` }),
  })),
  spoilt("colons", "content_separator", (one, family) => ({
    headers: resigned(one, {
      content: ({ id, time, body }) => `${family === "standard" ? `${id}:` : ""}${time}:${body}`,
    }),
  })),
  spoilt(
    "without the id",
    "content_without_id",
    (one) => ({
      headers: resigned(one, { content: ({ time, body }) => `${time}.${body}` }),
    }),
    "standard",
  ),
  spoilt(
    "without the timestamp",
    "content_without_timestamp",
    (one) => ({
      headers: resigned(one, { content: ({ id, body }) => `${id}.${body}` }),
    }),
    "standard",
  ),
  spoilt(
    "with the id",
    "content_parts",
    (one) => ({
      headers: resigned(one, { content: ({ id, time, body }) => `${id}.${time}.${body}` }),
    }),
    "hatch",
  ),
  spoilt("milliseconds signed", "timestamp_milliseconds", (one, family) => ({
    headers: resigned(one, {
      content: ({ id, time, body }) => `${family === "standard" ? `${id}.` : ""}${time}000.${body}`,
    }),
  })),
];

const isTime = (name: string): boolean => name.toLowerCase().endsWith("timestamp");

const HEADERS: readonly Spoilt[] = [
  spoilt("the timestamp in milliseconds", "timestamp_milliseconds", ({ headers }) => ({
    headers: mapped(headers, (name, value) => [name, isTime(name) ? `${value}123` : value]),
  })),
  spoilt("the timestamp as a date", "timestamp_format", ({ headers }) => ({
    headers: mapped(headers, (name, value) => [
      name,
      isTime(name) ? new Date(Number(value) * 1000).toISOString() : value,
    ]),
  })),
  spoilt("the timestamp of another attempt", "timestamp_changed", ({ headers, chance }) => ({
    headers: mapped(headers, (name, value) => [
      name,
      isTime(name) ? String(Number(value) - 1 - ((chance.bytes(1)[0] ?? 0) % 250)) : value,
    ]),
  })),
  spoilt("an hour late", "timestamp_old", () => ({ receivedAt: NOW + 3_600 })),
  spoilt("an hour early", "timestamp_future", () => ({ receivedAt: NOW - 3_600 })),
  spoilt("no headers of ours", "headers_missing", () => ({
    headers: { "content-type": "application/json", traceparent: "00-ab-cd-01" },
  })),
  spoilt("no signature", "header_missing", ({ headers }) => ({
    headers: without(headers, "X-Hatch-Signature", "webhook-signature"),
  })),
  spoilt("no timestamp", "header_missing", ({ headers }) => ({
    headers: without(headers, "X-Hatch-Timestamp", "webhook-timestamp"),
  })),
  spoilt("no id", "header_missing", ({ headers }) => ({ headers: without(headers, "webhook-id") }), "standard"),
  spoilt("the signature under another name", "header_renamed", ({ headers }) => ({
    headers: mapped(headers, (name, value) => [/(?:^|-)signature$/i.test(name) ? "X-Signature" : name, value]),
  })),
  spoilt(
    "as svix names them",
    "header_renamed",
    ({ headers }) => ({
      headers: mapped(headers, (name, value) => [name.replace("webhook-", "svix-"), value]),
    }),
    "standard",
  ),
  spoilt("the signature twice", "header_duplicated", ({ headers }) => ({
    headers: onSignatures(headers, (value) => [value, value]),
  })),
  spoilt("the signature joined with another by a comma", "header_joined", ({ headers }) => ({
    headers: onSignatures(
      headers,
      (value) => `${value.startsWith("v1,") ? `v1,${"A".repeat(43)}=` : `sha256=${"0".repeat(64)}`}, ${value}`,
    ),
  })),
  spoilt("the timestamp joined with itself", "header_joined", ({ headers }) => ({
    headers: mapped(headers, (name, value) => [name, isTime(name) ? `${value}, ${value}` : value]),
  })),
  spoilt("no scheme", "signature_scheme", ({ headers }) => ({
    headers: onSignatures(headers, (value) => value.replace(/^(?:sha256=|v1,)/, "")),
  })),
  spoilt("the scheme twice", "signature_scheme", ({ headers }) => ({
    headers: onSignatures(headers, (value) => (value.startsWith("v1,") ? `v1,${value}` : `sha256=${value}`)),
  })),
  spoilt(
    "v1=",
    "signature_scheme",
    ({ headers }) => ({ headers: onSignatures(headers, (value) => value.replace("v1,", "v1=")) }),
    "standard",
  ),
  spoilt(
    "SHA256=",
    "signature_scheme",
    ({ headers }) => ({ headers: onSignatures(headers, (value) => value.replace("sha256", "SHA256")) }),
    "hatch",
  ),
  spoilt(
    "capitals",
    "signature_encoding",
    ({ headers }) => ({ headers: onSignatures(headers, (value) => `sha256=${value.slice(7).toUpperCase()}`) }),
    "hatch",
  ),
  spoilt(
    "base64 in place of hex",
    "signature_encoding",
    ({ headers }) => ({ headers: onSignatures(headers, (value) => `sha256=${macOf(value).toString("base64")}`) }),
    "hatch",
  ),
  spoilt(
    "hex in place of base64",
    "signature_encoding",
    ({ headers }) => ({ headers: onSignatures(headers, (value) => `v1,${macOf(value).toString("hex")}`) }),
    "standard",
  ),
  spoilt(
    "cut off",
    "signature_truncated",
    ({ headers }) => ({ headers: onSignatures(headers, (value) => value.slice(0, 7 + 32)) }),
    "hatch",
  ),
  spoilt("quoted", "signature_surrounded", ({ headers }) => ({
    headers: onSignatures(headers, (value) => `"${value}"`),
  })),
  spoilt(
    "SHA-1",
    "signature_algorithm",
    ({ headers, secret, body }) => ({
      headers: onSignatures(
        headers,
        () =>
          `sha256=${createHmac("sha1", secret)
            .update(`${NOW - 3}.${body}`)
            .digest("hex")}`,
      ),
    }),
    "hatch",
  ),
  spoilt(
    "an id of another delivery",
    "id_differs",
    (one) => ({
      headers: { ...one.headers, "webhook-id": "dlv_another" },
      otherIds: [one.deliveryId],
    }),
    "standard",
  ),
  spoilt("the other family's signature", "family_swapped", (one, family) => {
    const all = anyCaseOf(one);
    return {
      headers:
        family === "hatch"
          ? { ...one.headers, "X-Hatch-Signature": all["webhook-signature"] as string }
          : { ...one.headers, "webhook-signature": all["X-Hatch-Signature"] as string },
    };
  }),
];

/** The headers of both families for the same delivery. */
const anyCaseOf = (one: Case): Record<string, string> =>
  signatureHeaders({
    event: "points.earned",
    ...{ deliveryId: one.deliveryId, attempt: 1, timestamp: NOW - 3, body: one.body, refusals: 0 },
    secrets: [createSigningSecret(one.secret, { createdAt: unixMs(0), expiresAt: undefined })],
  });

const OTHER = `whsec_${Buffer.alloc(32, 9).toString("base64")}`;
const ELSEWHERE: readonly Spoilt[] = (["secret_previous", "secret_of_other"] as const).map((code) =>
  spoilt(code, code, (one) => ({
    secret: OTHER,
    elsewhere: async function* () {
      yield { text: `whsec_${Buffer.alloc(32, 8).toString("base64")}`, name: "", code, message: "It is not this one." };
      yield { text: one.secret, name: "", code, message: "It is this one." };
    },
  })),
);

describe.each(["hatch", "standard"] as const)(
  "of %s alone, each known mistake is named, and nothing else",
  (family) => {
    for (const { name, code, spoil, only } of [...SECRETS, ...BODIES, ...CONTENTS, ...HEADERS, ...ELSEWHERE]) {
      if (only && only !== family) continue;
      test(`${code}: ${name}`, async () => {
        for (let seed = 0; seed < SEEDS; seed += 1) {
          const one = anyCase(seed, family);
          const answer = await ask(one, spoil(one, family));
          expect([seed, answer.valid, ...codesOf(answer)]).toEqual([seed, false, code]);
          expect(answer.mistake?.fix.length).toBeGreaterThan(20);
        }
      });
    }
  },
);

test("every code can be seen", () => {
  const named = new Set([...SECRETS, ...BODIES, ...CONTENTS, ...HEADERS, ...ELSEWHERE].map(({ code }) => code));
  expect(MISTAKE_CODES.filter((code) => !named.has(code))).toEqual(["body_charset", "unknown"]);
});

test("a body in another charset", async () => {
  const one = anyCase(5, "hatch");
  const body = one.body.replace(/"zeta":"[^"]*"/, '"zeta":"Grüße"');
  const hex = createHmac("sha256", one.secret)
    .update(`${NOW - 3}.${body}`)
    .digest("hex");
  const headers = { ...one.headers, "X-Hatch-Signature": `sha256=${hex}` };
  const latin = await ask(one, { headers, body: Buffer.from(body, "latin1") });
  const twice = await ask(one, { headers, body: Buffer.from(Buffer.from(body).toString("latin1")) });
  expect(Math.max(...[...body].map((character) => character.codePointAt(0) ?? 0))).toBeLessThan(256);
  expect([latin.mistake?.code, twice.mistake?.code]).toEqual(["body_charset", "body_charset"]);
});

test("two mistakes that explain it only together are both named", async () => {
  const one = anyCase(6, "hatch");
  const answer = await ask(one, { secret: `"${one.secret}"`, body: `${one.body}\n` });
  expect(codesOf(answer)).toEqual(["secret_quoted", "body_line_break"]);
  const form = await ask(one, {
    headers: onSignatures(one.headers, (value) => value.slice(7)),
    body: JSON.stringify(JSON.parse(one.body), null, 4),
  });
  expect(codesOf(form)).toEqual(["signature_scheme", "body_reserialised"]);
});

test("one family that is wrong is named though the other is right", async () => {
  const one = anyCase(7);
  const headers = {
    ...one.headers,
    "webhook-signature": `v1,${macOf(one.headers["webhook-signature"] ?? "").toString("hex")}`,
  };
  const answer = await ask(one, { headers });
  expect([answer.valid, answer.family, answer.mistake?.code]).toEqual([false, "standard", "signature_encoding"]);
});

describe("nonsense is unknown, and nothing is claimed to be proven", () => {
  test("another secret", async () => {
    for (let seed = 0; seed < SEEDS; seed += 1) {
      const answer = await ask(anyCase(seed), { secret: OTHER });
      expect(codesOf(answer)).toEqual(["unknown"]);
      expect(answer.mistake).toMatchObject({ proven: false });
      expect(JSON.stringify(answer)).not.toContain(OTHER.slice(6, 30));
    }
  });

  test("random bytes in every place", async () => {
    for (let seed = 0; seed < 60; seed += 1) {
      const chance = seededChance(`noise-${seed}`);
      const noise = () =>
        Buffer.from(chance.bytes(1 + ((chance.bytes(1)[0] ?? 0) % 90))).toString(
          pick(chance, ["latin1", "utf8", "hex", "base64"]),
        );
      const one = anyCase(seed);
      const headers = mapped(one.headers, (name, value) => [name, pick(chance, [value, noise(), noise()])]);
      const answer = await ask(one, { headers, body: pick(chance, [noise(), one.body]), secret: noise() });
      expect(answer.valid).toBe(false);
      expect(answer.mistake).not.toBeNull();
    }
  });
});

test("a long body and deep nesting are looked at within bounds", async () => {
  const one = anyCase(8, "hatch");
  const long = await ask(one, { body: `{"a":"${"x".repeat(900_000)}"}` });
  expect(long.mistake?.code).toBe("unknown");
  const deep = await ask(one, { body: "[".repeat(200_000) });
  expect(deep.mistake).toMatchObject({ code: "body_truncated", proven: false });
  const bomb = await ask(one, { body: gzipSync(Buffer.alloc(50_000_000)) });
  expect(bomb.valid).toBe(false);
});
