/** Short enough for a specimen; what people copy stands in the guides, where it is tested. */
export const DELIVER_SAMPLES = {
  json: `{
  "id": "lesson-881-user_42",
  "type": "lesson_completed",
  "userId": "user_42",
  "properties": { "score": 94, "lesson": "fractions-3" }
}`,
  languages: [
    {
      name: "TypeScript",
      language: "typescript",
      text: `import { verifyWebhook } from "hatch/client";

// The raw body: parsing it first would change its bytes.
const event = await verifyWebhook(body, request.headers, secret);`,
    },
    {
      name: "Python",
      language: "python",
      text: `import hashlib, hmac

def sign(secret: str, timestamp: str, body: bytes) -> str:
    # The raw body: parsing it first would change its bytes.
    signed = timestamp.encode() + b"." + body
    return "sha256=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()`,
    },
    {
      name: "Shell",
      language: "shell",
      text: `# The raw body: parsing it first would change its bytes.
printf '%s.%s' "$timestamp" "$body" |
  openssl dgst -sha256 -hmac "$HATCH_WEBHOOK_SECRET"`,
    },
  ],
} as const;
