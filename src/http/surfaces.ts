import type { Config } from "../config/config.ts";

type Headers = Readonly<Record<string, string>>;

/** What no page of ours uses, so that nothing that ever gets into one can. */
const UNUSED_POWERS = [
  "accelerometer",
  "autoplay",
  "camera",
  "clipboard-read",
  "display-capture",
  "encrypted-media",
  "fullscreen",
  "geolocation",
  "gyroscope",
  "hid",
  "idle-detection",
  "magnetometer",
  "microphone",
  "midi",
  "payment",
  "picture-in-picture",
  "publickey-credentials-get",
  "screen-wake-lock",
  "serial",
  "usb",
  "xr-spatial-tracking",
]
  .map((power) => `${power}=()`)
  .join(", ");

const PAGE_POLICY =
  "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; script-src 'self'";

const page = (policy: string, caching: string): Headers => ({
  "content-security-policy": `${PAGE_POLICY}; ${policy}`,
  // With "no-referrer" a browser would send `Origin: null` with our own form.
  "referrer-policy": "same-origin",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": UNUSED_POWERS,
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "cache-control": caching,
});

/**
 * What browsers are told of each kind of answer: the one table. No policy of it lets anything run that is not a file of
 * ours, and nothing of it may stand in anybody's frame.
 */
export const SURFACES = {
  /** Whatever says nothing else: the API, and every refusal. */
  api: {
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
  },
  /** A page that sends nothing: what it runs only copies, folds and chooses. */
  page: page("form-action 'none'", "no-cache"),
  /** A page with a form of our own; what it shows or takes is kept nowhere on the way. */
  form: page("form-action 'self'", "no-store"),
  /** A file that pages load, under a path that holds the hash of its content. */
  asset: {
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "cache-control": "public, max-age=31536000, immutable",
  },
} as const satisfies Readonly<Record<string, Headers>>;

const API = Object.entries(SURFACES.api);

/** A year, as lists of browsers ask for; other names beside ours are not ours to bind. */
const HTTPS_ONLY = "max-age=31536000";

/** What every answer carries, whoever made it; what its surface says otherwise stays. */
export function createDresser({ server }: Pick<Config, "server">): (response: Response, requestId: string) => void {
  const isHttps = server.publicUrl?.startsWith("https:") ?? false;
  return ({ headers }, requestId) => {
    headers.set("x-request-id", requestId);
    for (const [name, value] of API) if (!headers.has(name)) headers.set(name, value);
    if (isHttps) headers.set("strict-transport-security", HTTPS_ONLY);
  };
}
