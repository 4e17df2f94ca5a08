import { AppError } from "../kernel/errors.ts";
import { readBytes } from "./body.ts";
import { SETUP_FIELDS, type SetupForm } from "./site-setup.ts";

const FORM_BYTES_MAX = 16 * 1024;

/**
 * A browser tells where a form came from. A post from another site is refused although it could not know the token:
 * nobody should be led to claim a server by a page that is not its own.
 */
function checkOrigin(headers: Headers): void {
  const site = headers.get("sec-fetch-site");
  const origin = headers.get("origin");
  const isOwn = site === null ? origin === null || hostOf(origin) === headers.get("host") : site === "same-origin";
  if (!isOwn)
    throw new AppError("forbidden", "The form was sent from another site. Open this page itself and try again.");
}

const hostOf = (origin: string): string | undefined => (URL.canParse(origin) ? new URL(origin).host : undefined);

/** Reads what the set-up form sends. */
export async function readSetupForm(request: Request): Promise<SetupForm> {
  checkOrigin(request.headers);
  if (!/^application\/x-www-form-urlencoded *(?:;|$)/i.test(request.headers.get("content-type") ?? "")) {
    throw new AppError("unsupported_media_type", "The form must be sent as application/x-www-form-urlencoded.");
  }
  const sent = new URLSearchParams(new TextDecoder().decode(await readBytes(request, FORM_BYTES_MAX)));
  const form: Partial<Record<(typeof SETUP_FIELDS)[number], string>> = {};
  for (const field of SETUP_FIELDS) {
    const value = sent.get(field);
    if (value !== null && value !== "") form[field] = value;
  }
  return form;
}
