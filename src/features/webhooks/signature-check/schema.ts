import * as v from "valibot";
import { parseIsoTime } from "../../../kernel/clock.ts";
import { isId } from "../../../kernel/ids.ts";
import { parseDuration, SECOND } from "../../../kernel/units.ts";

export const BODY_BYTES_MAX = 512 * 1024;
const HEADERS_MAX = 200;
const HEADER_CHARACTERS_MAX = 2_048;
const SECRET_CHARACTERS_MAX = 1_024;
/** For whoever asks without a server. */
export const SIGNATURE_CHECK_BOUNDS = {
  bodyBytesMax: BODY_BYTES_MAX,
  secretCharactersMax: SECRET_CHARACTERS_MAX,
} as const;
const TOLERANCE_MAX_SECONDS = 86_400;

const headerValue = v.pipe(v.string(), v.maxLength(HEADER_CHARACTERS_MAX));
const headers = v.pipe(
  v.record(
    v.pipe(v.string(), v.maxLength(256)),
    v.union([headerValue, v.pipe(v.array(headerValue), v.maxLength(20))], "Must be a text, or a list of texts."),
  ),
  v.maxEntries(HEADERS_MAX),
);

const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/;

/** What came, and what it is held against. Nothing of it is kept. */
export const CheckSignature = v.pipe(
  v.strictObject({
    body: v.optional(v.pipe(v.string(), v.maxLength(BODY_BYTES_MAX))),
    bodyBase64: v.optional(
      v.pipe(v.string(), v.maxLength(Math.ceil(BODY_BYTES_MAX / 3) * 4), v.regex(BASE64, "Must be base64.")),
    ),
    headers,
    secret: v.optional(v.pipe(v.string(), v.maxLength(SECRET_CHARACTERS_MAX))),
    subscriptionId: v.optional(
      v.pipe(
        v.string(),
        v.check((text) => isId("sub", text), "Must be an id such as sub_01jd8m3v6z…"),
      ),
    ),
    tolerance: v.optional(
      v.pipe(
        v.string(),
        v.check((text) => {
          const length = parseDuration(text);
          return length !== undefined && length <= TOLERANCE_MAX_SECONDS * SECOND;
        }, 'Must be a duration such as "5m", at most 24h.'),
      ),
    ),
    receivedAt: v.optional(
      v.pipe(
        v.string(),
        v.check((text) => parseIsoTime(text) !== undefined, "Must be a time such as 2026-11-20T18:04:00Z."),
      ),
    ),
  }),
  v.forward(
    v.partialCheck(
      [["body"], ["bodyBase64"]],
      ({ body, bodyBase64 }) => (body === undefined) !== (bodyBase64 === undefined),
      "send `body` or `bodyBase64`",
    ),
    ["body"],
  ),
  v.forward(
    v.partialCheck(
      [["secret"], ["subscriptionId"]],
      ({ secret, subscriptionId }) => secret !== undefined || subscriptionId !== undefined,
      "send `secret` or `subscriptionId`",
    ),
    ["secret"],
  ),
);
export type CheckSignatureInput = v.InferOutput<typeof CheckSignature>;
