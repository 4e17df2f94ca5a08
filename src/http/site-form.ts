import { equalBytes } from "../kernel/crypto.ts";
import { AppError, type ErrorCode, type ErrorDetail } from "../kernel/errors.ts";
import { readBytes } from "./body.ts";
import { exchangeOf } from "./exchange.ts";

const FORM_BYTES_MAX = 16 * 1024;

export const SETUP_FIELDS = ["token", "email", "password", "workspace"] as const;
export type SetupField = (typeof SETUP_FIELDS)[number];
/** As it came by the form; a field left empty is absent. */
export type SetupForm = Form<SetupField>;

export type Form<Field extends string> = Readonly<Partial<Record<Field, string>>>;

/**
 * A browser tells where a form came from. A post from another site is refused although it could not know the token:
 * nobody should be led to act on a server by a page that is not its own.
 */
function checkOrigin(headers: Headers): void {
  const site = headers.get("sec-fetch-site");
  const origin = headers.get("origin");
  const isOwn = site === null ? origin === null || hostOf(origin) === headers.get("host") : site === "same-origin";
  if (!isOwn)
    throw new AppError("forbidden", "The form was sent from another site. Open this page itself and try again.");
}

const hostOf = (origin: string): string | undefined => (URL.canParse(origin) ? new URL(origin).host : undefined);

/** Reads what a form of our own pages sends: these fields and no others. Throws the refusal. */
export async function readForm<Field extends string>(request: Request, fields: readonly Field[]): Promise<Form<Field>> {
  checkOrigin(request.headers);
  if (!/^application\/x-www-form-urlencoded *(?:;|$)/i.test(request.headers.get("content-type") ?? "")) {
    throw new AppError("unsupported_media_type", "The form must be sent as application/x-www-form-urlencoded.");
  }
  const sent = new URLSearchParams(new TextDecoder().decode(await readBytes(request, FORM_BYTES_MAX)));
  const form: Partial<Record<Field, string>> = {};
  for (const field of fields) {
    const value = sent.get(field);
    if (value !== null && value !== "") form[field] = value;
  }
  return form;
}

/** Like `readForm`, of whoever is signed in: it carries what only a page of their own session knows. */
export async function readOwnForm<Field extends string>(
  request: Request,
  fields: readonly Field[],
): Promise<Form<Field>> {
  const { csrf, ...form } = await readForm(request, [...fields, "csrf"]);
  const expected = exchangeOf(request).credential?.csrf;
  if (csrf !== undefined && expected !== undefined && equalBytes(Buffer.from(csrf), Buffer.from(expected))) {
    return form as Form<Field>;
  }
  throw new AppError("forbidden", "The form is of another session. Open the page again and send it from there.");
}

/** What was wrong with the last try, where it belongs. */
export interface Faults<Field extends string> {
  readonly byField: ReadonlyMap<Field, string>;
  /** What belongs to no field of the form. */
  readonly general: string | undefined;
}

/** @param places the field that a refusal as a whole is about, by its code */
export function faultsOf<Field extends string>(
  refusal: AppError | undefined,
  fields: readonly Field[],
  places: Readonly<Partial<Record<ErrorCode, Field>>> = {},
): Faults<Field> {
  const byField = new Map<Field, string>();
  if (!refusal) return { byField, general: undefined };
  const elsewhere: ErrorDetail[] = [];
  for (const detail of refusal.details) {
    const field = fields.find((one) => one === detail.path);
    if (field === undefined) elsewhere.push(detail);
    else byField.set(field, byField.get(field) ?? detail.message);
  }
  const whole = places[refusal.code];
  if (whole !== undefined) byField.set(whole, refusal.message);
  return { byField, general: byField.size === 0 || elsewhere.length > 0 ? refusal.message : undefined };
}
