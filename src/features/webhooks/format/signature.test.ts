import { describe, expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import { Webhook } from "standardwebhooks";
import * as v from "valibot";
import { unixMs } from "../../../kernel/units.ts";
import { createSigningSecret, plannedHeaders, standardKeyOf } from "../signing.ts";
import {
  type CustomSignature,
  headersOfSignature,
  planOf,
  Signature,
  type SignatureSetting,
  signatureFaults,
  signatureWarnings,
} from "./signature.ts";

const OLD = "whsec_a_strong_random_string_you_generate";
const NEW = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
const BODY = '{"note":"ünïcode \\u2028 \\"quoted\\" 🥚"}';
const now = Math.floor(Date.now() / 1000);

const CUSTOM: CustomSignature = { content: "{timestamp}.{body}", headers: { "X-Acme-Signature": "{signature}" } };

function signed(setting: SignatureSetting, secrets: readonly string[] = [OLD], refusals = 0, event = "points.earned") {
  const plan = planOf(setting);
  if (!plan) throw new Error("no plan");
  return plannedHeaders(plan, {
    event,
    eventId: "evt_1",
    deliveryId: "dlv_1",
    attempt: 2,
    timestamp: now,
    body: BODY,
    secrets: secrets.map((text, index) =>
      createSigningSecret(text, { createdAt: unixMs(index), expiresAt: undefined }, plan),
    ),
    refusals,
  });
}

const hmac = (algorithm: string, key: string | Uint8Array, content: string) =>
  createHmac(algorithm, key).update(content);
const github = (secret: string) => `sha256=${hmac("sha256", secret, BODY).digest("hex")}`;
const stripe = (secret: string) => hmac("sha256", secret, `${now}.${BODY}`).digest("hex");

/** As Stripe documents the check: one of several `v1` has to be ours, and the time recent. */
function verifyLikeStripe(header: string, secret: string, at = now): boolean {
  const items = header.split(",").map((item) => item.split("=") as [string, string]);
  const time = Number(items.find(([key]) => key === "t")?.[1]);
  const signatures = items.filter(([key]) => key === "v1").map(([, value]) => value);
  return Math.abs(at - time) <= 300 && signatures.includes(hmac("sha256", secret, `${time}.${BODY}`).digest("hex"));
}

describe("by name", () => {
  test("standard sends the three headers of Standard Webhooks and no other, for its own library", () => {
    const headers = signed("standard", [NEW]);
    expect(Object.keys(headers)).toEqual(["webhook-id", "webhook-timestamp", "webhook-signature"]);
    expect(() => new Webhook(NEW).verify(BODY, headers)).not.toThrow();
    expect(() => new Webhook(NEW).verify(`${BODY} `, headers)).toThrow();
  });

  test("standard lists a signature for each secret of an overlap", () => {
    const headers = signed("standard", [OLD, NEW]);
    expect(() => new Webhook(NEW).verify(BODY, headers)).not.toThrow();
    expect(() => new Webhook(OLD, { format: "raw" }).verify(BODY, headers)).not.toThrow();
  });

  test("github signs the raw body alone", () => {
    expect(signed("github")).toEqual({
      "X-GitHub-Event": "points.earned",
      "X-GitHub-Delivery": "dlv_1",
      "X-Hub-Signature-256": github(OLD),
    });
  });

  test("github stays with the old secret, and has the new one once the old one was refused", () => {
    expect(signed("github", [OLD, NEW])["X-Hub-Signature-256"]).toBe(github(OLD));
    expect(signed("github", [OLD, NEW], 1)["X-Hub-Signature-256"]).toBe(github(NEW));
  });

  test("stripe has one header with the time and a v1 for each secret", () => {
    const [header = ""] = Object.values(signed("stripe", [OLD, NEW]));
    expect(header).toBe(`t=${now},v1=${stripe(OLD)},v1=${stripe(NEW)}`);
    expect(verifyLikeStripe(header, OLD) && verifyLikeStripe(header, NEW)).toBe(true);
    expect(verifyLikeStripe(header, "whsec_of_somebody_else")).toBe(false);
    expect(verifyLikeStripe(header, NEW, now + 301)).toBe(false);
  });

  test("a list begins with the secret that is offered: who looks at the first only is served as well", () => {
    expect(signed("stripe", [OLD, NEW], 1)["Stripe-Signature"]).toBe(`t=${now},v1=${stripe(NEW)},v1=${stripe(OLD)}`);
  });

  test("default has no template: its headers are Hatch's own", () => expect(planOf("default")).toBeUndefined());

  test.each(["standard", "github", "stripe"] as const)("%s is without fault", (name) => {
    expect(signatureFaults(name)).toEqual([]);
    expect(headersOfSignature(name).length).toBeGreaterThan(0);
  });
});

describe("by a template", () => {
  test("every fact can have a header of its own", () => {
    const headers = {
      "X-Id": "{id}",
      "X-Event-Id": "{eventId}",
      "X-Event": "acme.{event}",
      "X-Time": "{time} {timestamp} {timestampMs}",
      "X-Attempt": "{attempt}",
      "X-Signature": "{signature}",
    };
    const { "X-Signature": signature, ...facts } = signed({ ...CUSTOM, headers });
    const time = `${new Date(now * 1000).toISOString().slice(0, 19)}Z`;
    expect(facts).toEqual({
      "X-Id": "dlv_1",
      "X-Event-Id": "evt_1",
      "X-Event": "acme.points.earned",
      "X-Time": `${time} ${now} ${now}000`,
      "X-Attempt": "2",
    });
    expect(signature).toBe(stripe(OLD));
  });

  test.each([
    ["sha1", "hex"],
    ["sha256", "base64"],
    ["sha384", "hex"],
    ["sha512", "base64"],
  ] as const)("%s in %s", (algorithm, encoding) => {
    const headers = signed({ ...CUSTOM, algorithm, encoding });
    expect(headers["X-Acme-Signature"]).toBe(hmac(algorithm, OLD, `${now}.${BODY}`).digest(encoding));
  });

  test("the key can be the one of Standard Webhooks", () => {
    const headers = signed({ ...CUSTOM, key: "standard" }, [NEW]);
    expect(headers["X-Acme-Signature"]).toBe(hmac("sha256", standardKeyOf(NEW), `${now}.${BODY}`).digest("hex"));
  });

  test("what is signed can stand on lines of its own", () => {
    const headers = signed({ ...CUSTOM, content: "{timestamp}\n{event}\n{body}" });
    expect(headers["X-Acme-Signature"]).toBe(hmac("sha256", OLD, `${now}\npoints.earned\n${BODY}`).digest("hex"));
  });

  test("what looks like a name inside an event is text: nothing is filled in twice", () => {
    const headers = signed({ ...CUSTOM, headers: { "X-E": "{event}", "X-S": "{signature}" } }, [OLD], 0, "{signature}");
    expect(headers["X-E"]).toBe("{signature}");
  });

  test("a customer's own event name can break no header", () => {
    const headers = { "X-E": "{event}", "X-S": "{signature}" };
    expect(signed({ ...CUSTOM, headers }, [OLD], 0, "lesson\r\nX-Evil: 1 é")["X-E"]).toMatch(/^[\x21-\x7e]+$/);
  });

  test.each<[string, Partial<CustomSignature>, string]>([
    ["that leaves the body out", { content: "{timestamp}" }, "Must hold {body} once"],
    ["that signs the body twice", { content: "{body}{body}" }, "Must hold {body} once"],
    ["with an unknown name", { content: "{tiemstamp}.{body}" }, "There is no {tiemstamp}. Did you mean {timestamp}?"],
    ["with a lone brace", { content: "{body}}" }, "A brace stands alone"],
    ["that nobody could write", { content: "é{body}" }, "Must be visible ASCII"],
    ["without a signature", { headers: { "X-A": "{timestamp}" } }, "nothing would be proved"],
    ["with no header", { headers: {} }, "nothing would be proved"],
    ["with a header of the transport", { headers: { "Content-Length": "{signature}" } }, "can't be chosen"],
    ["with a forwarding header", { headers: { "X-Forwarded-For": "{signature}" } }, "can't be chosen"],
    ["with what is no name", { headers: { "X A": "{signature}" } }, "Is no header name."],
    ["with a line break", { headers: { "X-A": "{signature}\r\nX-B: 1" } }, "without line breaks"],
    ["with the same header twice", { headers: { "X-A": "{signature}", "x-a": "{id}" } }, "same header twice"],
    ["with the body in a header", { headers: { "X-A": "{signature}{body}" } }, "There is no {body}"],
    ["whose items hold no signature", { each: "v1=" }, "Must hold {signature} once."],
    ["whose items break lines", { each: "{signature}\n" }, "Must be visible ASCII or blanks."],
    ["whose join breaks lines", { join: "\r\n" }, "Must be visible ASCII or blanks."],
  ])("%s is refused", (_what, change, message) => {
    expect(JSON.stringify(signatureFaults({ ...CUSTOM, ...change }))).toContain(message);
  });

  test("eleven headers are too many", () => {
    const headers = Object.fromEntries(Array.from({ length: 11 }, (_, at) => [`X-${at}`, "{signature}"]));
    expect(signatureFaults({ ...CUSTOM, headers })[0]?.message).toContain("at most 10");
  });

  test.each([
    [{ content: "{timestamp}.{body}", headers: {}, more: 1 }],
    [{ content: 5, headers: {} }],
    ["githob"],
    [["github"]],
    [{ headers: { "X-A": "{signature}" } }],
    [{ content: "x".repeat(513), headers: {} }],
    [{ ...CUSTOM, algorithm: "md5" }],
  ])("what has another shape is no signature: %j", (input) => {
    expect(v.safeParse(Signature, input).success).toBe(false);
  });

  test("what works and may surprise is said", () => {
    const [noTime, noId] = signatureWarnings({ ...CUSTOM, content: "{body}" });
    expect(noTime).toContain("no time is signed");
    expect(noId).toContain("{id}");
    expect(signatureWarnings({ ...CUSTOM, algorithm: "sha1" })[0]).toContain("SHA-1");
    expect(signatureWarnings("github")).toEqual([]);
  });
});
