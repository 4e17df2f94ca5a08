import { describe, expect, test } from "bun:test";
import { Webhook } from "standardwebhooks";
import { createSigningSecret, signatureHeaders } from "../features/webhooks/signing.ts";
import { unixMs } from "../kernel/units.ts";
import { checkFamilies, verifyWebhook, type WebhookHeaders, WebhookVerificationError } from "./verify-webhook.ts";

const SECRET = `whsec_${Buffer.from("a secret of thirty-two bytes ...").toString("base64")}`;
const NEXT = "another secret, of the characters themselves";
const BODY = JSON.stringify({ id: "evt_1", event: "points.earned", timestamp: "2026-11-20T18:04:00Z", data: { é: 1 } });
const now = (): number => Math.floor(Date.now() / 1000);

/** As the product itself signs, with the secrets that are valid, oldest first. */
function signed(overrides: { secrets?: readonly string[]; timestamp?: number; body?: string } = {}) {
  const { secrets = [SECRET], timestamp = now(), body = BODY } = overrides;
  return signatureHeaders({
    event: "points.earned",
    deliveryId: "dlv_1",
    attempt: 1,
    timestamp,
    body,
    secrets: secrets.map((text) => createSigningSecret(text, { createdAt: unixMs(0), expiresAt: undefined })),
    refusals: 0,
  });
}

const without = (headers: Record<string, string>, family: RegExp): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !family.test(name)));
const HATCH = /^x-hatch-/i;
const STANDARD = /^webhook-/i;

async function reasonOf(
  body: unknown,
  headers: WebhookHeaders,
  secret: string | string[] = SECRET,
): Promise<string | undefined> {
  try {
    await verifyWebhook(body as string, headers, secret);
    return undefined;
  } catch (error) {
    expect(error).toBeInstanceOf(WebhookVerificationError);
    return (error as WebhookVerificationError).reason;
  }
}

describe("a delivery as the server signs it", () => {
  test("is verified and read, whatever holds its body and its headers", async () => {
    const headers = signed();
    const bytes = new TextEncoder().encode(BODY);
    const lower = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), [value]]));
    for (const body of [BODY, bytes, Buffer.from(BODY), bytes.buffer as ArrayBuffer, new DataView(bytes.buffer)]) {
      for (const given of [headers, new Headers(headers), lower]) {
        expect(await verifyWebhook(body, given, SECRET)).toEqual(JSON.parse(BODY));
      }
    }
  });

  test("is verified by either family alone", async () => {
    expect(await reasonOf(BODY, without(signed(), STANDARD))).toBeUndefined();
    expect(await reasonOf(BODY, without(signed(), HATCH))).toBeUndefined();
  });

  test("is verified with a secret of any kind", async () => {
    for (const secret of [NEXT, `whsec_${NEXT}`, "whsec_c2hvcnQ=", `whsec_${Buffer.alloc(64, 7).toString("base64")}`]) {
      expect(await reasonOf(BODY, signed({ secrets: [secret] }), secret)).toBeUndefined();
    }
  });

  test("is verified during a rotation by who holds the old secret, the new one, or both", async () => {
    const headers = signed({ secrets: [SECRET, NEXT] });
    expect(headers).toHaveProperty("X-Hatch-Signature-Next");
    for (const secret of [SECRET, NEXT, [NEXT, SECRET], ["neither of them, but long enough", NEXT]]) {
      expect(await reasonOf(BODY, headers, secret)).toBeUndefined();
    }
    expect(await reasonOf(BODY, headers, "neither of them, but long enough")).toBe("wrong_signature");
  });

  test("a piece of a larger buffer is read as what it is", async () => {
    const large = Buffer.from(`xx${BODY}yy`);
    expect(await reasonOf(large.subarray(2, -2), signed())).toBeUndefined();
  });
});

test("what a stock library of Standard Webhooks signed is verified", async () => {
  const at = new Date();
  const signature = new Webhook(SECRET).sign("msg_1", at, BODY);
  const timestamp = String(Math.floor(at.getTime() / 1000));
  const headers = { "webhook-id": "msg_1", "webhook-timestamp": timestamp, "webhook-signature": signature };
  expect(await reasonOf(BODY, headers)).toBeUndefined();
});

describe("is refused", () => {
  test("a body of which one byte is another, or that was written again", async () => {
    expect(await reasonOf(BODY.replace("points", "pointz"), signed())).toBe("wrong_signature");
    expect(await reasonOf(JSON.stringify(JSON.parse(BODY), null, 1), signed())).toBe("wrong_signature");
    expect(await reasonOf("", signed())).toBe("wrong_signature");
  });

  test("a parsed body, with what to do instead", async () => {
    for (const body of [JSON.parse(BODY), null, undefined, 5, [BODY]]) {
      expect(await reasonOf(body, signed())).toBe("parsed_body");
    }
    const told = verifyWebhook(JSON.parse(BODY), signed(), SECRET);
    await expect(told).rejects.toThrow("express.raw()");
  });

  test("a signature by another secret, an empty one, one of another length or form", async () => {
    const good = signed();
    expect(await reasonOf(BODY, signed({ secrets: [NEXT] }))).toBe("wrong_signature");
    const plain = good["X-Hatch-Signature"] ?? "";
    for (const wrong of [
      "",
      "sha256=",
      plain.slice(0, -2),
      `${plain}00`,
      plain.slice(7),
      plain.replace("sha256", "sha1"),
    ]) {
      expect({ wrong, reason: await reasonOf(BODY, { ...good, "X-Hatch-Signature": wrong }) }).toEqual({
        wrong,
        reason: "wrong_signature",
      });
    }
    const standard = good["webhook-signature"] ?? "";
    for (const wrong of ["", "v1,", standard.slice(3), standard.replace("v1,", "v2,"), `${standard}=`]) {
      expect({ wrong, reason: await reasonOf(BODY, { ...good, "webhook-signature": wrong }) }).toEqual({
        wrong,
        reason: "wrong_signature",
      });
    }
  });

  test("one family that is wrong beside the other that is right", async () => {
    const [good, bad] = [signed(), signed({ secrets: [NEXT] })];
    expect(await reasonOf(BODY, { ...bad, ...without(good, HATCH) })).toBe("wrong_signature");
    expect(await reasonOf(BODY, { ...bad, ...without(good, STANDARD) })).toBe("wrong_signature");
  });

  test("another id or another time than was signed", async () => {
    expect(await reasonOf(BODY, { ...signed(), "webhook-id": "dlv_2" })).toBe("wrong_signature");
    expect(await reasonOf(BODY, { ...signed(), "X-Hatch-Timestamp": String(now() - 1) })).toBe("wrong_signature");
    expect(await reasonOf(BODY, { ...signed(), "webhook-timestamp": String(now() - 1) })).toBe("wrong_signature");
  });

  test("what has no signature at all", async () => {
    expect(await reasonOf(BODY, {})).toBe("missing_signature");
    expect(await reasonOf(BODY, without(signed(), /signature/i))).toBe("missing_signature");
  });

  test("a time that is missing or no number", async () => {
    for (const family of [HATCH, STANDARD]) {
      const given = without(signed(), family);
      for (const name of ["X-Hatch-Timestamp", "webhook-timestamp"]) {
        if (family.test(name)) continue;
        expect(await reasonOf(BODY, without(given, new RegExp(`^${name}$`)))).toBe("bad_timestamp");
        for (const wrong of ["", "soon", "1e9", "-1", "1.5", `${now()} `, "9".repeat(13)]) {
          expect(await reasonOf(BODY, { ...given, [name]: wrong })).toBe("bad_timestamp");
        }
      }
    }
  });

  test("what is older or newer than the tolerance, though rightly signed", async () => {
    expect(await reasonOf(BODY, signed({ timestamp: now() - 290 }))).toBeUndefined();
    expect(await reasonOf(BODY, signed({ timestamp: now() - 310 }))).toBe("too_old");
    expect(await reasonOf(BODY, signed({ timestamp: now() + 290 }))).toBeUndefined();
    expect(await reasonOf(BODY, signed({ timestamp: now() + 310 }))).toBe("too_new");
    const old = signed({ timestamp: now() - 3_000 });
    expect(await verifyWebhook(BODY, old, SECRET, { toleranceSeconds: 4_000 })).toHaveProperty("id");
    const none = { toleranceSeconds: Number.NaN };
    await expect(verifyWebhook(BODY, signed(), SECRET, none)).rejects.toThrow(RangeError);
  });

  test("a secret that is not there: nobody's signature is verified with it", async () => {
    for (const none of ["", [], [""], [SECRET, ""], null]) {
      expect(await reasonOf(BODY, signed(), none as string)).toBe("no_secret");
    }
  });

  test("what is rightly signed but no event", async () => {
    for (const body of ["[]", "null", "{}", "not json", '{"id":1,"event":"x"}']) {
      expect(await reasonOf(body, signed({ body }))).toBe("no_event");
    }
  });

  test("and a refusal never quotes the secret or the body", async () => {
    const error = await verifyWebhook(BODY, signed({ secrets: [NEXT] }), SECRET).catch((thrown) => thrown);
    expect(Bun.inspect(error)).not.toMatch(/whsec_|points\.earned/);
  });
});

test("a hundred thousand signatures in one header are not all compared", async () => {
  const headers = { ...without(signed(), HATCH), "webhook-signature": "v1,AAAA ".repeat(100_000) };
  const begun = performance.now();
  expect(await reasonOf(BODY, headers)).toBe("wrong_signature");
  expect(performance.now() - begun).toBeLessThan(1_000);
});

test("each family can be looked at by itself", async () => {
  const both = signed();
  expect(await checkFamilies(BODY, both, SECRET)).toEqual({ hatch: "ok", standard: "ok" });
  expect(await checkFamilies(BODY, without(both, STANDARD), NEXT)).toEqual({
    hatch: "wrong_signature",
    standard: "missing",
  });
});
