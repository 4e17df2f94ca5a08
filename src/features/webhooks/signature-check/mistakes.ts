/*
 * What goes wrong between a request that was rightly signed and a check that refuses it. The code is for programs, `fix`
 * says what to do; what was found in the case at hand is said by whoever found it.
 */
const FIXES = {
  headers_missing:
    "Hand on every header of the request as it came. Proxies and gateways drop headers that they do not know: allow the `x-hatch-*` and `webhook-*` ones.",
  header_missing:
    "Hand this header on as it came: a proxy, a gateway or the framework has dropped it, or it was left out of the copy.",
  header_renamed:
    "Read the header under the name that it is sent with. Upper and lower case do not matter, other words do.",
  header_duplicated: "Find what adds the header a second time (mostly a proxy), and send it on once.",
  header_joined:
    "Something has joined several headers to one text by commas. Send each on once; signatures in `webhook-signature` are parted by spaces.",
  signature_scheme:
    "Compare the whole value with what begins it: `sha256=` and hex in `X-Hatch-Signature`, `v1,` and base64 in `webhook-signature`.",
  signature_encoding:
    "`X-Hatch-Signature` is lower-case hex, `webhook-signature` is plain base64: write your own digest in the same way before you compare.",
  signature_truncated: "Keep the whole value: 64 characters of hex after `sha256=`, 44 of base64 after `v1,`.",
  signature_surrounded: "Take the quotation marks, or what else stands around it, off the value.",
  signature_algorithm: "Both families are HMAC-SHA-256, a digest of 32 bytes.",
  secret_whitespace:
    "Take it off where the secret is read: a file mostly ends with a line break (`printf %s`, or trim what was read).",
  secret_quoted: "Take the quotation marks off: files of variables and templates do not always do it by themselves.",
  secret_prefix:
    "`whsec_` is a part of the secret: keep it for `X-Hatch-Signature`, and let a library for Standard Webhooks take it off by itself.",
  secret_decoded: "Take the characters of the secret as they are; only Standard Webhooks decodes it.",
  secret_not_decoded:
    "For Standard Webhooks the key is the bytes that the base64 after `whsec_` stands for: decode it, or use a library of theirs.",
  secret_encoded: "Undo what the place has done to the secret where it was kept, before you sign with it.",
  secret_unset: "Set the secret where the receiver runs, and let it refuse to start without one.",
  secret_previous:
    "Give the receiver the newest secret. In the overlap of a rotation both are good; afterwards only the newest is.",
  secret_of_other:
    "Each subscription has a secret of its own: give the receiver the one of the subscription that sends to it.",
  body_line_break: "Verify the bytes as they came: nothing may add, take off or change line breaks.",
  body_whitespace: "Verify the bytes as they came: nothing may trim them.",
  body_bom: "Verify the bytes as they came, without a byte order mark before them.",
  body_charset: "The body is UTF-8. Verify its bytes, or read it as UTF-8 and write it as UTF-8.",
  body_compressed:
    "Verify the body after it is unpacked: Hatch never compresses it, so that something between you has done it.",
  body_reserialised:
    "Verify the raw body, before anything parses it. JSON that is parsed and written anew has other bytes: order of keys, spaces, escapes, numbers.",
  body_double_encoded: "The body was written as a JSON text once more: verify what it was before.",
  body_form_encoded: "The body was read or passed on as a form: verify the raw body.",
  body_base64:
    "Decode the body before you verify it: gateways hand bodies over as base64 (AWS says so with `isBase64Encoded`).",
  body_escaped: "Verify the body before anything escapes it for HTML or for a URL.",
  body_wrapped: "Verify the body of the request alone, not the envelope in which the platform hands it over.",
  body_lost:
    "Something read the body before, and this is what was left. Ask the framework for the raw body (`express.raw()`, `await request.text()`, `request.get_data()`).",
  body_truncated: "Read the body to its end: a limit, or a read that returned early, has cut it off.",
  body_changed: "Hand the body on as it came: something has changed what it says.",
  timestamp_old:
    "Set the receiver's clock by NTP, and verify before the work and not after a queue. Asked later than it came? Say when by `receivedAt`.",
  timestamp_future: "Set the receiver's clock by NTP: the request says that it is later than the receiver believes.",
  timestamp_milliseconds:
    "The timestamp is unix seconds, ten digits: sign it as it stands, and divide your own milliseconds by 1000.",
  timestamp_format: "Sign and compare the timestamp as it came: unix seconds in digits.",
  timestamp_changed: "Take timestamp and signature from the same request: every attempt has its own.",
  content_separator:
    "The parts are joined by full stops: `timestamp.body`, or `id.timestamp.body` for Standard Webhooks.",
  content_without_timestamp: "Put the timestamp and a full stop before the body.",
  content_without_id: "Put `webhook-id` and a full stop before timestamp and body.",
  content_parts:
    "Join what the family joins: `timestamp.body` for `X-Hatch-Signature`, `id.timestamp.body` for `webhook-signature`.",
  id_differs:
    "Take id and signature from the same request. A signature that is shown with another id was sent before: refuse it.",
  body_of_other:
    "Take body and headers from the same request. A signature with another body is a forgery or a mix-up: refuse it.",
  family_swapped:
    "Each family has its own key, text and writing: compare `X-Hatch-Signature` and `webhook-signature` with their own only.",
  unknown:
    "Compare, in this order: is the secret the one of this very subscription; is the body the raw bytes; are headers and body of one request. `hatch check-receiver` finds what your code does.",
} as const;

export type MistakeCode = keyof typeof FIXES;

export const MISTAKE_CODES = Object.keys(FIXES) as readonly MistakeCode[];

export interface SignatureMistake {
  readonly code: MistakeCode;
  /** What was found. */
  readonly message: string;
  /** What to do. */
  readonly fix: string;
  /** Whether the signature proves it; else it is what most likely explains things. */
  readonly proven: boolean;
}

export const mistakeOf = (code: MistakeCode, message: string, proven = true): SignatureMistake => ({
  ...{ code, message, proven },
  fix: FIXES[code],
});
