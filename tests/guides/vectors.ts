import { createHmac } from "node:crypto";
import { Webhook } from "standardwebhooks";

/** One request to a receiver, signed by other hands than ours. */
export interface Vector {
  readonly name: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly isRight: boolean;
}

export type Family = "hatch" | "standard";

const BODIES: Readonly<Record<string, string>> = {
  "an ordinary body":
    '{"id":"evt_1","event":"level.changed","timestamp":"2026-11-20T18:04:00Z","data":{"userId":"ada"}}',
  "an object with other spaces": ' {"id" : "evt_1", "event":"x",\n"timestamp":"2026-11-20T18:04:00Z","data":{ } }\r\n',
  "letters of other scripts":
    '{"id":"evt_1","event":"x","timestamp":"2026-11-20T18:04:00Z","data":{"text":"Grüße, 世界 🥚\\u00e9"}}',
  "half a megabyte": `{"id":"evt_1","event":"x","timestamp":"2026-11-20T18:04:00Z","data":{"text":"${"ab".repeat(250_000)}"}}`,
};
const [BODY] = Object.values(BODIES) as [string];

let count = 0;

/** As the documents describe it, by the tools of Node and the library of Standard Webhooks. */
function sign(family: Family, secret: string, body: string, seconds: number): Record<string, string> {
  count += 1;
  const id = `dlv_vector${count}`;
  const both = { "X-Hatch-Delivery": id, "webhook-id": id };
  if (family === "standard") {
    const signature = new Webhook(secret).sign(id, new Date(seconds * 1000), body);
    return { ...both, "webhook-timestamp": String(seconds), "webhook-signature": signature };
  }
  const mac = createHmac("sha256", secret).update(`${seconds}.${body}`).digest("hex");
  return { ...both, "X-Hatch-Timestamp": String(seconds), "X-Hatch-Signature": `sha256=${mac}` };
}

const OTHER = `whsec_${Buffer.alloc(32, 77).toString("base64")}`;
const NAMES: Readonly<Record<Family, { readonly signature: string; readonly time: string }>> = {
  hatch: { signature: "X-Hatch-Signature", time: "X-Hatch-Timestamp" },
  standard: { signature: "webhook-signature", time: "webhook-timestamp" },
};

export function vectorsOf(family: Family, secret: string): readonly Vector[] {
  const now = Math.floor(Date.now() / 1000);
  const { signature, time } = NAMES[family];
  const right = (): Record<string, string> => sign(family, secret, BODY, now);
  const wrong = (): Record<string, string> => sign(family, OTHER, BODY, now);
  const good = (name: string, headers: Record<string, string>, body = BODY): Vector => ({
    ...{ name, headers, body, isRight: true },
  });
  const bad = (name: string, headers: Record<string, string>, body = BODY): Vector => ({
    ...{ name, headers, body, isRight: false },
  });
  const without = (headers: Record<string, string>, name: string): Record<string, string> =>
    Object.fromEntries(Object.entries(headers).filter(([key]) => key !== name));
  const given = (headers: Record<string, string>): string => headers[signature] ?? "";
  const several: readonly Vector[] =
    family === "hatch"
      ? [good("the next secret's", { ...wrong(), "X-Hatch-Signature-Next": given(right()) })]
      : ["before", "after"].map((place) => {
          const mine = right();
          const list = [given(mine), `v1a,${"A".repeat(86)}==`, given(wrong())];
          if (place === "after") list.reverse();
          return good(`one of a list, ${place} the others`, { ...mine, [signature]: list.join(" ") });
        });
  return [
    ...Object.entries(BODIES).map(([name, body]) => good(name, sign(family, secret, body, now), body)),
    ...several,
    good("four minutes ago", sign(family, secret, BODY, now - 240)),
    bad("six minutes ago", sign(family, secret, BODY, now - 360)),
    bad("six minutes ahead", sign(family, secret, BODY, now + 360)),
    bad("another secret", wrong()),
    bad("another body", right(), `${BODY} `),
    bad("no signature", without(right(), signature)),
    bad("no timestamp", without(right(), time)),
    bad("nothing at all", {}),
    bad("an empty signature", { ...right(), [signature]: "" }),
    bad("a beginning", { ...right(), [signature]: given(right()).slice(0, 20) }),
    bad("letters beyond ASCII", { ...right(), [signature]: "sha256=\u00e9\u00e9" }),
    bad("a timestamp that is no number", { ...right(), [time]: "now" }),
    bad("a timestamp of five thousand digits", { ...right(), [time]: "9".repeat(5_000) }),
    bad("a timestamp with a sign and a fraction", { ...right(), [time]: `+${now}.0` }),
  ];
}
