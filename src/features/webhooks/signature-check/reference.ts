import * as v from "valibot";
import { said, text, textOrNull } from "../../../http/openapi-fields.ts";
import type { RoomReference } from "../../../http/openapi-types.ts";
import { MISTAKE_CODES } from "./mistakes.ts";

const FAMILY = v.picklist(["hatch", "standard", "github", "stripe", "custom"]);

const Mistake = v.object({
  code: said(v.picklist(MISTAKE_CODES), "For programs."),
  message: text("What was found."),
  fix: text("What to do."),
  proven: said(v.boolean(), "Whether the signature proves it; else it is what most likely explains it."),
});

const Answer = v.object({
  valid: said(v.boolean(), "Whether it verifies as it was handed in, and is fresh."),
  family: said(v.nullable(FAMILY), "Whose headers the answer is about."),
  secret: textOrNull("Which secret it verifies with, in words."),
  ageSeconds: said(v.nullable(v.number()), "How old it was when it came; below 0 where it is from the future."),
  mistake: said(v.nullable(Mistake), "What is wrong; `unknown` where no known mistake explains it."),
  also: said(v.array(Mistake), "What is wrong besides, where only all of it together explains the signature."),
  hint: textOrNull("What is worth knowing of a request that is right, in the overlap of a rotation for example."),
  checks: said(
    v.array(
      v.object({
        check: v.picklist(["headers", "signature", "timestamp", "body"]),
        family: FAMILY,
        ok: v.boolean(),
        message: v.string(),
      }),
    ),
    "Each thing that was looked at.",
  ),
});

export const SIGNATURE_CHECK_REFERENCE: RoomReference["operations"] = {
  checkSignature: {
    body: {
      example: {
        body: '{"id":"evt_01kag6w8zq4d6c2x9mhs7ykt3e","event":"level.changed","timestamp":"2026-11-20T18:04:00Z","data":{}}\n',
        headers: {
          "X-Hatch-Timestamp": "1795197840",
          "X-Hatch-Signature": "sha256=5d5b1d9b0c0f4a2f7a1c0f6d7c52f4a0e3b1c9d8a7f6e5d4c3b2a1908f7e6d5c",
        },
        secret: "whsec_…",
        receivedAt: "2026-11-20T18:04:01Z",
      },
      fields: {
        body: "The body as it came, at most 512 KiB.",
        bodyBase64: "In its place, where it is no text.",
        headers: "As they came, each a text or a list of texts.",
        secret: "What it is held against. It is kept and shown nowhere.",
        subscriptionId: "Or the subscription: its secrets and its template are used.",
        tolerance: "How old it may be, such as `5m` (which it is, left out).",
        receivedAt: "When it came; now, left out.",
      },
    },
    answers: {
      200: {
        description: "Whether it verifies, and if not why.",
        schema: Answer,
        example: {
          valid: false,
          family: "hatch",
          secret: "the secret that you gave",
          ageSeconds: 1,
          mistake: {
            code: "body_line_break",
            message: "The body has a line break at its end that was not signed.",
            fix: "Verify the bytes as they came: nothing may add, take off or change line breaks.",
            proven: true,
          },
          also: [],
          hint: null,
          checks: [
            {
              check: "body",
              family: "hatch",
              ok: false,
              message: "The body has a line break at its end that was not signed.",
            },
          ],
        },
      },
    },
    errors: ["not_found"],
  },
};
