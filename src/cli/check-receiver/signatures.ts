import {
  createSigningSecret,
  type SignatureFamily,
  type SignatureHeaders,
  type SignedMessage,
  type SigningSecret,
  signatureHeaders,
} from "../../features/webhooks/index.ts";
import { unixMs } from "../../kernel/units.ts";

/** Which families of signature headers are sent; Hatch itself sends both. */
export type Format = SignatureFamily | "both";
export type Family = SignatureFamily;
export type Headers = SignatureHeaders;
export type Message = SignedMessage;

const FAMILY_OF: Readonly<Record<string, Family>> = {
  "X-Hatch-Timestamp": "hatch",
  "X-Hatch-Signature": "hatch",
  "X-Hatch-Signature-Next": "hatch",
  "X-Hatch-Event": "hatch",
  "X-Hatch-Delivery": "hatch",
  "X-Hatch-Attempt": "hatch",
  "webhook-id": "standard",
  "webhook-timestamp": "standard",
  "webhook-signature": "standard",
};

const SIGNATURES: ReadonlySet<string> = new Set(["X-Hatch-Signature", "X-Hatch-Signature-Next", "webhook-signature"]);

export const signingSecretOf = (text: string): SigningSecret =>
  createSigningSecret(text, { createdAt: unixMs(0), expiresAt: undefined });

const pick = (headers: Headers, isWanted: (name: string, value: string) => boolean): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).filter(([name, value]) => isWanted(name, value)));

/** As Hatch signs: by the very function that signs deliveries. @param secrets oldest first */
export function signed(
  message: Message,
  secrets: readonly SigningSecret[],
  { format, prefersNewest = false }: { readonly format: Format; readonly prefersNewest?: boolean },
): Record<string, string> {
  const all = signatureHeaders({ ...message, secrets, refusals: prefersNewest ? 1 : 0 });
  return format === "both" ? all : pick(all, (name) => FAMILY_OF[name] === format);
}

/** Right in one family, wrong in the other: which one decides shows in the answer. */
export const rightOnlyIn = (family: Family, right: Headers, wrong: Headers): Record<string, string> =>
  Object.fromEntries(
    Object.entries(right).map(([name, value]) => [name, FAMILY_OF[name] === family ? value : (wrong[name] ?? value)]),
  );

export const withoutSignatures = (headers: Headers): Record<string, string> =>
  pick(headers, (name) => !SIGNATURES.has(name));

export const withoutFamilies = (headers: Headers): Record<string, string> =>
  pick(headers, (name) => FAMILY_OF[name] === undefined);

/** Changes each signature; what names its scheme (`sha256=`, `v1,`) is handed apart. */
export function changeSignatures(
  headers: Headers,
  change: (scheme: string, digest: string) => string,
): Record<string, string> {
  const changeOne = (signature: string): string => {
    const [, scheme = "", digest = ""] = /^(sha256=|v1,)?(.*)$/.exec(signature) ?? [];
    return change(scheme, digest);
  };
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      SIGNATURES.has(name) ? value.split(" ").map(changeOne).join(" ") : value,
    ]),
  );
}

/** `webhook-signature` with a signature of another version before ours, as Standard Webhooks allows. */
export const withOtherVersion = (headers: Headers): Record<string, string> => ({
  ...headers,
  "webhook-signature": `v1a,${Buffer.alloc(64, 7).toString("base64")} ${headers["webhook-signature"] ?? ""}`,
});
