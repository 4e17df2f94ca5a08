import { describe, expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import { signed, signingSecretOf } from "../../../cli/check-receiver/signatures.ts";
import { deviationsOf } from "./deviations.ts";
import { type SignedMessage, signedWith } from "./recipe.ts";

const MADE = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
const OWN = "a secret of one's own choosing, forty long";
const MESSAGE: SignedMessage = {
  event: "receiver.check",
  deliveryId: "dlv_1",
  attempt: 1,
  timestamp: 1_729_252_800,
  body: '{"id":"evt_1","data":{"text":"ünïcode"}}',
};

test.each([
  ["hatch", MADE],
  ["hatch", OWN],
  ["standard", MADE],
  ["standard", OWN],
] as const)("without a deviation it is what Hatch signs: %s, %s", (format, secret) => {
  expect(signedWith(format, secret, MESSAGE, [])).toEqual(signed(MESSAGE, [signingSecretOf(secret)], { format }));
});

describe("each deviation", () => {
  test.each(["hatch", "standard"] as const)(
    "of %s gives other headers than what is right, or none at all",
    (family) => {
      const right = JSON.stringify(signedWith(family, MADE, MESSAGE, []));
      const same = deviationsOf(family, MADE).filter(
        (one) => JSON.stringify(signedWith(family, MADE, MESSAGE, [one])) === right,
      );
      // A body that is already as JSON.stringify writes it, is trimmed and so on, shows nothing by itself.
      expect(new Set(same.map(({ step }) => step))).toEqual(new Set(family === "hatch" ? ["body", "key"] : ["body"]));
      expect(same.length).toBeLessThan(5);
    },
  );

  test("is told in a sentence, with a heading to read under", () => {
    for (const { what, anchor, id } of [...deviationsOf("hatch", MADE), ...deviationsOf("standard", MADE)]) {
      expect(what).toMatch(/^It[s]? .{10,}\.$/);
      expect(anchor).toMatch(/^[a-z-]+$/);
      expect(id).toMatch(/^[a-z0-9-]+$/);
    }
  });
});

test("two deviations together are both in the signature", () => {
  const all = deviationsOf("hatch", MADE);
  const bodyOnly = all.find(({ id }) => id === "body-only");
  const bare = all.find(({ id }) => id === "no-scheme");
  if (!bodyOnly || !bare) throw new Error("there are no such deviations");
  expect(signedWith("hatch", MADE, MESSAGE, [bodyOnly, bare])["X-Hatch-Signature"]).toBe(
    createHmac("sha256", MADE).update(MESSAGE.body).digest("hex"),
  );
});
