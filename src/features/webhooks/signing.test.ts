import { expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import { Webhook } from "standardwebhooks";
import { unixMs } from "../../kernel/units.ts";
import { createSigningSecret, type Signable, signatureHeaders, standardKeyOf, validSecrets } from "./signing.ts";

const EXAMPLE = "whsec_a_strong_random_string_you_generate";
const MADE = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
const now = Math.floor(Date.now() / 1000);

const secret = (text: string, expiresAt?: number) =>
  createSigningSecret(text, {
    createdAt: unixMs(0),
    expiresAt: expiresAt === undefined ? undefined : unixMs(expiresAt),
  });

const signable = (fields: Partial<Signable> = {}): Signable => ({
  event: "score.created",
  deliveryId: "dlv_abc123",
  attempt: 1,
  timestamp: now,
  body: '{"id":"evt_abc123","note":"ünïcode"}',
  secrets: [secret(EXAMPLE)],
  refusals: 0,
  ...fields,
});

const plain = (secret: string, timestamp: number, body: string): string =>
  `sha256=${createHmac("sha256", secret).update(`${timestamp}.${body}`).digest("hex")}`;

test("the plain signature is the origin document's, over the secret's own characters, prefix included", () => {
  const input = signable();
  const headers = signatureHeaders(input);
  expect(headers["X-Hatch-Signature"]).toBe(plain(EXAMPLE, now, input.body));
  expect(headers["X-Hatch-Timestamp"]).toBe(String(now));
  expect(headers["X-Hatch-Attempt"]).toBe("1");
  expect(headers["X-Hatch-Signature-Next"]).toBeUndefined();
});

test("the stock library accepts a plain secret as format raw and refuses a changed body", () => {
  const input = signable();
  const headers = signatureHeaders(input);
  const verifier = new Webhook(EXAMPLE, { format: "raw" });
  expect(verifier.verify(input.body, headers)).toEqual(JSON.parse(input.body));
  expect(() => verifier.verify(`${input.body} `, headers)).toThrow();
  expect(() => verifier.verify(input.body, { ...headers, "webhook-id": "dlv_other" })).toThrow();
});

test("the stock library accepts a made secret as it is", () => {
  const input = signable({ secrets: [secret(MADE)] });
  expect(() => new Webhook(MADE).verify(input.body, signatureHeaders(input))).not.toThrow();
});

test.each([
  ["base64 of 32 bytes is decoded", MADE, 32],
  ["base64 of 24 bytes is decoded", `whsec_${Buffer.alloc(24, 1).toString("base64")}`, 24],
  ["base64 of 64 bytes is decoded", `whsec_${Buffer.alloc(64, 1).toString("base64")}`, 64],
  ["base64 of 23 bytes is taken whole", `whsec_${Buffer.alloc(23, 1).toString("base64")}`, 38],
  ["base64 of 65 bytes is taken whole", `whsec_${Buffer.alloc(65, 1).toString("base64")}`, 94],
  ["what is no base64 is taken whole", EXAMPLE, EXAMPLE.length],
  ["base64 without its padding is taken whole", MADE.replace("=", ""), MADE.length - 1],
  ["base64 without the prefix is taken whole", Buffer.alloc(32, 7).toString("base64"), 44],
  ["bits beyond the last byte make it no base64", `whsec_${"A".repeat(42)}B=`, 50],
])("key of Standard Webhooks: %s", (_name, text, length) => {
  expect(standardKeyOf(text)).toHaveLength(length);
});

test("during an overlap the plain signature stays with the old secret and the newest has its own header", () => {
  const input = signable({ secrets: [secret(EXAMPLE), secret(MADE)] });
  const headers = signatureHeaders(input);
  expect(headers["X-Hatch-Signature"]).toBe(plain(EXAMPLE, now, input.body));
  expect(headers["X-Hatch-Signature-Next"]).toBe(plain(MADE, now, input.body));
  expect(headers["webhook-signature"]?.split(" ")).toHaveLength(2);
  expect(() => new Webhook(EXAMPLE, { format: "raw" }).verify(input.body, headers)).not.toThrow();
  expect(() => new Webhook(MADE).verify(input.body, headers)).not.toThrow();
});

test("a receiver that refused the old secret gets the newest in the plain signature", () => {
  const input = signable({ secrets: [secret(EXAMPLE), secret(MADE)], refusals: 1 });
  expect(signatureHeaders(input)["X-Hatch-Signature"]).toBe(plain(MADE, now, input.body));
});

test("of three secrets the plain signature is offered oldest, then newest, then the one between; the others stay", () => {
  const BETWEEN = "whsec_another_random_string_of_the_same_kind";
  const secrets = [secret(EXAMPLE), secret(BETWEEN), secret(MADE)];
  const offered = [0, 1, 2, 3].map((refusals) => signatureHeaders(signable({ secrets, refusals })));
  const { body } = signable();
  expect(offered.map((headers) => headers["X-Hatch-Signature"])).toEqual(
    [EXAMPLE, MADE, BETWEEN, EXAMPLE].map((text) => plain(text, now, body)),
  );
  for (const headers of offered) {
    expect(headers["X-Hatch-Signature-Next"]).toBe(plain(MADE, now, body));
    expect(headers["webhook-signature"]?.split(" ")).toHaveLength(3);
    for (const text of [EXAMPLE, BETWEEN]) new Webhook(text, { format: "raw" }).verify(body, headers);
    new Webhook(MADE).verify(body, headers);
  }
});

test("a secret is no longer valid from the end of its overlap on", () => {
  const [older, newer] = [secret(EXAMPLE, 1_000), secret(MADE)];
  expect(validSecrets([older, newer], 999)).toEqual([older, newer]);
  expect(validSecrets([older, newer], 1_000)).toEqual([newer]);
});

test("nothing is sent unsigned", () => {
  expect(() => signatureHeaders(signable({ secrets: [] }))).toThrow();
});
